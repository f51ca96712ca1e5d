# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both stand-in agents against the simulated Region: the agents' protocols from end to end, tasks and all."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region

from .conftest import Host, free_port, wait_for
from .fake_engine import FakeEngine

CLUSTER = "retail-edge"
IMAGE = "demo/web:1"


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegion]:
    with running_region(Settings(connected_timeout=3.0)) as region:
        yield region


@pytest.fixture
def region(running: RunningRegion) -> RunningRegion:
    running.reset()
    running.create_role("EdgeHosts")
    running.client("ecs").create_cluster(clusterName=CLUSTER)
    return running


@pytest.fixture
def ecs(region: RunningRegion) -> Any:
    return region.client("ecs")


@pytest.fixture
def engine(host: Host) -> Iterator[FakeEngine]:
    made = FakeEngine(host.path("/var/run/docker.sock"), IMAGE)
    yield made
    made.close()


@pytest.fixture
def agent(host: Host, region: RunningRegion, engine: FakeEngine, ecs: Any) -> Host:
    """A host on which both agents run, connected."""
    activation = region.activate("EdgeHosts")
    host.write("/etc/amazon/ssm/amazon-ssm-agent.json", json.dumps({"Ssm": {"Endpoint": region.url}}))
    identity = ("-code", activation["ActivationCode"], "-id", activation["ActivationId"], "-region", region.name)
    assert host.ssm("-register", *identity, "-y").returncode == 0
    host.write(
        "/var/lib/ecs/ecs.config",
        f"AWS_DEFAULT_REGION={region.name}\nECS_EXTERNAL=true\nECS_BACKEND_HOST={region.url}\n",
    )
    host.write("/etc/ecs/ecs.config", f'ECS_CLUSTER={CLUSTER}\nECS_INSTANCE_ATTRIBUTES={{"site":"oslo"}}\n')
    host.environment["ECS_EXTERNAL"] = "true"
    host.knob(INTROSPECTION_PORT=free_port(), CREDENTIALS_PORT=free_port(), ECS_TASK_POLL=0.05)
    host.start("ssm.cli")
    wait_for(lambda: host.path("/root/.aws/credentials").exists(), "credentials")
    host.start("ecs.init", "start")
    wait_for(lambda: instance(ecs).get("agentConnected"), "connection")
    return host


def instance(ecs: Any) -> dict[str, Any]:
    arns = ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]
    if not arns:
        return {}
    found: dict[str, Any] = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)
    return dict(found["containerInstances"][0])


def define(ecs: Any, **more: Any) -> str:
    container = {"name": "web", "image": IMAGE, "memory": 64, "essential": True, **more.pop("container", {})}
    reply = ecs.register_task_definition(
        family="web", requiresCompatibilities=["EXTERNAL"], containerDefinitions=[container], **more
    )
    arn: str = reply["taskDefinition"]["taskDefinitionArn"]
    return arn


def run(ecs: Any, definition: str) -> str:
    reply = ecs.run_task(cluster=CLUSTER, taskDefinition=definition, launchType="EXTERNAL")
    assert reply["failures"] == []
    arn: str = reply["tasks"][0]["taskArn"]
    return arn


def task(ecs: Any, arn: str) -> dict[str, Any]:
    return dict(ecs.describe_tasks(cluster=CLUSTER, tasks=[arn])["tasks"][0])


def reach(ecs: Any, arn: str, status: str) -> dict[str, Any]:
    found: dict[str, Any] = wait_for(
        lambda: (now := task(ecs, arn))["lastStatus"] == status and now, f"{status}, {task(ecs, arn)}"
    )
    return found


def test_a_task_runs_in_a_container_until_it_is_stopped(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    definition = define(
        ecs,
        container={
            "portMappings": [{"containerPort": 80, "hostPort": 8080}],
            "environment": [{"name": "A", "value": "b"}],
            "command": ["serve", "--fast"],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}],
        },
        volumes=[{"name": "data", "host": {"sourcePath": "/srv/data"}}],
    )
    arn = run(ecs, definition)
    found = reach(ecs, arn, "RUNNING")
    ((identifier, made),) = engine.containers.items()
    body = made["body"]
    assert (body["Image"], body["Env"], body["Cmd"]) == (IMAGE, ["A=b"], ["serve", "--fast"])
    assert body["Labels"]["com.amazonaws.ecs.task-arn"] == arn
    assert body["HostConfig"]["PortBindings"] == {"80/tcp": [{"HostPort": "8080"}]}
    assert (body["HostConfig"]["Memory"], body["HostConfig"]["Binds"]) == (64 * 2**20, ["/srv/data:/data:ro"])
    container = found["containers"][0]
    assert container["runtimeId"] == identifier
    assert container["networkBindings"][0]["hostPort"] == 8080
    assert instance(ecs)["runningTasksCount"] == 1
    ecs.stop_task(cluster=CLUSTER, task=arn, reason="enough")
    stopped = reach(ecs, arn, "STOPPED")
    assert (stopped["stoppedReason"], stopped["containers"][0]["exitCode"]) == ("enough", 143)
    assert engine.containers == {}


def test_a_container_that_ends_takes_its_task_along(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    arn = run(ecs, define(ecs))
    reach(ecs, arn, "RUNNING")
    engine.exit("web", 7)
    stopped = reach(ecs, arn, "STOPPED")
    assert (stopped["stopCode"], stopped["containers"][0]["exitCode"]) == ("EssentialContainerExited", 7)


def test_an_image_that_is_nowhere(agent: Host, ecs: Any) -> None:
    arn = run(ecs, define(ecs, container={"image": "demo/none:1"}))
    stopped = reach(ecs, arn, "STOPPED")
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in stopped["stoppedReason"]
    assert "CannotPullContainerError" in stopped["containers"][0]["reason"]


def test_a_container_that_does_not_start(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    engine.refuse_start = "port is already allocated"
    stopped = reach(ecs, run(ecs, define(ecs)), "STOPPED")
    assert "CannotStartContainerError" in stopped["stoppedReason"]
    assert "port is already allocated" in stopped["stoppedReason"]
    assert engine.containers == {}


def test_an_engine_that_is_gone(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    engine.close()
    agent.path("/var/run/docker.sock").unlink()
    stopped = reach(ecs, run(ecs, define(ecs)), "STOPPED")
    assert "Cannot connect to the Docker daemon" in stopped["stoppedReason"]


def test_tasks_survive_a_restart_of_the_agent(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    arn = run(ecs, define(ecs))
    reach(ecs, arn, "RUNNING")
    agent.stop(agent._processes[-1])
    wait_for(lambda: not instance(ecs)["agentConnected"], "disconnection")
    assert task(ecs, arn)["lastStatus"] == "RUNNING"
    agent.start("ecs.init", "start")
    wait_for(lambda: instance(ecs)["agentConnected"], "connection")
    assert len(engine.containers) == 1
    ecs.stop_task(cluster=CLUSTER, task=arn)
    reach(ecs, arn, "STOPPED")
    assert engine.containers == {}


def test_an_outage_leaves_tasks_alone_and_places_nothing(
    agent: Host, region: RunningRegion, ecs: Any, engine: FakeEngine
) -> None:
    definition = define(ecs)
    arn = run(ecs, definition)
    reach(ecs, arn, "RUNNING")
    region.control("POST", "outages", {"attributes": {"site": "oslo"}})
    wait_for(lambda: not instance(ecs)["agentConnected"], "disconnection")
    assert task(ecs, arn)["lastStatus"] == "RUNNING"
    refused = ecs.run_task(cluster=CLUSTER, taskDefinition=definition, launchType="EXTERNAL")
    assert refused["tasks"] == [] and refused["failures"]
    engine.exit("web", 0)
    wait_for(lambda: engine.containers == {}, "the agent's own clean-up")
    assert task(ecs, arn)["lastStatus"] == "RUNNING"
    region.control("DELETE", "outages")
    reach(ecs, arn, "STOPPED")
    wait_for(lambda: instance(ecs)["agentConnected"], "connection")
    reach(ecs, run(ecs, definition), "RUNNING")


def test_tasks_get_the_credentials_of_their_role(agent: Host, ecs: Any, engine: FakeEngine) -> None:
    role = "arn:aws:iam::111122223333:role/web"
    reach(ecs, run(ecs, define(ecs, taskRoleArn=role)), "RUNNING")
    (made,) = engine.containers.values()
    (variable,) = [one for one in made["body"]["Env"] if one.startswith("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=")]
    port = agent.environment["EDGEFLEET_STANDIN_CREDENTIALS_PORT"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{variable.partition('=')[2]}", timeout=5) as reply:
        given = json.load(reply)
    assert given["RoleArn"] == role
    assert {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"} <= set(given)


def test_a_deregistered_agent_waits(agent: Host, ecs: Any) -> None:
    ecs.deregister_container_instance(
        cluster=CLUSTER, containerInstance=instance(ecs)["containerInstanceArn"], force=True
    )
    wait_for(lambda: "not registered" in agent.output("ecs.init"), "refusal")
    assert agent._processes[-1].poll() is None


def test_expired_credentials_are_replaced(agent: Host, region: RunningRegion, ecs: Any) -> None:
    """The clock of the Region jumps, and the SSM agent learns of it only when it is started again."""
    region.advance(4000)
    region.control("POST", "outages", {"attributes": {"site": "oslo"}})
    region.control("DELETE", "outages")
    wait_for(lambda: "ExpiredTokenException" in [call["error"] for call in region.calls(service="ecs")], "refusal")
    agent.stop(agent._processes[0])
    agent.start("ssm.cli")
    wait_for(lambda: instance(ecs)["agentConnected"], "connection")
