# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks need and container instances have: CPU, memory, ports and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .model import ContainerInstance, Needs, Port, TaskDefinition

_CAPABILITY = "com.amazonaws.ecs.capability."
_PORTS = {"PORTS": "tcp", "PORTS_UDP": "udp"}
# ECS writes a task's CPU as units or as "1 vCPU", its memory as MiB or as "2 GB".
_UNITS = {"vcpu": 1024, "gb": 1024}


def amount(text: str | int) -> int:
    """CPU units or MiB from what the API takes at the level of the task."""
    words = str(text).lower().replace("vcpu", " vcpu").replace("gb", " gb").split()
    if len(words) == 2 and words[1] in _UNITS:
        return int(float(words[0]) * _UNITS[words[1]])
    return int(str(text))


def needs(definition: TaskDefinition, overrides: Mapping[str, Any]) -> Needs:
    """What a task of this definition takes from its instance."""
    body = definition.body
    changed = {item.get("name"): item for item in overrides.get("containerOverrides", [])}
    containers = [{**one, **changed.get(one["name"], {})} for one in body["containerDefinitions"]]
    cpu = overrides.get("cpu") or body.get("cpu")
    memory = overrides.get("memory") or body.get("memory")
    return Needs(
        cpu=amount(cpu) if cpu else sum(one.get("cpu", 0) for one in containers),
        memory=amount(memory)
        if memory
        else sum(one.get("memoryReservation") or one.get("memory") or 0 for one in containers),
        ports=frozenset(_fixed_ports(body)),
        attributes=required_attributes(definition),
    )


def _fixed_ports(body: Mapping[str, Any]) -> list[Port]:
    mode, found = body["networkMode"], []
    for container in body["containerDefinitions"]:
        for mapping in container.get("portMappings", []):
            port = mapping.get("hostPort") or (mapping.get("containerPort") if mode == "host" else 0)
            if port and mode in ("bridge", "host"):
                found.append((port, mapping.get("protocol", "tcp")))
    return found


def required_attributes(definition: TaskDefinition) -> frozenset[str]:
    return frozenset(item["name"] for item in definition.body.get("requiresAttributes", []))


def has_attributes(instance: ContainerInstance, wanted: frozenset[str]) -> bool:
    """Whether the agent can what a task needs. An agent that names no capability at all is taken to have every one."""
    if not wanted or wanted <= instance.attributes.keys():
        return True
    return not any(name.startswith(_CAPABILITY) for name in instance.attributes)


def reserved_ports(instance: ContainerInstance) -> set[Port]:
    return {
        (int(port), _PORTS[item["name"]])
        for item in instance.resources
        if item.get("name") in _PORTS
        for port in item.get("stringSetValue", [])
    }


def shortage(instance: ContainerInstance, wanted: Needs) -> str | None:
    """The first resource that the instance lacks, as `failures` name it."""
    for resource, amount_wanted in (("CPU", wanted.cpu), ("MEMORY", wanted.memory)):
        registered = instance.registered_amount(resource)
        if registered is not None and registered - instance.used[resource] < amount_wanted:
            return f"RESOURCE:{resource}"
    if wanted.ports and wanted.ports & (instance.used_ports | reserved_ports(instance)):
        return "RESOURCE:PORTS"
    return None


def take(instance: ContainerInstance, wanted: Needs) -> None:
    instance.used["CPU"] += wanted.cpu
    instance.used["MEMORY"] += wanted.memory
    instance.used_ports |= wanted.ports


def give_back(instance: ContainerInstance, wanted: Needs) -> None:
    instance.used["CPU"] -= wanted.cpu
    instance.used["MEMORY"] -= wanted.memory
    instance.used_ports -= wanted.ports


def remaining(instance: ContainerInstance) -> list[dict[str, Any]]:
    """remainingResources. The ports in it are those that are taken, as in AWS."""
    shown = []
    for item in instance.resources:
        name = item.get("name", "")
        if name in instance.used:
            shown.append({**item, "integerValue": item.get("integerValue", 0) - instance.used[name]})
        elif name in _PORTS:
            taken = sorted(port for port, protocol in instance.used_ports if protocol == _PORTS[name])
            listed = list(item.get("stringSetValue", []))
            shown.append({**item, "stringSetValue": [*listed, *(str(port) for port in taken)]})
        else:
            shown.append(item)
    return shown
