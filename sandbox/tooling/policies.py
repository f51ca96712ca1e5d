# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies of docs/iam, held against what playbooks really ask of the Region while tests run them."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import paths

FOLDER = paths.ROOT / "docs" / "iam"
# A run of a playbook calls by this name, so that the Region's log tells who has asked.
CALLER = "PLAYBOOK-"
# Names a file to which the calls of test runs are added, for docs/iam/calls.json.
RECORD = "EDGEFLEET_RECORD_CALLS"

# IAM has another name than the API for these, and asks nobody for the last ones.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
OTHER_NAMES = {
    "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
    "s3:PutBucketNotificationConfiguration": "s3:PutBucketNotification",
    "s3:HeadBucket": "s3:ListBucket",
    "tagging:GetResources": "tag:GetResources",
}
UNASKED = {"sts:GetCallerIdentity"}
# Playbooks that are others under another name, or several of them; what the last two do is no matter of AWS.
SAME_AS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("upgrade", "reregister", "move", "repair_clones"), ("rollout",)),
    "recheck": ("heal",),
    "site": ("region", "aws_sites", "rollout", "workloads"),
    "preflight": (),
    "golden_image": (),
}


def caller(playbook: str) -> str:
    return f"{CALLER}{playbook}"


def action(call: str) -> str:
    """What IAM calls an operation of an API; empty where it needs no permission."""
    return "" if call in UNASKED else OTHER_NAMES.get(call, call)


def actions(calls: Iterable[str]) -> set[str]:
    return {action(call) for call in calls} - {""}


def allowed(document: Mapping[str, object]) -> set[str]:
    """The actions of a policy, each by its full name: docs/iam has no wildcards in actions."""
    found: set[str] = set()
    statements = document["Statement"]
    assert isinstance(statements, list)
    for statement in statements:
        named = statement["Action"]
        found.update([named] if isinstance(named, str) else named)
    return found


def policy(playbook: str) -> set[str]:
    """What the playbook's policy allows; nothing, if there is none."""
    files = [FOLDER / f"{name}.json" for name in SAME_AS.get(playbook, (playbook,))]
    return {name for file in files if file.exists() for name in allowed(json.loads(file.read_text(encoding="utf-8")))}


def logged(lines: Iterable[str]) -> dict[str, set[str]]:
    """The calls of each playbook, from lines of the Region's log: time, status, service:action, caller, error."""
    calls: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        _time, _status, call, who, *_error = line.split()
        if who.startswith(CALLER):
            calls[who.removeprefix(CALLER)].add(call)
    return dict(calls)


def uncovered(calls: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Actions that playbooks have used and that their policies do not allow."""
    missing = {playbook: sorted(actions(made) - policy(playbook)) for playbook, made in calls.items()}
    return {playbook: names for playbook, names in missing.items() if names}


def check(calls: Mapping[str, Iterable[str]]) -> None:
    """Fails when a playbook has asked for more than its policy allows; while calls are recorded, it only records."""
    name = os.environ.get(RECORD)
    if name:
        record(calls, Path(name))
        return
    missing = uncovered(calls)
    assert not missing, f"docs/iam does not allow what was called: {missing}"


def record(calls: Mapping[str, Iterable[str]], file: Path) -> None:
    """Adds to the calls that the file has by playbook."""
    known: dict[str, list[str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for playbook, made in calls.items():
        known[playbook] = sorted({*known.get(playbook, []), *made})
    file.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n", encoding="utf-8")
