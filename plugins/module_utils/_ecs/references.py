# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How services, task definitions and tasks are named, checked before any call. Rules are those of the API reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._aws.errors import invalid

_NAME = r"[A-Za-z0-9_-]{1,255}"
_ARN = r"arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}"
_SERVICE = re.compile(_NAME)
_SERVICE_ARN = re.compile(rf"{_ARN}:service/(?:{_NAME}/)?({_NAME})")
_DEFINITION = re.compile(rf"(?:{_ARN}:task-definition/)?{_NAME}(?::[1-9]\d*)?")
_TASK = re.compile(
    rf"[0-9a-f]{{32}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}|{_ARN}:task/(?:{_NAME}/)?[0-9a-f-]{{32,36}}"
)
_STARTED_BY = re.compile(r"[A-Za-z0-9_/-]{1,128}")
_TOKEN = re.compile(r"[!-~]{1,60}")
SERVICE_GROUP = "service:"


def check_service_name(name: str) -> str:
    if not _SERVICE.fullmatch(name):
        raise invalid("name", name, "a service name has 1 to 255 letters, digits, hyphens and underscores")
    return name


def check_services(references: Sequence[str], option: str = "services") -> list[str]:
    for reference in references:
        if not (_SERVICE.fullmatch(reference) or _SERVICE_ARN.fullmatch(reference)):
            raise invalid(option, reference, "give the name or the ARN of a service")
    return list(dict.fromkeys(references))


def check_definition(reference: str | None) -> str | None:
    if reference is not None and not _DEFINITION.fullmatch(reference):
        raise invalid("task_definition", reference, "give a family, family:revision, or an ARN")
    return reference


def is_family(reference: str) -> bool:
    """Whether the revision is left to ECS, which takes the latest ACTIVE one."""
    return ":" not in short_definition(reference)


def short_definition(reference: str) -> str:
    """family:revision of an ARN."""
    return reference.rpartition("/")[2]


def same_definition(arn: str, reference: str) -> bool:
    return reference in (arn, short_definition(arn))


def check_tasks(references: Sequence[str]) -> list[str]:
    for reference in references:
        if not _TASK.fullmatch(reference):
            raise invalid("tasks", reference, "give the id or the ARN of a task")
    return list(dict.fromkeys(references))


def check_group(group: str | None) -> str | None:
    if group is not None and (not group or group.startswith(SERVICE_GROUP)):
        raise invalid("group", group, "a group has a name, and one that starts with service: belongs to a service")
    return group


def check_started_by(name: str | None) -> str | None:
    if name is not None and not _STARTED_BY.fullmatch(name):
        raise invalid("started_by", name, "it has 1 to 128 letters, digits, hyphens, underscores and slashes")
    return name


def check_token(token: str | None) -> str | None:
    # ECS takes 64 characters; the rest is for the number of the batch.
    if token is not None and not _TOKEN.fullmatch(token):
        raise invalid("client_token", token, "it has 1 to 60 printable ASCII characters without spaces")
    return token
