# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The questions that the rules of workload_rules ask. Pure; each is true when the rule is broken."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

Data = Mapping[str, Any]

# Source: hostPort in https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
RESERVED_PORTS = frozenset({22, 2375, 2376, 51678, 51679, 51680})
# The default ephemeral port range that the same page advises to keep clear of; Docker falls back to the second.
DYNAMIC_PORTS = range(32768, 65536)
# Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes
EC2_ATTRIBUTES = re.compile(r"attribute:ecs\.(?:ami-id|availability-zone|instance-type|subnet-id|vpc-id)\b")
_PRIVATE_ECR = re.compile(r"\d{12}\.dkr[.-]ecr[.-]")


class Case(NamedTuple):
    """What is looked at, and its task definition as far as it is known."""

    subject: Data
    definition: Data | None


Test = Callable[[Any, Case], bool]


# --- values ---


def given(value: Any, _case: Case) -> bool:
    return value not in (None, "", [], {})


def more_than_none(value: Any, _case: Case) -> bool:
    """ECS itself tells 0 of what nobody has set."""
    return value not in (None, "", 0)


def true(value: Any, _case: Case) -> bool:
    return value is True or str(value).lower() == "true"


def enabled(value: Any, _case: Case) -> bool:
    return bool(value) and value.get("enabled") is not False


def equals(text: str) -> Test:
    return lambda value, _case: value == text


def other_than(text: str) -> Test:
    return lambda value, _case: value not in (None, "", text)


def one_of(*texts: str) -> Test:
    return lambda value, _case: value in texts


def starts_with(text: str) -> Test:
    return lambda value, _case: str(value).startswith(text)


def contains(*texts: str) -> Test:
    return lambda value, _case: any(text in str(value) for text in texts)


def of_ec2(value: Any, _case: Case) -> bool:
    return EC2_ATTRIBUTES.search(str(value)) is not None


def lacks(item: str) -> Test:
    return lambda value, _case: bool(value) and item not in value


def without(*names: str) -> Test:
    return lambda value, _case: not any(value.get(name) for name in names)


def shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


# --- the task definition as a whole ---


def containers(case: Case) -> list[Data]:
    found = (case.definition or {}).get("containerDefinitions") or []
    return [container for container in found if isinstance(container, Mapping)]


def _named(case: Case, name: Any) -> Data | None:
    return next((container for container in containers(case) if container.get("name") == name), None)


def _mode(case: Case) -> str:
    return str((case.definition or {}).get("networkMode") or "bridge")


def in_mode(*modes: str) -> Test:
    return lambda value, case: bool(value) and _mode(case) in modes


def _is_windows(case: Case) -> bool:
    platform = (case.definition or {}).get("runtimePlatform") or {}
    return str(platform.get("operatingSystemFamily", "")).startswith("WINDOWS")


def on_windows(value: Any, case: Case) -> bool:
    return bool(value) and _is_windows(case)


def on_linux(value: Any, case: Case) -> bool:
    return bool(value) and not _is_windows(case)


def no_execution_role(value: Any, case: Case) -> bool:
    return bool(value) and not (case.definition or {}).get("executionRoleArn")


def awslogs_without_role(value: Any, case: Case) -> bool:
    return value == "awslogs" and no_execution_role(value, case)


def private_ecr_without_role(value: Any, case: Case) -> bool:
    return bool(_PRIVATE_ECR.match(str(value))) and no_execution_role(value, case)


def no_memory(container: Data, case: Case) -> bool:
    own = container.get("memory") or container.get("memoryReservation")
    return not own and not (case.definition or {}).get("memory")


def soft_above_hard(container: Data, _case: Case) -> bool:
    hard, soft = number(container.get("memory")), number(container.get("memoryReservation"))
    return hard is not None and soft is not None and soft > hard


def repeated_name(name: Any, case: Case) -> bool:
    return [container.get("name") for container in containers(case)].count(name) > 1


def none_essential(_value: Any, case: Case) -> bool:
    found = containers(case)
    return bool(found) and all(container.get("essential") is False for container in found)


def unknown_container(name: Any, case: Case) -> bool:
    return _named(case, name) is None


def unknown_link(link: Any, case: Case) -> bool:
    return _named(case, str(link).partition(":")[0]) is None


def unknown_volume(name: Any, case: Case) -> bool:
    return name not in [volume.get("name") for volume in (case.definition or {}).get("volumes") or []]


def never_healthy(dependency: Data, case: Case) -> bool:
    target = _named(case, dependency.get("containerName"))
    return dependency.get("condition") == "HEALTHY" and target is not None and not target.get("healthCheck")


def waits_for_the_end_of_essential(dependency: Data, case: Case) -> bool:
    target = _named(case, dependency.get("containerName"))
    ends = dependency.get("condition") in ("COMPLETE", "SUCCESS")
    return ends and target is not None and target.get("essential") is not False


# --- ports ---


def number(value: Any) -> int | None:
    """Templates make text of numbers."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _host_port(mapping: Data, mode: str) -> int:
    """The port taken on the host itself; 0 when there is none, or one is chosen when the task starts."""
    if mode == "host":
        return number(mapping.get("containerPort")) or 0
    return (number(mapping.get("hostPort")) or 0) if mode == "bridge" else 0


def port_of(value: Any, case: Case) -> str:
    if not isinstance(value, Mapping):
        return ""
    return f"{_host_port(value, _mode(case))}/{value.get('protocol') or 'tcp'}"


def _mappings(case: Case) -> Iterator[Data]:
    for container in containers(case):
        yield from container.get("portMappings") or []


def reserved_port(mapping: Data, case: Case) -> bool:
    # Reserved for TCP only; the agent reserves no UDP port by itself.
    return mapping.get("protocol") != "udp" and _host_port(mapping, _mode(case)) in RESERVED_PORTS


def dynamic_port(mapping: Data, case: Case) -> bool:
    port = _host_port(mapping, _mode(case))
    return _mode(case) == "bridge" and port in DYNAMIC_PORTS and port not in RESERVED_PORTS


def repeated_port(mapping: Data, case: Case) -> bool:
    port = port_of(mapping, case)
    return not port.startswith("0/") and [port_of(other, case) for other in _mappings(case)].count(port) > 1


def shifted_port(mapping: Data, case: Case) -> bool:
    host, container = number(mapping.get("hostPort")), number(mapping.get("containerPort"))
    return _mode(case) in ("host", "awsvpc") and bool(host) and host != container


def fixes_port(case: Case) -> bool:
    return any(_host_port(mapping, _mode(case)) for mapping in _mappings(case))


# --- services ---


class Deployment(NamedTuple):
    """How many tasks must stay and may be there during a deployment, for that many that are desired."""

    least: int
    desired: int
    most: int


def _deployment(service: Data) -> Deployment:
    """Left out, the percentages are 100 and 200, for daemons 0 and 100; ECS rounds the first up, the second down.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    asked = service.get("deploymentConfiguration") or {}
    daemon = service.get("schedulingStrategy") == "DAEMON"
    least, most = number(asked.get("minimumHealthyPercent")), number(asked.get("maximumPercent"))
    least = (0 if daemon else 100) if least is None else least
    most = (100 if daemon else 200) if most is None else most
    # A number that is not known is taken as large enough for the rounding not to matter.
    desired = number(service.get("desiredCount")) if not daemon else None
    desired = 100 if desired is None else desired
    return Deployment(math.ceil(desired * least / 100), desired, desired * most // 100)


def stuck(service: Data, _case: Case) -> bool:
    least, desired, most = _deployment(service)
    return desired > 0 and least >= desired >= most


def port_is_kept(service: Data, case: Case) -> bool:
    least, desired, _most = _deployment(service)
    daemon = service.get("schedulingStrategy") == "DAEMON"
    return not daemon and least >= desired > 0 and fixes_port(case) and not stuck(service, case)


def with_providers(value: Any, case: Case) -> bool:
    return bool(value) and bool(case.subject.get("capacityProviderStrategy"))


def not_in_definition(value: Any, case: Case) -> bool:
    wanted = (case.definition or {}).get("requiresCompatibilities")
    return bool(value) and bool(wanted) and value not in (wanted or [])
