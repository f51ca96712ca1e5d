# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bin/demo and bin/test share: a development machine set up from the files of the checkout alone."""
