# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs in forks of a process that has imported already what they import, each with its own surroundings."""
