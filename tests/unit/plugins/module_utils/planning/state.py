# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is as asked, and what is asked of it; tests change one thing and look."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ecs_config, ecs_secrets, observe, proxy

MACHINE_ID = "0123456789abcdef0123456789abcdef"
IDENTITY = "mi-0123456789abcdef0"

DESIRED: dict[str, Any] = {
    "engine": {"package": "docker.io", "version": ""},
    "ssm_agent": {"version": "3.3.987.0", "endpoint": ""},
    "registration": {"region": "us-west-2"},
    "ecs_agent": {"version": "1.105.1", "cluster": "retail-edge"},
    "ecs_config": {
        "ECS_CLUSTER": "retail-edge",
        "ECS_EXTERNAL": True,
        "AWS_DEFAULT_REGION": "us-west-2",
        "ECS_INSTANCE_ATTRIBUTES": {"site": "oslo"},
        "ECS_ENGINE_AUTH_TYPE": "docker",
        "ECS_ENGINE_AUTH_DATA": {"registry.example": {"username": "u", "password": "hunter2", "email": "e"}},
    },
    "sysctl": {"fs.inotify.max_user_instances": 8192},
}

UNIT = {"load": "loaded", "active": "active", "enabled": True, "restarts": 0}


def config_files(config: dict[str, Any]) -> dict[str, Any]:
    """Both files as host_facts reports them once they were written."""
    return {
        file: {
            "present": True,
            "mode": "0600",
            "sha256": ecs_secrets.fingerprint(MACHINE_ID, text),
            "values": {
                name: observe.concealed(name, value, MACHINE_ID) for name, value in observe.parse_agent(text).items()
            },
            "problems": [],
        }
        for file, text in ecs_config.render(config).items()
    }


UNIT_PROXIES = dict.fromkeys(proxy.UNITS, proxy.Proxy())


def proxy_state(written: proxy.Proxy, running: dict[str, proxy.Proxy]) -> dict[str, Any]:
    """What host_facts reports of a Debian host with these files, and units that were started with these proxies."""
    paths = [proxy.ENVIRONMENT_FILE, *proxy.DROP_INS.values(), proxy.APT_FILE]
    files: dict[str, Any] = {}
    for path in paths:
        state = proxy.wanted(written, path)
        files[path] = {
            "present": bool(state.text),
            "mode": f"{state.mode:04o}" if state.mode is not None else None,
            "sha256": ecs_secrets.fingerprint(MACHINE_ID, state.text) if state.text else None,
            "foreign": False,
        }

    def digest(one: proxy.Proxy) -> str:
        return ecs_secrets.fingerprint(MACHINE_ID, proxy.canonical(proxy.environment(one)))

    units = {unit: digest(running[unit]) if unit in running else None for unit in proxy.UNITS}
    return {"files": files, "given": digest(written), "units": units}


HOST: dict[str, Any] = {
    "schema": 1,
    "machine_id": MACHINE_ID,
    "arch": "x86_64",
    "python": "3.11.2",
    "root": True,
    "memory_mib": 4096,
    "os": {"id": "debian", "version": "12", "like": [], "name": "Debian GNU/Linux 12 (bookworm)"},
    "systemd": {"pid1": True, "version": 252},
    "cgroup": {"version": "v2", "memory": True},
    "clock": {"epoch": 1795301901.5, "skew_seconds": 0.01, "synchronized": True},
    "disk": {
        path: {"total_mib": 30000, "free_mib": 20000, "device": 1} for path in ("/usr", "/var", "/var/lib/docker")
    },
    "packages": {
        "docker.io": "20.10.24+dfsg1-1+b3", "docker-ce": None, "docker": None, "moby-engine": None,
        "amazon-ssm-agent": "3.3.987.0", "amazon-ecs-init": "1.105.1-1",
    },
    "snap_ssm_agent": False,
    "engine": {"version": "20.10.24+dfsg1", "api": "1.41", "live_restore": False},
    "units": {name: dict(UNIT) for name in ("docker", "amazon-ssm-agent", "ecs")},
    "registration": {
        "registered": True, "instance_id": IDENTITY, "region": "us-west-2", "same_machine": True, "backup": False,
        "abandoned": None,
    },
    "vault_damage": None,
    "credentials": {
        "instance_id": IDENTITY, "expires_at": "2026-11-21T23:45:00Z", "retrieved_at": "2026-11-21T22:45:00Z",
        "fresh": True,
    },
    "ecs_config": config_files(DESIRED["ecs_config"]),
    "ecs_agent": {
        "state_file": True, "restart_guard": True, "config_read": True,
        "introspection": {"cluster": "retail-edge", "container_instance_arn": "arn:x", "version": "1.105.1"},
    },
    "ssm_config": {"endpoint": None, "endpoints": dict.fromkeys(("ec2messages", "ssmmessages", "s3", "kms")),
                   "dual_stack": False},
    "proxy": proxy_state(proxy.Proxy(), running=UNIT_PROXIES),
    "nat": {"route_localnet": True, "credential_rules": True},
    "sysctl": {"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": 100000},
    "foreign": {"aws_credentials": []},
    "board": None,
    "selinux": None,
    "iptables": True,
    "ports": [],
    "network": None,
    "errors": [],
}  # fmt: skip

BARE: dict[str, Any] = {
    **HOST,
    "packages": dict.fromkeys(HOST["packages"]),
    "engine": {"version": None, "api": None, "live_restore": None},
    "units": {
        name: {"load": "not-found", "active": "inactive", "enabled": False, "restarts": 0} for name in HOST["units"]
    },
    "proxy": proxy_state(proxy.Proxy(), running={}),
    "registration": {
        "registered": False, "instance_id": None, "region": None, "same_machine": None, "backup": False,
        "abandoned": None,
    },
    "credentials": None,
    "ecs_config": {
        file: {"present": False, "mode": None, "sha256": None, "values": {}, "problems": []}
        for file in HOST["ecs_config"]
    },
    "ecs_agent": {"state_file": False, "introspection": None, "restart_guard": False, "config_read": None},
    "nat": {"route_localnet": False, "credential_rules": None},
    "sysctl": {"fs.inotify.max_user_instances": 128, "fs.inotify.max_user_watches": 100000},
}  # fmt: skip


def place(state: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    """Set one leaf in place."""
    for key in path[:-1]:
        state = state[key]
    state[path[-1]] = value
    return state
