# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""AWS Systems Manager as a service: how it pages and what its refusals mean."""

from __future__ import annotations

from .._aws.service import Service

SSM = Service(
    name="ssm",
    token="NextToken",
    advice={
        "InvalidFilterKey": "Check the filters against DescribeInstanceInformation.",
        "InvalidInstanceId": "The managed node is not in this account and Region, or was deregistered.",
        "ServiceQuotaExceededException": "Ask for a higher quota, or deregister managed nodes that are gone.",
        "ValidationException": "Check that the role exists and is trusted by ssm.amazonaws.com.",
    },
)
