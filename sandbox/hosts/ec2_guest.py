# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host an EC2 instance of AWS's ECS-optimized image: user data, the agent enabled. Data only, no I/O."""

from __future__ import annotations

from . import guest
from .guest import File

_USER_DATA = "/usr/lib/edgefleet/user-data"
_WANTS = "/etc/systemd/system/multi-user.target.wants"

# The unit's name and its place before the agent are those of the image: a script that waits for ecs.service to start
# waits for itself (docs.aws.amazon.com, "Bootstrapping Amazon ECS Linux container instances").
_CLOUD_FINAL = f"""\
[Unit]
Description=User data of this EC2 instance (sandbox stand-in for cloud-init)
After=network.target docker.service
Wants=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=0
ExecStart={_USER_DATA}
StandardOutput=append:/var/log/cloud-init-output.log
StandardError=inherit
"""
_ECS = """\
[Unit]
After=cloud-final.service
"""


def files(endpoint: str, package_key: str, user_data: str) -> dict[str, File]:
    """`endpoint` is the Region's; `user_data` the program that runs user data."""
    return {
        guest.PACKAGE_KEY: File(package_key),
        "/etc/ecs/ecs.config": File(""),
        "/etc/systemd/system/cloud-final.service": File(_CLOUD_FINAL),
        "/etc/systemd/system/ecs.service.d/image.conf": File(_ECS),
        # Instead of DNS: user data is written for AWS and names no endpoint. /etc/ecs/ecs.config overrides it.
        "/var/lib/ecs/ecs.config": File(f"ECS_BACKEND_HOST={endpoint}\n"),
        _USER_DATA: File(user_data, 0o755),
    }


LINKS = {
    f"{_WANTS}/cloud-final.service": "/etc/systemd/system/cloud-final.service",
    f"{_WANTS}/ecs.service": "/lib/systemd/system/ecs.service",
}
