# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a kind of site cannot run, told before any call.

Pure. Task definitions, services and runs come as the API takes them (RegisterTaskDefinition, CreateService, RunTask),
in camelCase. RULES is the table; docs/workloads.md shows it. What a rule looks at is a path with C([]) for every item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from . import workload_predicates as when
from .workload_predicates import Case, Data

ERROR, WARNING = "error", "warning"
EXTERNAL, OUTPOST, LOCAL_ZONE, WAVELENGTH, REGION = KINDS = (
    "external",
    "outpost",
    "local_zone",
    "wavelength",
    "region",
)
# Sites that run on EC2 outside of an Availability Zone.
EDGE = (OUTPOST, LOCAL_ZONE, WAVELENGTH)
EC2 = (*EDGE, REGION)
DEFINITION, SERVICE, TASK = "task definition", "service", "task"
STARTED = (SERVICE, TASK)


class Finding(NamedTuple):
    """`field` is a path in the API's names, such as containerDefinitions[0].portMappings[1].hostPort."""

    level: str
    field: str
    rule: str
    way_out: str
    source: str


class Rule(NamedTuple):
    """The rule is broken wherever `field` has something for which `broken` is true.

    `member` names a member of that place that is looked at together with others; it ends the path that is reported.
    """

    about: tuple[str, ...]
    kinds: tuple[str, ...]
    field: str
    broken: Callable[[Any, Case], bool]
    rule: str
    way_out: str
    source: str
    level: str = ERROR
    member: str = ""

    @property
    def path(self) -> str:
        return ".".join(part for part in (self.field, self.member) if part)


_GUIDE = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/"
_API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
_ELB = "https://docs.aws.amazon.com/elasticloadbalancing/latest/"
ANYWHERE = _GUIDE + "ecs-anywhere.html#ecs-anywhere-considerations"
ANYWHERE_IAM = _GUIDE + "iam-role-ecsanywhere.html"
LAUNCH_NEWS = "https://aws.amazon.com/blogs/aws/getting-started-with-amazon-ecs-anywhere-now-generally-available/"
CDK = "https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-ecs/lib/external/"
CONTAINER = _API + "API_ContainerDefinition.html"
CREATE_SERVICE = _API + "API_CreateService.html"
DEPLOYMENT = _API + "API_DeploymentConfiguration.html"
OUTPOSTS = _GUIDE + "using-outposts.html"
PORTS = _API + "API_PortMapping.html"
REGISTER = _API + "API_RegisterTaskDefinition.html"
TASK_ROLE = _GUIDE + "task_execution_IAM_role.html"

_HOST_VOLUME = "Use a host volume or a Docker volume with a driver that is on the hosts."
_EXECUTION_ROLE = "Name a role with the needed permissions as executionRoleArn."

_EXTERNAL_DEFINITION = (
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "requiresCompatibilities",
        when.lacks("EXTERNAL"),
        "The definition asks to be checked for {value}, which leaves out EXTERNAL.",
        "Add EXTERNAL to requiresCompatibilities; the filter external_task_definition derives such a definition.",
        REGISTER,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "",
        when.without("requiresCompatibilities"),
        "Without requiresCompatibilities, ECS does not check when it registers whether external instances can run it.",
        "Set requiresCompatibilities to [EXTERNAL].",
        REGISTER,
        level=WARNING,
        member="requiresCompatibilities",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "networkMode",
        when.equals("awsvpc"),
        "External instances have no network mode awsvpc.",
        "Use bridge (with hostPort where the port must be known), host or none.",
        ANYWHERE,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "volumes[].efsVolumeConfiguration",
        when.given,
        "External instances cannot mount Amazon EFS.",
        _HOST_VOLUME,
        ANYWHERE,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "volumes[].s3filesVolumeConfiguration",
        when.given,
        "Amazon S3 Files is mounted through a VPC, in which external instances are not.",
        _HOST_VOLUME,
        _API + "API_S3FilesVolumeConfiguration.html",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "volumes[].fsxWindowsFileServerVolumeConfiguration",
        when.on_linux,
        "Amazon FSx for Windows File Server needs Windows, and Linux external instances cannot mount it.",
        _HOST_VOLUME,
        _GUIDE + "ecs-anywhere.html#ecs-anywhere-fsx",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "volumes[].fsxWindowsFileServerVolumeConfiguration",
        when.on_windows,
        "Amazon FSx for Windows File Server is reached through a private connection from the site to the VPC only.",
        "See that each site has a VPN or AWS Direct Connect to that VPC.",
        _GUIDE + "ecs-anywhere.html#ecs-anywhere-fsx",
        level=WARNING,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "volumes[].configuredAtLaunch",
        when.true,
        "Amazon EBS volumes, which are configured at launch, cannot be attached to external instances.",
        _HOST_VOLUME,
        _GUIDE + "ebs-volumes.html",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "proxyConfiguration",
        when.given,
        "AWS App Mesh does not reach external instances.",
        "Leave it out; run a proxy of your own as a container of the task.",
        ANYWHERE,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "inferenceAccelerators",
        when.given,
        "External instances have no inference accelerators.",
        "Leave it out, or ask for a GPU that the hosts have with resourceRequirements.",
        CDK + "external-task-definition.ts",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "containerDefinitions[].resourceRequirements[].type",
        when.one_of("InferenceAccelerator", "NeuronDevice"),
        "{value} is a device of EC2 instances.",
        "Leave it out, or ask for a GPU that the hosts have.",
        CDK + "external-task-definition.ts",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "containerDefinitions[].resourceRequirements[].sharingStrategy",
        when.given,
        "Tasks on external instances cannot share a GPU.",
        "Leave out sharingStrategy; a container then has the GPU to itself.",
        _API + "API_ResourceRequirement.html",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "containerDefinitions[].dockerSecurityOptions[]",
        when.starts_with("label"),
        "SELinux is not supported on external instances ({value}).",
        "Leave out options that start with label; apparmor and no-new-privileges may stay.",
        ANYWHERE,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "enableFaultInjection",
        when.true,
        "Fault injection is for tasks on Fargate and EC2.",
        "Set enableFaultInjection to false, or leave it out.",
        _GUIDE + "fault-injection.html",
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "trustedExecutionConfiguration",
        when.given,
        "Nothing attests external instances: AWS does not run their hardware.",
        "Leave it out.",
        REGISTER,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "containerDefinitions[].logConfiguration.logDriver",
        when.awslogs_without_role,
        "On external instances the awslogs driver gets its permissions from the task execution role; there is none.",
        _EXECUTION_ROLE,
        ANYWHERE_IAM,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL,),
        "containerDefinitions[].image",
        when.private_ecr_without_role,
        "On external instances an image of a private Amazon ECR repository is pulled with the task execution role;"
        " there is none.",
        _EXECUTION_ROLE + " Images of public.ecr.aws need none.",
        ANYWHERE_IAM,
    ),
)

_EXTERNAL_PLACEMENT = (
    Rule(
        (DEFINITION, *STARTED),
        (EXTERNAL,),
        "placementConstraints[].expression",
        when.of_ec2,
        "External instances do not have the attributes that ECS gives to EC2 instances ({value}).",
        "Constrain by attributes of the hosts, such as attribute:site.",
        _GUIDE + "task-placement-constraints.html#attributes",
        level=WARNING,
    ),
)

_EC2_DEFINITION = (
    Rule(
        (DEFINITION,),
        EDGE,
        "requiresCompatibilities",
        when.lacks("EC2"),
        "The site runs EC2 instances, and no Fargate; the definition is made for {value}.",
        "Add EC2 to requiresCompatibilities.",
        OUTPOSTS,
    ),
    Rule(
        (DEFINITION,),
        (EXTERNAL, *EDGE),
        "ephemeralStorage",
        when.given,
        "The size of the ephemeral storage is a setting of Fargate, which is in the Region only.",
        "Leave it out; the hosts' disks are the limit.",
        _API + "API_EphemeralStorage.html",
    ),
    Rule(
        (DEFINITION,),
        EDGE,
        "volumes[].efsVolumeConfiguration",
        when.given,
        "The file system stays in the Region: each access goes over the link, and none succeeds while it is down.",
        "Use a host volume for what must work without the link.",
        _GUIDE + "efs-volumes.html",
        level=WARNING,
    ),
    Rule(
        (DEFINITION,),
        EDGE,
        "volumes[].fsxWindowsFileServerVolumeConfiguration",
        when.given,
        "The file system stays in the Region: each access goes over the link, and none succeeds while it is down.",
        "Use a host volume for what must work without the link.",
        _GUIDE + "wfsx-volumes.html",
        level=WARNING,
    ),
)

_ANY_DEFINITION = (
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[]",
        when.no_memory,
        "Neither the container nor the task says how much memory it gets.",
        "Set memory or memoryReservation of the container, or memory of the task.",
        REGISTER,
        member="memory",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[]",
        when.soft_above_hard,
        "memory, the limit, must be above memoryReservation.",
        "Raise memory, or lower memoryReservation.",
        CONTAINER,
        member="memoryReservation",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].name",
        when.repeated_name,
        "Two containers are named {value}.",
        "Give each container a name of its own.",
        CONTAINER,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions",
        when.none_essential,
        "No container is essential.",
        "Let at least one container have essential: true, or leave essential out.",
        CONTAINER,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].portMappings[]",
        when.reserved_port,
        "{port} is reserved on each host: 22 for SSH, 2375 and 2376 for Docker, 51678 to 51680 for the ECS agent.",
        "Choose another hostPort, or 0 for one that is free.",
        PORTS,
        member="hostPort",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].portMappings[]",
        when.dynamic_port,
        "{port} is in the range from which dynamic ports are taken; it may be in use.",
        "Choose a hostPort below 32768.",
        PORTS,
        level=WARNING,
        member="hostPort",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].portMappings[]",
        when.repeated_port,
        "{port} is mapped twice in this task.",
        "Give each mapping a hostPort of its own, or 0 for one that is free.",
        PORTS,
        member="hostPort",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].portMappings[]",
        when.shifted_port,
        "In this network mode containers have the ports of the host (or of the task): hostPort must be containerPort.",
        "Leave out hostPort, or use network mode bridge.",
        PORTS,
        member="hostPort",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].portMappings",
        when.in_mode("none"),
        "In network mode none a container has no network, and so no ports.",
        "Leave out portMappings, or use network mode bridge.",
        CONTAINER,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].links",
        when.in_mode("none", "host", "awsvpc"),
        "Links work in network mode bridge only.",
        "Leave out links; in network modes host and awsvpc containers reach one another on localhost.",
        CONTAINER,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].links[]",
        when.unknown_link,
        "{value} is not a container of this definition.",
        "Name a container of the same definition.",
        CONTAINER,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].dependsOn[].containerName",
        when.unknown_container,
        "{value} is not a container of this definition.",
        "Name a container of the same definition.",
        _API + "API_ContainerDependency.html",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].dependsOn[]",
        when.never_healthy,
        "The container waited for has no healthCheck; it never becomes HEALTHY.",
        "Give that container a healthCheck, or wait for START.",
        _API + "API_ContainerDependency.html",
        member="condition",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].dependsOn[]",
        when.waits_for_the_end_of_essential,
        "The container waited for is essential: when it ends, the task ends.",
        "Set essential: false for that container, or wait for START or HEALTHY.",
        _API + "API_ContainerDependency.html",
        member="condition",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].mountPoints[].sourceVolume",
        when.unknown_volume,
        "{value} is not a volume of this definition.",
        "Add it to volumes, or correct its name.",
        _API + "API_MountPoint.html",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].volumesFrom[].sourceContainer",
        when.unknown_container,
        "{value} is not a container of this definition.",
        "Name a container of the same definition.",
        _API + "API_VolumeFrom.html",
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].secrets",
        when.no_execution_role,
        "Secrets are read with the task execution role; there is none.",
        _EXECUTION_ROLE,
        TASK_ROLE,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].logConfiguration.secretOptions",
        when.no_execution_role,
        "Secrets are read with the task execution role; there is none.",
        _EXECUTION_ROLE,
        TASK_ROLE,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].environmentFiles",
        when.no_execution_role,
        "Files of environment variables are read with the task execution role; there is none.",
        _EXECUTION_ROLE,
        TASK_ROLE,
    ),
    Rule(
        (DEFINITION,),
        KINDS,
        "containerDefinitions[].repositoryCredentials",
        when.no_execution_role,
        "The credentials of a registry are read with the task execution role; there is none.",
        _EXECUTION_ROLE,
        TASK_ROLE,
    ),
)

_EXTERNAL_START = (
    Rule(
        STARTED,
        (EXTERNAL,),
        "launchType",
        when.other_than("EXTERNAL"),
        "External instances run tasks of launch type EXTERNAL only.",
        "Set launchType to EXTERNAL.",
        ANYWHERE,
    ),
    Rule(
        STARTED,
        (EXTERNAL,),
        "",
        when.without("launchType", "capacityProviderStrategy"),
        "Left out, launchType is EC2 or what the cluster's capacity providers say: never an external instance.",
        "Set launchType to EXTERNAL.",
        CREATE_SERVICE,
        member="launchType",
    ),
    Rule(
        STARTED,
        (EXTERNAL,),
        "capacityProviderStrategy",
        when.given,
        "Capacity providers do not reach external instances.",
        "Leave it out and set launchType to EXTERNAL.",
        ANYWHERE,
    ),
    Rule(
        STARTED,
        (EXTERNAL,),
        "networkConfiguration",
        when.given,
        "A network configuration belongs to network mode awsvpc, which external instances do not have.",
        "Leave it out.",
        CDK + "external-service.ts",
    ),
    Rule(
        STARTED,
        (EXTERNAL,),
        "volumeConfigurations",
        when.given,
        "Amazon EBS volumes cannot be attached to external instances.",
        _HOST_VOLUME,
        _GUIDE + "ebs-volumes.html",
    ),
    Rule(
        STARTED,
        (EXTERNAL,),
        "propagateTags",
        when.other_than("NONE"),
        "Tags are not propagated to tasks on external instances.",
        "Leave it out, and tag the service or the task itself.",
        LAUNCH_NEWS,
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "loadBalancers",
        when.given,
        "Elastic Load Balancing does not reach external instances.",
        "Leave it out; fix the hostPort and put the site's own load balancer before the hosts.",
        ANYWHERE,
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "serviceRegistries",
        when.given,
        "Service discovery (AWS Cloud Map) does not register tasks on external instances.",
        "Leave it out; use the site's own DNS.",
        ANYWHERE,
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "serviceConnectConfiguration",
        when.enabled,
        "Service Connect does not reach external instances.",
        "Leave it out; use the site's own DNS and fixed ports.",
        _GUIDE + "service-connect.html",
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "vpcLatticeConfigurations",
        when.given,
        "VPC Lattice registers tasks in a VPC, in which external instances are not.",
        "Leave it out.",
        _GUIDE + "ecs-vpc-lattice.html",
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "deploymentController.type",
        when.equals("CODE_DEPLOY"),
        "Deployments by CodeDeploy shift traffic between target groups; external instances have no load balancer.",
        "Use the ECS deployment controller.",
        _API + "API_DeploymentController.html",
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "availabilityZoneRebalancing",
        when.equals("ENABLED"),
        "External instances are in no Availability Zone.",
        "Set it to DISABLED, or leave it out.",
        _GUIDE + "service-rebalancing.html",
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "healthCheckGracePeriodSeconds",
        when.more_than_none,
        "The grace period is for the health checks of a load balancer; external instances have none.",
        "Leave it out; use startPeriod of the container's healthCheck.",
        CREATE_SERVICE,
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "schedulingStrategy",
        when.equals("DAEMON"),
        "Public sources disagree whether DAEMON works on external instances.",
        "Try it on one site first, or use REPLICA with the placement constraint distinctInstance.",
        "https://github.com/aws/containers-roadmap/issues/2395 (no), https://github.com/aws/aws-cdk/pull/32630 (yes)",
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        (EXTERNAL,),
        "",
        when.port_is_kept,
        "The task fixes a hostPort, and minimumHealthyPercent of desiredCount, rounded up, allows no task to stop:"
        " on a host that holds the port a new task can never start.",
        "Lower minimumHealthyPercent (0 for a desiredCount of 1), or use hostPort 0.",
        DEPLOYMENT,
        member="deploymentConfiguration.minimumHealthyPercent",
    ),
    Rule(
        (TASK,),
        (EXTERNAL,),
        "overrides.inferenceAcceleratorOverrides",
        when.given,
        "External instances have no inference accelerators.",
        "Leave it out.",
        CDK + "external-task-definition.ts",
    ),
)

_EC2_START = (
    Rule(
        STARTED,
        EDGE,
        "launchType",
        when.equals("FARGATE"),
        "There is no Fargate outside of the Region.",
        "Set launchType to EC2.",
        OUTPOSTS,
    ),
    Rule(
        STARTED,
        EC2,
        "launchType",
        when.equals("EXTERNAL"),
        "The instances of this site are EC2 instances, and EXTERNAL tasks are placed on external ones only.",
        "Set launchType to EC2.",
        CREATE_SERVICE,
    ),
    Rule(
        STARTED,
        EDGE,
        "capacityProviderStrategy[].capacityProvider",
        when.one_of("FARGATE", "FARGATE_SPOT"),
        "There is no Fargate outside of the Region.",
        "Name a capacity provider of instances at this site, or set launchType to EC2.",
        OUTPOSTS,
    ),
    Rule(
        STARTED,
        (EXTERNAL, *EDGE),
        "platformVersion",
        when.given,
        "A platform version is one of Fargate, which is in the Region only.",
        "Leave it out.",
        CREATE_SERVICE,
    ),
    Rule(
        (TASK,),
        (EXTERNAL, *EDGE),
        "overrides.ephemeralStorage",
        when.given,
        "The size of the ephemeral storage is a setting of Fargate, which is in the Region only.",
        "Leave it out.",
        _API + "API_TaskOverride.html",
    ),
    Rule(
        STARTED,
        EDGE,
        "networkConfiguration.awsvpcConfiguration.assignPublicIp",
        when.equals("ENABLED"),
        "Network interfaces of tasks on EC2 instances get no public address.",
        "Leave it out; reach the task through the instance's network.",
        _GUIDE + "task-networking-awsvpc.html",
    ),
    Rule(
        (SERVICE,),
        EDGE,
        "loadBalancers[].loadBalancerName",
        when.given,
        "Classic Load Balancers are in the Region only.",
        "Use targetGroupArn, with an Application Load Balancer at the site.",
        _ELB + "userguide/what-is-load-balancing.html",
    ),
    Rule(
        (SERVICE,),
        (LOCAL_ZONE,),
        "loadBalancers[].advancedConfiguration.productionListenerRule",
        when.contains(":listener/net/", ":listener-rule/net/"),
        "A Network Load Balancer cannot have a subnet of a Local Zone.",
        "Use an Application Load Balancer.",
        _ELB + "network/availability-zones.html",
    ),
    Rule(
        (SERVICE,),
        (OUTPOST, WAVELENGTH),
        "loadBalancers[].advancedConfiguration.productionListenerRule",
        when.contains(":listener/net/", ":listener-rule/net/"),
        "Of the load balancers that AWS runs, those for HTTP are at such sites; this Network Load Balancer is not.",
        "Use an Application Load Balancer, or see that requests may take the way through the Region.",
        "https://aws.amazon.com/elasticloadbalancing/features/",
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        (OUTPOST,),
        "loadBalancers[].targetGroupArn",
        when.given,
        "Only an Application Load Balancer in a subnet of the Outpost (rack) stays at the site. Any other balancer is"
        " in the Region: requests go over the service link, and none arrives while it is down.",
        "See that the target group belongs to an Application Load Balancer in a subnet of this Outpost.",
        _ELB + "application/application-load-balancers.html",
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        (LOCAL_ZONE, WAVELENGTH),
        "loadBalancers[].targetGroupArn",
        when.given,
        "Only an Application Load Balancer in a subnet of the zone stays there; its zones must all be of one type.",
        "See that the target group belongs to an Application Load Balancer in a subnet of this zone.",
        _ELB + "application/application-load-balancers.html",
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        (OUTPOST,),
        "serviceRegistries",
        when.given,
        "Amazon Route 53 answers from the Region: names are not found while the service link is down.",
        "Use addresses or a DNS server at the site for what must work without the link.",
        OUTPOSTS,
        level=WARNING,
    ),
    Rule(
        (SERVICE,),
        EDGE,
        "",
        when.port_is_kept,
        "The task fixes a hostPort, and minimumHealthyPercent of desiredCount, rounded up, allows no task to stop:"
        " a rollout needs a host on which the port is free.",
        "Lower minimumHealthyPercent (0 for a desiredCount of 1), use hostPort 0, or keep a spare host.",
        DEPLOYMENT,
        level=WARNING,
        member="deploymentConfiguration.minimumHealthyPercent",
    ),
)

_ANY_START = (
    Rule(
        (SERVICE,),
        (EXTERNAL, *EDGE),
        "",
        when.stuck,
        "minimumHealthyPercent and maximumPercent of desiredCount allow neither to stop a task nor to start one:"
        " no deployment ever ends and no host can be drained.",
        "Lower minimumHealthyPercent, or raise maximumPercent.",
        DEPLOYMENT,
        member="deploymentConfiguration",
    ),
    Rule(
        (SERVICE,),
        (REGION,),
        "",
        when.stuck,
        "minimumHealthyPercent and maximumPercent of desiredCount allow neither to stop a task nor to start one:"
        " no deployment ever ends and no host can be drained.",
        "Lower minimumHealthyPercent, or raise maximumPercent.",
        DEPLOYMENT,
        level=WARNING,
        member="deploymentConfiguration",
    ),
    Rule(
        STARTED,
        KINDS,
        "launchType",
        when.with_providers,
        "A launch type and capacity providers exclude one another.",
        "Leave out launchType or capacityProviderStrategy.",
        CREATE_SERVICE,
    ),
    Rule(
        STARTED,
        KINDS,
        "launchType",
        when.not_in_definition,
        "The task definition is not compatible with launch type {value}.",
        "Register a revision with {value} in requiresCompatibilities.",
        CREATE_SERVICE,
    ),
)

RULES: tuple[Rule, ...] = (
    *_EXTERNAL_DEFINITION,
    *_EXTERNAL_PLACEMENT,
    *_EC2_DEFINITION,
    *_ANY_DEFINITION,
    *_EXTERNAL_START,
    *_EC2_START,
    *_ANY_START,
)


def definition_findings(definition: Data, kind: str) -> list[Finding]:
    """Of a task definition, as RegisterTaskDefinition takes it."""
    return _findings(DEFINITION, definition, definition, kind)


def service_findings(service: Data, definition: Data | None, kind: str) -> list[Finding]:
    """Of a service, as CreateService takes it; with the definition, also of both together."""
    return _findings(SERVICE, service, definition, kind)


def task_findings(run: Data, definition: Data | None, kind: str) -> list[Finding]:
    """Of standalone tasks, as RunTask takes them; with the definition, also of both together."""
    return _findings(TASK, run, definition, kind)


def _findings(about: str, subject: Data, definition: Data | None, kind: str) -> list[Finding]:
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of site; it is one of {', '.join(KINDS)}")
    case = Case(subject, definition)
    rules = [rule for rule in RULES if about in rule.about and kind in rule.kinds]
    found = [finding for rule in rules for finding in _apply(rule, case)]
    return sorted(found, key=lambda finding: finding.level != ERROR)


def _apply(rule: Rule, case: Case) -> Iterator[Finding]:
    for place, value in walk(case.subject, rule.field):
        if rule.broken(value, case):
            field = ".".join(part for part in (place, rule.member) if part)
            shown = {"value": when.shown(value), "port": when.port_of(value, case)}
            yield Finding(rule.level, field, rule.rule.format(**shown), rule.way_out.format(**shown), rule.source)


def walk(data: Any, pattern: str, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every place of the pattern that has something, with what it has."""
    if not pattern:
        yield place, data
        return
    head, _dot, rest = pattern.partition(".")
    name = head[:-2] if head.endswith("[]") else head
    value = data.get(name) if isinstance(data, Mapping) else None
    here = f"{place}.{name}" if place else name
    if not head.endswith("[]"):
        if value is not None:
            yield from walk(value, rest, here)
        return
    for number, item in enumerate(value if isinstance(value, (list, tuple)) else ()):
        yield from walk(item, rest, f"{here}[{number}]")
