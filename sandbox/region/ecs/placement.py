# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a task may go (constraints, resources) and where it goes (strategies)."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from . import agents, query, resources
from .model import ACTIVE, ContainerInstance, Needs, Task, TaskDefinition

if TYPE_CHECKING:
    from ..context import Region

AGENT = "AGENT"
ATTRIBUTE = "ATTRIBUTE"
MEMBER_OF = "MemberOf placement constraint unsatisfied."
DISTINCT = "DistinctInstance placement constraint unsatisfied."
# From the farthest miss to the nearest: the closest matching instance is named in the events of a service.
_NEARNESS = (AGENT, ATTRIBUTE, MEMBER_OF, DISTINCT, "RESOURCE:CPU", "RESOURCE:MEMORY", "RESOURCE:PORTS")
_FIELDS: Mapping[str, Callable[[Region, ContainerInstance], str]] = {
    "agentConnected": lambda region, one: str(agents.connected(region, one)).lower(),
    "agentVersion": lambda _region, one: one.version_info.get("agentVersion", ""),
    "ec2InstanceId": lambda _region, one: one.ec2_instance_id,
    "registeredAt": lambda _region, one: query.timestamp(one.registered_at),
    "runningTasksCount": lambda _region, one: str(one.running_tasks),
}


class _Fields(Mapping[str, str]):
    """The fields of an instance, made only when an expression asks for them."""

    def __init__(self, region: Region, instance: ContainerInstance) -> None:
        self._region = region
        self._instance = instance

    def __getitem__(self, name: str) -> str:
        return _FIELDS[name](self._region, self._instance)

    def __iter__(self) -> Iterator[str]:
        return iter(_FIELDS)

    def __len__(self) -> int:
        return len(_FIELDS)


def facts(region: Region, instance: ContainerInstance) -> query.Facts:
    return query.Facts(
        attributes=instance.attributes,
        fields=_Fields(region, instance),
        groups=lambda: {task.group for task in instance.tasks.values()},
    )


@dataclass(frozen=True)
class Demand:
    """What a place must offer."""

    needs: Needs
    launch_type: str
    group: str
    expressions: tuple[query.Matches, ...] = ()
    distinct: bool = False


def demand(
    definition: TaskDefinition, needs: Needs, launch_type: str, group: str, constraints: Iterable[Mapping[str, str]]
) -> Demand:
    """The definition's own constraints hold beside those of the order."""
    both = [*definition.body["placementConstraints"], *constraints]
    return Demand(
        needs=needs,
        launch_type=launch_type,
        group=group,
        expressions=tuple(query.parse(one["expression"]) for one in both if one.get("type") == "memberOf"),
        distinct=any(one.get("type") == "distinctInstance" for one in both),
    )


def of_launch_type(instance: ContainerInstance, launch_type: str) -> bool:
    return instance.external is (launch_type == "EXTERNAL")


def eligible(region: Region, cluster: str, launch_type: str) -> list[ContainerInstance]:
    """Instances that take tasks of a launch type at all."""
    return [
        instance
        for instance in region.ecs.instances_of(cluster).values()
        if instance.status == ACTIVE and of_launch_type(instance, launch_type)
    ]


def satisfies(region: Region, instance: ContainerInstance, wanted: Demand) -> bool:
    """Whether the expressions hold, whatever else may be in the way."""
    if not wanted.expressions:
        return True
    known = facts(region, instance)
    return all(matches(known) for matches in wanted.expressions)


def misfit(region: Region, instance: ContainerInstance, wanted: Demand) -> str | None:
    """Why a task cannot go to an instance, as `failures` say it."""
    if not agents.connected(region, instance):
        return AGENT
    if not resources.has_attributes(instance, wanted.needs.attributes):
        return ATTRIBUTE
    if not satisfies(region, instance, wanted):
        return MEMBER_OF
    if wanted.distinct and any(task.group == wanted.group for task in instance.tasks.values()):
        return DISTINCT
    return resources.shortage(instance, wanted.needs)


def nearest(misfits: Iterable[tuple[ContainerInstance, str]]) -> tuple[ContainerInstance, str] | None:
    """The instance that failed last on the way of the checks."""
    return max(misfits, key=lambda miss: _NEARNESS.index(miss[1]), default=None)


class _Node(Protocol):
    def pick(self) -> ContainerInstance | None: ...


class _Leaf:
    """Instances in order of a score, best first. One that does not fit now will not fit in this batch."""

    def __init__(
        self, instances: Iterable[ContainerInstance], score: Callable[[ContainerInstance], float], fits: _Fits
    ) -> None:
        self._score = score
        self._fits = fits
        self._heap = [(score(one), one.number, one) for one in instances]
        heapq.heapify(self._heap)

    def pick(self) -> ContainerInstance | None:
        while self._heap:
            score, number, instance = self._heap[0]
            if not self._fits(instance):
                heapq.heappop(self._heap)
                continue
            now = self._score(instance)
            if now <= score:
                return instance
            # A task came since it was put in order.
            heapq.heapreplace(self._heap, (now, number, instance))
        return None


class _Spread:
    """Groups of instances; the one with the fewest tasks has its turn. A group is put in order when its turn comes."""

    def __init__(self, groups: Iterable[tuple[int, Callable[[], _Node]]]) -> None:
        serial = itertools.count()
        self._heap = [(count, next(serial), make) for count, make in groups]
        self._nodes: dict[int, _Node] = {}
        heapq.heapify(self._heap)

    def pick(self) -> ContainerInstance | None:
        while self._heap:
            count, serial, make = self._heap[0]
            if serial not in self._nodes:
                self._nodes[serial] = make()
            instance = self._nodes[serial].pick()
            if instance is not None:
                heapq.heapreplace(self._heap, (count + 1, serial, make))
                return instance
            heapq.heappop(self._heap)
        return None


_Fits = Callable[[ContainerInstance], bool]


class Chooser:
    """Instances for one batch of equal tasks. Each pick must be followed by the task's creation, which takes room."""

    def __init__(
        self,
        region: Region,
        candidates: Sequence[ContainerInstance],
        wanted: Demand,
        strategy: Sequence[Mapping[str, str]],
        tasks: Iterable[Task],
    ) -> None:
        self._region = region
        self._wanted = wanted
        self._tasks = [task for task in tasks if task.live]
        self._counts = Counter(task.instance.id for task in self._tasks)
        self.misfits: list[tuple[ContainerInstance, str]] = []
        self._root = self._node(candidates, list(strategy))

    def pick(self) -> ContainerInstance | None:
        instance = self._root.pick()
        if instance is not None:
            self._counts[instance.id] += 1
        return instance

    def _fits(self, instance: ContainerInstance) -> bool:
        reason = misfit(self._region, instance, self._wanted)
        if reason is not None:
            self.misfits.append((instance, reason))
        return reason is None

    def _node(self, candidates: Sequence[ContainerInstance], strategy: list[Mapping[str, str]]) -> _Node:
        step = strategy[0] if strategy else {}
        name = step.get("field", "")
        if step.get("type") == "spread" and name not in ("instanceId", "host"):
            return self._spread(candidates, name.removeprefix("attribute:"), strategy[1:])
        return _Leaf(candidates, self._score(step.get("type"), name), self._fits)

    def _spread(
        self, candidates: Sequence[ContainerInstance], attribute: str, rest: list[Mapping[str, str]]
    ) -> _Spread:
        groups: dict[str | None, list[ContainerInstance]] = {}
        for instance in candidates:
            groups.setdefault(instance.attributes.get(attribute), []).append(instance)
        counts = Counter(task.instance.attributes.get(attribute) for task in self._tasks)
        return _Spread((counts[value], partial(self._node, members, rest)) for value, members in groups.items())

    def _score(self, kind: str | None, name: str) -> Callable[[ContainerInstance], float]:
        if kind == "binpack":
            resource = name.upper()
            return lambda one: (one.registered_amount(resource) or 0) - one.used[resource]
        if kind == "random":
            dice = {}  # type: dict[str, float]
            return lambda one: dice.setdefault(one.id, random.random())
        # Spread over instances; also without any strategy, so that every run of a test ends alike.
        return lambda one: self._counts[one.id]
