# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container instances, from an agent's registration to their end."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.region.testing import Host, Refused, RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused


@pytest.fixture
def hosts(region: RunningRegion, ecs: Any, ssm: Any) -> list[Host]:
    """Three connected container instances on two sites."""
    activation = region.activate(ROLE, limit=3)
    made = [region.host(activation) for _ in range(3)]
    for host, site in zip(made, ("oslo", "oslo", "lyon"), strict=True):
        host.join(CLUSTER, {"site": site})
    return made


def _describe(ecs: Any, *references: str, include: tuple[str, ...] = ()) -> Any:
    return ecs.describe_container_instances(cluster=CLUSTER, containerInstances=list(references), include=list(include))


def _list(ecs: Any, **more: Any) -> list[str]:
    arns: list[str] = ecs.list_container_instances(cluster=CLUSTER, **more)["containerInstanceArns"]
    return arns


def _attributes(instance: dict[str, Any]) -> dict[str, str | None]:
    return {attribute["name"]: attribute.get("value") for attribute in instance["attributes"]}


def _known(node: str, count: int) -> str:
    return f"arn:aws:ecs:us-west-2:111122223333:container-instance/{CLUSTER}/{node * count}"


def test_the_identity_comes_from_the_credentials(ecs: Any, hosts: list[Host]) -> None:
    (instance,) = _describe(ecs, hosts[0].container_instance)["containerInstances"]
    assert instance["ec2InstanceId"] == hosts[0].id
    assert (instance["status"], instance["agentConnected"]) == ("ACTIVE", True)


def test_an_operator_cannot_register_a_host(ecs: Any) -> None:
    with refused("ClientException", "identity document"):
        ecs.register_container_instance(cluster=CLUSTER)


def test_registered_attributes_are_echoed_beside_the_built_in_ones(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    capability = "com.amazonaws.ecs.capability.docker-remote-api.1.41"
    given = [
        {"name": "site", "value": "oslo"},
        {"name": capability},
        {"name": "ecs.cpu-architecture", "value": "arm64"},
    ]
    reply = host.call(
        "ecs",
        "RegisterContainerInstance",
        cluster=CLUSTER,
        attributes=given,
        tags=[{"key": "environment", "value": "edge"}],
        versionInfo={"agentVersion": "1.105.1", "dockerVersion": "DockerVersion: 20.10.24"},
        totalResources=[{"name": "CPU", "type": "INTEGER", "integerValue": 2048}],
        instanceIdentityDocument="",
    )["containerInstance"]
    attributes = _attributes(reply)
    assert attributes["site"] == "oslo"
    assert attributes[capability] is None
    assert attributes["ecs.cpu-architecture"] == "arm64"
    assert attributes["ecs.os-type"] == "linux"
    assert attributes["ecs.agent-version"] == "1.105.1"
    assert "ecs.capability.external" in attributes
    assert reply["tags"] == [{"key": "environment", "value": "edge"}]
    assert reply["versionInfo"]["agentVersion"] == "1.105.1"
    assert reply["registeredResources"][0]["integerValue"] == 2048
    assert reply["agentConnected"] is False


def test_an_agent_without_its_state_makes_a_second_record(ecs: Any, hosts: list[Host]) -> None:
    first = hosts[0].container_instance
    second = hosts[0].register(CLUSTER)["containerInstanceArn"]
    assert second != first
    assert {one["ec2InstanceId"] for one in _describe(ecs, first, second)["containerInstances"]} == {hosts[0].id}


def test_a_retried_registration_does_not(ecs: Any, hosts: list[Host]) -> None:
    arns = {hosts[0].register(CLUSTER, clientToken="t-1")["containerInstanceArn"] for _ in range(2)}
    assert len(arns) == 1
    assert hosts[0].register(CLUSTER, clientToken="t-2")["containerInstanceArn"] not in arns
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arns.copy().pop())
    assert hosts[0].register(CLUSTER, clientToken="t-1")["containerInstanceArn"] not in arns


def test_a_second_start_of_the_agent_keeps_the_record(ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    before = _describe(ecs, arn)["containerInstances"][0]
    after = hosts[0].register(
        CLUSTER,
        {"site": "nice", "rack": "7", "ecs.os-family": "LINUX"},
        containerInstanceArn=arn,
        versionInfo={"agentVersion": "1.106.0"},
        tags=[{"key": "t", "value": "1"}],
    )
    assert after["containerInstanceArn"] == arn
    assert after["version"] == before["version"] + 1
    attributes = _attributes(after)
    # What the user set is fixed at the first registration; what the agent says of itself is not.
    assert (attributes["site"], attributes.get("rack")) == ("oslo", None)
    assert (attributes["ecs.os-family"], attributes["ecs.agent-version"]) == ("LINUX", "1.106.0")
    assert after["tags"] == [{"key": "t", "value": "1"}]


def test_an_arn_of_another_host_or_of_a_removed_record_is_refused(ecs: Any, hosts: list[Host]) -> None:
    foreign, dead = hosts[1].container_instance, hosts[0].container_instance
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=dead)
    for arn in (foreign, dead, _known("0", 32)):
        with pytest.raises(Refused) as caught:
            hosts[0].register(CLUSTER, containerInstanceArn=arn)
        assert caught.value.code == "ClientException"
        assert caught.value.message == f"Referenced container instance {arn.rpartition('/')[2]} not registered."


def test_a_host_that_registered_anew_with_ssm_is_refused_its_old_record(
    region: RunningRegion, hosts: list[Host]
) -> None:
    reborn = region.host(region.activate(ROLE))
    with pytest.raises(Refused, match="not registered"):
        reborn.register(CLUSTER, containerInstanceArn=hosts[0].container_instance)


def test_no_such_cluster(region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    with pytest.raises(Refused) as caught:
        host.register("gone")
    assert (caught.value.code, caught.value.message) == ("ClientException", "Cluster not found.")


@pytest.mark.parametrize(
    "attributes",
    [{"with space": "x"}, {"site": " x"}, {"site": "x" * 129}, {str(number): "x" for number in range(11)}],
)
def test_wrong_attributes_are_refused_at_registration(hosts: list[Host], attributes: dict[str, str]) -> None:
    with pytest.raises(Refused, match="InvalidParameterException"):
        hosts[0].register(CLUSTER, attributes)


def test_an_agent_that_falls_silent_is_disconnected(region: RunningRegion, ecs: Any, hosts: list[Host]) -> None:
    region.advance(19)
    hosts[0].heartbeat()
    region.advance(2)
    connected = [one["agentConnected"] for one in _describe(ecs, *_list(ecs))["containerInstances"]]
    assert connected == [True, False, False]
    assert _list(ecs, filter="agentConnected == false") == [host.container_instance for host in hosts[1:]]
    health = _describe(ecs, hosts[1].container_instance, include=("CONTAINER_INSTANCE_HEALTH",))
    assert health["containerInstances"][0]["healthStatus"]["overallStatus"] == "INSUFFICIENT_DATA"


def test_nobody_else_can_keep_an_agent_connected(ecs: Any, hosts: list[Host]) -> None:
    with refused("ClientException", "not registered"):
        ecs.discover_poll_endpoint(cluster=CLUSTER, containerInstance=hosts[0].container_instance)
    hosts[1].container_instance = hosts[0].container_instance
    with pytest.raises(Refused, match="not registered"):
        hosts[1].heartbeat()


def test_the_endpoints_are_those_of_this_region(region: RunningRegion, hosts: list[Host]) -> None:
    reply = hosts[0].heartbeat()
    assert (reply["endpoint"], reply["telemetryEndpoint"]) == (f"{region.url}/acs", f"{region.url}/tcs")


def test_state_changes_are_acknowledged(hosts: list[Host]) -> None:
    for action in ("SubmitTaskStateChange", "SubmitContainerStateChange"):
        assert hosts[0].call("ecs", action, cluster=CLUSTER, task="t", status="STOPPED") == {"acknowledgment": "ACK"}


def test_instances_are_listed_by_status_and_filter(ecs: Any, hosts: list[Host]) -> None:
    arns = [host.container_instance for host in hosts]
    ecs.update_container_instances_state(cluster=CLUSTER, containerInstances=arns[:1], status="DRAINING")
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arns[1])
    assert _list(ecs) == [arns[0], arns[2]]
    assert _list(ecs, status="DRAINING") == [arns[0]]
    assert _list(ecs, status="ACTIVE") == [arns[2]]
    assert _list(ecs, status="REGISTERING") == []
    assert _list(ecs, filter="attribute:site == oslo") == [arns[0]]
    assert _list(ecs, filter=f"ec2InstanceId in [{hosts[2].id}] and runningTasksCount == 0") == [arns[2]]
    with refused("InvalidParameterException", "Invalid filter expression"):
        _list(ecs, filter="site == oslo")
    with refused("InvalidParameterException", "enum"):
        _list(ecs, status="INACTIVE")


def test_instances_are_listed_in_pages_of_a_hundred(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=105)
    for _ in range(105):
        region.host(activation).register(CLUSTER)
    assert [len(page) for page in _pages(ecs)] == [100, 5]
    assert [len(page) for page in _pages(ecs, PageSize=40)] == [40, 40, 25]
    assert len({arn for page in _pages(ecs, PageSize=40) for arn in page}) == 105
    everything = _pages(ecs)
    found = _describe(ecs, *everything[0])
    assert [one["containerInstanceArn"] for one in found["containerInstances"]] == everything[0]
    with refused("InvalidParameterException", "100"):
        _describe(ecs, *everything[0], everything[1][0])
    for size in (0, 101):
        with refused("InvalidParameterException", "maxResults"):
            _list(ecs, maxResults=size)
    token = ecs.list_container_instances(cluster=CLUSTER, maxResults=1)["nextToken"]
    with refused("InvalidParameterException", "token"):
        _list(ecs, nextToken=token, status="ACTIVE")


def _pages(ecs: Any, **config: int) -> list[list[str]]:
    paginator = ecs.get_paginator("list_container_instances")
    return [page["containerInstanceArns"] for page in paginator.paginate(cluster=CLUSTER, PaginationConfig=config)]


def test_instances_are_described_by_arn_and_id_and_missing_ones_are_failures(ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    reply = _describe(ecs, arn, arn.rpartition("/")[2], hosts[1].container_instance, "0" * 32, hosts[2].id)
    assert reply["failures"] == [
        {"arn": _known("0", 32), "reason": "MISSING"},
        {"arn": _known(hosts[2].id, 1), "reason": "MISSING"},
    ]
    assert {one["containerInstanceArn"] for one in reply["containerInstances"]} == {arn, hosts[1].container_instance}
    with refused("InvalidParameterException", "cannot be empty"):
        _describe(ecs)
    with refused("InvalidParameterException", "Identifier is for cluster other"):
        _describe(ecs, arn.replace(CLUSTER, "other"))
    with refused("ClusterNotFoundException"):
        ecs.describe_container_instances(cluster="gone", containerInstances=[arn])


def test_draining_and_back(ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    update = ecs.update_container_instances_state
    for status in ("DRAINING", "DRAINING", "ACTIVE"):
        (changed,) = update(cluster=CLUSTER, containerInstances=[arn], status=status)["containerInstances"]
        assert changed["status"] == status
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=hosts[1].container_instance)
    reply = update(cluster=CLUSTER, containerInstances=[arn, hosts[1].container_instance, "0" * 32], status="DRAINING")
    assert [one["containerInstanceArn"] for one in reply["containerInstances"]] == [arn]
    assert reply["failures"] == [
        {"arn": hosts[1].container_instance, "reason": "INACTIVE"},
        {"arn": _known("0", 32), "reason": "MISSING"},
    ]
    with refused("InvalidParameterException", "status"):
        update(cluster=CLUSTER, containerInstances=[arn], status="REGISTERING")
    assert len(update(cluster=CLUSTER, containerInstances=["x"] * 10, status="ACTIVE")["failures"]) == 1
    with refused("InvalidParameterException", "10"):
        update(cluster=CLUSTER, containerInstances=["x"] * 11, status="ACTIVE")


def test_a_deregistered_instance_is_inactive(ecs: Any, ssm: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    gone = ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn)["containerInstance"]
    assert (gone["status"], gone["agentConnected"]) == ("INACTIVE", False)
    assert _describe(ecs, arn)["containerInstances"][0]["status"] == "INACTIVE"
    assert arn not in _list(ecs)
    with pytest.raises(Refused, match="not registered"):
        hosts[0].heartbeat()
    with refused("ClientException", "not found"):
        ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn)
    # The two records of a host have lives of their own.
    assert len(ssm.describe_instance_information()["InstanceInformationList"]) == 3


def test_running_tasks_keep_an_instance_unless_forced(region: RunningRegion, ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    region.state.ecs.instances_of(CLUSTER)[arn.rpartition("/")[2]].running_tasks = 1
    with refused("InvalidParameterException", "running tasks"):
        ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn)
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn, force=True)


def test_attributes_are_put_listed_and_deleted(ecs: Any, hosts: list[Host]) -> None:
    arns = [host.container_instance for host in hosts]
    ecs.put_attributes(cluster=CLUSTER, attributes=[{"name": "rack", "value": "7", "targetId": arns[0]}])
    short = {"name": "site", "value": "nice", "targetId": arns[1].rpartition("/")[2]}
    with refused("InvalidParameterException", "TargetType"):
        ecs.put_attributes(cluster=CLUSTER, attributes=[short])
    put = ecs.put_attributes(cluster=CLUSTER, attributes=[{**short, "targetType": "container-instance"}])
    assert put["attributes"] == [
        {"name": "site", "value": "nice", "targetType": "container-instance", "targetId": arns[1]}
    ]

    def sites(**more: str) -> list[str]:
        reply = ecs.list_attributes(cluster=CLUSTER, targetType="container-instance", attributeName="site", **more)
        return [attribute["targetId"] for attribute in reply["attributes"]]

    assert sites() == arns
    assert sites(attributeValue="oslo") == arns[:1]
    delete = ecs.delete_attributes
    assert delete(cluster=CLUSTER, attributes=[{"name": "site", "value": "x", "targetId": arns[0]}])["attributes"] == []
    assert len(delete(cluster=CLUSTER, attributes=[{"name": "site", "targetId": arns[0]}])["attributes"]) == 1
    assert sites() == arns[1:]
    assert "site" not in _attributes(_describe(ecs, arns[0])["containerInstances"][0])


def test_limits_of_attributes(ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance

    def put(*names: str, value: str = "x", target: str = arn) -> None:
        attributes = [{"name": name, "value": value, "targetId": target} for name in names]
        ecs.put_attributes(cluster=CLUSTER, attributes=attributes)

    with refused("InvalidParameterException", "10"):
        put(*(f"a{number}" for number in range(11)))
    # The site is one of the ten already, and nothing of a refused call is kept.
    with refused("AttributeLimitExceededException"):
        put(*(f"a{number}" for number in range(10)))
    assert "a0" not in _attributes(_describe(ecs, arn)["containerInstances"][0])
    put(*(f"a{number}" for number in range(9)))
    put("a0", value="y")
    for name in ("with space", "x" * 129, "ecs.os-type"):
        with refused("InvalidParameterException"):
            put(name)
    with refused("InvalidParameterException", "value"):
        put("a0", value="trailing ")
    with refused("TargetNotFoundException"):
        put("a0", target=_known("0", 32))
    with refused("InvalidParameterException", "TargetId"):
        ecs.put_attributes(cluster=CLUSTER, attributes=[{"name": "a0", "value": "x"}])


def test_attributes_are_listed_in_pages(ecs: Any, hosts: list[Host]) -> None:
    paginator = ecs.get_paginator("list_attributes")
    pages = [
        len(page["attributes"])
        for page in paginator.paginate(
            cluster=CLUSTER, targetType="container-instance", PaginationConfig={"PageSize": 5}
        )
    ]
    # Each host has site and three built-in attributes.
    assert pages == [5, 5, 2]


def test_tags_of_a_container_instance(ecs: Any, hosts: list[Host]) -> None:
    arn = hosts[0].container_instance
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}])
    assert _describe(ecs, arn)["containerInstances"][0]["tags"] == []
    assert _describe(ecs, arn, include=("TAGS",))["containerInstances"][0]["tags"] == [{"key": "a", "value": "1"}]
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == []
    ecs.deregister_container_instance(cluster=CLUSTER, containerInstance=arn)
    with refused("InvalidParameterException", "not found"):
        ecs.list_tags_for_resource(resourceArn=arn)
