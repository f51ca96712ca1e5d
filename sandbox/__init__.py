# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that lets the collection run without an AWS account; not part of the built collection."""
