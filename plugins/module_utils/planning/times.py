# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moments and durations as records tell them: pure functions."""

from __future__ import annotations

from datetime import datetime, timezone


def moment(text: str | None) -> datetime | None:
    """A time of a record, C(None) where it tells none that could be read."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def between(start: str | None, end: str | None) -> float | None:
    """Seconds from one time to another."""
    first, last = moment(start), moment(end)
    return (last - first).total_seconds() if first and last else None


def words(seconds: float) -> str:
    """A duration in the two units that matter.

    >>> words(0), words(75), words(3600), words(100000)
    ('0 s', '1 min 15 s', '1 h', '1 d 3 h')
    """
    left, said = int(round(max(seconds, 0))), []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {unit}")
        elif said:
            break
        if len(said) == 2:
            break
    return " ".join(said) or "0 s"


def roughly(seconds: float) -> str:
    """An estimate, no more exact than it is.

    >>> roughly(20), roughly(100), roughly(5000)
    ('less than a minute', 'about 2 min', 'about 1 h 23 min')
    """
    return "less than a minute" if seconds < 60 else f"about {words(round(seconds / 60) * 60)}"
