# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task looks like to an unmodified agent: every member that we send is one that its model knows.

Names: ecs-agent/acs/model/api/api-2.json of aws/amazon-ecs-agent. The agent passes over what it does not know, so that
a wrong name would only be seen as a container that lacks something.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sandbox.region.context import Region, Settings
from sandbox.region.ecs import payloads, tasks
from sandbox.region.ecs.model import ContainerInstance, Task, TaskDefinition

Shape = Any
_VOLUME = {
    "name": str,
    "type": {"host", "docker", "efs", "fsxWindowsFileServer", "ebs", "logDriverOutput"},
    "host": {"sourcePath": str},
    "dockerVolumeConfiguration": {"scope": {"task", "shared"}, "autoprovision": bool, "driver": str, "driverOpts": dict,
                                  "labels": dict},
    "efsVolumeConfiguration": {"fileSystemId": str, "rootDirectory": str, "transitEncryption": str,
                               "transitEncryptionPort": int, "authorizationConfig": {"accessPointId": str, "iam": str}},
}  # fmt: skip
_SECRET = {
    "name": str, "valueFrom": str, "containerPath": str, "region": str, "provider": {"ssm", "asm"},
    "type": {"ENVIRONMENT_VARIABLE", "MOUNT_POINT", "BOOTSTRAP"}, "target": {"CONTAINER", "LOG_DRIVER"},
}  # fmt: skip
_LINUX = {
    "capabilities": {"add": [str], "drop": [str]}, "initProcessEnabled": bool, "sharedMemorySize": int,
    "devices": [{"hostPath": str, "containerPath": str, "permissions": [str]}],
}  # fmt: skip
_REGISTRY = {
    "type": {"ecr", "asm"}, "asmAuthData": {"credentialsParameter": str, "region": str},
    "ecrAuthData": {"registryId": str, "region": str, "endpointOverride": str, "useExecutionRole": bool},
}  # fmt: skip
_CONTAINER = {
    **dict.fromkeys(("name", "image", "overrides", "containerArn"), str),
    **dict.fromkeys(("cpu", "memory", "startTimeout", "stopTimeout"), int),
    **dict.fromkeys(("command", "entryPoint", "links", "credentialSpecs"), [str]),
    **dict.fromkeys(("essential", "privileged"), bool),
    "environment": dict,
    "environmentFiles": [{"value": str, "type": {"s3"}}],
    "restartPolicy": {"enabled": bool, "ignoredExitCodes": [int], "restartAttemptPeriod": int},
    "portMappings": [{"containerPort": int, "hostPort": int, "containerPortRange": str, "protocol": {"tcp", "udp"}}],
    "mountPoints": [{"sourceVolume": str, "containerPath": str, "readOnly": bool}],
    "volumesFrom": [{"sourceContainer": str, "readOnly": bool}],
    "linuxParameters": _LINUX,
    "dockerConfig": {"version": str, "config": str, "hostConfig": str},
    "healthCheckType": {"docker"},
    "registryAuthentication": _REGISTRY,
    "logsAuthStrategy": {"ExecutionRole"},
    "secrets": [_SECRET],
    "dependsOn": [{"containerName": str, "condition": {"START", "COMPLETE", "SUCCESS", "HEALTHY"}}],
    "firelensConfiguration": {"type": {"fluentd", "fluentbit"}, "options": dict},
    "resourceRequirements": [{"value": str, "type": str}],
}
_CREDENTIALS = dict.fromkeys(
    ("credentialsId", "roleArn", "accessKeyId", "secretAccessKey", "sessionToken", "expiration", "credentialScope"), str
)
_TASK = {
    **dict.fromkeys(
        ("arn", "taskClusterArn", "desiredStatus", "family", "overrides", "version", "zone", "taskDefinitionAccountId",
         "pidMode", "ipcMode", "launchType", "networkMode", "serviceName", "group"), str,
    ),
    "cpu": float, "memory": int, "containers": [_CONTAINER], "volumes": [_VOLUME], "roleCredentials": _CREDENTIALS,
    "executionRoleCredentials": _CREDENTIALS,
}  # fmt: skip

DEFINITION: dict[str, Any] = {
    "name": "web", "image": "111122223333.dkr.ecr.us-west-2.amazonaws.com/web:1", "cpu": 64, "memoryReservation": 64,
    "essential": True, "command": ["serve"], "entryPoint": ["/entry"], "links": ["db"], "privileged": True,
    "restartPolicy": {"enabled": True, "ignoredExitCodes": [3], "restartAttemptPeriod": 60},
    "portMappings": [{"containerPort": 80, "hostPort": 8080, "name": "http", "appProtocol": "http"}],
    "mountPoints": [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}],
    "volumesFrom": [{"sourceContainer": "db", "readOnly": True}],
    "linuxParameters": {"capabilities": {"add": ["NET_ADMIN"]}, "initProcessEnabled": True, "swappiness": 1,
                        "tmpfs": [{"containerPath": "/tmp", "size": 64, "mountOptions": ["noexec"]}]},
    "environment": [{"name": "A", "value": "b"}], "environmentFiles": [{"value": "arn:aws:s3:::b/k.env", "type": "s3"}],
    "secrets": [
        {"name": "TOKEN", "valueFrom": "arn:aws:secretsmanager:eu-north-1:111122223333:secret:t"},
        {"name": "PLAIN", "valueFrom": "/edge/plain"},
    ],
    "dependsOn": [{"containerName": "db", "condition": "START"}], "startTimeout": 30, "stopTimeout": 40,
    "hostname": "web", "user": "www", "workingDirectory": "/srv", "disableNetworking": False, "interactive": True,
    "pseudoTerminal": True, "readonlyRootFilesystem": True, "dnsServers": ["10.0.0.2"], "dnsSearchDomains": ["edge"],
    "extraHosts": [{"hostname": "db", "ipAddress": "10.0.0.3"}], "dockerSecurityOptions": ["no-new-privileges"],
    "dockerLabels": {"a": "b"}, "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 2048}],
    "systemControls": [{"namespace": "net.core.somaxconn", "value": "512"}],
    "resourceRequirements": [{"type": "GPU", "value": "1"}],
    "firelensConfiguration": {"type": "fluentbit", "options": {"a": "b"}},
    "healthCheck": {"command": ["CMD", "true"], "interval": 30, "retries": 3},
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"},
                         "secretOptions": [{"name": "key", "valueFrom": "/edge/key"}]},
}  # fmt: skip
BODY: dict[str, Any] = {
    "networkMode": "bridge", "pidMode": "host", "ipcMode": "none", "cpu": "256", "memory": "512",
    "taskRoleArn": "arn:aws:iam::111122223333:role/web", "executionRoleArn": "arn:aws:iam::111122223333:role/exec",
    "volumes": [
        {"name": "data"}, {"name": "etc", "host": {"sourcePath": "/etc"}},
        {"name": "own", "dockerVolumeConfiguration": {"driver": "local"}},
        {"name": "shared", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "transitEncryption": "ENABLED"}},
    ],
}  # fmt: skip


def strangers(value: Any, shape: Shape, path: str = "task") -> list[str]:
    """What is not as the agent's model has it."""
    if isinstance(shape, dict):
        unknown = [f"{path}.{name}: unknown" for name in value if name not in shape]
        return unknown + [
            text for name in value if name in shape for text in strangers(value[name], shape[name], f"{path}.{name}")
        ]
    if isinstance(shape, list):
        return [text for index, item in enumerate(value) for text in strangers(item, shape[0], f"{path}[{index}]")]
    fits = value in shape if isinstance(shape, set) else type(value) is shape
    return [] if fits else [f"{path}: {value!r}"]


@pytest.fixture
def task() -> Task:
    region = Region(Settings(), lambda _name: None)
    instance = ContainerInstance(0, "i", "arn:i", "edge", "mi-0123456789abcdef0", 0, {}, [], {}, {})
    body = {**BODY, "containerDefinitions": [DEFINITION]}
    definition = TaskDefinition(1, "web", 3, "arn:web:3", body, 0, "", {})
    return tasks.create(region, tasks.Order("edge", definition, "EXTERNAL", "family:web", "", {}, {}), instance)


def manifest(task: Task) -> dict[str, Any]:
    token = SimpleNamespace(access_key_id="A", secret_access_key="S", session_token="T", expires=0.0)
    region = Region(Settings(), lambda _name: None)
    return payloads.task_manifest(region, task, dict.fromkeys(payloads.roles_of(task), cast(Any, token)))


def test_the_agent_knows_every_member(task: Task) -> None:
    sent = manifest(task)
    assert strangers(sent, _TASK) == []
    assert strangers({**sent, "colour": 1, "cpu": 1}, _TASK) == ["task.colour: unknown", "task.cpu: 1"]


def test_limits_of_the_task_are_in_vcpus_and_mib(task: Task) -> None:
    sent = manifest(task)
    assert (sent["cpu"], sent["memory"]) == (0.25, 512)
    # A reservation is no limit.
    assert sent["containers"][0]["memory"] == 0


def test_secrets_and_registries_are_named_with_their_provider(task: Task) -> None:
    (container,) = manifest(task)["containers"]
    assert [(one["name"], one["provider"], one["region"], one["target"]) for one in container["secrets"]] == [
        ("TOKEN", "asm", "eu-north-1", "CONTAINER"),
        ("PLAIN", "ssm", "us-west-2", "CONTAINER"),
        ("key", "ssm", "us-west-2", "LOG_DRIVER"),
    ]
    assert container["registryAuthentication"] == {
        "type": "ecr",
        "ecrAuthData": {"registryId": "111122223333", "region": "us-west-2", "useExecutionRole": True},
    }
    assert container["logsAuthStrategy"] == "ExecutionRole"
    assert container["linuxParameters"] == {"capabilities": {"add": ["NET_ADMIN"]}, "initProcessEnabled": True}


def test_the_rest_reaches_the_engine_in_its_own_terms(task: Task) -> None:
    (container,) = manifest(task)["containers"]
    config, host = (json.loads(container["dockerConfig"][name]) for name in ("config", "hostConfig"))
    assert config == {
        "Hostname": "web", "User": "www", "WorkingDir": "/srv", "Labels": {"a": "b"}, "OpenStdin": True, "Tty": True,
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30 * 10**9, "Retries": 3},
    }  # fmt: skip
    assert {name: value for name, value in host.items() if value is not None} == {
        "NetworkMode": "bridge", "Privileged": True, "ReadonlyRootfs": True, "Dns": ["10.0.0.2"], "DnsSearch": ["edge"],
        "SecurityOpt": ["no-new-privileges"], "MemoryReservation": 64 * 2**20, "MemorySwappiness": 1,
        "Tmpfs": {"/tmp": "size=64m,noexec"}, "ExtraHosts": ["db:10.0.0.3"], "Sysctls": {"net.core.somaxconn": "512"},
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 2048}],
        "LogConfig": {"Type": "awslogs", "Config": {"awslogs-group": "g"}},
    }  # fmt: skip
