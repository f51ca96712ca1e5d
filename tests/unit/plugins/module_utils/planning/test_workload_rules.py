# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import workload_rules as rules
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.workload_predicates import Case

Data = dict[str, Any]

WEB = {"name": "web", "image": "public.ecr.aws/nginx/nginx:1.29", "memory": 64}
GOOD: Data = {
    "family": "web",
    "requiresCompatibilities": ["EXTERNAL", "EC2"],
    "networkMode": "bridge",
    "executionRoleArn": "execution",
    "volumes": [{"name": "data", "host": {"sourcePath": "/srv"}}],
    "placementConstraints": [{"type": "memberOf", "expression": "attribute:site == lyon"}],
    "containerDefinitions": [
        {
            **WEB,
            "memoryReservation": 32,
            "portMappings": [
                {"containerPort": 80, "hostPort": 8080},
                {"containerPort": 80, "hostPort": 8080, "protocol": "udp"},
                {"containerPort": 22, "hostPort": 0},
                {"containerPort": 23},
                {"containerPort": 53, "hostPort": 22, "protocol": "udp"},
            ],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
            "links": ["helper:h"],
            "secrets": [{"name": "A", "valueFrom": "arn"}],
            "environmentFiles": [{"value": "arn", "type": "s3"}],
            "repositoryCredentials": {"credentialsParameter": "arn"},
            "logConfiguration": {"logDriver": "awslogs", "secretOptions": [{"name": "A", "valueFrom": "arn"}]},
            "dependsOn": [{"containerName": "helper", "condition": "HEALTHY"}],
            "dockerSecurityOptions": ["no-new-privileges"],
            "resourceRequirements": [{"type": "GPU", "value": "1"}],
        },
        {
            "name": "helper",
            "image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/helper:1",
            "memory": 64,
            "healthCheck": {"command": ["true"]},
            "volumesFrom": [{"sourceContainer": "web"}],
        },
    ],
}
GOOD_SERVICE: Data = {
    "serviceName": "web",
    "desiredCount": 4,
    "deploymentConfiguration": {"minimumHealthyPercent": 50},
    "placementConstraints": [{"type": "distinctInstance"}],
    "serviceConnectConfiguration": {"enabled": False},
    "deploymentController": {"type": "ECS"},
    "propagateTags": "NONE",
}
LAUNCH = {"external": "EXTERNAL", "outpost": "EC2", "local_zone": "EC2", "wavelength": "EC2", "region": "EC2"}


def definition(**changes: Any) -> Data:
    """A definition for external instances, with these members."""
    base = {"family": "web", "requiresCompatibilities": ["EXTERNAL"], "containerDefinitions": [WEB]}
    return {**base, **changes}


def container(**changes: Any) -> Data:
    return definition(containerDefinitions=[{**WEB, **changes}])


def ports(mode: str, *mappings: Data) -> Data:
    return {**container(portMappings=list(mappings)), "networkMode": mode}


def two(second: Data, **first: Any) -> Data:
    return definition(containerDefinitions=[{**WEB, **first}, {"name": "b", "image": "b", "memory": 8, **second}])


FIXED = ports("bridge", {"containerPort": 80, "hostPort": 8080})
C0 = "containerDefinitions[0]"

# (kind, definition, field, level) of every rule about definitions.
DEFINITIONS = [
    ("external", definition(requiresCompatibilities=["FARGATE"]), "requiresCompatibilities", "error"),
    ("external", definition(requiresCompatibilities=[]), "requiresCompatibilities", "warning"),
    ("external", definition(networkMode="awsvpc"), "networkMode", "error"),
    (
        "external",
        definition(volumes=[{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs"}}]),
        "volumes[0].efsVolumeConfiguration",
        "error",
    ),
    (
        "external",
        definition(volumes=[{"name": "a", "s3filesVolumeConfiguration": {"fileSystemArn": "fs"}}]),
        "volumes[0].s3filesVolumeConfiguration",
        "error",
    ),
    (
        "external",
        definition(volumes=[{"name": "a", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs"}}]),
        "volumes[0].fsxWindowsFileServerVolumeConfiguration",
        "error",
    ),
    (
        "external",
        definition(
            runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"},
            volumes=[{"name": "a", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs"}}],
        ),
        "volumes[0].fsxWindowsFileServerVolumeConfiguration",
        "warning",
    ),
    (
        "external",
        definition(volumes=[{"name": "b"}, {"name": "a", "configuredAtLaunch": True}]),
        "volumes[1].configuredAtLaunch",
        "error",
    ),
    ("external", definition(proxyConfiguration={"containerName": "envoy"}), "proxyConfiguration", "error"),
    ("external", definition(inferenceAccelerators=[{"deviceName": "a"}]), "inferenceAccelerators", "error"),
    (
        "external",
        container(resourceRequirements=[{"type": "InferenceAccelerator", "value": "a"}]),
        f"{C0}.resourceRequirements[0].type",
        "error",
    ),
    (
        "external",
        container(resourceRequirements=[{"type": "GPU", "sharingStrategy": {"nvidiaMps": {"memory": 1}}}]),
        f"{C0}.resourceRequirements[0].sharingStrategy",
        "error",
    ),
    ("external", container(dockerSecurityOptions=["label:type:a"]), f"{C0}.dockerSecurityOptions[0]", "error"),
    ("external", definition(enableFaultInjection=True), "enableFaultInjection", "error"),
    (
        "external",
        definition(trustedExecutionConfiguration={"isolationMode": "SHARED"}),
        "trustedExecutionConfiguration",
        "error",
    ),
    (
        "external",
        container(logConfiguration={"logDriver": "awslogs"}),
        f"{C0}.logConfiguration.logDriver",
        "error",
    ),
    ("external", container(image="111122223333.dkr.ecr.us-west-2.amazonaws.com/a:1"), f"{C0}.image", "error"),
    (
        "external",
        definition(placementConstraints=[{"expression": "attribute:ecs.availability-zone == us-west-2a"}]),
        "placementConstraints[0].expression",
        "warning",
    ),
    ("outpost", definition(requiresCompatibilities=["FARGATE"]), "requiresCompatibilities", "error"),
    ("external", definition(ephemeralStorage={"sizeInGiB": 30}), "ephemeralStorage", "error"),
    (
        "outpost",
        definition(
            requiresCompatibilities=["EC2"],
            volumes=[{"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs"}}],
        ),
        "volumes[0].efsVolumeConfiguration",
        "warning",
    ),
    (
        "wavelength",
        definition(
            requiresCompatibilities=["EC2"],
            volumes=[{"name": "a", "fsxWindowsFileServerVolumeConfiguration": {"fileSystemId": "fs"}}],
        ),
        "volumes[0].fsxWindowsFileServerVolumeConfiguration",
        "warning",
    ),
    ("region", container(memory=None), f"{C0}.memory", "error"),
    ("region", container(memoryReservation=65), f"{C0}.memoryReservation", "error"),
    ("region", two({"name": "web"}), f"{C0}.name", "error"),
    ("region", container(essential=False), "containerDefinitions", "error"),
    (
        "external",
        ports("bridge", {"containerPort": 80, "hostPort": 51678}),
        f"{C0}.portMappings[0].hostPort",
        "error",
    ),
    ("external", ports("host", {"containerPort": 22}), f"{C0}.portMappings[0].hostPort", "error"),
    (
        "external",
        ports("bridge", {"containerPort": 80, "hostPort": "40000"}),
        f"{C0}.portMappings[0].hostPort",
        "warning",
    ),
    (
        "external",
        two(
            {"portMappings": [{"containerPort": 81, "hostPort": 8080}]},
            portMappings=[{"containerPort": 80, "hostPort": 8080, "protocol": "tcp"}],
        ),
        f"{C0}.portMappings[0].hostPort",
        "error",
    ),
    (
        "external",
        ports("host", {"containerPort": 80, "hostPort": 8080}),
        f"{C0}.portMappings[0].hostPort",
        "error",
    ),
    ("external", ports("none", {"containerPort": 80}), f"{C0}.portMappings", "error"),
    ("external", {**two({}, links=["b"]), "networkMode": "host"}, f"{C0}.links", "error"),
    ("external", container(links=["c:alias"]), f"{C0}.links[0]", "error"),
    (
        "external",
        container(dependsOn=[{"containerName": "c", "condition": "START"}]),
        f"{C0}.dependsOn[0].containerName",
        "error",
    ),
    (
        "external",
        two({}, dependsOn=[{"containerName": "b", "condition": "HEALTHY"}]),
        f"{C0}.dependsOn[0].condition",
        "error",
    ),
    (
        "external",
        two({}, dependsOn=[{"containerName": "b", "condition": "SUCCESS"}]),
        f"{C0}.dependsOn[0].condition",
        "error",
    ),
    ("external", container(mountPoints=[{"sourceVolume": "a"}]), f"{C0}.mountPoints[0].sourceVolume", "error"),
    ("external", container(volumesFrom=[{"sourceContainer": "a"}]), f"{C0}.volumesFrom[0].sourceContainer", "error"),
    ("outpost", container(secrets=[{"name": "A", "valueFrom": "arn"}]), f"{C0}.secrets", "error"),
    (
        "outpost",
        container(logConfiguration={"logDriver": "splunk", "secretOptions": [{"name": "A", "valueFrom": "arn"}]}),
        f"{C0}.logConfiguration.secretOptions",
        "error",
    ),
    ("region", container(environmentFiles=[{"value": "arn"}]), f"{C0}.environmentFiles", "error"),
    ("region", container(repositoryCredentials={"credentialsParameter": "a"}), f"{C0}.repositoryCredentials", "error"),
]
# (kind, service or task, definition, field, level) of every rule about what is started.
HALF = {"minimumHealthyPercent": 50, "maximumPercent": 100}
SERVICES = [
    ("external", {"launchType": "FARGATE"}, None, "launchType", "error"),
    ("external", {"launchType": ""}, None, "launchType", "error"),
    ("external", {"capacityProviderStrategy": [{"capacityProvider": "a"}]}, None, "capacityProviderStrategy", "error"),
    ("external", {"networkConfiguration": {"awsvpcConfiguration": {}}}, None, "networkConfiguration", "error"),
    ("external", {"volumeConfigurations": [{"name": "a"}]}, None, "volumeConfigurations", "error"),
    ("external", {"propagateTags": "SERVICE"}, None, "propagateTags", "error"),
    ("external", {"loadBalancers": [{"targetGroupArn": "arn"}]}, None, "loadBalancers", "error"),
    ("external", {"serviceRegistries": [{"registryArn": "arn"}]}, None, "serviceRegistries", "error"),
    ("external", {"serviceConnectConfiguration": {"enabled": True}}, None, "serviceConnectConfiguration", "error"),
    ("external", {"vpcLatticeConfigurations": [{"roleArn": "a"}]}, None, "vpcLatticeConfigurations", "error"),
    ("external", {"deploymentController": {"type": "CODE_DEPLOY"}}, None, "deploymentController.type", "error"),
    ("external", {"availabilityZoneRebalancing": "ENABLED"}, None, "availabilityZoneRebalancing", "error"),
    ("external", {"healthCheckGracePeriodSeconds": 30}, None, "healthCheckGracePeriodSeconds", "warning"),
    (
        "external",
        {"schedulingStrategy": "DAEMON", "deploymentConfiguration": {}},
        None,
        "schedulingStrategy",
        "warning",
    ),
    (
        "external",
        {"desiredCount": 1},
        FIXED,
        "deploymentConfiguration.minimumHealthyPercent",
        "error",
    ),
    (
        "external",
        {"deploymentConfiguration": {"minimumHealthyPercent": 100}, "desiredCount": None},
        ports("host", {"containerPort": 8080}),
        "deploymentConfiguration.minimumHealthyPercent",
        "error",
    ),
    ("outpost", {"launchType": "FARGATE"}, None, "launchType", "error"),
    ("region", {"launchType": "EXTERNAL"}, None, "launchType", "error"),
    (
        "local_zone",
        {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]},
        None,
        "capacityProviderStrategy[0].capacityProvider",
        "error",
    ),
    ("outpost", {"platformVersion": "LATEST"}, None, "platformVersion", "error"),
    (
        "wavelength",
        {"networkConfiguration": {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}},
        None,
        "networkConfiguration.awsvpcConfiguration.assignPublicIp",
        "error",
    ),
    ("outpost", {"loadBalancers": [{"loadBalancerName": "a"}]}, None, "loadBalancers[0].loadBalancerName", "error"),
    (
        "local_zone",
        {"loadBalancers": [{"advancedConfiguration": {"productionListenerRule": "arn:aws:e:r:1:listener/net/a/b/c"}}]},
        None,
        "loadBalancers[0].advancedConfiguration.productionListenerRule",
        "error",
    ),
    (
        "wavelength",
        {"loadBalancers": [{"advancedConfiguration": {"productionListenerRule": "arn:aws:e:r:1:listener/net/a/b/c"}}]},
        None,
        "loadBalancers[0].advancedConfiguration.productionListenerRule",
        "warning",
    ),
    ("outpost", {"loadBalancers": [{"targetGroupArn": "a"}]}, None, "loadBalancers[0].targetGroupArn", "warning"),
    ("local_zone", {"loadBalancers": [{"targetGroupArn": "a"}]}, None, "loadBalancers[0].targetGroupArn", "warning"),
    ("outpost", {"serviceRegistries": [{"registryArn": "a"}]}, None, "serviceRegistries", "warning"),
    (
        "outpost",
        {"desiredCount": 1},
        {**FIXED, "requiresCompatibilities": ["EC2"]},
        "deploymentConfiguration.minimumHealthyPercent",
        "warning",
    ),
    ("external", {"deploymentConfiguration": HALF, "desiredCount": 1}, None, "deploymentConfiguration", "error"),
    ("region", {"deploymentConfiguration": {"maximumPercent": 100}}, None, "deploymentConfiguration", "warning"),
    ("region", {"capacityProviderStrategy": [{"capacityProvider": "a"}]}, None, "launchType", "error"),
    ("region", {}, definition(requiresCompatibilities=["FARGATE"]), "launchType", "error"),
]
TASKS = [
    ("external", {"overrides": {"inferenceAcceleratorOverrides": [{}]}}, "overrides.inferenceAcceleratorOverrides"),
    ("outpost", {"overrides": {"ephemeralStorage": {"sizeInGiB": 30}}}, "overrides.ephemeralStorage"),
]


def start(kind: str, changes: Data) -> Data:
    return {"launchType": LAUNCH[kind], **GOOD_SERVICE, **changes}


@pytest.mark.parametrize("kind", rules.KINDS)
def test_nothing_is_found_where_nothing_is_wrong(kind: str) -> None:
    assert rules.definition_findings(GOOD, kind) == []
    assert rules.service_findings(start(kind, {}), GOOD, kind) == []
    assert rules.task_findings({"launchType": LAUNCH[kind], "propagateTags": "NONE"}, GOOD, kind) == []


@pytest.mark.parametrize(("kind", "given", "field", "level"), DEFINITIONS)
def test_definitions(kind: str, given: Data, field: str, level: str) -> None:
    assert (level, field) in [(one.level, one.field) for one in rules.definition_findings(given, kind)]


@pytest.mark.parametrize(("kind", "changes", "given", "field", "level"), SERVICES)
def test_services(kind: str, changes: Data, given: Data | None, field: str, level: str) -> None:
    found = rules.service_findings(start(kind, changes), given, kind)
    assert [(one.level, one.field) for one in found if one.field == field] == [(level, field)]


@pytest.mark.parametrize(("kind", "run", "field"), TASKS)
def test_tasks(kind: str, run: Data, field: str) -> None:
    found = rules.task_findings({"launchType": LAUNCH[kind], **run}, None, kind)
    assert [(one.level, one.field) for one in found] == [("error", field)]


def test_every_rule_has_been_seen_broken() -> None:
    cases = [("task definition", kind, given, given) for kind, given, _field, _level in DEFINITIONS]
    cases += [("service", kind, start(kind, changes), given) for kind, changes, given, _field, _level in SERVICES]
    cases += [("task", kind, run, run) for kind, run, _field in TASKS]
    broken = {
        index
        for index, rule in enumerate(rules.RULES)
        for about, kind, subject, given in cases
        if about in rule.about and kind in rule.kinds and list(rules._apply(rule, Case(subject, given)))
    }
    assert [rule.path for index, rule in enumerate(rules.RULES) if index not in broken] == []


def test_every_rule_says_where_what_and_from_whom() -> None:
    for rule in rules.RULES:
        assert rule.rule.endswith("."), rule
        assert rule.way_out.endswith("."), rule
        assert rule.source.startswith("https://"), rule
        assert set(rule.kinds) <= set(rules.KINDS), rule


@pytest.mark.parametrize(
    ("desired", "least", "most", "kept", "stuck"),
    [
        (1, 0, 100, False, False),
        (1, 50, 200, True, False),  # half of one task, rounded up, is that task
        (1, 50, 150, False, True),  # and one and a half, rounded down, leave no room either
        (2, 50, 100, False, False),
        (10, 95, 200, True, False),
        (10, 90, 100, False, False),
        (0, 100, 100, False, False),
        (None, None, None, True, False),
        (None, 99, 100, False, False),
    ],
)
def test_rounding_decides_whether_a_rollout_can_move(
    desired: int | None, least: int | None, most: int | None, kept: bool, stuck: bool
) -> None:
    service = {
        "launchType": "EXTERNAL",
        "desiredCount": desired,
        "deploymentConfiguration": {"minimumHealthyPercent": least, "maximumPercent": most},
    }
    fields = [one.field for one in rules.service_findings(service, FIXED, "external")]
    assert ("deploymentConfiguration.minimumHealthyPercent" in fields) is kept
    assert ("deploymentConfiguration" in fields) is stuck


def test_what_is_not_known_is_not_held_against_a_service() -> None:
    assert rules.service_findings({"launchType": "EXTERNAL", "desiredCount": 1}, None, "external") == []


def test_errors_come_first_and_values_are_named() -> None:
    found = rules.definition_findings({**container(links=["c"]), "requiresCompatibilities": None}, "external")
    assert [one.level for one in found] == ["error", "warning"]
    assert found[0].rule == "c is not a container of this definition."


def test_an_unknown_kind_of_site_is_refused() -> None:
    with pytest.raises(ValueError, match="'moon' is not a kind of site"):
        rules.definition_findings(GOOD, "moon")


def test_a_grace_period_that_nobody_has_set_is_no_finding() -> None:
    service = start("external", {"healthCheckGracePeriodSeconds": 0})
    assert rules.service_findings(service, GOOD, "external") == []
