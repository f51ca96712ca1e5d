# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What host_facts would read on a host of a made-up fleet: one that is as asked, and one that has nothing yet."""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any

FLEET, CLUSTER, REGION, RELEASE = "bench", "bench-edge", "us-west-2", "2026.11"
UNITS = ("docker", "amazon-ssm-agent", "ecs")
PACKAGES = ("docker.io", "docker-ce", "docker", "moby-engine", "amazon-ssm-agent", "amazon-ecs-init")
PROXY_FILES = (
    "/etc/edgefleet/proxy.env",
    *[f"/etc/systemd/system/{unit}.service.d/zz-edgefleet-proxy.conf" for unit in UNITS],
    "/etc/apt/apt.conf.d/95edgefleet-proxy",
)
NO_FILE: Mapping[str, Any] = {"present": False, "mode": None, "sha256": None, "values": {}, "problems": []}


def ecs_config(name: str, site: str) -> dict[str, Any]:
    """What the role ecs_agent asks for with its defaults, in this fleet."""
    return {
        "ECS_CLUSTER": CLUSTER,
        "ECS_EXTERNAL": True,
        "AWS_DEFAULT_REGION": REGION,
        "ECS_INSTANCE_ATTRIBUTES": {"site": site},
        "ECS_CONTAINER_INSTANCE_TAGS": {"fleet": FLEET, "host": name, "site": site},
    }


def _common(name: str, machine_id: str) -> dict[str, Any]:
    disk = {"total_mib": 30000, "free_mib": 20000, "device": 1}
    return {
        "schema": 1,
        "hostname": name,
        "machine_id": machine_id,
        "boot_id": "7e1c4bd4-5d3d-4c94-9a0e-8d2f6f2f7c11",
        "kernel": "6.1.0-28-amd64",
        "arch": "x86_64",
        "python": "3.11.2",
        "interpreter": "/usr/bin/python3",
        "root": True,
        "cpus": 4,
        "memory_mib": 4096,
        "os": {"id": "debian", "version": "12", "like": [], "name": "Debian GNU/Linux 12 (bookworm)"},
        "systemd": {"pid1": True, "version": 252},
        "cgroup": {"version": "v2", "memory": True},
        "board": None,
        "selinux": None,
        "iptables": True,
        "ports": [],
        "disk": {path: dict(disk) for path in ("/usr", "/var", "/var/lib/docker")},
        "packages": dict.fromkeys(PACKAGES),
        "snap_ssm_agent": False,
        "engine": {"version": None, "api": None, "live_restore": None},
        "registration": {
            "registered": False,
            "instance_id": None,
            "region": None,
            "same_machine": None,
            "backup": False,
            "abandoned": None,
        },
        "vault_damage": None,
        "credentials": None,
        "ecs_config": {"user": dict(NO_FILE), "managed": dict(NO_FILE)},
        "ecs_agent": {"state_file": False, "introspection": None, "restart_guard": False, "config_read": None},
        "ssm_agent": None,
        "ssm_config": {
            "endpoint": None,
            "endpoints": dict.fromkeys(("ec2messages", "ssmmessages", "s3", "kms")),
            "dual_stack": False,
        },
        "proxy": {
            "files": {path: {"present": False, "mode": None, "sha256": None, "foreign": False} for path in PROXY_FILES},
            "given": hashlib.sha256(machine_id.encode()).hexdigest(),
            "units": dict.fromkeys(UNITS),
        },
        "nat": {"route_localnet": False, "credential_rules": None},
        "sysctl": {"fs.inotify.max_user_instances": 128, "fs.inotify.max_user_watches": 100000},
        "foreign": {"aws_credentials": []},
        "units": {unit: {"load": "not-found", "active": "inactive", "enabled": False, "restarts": 0} for unit in UNITS},
        "errors": [],
        **dict.fromkeys(("network", "engine_settings", "images", "gpu", "exec_files")),
    }


def bare(name: str, machine_id: str) -> dict[str, Any]:
    return _common(name, machine_id)


def settled(name: str, site: str, machine_id: str, identity: str, arn: str) -> dict[str, Any]:
    """A host that is as the collection's defaults ask, as C(identity) and C(arn)."""
    host = _common(name, machine_id)
    host["packages"].update({
        "docker.io": "20.10.24+dfsg1-1+b3", "amazon-ssm-agent": "3.3.987.0", "amazon-ecs-init": "1.105.1-1",
    })  # fmt: skip
    host["registration"].update(registered=True, instance_id=identity, region=REGION, same_machine=True)
    expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1800))
    host.update(
        engine={"version": "20.10.24+dfsg1", "api": "1.41", "live_restore": False},
        credentials={"instance_id": identity, "expires_at": expires, "retrieved_at": expires, "fresh": True},
        ecs_config=_files(ecs_config(name, site), machine_id),
        ecs_agent={
            "state_file": True,
            "restart_guard": True,
            "config_read": True,
            "introspection": {"cluster": CLUSTER, "container_instance_arn": arn, "version": "1.105.1"},
        },
        nat={"route_localnet": True, "credential_rules": True},
        sysctl={"fs.inotify.max_user_instances": 8192, "fs.inotify.max_user_watches": 100000},
        units={unit: {"load": "loaded", "active": "active", "enabled": True, "restarts": 0} for unit in UNITS},
    )
    return host


def _files(config: Mapping[str, Any], machine_id: str) -> dict[str, Any]:
    """Both files as they would be read once the module agent_config has written them."""
    from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ecs_config, ecs_secrets, observe

    found = {}
    for file, text in ecs_config.render(dict(config)).items():
        values = observe.parse_agent(text)
        found[file] = {
            **copy.deepcopy(NO_FILE),
            "present": True,
            "mode": "0600",
            "sha256": ecs_secrets.fingerprint(machine_id, text),
            "values": {name: observe.concealed(name, value, machine_id) for name, value in values.items()},
        }
    return found


@functools.cache
def _markers() -> tuple[str, str]:
    from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe

    return observe.START, observe.END


def answer(host: Mapping[str, Any]) -> str:
    """As the script of host_facts writes it. The clock stands where it stood a moment ago."""
    start, end = _markers()
    clock = {"epoch": time.time(), "synchronized": True, "took_seconds": 0.0}
    return f"\n{start}{json.dumps({**host, 'clock': clock})}{end}\n"
