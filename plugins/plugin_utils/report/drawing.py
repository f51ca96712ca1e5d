# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of a record and lies beside it: its page, the link to the newest page of its kind, the metrics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import report as audit_report
from ansible_collections.edgefleet.ecs.plugins.plugin_utils import records

from . import audit, metrics, page, plain

# While a run goes on, its page is drawn anew at most this often (seconds): a batch need not wait for it.
FRESH = 60


def is_stale(path: Path, run: Mapping[str, Any]) -> bool:
    try:
        return run["state"] != record.RUNNING or time.time() - path.stat().st_mtime > FRESH
    except OSError:
        return True


def beside(path: Path, run: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Draw what belongs beside the record. Returns where the page is, if there is one, and warnings."""
    if run["kind"] == audit_report.KIND:
        return _linked(path, "audit.html", audit.page(run)), []
    if run["kind"] in plain.KINDS:
        return _linked(path, f"{run['kind']}.html", plain.page(run)), []
    if run["kind"] != "rollout":
        return "", []
    report = path.with_suffix(".html")
    if is_stale(report, run):
        _linked(path, "report.html", page.page(run, str(path)))
    return str(report), _measured(path.parent / "metrics.prom", run)


def _linked(path: Path, link: str, text: str) -> str:
    report = path.with_suffix(".html")
    records.write(report, text)
    records.point(path.parent / link, report)
    return str(report)


def _measured(path: Path, run: Mapping[str, Any]) -> list[str]:
    if not metrics.MISSING:
        if is_stale(path, run):
            records.write(path, metrics.text_of(run))
    elif run["state"] != record.RUNNING:
        return [f"{path} was not written: {metrics.MISSING} (pip install prometheus_client)."]
    return []
