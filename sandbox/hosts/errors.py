# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error that ends a command with a message for the user."""

from __future__ import annotations


class SandboxError(Exception):
    """What went wrong and what to do about it, in the words of the user."""
