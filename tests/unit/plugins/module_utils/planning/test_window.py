# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows against the clocks of Paris and New York, whose changes of 2026 and 2027 are real ones.

Paris goes forward on 2027-03-28 at 01:00 UTC (02:00 to 03:00) and back on 2026-10-25 at 01:00 UTC (03:00 to 02:00); New
York forward on 2027-03-14 at 07:00 UTC, and back on 2026-11-01 at 06:00 UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import window
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.limits import PlanError
from hypothesis import given, settings
from hypothesis import strategies as st

PARIS, NEW_YORK = "Europe/Paris", "America/New_York"


def daily(start: str, end: str, zone: str = PARIS, **more: Any) -> dict[str, Any]:
    return {"from": start, "to": end, "timezone": zone, **more}


SUNDAYS = daily("01:00", "05:00", days=["sun"])
NIGHTS = daily("22:00", "06:00")
GAP = daily("02:15", "02:45", days=["sun"])
ROUND_THE_CLOCK = daily("00:00", "24:00")


def why_not(value: Any, now: str, minutes: int = 30) -> str:
    return window.decide(value, "site 'lyon'", window.parse_instant(now), minutes)


@pytest.mark.parametrize(
    ("value", "now", "opens"),
    [
        # Open: nothing to say. Otherwise, what the reason says of the next time.
        (None, "2026-11-22T12:00:00Z", None),
        ([], "2026-11-22T12:00:00Z", None),
        (SUNDAYS, "2026-11-22T00:00:00Z", None),
        (SUNDAYS, "2026-11-21T23:59:59Z", "Sun 2026-11-22 01:00 Europe/Paris (UTC+0100)"),
        (SUNDAYS, "2026-11-23T01:00:00Z", "Sun 2026-11-29 01:00"),
        (SUNDAYS, "2026-11-22T04:00:00Z", "Sun 2026-11-29 01:00"),
        # A batch of half an hour begins at 04:30 at the latest, to the second.
        (SUNDAYS, "2026-11-22T03:30:00Z", None),
        (SUNDAYS, "2026-11-22T03:30:01Z", "Sun 2026-11-29 01:00"),
        # Past midnight, into a day that is not among the days.
        (NIGHTS, "2026-11-22T04:30:00Z", None),
        (NIGHTS, "2026-11-22T04:31:00Z", "Sun 2026-11-22 22:00"),
        (daily("22:00", "06:00", days=["sat"]), "2026-11-22T03:00:00Z", None),
        (daily("22:00", "06:00", days=["sun"]), "2026-11-22T03:00:00Z", "Sun 2026-11-22 22:00"),
        # Windows that touch are one, also past midnight.
        (ROUND_THE_CLOCK, "2026-11-22T22:50:00Z", None),
        ([daily("01:00", "02:00"), daily("02:00", "03:00")], "2026-11-22T00:45:00Z", None),
        ([daily("01:00", "02:00"), daily("02:01", "03:00")], "2026-11-22T00:45:00Z", "Sun 2026-11-22 02:01"),
        # The first of a list that fits the batch: ten minutes at noon do not.
        ([daily("12:00", "12:10"), daily("18:00", "20:00")], "2026-11-22T10:00:00Z", "Sun 2026-11-22 18:00"),
        ([daily("01:00", "02:00"), daily("01:00", "02:00", NEW_YORK)], "2026-11-22T06:30:00Z", None),
        # The hour that spring leaves out: 02:00 to 03:00 are not on the clock.
        (daily("02:00", "05:00"), "2027-03-28T01:00:00Z", None),
        (daily("02:00", "05:00"), "2027-03-28T00:59:59Z", "Sun 2027-03-28 03:00 Europe/Paris (UTC+0200)"),
        (daily("02:00", "05:00"), "2027-03-28T02:31:00Z", "Mon 2027-03-29 02:00"),
        (daily("01:00", "02:30"), "2027-03-28T00:30:00Z", None),
        (daily("01:00", "02:30"), "2027-03-28T00:31:00Z", "Mon 2027-03-29 01:00"),
        (GAP, "2027-03-27T12:00:00Z", "Sun 2027-04-04 02:15"),
        (SUNDAYS, "2027-03-28T02:30:00Z", None),
        (SUNDAYS, "2027-03-28T02:30:01Z", "Sun 2027-04-04 01:00"),
        # The hour that autumn repeats: both passages are on the clock.
        (SUNDAYS, "2026-10-24T23:00:00Z", None),
        (SUNDAYS, "2026-10-25T03:30:00Z", None),
        (SUNDAYS, "2026-10-25T03:30:01Z", "Sun 2026-11-01 01:00"),
        (daily("01:00", "02:30"), "2026-10-25T00:00:00Z", None),
        (daily("01:00", "02:30"), "2026-10-25T00:01:00Z", "Sun 2026-10-25 02:00 Europe/Paris (UTC+0100)"),
        (daily("01:00", "02:30"), "2026-10-25T01:00:00Z", None),
        (GAP, "2026-10-25T00:15:00Z", None),
        (GAP, "2026-10-25T00:16:00Z", "Sun 2026-10-25 02:15 Europe/Paris (UTC+0100)"),
        (GAP, "2026-10-25T01:15:00Z", None),
        (daily("22:00", "02:30", days=["sat"]), "2026-10-25T01:00:00Z", None),
        # New York, on other days than Paris.
        (daily("01:00", "05:00", NEW_YORK), "2026-10-25T05:00:00Z", None),
        (daily("01:30", "02:00", NEW_YORK), "2026-11-01T05:30:00Z", None),
        (daily("01:30", "02:00", NEW_YORK), "2026-11-01T06:00:00Z", "Sun 2026-11-01 01:30 America/New_York (UTC-0500)"),
        (daily("01:30", "02:00", NEW_YORK), "2026-11-01T06:30:00Z", None),
        (daily("02:30", "04:00", NEW_YORK), "2027-03-14T07:00:00Z", None),
        (daily("02:30", "03:15", NEW_YORK), "2027-03-14T07:00:00Z", "Mon 2027-03-15 02:30 America/New_York (UTC-0400)"),
        # Half an hour of daylight saving, and no whole hour from UTC.
        (daily("02:00", "03:00", "Australia/Lord_Howe"), "2026-10-03T15:30:00Z", None),
        (daily("09:00", "10:00", "Asia/Kathmandu"), "2026-11-22T03:15:00Z", None),
        (daily("09:00", "10:00", "UTC"), "2026-11-22T09:30:00Z", None),
    ],
)  # fmt: skip
def test_when_a_batch_of_half_an_hour_begins(value: Any, now: str, opens: str | None) -> None:
    reason = why_not(value, now)
    assert (opens is None) == (reason == ""), reason
    assert f"It next opens at {opens}" in reason if opens else True


def test_a_reason_tells_too_late_from_closed() -> None:
    assert why_not(SUNDAYS, "2026-11-22T03:45:00Z") == (
        "the maintenance window of site 'lyon' ends at Sun 2026-11-22 05:00 Europe/Paris (UTC+0100), before a batch of "
        "30 minutes (fleet_batch_minutes) could end. It next opens at Sun 2026-11-29 01:00 Europe/Paris (UTC+0100)."
    )
    assert why_not(SUNDAYS, "2026-11-23T03:45:00Z").startswith("site 'lyon' is outside of its maintenance window. It ")
    assert "does not open within 14 days" in why_not(daily("01:00", "01:10"), "2026-11-22T12:00:00Z")


def test_a_batch_of_no_minutes_begins_until_the_end() -> None:
    assert why_not(SUNDAYS, "2026-11-22T03:59:59Z", minutes=0) == ""
    assert why_not(SUNDAYS, "2026-11-22T04:00:00Z", minutes=0) != ""


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from([PARIS, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC"]),
    start=st.integers(0, 95),
    end=st.integers(0, 96),
    days=st.sets(st.sampled_from(window.DAYS), min_size=1),
    quarters=st.lists(st.integers(0, 4 * 24 * 365), min_size=5, max_size=5),
)
def test_open_is_what_the_clock_on_the_wall_says(
    zone: str, start: int, end: int, days: set[str], quarters: list[int]
) -> None:
    """The same question, answered from the clock's hands."""
    quarter = "{:02}:{:02}"
    begins, ends = quarter.format(*divmod(start * 15, 60)), quarter.format(*divmod(end * 15, 60))
    value = daily(begins, ends, zone, days=sorted(days))
    for number in quarters:
        now = datetime(2026, 6, 1, tzinfo=UTC) + timedelta(minutes=15 * number)
        local = now.astimezone(ZoneInfo(zone))
        said, today = f"{local:%H:%M}", window.DAYS[local.weekday()]
        yesterday = window.DAYS[local.weekday() - 1]
        past = ends <= begins
        opened = today in days and begins <= said and (past or said < ends)
        opened = opened or (past and yesterday in days and said < ends)
        assert (window.decide(value, "site", now, 0) == "") == opened, (value, now)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("sunday night", "'sunday night': it has to be one window or a list of windows"),
        (["01:00"], "one window or a list"),
        ({"from": "01:00", "to": "05:00"}, "has no 'timezone'"),
        ({"from": "01:00", "timezone": PARIS}, "has no 'to'"),
        (daily("01:00", "05:00", begin="x"), "has 'begin' (allowed: days, from, to, timezone)"),
        (daily("1 am", "05:00"), "from is '1 am' (allowed: a time from '00:00' to '24:00')"),
        (daily("01:00", "25:00"), "to is '25:00'"),
        (daily("24:00", "05:00"), "from is '24:00'"),
        ({**daily("01:00", "05:00"), "from": 5}, "from is '5'"),
        (daily("01:00", "05:00", "Europe/Lyon"), "timezone is 'Europe/Lyon'"),
        (daily("01:00", "05:00", "../etc/passwd"), "timezone is '../etc/passwd'"),
        (daily("01:00", "05:00", days=["sunday"]), "days has 'sunday' (allowed: mon, tue"),
        (daily("01:00", "05:00", days=[]), "days has '[]'"),
        (daily("01:00", "05:00", days=7), "days has '7'"),
        ([SUNDAYS, daily("01:00", "01:20")], ""),
        (daily("01:00", "01:20"), "no batch could ever end inside, because a batch is given 30 minutes"),
        ([daily("01:00", "01:20"), daily("01:20", "01:40")], ""),
        ({**daily("01:00", "05:00"), "from": 1320, "to": 1440}, ""),
    ],
)
def test_what_is_written_is_refused_by_name(value: Any, said: str) -> None:
    sites = {"lyon-1": "lyon", "oslo-1": "oslo"}
    if not said:
        assert window.of_sites(sites, {"lyon-1": value}, 30) == {"lyon": value}
        return
    with pytest.raises(PlanError) as refused:
        window.of_sites(sites, {"lyon-1": value}, 30)
    assert said in str(refused.value)
    assert "fleet_maintenance_window of site 'lyon'" in str(refused.value)


def test_hosts_of_a_site_have_one_window() -> None:
    sites = {"lyon-1": "lyon", "lyon-2": "lyon", "oslo-1": "oslo"}
    assert window.of_sites(sites, {"lyon-1": SUNDAYS, "lyon-2": SUNDAYS, "oslo-1": None}, 30) == {"lyon": SUNDAYS}
    with pytest.raises(PlanError, match="differs within site 'lyon'"):
        window.of_sites(sites, {"lyon-1": SUNDAYS, "lyon-2": None}, 30)
