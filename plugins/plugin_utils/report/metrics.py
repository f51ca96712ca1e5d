# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record as metrics in Prometheus' text format, for the textfile collector of a node exporter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import times
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.record import ENDED, amiss

try:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    MISSING = ""
except ImportError as error:  # the run is the same without its metrics
    MISSING = str(error)

Data = Mapping[str, Any]

_FLEET = ("fleet", "cluster", "region")


def text_of(run: Data) -> str:
    registry = CollectorRegistry()
    fleet = {label: str(run[label]) for label in _FLEET}

    def gauge(name: str, words: str, *labels: str) -> Any:
        return Gauge(f"edgefleet_{name}", words, [*_FLEET, *labels], registry=registry)

    hosts = gauge("hosts", "Hosts of the run by site and outcome", "site", "outcome")
    for site, sums in run["sites"].items():
        for outcome in [name for name in sums if name != "hosts"]:
            hosts.labels(**fleet, site=site, outcome=outcome).set(sums[outcome])
    draining = gauge("hosts_left_draining", "Hosts that this run or one before has left DRAINING", "site")
    left = Counter(run["hosts"][name]["site"] for name in run["draining"])
    left.update(found["site"] for found in run.get("draining_outside") or () if found["run"])
    for site in [*run["sites"], *(name for name in left if name not in run["sites"])]:
        draining.labels(**fleet, site=site).set(left[site])
    drift = gauge("hosts_drifted", "Hosts that differed before the run, by component", "component")
    for component, count in _drifted(run).items():
        drift.labels(**fleet, component=component).set(count)
    versions = gauge("package_hosts", "Hosts with a version of a package after the run", "package", "version")
    for (package, version), count in _versions(run).items():
        versions.labels(**fleet, package=package, version=version).set(count)
    used = gauge("wave_failure_budget_used", "Hosts of a wave that failed or were rolled back", "wave")
    allowed = gauge("wave_failure_budget", "Hosts of a wave that may fail before it stops", "wave")
    for wave in run["waves"]:
        used.labels(**fleet, wave=wave["name"]).set(wave["budget_used"])
        allowed.labels(**fleet, wave=wave["name"]).set(wave["budget"])
    _of_run(run, fleet, gauge)
    return bytes(generate_latest(registry)).decode()


def _of_run(run: Data, fleet: Mapping[str, str], gauge: Any) -> None:
    told = {"run_id": str(run["run_id"]), "release": str(run.get("release") or ""), "state": run["state"]}
    gauge("run_info", "The last run", *told).labels(**fleet, **told).set(1)
    moments = {
        "run_started_timestamp_seconds": ("When the run started", run["started"]),
        "run_ended_timestamp_seconds": ("When the run ended; absent while it runs", run["ended"]),
        "run_written_timestamp_seconds": ("When the run was last heard of", run.get("written")),
    }
    for name, (words, text) in moments.items():
        moment = times.moment(text)
        if moment:
            gauge(name, words).labels(**fleet).set(moment.timestamp())
    good = run["state"] == ENDED and not amiss(run)
    gauge("run_success", "1 when the run has ended with every host as asked").labels(**fleet).set(int(good))


def _drifted(run: Data) -> Counter[str]:
    return Counter(
        component for host in run["hosts"].values() for component in {entry["component"] for entry in host["drift"]}
    )


def _versions(run: Data) -> Counter[tuple[str, str]]:
    return Counter(item for host in run["hosts"].values() for item in host["versions_after"].items())
