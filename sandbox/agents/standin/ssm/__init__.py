# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for amazon-ssm-agent on a host that is not an EC2 instance."""
