# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The members of a task definition, as one table: what is known, of which type, in which order, with which default.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and the pages of its
types. A test holds the table against the model of the ECS API that boto3 has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Union

TEXT, NUMBER, FLAG, SIZE, TEXTS_BY_NAME = "text", "number", "flag", "size", "texts by name"


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]


@dataclass(frozen=True)
class Many:
    """Without order, two lists of the same items are the same list."""

    item: Shape
    ordered: bool = False


@dataclass(frozen=True)
class Struct:
    """`defaults` are what AWS takes, and partly fills in, for members that were left out."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)


Shape = Union[str, Choice, Many, Struct]

_NAME_VALUE = Many(Struct({"name": TEXT, "value": TEXT}))
_SECRETS = Many(Struct({"name": TEXT, "valueFrom": TEXT}, ("name", "valueFrom")))
_ENABLED = Choice(("ENABLED", "DISABLED"))

_PORT_MAPPING = Struct(
    {
        "containerPort": NUMBER,
        "hostPort": NUMBER,
        "protocol": Choice(("tcp", "udp")),
        "name": TEXT,
        "appProtocol": Choice(("http", "http2", "grpc")),
        "containerPortRange": TEXT,
    },
    # What hostPort is when left out depends on the network mode; see definition_compare.
    defaults={"protocol": "tcp"},
)
_DEPENDENCY = Struct(
    {"containerName": TEXT, "condition": Choice(("START", "COMPLETE", "SUCCESS", "HEALTHY"))},
    ("containerName", "condition"),
)
_LINUX_PARAMETERS = Struct(
    {
        "capabilities": Struct({"add": Many(TEXT), "drop": Many(TEXT)}),
        "devices": Many(
            Struct(
                {
                    "hostPath": TEXT,
                    "containerPath": TEXT,
                    "permissions": Many(Choice(("read", "write", "mknod"))),
                },
                ("hostPath",),
            )
        ),
        "initProcessEnabled": FLAG,
        "sharedMemorySize": NUMBER,
        "tmpfs": Many(
            Struct(
                {"containerPath": TEXT, "size": NUMBER, "mountOptions": Many(TEXT)},
                ("containerPath", "size"),
            )
        ),
        "maxSwap": NUMBER,
        "swappiness": NUMBER,
    }
)
_HEALTH_CHECK = Struct(
    {
        "command": Many(TEXT, ordered=True),
        "interval": NUMBER,
        "timeout": NUMBER,
        "retries": NUMBER,
        "startPeriod": NUMBER,
    },
    ("command",),
    # Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0},
)
_RESOURCE_REQUIREMENT = Struct(
    {
        "value": TEXT,
        "type": Choice(("GPU", "InferenceAccelerator", "NeuronDevice")),
        "sharingStrategy": Struct({"nvidiaMps": Struct({"memory": NUMBER, "maxComputePercent": NUMBER}, ("memory",))}),
    },
    ("type",),
)
CONTAINER = Struct(
    {
        "name": TEXT,
        "image": TEXT,
        "repositoryCredentials": Struct({"credentialsParameter": TEXT}, ("credentialsParameter",)),
        "cpu": NUMBER,
        "memory": NUMBER,
        "memoryReservation": NUMBER,
        "links": Many(TEXT),
        "portMappings": Many(_PORT_MAPPING),
        "essential": FLAG,
        "restartPolicy": Struct(
            {"enabled": FLAG, "ignoredExitCodes": Many(NUMBER), "restartAttemptPeriod": NUMBER},
            ("enabled",),
            {"restartAttemptPeriod": 300},
        ),
        "entryPoint": Many(TEXT, ordered=True),
        "command": Many(TEXT, ordered=True),
        "environment": _NAME_VALUE,
        # Of two files that set one variable, the first counts.
        "environmentFiles": Many(Struct({"value": TEXT, "type": Choice(("s3",))}, ("value", "type")), ordered=True),
        "mountPoints": Many(Struct({"sourceVolume": TEXT, "containerPath": TEXT, "readOnly": FLAG})),
        "volumesFrom": Many(Struct({"sourceContainer": TEXT, "readOnly": FLAG})),
        "linuxParameters": _LINUX_PARAMETERS,
        "secrets": _SECRETS,
        "dependsOn": Many(_DEPENDENCY),
        "startTimeout": NUMBER,
        "stopTimeout": NUMBER,
        "versionConsistency": Choice(("enabled", "disabled")),
        "hostname": TEXT,
        "user": TEXT,
        "workingDirectory": TEXT,
        "disableNetworking": FLAG,
        "privileged": FLAG,
        "readonlyRootFilesystem": FLAG,
        "dnsServers": Many(TEXT, ordered=True),
        "dnsSearchDomains": Many(TEXT, ordered=True),
        "extraHosts": Many(Struct({"hostname": TEXT, "ipAddress": TEXT}, ("hostname", "ipAddress")), ordered=True),
        "dockerSecurityOptions": Many(TEXT),
        "interactive": FLAG,
        "pseudoTerminal": FLAG,
        "dockerLabels": TEXTS_BY_NAME,
        "ulimits": Many(
            Struct({"name": TEXT, "softLimit": NUMBER, "hardLimit": NUMBER}, ("name", "softLimit", "hardLimit"))
        ),
        "logConfiguration": Struct(
            {"logDriver": TEXT, "options": TEXTS_BY_NAME, "secretOptions": _SECRETS}, ("logDriver",)
        ),
        "healthCheck": _HEALTH_CHECK,
        "systemControls": Many(Struct({"namespace": TEXT, "value": TEXT})),
        "resourceRequirements": Many(_RESOURCE_REQUIREMENT),
        "firelensConfiguration": Struct(
            {"type": Choice(("fluentd", "fluentbit")), "options": TEXTS_BY_NAME}, ("type",)
        ),
        "credentialSpecs": Many(TEXT),
    },
    ("name", "image"),
    {"cpu": 0, "essential": True, "versionConsistency": "enabled"},
)
VOLUME = Struct(
    {
        "name": TEXT,
        "host": Struct({"sourcePath": TEXT}),
        "dockerVolumeConfiguration": Struct(
            {
                "scope": Choice(("task", "shared")),
                "autoprovision": FLAG,
                "driver": TEXT,
                "driverOpts": TEXTS_BY_NAME,
                "labels": TEXTS_BY_NAME,
            },
        ),
        "efsVolumeConfiguration": Struct(
            {
                "fileSystemId": TEXT,
                "rootDirectory": TEXT,
                "transitEncryption": _ENABLED,
                "transitEncryptionPort": NUMBER,
                "authorizationConfig": Struct({"accessPointId": TEXT, "iam": _ENABLED}, defaults={"iam": "DISABLED"}),
            },
            ("fileSystemId",),
            {"rootDirectory": "/", "transitEncryption": "DISABLED"},
        ),
        "s3filesVolumeConfiguration": Struct(
            {
                "fileSystemArn": TEXT,
                "rootDirectory": TEXT,
                "transitEncryptionPort": NUMBER,
                "accessPointArn": TEXT,
            },
            ("fileSystemArn",),
            {"rootDirectory": "/"},
        ),
        "fsxWindowsFileServerVolumeConfiguration": Struct(
            {
                "fileSystemId": TEXT,
                "rootDirectory": TEXT,
                "authorizationConfig": Struct(
                    {"credentialsParameter": TEXT, "domain": TEXT}, ("credentialsParameter", "domain")
                ),
            },
            ("fileSystemId", "rootDirectory", "authorizationConfig"),
        ),
        "configuredAtLaunch": FLAG,
    },
    ("name",),
)
LAUNCH_TYPES = ("EC2", "EXTERNAL", "FARGATE", "MANAGED_INSTANCES")
NETWORK_MODES = ("bridge", "host", "awsvpc", "none")

DEFINITION = Struct(
    {
        "family": TEXT,
        "taskRoleArn": TEXT,
        "executionRoleArn": TEXT,
        "networkMode": Choice(NETWORK_MODES),
        "containerDefinitions": Many(CONTAINER),
        "volumes": Many(VOLUME),
        "placementConstraints": Many(Struct({"type": Choice(("memberOf",)), "expression": TEXT}, ("expression",))),
        "requiresCompatibilities": Many(Choice(LAUNCH_TYPES)),
        "cpu": SIZE,
        "memory": SIZE,
        "pidMode": Choice(("host", "task")),
        "ipcMode": Choice(("host", "task", "none")),
        "proxyConfiguration": Struct(
            {"type": Choice(("APPMESH",)), "containerName": TEXT, "properties": _NAME_VALUE},
            ("containerName",),
            {"type": "APPMESH"},
        ),
        "inferenceAccelerators": Many(Struct({"deviceName": TEXT, "deviceType": TEXT}, ("deviceName", "deviceType"))),
        "ephemeralStorage": Struct({"sizeInGiB": NUMBER}, ("sizeInGiB",)),
        # Neither has a default: without them a task may run on any architecture.
        "runtimePlatform": Struct({"cpuArchitecture": Choice(("X86_64", "ARM64")), "operatingSystemFamily": TEXT}),
        "enableFaultInjection": FLAG,
        "trustedExecutionConfiguration": Struct({"isolationMode": TEXT, "attestationPolicy": TEXT}, ("isolationMode",)),
    },
    ("family", "containerDefinitions"),
    {"networkMode": "bridge"},
)
