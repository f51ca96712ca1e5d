# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""/usr/libexec/amazon-ecs-init: registration, exit codes, loops, state, introspection."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from typing import Any

import pytest

from .conftest import ARN, Host, Service, wait_for

STATE = "/var/lib/ecs/data/agent.db"
USER = "/etc/ecs/ecs.config"


def metadata(host: Host, path: str = "/v1/metadata") -> Any:
    port = host.environment["EDGEFLEET_STANDIN_INTROSPECTION_PORT"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def start(host: Host) -> subprocess.Popen[str]:
    return host.start("ecs.init", "start")


def started(host: Host) -> dict[str, str]:
    start(host)
    found: dict[str, str] = wait_for(lambda: metadata(host), "introspection")
    return found


def ended(host: Host) -> int:
    return start(host).wait(10)


def registrations(service: Service) -> list[dict[str, Any]]:
    return [call.body for call in service.actions("RegisterContainerInstance")]


def test_first_registration(ecs_host, service) -> None:
    ecs_host.write(
        USER,
        'ECS_CLUSTER=edge\nECS_INSTANCE_ATTRIBUTES={"site":"lyon"}\nECS_CONTAINER_INSTANCE_TAGS={"environment":"edge"}\n',
    )
    found = started(ecs_host)
    assert (found["Cluster"], found["ContainerInstanceArn"]) == ("edge", ARN)
    assert found["Version"].startswith("Amazon ECS Agent - v0.0.0")
    (body,) = registrations(service)
    assert {"name": "site", "value": "lyon"} in body["attributes"]
    assert {"name": "ecs.capability.external"} in body["attributes"]
    assert body["tags"] == [{"key": "environment", "value": "edge"}]
    assert body["instanceIdentityDocument"] == ""
    assert body["versionInfo"]["dockerVersion"] == "DockerVersion: 20.10.24"
    assert "containerInstanceArn" not in body and body["clientToken"]
    call = service.actions("RegisterContainerInstance")[0]
    assert "Credential=ASIAROTATED/" in call.headers["authorization"]
    assert call.headers["x-amz-target"] == "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance"
    state = ecs_host.json(STATE)
    assert (state["Cluster"], state["ContainerInstanceArn"]) == ("edge", ARN)


def test_heartbeat(ecs_host, service) -> None:
    started(ecs_host)
    wait_for(lambda: len(service.actions("DiscoverPollEndpoint")) > 2, "heartbeats")
    assert service.calls[-1].body == {"containerInstance": ARN, "cluster": "edge"}


def test_a_restart_keeps_the_instance_and_sends_tags_but_no_attributes(ecs_host, service) -> None:
    ecs_host.write(
        USER, 'ECS_CLUSTER=edge\nECS_INSTANCE_ATTRIBUTES={"site":"lyon"}\nECS_CONTAINER_INSTANCE_TAGS={"a":"b"}\n'
    )
    process = start(ecs_host)
    wait_for(lambda: metadata(ecs_host), "introspection")
    ecs_host.stop(process)
    assert metadata(ecs_host) is None
    assert started(ecs_host)["ContainerInstanceArn"] == ARN
    again = registrations(service)[1]
    assert again["containerInstanceArn"] == ARN
    assert again["tags"] == [{"key": "a", "value": "b"}]
    assert "site" not in [attribute["name"] for attribute in again["attributes"]]


def test_introspection_paths(ecs_host) -> None:
    started(ecs_host)
    assert metadata(ecs_host, "/v1/tasks") == {"Tasks": []}
    assert metadata(ecs_host, "/nope") == 404


def test_introspection_stays_up_when_the_control_plane_is_gone(ecs_host, service) -> None:
    started(ecs_host)
    wait_for(lambda: "Connected to the control plane" in ecs_host.output("ecs.init"), "connection")
    service.replies["DiscoverPollEndpoint"] = [(500, {})]
    wait_for(lambda: "Disconnected from the control plane" in ecs_host.output("ecs.init"), "disconnection")
    assert metadata(ecs_host)["ContainerInstanceArn"] == ARN
    service.replies["DiscoverPollEndpoint"] = [(200, {})]
    wait_for(lambda: ecs_host.output("ecs.init").count("Connected to the control plane") == 2, "reconnection")


def test_rotated_credentials_are_noticed(ecs_host, service) -> None:
    started(ecs_host)
    ecs_host.write("/root/.aws/credentials", "[default]\naws_access_key_id = ASIANEW\naws_secret_access_key = s\n")
    wait_for(lambda: "Credential=ASIANEW/" in service.calls[-1].headers["authorization"], "new credentials")


def test_another_profile(ecs_host, service) -> None:
    ecs_host.write("/root/.aws/credentials", "[other]\naws_access_key_id = ASIAOTHER\naws_secret_access_key = s\n")
    ecs_host.write(USER, "ECS_CLUSTER=edge\nECS_ALTERNATE_CREDENTIAL_PROFILE=other\n")
    started(ecs_host)
    assert "Credential=ASIAOTHER/" in service.calls[0].headers["authorization"]


def test_keys_in_the_file_take_the_place_of_the_identity(ecs_host, service) -> None:
    ecs_host.write(USER, "ECS_CLUSTER=edge\nAWS_ACCESS_KEY_ID=AKIASTRAY\nAWS_SECRET_ACCESS_KEY=s\n")
    started(ecs_host)
    assert "Credential=AKIASTRAY/" in service.calls[0].headers["authorization"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ClientException", "Cluster not found."),
        ("ClusterNotFoundException", "Cluster not found."),
        ("InvalidParameterException", "Identifier is not valid"),
        ("ClientException", f"Referenced container instance {ARN} not registered."),
    ],
)
def test_refusals_that_end_the_agent(ecs_host, service, code: str, message: str) -> None:
    service.replies["RegisterContainerInstance"] = [(400, {"__type": code, "message": message})]
    assert ended(ecs_host) == 5
    assert metadata(ecs_host) is None
    assert len(registrations(service)) == 1


def test_another_cluster_than_the_saved_one(ecs_host, service) -> None:
    ecs_host.write(STATE, json.dumps({"Cluster": "edge", "ContainerInstanceArn": ARN}))
    ecs_host.write(USER, "ECS_CLUSTER=arn:aws:ecs:us-west-2:111122223333:cluster/edge\n")
    assert ended(ecs_host) == 5
    assert "Data mismatch; saved cluster 'edge'" in ecs_host.output("ecs.init")
    assert service.calls == []


def test_a_state_file_that_is_no_database(ecs_host, service) -> None:
    ecs_host.write(STATE, "\0\0half a page")
    process = start(ecs_host)
    wait_for(lambda: "from BoltDB: invalid database" in ecs_host.output("ecs.init"), "the error")
    ecs_host.stop(process)
    assert service.calls == []


def test_an_attribute_that_is_not_echoed(ecs_host, service) -> None:
    service.replies["RegisterContainerInstance"] = [(200, {"containerInstance": {"containerInstanceArn": ARN}})]
    assert ended(ecs_host) == 5


def test_external_in_the_wrong_spelling(ecs_host, service) -> None:
    """systemd hands `True` to ecs-init, which compares with `true`, and the agent gets no credentials."""
    ecs_host.write(
        "/var/lib/ecs/ecs.config", ecs_host.path("/var/lib/ecs/ecs.config").read_text().replace("=true", "=True")
    )
    ecs_host.environment["ECS_EXTERNAL"] = "True"
    assert ended(ecs_host) == 5
    assert service.calls == []


def test_no_credentials_yet(ecs_host) -> None:
    ecs_host.path("/root/.aws/credentials").unlink()
    assert ended(ecs_host) == 5


def test_a_bad_value_loops_inside_a_running_unit_and_heals(ecs_host) -> None:
    ecs_host.write(USER, 'ECS_CLUSTER=edge\nECS_INSTANCE_ATTRIBUTES=\'{"site":"oslo"}\'\n')
    process = start(ecs_host)
    wait_for(lambda: ecs_host.output("ecs.init").count("Agent exited with code 1") > 1, "loop")
    assert process.poll() is None
    assert metadata(ecs_host) is None
    ecs_host.write(USER, "ECS_CLUSTER=edge\n")
    wait_for(lambda: metadata(ecs_host), "healed")


@pytest.mark.parametrize("accident", [(500, {}), (400, {"__type": "AccessDeniedException", "message": "no"})])
def test_accidents_are_retried(ecs_host, service, accident: tuple[int, dict[str, str]]) -> None:
    echo = service.replies["RegisterContainerInstance"][0]
    service.replies["RegisterContainerInstance"] = [accident, accident, accident, echo]
    assert started(ecs_host)["ContainerInstanceArn"] == ARN


def test_without_a_cluster_the_agent_makes_default(ecs_host, service) -> None:
    ecs_host.write(USER, "ECS_CLUSTRE=edge\n")
    echo = service.replies["RegisterContainerInstance"][0]
    missing = (400, {"__type": "ClientException", "message": "Cluster not found."})
    service.replies["RegisterContainerInstance"] = [missing, echo]
    service.replies["CreateCluster"] = [(200, {})]
    assert started(ecs_host)["Cluster"] == "default"
    assert service.actions("CreateCluster")[0].body == {"clusterName": "default"}


def test_a_deregistered_instance_stays_up_until_it_is_restarted(ecs_host, service) -> None:
    process = start(ecs_host)
    wait_for(lambda: metadata(ecs_host), "introspection")
    gone = (400, {"__type": "ClientException", "message": "Referenced container instance x not registered."})
    service.replies["DiscoverPollEndpoint"] = [gone]
    service.replies["RegisterContainerInstance"] = [gone]
    wait_for(lambda: "Disconnected" in ecs_host.output("ecs.init"), "disconnection")
    time.sleep(0.3)
    assert process.poll() is None and metadata(ecs_host)
    ecs_host.stop(process)
    assert ended(ecs_host) == 5


def fake_iptables(host: Host, code: int = 0) -> None:
    host.write("bin/iptables", f'#!/bin/sh\necho "$*" >> {host.root}/iptables.log\nexit {code}\n')
    host.path("bin/iptables").chmod(0o755)
    host.write("/proc/sys/net/ipv4/conf/all/route_localnet", "0")


def test_every_start_sets_the_credential_route(ecs_host) -> None:
    fake_iptables(ecs_host)
    assert ecs_host.run("ecs.init", "pre-start").returncode == 0
    assert ecs_host.path("/proc/sys/net/ipv4/conf/all/route_localnet").read_text() == "1"
    assert ecs_host.path("iptables.log").read_text().splitlines() == [
        "-w -t nat -A PREROUTING -p tcp -d 169.254.170.2 --dport 80 -j DNAT --to-destination 127.0.0.1:51679",
        "-w -t nat -A OUTPUT -p tcp -d 169.254.170.2 --dport 80 -j REDIRECT --to-ports 51679",
    ]
    assert ecs_host.run("ecs.init", "post-stop").returncode == 0
    assert ecs_host.path("/proc/sys/net/ipv4/conf/all/route_localnet").read_text() == "0"
    assert ecs_host.path("iptables.log").read_text().count(" -D ") == 2


def test_without_an_engine_the_start_is_refused(ecs_host, engine) -> None:
    fake_iptables(ecs_host)
    engine.close()
    ecs_host.path("/var/run/docker.sock").unlink()
    result = ecs_host.run("ecs.init", "pre-start")
    assert result.returncode == 1
    assert "Cannot connect to the Docker daemon" in result.stdout


def test_without_iptables_the_start_is_refused(ecs_host) -> None:
    fake_iptables(ecs_host, code=4)
    assert ecs_host.run("ecs.init", "pre-start").returncode == 1


def test_command_line(host) -> None:
    assert host.run("ecs.init").returncode == 1
    assert host.run("ecs.init", "nope").returncode == 1
    assert host.run("ecs.init", "stop").returncode == 0
