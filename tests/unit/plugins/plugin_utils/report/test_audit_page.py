# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an audit: what it says, and that it fetches and believes nothing."""

from __future__ import annotations

from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.audit import report
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.report import audit

from tests.unit.plugins.module_utils.planning import test_audit as audits
from tests.unit.plugins.plugin_utils.report.test_page import Reader


def written(fleet: audits.Fleet, mended: Any = ()) -> Reader:
    return Reader(audit.page({**report.finish(fleet.audit(), mended, audits.NOW), "written": audits.NOW}))


def test_the_worst_comes_first_with_what_to_do() -> None:
    fleet = audits.Fleet()
    for fault in ("ghost", "site_down", "activation_spent"):
        audits.PLANTED[fault][0](fleet)
    told = written(fleet, ["activation"]).text
    assert told.index("1 critical, 2 major findings") < told.index("Sites without a host that takes tasks")
    assert told.index("Sites without a host that takes tasks") < told.index("In AWS, not in the inventory")
    assert "What to do: Look at the site's link" in told
    assert "mended" in told
    assert "The run failed, as audit_fail_at is major." in told
    assert "Looked for and not found 23 of 27 rules" in told


def test_a_fleet_that_is_well() -> None:
    told = written(audits.Fleet())
    assert "Nothing is amiss" in told.text
    assert "find" not in told.ids


def test_what_hosts_say_of_themselves_is_text() -> None:
    fleet = audits.Fleet()
    fleet.instance(2)["tags"]["host"] = "<script>alert(1)</script>"
    page = written(fleet)
    assert "<script>alert(1)</script>" in page.text
    assert page.tags.count("script") == 1
    assert page.links == []


def test_long_lists_unfold() -> None:
    fleet = audits.Fleet()
    fleet.hosts.update({f"new-{number}": {"fleet_site": "lyon"} for number in range(40)})
    assert "and 28 more" in written(fleet).text
