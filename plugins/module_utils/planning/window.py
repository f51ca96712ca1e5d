# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Maintenance windows of sites: pure functions of a window, an instant and the length of a batch.

The clock on the site's wall decides. A moment is inside a window when that clock shows a time from C(from) on and
before C(to). So a window that begins in the hour that spring leaves out begins with the hour after it, and of an hour
that autumn repeats both passages count; when such a window ends in between, it opens twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import cache, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .limits import PlanError

VARIABLE = "fleet_maintenance_window"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MEMBERS = ("days", "from", "to", "timezone")

# Two weeks: a window of one day a week may fall into the hour that spring leaves out, and opens again a week later.
HORIZON = 15

DAY = timedelta(days=1)
STEP = timedelta(hours=6)
SECOND = timedelta(seconds=1)

Interval = tuple[datetime, datetime]


class Window(NamedTuple):
    """`length` runs past midnight where `to` is not after `from`; `days` are those on which it begins."""

    days: frozenset[int]
    start: time
    length: timedelta
    zone: str


# --- what the user has written ---


def read(value: Any, whose: str) -> tuple[Window, ...]:
    """One window or a list of them; none means that the site is always open.

    :raises PlanError: naming C(whose), the value and what is allowed.
    """
    if value is None or value == "" or value == [] or value == {}:
        return ()
    given = [value] if isinstance(value, Mapping) else value
    if isinstance(given, str) or not isinstance(given, Iterable) or not all(isinstance(one, Mapping) for one in given):
        raise PlanError(
            f"{VARIABLE} of {whose} is '{value}': it has to be one window or a list of windows, each with days, from, "
            "to and timezone."
        )
    return tuple(_window(one, whose) for one in given)


def _window(value: Mapping[str, Any], whose: str) -> Window:
    unknown = sorted(str(key) for key in value if key not in MEMBERS)
    if unknown:
        raise PlanError(f"{VARIABLE} of {whose} has '{unknown[0]}' (allowed: {', '.join(MEMBERS)}).")
    missing = [key for key in MEMBERS[1:] if value.get(key) in (None, "")]
    if missing:
        raise PlanError(f"{VARIABLE} of {whose} has no '{missing[0]}' (needed: from, to and timezone).")
    start, end = (_minutes(value[key], key, whose) for key in ("from", "to"))
    if start == 24 * 60:
        raise PlanError(f"{VARIABLE} of {whose}: from is '24:00'; write '00:00' and the day after.")
    length = timedelta(minutes=end - start if end > start else end - start + 24 * 60)
    zone = str(value["timezone"])
    zone_of(zone, whose)
    return Window(_days(value.get("days"), whose), time(*divmod(start, 60)), length, zone)


def _days(value: Any, whose: str) -> frozenset[int]:
    if value is None:
        return frozenset(range(7))
    names = [value] if isinstance(value, str) else value
    wrong = [name for name in names if str(name).lower() not in DAYS] if isinstance(names, Iterable) else [value]
    if wrong or not names:
        shown = wrong[0] if wrong else value
        raise PlanError(f"{VARIABLE} of {whose}: days has '{shown}' (allowed: {', '.join(DAYS)}; left out: every day).")
    return frozenset(DAYS.index(str(name).lower()) for name in names)


def _minutes(value: Any, key: str, whose: str) -> int:
    # YAML 1.1 reads an unquoted 22:00 as the number 1320 (sexagesimal), which are the minutes; 5 is no time.
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value <= 24 * 60:
        return value
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)|(24):(00)", str(value))
    if not found:
        raise PlanError(f"{VARIABLE} of {whose}: {key} is '{value}' (allowed: a time from '00:00' to '24:00').")
    hour, minute = (int(part) for part in found.groups() if part is not None)
    return hour * 60 + minute


@cache
def zone_of(name: str, whose: str = "") -> tzinfo:
    if name == "UTC":
        return timezone.utc  # known also where no database is
    try:
        zone: tzinfo = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PlanError(
            f"{VARIABLE} of {whose}: timezone is '{name}', which the control node does not know (allowed: a name of "
            "the IANA database such as Europe/Paris; where it knows none, the Python package tzdata is missing)."
        ) from None
    return zone


def of_sites(sites: Mapping[str, str], given: Mapping[str, Any], minutes: int) -> dict[str, Any]:
    """By site, its windows as they were written; sites that are always open are left out.

    :param given: by host, the value of the variable.
    :raises PlanError: for a bad window, hosts of one site that do not agree, and windows that no batch fits into.
    """
    found: dict[str, tuple[str, Any]] = {}
    for host, value in given.items():
        site = sites[host]
        first, known = found.setdefault(site, (host, value))
        if known != value:
            raise PlanError(
                f"{VARIABLE} differs within site '{site}': {first} has {known}, {host} has {value}. Set it in the "
                "group_vars of the site."
            )
    windows = {site: (value, read(value, f"site '{site}'")) for site, (_host, value) in found.items()}
    for site, (value, parsed) in windows.items():
        longest = max((window.length for window in parsed), default=timedelta(minutes=minutes))
        if longest < timedelta(minutes=minutes) and not _touch(parsed, minutes):
            raise PlanError(
                f"{VARIABLE} of site '{site}' is {value}: no batch could ever end inside, because a batch is given "
                f"{minutes} minutes (fleet_batch_minutes)."
            )
    return {site: value for site, (value, parsed) in windows.items() if parsed}


def _touch(windows: Sequence[Window], minutes: int) -> bool:
    """Whether windows that are too short each follow one another without a gap, for long enough."""
    anywhere = datetime(2026, 1, 5, tzinfo=timezone.utc)
    return any(end - start >= timedelta(minutes=minutes) for start, end in intervals(windows, anywhere))


# --- what the clock says ---


def decide(value: Any, whose: str, now: datetime, minutes: int) -> str:
    """Why a batch of so many minutes may not begin now; nothing where it may."""
    windows = read(value, whose)
    if not windows:
        return ""
    length = timedelta(minutes=minutes)
    spans = intervals(windows, now)
    inside = next((span for span in spans if span[0] <= now < span[1]), None)
    if inside and now + length <= inside[1]:
        return ""
    opens = next((span[0] for span in spans if span[0] > now and span[1] - span[0] >= length), None)
    zone = windows[0].zone
    when = f"It next opens at {shown(opens, zone)}." if opens else f"It does not open within {HORIZON - 1} days."
    if inside:
        return (
            f"the maintenance window of {whose} ends at {shown(inside[1], zone)}, before a batch of {minutes} minutes "
            f"(fleet_batch_minutes) could end. {when}"
        )
    return f"{whose} is outside of its maintenance window. {when}"


def shown(instant: datetime, zone: str) -> str:
    """As the site's clock shows it, with the offset, so that of a repeated hour one knows which."""
    local = instant.astimezone(zone_of(zone))
    return f"{local:%a %Y-%m-%d %H:%M} {zone} (UTC{local:%z})"


def intervals(windows: Sequence[Window], now: datetime) -> list[Interval]:
    """When the site is open, from the day before C(now) to the horizon; what touches is one."""
    spans: list[Interval] = []
    for window in windows:
        today = now.astimezone(zone_of(window.zone)).date()
        for day in (today + DAY * number for number in range(-2, HORIZON)):
            if day.weekday() in window.days:
                spans += _of_day(window, day)
    joined: list[Interval] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _of_day(window: Window, day: date) -> list[Interval]:
    """The passages of the window that begins on this day, one for each offset that is in force during it."""
    start = datetime.combine(day, window.start)
    passages = []
    for begin, end, offset in _offsets(window.zone, day):
        span = (max(start - offset, begin), min(start + window.length - offset, end))
        if span[0] < span[1]:
            passages.append((span[0].replace(tzinfo=timezone.utc), span[1].replace(tzinfo=timezone.utc)))
    return passages


@lru_cache(maxsize=4096)
def _offsets(name: str, day: date) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """The offsets from UTC around a day and the next, each with the (naive, UTC) moments from and until when."""
    zone = zone_of(name)
    begin = datetime.combine(day, time()) - DAY
    # No zone has ever changed twice within six hours.
    marks = [begin + STEP * number for number in range(4 * 4 + 1)]
    found = []
    for before, after in zip(marks, marks[1:]):
        if _offset(zone, before) != _offset(zone, after):
            found.append(_change(zone, before, after))
    edges = [begin, *found, marks[-1]]
    return tuple((start, end, _offset(zone, start)) for start, end in zip(edges, edges[1:]))


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The first second of the new offset."""
    while after - before > SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(zone, middle) == _offset(zone, before):
            before = middle
        else:
            after = middle
    return after


def _offset(zone: tzinfo, instant: datetime) -> timedelta:
    return instant.replace(tzinfo=timezone.utc).astimezone(zone).utcoffset() or timedelta(0)


def parse_instant(text: str) -> datetime:
    """ISO 8601 with C(Z) or an offset, as the run's own times are written."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
