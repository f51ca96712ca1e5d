# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message service that SSM agents without a control channel poll (ec2messages); here every poll runs empty.

Shapes: the agent's client of the service (ssmmds; its target is EC2WindowsMessageDeliveryService on every platform).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action

if TYPE_CHECKING:
    from ..context import Context

SERVICE = "ec2messages"


@action(SERVICE, "GetMessages")
def get_messages(params: Params, context: Context) -> Reply:
    """No messages. The front holds the reply back, as the service does while there are none."""
    if params["Destination"] != context.require_node():
        raise ApiError("AccessDeniedException", f"The credentials are those of {context.managed_node()}.")
    return {
        "Destination": params["Destination"],
        "Messages": [],
        "MessagesRequestId": params["MessagesRequestId"],
    }
