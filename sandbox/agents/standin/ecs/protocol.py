# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a registered agent stays in touch with the control plane: DiscoverPollEndpoint, then two websockets.

ACS says which tasks to run and beats; TCS takes telemetry. A control plane without websockets is called again and again
instead. Sources: ecs-agent/{acs,tcs,wsclient} of the public agent. Unlike the real one, which waits up to two minutes
before it connects again, the stand-in waits a few seconds.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from .. import aws, websocket, wire
from ..knobs import seconds
from ..log import Log
from .exits import AgentExit
from .registration import agent_version
from .state import State
from .tasks import Tasks

HEARTBEAT = 5.0
# Between two messages of the control plane there is never that long.
SILENCE = 120.0
# As often as the agent publishes metrics and health.
TELEMETRY = 20.0
# After "you are not registered" the real agent stays up and asks again once an hour.
INACTIVE_PAUSE = 3600.0
# Answers of something that knows no websockets, and not of ACS.
_NO_WEBSOCKETS = (404, 405, 501)

Message = dict[str, Any]


class Gone(Exception):
    """The control plane says that this container instance is deregistered."""


class Socket:
    """A websocket with the agents' frames: {"type": ..., "message": {...}}."""

    def __init__(self, raw: websocket.WebSocket) -> None:
        self._raw = raw
        self.close = raw.close

    def send(self, kind: str, message: Message) -> None:
        self._raw.send(json.dumps({"type": kind, "message": message}, separators=(",", ":")))

    def receive(self, timeout: float) -> tuple[str, Message] | None:
        text = self._raw.receive(timeout)
        if text is None:
            return None
        try:
            frame = json.loads(text)
            return str(frame["type"]), dict(frame.get("message") or {})
        except (ValueError, KeyError, TypeError) as error:
            raise wire.WireError(f"undecodable message: {error}") from error


class Telemetry:
    """The TCS session: says now and then that all is well, and how the containers are."""

    def __init__(self, client: aws.Client, state: State, tasks: Tasks) -> None:
        self._client = client
        self._state = state
        self._tasks = tasks
        self._stop = threading.Event()

    def start(self, endpoint: str) -> None:
        threading.Thread(target=self._run, args=(endpoint,), daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self, endpoint: str) -> None:
        query = {
            "cluster": self._state.cluster,
            "containerInstance": self._state.container_instance_arn,
            "agentVersion": agent_version(),
            "agentHash": "0edf1ee7",
        }
        try:
            socket = Socket(self._client.connect(endpoint.rstrip("/") + "/ws", query))
        except (wire.WireError, websocket.Refused, AgentExit):
            return  # the next ACS session tries again
        try:
            while not self._stop.is_set():
                self._publish(socket)
                self._stop.wait(seconds("ECS_TELEMETRY", TELEMETRY))
        except wire.WireError:
            pass
        finally:
            socket.close()

    def _publish(self, socket: Socket) -> None:
        about = {
            "cluster": self._state.cluster,
            "containerInstance": self._state.container_instance_arn,
            "messageId": str(time.time_ns()),
            "fin": True,
        }
        socket.send(
            "PublishMetricsRequest",
            {"metadata": {**about, "idle": not self._tasks.running()}, "taskMetrics": [], "timestamp": time.time()},
        )
        answer = socket.receive(SILENCE)
        health = self._tasks.healths()
        if health and answer is not None:
            socket.send("PublishHealthRequest", {"metadata": about, "tasks": health, "timestamp": time.time()})
            answer = socket.receive(SILENCE)
        if answer is None:
            self.stop()


class Session:
    """One ACS session."""

    def __init__(self, socket: Socket, state: State, tasks: Tasks) -> None:
        self._socket = socket
        self._state = state
        self._tasks = tasks
        self._handlers: dict[str, Callable[[Message], None]] = {
            "HeartbeatMessage": self._heartbeat,
            "PayloadMessage": self._payload,
            "IAMRoleCredentialsMessage": self._credentials,
            "TaskManifestMessage": self._manifest,
            "TaskStopVerificationAck": self._stops,
        }

    def run(self) -> None:
        """Until the control plane ends it; WireError when it does not do so in order."""
        while True:
            received = self._socket.receive(seconds("ECS_SILENCE", SILENCE))
            if received is None:
                return
            kind, message = received
            if kind in self._handlers:
                self._handlers[kind](message)

    def _acknowledge(self, message: Message) -> None:
        self._socket.send(
            "AckRequest",
            {
                "cluster": message.get("clusterArn"),
                "containerInstance": message.get("containerInstanceArn"),
                "messageId": message.get("messageId"),
            },
        )

    def _heartbeat(self, message: Message) -> None:
        self._socket.send("HeartbeatAckRequest", {"messageId": message.get("messageId")})

    def _payload(self, message: Message) -> None:
        self._tasks.order(message.get("tasks") or [])
        self._acknowledge(message)

    def _credentials(self, message: Message) -> None:
        given = message.get("roleCredentials") or {}
        self._tasks.credentials(given)
        self._socket.send(
            "IAMRoleCredentialsAckRequest",
            {
                "messageId": message.get("messageId"),
                "expiration": given.get("expiration"),
                "credentialsId": given.get("credentialsId"),
            },
        )

    def _manifest(self, message: Message) -> None:
        """Ask about tasks that run here and are not in the manifest."""
        listed = {task.get("taskArn") for task in message.get("tasks") or [] if task.get("desiredStatus") != "STOPPED"}
        self._acknowledge(message)
        unknown = [arn for arn in self._tasks.running() if arn not in listed]
        if unknown:
            cluster = message.get("clusterArn")
            candidates = [{"taskArn": arn, "taskClusterArn": cluster, "desiredStatus": "STOPPED"} for arn in unknown]
            self._socket.send(
                "TaskStopVerificationMessage", {"messageId": message.get("messageId"), "stopCandidates": candidates}
            )

    def _stops(self, message: Message) -> None:
        self._tasks.order(
            [{"arn": task["taskArn"], "desiredStatus": "STOPPED"} for task in message.get("stopTasks") or []]
        )


def _is_gone(code: str, text: str) -> bool:
    return "not registered" in text or "INACTIVE" in text or code == "InactiveInstanceException"


class Link:
    """Says once when the control plane is there, and once when it is not."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._up: bool | None = None

    def up(self) -> None:
        if self._up is not True:
            self._log.info("Connected to the control plane")
        self._up = True

    def down(self, problem: str) -> None:
        if self._up is not False:
            self._log.warn("Disconnected from the control plane: " + problem)
        self._up = False


def _discover(client: aws.Client, state: State) -> tuple[str, str]:
    reply = client.call(
        "DiscoverPollEndpoint",
        {"containerInstance": state.container_instance_arn, "cluster": state.cluster},
        timeout=5.0,
    )
    return str(reply.get("endpoint") or ""), str(reply.get("telemetryEndpoint") or "")


def _connect(client: aws.Client, state: State, endpoint: str) -> Socket | None:
    """None where the control plane has no websockets."""
    query = {
        "clusterArn": state.cluster,
        "containerInstanceArn": state.container_instance_arn,
        "agentHash": "0edf1ee7",
        "agentVersion": agent_version(),
        "seqNum": "1",
        "protocolVersion": "2",
        "sendCredentials": "true",
    }
    if not endpoint:
        return None
    try:
        return Socket(client.connect(endpoint.rstrip("/") + "/ws", query))
    except websocket.Refused as refusal:
        if refusal.response.status in _NO_WEBSOCKETS:
            return None
        raise


def _session(client: aws.Client, state: State, tasks: Tasks, link: Link) -> bool:
    """One session, or one call where there are none; whether the control plane ended it in order."""
    endpoint, telemetry_endpoint = _discover(client, state)
    socket = _connect(client, state, endpoint)
    link.up()
    if socket is None:
        return False
    telemetry = Telemetry(client, state, tasks)
    if telemetry_endpoint:
        telemetry.start(telemetry_endpoint)
    try:
        Session(socket, state, tasks).run()
    finally:
        telemetry.stop()
        socket.close()
    return True


def _attempt(client: aws.Client, state: State, tasks: Tasks, link: Link) -> bool:
    """As `_session`; Gone when this instance is not registered any more."""
    try:
        return _session(client, state, tasks, link)
    except aws.AwsError as error:
        link.down(str(error))
        if _is_gone(error.code, error.message):
            raise Gone from error
    except websocket.Refused as refusal:
        link.down(str(refusal))
        if "InactiveInstanceException" in str(refusal):
            raise Gone from refusal
    except wire.WireError as error:
        link.down(str(error))
    return False


def run(client: aws.Client, state: State, tasks: Tasks, log: Log) -> None:
    """Never returns; speaks up only when the link changes."""
    link = Link(log)
    while True:
        try:
            in_order = _attempt(client, state, tasks, link)
        except Gone:
            time.sleep(seconds("ECS_INACTIVE_PAUSE", INACTIVE_PAUSE))
            continue
        # A little disorder, or a fleet that booted together would call together for ever.
        pause = 0.1 if in_order else seconds("ECS_HEARTBEAT", HEARTBEAT)
        time.sleep(pause * random.uniform(0.9, 1.1))
