# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process environment in which Ansible, the AWS clients and the sandbox's own tools run."""

from __future__ import annotations

import os

from . import paths
from .python import Environment

REGION = "us-west-2"
REGION_HOST = "198.18.0.1"
ENDPOINT = f"http://{REGION_HOST}:4566"
PACKAGE_SERVER_PORT = 8080

# A developer's own account, proxy and Ansible settings have no place in the sandbox.
_FOREIGN = ("AWS_", "ANSIBLE_", "BOTO_", "PYTHON")


def isolated(environment: Environment) -> dict[str, str]:
    """This process's environment with the virtual environment's tools first, without foreign settings."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    env["PATH"] = f"{environment.bin}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["VIRTUAL_ENV"] = str(environment.path)
    env["ANSIBLE_COLLECTIONS_PATH"] = str(paths.collections())
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    env["PYTHONUNBUFFERED"] = "1"
    env.setdefault("LANG", "C.UTF-8")
    return env


def sandboxed(environment: Environment, instance: str) -> dict[str, str]:
    """The same, pointed at the simulated Region of a sandbox with credentials that no real account knows."""
    return {
        **isolated(environment),
        "ANSIBLE_CONFIG": str(paths.ROOT / "ansible.cfg"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": ENDPOINT,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # What ansible-core and amazon.aws announce for later is no news of a fleet.
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        # Sandboxes have the same addresses: a connection kept for one of them must not serve another.
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(paths.state(instance) / "ssh-connections"),
        "EDGEFLEET_INSTANCE": instance,
        "NO_PROXY": "*",
        "no_proxy": "*",
    }
