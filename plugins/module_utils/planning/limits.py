# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counts that a user may write as a number or as a percentage."""

from __future__ import annotations

import re


class PlanError(ValueError):
    """Input that no plan can be made of. The text is for the operator."""


def limit_of(value: int | str, total: int) -> int:
    """A number or a percentage of C(total), rounded down, as a count of hosts.

    >>> limit_of("30%", 10), limit_of("5%", 10), limit_of(4, 10)
    (3, 0, 4)
    """
    text = str(value).strip()
    if not re.fullmatch(r"\d+%?", text):
        raise PlanError(f"'{value}' is neither a number of hosts nor a percentage such as '25%'.")
    if text.endswith("%"):
        share = int(text[:-1])
        if share > 100:
            raise PlanError(f"'{value}' is more than all hosts (allowed: 0% to 100%).")
        return total * share // 100
    return int(text)


def whole_number(variable: str, value: object, least: int) -> int:
    """A number as YAML, C(-e) or a template gives it."""
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d+", text) or int(text) < least:
        raise PlanError(f"{variable} is '{value}': a whole number from {least} on is allowed.")
    return int(text)


def size_of(max_unavailable: int | str, hosts: int, variable: str = "fleet_max_unavailable") -> int:
    """At least one host of a site changes at a time, however small the site and its percentage."""
    if str(max_unavailable).strip() in ("0", "0%"):
        raise PlanError(f"{variable} is {max_unavailable}: no host could ever change.")
    try:
        return max(limit_of(max_unavailable, hosts), 1)
    except PlanError as error:
        raise PlanError(f"{variable}: {error}") from None
