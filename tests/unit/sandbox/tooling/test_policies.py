# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policies of docs/iam: they allow what tests have seen called, and nothing else without a reason."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from sandbox.tooling import paths, policies

CALLS = json.loads((policies.FOLDER / "calls.json").read_text(encoding="utf-8"))
FILES = sorted(path for path in policies.FOLDER.glob("*.json") if path.stem != "calls")
PLAYBOOKS = sorted(path.stem for path in (paths.ROOT / "playbooks").glob("*.yml"))
# Characters of a managed policy, without spaces.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
LONGEST = 6144


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_playbook_has_a_policy_or_needs_none(playbook: str) -> None:
    named = policies.SAME_AS.get(playbook, (playbook,))
    assert {f"{name}.json" for name in named} <= {path.name for path in FILES}
    assert f"`{playbook}`" in (paths.ROOT / "docs" / "iam.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_policy_allows_what_was_seen_and_says_why_it_allows_more(file: Path) -> None:
    allowed = policies.policy(file.stem)
    seen = policies.actions(CALLS["seen"][file.stem])
    reasons = CALLS["not_seen"].get(file.stem, {})
    assert seen <= allowed
    assert allowed - seen == set(reasons)
    assert all(len(reason) > 10 for reason in reasons.values())


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_policy_is_one_that_iam_would_take(file: Path) -> None:
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids) and all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow" and set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        assert statement["Action"] == sorted(set(statement["Action"]))
    assert len(re.sub(r"\s", "", file.read_text(encoding="utf-8"))) <= LONGEST
    assert not [action for action in policies.policy(file.stem) if "*" in action]


def operations(service: str, known: dict[str, set[str]]) -> set[str]:
    if service not in known:
        model = botocore.session.get_session().get_service_model({"events": "events"}.get(service, service))
        known[service] = set(model.operation_names)
    return known[service]


def test_actions_are_operations_of_their_services() -> None:
    known: dict[str, set[str]] = {}
    other = set(policies.OTHER_NAMES.values()) | {"iam:PassRole"}
    named = {action for file in FILES for action in policies.policy(file.stem)} - other
    unknown = [
        action for action in named if action.partition(":")[2] not in operations(action.partition(":")[0], known)
    ]
    assert unknown == []


def line(call: str, who: str) -> str:
    return f"1000.123 200 {call} {who} -"


def test_the_log_tells_who_has_called() -> None:
    lines = [
        line("ecs:DescribeClusters", policies.caller("plan")),
        line("ecs:Poll", "mi-1"),
        line("sts:GetCallerIdentity", "test"),
    ]
    assert policies.logged(lines) == {"plan": {"ecs:DescribeClusters"}}


def test_what_is_not_allowed_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(policies.RECORD, raising=False)
    policies.check({"plan": {"ecs:ListContainerInstances", "sts:GetCallerIdentity"}, "preflight": set()})
    with pytest.raises(AssertionError, match=r"\{'plan': \['ecs:StopTask'\]\}"):
        policies.check({"plan": {"ecs:ListContainerInstances", "ecs:StopTask"}})
    with pytest.raises(AssertionError, match="preflight"):
        policies.check({"preflight": {"ecs:DescribeClusters"}})


def test_upgrades_have_the_policy_of_rollouts_and_site_has_several() -> None:
    assert policies.policy("upgrade") == policies.policy("rollout")
    assert policies.policy("site") > policies.policy("rollout") | policies.policy("region")


def test_calls_are_recorded_beside_those_that_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "calls.json"
    monkeypatch.setenv(policies.RECORD, str(file))
    calls: dict[str, Any] = {"plan": {"ecs:StopTask"}}
    policies.check(calls)
    policies.check({"plan": {"ecs:RunTask"}})
    assert json.loads(file.read_text()) == {"plan": ["ecs:RunTask", "ecs:StopTask"]}
