# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: uvicorn on the given addresses only, with the front and the control API behind it."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TextIO

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import forms, state, wire
from .calls import CallLog
from .context import Region, Settings
from .control import Control
from .dispatch import Cut, Front, cut
from .ecs import scheduler
from .events import invocations
from .moto_app import Moto
from .sessions import TRANSPORT, Sessions

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not ADDRESS:PORT")
        host = host.strip("[]")
        if host in ("", "*", "0.0.0.0", "::"):  # the point is to refuse them
            raise ValueError(f"{text!r} would listen on every interface; name the loopback or the test bridge")
        return cls(host, int(port))


class _Protocol(HttpToolsProtocol):
    """uvicorn's protocol, with the transport within reach of the fault that cuts a connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


def _websockets() -> Any:
    """uvicorn's protocol for websockets, with a way to cut one; without wsproto there are none."""
    try:
        from uvicorn.protocols.websockets.wsproto_impl import WSProtocol
    except ImportError:
        return "none"

    class WebSocketProtocol(WSProtocol):
        def handle_connect(self, event: Any) -> None:
            super().handle_connect(event)
            # The application starts in the loop's next turn; it cuts its own connection only.
            self.scope["extensions"][TRANSPORT] = {"hang_up": partial(cut, self.transport)}

    return WebSocketProtocol


class FrontDoor:
    """The front as an ASGI application."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._sessions = Sessions(front)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sessions(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        call = forms.named(wire.parse(scope["method"], scope["path"], query, headers, body))
        try:
            reply = await self._front.serve(call, dict(scope))
        except Cut:
            cut(scope["extensions"][TRANSPORT]["transport"])
            await _disconnected(receive)
            return
        await _reply(reply, scope["method"], send)


class _Application:
    """The control API and the front; websockets go straight to the front, as each would hold Starlette's layers."""

    def __init__(self, routed: Starlette, door: FrontDoor) -> None:
        self._routed = routed
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._door if scope["type"] == "websocket" else self._routed)(scope, receive, send)


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return b"".join(chunks)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reply(reply: wire.Reply, method: str, send: Send) -> None:
    headers = dict(reply.headers)
    if method != "HEAD":
        headers["content-length"] = str(len(reply.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})


class _Server(uvicorn.Server):
    """Tell when connections are accepted, and let the scheduler tick while they are."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], region: Region) -> None:
        super().__init__(config)
        self._ready = ready
        self._region = region
        self._ticking: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            if self._region.settings.tick:
                self._ticking = asyncio.create_task(self._tick())
            self._ready()

    async def _tick(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(self._region.settings.tick)
            try:
                scheduler.tick(self._region)
                invocations.look_round(self._region)
            except Exception:
                # The Region goes on; what is wrong is to be seen all the same.
                _LOG.exception("tick")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
        await super().shutdown(sockets=sockets)


def _bind(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # With the protocol spelt out asyncio turns Nagle's algorithm off, which would cost 40 ms a call.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address.host, address.port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"cannot listen on {address.host}:{address.port}: {error.strerror}") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class RegionServer:
    """A simulated Region that listens; `run` in the main thread of a process, or `start` and `stop` in a test."""

    def __init__(self, settings: Settings, addresses: Sequence[Address], log: TextIO | None = None) -> None:
        self._listeners = [_bind(address) for address in addresses]
        self.urls = [_url(listener) for listener in self._listeners]
        moto = Moto(settings.account, settings.partition)
        self.region = Region(settings, moto.trust_policy, calls=CallLog(log))
        self._moto = moto
        if settings.state is not None and settings.state.exists():
            state.restore(self.region, moto, settings.state.read_bytes())
        control = Control(self.region, moto)
        door = FrontDoor(Front(self.region, moto))
        config = uvicorn.Config(
            _Application(Starlette(routes=[*control.routes(), Mount("/", app=door)]), door),
            http=_Protocol,
            ws=_websockets(),
            ws_ping_interval=None,  # ACS and TCS have heartbeats of their own
            lifespan="off",
            loop="asyncio",
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            # Longer than any pause of a polling client, which would else find its connection closed under its hands.
            timeout_keep_alive=120,
        )
        self._started = threading.Event()
        self._server = _Server(config, self._started.set, self.region)
        self._thread: threading.Thread | None = None

    def run(self, ready: Callable[[list[str]], Any]) -> None:
        """Serve until SIGINT or SIGTERM."""
        self._server._ready = lambda: ready(self.urls)
        self._server.run(sockets=self._listeners)

    def start(self, timeout: float = 15.0) -> None:
        """Serve in a thread of this process; the state is then within reach as `region`."""
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": self._listeners}, daemon=True)
        self._thread.start()
        if not self._started.wait(timeout):
            raise TimeoutError("the simulated Region did not start")

    def save(self) -> None:
        """Write the records, if they are to be kept."""
        if self.region.settings.state is not None:
            state.save(self.region, self._moto, self.region.settings.state)

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(10)
