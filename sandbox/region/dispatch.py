# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front: every request that is not for the control API is logged, faulted, checked and served here."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import uuid
from dataclasses import replace
from typing import Any

from . import ecs, forms, registry, shapes, signatures, ssm, wire
from .context import Context, Region
from .ec2 import actions as ec2
from .ec2 import joining
from .errors import ApiError, HandToMoto, not_implemented
from .events import actions as events
from .events import invocations
from .faults import Fault
from .identity import Caller, is_managed_node_id
from .moto_app import Moto
from .outposts import actions as outposts

# Served by our own handlers alone, or by ours first and moto for the rest.
OWN = frozenset({ecs.SERVICE, outposts.SERVICE, ssm.messages.SERVICE, ssm.channels.SERVICE})
SHARED = frozenset({ec2.SERVICE, events.SERVICE, ssm.SERVICE, ssm.resource_tags.SERVICE})
# Actions of these look into moto's own state, so that they and moto take turns.
_WITH_MOTO = frozenset({ec2.SERVICE, events.SERVICE, outposts.SERVICE})
_FORMS = frozenset({"ec2", "json", "rest-json", "json-xml"})
UNSIGNED = frozenset({("ssm", "RegisterManagedInstance")})
# The one action that an agent signs with its own key pair, before it has credentials.
SIGNED_BY_KEY_PAIR = frozenset({("ssm", "RequestManagedInstanceRoleToken")})
_LOG = logging.getLogger(__name__)
_THROTTLES = {
    "json": ApiError("ThrottlingException", "Rate exceeded"),
    "query": ApiError("Throttling", "Rate exceeded"),
    "ec2": ApiError("RequestLimitExceeded", "Request limit exceeded.", status=503),
    "rest-xml": ApiError("SlowDown", "Please reduce your request rate.", status=503),
    "rest-json": ApiError("ThrottlingException", "Rate exceeded", status=429),
    "json-xml": ApiError("ThrottlingException", "Rate exceeded", status=429),
    "cbor": ApiError("ThrottlingException", "Rate exceeded"),
}


class Cut(Exception):  # noqa: N818 - an order to the server, not an error
    """Close the connection without a reply."""


class Front:
    """Serve one call after the other; own handlers run in the event loop, so that they need no locks."""

    def __init__(self, region: Region, moto: Moto) -> None:
        self.region = region
        self.moto = moto

    async def serve(self, call: wire.Call, scope: dict[str, Any]) -> wire.Reply:
        """The reply to a call; raises Cut when a fault asks for it. The call is in the log either way.

        What an outage of the service link swallows never arrives, and is in no log.
        """
        caller = self._caller(call, scope["client"][0])
        request_id = str(uuid.uuid4())
        arrived = self.region.clock.now()
        status, error = 0, None
        try:
            reply = await self._answer(call, caller, scope, request_id)
            status, error = reply.status, reply.error
            return reply
        finally:
            self.region.calls.add(
                time=arrived,
                service=call.service or "unknown",
                action=call.action,
                caller=caller.name,
                status=status,
                error=error,
                page_token=call.has_page_token,
            )

    def _caller(self, call: wire.Call, address: str) -> Caller:
        caller = self.region.credentials.identify(call.scope.access_key_id if call.scope else None)
        if self.region.links.down(address, caller.node or ""):
            raise Cut
        return caller

    async def welcome(self, call: wire.Call, address: str) -> Caller:
        """Who opens a websocket; the same refusals, faults and log as for a call."""
        caller = self._caller(call, address)
        arrived = self.region.clock.now()
        status, code = 0, None
        try:
            fault = self.region.faults.take(call.service, call.action, caller.name)
            if fault is not None:
                await _suffer(fault, call)
            self._admit(call, caller)
            status = 101
            return caller
        except ApiError as error:
            status, code = error.status, error.code
            raise
        finally:
            self.region.calls.add(
                time=arrived,
                service=call.service,
                action=call.action,
                caller=caller.name,
                status=status,
                error=code,
                page_token=False,
            )

    async def _answer(self, call: wire.Call, caller: Caller, scope: dict[str, Any], request_id: str) -> wire.Reply:
        try:
            fault = self.region.faults.take(call.service, call.action, caller.name)
            if fault is not None:
                await _suffer(fault, call)
            self._admit(call, caller)
            reply = await self._serve(call, caller, scope, request_id)
            if (call.service, call.action) == (ssm.messages.SERVICE, "GetMessages"):
                await asyncio.sleep(self.region.settings.message_poll)
        except ApiError as error:
            reply = self._refusal(call, error, request_id)
        except (Cut, asyncio.CancelledError):
            raise
        except Exception as defect:
            # A defect of ours must not look like one of the caller, nor like a page of a web server.
            _LOG.exception("%s:%s", call.service, call.action)
            failure = ApiError("InternalFailure", f"{type(defect).__name__}: {defect}", status=500)
            reply = self._refusal(call, failure, request_id)
        if reply.status == 501:
            self.region.unimplemented[f"{call.service}:{call.action}"] += 1
        return reply

    async def _serve(self, call: wire.Call, caller: Caller, scope: dict[str, Any], request_id: str) -> wire.Reply:
        own = call.service in OWN | SHARED and call.form in _FORMS
        if own and call.service not in _WITH_MOTO:
            try:
                return self._own(call, caller, request_id)
            except HandToMoto:
                own = False
        async with self.moto.turn:
            detour = HandToMoto()
            if own:
                try:
                    return self._own(call, caller, request_id)
                except HandToMoto as chosen:
                    detour = chosen
            reply = await self.moto.ask(forms.with_fields(call, detour.fields), scope, request_id)
            if detour.then is not None and reply.status == 200:
                reply = replace(reply, body=detour.then(reply.body))
                ecs.scheduler.after(self.region, call.action)  # instances may have joined clusters, or left them
            invocations.look_round(self.region)  # what moto was asked may have set off rules
            return reply

    @staticmethod
    def _refusal(call: wire.Call, error: ApiError, request_id: str) -> wire.Reply:
        member = shapes.error_message_member(call.service, error.code) if call.service in OWN | SHARED else "message"
        return wire.error_reply(call.form, error, request_id, member)

    def _admit(self, call: wire.Call, caller: Caller) -> None:
        """Refuse what no service would look at."""
        if (call.service, call.action) in UNSIGNED:
            return
        if call.scope is None:
            raise ApiError("MissingAuthenticationTokenException", "Missing Authentication Token", status=403)
        if call.service in OWN | SHARED and call.scope.region != self.region.settings.name:
            raise ApiError(
                "InvalidSignatureException",
                f"Credential should be scoped to a valid region, not '{call.scope.region}'. "
                f"This is {self.region.settings.name}.",
            )
        by_key_pair = is_managed_node_id(call.scope.access_key_id)
        if by_key_pair and (call.service, call.action) not in SIGNED_BY_KEY_PAIR:
            raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
        self._verify(call, caller)

    def _verify(self, call: wire.Call, caller: Caller) -> None:
        """Believe no signature; those of operators only when the command line says nothing about them."""
        key = caller.access_key_id or ""
        if is_managed_node_id(key):
            node = self.region.ssm.nodes.get(key)
            if node is not None:  # the action itself refuses strangers
                signatures.verify_key_pair(call.request.headers, node.public_key)
            return
        token = self.region.credentials.check(caller, self.region.clock.now())
        operators = self.region.settings.operators
        if token is not None:
            signatures.verify(call.request, token.secret_access_key, token.session_token, time.time())
        elif operators is not None and not key.startswith("ASIA"):  # sessions of moto's STS have no secret that we know
            if key not in operators:
                raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
            signatures.verify(call.request, operators[key], "", time.time())

    def _own(self, call: wire.Call, caller: Caller, request_id: str) -> wire.Reply:
        handler = registry.find(call.service, call.action)
        if handler is None:
            if call.service in SHARED:
                raise HandToMoto
            raise not_implemented(call.service, call.action)
        params = forms.params(call)
        problems = shapes.input_problems(call.service, call.action, params)
        if problems:
            raise forms.invalid_input(call, problems)
        reply = handler(params, Context(self.region, caller, call.host, self.region.clock.now()))
        joining.attempt(self.region)  # what an EC2 instance's agent waits for may be there now
        if call.service == ecs.SERVICE:
            ecs.scheduler.after(self.region, call.action)
        problems = shapes.output_problems(call.service, call.action, reply)
        if problems:
            text = f"The simulated Region made a wrong {call.action} reply: {'; '.join(problems)}"
            raise ApiError("InternalFailure", text, status=500)
        return forms.reply(call, reply, request_id)


async def _suffer(fault: Fault, call: wire.Call) -> None:
    """Let a fault happen to a call; only a delay lets the call go on."""
    if fault.kind == "delay":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "reset":
        raise Cut
    elif fault.kind in ("throttle", "rate"):
        raise _THROTTLES[call.form]
    else:
        message = fault.message or "A fault that was asked for."
        raise ApiError(fault.code or "InternalFailure", message, status=fault.status)


def cut(transport: Any) -> None:
    """Reset a connection: the peer sees RST instead of an orderly end."""
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    transport.abort()
