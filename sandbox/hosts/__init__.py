# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real SSH hosts with systemd as PID 1, made by systemd-nspawn on one Linux machine."""
