# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSM's message gateway (ssmmessages): the control channel that an agent keeps open, and over which nothing comes here.

Sources: agent/session/{service,communicator,controlchannel} of aws/amazon-ssm-agent. CreateControlChannel hands out a
token; the websocket at the same path is signed like a call, and its first message must show the token.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ApiError
from ..registry import Params, Reply, action

if TYPE_CHECKING:
    from ..context import Context, Region
    from ..identity import Caller

SERVICE = "ssmmessages"
PATH = "/v1/control-channel/"


def _check_node(caller: Caller, channel: str) -> None:
    """A channel goes by the id of its node, and serves that node alone."""
    if caller.node != channel:
        raise ApiError("AccessDeniedException", f"{caller.name} is not authorized to use {PATH}{channel}.", status=403)


@action(SERVICE, "CreateControlChannel")
def create_control_channel(params: Params, context: Context) -> Reply:
    """A token for the node's control channel; an older one is void."""
    _check_node(context.caller, params["ChannelId"])
    token = secrets.token_urlsafe(96)
    context.ssm.channel_tokens[params["ChannelId"]] = token
    return {"MessageSchemaVersion": params["MessageSchemaVersion"], "TokenValue": token}


class ControlChannel:
    """An open control channel; the server itself answers the agent's pings."""

    def __init__(self, region: Region, caller: Caller, path: str, address: str, hang_up: Any) -> None:
        self.node = path.removeprefix(PATH)
        self.address = address
        self.hang_up = hang_up
        self._region = region
        _check_node(caller, self.node)

    async def run(self, receive: Any, send: Any) -> None:
        """Until either side ends it."""
        self._region.sessions.add(self)
        try:
            event = await receive()
            if event["type"] == "websocket.receive" and not self._opens(event):
                await send({"type": "websocket.close", "code": 1008, "reason": "invalid token"})
                return
            while event["type"] != "websocket.disconnect":
                event = await receive()
        finally:
            self._region.sessions.discard(self)

    def _opens(self, event: Mapping[str, Any]) -> bool:
        """Whether the agent's first message is OpenControlChannelInput with the token that it was given."""
        try:
            shown = json.loads(event.get("text") or event.get("bytes") or "")["TokenValue"]
        except (ValueError, TypeError, KeyError):
            return False
        expected = self._region.ssm.channel_tokens.get(self.node, "")
        return bool(expected) and secrets.compare_digest(str(shown).encode(), expected.encode())
