# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a record: what it says, and that it fetches and believes nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import changes, page, timeline, view

from tests.unit.plugins.module_utils.planning import runs

VOID = {"meta", "br", "input", "link", "img"}


class Reader(HTMLParser):
    """The page's text, its identifiers and the links inside it; every element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append(tag)
        self.ids += [told["id"]] if told.get("id") else []
        self.links += [told[name] for name in ("href", "src") if told.get(name)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(run: dict[str, Any], path: str = "") -> Reader:
    return Reader(page.page(run, path))


def test_page_of_a_large_fleet_tells_what_matters_first() -> None:
    told = read(runs.run(120, parallel=4), "/srv/records/1.json").text
    order = [
        "left DRAINING",
        "What needs attention",
        "fleet_only_failed=/srv/records/1.json",
        "Waves",
        "Sites",
        "Site by site",
        "What differed before the run",
        "Versions",
    ]
    places = [told.find(words) for words in order]
    assert -1 not in places and places == sorted(places)
    assert re.search(r"\d+ of 240 hosts are as asked; \d+ need attention\.", told)


def test_page_of_a_run_without_trouble_asks_for_nothing() -> None:
    told = read(runs.run(2))
    assert "All 4 hosts are as asked." in told.text
    assert "What needs attention" not in told.text and "DRAINING" not in told.text


@pytest.mark.parametrize(("sites", "until"), [(1, 1), (3, 0), (60, 0.5), (60, 1)])
def test_every_link_leads_somewhere_in_the_page(sites: int, until: float) -> None:
    told = read(runs.run(sites, until=until))
    assert len(set(told.ids)) == len(told.ids)
    assert {link for link in told.links if not link.startswith("#")} == set()
    assert {link[1:] for link in told.links} <= set(told.ids)


def test_page_fetches_nothing() -> None:
    text = page.page(runs.run(20), "/srv/1.json")
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|//\w+\.|@import|url\(", text)


def test_a_page_is_drawn_again_only_while_the_run_goes_on() -> None:
    assert 'http-equiv="refresh"' in page.page(runs.run(4, until=0.5))
    assert 'http-equiv="refresh"' not in page.page(runs.run(4))


def test_nothing_that_hosts_or_inventories_say_becomes_markup() -> None:
    evil = "<script>alert(1)</script>\"'&{{ 7*7 }}"
    planned = runs.plan(3)
    planned.update(fleet=evil, cluster=evil, release=evil, region=evil)
    planned["waves"][0]["why"] = evil
    for host in planned["hosts"].values():
        host.update(warnings=[evil], versions={evil: evil})
        host["drift"] = [{**entry, "component": evil, "reason": evil, "before": evil} for entry in host["drift"]]
    run = record.begin(planned)
    result = runs.result(planned, 1, 0, 9)
    bad = {name: {"outcome": "failed", "reason": evil, "logs": evil, "left": [evil]} for name in result["outcomes"]}
    run = record.end(record.add(run, [{**result, "outcomes": bad, "site": evil}]), runs.iso(99))
    text = page.page({**run, "written": runs.iso(99)}, evil)
    told = Reader(text)
    assert told.tags.count("script") == 1 and "49" not in told.text.split()
    assert told.text.count("alert(1)") > 8


def test_a_page_names_who_is_draining_and_who_has_drained_it() -> None:
    planned = runs.plan(3)
    name, planned["hosts"] = next(iter(planned["hosts"])), dict(planned["hosts"])
    planned["hosts"][name] = {
        **planned["hosts"][name], "action": "unreachable", "status": "DRAINING", "drained_by": "20261120T010000Z",
    }  # fmt: skip
    planned["batches"], planned["steps"] = [], []
    planned["drained_outside"] = [{"host": "oslo-1", "site": "oslo", "instance": "mi-1", "run": "20261119T010000Z"}]
    told = read({**record.end(record.begin(planned), runs.iso(9)), "written": runs.iso(9)}).text
    assert f"1 left DRAINING ECS places no task on this host: {name} ." in told
    assert "DRAINING by run 20261120T010000Z" in told
    assert "DRAINING outside of this run, by run 20261119T010000Z: oslo/oslo-1." in told


def test_a_running_page_says_what_is_under_way() -> None:
    run = runs.run(30, parallel=2, until=0.3)
    told = read(run).text
    for batch in record.under_way(run):
        assert f"Site {batch['site']} (wave {batch['wave']}): {batch['hosts'][0]}" in told
    assert "not done yet" in told and "steps left, about" in told


def test_hosts_whose_turn_has_not_come_are_no_trouble() -> None:
    shown = view.view(runs.run(2, until=0))
    assert (shown["trouble"], shown["bad_sites"], shown["tone"]) == ([], [], "running")


def test_trouble_is_told_once_for_all_who_share_it() -> None:
    shown = view.view(runs.run(300))
    outcomes = ["failed", "rolled_back", "unreachable", "blocked", "skipped"]
    assert [group["outcome"] for group in shown["trouble"]] == outcomes
    assert [len(group["reasons"]) for group in shown["trouble"]] == [1] * 5


def test_of_too_many_reasons_the_rest_stands_with_the_hosts() -> None:
    run = runs.run(300)
    for number, name in enumerate(record.amiss(run)):
        run["hosts"][name]["reason"] = f"trouble {number}"
    group = view.view(run)["trouble"][-1]
    assert len(group["reasons"]) == 4 and len(group["more"]) == len(group["hosts"]) - 4


def test_bars_of_sites_that_run_together_do_not_cover_each_other() -> None:
    run = runs.run(60, parallel=4)
    scale = timeline.scale_of(run)
    assert scale
    drawn = timeline.bars(run, "rest", scale)
    assert max(bar["lane"] for bar in drawn) == 3
    for lane in range(4):
        spans = sorted((bar["left"], bar["left"] + bar["width"]) for bar in drawn if bar["lane"] == lane)
        assert all(one[1] <= other[0] + 0.01 for one, other in zip(spans, spans[1:], strict=False))
    assert all(0 <= bar["left"] <= bar["left"] + bar["width"] <= 100.01 for bar in drawn)


def test_a_wave_of_many_batches_is_drawn_site_by_site() -> None:
    run = runs.run(100, hosts=4)
    shown = {wave["name"]: wave for wave in timeline.waves(run)}
    sites = {batch["site"] for batch in run["batches"] if batch["wave"] == "rest" and (batch["gate"] or {})["open"]}
    assert len(shown["rest"]["bars"]) == len(sites)
    assert all(bar["tone"] in timeline.ORDER for bar in shown["rest"]["bars"])


@pytest.mark.parametrize("seconds", [9, 70, 1000, 14000, 90000, 400000])
def test_ticks_are_at_round_times_and_few(seconds: int) -> None:
    scale = timeline.Scale(runs.START, runs.START + runs.timedelta(seconds=seconds))
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 6 and all(0 <= tick["left"] <= 100 for tick in ticks)
    assert len({tick["label"] for tick in ticks}) == len(ticks)


def test_a_run_without_times_is_drawn_without_bars() -> None:
    planned = runs.plan(2)
    result = {**runs.result(planned, 1, 0, 9), "started": "", "ended": ""}
    run = record.add(record.begin({**planned, "started": ""}), [result])
    assert "Waves" in read({**run, "written": None}).text


def test_versions_name_the_few_that_differ() -> None:
    shown = {item["package"]: item["rows"] for item in changes.versions(runs.run(60))}
    rows = {row["version"]: row for row in shown["amazon-ecs-init"]}
    assert rows["1.105.1-1"]["before"] < rows["1.105.1-1"]["after"]
    assert 0 < rows["1.103.0-1"]["after"] <= 5 and len(rows["1.103.0-1"]["names"]) == rows["1.103.0-1"]["after"]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (None, "docker.io", ["nothing → docker.io"]),
        (None, {"package": "2"}, ["package: nothing → 2"]),
        ({"a": "1", "b": 2}, {"a": "2", "c": ["x"]}, ["a: 1 → 2", 'c: nothing → ["x"]']),
        ("x" * 300, "", ["x" * 199 + "… → nothing"]),
    ],
)
def test_from_what_to_what(before: Any, after: Any, lines: list[str]) -> None:
    run = {"hosts": {"lab-1": {"drift": [{**runs.CONFIG, "before": before, "after": after}]}}}
    assert changes.drift(run)[0]["change"] == lines


def test_what_differs_from_host_to_host_is_not_told_of_one_as_if_of_all() -> None:
    drift = [{**runs.CONFIG, "before": {"a": value}} for value in "12"]
    run = {"hosts": {f"lab-{entry['before']['a']}": {"drift": [entry]} for entry in drift}}
    assert changes.drift(run)[0]["change"] == ["from host to host another"]


def test_what_differed_is_told_by_how_many_hosts_it_was() -> None:
    shown = changes.drift(runs.run(60))
    assert [item["hosts"] for item in shown] == sorted((item["hosts"] for item in shown), reverse=True)
    assert {item["component"] for item in shown if item["disruptive"]} == {"engine"}
    assert shown[0]["change"] == ["package: 1.103.0-1 → 1.105.1-1"]
