# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of ECS, without any rule of the API."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

ACTIVE = "ACTIVE"
DRAINING = "DRAINING"
INACTIVE = "INACTIVE"

# A task's states, as far as tasks without network interfaces of their own go through them.
PENDING = "PENDING"
RUNNING = "RUNNING"
STOPPED = "STOPPED"
LAUNCH_TYPES = ("EC2", "EXTERNAL")
EXTERNAL_CAPABILITY = "ecs.capability.external"
Port = tuple[int, str]


@dataclass(eq=False)
class Cluster:
    """A cluster, ACTIVE or INACTIVE."""

    number: int
    name: str
    arn: str
    settings: list[dict[str, str]]
    configuration: dict[str, Any]
    service_connect_defaults: dict[str, str]
    tags: dict[str, str]
    status: str = ACTIVE
    capacity_providers: list[str] = field(default_factory=list)
    capacity_provider_strategy: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class ContainerInstance:
    """A registered container instance; INACTIVE once deregistered."""

    number: int
    id: str
    arn: str
    cluster: str
    ec2_instance_id: str
    registered_at: float
    version_info: dict[str, str]
    resources: list[dict[str, Any]]
    attributes: dict[str, str | None]
    tags: dict[str, str]
    status: str = ACTIVE
    version: int = 1
    heard_at: float | None = None
    # The agent is played by the Region: what is placed here runs at the next tick.
    simulated: bool = False
    # A simulated agent that needs no heartbeats: no process stands behind it.
    resident: bool = False
    # The service link is cut: nothing reaches the agent and nothing is heard of it.
    cut: bool = False
    # The agent holds an ACS session.
    session: bool = False
    # What is on the instance, kept up by tasks.py.
    running_tasks: int = 0
    pending_tasks: int = 0
    used: dict[str, int] = field(default_factory=lambda: {"CPU": 0, "MEMORY": 0})
    used_ports: set[Port] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)

    @property
    def registered(self) -> bool:
        return self.status != INACTIVE

    @property
    def external(self) -> bool:
        return EXTERNAL_CAPABILITY in self.attributes

    def connected(self, now: float, timeout: float) -> bool:
        if self.cut or not self.registered:
            return False
        heard = self.heard_at is not None and now - self.heard_at < timeout
        return self.session or self.resident or heard

    def registered_amount(self, resource: str) -> int | None:
        """CPU or MEMORY as the agent registered it; None when it said nothing, which limits nothing."""
        for item in self.resources:
            if item.get("name") == resource:
                return int(item.get("integerValue", 0))
        return None

    def __getstate__(self) -> dict[str, Any]:
        # No session outlives the process; the store puts tasks back.
        return {**self.__dict__, "session": False, "tasks": {}}


@dataclass(eq=False)
class TaskDefinition:
    """One revision of a family; `body` is what was registered, filled with the defaults of the API."""

    number: int
    family: str
    revision: int
    arn: str
    body: dict[str, Any]
    registered_at: float
    registered_by: str
    tags: dict[str, str]
    status: str = ACTIVE
    deregistered_at: float | None = None
    delete_requested_at: float | None = None

    @property
    def name(self) -> str:
        return f"{self.family}:{self.revision}"

    @cached_property
    def checked(self) -> frozenset[str]:
        """Names of the essential containers with a health check, which alone make a task healthy or not."""
        containers = self.body.get("containerDefinitions", [])
        return frozenset(one["name"] for one in containers if one.get("healthCheck") and one.get("essential", True))


@dataclass(eq=False)
class Container:
    """One container of a task, as its agent reports it."""

    name: str
    arn: str
    image: str
    essential: bool
    cpu: int
    memory: int | None
    memory_reservation: int | None
    status: str = PENDING
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    image_digest: str | None = None
    health: str = "UNKNOWN"
    bindings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Task:
    """A task that has been placed. `told` is the desired status that its agent has taken note of."""

    number: int
    id: str
    arn: str
    cluster: str
    definition: TaskDefinition
    instance: ContainerInstance
    launch_type: str
    group: str
    started_by: str
    containers: list[Container]
    overrides: dict[str, Any]
    tags: dict[str, str]
    needs: Needs
    created_at: float
    # The tick in or before which the task was placed; a simulated agent starts it at a later one.
    placed_in: int = 0
    service: Service | None = None
    deployment: str | None = None
    execute_command: bool = False
    last_status: str = PENDING
    desired_status: str = RUNNING
    version: int = 1
    told: str | None = None
    # The agent may have been told to start it.
    offered: bool = False
    started_at: float | None = None
    stopping_at: float | None = None
    stopped_at: float | None = None
    pull_started_at: float | None = None
    pull_stopped_at: float | None = None
    execution_stopped_at: float | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    # Deregistered under its hands: whatever it does is no longer known.
    orphaned: bool = False

    @property
    def live(self) -> bool:
        return self.last_status != STOPPED

    @property
    def wanted(self) -> bool:
        return self.live and self.desired_status == RUNNING

    @property
    def health(self) -> str:
        if not self.definition.checked:
            return "UNKNOWN"
        states = {container.health for container in self.containers if container.name in self.definition.checked}
        if "UNHEALTHY" in states:
            return "UNHEALTHY"
        return "HEALTHY" if states == {"HEALTHY"} else "UNKNOWN"

    @property
    def healthy(self) -> bool:
        """Counts towards minimumHealthyPercent: it runs, and its health check, if it has one, has passed."""
        runs = self.last_status == RUNNING and self.desired_status == RUNNING
        return runs and (not self.definition.checked or self.health == "HEALTHY")


@dataclass(frozen=True)
class Needs:
    """What a task asks of its container instance."""

    cpu: int = 0
    memory: int = 0
    ports: frozenset[Port] = frozenset()
    attributes: frozenset[str] = frozenset()


@dataclass(eq=False)
class Deployment:
    """One deployment of a service."""

    id: str
    definition: TaskDefinition
    desired: int
    created_at: float
    updated_at: float
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_reason: str = ""
    failed_tasks: int = 0
    # The circuit breaker counts until a task runs.
    proven: bool = False
    # What is told of it as a service deployment, also when it is over: see service_deployments.py.
    number: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    outcome: str = "IN_PROGRESS"
    finished_at: float | None = None
    # The deployment that a rollback goes back to, and when that began.
    back_to: Deployment | None = None
    back_at: float | None = None


@dataclass(eq=False)
class Service:
    """A service. `body` holds what the scheduler does not touch, as it was given."""

    number: int
    name: str
    arn: str
    cluster: str
    launch_type: str
    strategy: str
    desired: int
    definition: TaskDefinition
    configuration: dict[str, Any]
    constraints: list[dict[str, str]]
    placement: list[dict[str, str]]
    body: dict[str, Any]
    tags: dict[str, str]
    created_at: float
    created_by: str
    status: str = ACTIVE
    deployments: list[Deployment] = field(default_factory=list)
    # All that somebody asked for, the oldest first.
    history: list[Deployment] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    # Something has happened that the scheduler has not looked at yet.
    awake: bool = True
    # The last search found no room: only what has become free since then is worth a look.
    blocked: bool = False
    steady: bool = False
    # Tasks that fail to start are tried again ever more slowly.
    failed_to_start: bool = False
    failures: int = 0
    not_before: float = 0.0
    # What the circuit breaker goes back to.
    completed: TaskDefinition | None = None

    @property
    def daemon(self) -> bool:
        return self.strategy == "DAEMON"

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    def __getstate__(self) -> dict[str, Any]:
        # The store puts tasks back.
        return {**self.__dict__, "tasks": {}}

    def count(self, status: str, deployment: str | None = None) -> int:
        return sum(task.last_status == status and deployment in (None, task.deployment) for task in self.tasks.values())


@dataclass
class CapacityProvider:
    """A capacity provider that was made by a user; nothing is placed through it."""

    number: int
    name: str
    arn: str
    group: dict[str, Any]
    tags: dict[str, str]
    status: str = ACTIVE
    update_status: str | None = None


@dataclass
class Outcome:
    """What becomes of containers of an image on simulated agents: `run`, `cannot-pull`, `exit` or `unhealthy`."""

    image: str
    kind: str
    exit_code: int = 0
    after: float = 0.0


_DERIVED = frozenset({"moving", "fresh", "ringing"})


@dataclass
class EcsStore:
    """All records of ECS."""

    clusters: dict[str, Cluster] = field(default_factory=dict)
    # By cluster and id.
    instances: dict[str, dict[str, ContainerInstance]] = field(default_factory=dict)
    # By cluster and id; stopped tasks for an hour.
    tasks: dict[str, dict[str, Task]] = field(default_factory=dict)
    # By cluster and name.
    services: dict[str, dict[str, Service]] = field(default_factory=dict)
    # By family; revision n is at n - 1.
    definitions: dict[str, list[TaskDefinition]] = field(default_factory=dict)
    capacity_providers: dict[str, CapacityProvider] = field(default_factory=dict)
    # By principal ("" is the account's default) and name.
    settings: dict[tuple[str, str], str] = field(default_factory=dict)
    # Records by what made them: cluster, host and the agent's idempotency token.
    by_token: dict[tuple[str, str, str], ContainerInstance] = field(default_factory=dict)
    # Tasks by cluster and the idempotency token of RunTask, with a digest of the request.
    runs: dict[tuple[str, str], tuple[str, list[Task]]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    # Stopped tasks in the order of their end.
    stopped: deque[Task] = field(default_factory=deque)
    # Tasks on which something is yet to happen without a call: simulated agents and exits in time.
    moving: dict[str, Task] = field(default_factory=dict)
    # By cluster: instances that may take more than they did when the scheduler last looked.
    fresh: dict[str, dict[str, ContainerInstance]] = field(default_factory=dict)
    # Container instances whose agent has something to fetch; see agents.py.
    ringing: dict[str, ContainerInstance] = field(default_factory=dict)
    last_number: int = -1
    ticks: int = 0

    def __getstate__(self) -> dict[str, Any]:
        """What is saved: tasks come after all that they point to, so that no chain of them has to be followed."""
        first = {name: self.__dict__[name] for name in ("definitions", "instances", "services", "tasks")}
        return {
            **first,
            **{name: value for name, value in self.__dict__.items() if name not in _DERIVED | first.keys()},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, moving={}, fresh={}, ringing={})
        for tasks in self.tasks.values():
            for task in tasks.values():
                self._put_back(task)
        for instances in self.instances.values():
            for instance in instances.values():
                self.freshen(instance)

    def _put_back(self, task: Task) -> None:
        if not task.live:
            return
        self.moving[task.id] = task
        task.instance.tasks[task.id] = task
        if task.service is not None:
            task.service.tasks[task.id] = task
            task.service.awake = True

    def number(self) -> int:
        """A number that grows with every record: the order in which lists are paged."""
        self.last_number += 1
        return self.last_number

    def instances_of(self, cluster: str) -> dict[str, ContainerInstance]:
        return self.instances.setdefault(cluster, {})

    def tasks_of(self, cluster: str) -> dict[str, Task]:
        return self.tasks.setdefault(cluster, {})

    def services_of(self, cluster: str) -> dict[str, Service]:
        return self.services.setdefault(cluster, {})

    def registered(self, cluster: str) -> list[ContainerInstance]:
        return [instance for instance in self.instances_of(cluster).values() if instance.registered]

    def freshen(self, instance: ContainerInstance) -> None:
        """The scheduler shall look at an instance again."""
        self.fresh.setdefault(instance.cluster, {})[instance.id] = instance

    def count_clusters(self) -> int:
        return sum(cluster.status == ACTIVE for cluster in self.clusters.values())

    def count_container_instances(self) -> int:
        return sum(len(self.registered(cluster)) for cluster in self.instances)
