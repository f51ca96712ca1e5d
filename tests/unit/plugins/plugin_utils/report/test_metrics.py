# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import metrics
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.plugins.module_utils.planning import runs

FLEET = {"fleet": "retail", "cluster": "retail-edge", "region": "eu-central-1"}


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """By name and labels, without those of the fleet, which all samples bear."""
    told = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert {name: sample.labels[name] for name in FLEET} == FLEET
            labels = sorted((name, value) for name, value in sample.labels.items() if name not in FLEET)
            told[sample.name, tuple(labels)] = sample.value
    return told


def test_metrics_say_what_the_record_says() -> None:
    run = runs.run(60)
    told = samples(metrics.text_of(run))
    assert sum(value for (name, _labels), value in told.items() if name == "edgefleet_hosts") == 120
    for site, sums in run["sites"].items():
        assert told["edgefleet_hosts", (("outcome", "converged"), ("site", site))] == sums["converged"]
    assert sum(value for (name, _), value in told.items() if name == "edgefleet_hosts_left_draining") == len(
        run["draining"]
    )
    assert told["edgefleet_run_success", ()] == 0
    assert told["edgefleet_run_started_timestamp_seconds", ()] == runs.START.timestamp()
    info = (("release", "2026.11"), ("run_id", run["run_id"]), ("state", "ended"))
    assert told["edgefleet_run_info", info] == 1
    assert told["edgefleet_wave_failure_budget", (("wave", "rest"),)] == run["waves"][2]["budget"]
    assert told["edgefleet_package_hosts", (("package", "docker-ce"), ("version", "5:26.1.4-1"))] > 0
    assert told["edgefleet_hosts_drifted", (("component", "engine"),)] > 0


def test_a_run_that_has_not_ended_is_no_success_and_has_no_end() -> None:
    told = samples(metrics.text_of(runs.run(2, until=0.5)))
    assert told["edgefleet_run_success", ()] == 0
    assert ("edgefleet_run_ended_timestamp_seconds", ()) not in told
    assert samples(metrics.text_of(runs.run(2)))["edgefleet_run_success", ()] == 1


def test_hosts_that_are_left_draining_outside_of_the_run_are_counted_where_they_are() -> None:
    outside = [
        {"host": "oslo-1", "site": "oslo", "instance": "mi-1", "run": "20261120T010000Z"},
        {"host": "oslo-2", "site": "oslo", "instance": "mi-2", "run": ""},
    ]
    told = samples(metrics.text_of({**runs.run(2), "draining_outside": outside}))
    assert told["edgefleet_hosts_left_draining", (("site", "oslo"),)] == 1
