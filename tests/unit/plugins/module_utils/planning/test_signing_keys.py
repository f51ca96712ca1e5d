# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import openpgp
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import signing_keys
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import findings

from tests.unit.plugins.module_utils.planning.state import BARE, DESIRED, HOST

ROOT = Path(__file__).resolve().parents[5]
END = date(2027, 11, 25)
OLD = {"fingerprint": "4855A9E6833216D6A77D8FE451A8E050D0052E5D", "expires": "2026-07-15"}
NEW = {"fingerprint": "1C5B395CBE5E74E2F1CA21592784DBF388D19D46", "expires": "2027-11-25"}
FOREVER = {"fingerprint": "F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F"}


def desired(keys: list[dict[str, Any]], **more: str) -> dict[str, Any]:
    state = copy.deepcopy(DESIRED)
    state["ssm_agent"].update(source="vendor", signing_keys=keys, **more)
    return state


@pytest.mark.parametrize(
    ("days", "levels"),
    [(400, []), (91, []), (90, ["warning"]), (1, ["warning"]), (0, ["warning"]), (-1, ["error"]), (-900, ["error"])],
)
def test_a_bare_host_is_warned_and_then_refused(days: int, levels: list[str]) -> None:
    found = findings(BARE, desired([OLD, NEW]), END - timedelta(days=days))
    assert [finding["level"] for finding in found] == levels
    for finding in found:
        assert finding["check"] == "signing_key" and "2027-11-25" in finding["what"]
        assert "amazon-ssm-agent" in finding["what"] and "ssm_agent_signing_keys" in finding["advice"]
        assert "https://docs.aws.amazon.com/" in finding["advice"]


def test_a_host_that_has_its_package_goes_on() -> None:
    late = END + timedelta(days=1)
    (finding,) = findings(HOST, desired([NEW]), late)
    assert finding["level"] == "warning"
    (finding,) = findings(HOST, desired([NEW], version="3.3.999.0"), late)
    assert finding["level"] == "error"


@pytest.mark.parametrize("keys", [[NEW, FOREVER], [FOREVER]])
def test_a_key_without_an_end_never_ends(keys: list[dict[str, Any]]) -> None:
    assert findings(BARE, desired(keys), date(2199, 1, 1)) == []


def test_a_repository_has_keys_of_its_own() -> None:
    state = desired([OLD])
    state["ssm_agent"]["source"] = "repository"
    assert findings(BARE, state, END) == []


def test_without_a_day_nothing_is_judged() -> None:
    assert findings(BARE, desired([OLD])) == []


def test_only_keys_that_have_not_ended_count() -> None:
    keys = [OLD, {**NEW, "expires": END}, FOREVER]
    ends = [date(2026, 7, 15), date(2026, 7, 16), END, date(2027, 11, 26)]
    counted = [len(signing_keys.usable(keys, day)) for day in ends]
    assert counted == [3, 2, 2, 1]


@pytest.mark.parametrize(
    ("role", "keys"), [("ssm_agent", [OLD, NEW]), ("ecs_agent", [FOREVER])], ids=["ssm_agent", "ecs_agent"]
)
def test_amazons_keys_are_known_with_their_last_days(role: str, keys: list[dict[str, Any]]) -> None:
    defaults = yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text())
    specs = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())
    options = specs["argument_specs"]["main"]["options"]
    assert defaults[f"{role}_signing_keys"] == options[f"{role}_signing_keys"]["default"] == keys


def test_the_key_that_comes_with_the_role_is_the_pinned_one() -> None:
    key = (ROOT / "roles" / "ecs_agent" / "files" / "amazon-ecs-agent.gpg").read_bytes()
    assert openpgp.fingerprints(key) == [FOREVER["fingerprint"]]
