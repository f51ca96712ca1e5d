# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that packages may be signed with, and how long they count. Pure; the day is the control node's.

A key is C({fingerprint, expires}); one without C(expires) does not expire. gpg knows the same from the key itself, but
only once a host needs a package: this says it 90 days before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

WARN_DAYS = 90

Key = Mapping[str, Any]


def last_day(key: Key) -> date | None:
    """YAML makes a date of what is not quoted; written out, both are the same."""
    return date.fromisoformat(str(key["expires"])) if key.get("expires") else None


def is_date(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def usable(keys: Iterable[Key], today: date) -> list[str]:
    """Fingerprints of the keys that count on a day, which is up to their last."""
    return [str(key["fingerprint"]) for key in keys if (last_day(key) or date.max) >= today]


def last_of(keys: Iterable[Key]) -> date:
    """The day after which none of the keys counts."""
    return max((last_day(key) or date.max for key in keys), default=date.min)
