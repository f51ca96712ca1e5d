# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of hosts that were healed and of hosts that have left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import heal, record, removal
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import drawing, plain

from tests.unit.plugins.module_utils.planning import runs

from .test_page import Reader

PLAN = {
    "run_id": "20261122T010000Z",
    "started": runs.iso(0),
    "fleet": "retail",
    "cluster": "retail-edge",
    "region": "us-west-2",
}
STOPPED = {
    "symptom": "ecs is stopped",
    "cause": "a terminal error",
    "remedy": heal.RESTART_ECS,
    "advice": "",
    "line": "",
}


def healed(**results: str) -> dict[str, Any]:
    hosts = {
        name: {
            "site": name.split("_")[0],
            "result": result,
            "reason": "" if result in ("healthy", "healed") else f"because of <{result}>",
            "symptoms": [] if result == "healthy" else [STOPPED],
            "remedies": [],
        }
        for name, result in results.items()
    }
    told = {"hosts": hosts, "dead": ["arn:aws:ecs:us-west-2:1:container-instance/edge/abc"]}
    return {**heal.record_of(PLAN, told, runs.iso(75)), "written": runs.iso(75)}


def left(**site: Any) -> dict[str, Any]:
    host: dict[str, Any] = {"site": "lab", "action": "remove", "reachable": True, "work": ["ecs"]}
    host.update(nodes=["mi-1"], instances=["arn:x/edge/abc"], identities=["mi-1"])
    result = {"site": "lab", "instances": ["arn:x/edge/abc"], "nodes": ["mi-1"], "failure": "", **site}
    done = {"lab-1": {"removed": ["ecs"], "failure": ""}}
    return {**removal.record({**PLAN, "hosts": {"lab-1": host}}, [result], done, runs.iso(9)), "written": runs.iso(9)}


def test_healing_tells_what_is_left_first_and_what_was_done() -> None:
    run = healed(lab_1="healthy", lab_2="healed", lyon_1="not connected", oslo_1="unreachable")
    told = Reader(plain.page(run))
    order = [
        # In the page's title, too.
        "2 of 4 hosts are well; 2 need attention.",
        "Healing of retail",
        "after 1 min 15 s",
        "What needs attention",
        "not connected because of <not connected> lyon/lyon_1",
        "unreachable because of <unreachable> oslo/oslo_1",
        "Site by site",
        "ecs is stopped (a terminal error): restart ecs",
        "Records that were left behind, and removed abc",
    ]
    places = [told.text.find(words) for words in order]
    assert -1 not in places and places == sorted(places), places
    assert told.links == [] and told.tags.count("script") == 1
    assert plain.view(run)["tone"] == "bad"


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (healed(lab_1="healthy"), "The host is well."),
        (healed(lab_1="healthy", lab_2="healed"), "All 2 hosts are well."),
        (left(), "The host is gone."),
        (left(failure="Access denied."), "0 of 1 hosts are gone; 1 needs attention."),
    ],
)
def test_the_first_sentence_says_whether_somebody_is_needed(run: dict[str, Any], said: str) -> None:
    text = Reader(plain.page(run)).text
    assert said in text
    assert ("What needs attention" in text) is ("attention." in said)


def test_what_was_removed_of_a_host_is_told() -> None:
    text = Reader(plain.page(left())).text
    assert "removed container instance abc removed managed node mi-1 removed the host's ecs" in text


def test_every_result_has_a_colour() -> None:
    words = ("healthy", "healed", "would be healed", "needs something else", "not healed", "not connected", "lost")
    assert {*words, "unreachable", "failed", "removed", "absent"} == set(plain._TONES)
    assert set(plain._TONES.values()) <= set(plain.SIGNS)


@pytest.mark.parametrize(("run", "link"), [(healed(lab_1="healed"), "heal.html"), (left(), "decommission.html")])
def test_the_page_lies_beside_the_record_and_a_link_names_the_newest(
    run: dict[str, Any], link: str, tmp_path: Path
) -> None:
    path = tmp_path / f"{run['run_id']}-{run['kind']}.json"
    assert drawing.beside(path, run) == (str(path.with_suffix(".html")), [])
    assert os.readlink(tmp_path / link) == path.with_suffix(".html").name
    assert f"<code>{path.name}</code>" in (tmp_path / link).read_text()


def test_a_run_of_a_kind_that_nobody_knows_has_no_page(tmp_path: Path) -> None:
    assert drawing.beside(tmp_path / "x.json", {**record.head(PLAN, "other", runs.iso(1)), "hosts": {}}) == ("", [])
