# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures that a person can act on. Modules turn them into `fail_json` in one place, main()."""

from __future__ import annotations

from typing import Any


class FleetError(Exception):
    """A message, and `details` that go beside it into the module's result."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def result(self) -> dict[str, Any]:
        return {"msg": self.message, **self.details}


class InvalidInput(FleetError):
    """What was asked cannot be; found before anything was changed."""


class NotPossible(FleetError):
    """What was asked is fine by itself, but not in the state that AWS is in."""


class Refused(FleetError):
    """AWS answered with an error, or could not be reached."""

    def __init__(self, message: str, code: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.code = code


class TimedOut(FleetError):
    """A wait came to its deadline."""


def invalid(option: str, value: object, rule: str) -> InvalidInput:
    return InvalidInput(f"Option {option}: {value!r} is not valid: {rule}.")
