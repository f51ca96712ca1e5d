# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a lost agent to its host healed: EventBridge, queue, ansible-rulebook, playbook, over hosts that only answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.bench import observation, simulated
from sandbox.region.context import Settings
from sandbox.region.ecs import agents
from sandbox.region.testing import RunningRegion, running_region
from sandbox.tooling import paths
from sandbox.tooling.python import newest_end, plain_environment
from tests.integration.warm.server import INTERPRETER
from tests.integration.warm.server import VARIABLE as WARM_PYTHON

pytestmark = pytest.mark.one_end

RULEBOOKS = paths.ROOT / "extensions" / "eda" / "rulebooks"
HOSTS = dict.fromkeys(("lyon-1", "lyon-2", "lyon-3"), "lyon")
QUEUE = f"{observation.FLEET}-events"
PATIENCE = 600.0
DEBOUNCE = "once_after: 3 minutes"


@pytest.fixture(scope="module")
def rulebook_bin() -> Path:
    assert shutil.which("java"), "ansible-rulebook needs Java 17 or newer; bin/test installs it"
    return plain_environment(newest_end()[1], ["events"]) / "bin"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[simulated.Fleet]:
    with running_region(Settings(name=observation.REGION, connected_timeout=36000, ping_timeout=36000)) as region:
        yield simulated.Fleet(region, tmp_path / "fleet", HOSTS)


def _inventory(fleet: simulated.Fleet, folder: Path) -> None:
    """The fleet's own, with modules of the control node that do not import boto3 each."""
    inventory = yaml.safe_load((fleet.folder / "inventory.yml").read_text())
    local = inventory["all"]["children"]["fleet_conductors"]["hosts"]["localhost"]
    local["ansible_python_interpreter"] = str(INTERPRETER)
    # Nobody restarts anything on these hosts, so that nothing comes of waiting for it.
    inventory["all"]["vars"].update(heal_wait=1, heal_connect_timeout=3)
    folder.mkdir()
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory))


def _lose(region: RunningRegion, host: str, lost: bool = True) -> None:
    instances = region.state.ecs.instances[observation.CLUSTER].values()
    agents.cut(region.state, next(one for one in instances if one.tags["host"] == host), lost)
    region.tick()


def _waiting(region: RunningRegion) -> list[dict[str, Any]]:
    """Messages in the queue, which stay there."""
    sqs = region.client("sqs")
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    reply = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [json.loads(message["Body"]) for message in reply.get("Messages", [])]


def _deregistered(region: RunningRegion, host: str) -> None:
    """What CloudTrail makes of a call to DeregisterManagedInstance; the Region has no trail."""
    instances = region.state.ecs.instances[observation.CLUSTER].values()
    node = next(one.ec2_instance_id for one in instances if one.tags["host"] == host)
    detail = {
        "eventSource": "ssm.amazonaws.com",
        "eventName": "DeregisterManagedInstance",
        "requestParameters": {"instanceId": node},
    }
    event = {"source": "aws.ssm", "detail-type": "AWS API Call via CloudTrail", "detail": detail}
    sqs = region.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"], MessageBody=json.dumps(event))


def _until(done: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)


def test_a_lost_agent_is_healed_and_one_that_came_back_is_left_alone(
    fleet: simulated.Fleet, rulebook_bin: Path, warm_python: str, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory"
    _inventory(fleet, inventory)
    tools = Path(sys.executable).parent
    path = os.pathsep.join([str(rulebook_bin), str(tools), os.environ["PATH"]])
    environment = {**fleet.environment(), WARM_PYTHON: warm_python, "PATH": path}
    make = [str(tools / "ansible-playbook"), "-i", str(inventory), "examples/events/queue.yml"]
    made = subprocess.run(make, env=environment, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr

    # A rule hears of what comes after it.
    region = fleet.region
    region.tick()
    _lose(region, "lyon-1")
    _lose(region, "lyon-2")
    _lose(region, "lyon-2", lost=False)
    events = _waiting(region)
    assert [event["detail"]["ec2InstanceId"] for event in events] == [f"mi-{number:017x}" for number in (0, 1)]
    assert {event["detail"]["agentConnected"] for event in events} == {False}
    _deregistered(region, "lyon-3")

    text = (RULEBOOKS / "heal_playbook.yml").read_text()
    assert text.count(DEBOUNCE) == 2
    rulebook = tmp_path / "rulebook.yml"
    rulebook.write_text(
        text.replace(DEBOUNCE, "once_after: 2 seconds").replace("delay_seconds: 20", "delay_seconds: 1")
    )
    variables = tmp_path / "variables.yml"
    variables.write_text(yaml.safe_dump({"fleet_events_queue": QUEUE, "fleet_region": observation.REGION}))
    log = tmp_path / "log"
    start = [str(rulebook_bin / "ansible-rulebook"), "--rulebook", str(rulebook), "-i", str(inventory)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*start, "--vars", str(variables)], env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        for host in ("lyon-2", "lyon-3"):
            _until(lambda host=host: f"{host}: is well again" in log.read_text(), process, log)  # type: ignore[misc]
        _until(lambda: bool(list((fleet.folder / "records").glob("*-heal.json"))), process, log)
    finally:
        process.terminate()
        process.wait(30)
    print(log.read_text())
    (record,) = [json.loads(path.read_text()) for path in (fleet.folder / "records").glob("*-heal.json")]
    assert list(record["hosts"]) == ["lyon-1"]
    assert "ECS does not hear" in log.read_text()
    contacted = {path.stem for path in fleet.folder.glob("*.executions")}
    assert contacted == {"lyon-1"}


def test_both_rulebooks_are_as_ansible_rulebook_wants_them_and_differ_in_their_action_alone(rulebook_bin: Path) -> None:
    (schema,) = rulebook_bin.parent.glob("lib/python*/site-packages/ansible_rulebook/schema/ruleset_schema.json")
    rulesets = {}
    for path in sorted(RULEBOOKS.glob("*.yml")):
        rulesets[path.stem] = yaml.safe_load(path.read_text())
        jsonschema.validate(rulesets[path.stem], json.loads(schema.read_text()))
    assert sorted(rulesets) == ["heal_job", "heal_playbook"]
    actions = {name: [rule.pop("action") for rule in found[0]["rules"]] for name, found in rulesets.items()}
    assert rulesets["heal_job"] == rulesets["heal_playbook"]
    for job, playbook in zip(*actions.values(), strict=True):
        assert job == {"run_job_template": {"name": "retail recheck", "organization": "retail"}}
        assert (paths.ROOT / "playbooks" / f"{playbook['run_playbook']['name'].rpartition('.')[2]}.yml").is_file()
