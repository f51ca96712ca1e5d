# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACS and TCS, as an agent meets them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.credentials import Credentials

from sandbox.agents.standin import websocket, wire
from sandbox.region.context import Settings
from sandbox.region.ecs import agents, tasks
from sandbox.region.ecs.model import Task, TaskDefinition
from sandbox.region.testing import Host, RunningRegion, running_region

from .agent import Agent, open_socket
from .conftest import CLUSTER, ROLE

Connect = Callable[..., Agent]
ROLE_ARN = "arn:aws:iam::111122223333:role/web"


@pytest.fixture
def host(region: RunningRegion, ecs: Any, ssm: Any) -> Host:
    made = region.host(region.activate(ROLE))
    made.ping()
    made.register(CLUSTER, {"site": "oslo"})
    return made


@pytest.fixture
def connect(region: RunningRegion, host: Host) -> Iterator[Connect]:
    opened: list[Agent] = []

    def make(path: str = "/acs/ws", **changes: Any) -> Agent:
        opened.append(Agent(open_socket(region, host, path, **changes)))
        return opened[-1]

    yield make
    for agent in opened:
        agent.close()


@pytest.fixture
def acs(connect: Connect) -> Agent:
    agent = connect()
    agent.receive("TaskManifestMessage")
    return agent


def place(region: RunningRegion, host: Host, **body: Any) -> Task:
    """A task on the host, as the scheduler places it."""
    state = region.state
    container = {"name": "web", "image": "demo/web:1", "memory": 64, "essential": True, **body.pop("container", {})}
    definition = TaskDefinition(
        number=state.ecs.number(),
        family="web",
        revision=3,
        arn=state.arn("ecs", "task-definition/web:3"),
        body={"networkMode": "bridge", "containerDefinitions": [container], **body},
        registered_at=0,
        registered_by="",
        tags={},
    )
    instance = next(iter(state.ecs.instances_of(CLUSTER).values()))
    order = tasks.Order(CLUSTER, definition, "EXTERNAL", "family:web", "", {}, {})
    task = tasks.create(state, order, instance)
    agents.ring(state)
    return task


def connected(ecs: Any, host: Host) -> bool:
    found = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=[host.container_instance])
    answer: bool = found["containerInstances"][0]["agentConnected"]
    return answer


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_open_session_is_a_connected_agent(region: RunningRegion, ecs: Any, host: Host, connect: Connect) -> None:
    assert not connected(ecs, host)
    agent = connect()
    manifest = agent.receive("TaskManifestMessage")
    assert (manifest["containerInstanceArn"], manifest["tasks"]) == (host.container_instance, [])
    assert connected(ecs, host)
    region.advance(3000)
    assert connected(ecs, host)
    agent.close()
    until(lambda: not connected(ecs, host))


def test_a_task_comes_as_payload_until_it_is_acknowledged(
    region: RunningRegion, host: Host, acs: Agent, connect: Connect
) -> None:
    task = place(
        region,
        host,
        container={
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            "environment": [{"name": "A", "value": "b"}],
            "command": ["serve"],
            "cpu": 128,
            "workingDirectory": "/srv",
        },
        volumes=[{"name": "data", "host": {"sourcePath": "/data"}}],
    )
    payload = acs.receive("PayloadMessage")
    assert payload["clusterArn"].endswith(f"cluster/{CLUSTER}")
    (manifest,) = payload["tasks"]
    assert (manifest["arn"], manifest["family"], manifest["version"]) == (task.arn, "web", "3")
    assert (manifest["desiredStatus"], manifest["networkMode"]) == ("RUNNING", "bridge")
    assert manifest["volumes"] == [{"name": "data", "type": "host", "host": {"sourcePath": "/data"}}]
    (container,) = manifest["containers"]
    assert container["portMappings"] == [{"protocol": "tcp", "containerPort": 80, "hostPort": 8080}]
    assert (container["environment"], container["command"]) == ({"A": "b"}, ["serve"])
    assert (container["cpu"], container["memory"], container["essential"]) == (128, 64, True)
    assert json.loads(container["dockerConfig"]["config"]) == {"WorkingDir": "/srv"}
    # Not acknowledged: the next session brings it again, and takes the place of this one.
    again = connect()
    assert not acs.ended()
    second = again.receive("PayloadMessage")
    assert second["tasks"] == payload["tasks"]
    again.send("AckRequest", cluster=CLUSTER, containerInstance=host.container_instance, messageId=second["messageId"])
    until(lambda: task.told == "RUNNING")
    tasks.stop(region.state, task, "UserInitiated", "Task stopped by user")
    agents.ring(region.state)
    third = again.receive("PayloadMessage")
    assert [(one["arn"], one["desiredStatus"]) for one in third["tasks"]] == [(task.arn, "STOPPED")]
    assert third["timeline"] > second["timeline"]


def test_reports_make_the_tasks_state(region: RunningRegion, host: Host, acs: Agent) -> None:
    task = place(region, host)
    acs.receive("PayloadMessage")
    report = {"cluster": CLUSTER, "task": task.arn}
    binding = {"bindIP": "0.0.0.0", "containerPort": 80, "hostPort": 32768, "protocol": "tcp"}
    running = {"containerName": "web", "runtimeId": "cafe", "status": "RUNNING", "networkBindings": [binding]}
    host.call("ecs", "SubmitTaskStateChange", **report, status="RUNNING", containers=[running])
    assert task.last_status == "RUNNING"
    assert (task.containers[0].runtime_id, task.containers[0].bindings) == ("cafe", [binding])
    stopped = {"containerName": "web", "exitCode": 7, "status": "STOPPED"}
    host.call("ecs", "SubmitTaskStateChange", **report, status="STOPPED", reason="it broke", containers=[stopped])
    assert (task.last_status, task.stopped_reason) == ("STOPPED", "it broke")
    assert (task.stop_code, task.containers[0].exit_code) == ("EssentialContainerExited", 7)


def test_the_agent_may_stop_what_is_not_to_run(region: RunningRegion, host: Host, acs: Agent) -> None:
    kept = place(region, host)
    gone = {"taskArn": kept.arn + "f", "taskClusterArn": "c", "desiredStatus": "STOPPED"}
    acs.send("TaskStopVerificationMessage", messageId="m", stopCandidates=[{"taskArn": kept.arn}, gone])
    answer = acs.receive("TaskStopVerificationAck")
    assert (answer["messageId"], answer["stopTasks"]) == ("m", [gone])


def test_credentials_of_tasks(region: RunningRegion, host: Host, acs: Agent, connect: Connect) -> None:
    task = place(region, host, taskRoleArn=ROLE_ARN, executionRoleArn=ROLE_ARN)
    payload = acs.receive("PayloadMessage")
    given = payload["tasks"][0]["roleCredentials"]
    assert given["roleArn"] == ROLE_ARN
    assert payload["tasks"][0]["executionRoleCredentials"]["credentialsId"] != given["credentialsId"]
    acs.send("AckRequest", messageId=payload["messageId"])
    until(lambda: task.told)
    # The Region takes calls that are signed with them, from nobody's node, and no others.
    own = Credentials(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
    host._wire.signed("ecs", "ListClusters", {}, own)
    assert region.calls(action="ListClusters")[-1]["caller"] == given["accessKeyId"]
    fresh = connect()
    refreshed = fresh.receive("IAMRoleCredentialsMessage", lambda message: message["roleType"] == "TaskApplication")
    assert refreshed["taskArn"] == task.arn
    assert refreshed["roleCredentials"]["credentialsId"] == given["credentialsId"]
    assert refreshed["roleCredentials"]["accessKeyId"] != given["accessKeyId"]


def test_a_deregistered_instance_is_told_to_go(ecs: Any, host: Host, acs: Agent, connect: Connect) -> None:
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=host.container_instance, force=True)
    assert "Reconnect" in acs.receive("CloseMessage")["message"]
    assert acs.ended()
    with pytest.raises(websocket.Refused, match="InactiveInstanceException"):
        connect()


def test_telemetry_is_acknowledged(connect: Connect) -> None:
    tcs = connect("/tcs/ws")
    tcs.send("PublishMetricsRequest", metadata={"idle": True}, taskMetrics=[])
    tcs.receive("AckPublishMetric")
    tcs.send("PublishInstanceStatusRequest", statuses=[])
    tcs.receive("AckPublishInstanceStatus")


def test_attachments_are_acknowledged(host: Host) -> None:
    attachments = [{"attachmentArn": "arn:aws:ecs:us-west-2:111122223333:attachment/x", "status": "ATTACHED"}]
    reply = host.call("ecs", "SubmitAttachmentStateChanges", cluster=CLUSTER, attachments=attachments)
    assert reply == {"acknowledgment": "ACK"}


def test_health_of_containers_comes_by_telemetry(region: RunningRegion, host: Host, connect: Connect) -> None:
    task = place(region, host, container={"healthCheck": {"command": ["CMD", "true"]}})
    tcs = connect("/tcs/ws")
    report = {"taskArn": task.arn, "containers": [{"containerName": "web", "healthStatus": "UNHEALTHY"}]}
    tcs.send("PublishHealthRequest", metadata={}, tasks=[report, {"taskArn": "nobody's"}])
    tcs.receive("AckPublishHealth")
    assert task.health == "UNHEALTHY"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"clusterArn": "elsewhere"}, "InvalidClusterException"),
        ({"containerInstanceArn": "0" * 32}, "InvalidInstanceException"),
    ],
)
def test_refused_handshakes(connect: Connect, changes: dict[str, str], error: str) -> None:
    with pytest.raises(websocket.Refused, match=error):
        connect(**changes)


def test_a_handshake_with_a_wrong_secret(region: RunningRegion, host: Host, connect: Connect) -> None:
    own = host.credentials
    with pytest.raises(websocket.Refused, match="InvalidSignatureException"):
        connect(credentials=Credentials(own.access_key, "another", own.token))
    (entry,) = region.calls(action="Poll")
    assert (entry["status"], entry["error"], entry["caller"]) == (400, "InvalidSignatureException", host.id)


def test_a_handshake_with_an_expired_token(region: RunningRegion, host: Host, connect: Connect) -> None:
    region.advance(3601)
    with pytest.raises(websocket.Refused, match="ExpiredTokenException"):
        connect()


def test_a_handshake_with_the_credentials_of_another_host(region: RunningRegion, connect: Connect) -> None:
    other = region.host(region.activate(ROLE))
    with pytest.raises(websocket.Refused, match="AccessDeniedException"):
        connect(credentials=other.credentials)


def test_faults_hit_handshakes_too(region: RunningRegion, connect: Connect) -> None:
    region.fault("ecs", "Poll", "reset")
    with pytest.raises(wire.WireError):
        connect()
    connect()


def test_other_paths_have_no_websocket(connect: Connect) -> None:
    with pytest.raises(websocket.Refused, match="404"):
        connect("/else/ws")


def test_reset_ends_sessions(region: RunningRegion, acs: Agent) -> None:
    region.reset()
    assert not acs.ended()


def test_a_silent_agent_is_given_up_and_one_that_answers_stays() -> None:
    with running_region(Settings(connected_timeout=0.3)) as region:
        region.reset()
        region.create_role(ROLE)
        region.client("ecs").create_cluster(clusterName=CLUSTER)
        host = region.host(region.activate(ROLE))
        host.register(CLUSTER)
        agent = Agent(open_socket(region, host, "/acs/ws"))
        for _ in range(6):
            agent.send("HeartbeatAckRequest", messageId=agent.receive("HeartbeatMessage")["messageId"])
        assert connected(region.client("ecs"), host)
        assert agent.ended()
        until(lambda: not connected(region.client("ecs"), host))
        agent.close()
