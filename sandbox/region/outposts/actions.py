# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS Outposts: sites, Outposts, their hardware and its capacity. Importing this registers the handlers."""

from . import assets, capacity, outposts, sites, tags

SERVICE = "outposts"

__all__ = ["SERVICE", "assets", "capacity", "outposts", "sites", "tags"]
