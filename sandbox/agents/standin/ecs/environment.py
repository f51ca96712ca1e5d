# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ecs.config as ecs-init's own reader sees it: this becomes the environment of the agent.

The other parser of the same two files is systemd's EnvironmentFile=, which makes the environment of ecs-init itself;
the two disagree about quotes, comments and backslashes, and that disagreement is modelled by having both.
"""

from __future__ import annotations

from ..files import read_text
from ..knobs import at

INSTANCE_FILE = "/var/lib/ecs/ecs.config"
USER_FILE = "/etc/ecs/ecs.config"
PRESETS = {
    "ECS_AGENT_CONFIG_FILE_PATH": "/etc/ecs/ecs.config.json",
    "ECS_AVAILABLE_LOGGING_DRIVERS": '["json-file","syslog","awslogs","fluentd","none"]',
    "ECS_DATADIR": "/data",
    "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE": "true",
    "ECS_ENABLE_TASK_IAM_ROLE": "true",
    "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST": "true",
    "ECS_LOGFILE": "/log/ecs-agent.log",
    "ECS_UPDATES_ENABLED": "true",
    "ECS_UPDATE_DOWNLOAD_DIR": "/var/cache/ecs",
    "ECS_VOLUME_PLUGIN_CAPABILITIES": '["efsAuth"]',
}


def parse(content: str) -> dict[str, str]:
    """Split at the first `=`; keep quotes, backslashes, comment signs; a later line wins."""
    values: dict[str, str] = {}
    for line in content.strip().split("\n"):
        key, separator, value = line.strip().partition("=")
        if separator:
            values[key] = value
    return values


def agent_environment() -> dict[str, str]:
    """The user's file over the instance's file over the presets."""
    merged = dict(PRESETS)
    for path in (INSTANCE_FILE, USER_FILE):
        merged.update(parse(read_text(at(path)) or ""))
    return merged
