# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Activations, managed nodes and what the SSM agent calls."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from sandbox.region.testing import TRUST_SSM, Refused, RunningRegion

from .conftest import CLUSTER, ROLE, checked
from .expect import refused

DAY = 86_400


def _in(region: RunningRegion, seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(region.state.clock.now() + seconds, datetime.UTC)


def _filter(key: str, *values: str) -> list[dict[str, Any]]:
    return [{"FilterKey": key, "FilterValues": list(values)}]


def _nodes(ssm: Any, *filters: tuple[str, str], **more: Any) -> list[str]:
    wanted = [{"Key": key, "Values": [value]} for key, value in filters]
    reply = ssm.describe_instance_information(Filters=wanted, **more)
    return [node["InstanceId"] for node in reply["InstanceInformationList"]]


def test_an_activation_has_defaults_and_tells_its_code_once(region: RunningRegion, ssm: Any) -> None:
    created = ssm.create_activation(IamRole=ROLE)
    assert len(created["ActivationCode"]) == 20
    assert len(created["ActivationId"]) == 36
    (shown,) = ssm.describe_activations()["ActivationList"]
    assert created["ActivationCode"] not in str(shown)
    assert (shown["RegistrationLimit"], shown["RegistrationsCount"], shown["Expired"]) == (1, 0, False)
    life = (shown["ExpirationDate"] - shown["CreatedDate"]).total_seconds()
    assert life == pytest.approx(DAY)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"RegistrationLimit": 1001}, "1000"),
        ({"IamRole": "x" * 65}, "64"),
        ({"IamRole": "absent"}, "Nonexistent role or missing ssm service principal in trust policy: arn:aws:iam::1111"),
        ({"DefaultInstanceName": "x" * 257}, "256"),
        ({"Description": "x" * 257}, "256"),
    ],
)
def test_wrong_activations(ssm: Any, option: dict[str, Any], message: str) -> None:
    with refused("ValidationException", message):
        ssm.create_activation(**{"IamRole": ROLE, **option})


def test_the_role_must_trust_ssm(region: RunningRegion, ssm: Any) -> None:
    statement = {**TRUST_SSM["Statement"][0], "Principal": {"Service": "ec2.amazonaws.com"}}  # type: ignore[dict-item]
    region.create_role("NoTrust", {"Version": "2012-10-17", "Statement": [statement]})
    with refused("ValidationException", "missing ssm service principal"):
        ssm.create_activation(IamRole="NoTrust")
    ssm.create_activation(IamRole=f"service-role/{ROLE}")


def test_an_activation_lives_thirty_days_at_most(region: RunningRegion, ssm: Any) -> None:
    ssm.create_activation(IamRole=ROLE, ExpirationDate=_in(region, 30 * DAY))
    for seconds in (31 * DAY, -1):
        with refused("ValidationException", "expiration date"):
            ssm.create_activation(IamRole=ROLE, ExpirationDate=_in(region, seconds))


def test_activations_are_filtered(region: RunningRegion, ssm: Any) -> None:
    region.create_role("Other")
    first = ssm.create_activation(IamRole=ROLE, DefaultInstanceName="oslo", Tags=[{"Key": "a", "Value": "1"}])
    second = ssm.create_activation(IamRole="Other", Description="d")

    def found(*filters: dict[str, Any]) -> list[str]:
        return [one["ActivationId"] for one in ssm.describe_activations(Filters=list(filters))["ActivationList"]]

    both = [first["ActivationId"], second["ActivationId"]]
    assert found() == both
    assert found(*_filter("DefaultInstanceName", "oslo")) == both[:1]
    assert found(*_filter("IamRole", "Other")) == both[1:]
    assert found(*_filter("ActivationIds", *both)) == both
    assert found(*_filter("ActivationIds", *both), *_filter("IamRole", ROLE)) == both[:1]
    with refused("ValidationException", "enum"):
        found(*_filter("Description", "d"))
    (shown, _other) = ssm.describe_activations()["ActivationList"]
    assert shown["Tags"] == [{"Key": "a", "Value": "1"}]


def test_activations_come_in_pages_of_fifty(ssm: Any) -> None:
    for _ in range(52):
        ssm.create_activation(IamRole=ROLE)
    paginator = ssm.get_paginator("describe_activations")
    assert [len(page["ActivationList"]) for page in paginator.paginate()] == [50, 2]
    assert [len(page["ActivationList"]) for page in paginator.paginate(PaginationConfig={"PageSize": 20})] == [
        20,
        20,
        12,
    ]
    with refused("ValidationException", "50"):
        ssm.describe_activations(MaxResults=51)
    with refused("InvalidNextToken"):
        ssm.describe_activations(NextToken="nonsense")


def test_a_deleted_activation_is_gone_and_its_nodes_stay(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=2)
    host = region.host(activation)
    ssm.delete_activation(ActivationId=activation["ActivationId"])
    assert ssm.describe_activations()["ActivationList"] == []
    with refused("InvalidActivationId"):
        ssm.delete_activation(ActivationId=activation["ActivationId"])
    with pytest.raises(Refused, match="InvalidActivation"):
        region.host(activation)
    assert _nodes(ssm) == [host.id]


def test_registration_uses_up_an_activation(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=2)
    ids = {region.host(activation).id for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"mi-[0-9a-f]{17}", one) for one in ids)
    assert ssm.describe_activations()["ActivationList"][0]["RegistrationsCount"] == 2
    with pytest.raises(Refused, match="InvalidActivation.*no registration left"):
        region.host(activation)


def test_a_wrong_code_and_an_expired_activation_are_refused(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE)
    with pytest.raises(Refused, match="InvalidActivation.*another code"):
        region.host({**activation, "ActivationCode": "x" * 20})
    region.advance(DAY + 1)
    assert ssm.describe_activations()["ActivationList"][0]["Expired"] is True
    with pytest.raises(Refused, match="InvalidActivation.*expired"):
        region.host(activation)
    assert _nodes(ssm) == []


def test_a_node_shows_what_activation_and_agent_gave_it(region: RunningRegion, ssm: Any) -> None:
    tags = [{"Key": "site", "Value": "oslo"}]
    activation = region.activate(ROLE, DefaultInstanceName="till-7", Tags=tags)
    host = region.host(activation)
    (before,) = ssm.describe_instance_information()["InstanceInformationList"]
    assert before["PingStatus"] == "ConnectionLost"
    assert "LastPingDateTime" not in before
    host.ping(ComputerName="till7", PlatformName="Debian GNU/Linux", PlatformVersion="12", IPAddress="198.18.1.11")
    (node,) = ssm.describe_instance_information()["InstanceInformationList"]
    expected = {
        "InstanceId": host.id,
        "Name": "till-7",
        "IamRole": ROLE,
        "ActivationId": activation["ActivationId"],
        "PingStatus": "Online",
        "ResourceType": "ManagedInstance",
        "ComputerName": "till7",
        "AgentVersion": "3.3.987.0",
        "PlatformType": "Linux",
        "IPAddress": "198.18.1.11",
    }
    assert {name: node[name] for name in expected} == expected
    assert ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=host.id)["TagList"] == tags


def test_a_node_that_falls_silent_has_lost_its_connection(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=2)
    silent, alive = region.host(activation), region.host(activation)
    silent.ping()
    region.advance(599)
    alive.ping()
    region.advance(2)
    assert _nodes(ssm, ("PingStatus", "ConnectionLost")) == [silent.id]
    assert _nodes(ssm, ("PingStatus", "Online")) == [alive.id]


def test_nodes_are_filtered(region: RunningRegion, ssm: Any) -> None:
    region.create_role("Other")
    activations = [region.activate(role, Tags=[{"Key": "site", "Value": role}]) for role in (ROLE, "Other")]
    one, other = (region.host(activation) for activation in activations)
    assert _nodes(ssm) == [one.id, other.id]
    assert _nodes(ssm, ("InstanceIds", other.id)) == [other.id]
    assert _nodes(ssm, ("ActivationIds", activations[0]["ActivationId"])) == [one.id]
    assert _nodes(ssm, ("IamRole", "Other"), ("ResourceType", "ManagedInstance")) == [other.id]
    assert _nodes(ssm, ("SourceIds", one.id)) == [one.id]
    assert _nodes(ssm, ("tag:site", ROLE)) == [one.id]
    assert _nodes(ssm, ("tag-key", "site")) == [one.id, other.id]
    assert _nodes(ssm, ("InstanceIds", "mi-" + "0" * 17)) == []
    old = ssm.describe_instance_information(InstanceInformationFilterList=[{"key": "IamRole", "valueSet": ["Other"]}])
    assert [node["InstanceId"] for node in old["InstanceInformationList"]] == [other.id]
    with refused("InvalidFilterKey"):
        _nodes(ssm, ("Site", "oslo"))
    with refused("InvalidInstanceId"):
        _nodes(ssm, ("InstanceIds", "till-7"))
    with refused("ValidationException", "Tag filters"):
        _nodes(ssm, ("tag:site", ROLE), ("IamRole", ROLE))


def test_nodes_come_in_pages(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=12)
    for _ in range(12):
        region.host(activation)
    paginator = ssm.get_paginator("describe_instance_information")
    assert [len(page["InstanceInformationList"]) for page in paginator.paginate()] == [10, 2]
    pages = list(paginator.paginate(PaginationConfig={"PageSize": 50}))
    assert [len(page["InstanceInformationList"]) for page in pages] == [12]
    with refused("ValidationException", "50"):
        ssm.describe_instance_information(MaxResults=51)


def test_a_removed_node_loses_its_credentials_and_nothing_else(region: RunningRegion, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    arn = host.join(CLUSTER)
    ssm.deregister_managed_instance(InstanceId=host.id)
    assert _nodes(ssm) == []
    with pytest.raises(Refused, match="UnrecognizedClientException"):
        host.ping()
    with pytest.raises(Refused, match="AccessDeniedException"):
        host.rotate()
    with refused("InvalidInstanceId"):
        ssm.deregister_managed_instance(InstanceId=host.id)
    assert ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"] == [arn]


def test_credentials_expire_with_the_regions_clock(region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    region.advance(3601)
    with pytest.raises(Refused) as caught:
        host.ping()
    assert (caught.value.status, caught.value.code) == (400, "ExpiredTokenException")
    host.rotate()
    host.ping()


def test_another_machine_with_a_copied_identity_gets_no_credentials(region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    host.fingerprint = "another machine"
    with pytest.raises(Refused, match="MachineFingerprintDoesNotMatch"):
        host.rotate()


def test_a_node_speaks_for_itself_only(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE, limit=2)
    one, other = region.host(activation), region.host(activation)
    for action in ("UpdateInstanceInformation", "ListInstanceAssociations"):
        with pytest.raises(Refused, match="InvalidInstanceId"):
            one.call("ssm", action, InstanceId=other.id)
    assert one.call("ssm", "ListInstanceAssociations", InstanceId=one.id, MaxResults=20) == {"Associations": []}


def test_the_key_pair_is_good_for_credentials_only(client: Any, region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    impostor = client("ecs", aws_access_key_id=host.id)
    with refused("UnrecognizedClientException"):
        impostor.list_clusters()


def test_the_role_of_a_node_changes(region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    region.create_role("Other")
    ssm.update_managed_instance_role(InstanceId=host.id, IamRole="Other")
    assert _nodes(ssm, ("IamRole", "Other")) == [host.id]
    with refused("ValidationException", "Nonexistent role"):
        ssm.update_managed_instance_role(InstanceId=host.id, IamRole="absent")
    with refused("InvalidInstanceId"):
        ssm.update_managed_instance_role(InstanceId="mi-" + "0" * 17, IamRole=ROLE)


def test_tags_of_a_node(region: RunningRegion, ssm: Any) -> None:
    target = {"ResourceType": "ManagedInstance", "ResourceId": region.host(region.activate(ROLE)).id}
    ssm.add_tags_to_resource(**target, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ssm.add_tags_to_resource(**target, Tags=[{"Key": "a", "Value": "3"}])
    ssm.remove_tags_from_resource(**target, TagKeys=["b", "never there"])
    assert ssm.list_tags_for_resource(**target)["TagList"] == [{"Key": "a", "Value": "3"}]
    with refused("InvalidResourceId"):
        ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId="mi-" + "0" * 17)
    with refused("TooManyTagsError"):
        ssm.add_tags_to_resource(**target, Tags=[{"Key": str(number), "Value": ""} for number in range(50)])


def test_tags_of_many_nodes_at_once(region: RunningRegion, client: Any, ssm: Any) -> None:
    tagging = client("resourcegroupstaggingapi")
    activation = region.activate(ROLE, limit=2, Tags=[{"Key": "fleet", "Value": "retail"}])
    tagged, bare = region.host(activation), region.host(region.activate(ROLE))
    owner = f"arn:aws:ssm:{region.name}:111122223333:managed-instance"
    arns = [f"{owner}/{machine}" for machine in (tagged.id, bare.id, "mi-0123456789abcdef0")]
    (told,) = tagging.get_resources(ResourceARNList=arns)["ResourceTagMappingList"]
    assert (told["ResourceARN"], told["Tags"]) == (arns[0], [{"Key": "fleet", "Value": "retail"}])
    with refused("InvalidParameterException", "cannot be combined"):
        tagging.get_resources(ResourceARNList=arns, ResourcesPerPage=10)
    assert tagging.get_resources(ResourceTypeFilters=["ec2:instance"])["ResourceTagMappingList"] == []
    assert ("tagging", "GetResources") in checked


def test_an_activations_tags_are_fixed_at_its_creation(region: RunningRegion, ssm: Any) -> None:
    activation = region.activate(ROLE)
    with refused("ValidationException", "enum"):
        ssm.add_tags_to_resource(
            ResourceType="Activation", ResourceId=activation["ActivationId"], Tags=[{"Key": "a", "Value": "1"}]
        )


def test_tags_of_parameters_are_motos(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="v", Type="String")
    target = {"ResourceType": "Parameter", "ResourceId": "p"}
    ssm.add_tags_to_resource(**target, Tags=[{"Key": "a", "Value": "1"}])
    assert ssm.list_tags_for_resource(**target)["TagList"] == [{"Key": "a", "Value": "1"}]


def test_the_standard_tier_ends_at_a_thousand_nodes(region: RunningRegion, ssm: Any) -> None:
    setting = "/ssm/managed-instance/activation-tier"
    assert ssm.get_service_setting(SettingId=setting)["ServiceSetting"]["SettingValue"] == "standard"
    activation = region.activate(ROLE, limit=1000)
    template = region.state.ssm.nodes[region.host(activation).id]
    region.state.ssm.nodes.update({str(number): template for number in range(999)})
    with pytest.raises(Refused, match="1000 managed nodes"):
        region.host(activation)
    ssm.update_service_setting(SettingId=setting, SettingValue="advanced")
    region.host(activation)
    ssm.reset_service_setting(SettingId=setting)
    assert ssm.get_service_setting(SettingId=setting)["ServiceSetting"]["SettingValue"] == "standard"
