# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents' websockets: ACS tells an ECS agent what to run, TCS takes its telemetry; the SSM agent's is ssm/channels.

Sources: ecs-agent/{wsclient,acs,tcs} of aws/amazon-ecs-agent. Frames are {"type": ..., "message": {...}}; a refused
handshake carries {"Exception": "text"}. A container instance is connected as long as its ACS session is open.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from . import wire
from .context import Region
from .dispatch import Cut, Front
from .ecs import agents, payloads, scheduler, tasks
from .ecs.common import cluster_name, instance_id
from .ecs.model import ACTIVE, ContainerInstance, Task
from .errors import ApiError
from .identity import Caller
from .ssm import channels

# AWS ends a websocket after half an hour; here one lasts until somebody ends it.
# The agent takes a minute without any message for a dead connection.
LONGEST_HEARTBEAT = 30.0
# Before they expire, tasks get fresh credentials.
REFRESH = 900.0
TRANSPORT = "edgefleet.transport"
_PATHS = {"/acs/ws": "Poll", "/tcs/ws": "StartTelemetrySession"}
_REFERENCES = {
    "Poll": ("clusterArn", "containerInstanceArn"),
    "StartTelemetrySession": ("cluster", "containerInstance"),
}

Message = dict[str, Any]


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


class Session:
    """What ACS and TCS sessions share: a bell that wakes the sender, heartbeats, an end when the agent is silent."""

    def __init__(self, region: Region, instance: ContainerInstance, scope: Scope, send: Send, hang_up: Any) -> None:
        self.region = region
        self.instance = instance
        self.address = _client(scope)
        self.node = instance.ec2_instance_id
        self._send = send
        self.hang_up: Callable[[], None] = hang_up
        self._loop = asyncio.get_running_loop()
        self._bell = asyncio.Event()
        self._heard = time.monotonic()
        self._handlers: Mapping[str, Callable[[Message], Awaitable[None]]] = {}

    def ring(self) -> None:
        """Wake the sender, from whatever thread."""
        self._loop.call_soon_threadsafe(self._bell.set)

    async def tell(self, kind: str, message: Mapping[str, Any]) -> None:
        await self._send({"type": "websocket.send", "text": payloads.framed(kind, message)})

    async def run(self, receive: Receive) -> None:
        """Until either side ends it."""
        self.region.sessions.add(self)
        sender = asyncio.create_task(self._serve())
        listener = asyncio.create_task(self._listen(receive))
        try:
            done, _pending = await asyncio.wait((sender, listener), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.region.sessions.discard(self)
            for task in (sender, listener):
                task.cancel()

    async def _listen(self, receive: Receive) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            self._heard = time.monotonic()
            frame = _frame(event.get("text") or event.get("bytes") or "")
            handler = self._handlers.get(frame["type"])
            if handler is not None:
                await handler(frame["message"])

    async def _serve(self) -> None:
        """Work whenever the bell rings and at every heartbeat; in the hosts' time, as a moved clock ends no session."""
        timeout = self.region.settings.connected_timeout
        pause = min(timeout / 3, LONGEST_HEARTBEAT)
        beat = time.monotonic() + pause
        while time.monotonic() - self._heard < timeout and self._alive():
            await self.work()
            try:
                await asyncio.wait_for(self._bell.wait(), max(beat - time.monotonic(), 0))
                self._bell.clear()
            except TimeoutError:
                beat = time.monotonic() + pause
                await self.tell("HeartbeatMessage", {"healthy": True, "messageId": str(uuid.uuid4())})
        await self.goodbye()
        await self._send({"type": "websocket.close", "code": 1000})

    def _alive(self) -> bool:
        instance = self.region.ecs.instances_of(self.instance.cluster).get(self.instance.id)
        return instance is self.instance and instance.registered

    async def work(self) -> None:
        return

    async def goodbye(self) -> None:
        return


def _frame(text: str | bytes) -> dict[str, Any]:
    try:
        frame = json.loads(text)
        return {"type": str(frame["type"]), "message": dict(frame.get("message") or {})}
    except (ValueError, TypeError, KeyError):
        return {"type": "", "message": {}}


class AcsSession(Session):
    """Sends tasks to run and to stop until the agent acknowledges them."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handlers = {
            "AckRequest": self._acknowledged,
            "HeartbeatAckRequest": self._heartbeat,
            "TaskStopVerificationMessage": self._verify_stops,
        }
        # Payloads on their way: tasks with the desired status that the agent was told, by message.
        self._sent: dict[str, list[tuple[Task, str]]] = {}
        # When the credentials that a task was given expire, by task and role type.
        self._expiries: dict[tuple[str, str], float] = {}
        self._timeline = 0

    def attach(self) -> None:
        """Take the place of an older session of the same container instance."""
        older = [one for one in self.region.sessions if isinstance(one, AcsSession) and one.instance is self.instance]
        agents.attach(self.region, self.instance, self.ring)
        for session in older:
            session.hang_up()

    def detach(self) -> None:
        if self.region.bells.get(self.instance.arn) == self.ring:
            agents.detach(self.region, self.instance)

    async def begin(self) -> None:
        """Say which tasks there are, so that the agent can ask about those that it runs and nobody knows."""
        await self.tell(
            "TaskManifestMessage",
            {
                **self._address(),
                "tasks": payloads.identifiers(self.region, self.instance, self.instance.tasks.values()),
                "timeline": self._next(),
            },
        )

    def _next(self) -> int:
        """The agent takes no message that is older than one it knows."""
        self._timeline = max(int(self.region.clock.now() * 1000), self._timeline + 1)
        return self._timeline

    def _address(self) -> Message:
        return {
            "messageId": str(uuid.uuid4()),
            "clusterArn": payloads.cluster_arn(self.region, self.instance),
            "containerInstanceArn": self.instance.arn,
            "generatedAt": int(self.region.clock.now() * 1000),
        }

    async def work(self) -> None:
        under_way = {(task.id, status) for batch in self._sent.values() for task, status in batch}
        due = [task for task in agents.outbox(self.instance) if (task.id, task.desired_status) not in under_way]
        if due:
            message = self._address()
            self._sent[message["messageId"]] = [(task, task.desired_status) for task in due]
            manifests = [payloads.task_manifest(self.region, task, self._tokens(task)) for task in due]
            message.update(tasks=manifests, seqNum=1, timeline=self._next())
            await self.tell("PayloadMessage", message)
        await self._refresh()

    def _tokens(self, task: Task) -> dict[str, Any]:
        if not task.wanted:
            return {}
        return {role_type: self._token(task, role_type) for role_type in payloads.roles_of(task)}

    def _token(self, task: Task, role_type: str) -> Any:
        token = self.region.credentials.issue_task(task.arn, self.region.clock.now())
        self._expiries[task.id, role_type] = token.expires
        return token

    async def _refresh(self) -> None:
        """Fresh credentials for running tasks: those of another session at once, those of this one in time."""
        late = self.region.clock.now() + REFRESH
        for task in list(self.instance.tasks.values()):
            for role_type in payloads.roles_of(task) if task.wanted and task.told else []:
                if self._expiries.get((task.id, role_type), 0) > late:
                    continue
                token = self._token(task, role_type)
                await self.tell(
                    "IAMRoleCredentialsMessage",
                    {
                        "messageId": str(uuid.uuid4()),
                        "taskArn": task.arn,
                        "taskClusterArn": payloads.cluster_arn(self.region, self.instance),
                        "roleType": role_type,
                        "roleCredentials": payloads.role_credentials(task, role_type, token),
                    },
                )

    async def _acknowledged(self, message: Message) -> None:
        agents.heard(self.region, self.instance)
        for task, status in self._sent.pop(str(message.get("messageId")), []):
            agents.acknowledge(task, status)

    async def _heartbeat(self, _message: Message) -> None:
        agents.heard(self.region, self.instance)

    async def _verify_stops(self, message: Message) -> None:
        """The agent runs tasks that were not in the manifest: it may stop those that are not to run here."""
        stops = []
        for candidate in message.get("stopCandidates") or []:
            task = agents.find_task(self.region, self.instance, str(candidate.get("taskArn")))
            if task is None or not task.wanted:
                stops.append({**candidate, "desiredStatus": "STOPPED"})
        answer = {
            "messageId": message.get("messageId"),
            "generatedAt": int(self.region.clock.now() * 1000),
            "stopTasks": stops,
        }
        await self.tell("TaskStopVerificationAck", answer)

    async def goodbye(self) -> None:
        await self.tell("CloseMessage", {"message": "ConnectionExpired: Reconnect to continue"})


class TcsSession(Session):
    """Takes metrics and health; of these only the health of containers has an effect."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._handlers = {
            "PublishMetricsRequest": self._metrics,
            "PublishHealthRequest": self._health,
            "PublishInstanceStatusRequest": self._status,
        }

    async def _metrics(self, _message: Message) -> None:
        await self.tell("AckPublishMetric", {"message": "OK"})

    async def _status(self, _message: Message) -> None:
        await self.tell("AckPublishInstanceStatus", {"message": "OK"})

    async def _health(self, message: Message) -> None:
        for report in message.get("tasks") or []:
            task = agents.find_task(self.region, self.instance, str(report.get("taskArn")))
            if task is None:
                continue
            before = task.health
            for container in report.get("containers") or []:
                name, health = container.get("containerName", ""), container.get("healthStatus")
                agents.report_container(task, name, "", health=health)
            if task.health != before:
                tasks.checked(task)
                scheduler.tick(self.region)
        await self.tell("AckPublishHealth", {"message": "OK"})


def _named(call: wire.Call) -> wire.Call:
    """A handshake under the name of what it opens."""
    if call.request.path.startswith(channels.PATH):
        return replace(call, service=channels.SERVICE, action="OpenControlChannel")
    return replace(call, service="ecs", action=_PATHS.get(call.request.path, call.action))


class Sessions:
    """The websockets as an ASGI application."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._region = front.region

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        call = _named(wire.parse("GET", scope["path"], query, headers, b""))
        hang_up = scope["extensions"][TRANSPORT]["hang_up"]
        await receive()  # websocket.connect
        try:
            caller = await self._front.welcome(call, _client(scope))
            session = self._session(call, caller, scope, send, hang_up)
        except Cut:
            hang_up()
            return
        except ApiError as error:
            await _refuse(error, send)
            return
        await send({"type": "websocket.accept"})
        if isinstance(session, channels.ControlChannel):
            await session.run(receive, send)
        elif isinstance(session, AcsSession):
            await self._acs(session, receive)
        else:
            await session.run(receive)

    def _session(
        self, call: wire.Call, caller: Caller, scope: Scope, send: Send, hang_up: Any
    ) -> Session | channels.ControlChannel:
        """What the path stands for, if the caller may have it."""
        if call.service == channels.SERVICE:
            return channels.ControlChannel(self._region, caller, call.request.path, _client(scope), hang_up)
        kind = AcsSession if call.request.path == "/acs/ws" else TcsSession
        return kind(self._region, self._instance(call, caller), scope, send, hang_up)

    @staticmethod
    async def _acs(session: AcsSession, receive: Receive) -> None:
        session.attach()
        try:
            await session.begin()
            await session.run(receive)
        finally:
            session.detach()

    def _instance(self, call: wire.Call, caller: Caller) -> ContainerInstance:
        """The container instance that wants a session; refusals are those of ACS, which the agent knows by name."""
        query = dict(parse_qsl(call.request.query))
        if call.action not in _REFERENCES:
            raise ApiError("BadRequestException", f"No websocket is at {call.request.path}.", status=404)
        cluster_member, instance_member = _REFERENCES[call.action]
        cluster = self._region.ecs.clusters.get(cluster_name(query.get(cluster_member)))
        if cluster is None or cluster.status != ACTIVE:
            raise ApiError("InvalidClusterException", "Cluster not found.")
        reference = query.get(instance_member, "")
        instance = self._region.ecs.instances_of(cluster.name).get(instance_id(reference, cluster.name))
        if instance is None:
            raise ApiError("InvalidInstanceException", "Container instance not found.")
        external = instance.ec2_instance_id.startswith("mi-")
        if caller.node != instance.ec2_instance_id and (caller.node or external):
            raise ApiError("AccessDeniedException", "The container instance is not that of the caller.", status=403)
        if not instance.registered:
            raise ApiError("InactiveInstanceException", "The container instance is deregistered.")
        return instance


async def _refuse(error: ApiError, send: Send) -> None:
    body = json.dumps({error.code: error.message}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-errortype", error.code.encode()),
    ]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
