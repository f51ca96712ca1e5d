# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role aws_site, its playbook, and the walk-through that is built on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region
from sandbox.tooling import policies

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = "retail-edge"
LOCAL, WAVELENGTH = "us-west-2-lax-1a", "us-west-2-wl1-las-wlz-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
FLEET = {
    "fleet_name": "retail",
    "fleet_region": "us-west-2",
    "fleet_cluster": CLUSTER,
    "aws_site_instance_type": "c5.large",
    "aws_site_wait": 60,
}
PLAYBOOK = {"ansible.builtin.import_playbook": "edgefleet.ecs.aws_sites"}
ALIVE = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningRegion]:
    """A Region whose scheduler needs nobody to tick."""
    with running_region(Settings(tick=0.05, connected_timeout=3600)) as region:
        yield region


@pytest.fixture
def ec2(region: Any) -> Any:
    return region.client("ec2")


@pytest.fixture
def ecs(region: Any) -> Any:
    client = region.client("ecs")
    client.create_cluster(clusterName=CLUSTER)
    return client


class Sites:
    """Runs the playbook for sites that are given by their variables."""

    def __init__(self, ansible: Any) -> None:
        self.ansible = ansible

    def _plays(self, sites: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
        add = [
            {
                "ansible.builtin.add_host": {
                    "name": f"site-{name}",
                    "groups": "fleet_aws_sites",
                    "ansible_connection": "local",
                    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                    "fleet_site": name,
                    **variables,
                },
                "changed_when": False,
            }
            for name, variables in sites.items()
        ]
        return [{"hosts": "localhost", "gather_facts": False, "tasks": add}, PLAYBOOK]

    def run(self, sites: dict[str, dict[str, Any]], **more: Any) -> dict[str, int]:
        """How many tasks changed something, by site."""
        return self._changed(self.ansible.play(self._plays(sites), **FLEET, **more))

    def check(self, sites: dict[str, dict[str, Any]], **more: Any) -> dict[str, int]:
        """The same in check mode."""
        return self._changed(self.ansible.play(self._plays(sites), "--check", **FLEET, **more))

    @staticmethod
    def _changed(output: str) -> dict[str, int]:
        return {name: int(count) for name, count in re.findall(r"^site-(\S+) .*changed=(\d+)", output, re.MULTILINE)}

    def refused(self, name: str, variables: dict[str, Any], **more: Any) -> str:
        process = self.ansible.start(self._plays({name: variables}), **FLEET, **more)
        output, _nothing = process.communicate(timeout=600)
        assert process.returncode != 0, output
        return " ".join(output.split())


@pytest.fixture
def sites(ansible: Any) -> Sites:
    return Sites(ansible)


def everything(region: Any) -> dict[str, list[str]]:
    """What there is of all that a site is made of."""
    ec2, iam = region.client("ec2"), region.client("iam")
    instances = [one for found in ec2.describe_instances(Filters=ALIVE)["Reservations"] for one in found["Instances"]]
    listed = {
        "instances": [one["InstanceId"] for one in instances],
        "vpcs": [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]],
        "groups": [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]],
        "tables": [one["RouteTableId"] for one in ec2.describe_route_tables()["RouteTables"]],
        "internet": [one["InternetGatewayId"] for one in ec2.describe_internet_gateways()["InternetGateways"]],
        "carrier": [one["CarrierGatewayId"] for one in ec2.describe_carrier_gateways()["CarrierGateways"]],
        "interfaces": [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]],
        "keys": [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]],
        "roles": [one["RoleName"] for one in iam.list_roles()["Roles"]],
        "profiles": [one["InstanceProfileName"] for one in iam.list_instance_profiles()["InstanceProfiles"]],
        "clusters": region.client("ecs").list_clusters()["clusterArns"],
        "definitions": region.client("ecs").list_task_definitions()["taskDefinitionArns"],
    }
    associations = ec2.describe_local_gateway_route_table_vpc_associations()
    listed["associations"] = [
        one["LocalGatewayRouteTableVpcAssociationId"] for one in associations["LocalGatewayRouteTableVpcAssociations"]
    ]
    return {kind: sorted(ids) for kind, ids in listed.items()}


def members(region: Any, cluster: str = CLUSTER) -> dict[str, dict[str, Any]]:
    """Container instances by the ids of their machines, with attributes by name."""
    ecs = region.client("ecs")
    arns = ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]
    if not arns:
        return {}
    found = ecs.describe_container_instances(cluster=cluster, containerInstances=arns, include=["TAGS"])
    found = found["containerInstances"]
    return {
        one["ec2InstanceId"]: {**one, "attributes": {item["name"]: item.get("value") for item in one["attributes"]}}
        for one in found
    }


@pytest.mark.one_end
def test_a_site_in_each_kind_of_zone(region: Any, ec2: Any, ecs: Any, sites: Sites) -> None:
    for group in ("us-west-2-lax-1", "us-west-2-wl1"):
        ec2.modify_availability_zone_group(GroupName=group, OptInStatus="opted-in")
    before = everything(region)
    zones = {"hall": ("local_zone", LOCAL), "mast": ("wavelength", WAVELENGTH), "hub": ("region", "us-west-2c")}
    asked = {
        name: {
            "fleet_site_kind": kind,
            "aws_site_zone": zone,
            "aws_site_vpc_cidr": "10.0.0.0/16",
            "aws_site_subnet_cidr": "10.0.3.0/24",
        }
        for name, (kind, zone) in zones.items()
    }
    sites.run(asked)
    found = {one["attributes"]["site"]: one for one in members(region).values()}
    assert {name: one["attributes"]["ecs.availability-zone"] for name, one in found.items()} == {
        name: zone for name, (_kind, zone) in zones.items()
    }
    assert all(one["agentConnected"] for one in found.values())
    tables = ec2.describe_route_tables(Filters=[{"Name": "tag:fleet", "Values": ["retail"]}])["RouteTables"]
    targets = {
        tag["Value"]: next(
            (route.get("GatewayId") or route.get("CarrierGatewayId")).partition("-")[0]
            for route in table["Routes"]
            if route["DestinationCidrBlock"] == "0.0.0.0/0"
        )
        for table in tables
        for tag in table["Tags"]
        if tag["Key"] == "site"
    }
    assert targets == {"hall": "igw", "mast": "cagw", "hub": "igw"}
    for one in found.values():
        data = region.client("ec2").describe_instance_attribute(InstanceId=one["ec2InstanceId"], Attribute="userData")
        assert data["UserData"]["Value"]
    sites.run({name: {"fleet_site_kind": kind} for name, (kind, _zone) in zones.items()}, aws_site_state="absent")
    assert everything(region) == before


@pytest.fixture
def ground(region: Any, ec2: Any, ecs: Any) -> dict[str, Any]:
    """A VPC and an instance profile that were there before, and an instance of somebody else's."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    region.create_role("Shared", TRUST)
    iam = region.client("iam")
    iam.create_instance_profile(InstanceProfileName="Shared")
    iam.add_role_to_instance_profile(InstanceProfileName="Shared", RoleName="Shared")
    tags = [{"Key": "fleet", "Value": "retail"}, {"Key": "site", "Value": "another"}]
    ec2.run_instances(
        ImageId="ami-12345678",
        InstanceType="c5.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    region.control("DELETE", "calls")
    return {
        "fleet_site_kind": "region",
        "aws_site_zone": "us-west-2c",
        "aws_site_vpc_id": vpc,
        "aws_site_subnet_cidr": "10.0.3.0/24",
        "aws_site_instance_profile": "Shared",
    }


def _writes(region: Any) -> list[str]:
    reading = ("Describe", "List", "Get")
    calls = region.calls(caller="AKIAOPERATOR")
    return [call["action"] for call in calls if not call["action"].startswith(reading)]


@pytest.mark.one_end
def test_up_and_down_and_nobody_elses(region: Any, ec2: Any, ground: Any, sites: Sites) -> None:
    before = everything(region)
    region.control("DELETE", "calls")
    assert sites.check({"hub": ground})["hub"] > 0
    assert _writes(region) == []
    assert sites.run({"hub": ground})["hub"] > 0
    (first,) = members(region)
    region.advance(60)
    assert sites.run({"hub": ground}, aws_site_count=2)["hub"] == 1
    second = (set(members(region)) - {first}).pop()
    ecs = region.client("ecs")
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "shop/web:1", "memory": 64}]
    )
    ecs.create_service(cluster=CLUSTER, serviceName="web", taskDefinition="web", desiredCount=2, launchType="EC2")
    region.settle()

    # More than asked stays, until it is asked to go; then it is drained first.
    assert sites.run({"hub": ground}, aws_site_count=1) == {"hub": 0}
    region.control("DELETE", "calls")
    sites.run({"hub": ground}, aws_site_count=1, aws_site_scale_down=True)
    writes = _writes(region)
    order = ["UpdateContainerInstancesState", "DeregisterContainerInstance", "TerminateInstances"]
    assert [action for action in writes if action in order] == order
    assert set(members(region)) == {second}
    region.settle()
    assert ecs.describe_services(cluster=CLUSTER, services=["web"])["services"][0]["runningCount"] == 2

    ecs.delete_service(cluster=CLUSTER, service="web", force=True)
    ecs.deregister_task_definition(taskDefinition="web:1")
    sites.run({"hub": ground}, aws_site_state="absent", aws_site_force=True)
    assert everything(region) == before


@pytest.mark.one_end
def test_what_does_not_fit_on_the_outpost_touches_nothing(region: Any, ecs: Any, sites: Sites) -> None:
    outpost = region.outpost(name="factory", availability_zone="us-west-2b", hosts=[{"c5.large": 2, "c5.xlarge": 1}])
    region.control("DELETE", "calls")
    asked = {
        "fleet_site_kind": "outpost",
        "aws_site_outpost_arn": outpost["outpost_arn"],
        "aws_site_vpc_cidr": "10.0.0.0/16",
        "aws_site_subnet_cidr": "10.0.3.0/24",
    }
    told = sites.refused("factory", asked, aws_site_count=3)
    assert "room for 2 more instances of type c5.large, and 3 are asked" in told
    assert "c5.xlarge 1" in told
    assert _writes(region) == []


@pytest.mark.one_end
def test_what_is_not_ours_is_not_taken_over(region: Any, ec2: Any, ground: Any, sites: Sites) -> None:
    ec2.create_subnet(VpcId=ground["aws_site_vpc_id"], CidrBlock="10.0.3.0/24")
    region.control("DELETE", "calls")
    told = sites.refused("hub", ground)
    assert "does not bear the tags of the site" in told
    assert "aws_site_subnet_id" in told
    assert _writes(region) == []


@pytest.mark.one_end
def test_bad_input_is_told_before_any_call(region: Any, ground: Any, sites: Sites) -> None:
    told = sites.refused("hub", {**ground, "aws_site_agent_config": {"HTTPS_PROXY": "http://ops:hunter2@proxy:3128"}})
    assert "HTTPS_PROXY: is a secret" in told
    told = sites.refused("hub", {**ground, "aws_site_zone": "", "aws_site_vpc_cidr": "10.0.0.0/16"})
    assert "aws_site_zone is missing" in told
    assert "leave one of them out" in told
    assert region.calls(caller="AKIAOPERATOR") == []


@pytest.mark.one_end
def test_the_walk_through_twice_then_away(region: Any, ec2: Any, ansible: Any) -> None:
    outpost = region.outpost(name="mine", availability_zone="us-west-2b", hosts=[{"c5.large": 1}])
    before = everything(region)
    folder = ROOT / "examples" / "outposts-walk-through"
    walk = [{"ansible.builtin.import_playbook": str(folder / "walk-through.yml")}]
    (gateway,) = ec2.describe_local_gateway_route_tables()["LocalGatewayRouteTables"]
    plant = {
        "walkthrough_outpost_arn": outpost["outpost_arn"],
        "aws_site_local_gateway_route_table_id": gateway["LocalGatewayRouteTableId"],
        "aws_site_local_networks": ["192.168.0.0/16"],
    }
    since = ansible.last_call()
    ansible.play(walk, **plant)
    # A site on an Outpost asks for more than one in a zone; what the walk-through does besides is workloads' matter.
    asked = {call: count for call, count in ansible.calls(since).items() if call.startswith(("ec2:", "outposts:"))}
    policies.check({"aws_sites": asked})
    ours = [{"Name": "tag:site", "Values": ["my-outpost"]}]
    (table,) = ec2.describe_route_tables(Filters=ours)["RouteTables"]
    routes = {route["DestinationCidrBlock"]: route for route in table["Routes"]}
    assert routes["192.168.0.0/16"]["LocalGatewayId"] == gateway["LocalGatewayId"]
    assert routes["0.0.0.0/0"]["GatewayId"].startswith("igw-")
    (group,) = ec2.describe_security_groups(Filters=ours)["SecurityGroups"]
    assert sorted(
        (rule["FromPort"], rule["ToPort"], [network["CidrIp"] for network in rule["IpRanges"]])
        for rule in group["IpPermissions"]
    ) == [(22, 22, ["10.0.3.0/24"]), (80, 80, ["10.0.3.0/24"])]
    (member,) = members(region, "MyCluster").values()
    assert member["attributes"]["ecs.outpost-arn"] == outpost["outpost_arn"]
    assert member["runningTasksCount"] == 2
    assert {tag["key"]: tag["value"] for tag in member["tags"]} == {
        "fleet": "outpost-app",
        "site": "my-outpost",
        "environment": "Outpost",
    }
    made = everything(region)

    assert " changed=0 " in ansible.play(walk, **plant)
    assert everything(region) == made

    ansible.play([{"ansible.builtin.import_playbook": str(folder / "teardown.yml")}])
    assert everything(region) == before
    ecs = region.client("ecs")
    deleting = ecs.list_task_definitions(status="DELETE_IN_PROGRESS")["taskDefinitionArns"]
    assert ecs.list_task_definitions(status="INACTIVE")["taskDefinitionArns"] == []
    assert len(deleting) <= 1
    rooms = region.client("outposts").list_asset_instances(OutpostIdentifier=outpost["outpost_id"])
    assert rooms["AssetInstances"] == []
