# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the machine that carries the sandbox: makes packages, keys, signatures and the directory that hosts install from."""
