# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one file that the two agents share."""

from __future__ import annotations

SHARE_FILE = "/root/.aws/credentials"
