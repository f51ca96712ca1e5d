# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be waited for in EC2, as data. See .._aws.waiting for the loop."""

from __future__ import annotations

from .._aws.waiting import Seen, Waiter


def _state(resource: Seen) -> str:
    return str(resource["state"]) if resource else "not there"


# A subnet is described as failed only when AWS gives it up.
SUBNET_AVAILABLE = Waiter(
    goal="be available",
    done=lambda subnet: _state(subnet) == "available",
    seen=_state,
    hopeless=lambda subnet: _state(subnet).startswith("failed"),
)

SUBNET_GONE = Waiter(goal="be deleted", done=lambda subnet: subnet is None, seen=_state)

# A route whose network interface is attached to no running instance is a blackhole from the start:
# https://docs.aws.amazon.com/outposts/latest/userguide/manage-lgw-routes.html
ROUTE_SETTLED = Waiter(
    goal="be active",
    done=lambda route: _state(route) in ("active", "blackhole"),
    seen=_state,
)

ROUTE_GONE = Waiter(goal="be deleted", done=lambda route: route is None, seen=_state)

ASSOCIATED = Waiter(
    goal="be associated",
    done=lambda association: _state(association) == "associated",
    seen=_state,
    hopeless=lambda association: _state(association).startswith(("failed", "disassociat")),
)

DISASSOCIATED = Waiter(
    goal="be disassociated",
    done=lambda association: association is None,
    seen=_state,
)
