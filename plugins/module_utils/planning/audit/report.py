# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An audit: what the inventory asks for against what AWS has, and what became of what was found. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..limits import PlanError, whole_number
from . import inventory
from .model import Data, Fix, Fleet, Found, build
from .rules import FAIL_AT, NEVER, RULES, SEVERITIES, Rule

SCHEMA = 1
KIND = "audit"

# Limits of the rules, with the least value of each; the variable is the name with audit_ before it.
LIMITS = {"disconnected_minutes": 1, "run_hours": 1, "activation_hours": 0, "key_days": 0, "tier_percent": 1}


def options_of(options: Data) -> dict[str, Any]:
    """The limits as numbers, and C(fail_at) as it is allowed; or why not."""
    checked = {name: whole_number(f"audit_{name}", options[name], least) for name, least in LIMITS.items()}
    if checked["tier_percent"] > 100:
        raise PlanError(f"audit_tier_percent is '{options['tier_percent']}': 1 to 100 is allowed.")
    if options["fail_at"] not in FAIL_AT:
        allowed = ", ".join(f"'{choice}'" for choice in FAIL_AT)
        raise PlanError(f"audit_fail_at is '{options['fail_at']}': it has to be one of {allowed}.")
    return {**options, **checked}


def audit(asked: Mapping[str, Any], view: Data, options: Data) -> dict[str, Any]:
    """The report of an audit, and in C(fixes), by the number of its finding, what would mend it.

    :param asked: C(hosts) and C(aws_sites), by name the variables of each; see inventory.read().
    :param view: what AWS has; see model.build().
    :param options: C(fleet), C(cluster), C(region), C(started), C(release), C(fail_at), C(defaults), and C(LIMITS);
        C(only), the hosts that the run is limited to, if it is.
    """
    options = options_of(options)
    fleet = build(inventory.read(asked["hosts"], asked["aws_sites"], options), view, options)
    only = _only(fleet, options.get("only"), asked["aws_sites"])
    found = [(rule, item) for rule in RULES for item in rule.finds(fleet) if only(item)]
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "state": "ended",
        "run_id": re.sub("[-:]", "", options["started"]),
        **{key: options[key] for key in ("started", "fleet", "cluster", "region", "release", "fail_at")},
        "limited": options.get("only") is not None,
        "counted": _counted(fleet),
        "rules": {rule.name: {"severity": rule.severity, "title": rule.title} for rule in RULES},
        "summary": _summary(rule.severity for rule, _item in found),
        "findings": [_finding(rule, item) for rule, item in found],
        "fixes": {str(number): list(item.fix) for number, (_rule, item) in enumerate(found) if item.fix},
    }


def _only(fleet: Fleet, chosen: Sequence[str] | None, aws_sites: Mapping[str, Data]) -> Callable[[Found], bool]:
    """A limit leaves what is of its hosts, or of their sites as a whole."""
    if chosen is None:
        return lambda item: True
    names = set(chosen)
    sites = {fleet.hosts[name].site for name in names if name in fleet.hosts}
    sites |= {str(aws_sites[name]["fleet_site"]) for name in names if name in aws_sites}
    return lambda item: bool(names & set(item.host.split(", "))) if item.host else item.site in sites


def _counted(fleet: Fleet) -> dict[str, int]:
    return {
        "hosts": len(fleet.hosts),
        "sites": len({host.site for host in fleet.hosts.values()} | set(fleet.aws_sites)),
        "container_instances": len(fleet.instances),
        "managed_nodes": len(fleet.own),
    }


def _summary(severities: Iterable[str]) -> dict[str, int]:
    found = list(severities)
    return {severity: found.count(severity) for severity in SEVERITIES}


def _finding(rule: Rule, item: Found) -> dict[str, Any]:
    return {
        "rule": rule.name,
        "severity": rule.severity,
        **{key: getattr(item, key) for key in ("site", "host", "id", "message")},
        "advice": rule.advice,
        "fixable": item.fix is not None,
        "fixed": False,
    }


def fixes(report: Data, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By target, the values of the fixes of these kinds."""
    wanted = set(kinds)
    chosen = (Fix(*fix) for fix in report["fixes"].values())
    return {fix.target: dict(fix.values) for fix in chosen if fix.kind in wanted}


def finish(report: Data, mended: Iterable[str], ended: str) -> dict[str, Any]:
    """The report as it is kept: without what was to be done, with what was.

    :param mended: the kinds of fixes that were made.
    """
    done = {number for number, fix in report["fixes"].items() if Fix(*fix).kind in set(mended)}
    findings = [{**item, "fixed": str(number) in done} for number, item in enumerate(report["findings"])]
    kept = {key: value for key, value in report.items() if key not in ("fixes", "findings")}
    return {
        **kept,
        "ended": ended,
        "summary": _summary(item["severity"] for item in findings if not item["fixed"]),
        "fixed": len(done),
        "failed": fails(findings, report["fail_at"]),
        "findings": findings,
    }


def fails(findings: Iterable[Data], fail_at: str) -> bool:
    """Whether anything as bad as this, or worse, is left."""
    bad = SEVERITIES[: SEVERITIES.index(fail_at) + 1] if fail_at != NEVER else ()
    return any(item["severity"] in bad and not item["fixed"] for item in findings)
