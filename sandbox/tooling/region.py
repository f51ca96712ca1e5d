# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the simulated Region, asked inside the sandbox's network with the virtual environment's Python.

python -m sandbox.tooling.region fleet [--expect N]   every container instance; fails unless N are ACTIVE and connected
python -m sandbox.tooling.region outpost NAME         an Outpost of this name, delivered if there is none
python -m sandbox.tooling.region answers URL          whether something answers there
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import console, variables

PATIENCE = 30.0


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def container_instances() -> list[dict[str, Any]]:
    """Every container instance of every cluster, with its cluster's name."""
    import boto3

    ecs = boto3.client("ecs")
    return [instance for cluster in ecs.list_clusters()["clusterArns"] for instance in _of_cluster(ecs, cluster)]


def _of_cluster(ecs: Any, cluster: str) -> Iterator[dict[str, Any]]:
    for page in ecs.get_paginator("list_container_instances").paginate(cluster=cluster):
        arns = page["containerInstanceArns"]
        described = ecs.describe_container_instances(cluster=cluster, containerInstances=arns) if arns else {}
        for instance in described.get("containerInstances", []):
            yield {**instance, "cluster": cluster.rpartition("/")[2]}


def healthy(instance: Mapping[str, Any]) -> bool:
    return instance["status"] == "ACTIVE" and bool(instance["agentConnected"])


def rows(instances: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The table's rows; a rollout stamps the site on each host as an attribute."""
    found = []
    for instance in instances:
        attributes = {item["name"]: item.get("value", "") for item in instance.get("attributes", [])}
        agent = instance.get("versionInfo", {}).get("agentVersion", "-")
        node, site = instance.get("ec2InstanceId", "-"), attributes.get("site", "-")
        connected = "yes" if instance["agentConnected"] else "no"
        found.append((instance["cluster"], site, node, instance["status"], connected, agent))
    return [("cluster", "site", "managed node", "status", "connected", "agent"), *sorted(found)]


def fleet(expect: int | None) -> int:
    """Show the fleet; with an expectation wait a moment for it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        instances = container_instances()
        good = sum(map(healthy, instances))
        if expect is None or good == len(instances) == expect or time.monotonic() > deadline:
            break
        time.sleep(1)
    console.say(console.table(rows(instances)))
    expected = f", {expect} expected" if expect is not None else ""
    console.say(f"{good} of {len(instances)} ACTIVE and connected{expected}")
    return 0 if expect is None or good == len(instances) == expect else 1


def outpost(name: str) -> int:
    """An Outpost of this name with capacity, delivered if there is none; what the Region says of it, as JSON."""
    import boto3

    pages = boto3.client("outposts").get_paginator("list_outposts").paginate()
    known = next((one for page in pages for one in page["Outposts"] if one["Name"] == name), None)
    if known is None:
        url = f"{variables.ENDPOINT}/_sandbox/outposts"
        with urllib.request.urlopen(url, json.dumps({"name": name}).encode(), timeout=10) as reply:
            told = json.load(reply)
    else:
        told = {"outpost_id": known["OutpostId"], "outpost_arn": known["OutpostArn"], "site_id": known["SiteId"]}
        told["availability_zone"] = known["AvailabilityZone"]
    console.say(json.dumps(told))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.tooling.region")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fleet").add_argument("--expect", type=int)
    commands.add_parser("outpost").add_argument("name")
    commands.add_parser("answers").add_argument("url")
    arguments = parser.parse_args()
    if arguments.command == "fleet":
        return fleet(arguments.expect)
    if arguments.command == "outpost":
        return outpost(arguments.name)
    return 0 if answers(arguments.url) else 1


if __name__ == "__main__":
    sys.exit(main())
