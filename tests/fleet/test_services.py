# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services on real hosts, as containers of their engines: two tasks a site, a drain, a service link that is down."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import HOSTS, SITES, Fleet

IMAGE = "demo/web:1"
NAMES = {site: f"web-{site}" for site in SITES}
CONTAINERS = "sudo docker ps --no-trunc --quiet --filter label=com.amazonaws.ecs.task-arn"

DEFINE = f"""
ecs = client("ecs")
container = {{"name": "web", "image": "{IMAGE}", "cpu": 10, "memory": 32, "essential": True}}
ecs.register_task_definition(family="web", containerDefinitions=[container], requiresCompatibilities=["EXTERNAL"])
for site, name in {NAMES!r}.items():
    ecs.create_service(
        cluster="demo-edge", serviceName=name, taskDefinition="web", desiredCount=2, launchType="EXTERNAL",
        placementConstraints=[{{"type": "memberOf", "expression": f"attribute:site == {{site}}"}}],
        placementStrategy=[{{"type": "spread", "field": "instanceId"}}],
        deploymentConfiguration={{"minimumHealthyPercent": 50, "maximumPercent": 150}},
    )
"""
# The rollouts are over and what is wanted runs; else what there is instead, after a while.
SETTLED = f"""
ecs = client("ecs")
for _ in range(240):
    shown = ecs.describe_services(cluster="demo-edge", services={list(NAMES.values())!r})["services"]
    answer = {{one["serviceName"]: one["runningCount"] for one in shown}}
    moving = [one for one in shown if one["pendingCount"] or one["runningCount"] != one["desiredCount"]
              or [each["rolloutState"] for each in one["deployments"]] != ["COMPLETED"]]
    if not moving:
        break
    time.sleep(0.25)
else:
    raise SystemExit(f"not settled: {{moving}}")
"""
DELETE = f"""
ecs = client("ecs")
for name in {list(NAMES.values())!r}:
    ecs.delete_service(cluster="demo-edge", service=name, force=True)
for _ in range(240):
    answer = ecs.list_tasks(cluster="demo-edge")["taskArns"]
    if not answer:
        break
    time.sleep(0.25)
"""


def _containers(fleet: Fleet) -> dict[str, set[str]]:
    with ThreadPoolExecutor() as pool:
        return dict(
            zip(HOSTS, pool.map(lambda host: set(fleet.hosts("ssh", host, CONTAINERS).split()), HOSTS), strict=True)
        )


def _instances(fleet: Fleet, site: str) -> list[dict[str, Any]]:
    wanted = {"name": "site", "value": site}
    return [one for one in fleet.instances() if wanted in one["attributes"]]


@pytest.fixture(scope="module")
def served(fleet: Fleet) -> Iterator[Fleet]:
    """The fleet with two tasks a site; all of them taken away again."""
    clusters = fleet.boto3("client('ecs').list_clusters()['clusterArns']")
    if not clusters or len(fleet.instances()) < len(HOSTS):
        run = fleet.playbook("site")
        assert run.code == 0, run.output
    fleet.script(DEFINE + SETTLED)
    yield fleet
    assert fleet.script(DELETE) == []
    assert not any(_containers(fleet).values())


def test_two_tasks_a_site_run_as_containers_of_their_hosts(served: Fleet) -> None:
    assert {host: len(found) for host, found in _containers(served).items()} == dict.fromkeys(HOSTS, 1)
    tasks = served.boto3(
        "client('ecs').describe_tasks(cluster='demo-edge',"
        " tasks=client('ecs').list_tasks(cluster='demo-edge')['taskArns'])['tasks']"
    )
    told = {container["runtimeId"] for task in tasks for container in task["containers"]}
    assert told == set().union(*_containers(served).values())


def test_a_drained_host_gives_its_task_to_its_site_and_takes_one_again(served: Fleet) -> None:
    drained = _instances(served, "oslo")[0]["containerInstanceArn"]
    change = (
        "client('ecs').update_container_instances_state(cluster='demo-edge', containerInstances=['{}'], status='{}')"
    )
    served.script(f"{change.format(drained, 'DRAINING')}\ntime.sleep(1)\n{SETTLED}")
    counts = {host: len(found) for host, found in _containers(served).items()}
    assert sorted(counts[host] for host in SITES["oslo"]) == [0, 2]
    assert [counts[host] for host in (*SITES["lab"], *SITES["lyon"])] == [1] * 4
    more = "client('ecs').update_service(cluster='demo-edge', service='web-oslo', desiredCount=3)"
    served.script(f"{change.format(drained, 'ACTIVE')}\n{more}\n{SETTLED}")
    after = {host: len(found) for host, found in _containers(served).items()}
    assert {host: after[host] - counts[host] for host in HOSTS if after[host] != counts[host]} == {
        next(host for host in SITES["oslo"] if not counts[host]): 1
    }


def test_a_site_without_its_service_link_runs_on_and_takes_nothing_new(served: Fleet) -> None:
    before, lyon = _containers(served), _instances(served, "lyon")[0]["containerInstanceArn"]
    served.region("outages", "POST", {"attributes": {"site": "lyon"}})
    try:
        refused = served.script(
            "ecs = client('ecs')\n"
            "ecs.update_service(cluster='demo-edge', service='web-lyon', desiredCount=3)\n"
            f"placed = ecs.start_task(cluster='demo-edge', taskDefinition='web', containerInstances=['{lyon}'])\n"
            "time.sleep(3)\n"
            "service = ecs.describe_services(cluster='demo-edge', services=['web-lyon'])['services'][0]\n"
            "tasks = ecs.list_tasks(cluster='demo-edge', serviceName='web-lyon')['taskArns']\n"
            "tasks = ecs.describe_tasks(cluster='demo-edge', tasks=tasks)['tasks']\n"
            "answer = dict(placed=placed, service=service, tasks=tasks)"
        )
        assert refused["placed"]["tasks"] == []
        assert [one["reason"] for one in refused["placed"]["failures"]] == ["AGENT"]
        assert [task["lastStatus"] for task in refused["tasks"]] == ["RUNNING"] * 2
        assert (refused["service"]["runningCount"], refused["service"]["pendingCount"]) == (2, 0)
        assert "unable to place a task" in refused["service"]["events"][0]["message"]
        assert not any(one["agentConnected"] for one in _instances(served, "lyon"))
        assert all(one["agentConnected"] for one in _instances(served, "oslo"))
        assert _containers(served) == before
    finally:
        served.region("outages", "DELETE")
    # With the link comes what was refused; what ran has run through.
    assert served.script(SETTLED)["web-lyon"] == 3
    after = _containers(served)
    assert sum(len(after[host]) for host in SITES["lyon"]) == 3
    assert all(before[host] <= after[host] for host in HOSTS)
