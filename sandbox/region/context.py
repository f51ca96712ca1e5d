# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a handler is given beside its parameters: the Region's state and who calls."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .calls import CallLog
from .clock import Clock
from .ec2.model import Ec2Store
from .ecs.model import EcsStore
from .errors import ApiError
from .events import moto_rules
from .events.model import EventsStore
from .faults import Faults
from .identity import Caller, Credentials
from .links import Links, Session
from .outposts.model import OutpostsStore
from .ssm.model import SsmStore

# The trust policy of a role by the role's name, None when there is no such role.
TrustPolicies = Callable[[str], str | None]


@dataclass(frozen=True)
class Settings:
    """What the command line decides."""

    name: str = "us-west-2"
    account: str = "111122223333"
    partition: str = "aws"
    connected_timeout: float = 20.0
    ping_timeout: float = 600.0
    # Somebody boots a host for each EC2 instance that has user data; else the Region plays the ECS agents of these.
    instance_hosts: bool = False
    # Seconds between two ticks of the scheduler that nobody asked for; 0: there are none.
    tick: float = 0.0
    # Where records are kept between two runs.
    state: Path | None = None
    # SSM agents ask for messages again and again; each asking lasts so long.
    message_poll: float = 20.0
    # Secrets of the operators' access keys; None: any key will do, and its signatures are not verified.
    operators: Mapping[str, str] | None = None


@dataclass
class Region:
    """All state of the simulated Region outside moto."""

    settings: Settings
    trust_policies: TrustPolicies
    clock: Clock = field(default_factory=Clock)
    calls: CallLog = field(default_factory=CallLog)
    faults: Faults = field(default_factory=Faults)
    credentials: Credentials = field(default_factory=Credentials)
    ecs: EcsStore = field(default_factory=EcsStore)
    ssm: SsmStore = field(default_factory=SsmStore)
    outposts: OutpostsStore = field(default_factory=OutpostsStore)
    ec2: Ec2Store = field(default_factory=Ec2Store)
    events: EventsStore = field(default_factory=EventsStore)
    unimplemented: Counter[str] = field(default_factory=Counter)
    # How to reach an agent that holds a session, by container instance ARN; see ecs/agents.py.
    bells: dict[str, Callable[[], None]] = field(default_factory=dict)
    # Open websockets of agents, and the outages that keep hosts from the Region.
    sessions: set[Session] = field(default_factory=set)
    links: Links = field(default_factory=Links)

    def __post_init__(self) -> None:
        self.faults = Faults(self.clock.now)

    def reset(self) -> None:
        self.clock.reset()
        self.calls.clear()
        self.faults.clear()
        self.credentials.clear()
        self.ecs = EcsStore()
        self.ssm = SsmStore()
        self.outposts = OutpostsStore()
        self.ec2 = Ec2Store()
        self.events = EventsStore()
        moto_rules.forget(self.settings)
        self.unimplemented.clear()
        self.links = Links()
        for session in list(self.sessions):
            session.hang_up()

    def arn(self, service: str, resource: str) -> str:
        settings = self.settings
        return f"arn:{settings.partition}:{service}:{settings.name}:{settings.account}:{resource}"

    def trusts(self, role: str, principal: str) -> bool:
        """Whether a role exists and lets a service assume it."""
        policy = self.trust_policies(role)
        return policy is not None and principal in _trusted_services(policy)


def _trusted_services(policy: str) -> set[str]:
    statements = json.loads(policy).get("Statement", [])
    trusted: set[str] = set()
    for statement in statements if isinstance(statements, list) else [statements]:
        actions = statement.get("Action", [])
        principal = statement.get("Principal", {})
        if statement.get("Effect") != "Allow" or "sts:AssumeRole" not in (
            actions if isinstance(actions, list) else [actions]
        ):
            continue
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        trusted.update([services] if isinstance(services, str) else services)
    return trusted


@dataclass(frozen=True)
class Context:
    """One call."""

    region: Region
    caller: Caller
    host: str
    now: float

    @property
    def ecs(self) -> EcsStore:
        return self.region.ecs

    @property
    def ssm(self) -> SsmStore:
        return self.region.ssm

    def managed_node(self) -> str | None:
        """The managed node whose credentials signed this call."""
        return self.caller.node

    def require_node(self) -> str:
        if self.caller.node is None:
            raise ApiError(
                "AccessDeniedException", "Only a managed node may call this action with its own credentials."
            )
        return self.caller.node
