# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to the simulated Region, asked inside the sandbox's network with the virtual environment's Python.

python -m sandbox.tooling.region fleet [--expect N] [--tasks M]
                                                every container instance, and every site with its tasks; fails unless N
                                                are ACTIVE and connected, and every site has its tasks, M or more
python -m sandbox.tooling.region outpost NAME   an Outpost of this name, delivered if there is none
python -m sandbox.tooling.region answers URL    whether something answers there
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import console, variables

PATIENCE = 30.0

_SITE = re.compile(r"attribute:site == (\S+)")


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


def site_of(instance: Mapping[str, Any]) -> str:
    """A rollout stamps the site on each host as an attribute."""
    return next((str(item.get("value", "-")) for item in instance.get("attributes", []) if item["name"] == "site"), "-")


def rows(instances: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """The table of instances."""
    found = []
    for instance in instances:
        agent = instance.get("versionInfo", {}).get("agentVersion", "-")
        connected = "yes" if instance["agentConnected"] else "no"
        node, tasks = instance.get("ec2InstanceId", "-"), str(instance.get("runningTasksCount", 0))
        found.append((instance["cluster"], site_of(instance), node, instance["status"], connected, tasks, agent))
    return [("cluster", "site", "instance", "status", "connected", "tasks running", "agent"), *sorted(found)]


def desired_tasks() -> Counter[str]:
    """How many tasks the services of each site are to have."""
    import boto3

    ecs = boto3.client("ecs")
    desired: Counter[str] = Counter()
    for cluster in ecs.list_clusters()["clusterArns"]:
        # Ten are as many as one call describes.
        for page in ecs.get_paginator("list_services").paginate(cluster=cluster, maxResults=10):
            arns = page["serviceArns"]
            for service in ecs.describe_services(cluster=cluster, services=arns)["services"] if arns else []:
                expressions = [constraint.get("expression", "") for constraint in service["placementConstraints"]]
                site = next((found[1] for found in map(_SITE.search, expressions) if found), "-")
                desired[site] += service["desiredCount"]
    return desired


def site_rows(instances: Sequence[Mapping[str, Any]], desired: Mapping[str, int]) -> list[tuple[str, ...]]:
    """The table of sites: the tasks that run there, of all kinds, beside what its own services are to have."""
    found = []
    for site in sorted({site_of(instance) for instance in instances} | desired.keys()):
        own = [instance for instance in instances if site_of(instance) == site]
        running = sum(instance.get("runningTasksCount", 0) for instance in own)
        counts = (len(own), sum(map(healthy, own)), running, desired.get(site, 0))
        found.append((site, *map(str, counts)))
    return [("site", "instances", "connected", "tasks running", "desired"), *found]


def lacking(table: Sequence[tuple[str, ...]], tasks: int) -> list[str]:
    """Sites where fewer tasks run than are desired, or than are expected."""
    return [row[0] for row in table[1:] if int(row[3]) < max(tasks, int(row[4]))]


def fleet(expect: int | None, tasks: int | None = None) -> int:
    """Show the fleet; with an expectation wait a moment for it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        instances = container_instances()
        sites = site_rows(instances, desired_tasks())
        good = sum(map(healthy, instances))
        complete = expect is None or good == len(instances) == expect
        short = lacking(sites, tasks) if tasks is not None else []
        if (complete and not short) or time.monotonic() > deadline:
            break
        time.sleep(1)
    console.say(f"{console.table(rows(instances))}\n\n{console.table(sites)}\n")
    expected = f", {expect} expected" if expect is not None else ""
    running, desired = (sum(int(row[column]) for row in sites[1:]) for column in (3, 4))
    console.say(f"{good} of {len(instances)} instances ACTIVE and connected{expected}")
    console.say(f"{running} tasks RUNNING, {desired} desired")
    if short:
        console.say(f"Fewer tasks RUNNING than {tasks} or than desired: {', '.join(short)}")
    return 0 if complete and not short else 1


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
    shown = commands.add_parser("fleet")
    shown.add_argument("--expect", type=int)
    shown.add_argument("--tasks", type=int)
    commands.add_parser("outpost").add_argument("name")
    commands.add_parser("answers").add_argument("url")
    arguments = parser.parse_args()
    if arguments.command == "fleet":
        return fleet(arguments.expect, arguments.tasks)
    if arguments.command == "outpost":
        return outpost(arguments.name)
    return 0 if answers(arguments.url) else 1


if __name__ == "__main__":
    sys.exit(main())
