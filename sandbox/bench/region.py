# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bench needs of the simulated Region, asked inside the sandbox's network. Answers are JSON.

python -m sandbox.bench.region prepare HOSTS      a cluster, a role, and an activation for so many registrations
python -m sandbox.bench.region connected SITE     how many container instances of a site are ACTIVE and connected
"""

from __future__ import annotations

import json
import sys
from typing import Any

import boto3

from ..region.testing import TRUST_SSM
from .observation import CLUSTER, FLEET

ROLE = f"{FLEET}-external-instance"


def prepare(hosts: int) -> dict[str, str]:
    boto3.client("ecs").create_cluster(clusterName=CLUSTER)
    iam = boto3.client("iam")
    if ROLE not in [role["RoleName"] for role in iam.list_roles()["Roles"]]:
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST_SSM))
    made = boto3.client("ssm").create_activation(IamRole=ROLE, RegistrationLimit=hosts)
    return {"activation_id": made["ActivationId"], "activation_code": made["ActivationCode"]}


def connected(site: str) -> int:
    ecs = boto3.client("ecs")
    arns = ecs.list_container_instances(cluster=CLUSTER, filter=f"attribute:site == {site}")["containerInstanceArns"]
    if not arns:
        return 0
    found = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=arns)["containerInstances"]
    return sum(item["status"] == "ACTIVE" and item["agentConnected"] for item in found)


def main(arguments: list[str]) -> None:
    answer: Any = prepare(int(arguments[1])) if arguments[0] == "prepare" else connected(arguments[1])
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
