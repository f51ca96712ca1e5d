# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's view of its environment, with the real agent's way of failing on each variable.

Source of each rule: config/parse.go and config/config.go of the public agent; only variables with a visible effect on a
host of the sandbox are read, all others are accepted as they are.
"""

from __future__ import annotations

import json
import os
from typing import Any, Callable, NamedTuple

from .exits import RETRIED, TERMINAL, AgentExit
from .metadata import Identity

TRUE = ("1", "t", "T", "TRUE", "true", "True")
FALSE = ("0", "f", "F", "FALSE", "false", "False")
DEFAULT_PORTS = (22, 2375, 2376, 51678, 51679)
LOG_DRIVERS = frozenset(
    (
        "json-file",
        "syslog",
        "journald",
        "gelf",
        "fluentd",
        "awslogs",
        "splunk",
        "logentries",
        "sumologic",
        "none",
        "awsfirelens",
    )
)

Warn = Callable[[str], None]


class Settings(NamedTuple):
    cluster: str
    region: str
    backend: str
    external: bool
    profile: str
    attributes: dict[str, str]
    tags: dict[str, str]
    logging_drivers: list[str]
    reserved_ports: list[int]
    reserved_ports_udp: list[int]
    memory: int
    static_credentials: bool
    instance: Identity | None


def go_bool(value: str, default: bool, warn: Warn) -> bool:
    if value in TRUE or value in FALSE:
        return value in TRUE
    if value:
        warn(f'Invalid format for a boolean: "{value}", using {default}')
    return default


def _json_map(env: dict[str, str], name: str) -> dict[str, str]:
    """Go's unmarshal into map[string]string: anything but strings ends the agent with 1, for ever."""
    text = env.get(name, "")
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise AgentExit(RETRIED, f"Invalid format for {name}: {error}") from error
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(item is None or isinstance(item, str) for item in value.values()):
        raise AgentExit(RETRIED, f"Invalid format for {name}: json: cannot unmarshal into a map of strings")
    return {key: item or "" for key, item in value.items()}


def _json_list(env: dict[str, str], name: str, warn: Warn) -> list[Any] | None:
    text = env.get(name, "")
    if not text:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, list):
        warn(f"Invalid format for {name}: expected a JSON list, got {text}")
        return None
    return value


def _ports(env: dict[str, str], name: str, default: tuple[int, ...], warn: Warn) -> list[int]:
    value = _json_list(env, name, warn)
    if value is None:
        return list(default)
    if not all(isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= 65535 for port in value):
        warn(f"Invalid format for {name}: ports are whole numbers from 0 to 65535")
        return list(default)
    return value


def _logging_drivers(env: dict[str, str], warn: Warn) -> list[str]:
    value = _json_list(env, "ECS_AVAILABLE_LOGGING_DRIVERS", warn)
    if value is None:
        return ["json-file", "none"]
    unknown = [str(driver) for driver in value if driver not in LOG_DRIVERS]
    if unknown:
        raise AgentExit(RETRIED, "Invalid logging drivers: " + ", ".join(unknown))
    return [str(driver) for driver in value]


def host_memory_mib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _memory(env: dict[str, str], warn: Warn) -> int:
    text = env.get("ECS_RESERVED_MEMORY", "")
    reserved = int(text) if text.isdigit() else 0
    if text and (not text.isdigit() or reserved > 65535):
        warn(f'Invalid format for ECS_RESERVED_MEMORY: "{text}", using 0')
        reserved = 0
    total = host_memory_mib()
    if reserved > total:
        raise AgentExit(RETRIED, f"Invalid reserved memory of {reserved} MiB: the host has {total} MiB")
    return total - reserved


def _check_routes(env: dict[str, str]) -> None:
    text = env.get("ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", "")
    try:
        valid = not text or isinstance(json.loads(text), list)
    except ValueError:
        valid = False
    if not valid:
        raise AgentExit(RETRIED, "Invalid format for ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES, expected a JSON list of CIDRs")


def wants_metadata(env: dict[str, str]) -> bool:
    """Whether the agent looks for an EC2 metadata service: neither external nor with credentials of its own."""
    return env.get("ECS_EXTERNAL", "") not in TRUE and not env.get("AWS_ACCESS_KEY_ID")


def read(env: dict[str, str], warn: Warn, instance: Identity | None = None) -> Settings:
    """`instance` is the EC2 instance that the agent is on."""
    _check_routes(env)
    settings = Settings(
        cluster=env.get("ECS_CLUSTER", ""),
        region=env.get("AWS_DEFAULT_REGION") or (instance.region if instance else ""),
        backend=env.get("ECS_BACKEND_HOST", ""),
        external=go_bool(env.get("ECS_EXTERNAL", ""), False, warn),
        profile=env.get("ECS_ALTERNATE_CREDENTIAL_PROFILE") or "default",
        attributes=_json_map(env, "ECS_INSTANCE_ATTRIBUTES"),
        tags=_json_map(env, "ECS_CONTAINER_INSTANCE_TAGS"),
        logging_drivers=_logging_drivers(env, warn),
        reserved_ports=_ports(env, "ECS_RESERVED_PORTS", DEFAULT_PORTS, warn),
        reserved_ports_udp=_ports(env, "ECS_RESERVED_PORTS_UDP", (), warn),
        memory=_memory(env, warn),
        static_credentials=bool(env.get("AWS_ACCESS_KEY_ID")),
        instance=instance,
    )
    if not settings.region:
        raise AgentExit(RETRIED, "AWS_DEFAULT_REGION must be set when the agent cannot ask an EC2 metadata service")
    if not settings.external and not settings.static_credentials and instance is None:
        raise AgentExit(TERMINAL, "Not in external mode and no EC2 metadata service: no credentials")
    return settings
