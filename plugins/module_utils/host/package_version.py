# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an installed version is the one that was asked for. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(installed: str, wanted: str) -> bool:
    """The wanted version may leave out epoch and revision, or end in `*`."""
    without_epoch = installed.rpartition(":")[2]
    names = {installed, without_epoch, installed.rpartition("-")[0], without_epoch.rpartition("-")[0]}
    return any(fnmatchcase(name, wanted) for name in names if name)


def satisfied(installed: str | None, asked: str) -> bool:
    """The same where nothing may be installed, and nothing may be asked for."""
    return installed is not None and (not asked or matches(installed, asked))
