# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for Amazon's agents, and the packages, repository and download site made of them."""
