# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version that this copy claims to be; the build replaces this file in every package."""

from __future__ import annotations

VERSION = "0.0.0.0"
