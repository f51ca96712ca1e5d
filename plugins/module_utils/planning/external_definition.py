# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a task definition for Fargate or EC2 to one for external instances, and what was lost or changed. Pure.

In and out is the form of RegisterTaskDefinition; what DescribeTaskDefinition adds to it is left away without a word.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .workload_predicates import EC2_ATTRIBUTES, RESERVED_PORTS, number

Data = Mapping[str, Any]
Definition = dict[str, Any]

# What AWS adds to a revision that it describes. Source: TaskDefinition in the ECS API reference.
_OF_THE_REVISION = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)
# Members of the definition itself that external instances do not have, with the reason.
_TOP = {
    "ephemeralStorage": "The size of the ephemeral storage is a setting of Fargate; the host's disk is the limit.",
    "proxyConfiguration": "AWS App Mesh does not reach external instances.",
    "inferenceAccelerators": "External instances have no inference accelerators.",
    "enableFaultInjection": "Fault injection is for tasks on Fargate and EC2.",
    "trustedExecutionConfiguration": "Nothing attests external instances.",
}
_VOLUMES = {
    "efsVolumeConfiguration": "External instances cannot mount Amazon EFS",
    "s3filesVolumeConfiguration": "External instances cannot mount Amazon S3 Files",
    "fsxWindowsFileServerVolumeConfiguration": "Linux external instances cannot mount Amazon FSx",
    "configuredAtLaunch": "Amazon EBS volumes cannot be attached to external instances",
}
_DEVICES = ("InferenceAccelerator", "NeuronDevice")
_SIZE = re.compile(r"(\d*\.?\d+)\s*(vcpu|gb)", re.IGNORECASE)
HOST_PORTS = ("same", "dynamic")


class Dropped(NamedTuple):
    """`field` is where `value` was; `reason` says why it is not there any more, and what is instead."""

    field: str
    value: Any
    reason: str


class Derived(NamedTuple):
    definition: Definition
    dropped: list[Dropped]


def derive(definition: Data, network_mode: str = "bridge", host_ports: str = "same") -> Derived:
    """`host_ports` is for ports of network mode awsvpc in bridge mode: the `same` on the host, or `dynamic` ones."""
    result = {name: copy.deepcopy(value) for name, value in definition.items() if name not in _OF_THE_REVISION}
    dropped = [
        *(_size(result) if _is_fargate(definition) else ()),
        *_compatibilities(result),
        *_members(result),
        *_network(result, network_mode, host_ports),
        *_volumes(result),
        *_containers(result),
        *_placement(result),
    ]
    return Derived(result, dropped)


def _compatibilities(result: Definition) -> Iterator[Dropped]:
    before = result.get("requiresCompatibilities")
    result["requiresCompatibilities"] = ["EXTERNAL"]
    if before and list(before) != ["EXTERNAL"]:
        yield Dropped("requiresCompatibilities", before, "Changed to EXTERNAL, for which ECS then checks it.")


def _members(result: Definition) -> Iterator[Dropped]:
    for name, reason in _TOP.items():
        value = result.pop(name, None)
        if value not in (None, False, [], {}):
            yield Dropped(name, value, reason)


# --- network ---


def _network(result: Definition, mode: str, host_ports: str) -> Iterator[Dropped]:
    before = result.get("networkMode") or "bridge"
    if before != "awsvpc":
        return
    result["networkMode"] = mode
    yield Dropped("networkMode", before, f"External instances have no network mode awsvpc; changed to {mode}.")
    containers = result.get("containerDefinitions") or []
    several = len(containers) > 1
    for at, container in enumerate(containers):
        place = f"containerDefinitions[{at}]"
        if mode == "none" and container.get("portMappings"):
            yield Dropped(f"{place}.portMappings", container.pop("portMappings"), "Network mode none has no ports.")
        for nth, mapping in enumerate(container.get("portMappings") or []):
            if mode == "bridge" and mapping.get("containerPort"):
                yield _host_port(mapping, f"{place}.portMappings[{nth}].hostPort", host_ports)
    if several and mode == "bridge":
        names = [container.get("name") for container in containers]
        yield Dropped(
            "networkMode",
            names,
            "In awsvpc these containers reached one another on localhost; in bridge mode they do not: use links, or"
            " network mode host.",
        )


def _host_port(mapping: Definition, field: str, host_ports: str) -> Dropped:
    before = mapping.pop("hostPort", None)
    port = number(mapping.get("containerPort"))
    if host_ports == "same" and port and port not in RESERVED_PORTS:
        mapping["hostPort"] = port
        return Dropped(field, before, f"In awsvpc the port was the task's own; it is now {port} of the host.")
    mapping["hostPort"] = 0
    if port in RESERVED_PORTS and host_ports == "same":
        return Dropped(field, before, f"{port} of a host is reserved; a free port is chosen when the task starts.")
    return Dropped(field, before, "A free port of the host is chosen when the task starts.")


# --- cpu and memory ---


def _is_fargate(definition: Data) -> bool:
    return "FARGATE" in (definition.get("requiresCompatibilities") or definition.get("compatibilities") or ())


def _size(result: Definition) -> Iterator[Dropped]:
    """The sizes of Fargate are steps to choose from; on a host they would only hold room back.

    A single container gets the task's memory as its limit. Of several, those without any keep the task's limit in
    place, because nobody can say how it was meant to be shared.
    """
    containers = result.get("containerDefinitions") or []
    cpu = result.pop("cpu", None)
    if cpu:
        yield Dropped("cpu", cpu, _keep_cpu(containers, cpu))
    memory = result.get("memory")
    if not memory:
        return
    bare = [one for one in containers if not one.get("memory") and not one.get("memoryReservation")]
    if len(containers) == 1 and bare:
        containers[0]["memory"] = _units(memory)
        result.pop("memory")
        yield Dropped("memory", memory, "Moved to the only container, as its limit.")
    elif not bare:
        result.pop("memory")
        yield Dropped("memory", memory, "Every container has memory of its own.")


def _keep_cpu(containers: list[Definition], cpu: Any) -> str:
    if len(containers) == 1 and not containers[0].get("cpu"):
        containers[0]["cpu"] = _units(cpu)
        return "Moved to the only container, as its share."
    return "The task's CPU is a size of Fargate; containers share the host's by their own cpu."


def _units(text: Any) -> int:
    match = _SIZE.fullmatch(str(text).strip())
    return math.ceil(float(match[1]) * 1024) if match else int(text)


# --- volumes ---


def _is_windows(result: Definition) -> bool:
    family = (result.get("runtimePlatform") or {}).get("operatingSystemFamily", "")
    return str(family).startswith("WINDOWS")


def _volumes(result: Definition) -> Iterator[Dropped]:
    lost = []
    reasons = {name: reason for name, reason in _VOLUMES.items() if not (_is_windows(result) and "fsx" in name)}
    for at, volume in enumerate(result.get("volumes") or []):
        for name, reason in reasons.items():
            if volume.get(name):
                lost.append(volume.get("name"))
                yield Dropped(f"volumes[{at}]", volume, f"{reason}. Its mount points went with it.")
    if not lost:
        return
    result["volumes"] = [volume for volume in result["volumes"] if volume.get("name") not in lost]
    for at, container in enumerate(result.get("containerDefinitions") or []):
        for nth, mount in enumerate(container.get("mountPoints") or []):
            if mount.get("sourceVolume") in lost:
                yield Dropped(f"containerDefinitions[{at}].mountPoints[{nth}]", mount, "Its volume was dropped.")
        if container.get("mountPoints"):
            container["mountPoints"] = [one for one in container["mountPoints"] if one.get("sourceVolume") not in lost]


# --- placement ---


def _placement(result: Definition) -> Iterator[Dropped]:
    kept = []
    for at, constraint in enumerate(result.get("placementConstraints") or []):
        if EC2_ATTRIBUTES.search(constraint.get("expression") or ""):
            reason = "External instances do not have the attributes that ECS gives to EC2 instances."
            yield Dropped(f"placementConstraints[{at}]", constraint, reason)
        else:
            kept.append(constraint)
    if "placementConstraints" in result:
        result["placementConstraints"] = kept


# --- containers ---


def _containers(result: Definition) -> Iterator[Dropped]:
    for at, container in enumerate(result.get("containerDefinitions") or []):
        place = f"containerDefinitions[{at}]"
        yield from _devices(container, place)
        yield from _security_options(container, place)


def _devices(container: Definition, place: str) -> Iterator[Dropped]:
    kept = []
    for nth, asked in enumerate(container.get("resourceRequirements") or []):
        field = f"{place}.resourceRequirements[{nth}]"
        if asked.get("type") in _DEVICES:
            yield Dropped(field, asked, f"{asked['type']} is a device of EC2 instances.")
            continue
        if asked.get("sharingStrategy"):
            value = asked.pop("sharingStrategy")
            yield Dropped(f"{field}.sharingStrategy", value, "Tasks on external instances cannot share a GPU.")
        kept.append(asked)
    if "resourceRequirements" in container:
        container["resourceRequirements"] = kept


def _security_options(container: Definition, place: str) -> Iterator[Dropped]:
    kept = []
    for nth, option in enumerate(container.get("dockerSecurityOptions") or []):
        if str(option).startswith("label"):
            reason = "SELinux is not supported on external instances."
            yield Dropped(f"{place}.dockerSecurityOptions[{nth}]", option, reason)
        else:
            kept.append(option)
    if "dockerSecurityOptions" in container:
        container["dockerSecurityOptions"] = kept
