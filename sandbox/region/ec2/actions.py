# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""EC2 on Outposts and in zones beside the Region's own: subnets, instances, local gateways, customer-owned addresses.

The rest of EC2 is moto's.

Importing this registers the handlers.
"""

from . import coip, gateways, instances, routes, subnets, tags, zones

SERVICE = "ec2"

__all__ = ["SERVICE", "coip", "gateways", "instances", "routes", "subnets", "tags", "zones"]
