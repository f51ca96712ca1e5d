# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedule expressions, in UTC: rate(VALUE UNIT) and cron(minutes hours day-of-month month day-of-week year).

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)(?P<plural>s?)\)")
_CRON = re.compile(r"cron\((?P<fields>[^()]+)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_NAMES: tuple[tuple[str, ...], ...] = ((), (), (), _MONTHS, _DAYS, ())
# Last day, nearest weekday, nth weekday: AWS knows them.
_NOT_MODELLED = re.compile(r"(?<![A-Z])(L|\d+W|LW|\d+L|(\d|[A-Z]{3})#\d)(?![A-Z])")


class NotValid(ValueError):
    """No expression that AWS would take."""


class NotModelled(ValueError):
    """An expression that AWS would take, and that is not served here."""


@dataclass(frozen=True)
class Rate:
    """Every so many seconds since the rule was made."""

    seconds: int

    def moments(self, since: float, until: float) -> Iterator[float]:
        moment = since + self.seconds
        while moment <= until:
            yield moment
            moment += self.seconds


@dataclass(frozen=True)
class Cron:
    """Every minute that all fields name; a field that is None leaves the day to the other one."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int] | None
    months: frozenset[int]
    weekdays: frozenset[int] | None
    years: frozenset[int]

    def _on(self, day: datetime) -> bool:
        return (
            day.year in self.years
            and day.month in self.months
            and (self.days is None or day.day in self.days)
            and (self.weekdays is None or day.isoweekday() % 7 + 1 in self.weekdays)
        )

    def moments(self, since: float, until: float) -> Iterator[float]:
        day = datetime.fromtimestamp(since, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        while day.timestamp() <= until:
            for hour in self.hours if self._on(day) else ():
                for minute in self.minutes:
                    moment = day.timestamp() + hour * 3600 + minute * 60
                    if since < moment <= until:
                        yield moment
            day += timedelta(days=1)


def _number(text: str, names: tuple[str, ...], low: int) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + low
    if not text.isdigit():
        raise NotValid(text)
    return int(text)


def _span(text: str, names: tuple[str, ...], low: int, high: int) -> range:
    part, slash, step = text.partition("/")
    first, dash, last = part.partition("-")
    if part == "*":
        start, end = low, high
    else:
        start = _number(first, names, low)
        end = _number(last, names, low) if dash else high if slash else start
    if not low <= start <= end <= high or (slash and not (step.isdigit() and int(step))):
        raise NotValid(text)
    return range(start, end + 1, int(step) if slash else 1)


def _field(text: str, position: int) -> frozenset[int]:
    low, high = _BOUNDS[position]
    return frozenset(number for part in text.split(",") for number in _span(part, _NAMES[position], low, high))


def _cron(fields: list[str]) -> Cron:
    # One of the two says the day; the other must be a question mark.
    if len(fields) != 6 or [fields[2], fields[4]].count("?") != 1:
        raise NotValid(" ".join(fields))
    if any(_NOT_MODELLED.search(fields[place].upper()) for place in (2, 4)):
        raise NotModelled(" ".join(fields))
    sets = [None if text == "?" and place in (2, 4) else _field(text, place) for place, text in enumerate(fields)]
    minutes, hours, days, months, weekdays, years = sets
    assert minutes and hours and months and years
    return Cron(tuple(sorted(minutes)), tuple(sorted(hours)), days, months, weekdays, years)


def parse(expression: str) -> Rate | Cron:
    """The schedule that an expression means."""
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        value = int(rate["value"])
        if (value == 1) is bool(rate["plural"]):
            raise NotValid(expression)  # 1 minute, 2 minutes
        return Rate(value * _SECONDS[rate["unit"]])
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise NotValid(expression)
    return _cron(cron["fields"].split())


def due(schedule: Rate | Cron, since: float, until: float, most: int) -> list[float]:
    """The first moments after `since` that have come by `until`."""
    return list(islice(schedule.moments(since, until), most))
