# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a host: started and stopped on order, watched, reported. Their memory is the engine's labels.

One thread does all of it, one thing after the other; reports wait while the control plane is out of reach.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any
from urllib.parse import quote

from .. import aws, wire
from ..knobs import seconds
from ..log import Log
from . import containers, engine, secrets
from .exits import AgentExit
from .state import State

Message = dict[str, Any]
POLL = 2.0
STOP_TIMEOUT = 30
PULL_TIMEOUT = 60.0


class Part:
    """One container of a task, as the engine knows it. (dataclasses would pull in half of the standard library.)"""

    def __init__(self, name: str, identifier: str, essential: bool, running: bool = True, reason: str = "") -> None:
        self.name = name
        self.identifier = identifier
        self.essential = essential
        self.running = running
        self.reason = reason
        self.bindings: list[Message] = []
        self.exit_code: int | None = None
        self.health = ""

    def report(self) -> Message:
        made: Message = {"containerName": self.name, "status": "RUNNING" if self.running else "STOPPED"}
        if self.identifier:
            made["runtimeId"] = self.identifier
        if self.bindings:
            made["networkBindings"] = self.bindings
        if not self.running and self.exit_code is not None:
            made["exitCode"] = self.exit_code
        if self.reason:
            made["reason"] = self.reason
        return made


class Task:
    """A task that has been started here."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.parts: list[Part] = []
        self.stop_timeout = STOP_TIMEOUT

    @property
    def over(self) -> bool:
        return any(part.essential and not part.running for part in self.parts)


class StartError(Exception):
    """A task could not be started; the text begins with the agent's own name of the error."""


class Tasks:
    """Orders come from the ACS session's thread, everything else happens in the worker's."""

    def __init__(self, client: aws.Client, state: State, log: Log, documents: Message) -> None:
        self._client = client
        self._state = state
        self._log = log
        # What the credentials endpoint serves.
        self._documents = documents
        self._orders: queue.Queue[Message] = queue.Queue()
        self._reports: list[Message] = []
        self._lock = threading.Lock()
        self.known: dict[str, Task] = {}

    # From the session's thread.

    def order(self, tasks: list[Message]) -> None:
        for task in tasks:
            for name in ("roleCredentials", "executionRoleCredentials"):
                self.credentials(task.get(name) or {})
            self._orders.put(task)

    def credentials(self, given: Message) -> None:
        identifier = given.get("credentialsId")
        if identifier:
            self._documents["/v2/credentials/" + identifier] = {
                "RoleArn": given.get("roleArn"),
                "AccessKeyId": given.get("accessKeyId"),
                "SecretAccessKey": given.get("secretAccessKey"),
                "Token": given.get("sessionToken"),
                "Expiration": given.get("expiration"),
            }

    def running(self) -> list[str]:
        with self._lock:
            return list(self.known)

    def healths(self) -> list[Message]:
        """Tasks of a PublishHealthRequest."""
        with self._lock:
            found = [(task.arn, [part for part in task.parts if part.health]) for task in self.known.values()]
        return [
            {
                "taskArn": arn,
                "clusterArn": self._state.cluster,
                "containers": [{"containerName": part.name, "healthStatus": part.health} for part in parts],
            }
            for arn, parts in found
            if parts
        ]

    # The worker.

    def start(self) -> None:
        self._resume()
        threading.Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=seconds("ECS_TASK_POLL", POLL) if self._busy() else None)
            except queue.Empty:
                order = None
            try:
                if order is not None:
                    self._obey(order)
                self._watch()
            except engine.EngineError as error:
                self._log.warn(f"The engine does not answer: {error}")
            self._submit()

    def _busy(self) -> bool:
        return bool(self.known or self._reports)

    def _resume(self) -> None:
        """Containers that an earlier life of this agent started; those of other container instances are orphans."""
        wanted = quote(json.dumps({"label": [f"{containers.INSTANCE}={self._state.container_instance_arn}"]}))
        try:
            found = engine.call("GET", f"/containers/json?all=1&filters={wanted}")
        except engine.EngineError:
            return
        for item in found if isinstance(found, list) else []:
            labels = item["Labels"]
            part = Part(labels[containers.CONTAINER], item["Id"], labels.get(containers.ESSENTIAL) == "true")
            task = self.known.setdefault(labels[containers.TASK], Task(labels[containers.TASK]))
            task.parts.append(part)
        if self.known:
            self._log.info(f"Found {len(self.known)} tasks of an earlier life")

    def _obey(self, order: Message) -> None:
        arn, status = order["arn"], order.get("desiredStatus")
        if status == "STOPPED":
            task = self.known.get(arn)
            if task is None:
                self._report(arn, "STOPPED", [])
            else:
                self._end(task, "")
        elif arn in self.known:
            self._report(arn, "RUNNING", self.known[arn].parts)
        else:
            self._begin(order)

    def _begin(self, order: Message) -> None:
        self._log.info(f"Starting task {order['arn']}")
        begun, pulled = time.time(), 0.0
        task = Task(order["arn"])
        try:
            for container in order.get("containers") or []:
                self._pull(container["image"])
            pulled = time.time()
            for container in order.get("containers") or []:
                self._start(task, order, container)
        except StartError as error:
            self._log.warn(f"Task {task.arn} did not start: {error}")
            self._end(task, str(error), self._unstarted(order, task, str(error)))
            return
        with self._lock:
            self.known[task.arn] = task
        self._report(task.arn, "RUNNING", task.parts, {"pullStartedAt": begun, "pullStoppedAt": pulled})

    @staticmethod
    def _unstarted(order: Message, task: Task, reason: str) -> list[Part]:
        started = {part.name for part in task.parts}
        names = [container["name"] for container in order.get("containers") or [] if container["name"] not in started]
        return [Part(name, "", True, running=False, reason=reason) for name in names]

    @staticmethod
    def _pull(image: str) -> None:
        """An image that is there is taken as it is; AWS's agent asks the registry first."""
        try:
            engine.call("GET", f"/images/{image}/json")
            return
        except engine.EngineError as error:
            if error.status != 404:
                raise StartError(f"CannotInspectContainerError: {error}") from error
        try:
            told = engine.call("POST", f"/images/create?fromImage={quote(image, safe='')}", timeout=PULL_TIMEOUT)
            engine.call("GET", f"/images/{image}/json")
        except engine.EngineError as error:
            raise StartError(f"CannotPullContainerError: Error response from daemon: {error}") from error
        if isinstance(told, dict) and "errorDetail" in told:
            raise StartError(f"CannotPullContainerError: {told.get('error')}")

    def _start(self, task: Task, order: Message, container: Message) -> None:
        body = containers.configuration(order, container, self._state.cluster, self._state.container_instance_arn)
        try:
            values = secrets.fetch(order, container, self._client.beside)
        except secrets.SecretError as error:
            raise StartError(f"ResourceInitializationError: unable to pull secrets: {error}") from error
        body["Env"] += [f"{name}={value}" for name, value in values.items()]
        try:
            made = engine.call("POST", "/containers/create?name=" + containers.name(order, container), body)
        except engine.EngineError as error:
            raise StartError(f"CannotCreateContainerError: Error response from daemon: {error}") from error
        part = Part(container["name"], str(made.get("Id")), bool(container.get("essential", True)))
        task.parts.append(part)
        task.stop_timeout = max(task.stop_timeout, int(container.get("stopTimeout") or 0))
        try:
            engine.call("POST", f"/containers/{part.identifier}/start")
            inspected = engine.call("GET", f"/containers/{part.identifier}/json")
        except engine.EngineError as error:
            part.reason = f"CannotStartContainerError: Error response from daemon: {error}"
            raise StartError(part.reason) from error
        part.bindings = containers.bindings(inspected, container, order.get("networkMode") or "bridge")

    def _watch(self) -> None:
        for task in list(self.known.values()):
            for part in task.parts:
                self._look(part)
            if task.over:
                self._end(task, "Essential container in task exited")

    @staticmethod
    def _look(part: Part) -> None:
        try:
            inspected = engine.call("GET", f"/containers/{part.identifier}/json")
        except engine.EngineError as error:
            if error.status != 404:
                raise
            part.running, part.reason = False, "The container was removed by somebody else"
            return
        state = inspected.get("State") or {}
        part.health = containers.health(inspected)
        part.running = bool(state.get("Running"))
        if not part.running:
            part.exit_code = int(state.get("ExitCode") or 0)
            if state.get("OOMKilled"):
                part.reason = "OutOfMemoryError: Container killed due to memory usage"

    def _end(self, task: Task, reason: str, never_started: list[Part] | None = None) -> None:
        """Stop what still runs, report, and leave nothing behind."""
        for part in task.parts:
            try:
                if part.running:
                    path = f"/containers/{part.identifier}/stop?t={task.stop_timeout}"
                    engine.call("POST", path, timeout=task.stop_timeout + 30.0)
                    self._look(part)
                engine.call("DELETE", f"/containers/{part.identifier}?v=1&force=1")
            except engine.EngineError as error:
                part.reason = part.reason or f"CannotStopContainerError: {error}"
            part.running = False
        with self._lock:
            self.known.pop(task.arn, None)
        self._log.info(f"Task {task.arn} stopped: {reason or 'as ordered'}")
        self._report(
            task.arn, "STOPPED", task.parts + (never_started or []), {"executionStoppedAt": time.time()}, reason
        )

    # Reports.

    def _report(
        self, arn: str, status: str, parts: list[Part], times: dict[str, float] | None = None, reason: str = ""
    ) -> None:
        self._reports.append(
            {
                "cluster": self._state.cluster,
                "task": arn,
                "status": status,
                "containers": [part.report() for part in parts],
                **({"reason": reason} if reason else {}),
                **(times or {}),
            }
        )

    def _submit(self) -> None:
        """In order, and again when the control plane is back; what it refuses is not said twice."""
        while self._reports:
            try:
                self._client.call("SubmitTaskStateChange", self._reports[0])
            except aws.AwsError as error:
                if error.transient or "Token" in error.code:
                    return
                self._log.warn(f"A report on {self._reports[0]['task']} was refused: {error}")
            except (wire.WireError, AgentExit):
                return
            self._reports.pop(0)
