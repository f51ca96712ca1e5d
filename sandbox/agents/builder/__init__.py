# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the machine that carries the sandbox: makes the packages, the keys and the site that hosts install from."""
