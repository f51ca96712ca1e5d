# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Outposts as a service: how it pages and what its refusals mean."""

from __future__ import annotations

from .._aws.service import Service

OUTPOSTS = Service(
    name="outposts",
    token="NextToken",
    advice={
        "NotFoundException": "Check the Outpost, the account and the Region; edgefleet.ecs.outpost_info lists them.",
    },
)
# The largest page of every list of this service, by the API reference.
PAGE = 1000
