# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/faults.md says, in the order of the tests: power cuts after every step, lost identities, broken hosts.

The hosts of this file stand in a sandbox of their own. Each run takes many of them, each with a fault of its own.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.hosts.machine import DISKS
from sandbox.tooling import paths

from .conftest import INSTANCE, Fleet, Run, standing_fleet

# Without an engine, to see it interrupted; the others have one, and half of the way before them.
BARE = ("lab-1", "lab-2")
HOSTS = tuple(f"lab-{number}" for number in range(1, 11))
LIMIT = "lab,localhost,fleet_conductors"
VAULT = "/var/lib/amazon/ssm/Vault/Store/RegistrationKey"
# All hosts at once, whatever becomes of the others.
TOGETHER: dict[str, Any] = {
    "fleet_waves": [],
    "fleet_max_unavailable": "100%",
    "fleet_failure_budget": {"site": "100%", "wave": "100%"},
    "rollout_connect_timeout": 30,
}
MOST_RUNS = 6
# Long enough for a host to lose its power meanwhile.
SLOW_CALLS = {"RegisterManagedInstance": 2.5, "RequestManagedInstanceRoleToken": 2.5}
# Whether the identity is at risk there, and whether the host has one.
REGISTERING = {
    "a registration has begun": (True, False),
    "the activation is on its way": (True, False),
    "the new identity is not proven": (True, True),
    "the new identity is proven": (True, True),
    "edgefleet.ecs.ssm_agent : Register the host": (False, True),
}
UNPACKING = {"dpkg unpacks the engine", "dpkg unpacks the SSM agent"}
LOCK_HOLDER = (
    "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(20)"
)
AGENT_FILES = "/usr/lib/amazon-ecs-init"
# Where a registration writes.
STATE_FOLDERS = "/var/lib/edgefleet /var/lib/amazon/ssm"
ADDITIONAL = "edgefleet.ecs.registration"
ACTIVATE = (
    "client('ssm').create_activation(IamRole='demo-external-instance', RegistrationLimit={limit}, "
    "DefaultInstanceName='faults'{more})"
)


def address(name: str) -> str:
    return f"198.18.1.{10 + int(name.rpartition('-')[2])}"


def with_kind(name: str) -> str:
    return name if name in BARE else f"{name}:with-engine"


class FaultyFleet:
    def __init__(self, fleet: Fleet, directory: Path) -> None:
        self.fleet = fleet
        self.region = fleet.region
        self.cuts_file = directory / "cuts.json"
        self.cuts_file.write_text("[]")
        self.inventory = directory / "hosts.yml"
        self.know()
        self.expected: dict[str, str] = {}
        fleet.env.update(
            ANSIBLE_CALLBACK_PLUGINS=str(paths.ROOT / "tests" / "fleet" / "plugins" / "callback"),
            ANSIBLE_CALLBACKS_ENABLED="edgefleet.ecs.fleet_record,power_cut",
            ANSIBLE_LOAD_CALLBACK_PLUGINS="true",
        )

    def know(self, **variables: dict[str, Any]) -> None:
        """The hosts with variables of their own."""
        hosts = {name: {"ansible_host": address(name), **variables.get(name, {})} for name in HOSTS}
        self.inventory.write_text(yaml.safe_dump({"all": {"children": {"lab": {"hosts": hosts}}}}))

    def _cut(self, cuts: bool) -> None:
        self.fleet.env["EDGEFLEET_POWER_CUTS"] = str(self.cuts_file) if cuts else ""

    def rollout(self, playbook: str = "rollout", limit: str = LIMIT, cuts: bool = False, **extra: Any) -> Run:
        self._cut(cuts)
        asked = {**TOGETHER, **extra}
        return self.fleet.run(self.fleet.command(playbook, "-i", str(self.inventory), "--limit", limit, **asked))

    def registration(self, hosts: str, options: dict[str, Any], cuts: bool = False) -> str:
        self._cut(cuts)
        inventory = ["-i", "inventories/sandbox", "-i", str(self.inventory)]
        module = ["-m", "edgefleet.ecs.registration", "-a", json.dumps(options), hosts]
        said = self.fleet.ansible(self.fleet.sandbox.tool("ansible"), *inventory, *module).stdout
        return " ".join(said.split())

    @property
    def cuts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.cuts_file.read_text())
        return found

    def cut_only(self, *moments: str) -> None:
        """From now on, of all that could be cut, these."""
        known = [cut for cut in self.cuts if cut["after"] not in moments]
        self.cuts_file.write_text(json.dumps([*known, {"after": ADDITIONAL}]))

    def power_on(self) -> None:
        for host in json.loads(self.fleet.hosts("list", "--json")):
            if host["state"] == "off":
                self.fleet.ansible("ip", "route", "del", "unreachable", f"{host['address']}/32")
        self.fleet.hosts("up", f"lab={','.join(map(with_kind, HOSTS))}")

    def on(self, name: str, command: str) -> str:
        return self.fleet.hosts("ssh", name, f"sudo sh -c {shlex.quote(command)}")

    def identities(self) -> dict[str, str]:
        """What the disks of the hosts say."""
        disks = DISKS / self.fleet.sandbox.instance
        keys = {name: (disks / name / "upper" / VAULT.lstrip("/")).read_text() for name in HOSTS}
        # One is cut off on purpose.
        return {name: json.loads(key)["instanceID"] if key.endswith("}") else "" for name, key in keys.items()}

    def slow_down(self, calls: int) -> None:
        for action, seconds in SLOW_CALLS.items():
            order = {"kind": "delay", "service": "ssm", "action": action, "seconds": seconds, "count": calls}
            self.region("faults", "POST", order)

    def nodes(self) -> list[str]:
        ask = "client('ssm').get_paginator('describe_instance_information').paginate()"
        found: list[str] = self.fleet.boto3(
            f"[node['InstanceId'] for page in {ask} for node in page['InstanceInformationList']]"
        )
        return found

    def expect_one_identity_a_host(self) -> None:
        own = self.identities()
        assert len(set(own.values())) == len(HOSTS), own
        connected = [item for item in self.fleet.instances() if item["agentConnected"]]
        assert sorted(item["ec2InstanceId"] for item in connected) == sorted(own.values())
        assert {item["status"] for item in connected} == {"ACTIVE"}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyFleet]:
    with standing_fleet(f"{INSTANCE}-faults", {"lab": map(with_kind, HOSTS)}) as fleet:
        yield FaultyFleet(fleet, tmp_path_factory.mktemp("faults"))


def test_power_cuts_after_every_step_end_converged(faulty: FaultyFleet) -> None:
    """Each run cuts the power where none was cut yet, host by host, until there is no such place any more."""
    faulty.slow_down(1000)
    for number in range(MOST_RUNS):
        known = len(faulty.cuts)
        run = faulty.rollout("rollout" if number else "site", cuts=True)
        faulty.power_on()
        if len(faulty.cuts) == known:
            break
    faulty.region("faults", "DELETE")
    assert run.code == 0, run.output
    assert set(run.outcomes.values()) <= {"converged", "unchanged"}
    names = {cut["after"] for cut in faulty.cuts}
    assert names >= REGISTERING.keys() | UNPACKING, names
    assert len(names) >= 15
    # Whether the identity was at risk, and whether there was one.
    states = {cut["after"]: (cut["at_risk"], bool(cut["identity"])) for cut in faulty.cuts}
    assert {name: states[name] for name in REGISTERING} == REGISTERING
    faulty.expect_one_identity_a_host()
    # A request that was on its way when the power went has made a node whose id no host has ever learnt; nobody has
    # used it. Its container instance cannot be.
    abandoned = set(faulty.nodes()) - set(faulty.identities().values())
    lost = [cut for cut in faulty.cuts if cut["after"] == "the activation is on its way"]
    assert len(abandoned) <= len(lost)
    for node in abandoned:
        assert faulty.region(f"calls?caller={node}")["count"] == 0
    assert len(faulty.fleet.instances()) == len(HOSTS)


def _deregister(fleet: Fleet, arn: str) -> None:
    fleet.boto3(f"client('ecs').deregister_container_instance(cluster='demo-edge', containerInstance='{arn}')")


def _deregister_node(fleet: Fleet, node: str) -> None:
    fleet.boto3(f"client('ssm').deregister_managed_instance(InstanceId='{node}')")


def test_registering_anew_loses_no_identity(faulty: FaultyFleet) -> None:
    """With activations that are refused, without any accident, and with power cuts where the identity is at risk."""
    before = faulty.identities()
    made = faulty.fleet.script(
        "import datetime\n"
        f"answer = [{ACTIVATE.format(limit=2, more='')}, {ACTIVATE.format(limit=1, more='')}, "
        + ACTIVATE.format(limit=1, more=", ExpirationDate=datetime.datetime.now() + datetime.timedelta(seconds=2)")
        + "]"
    )
    good, exhausted, expired = ({key: item[key] for key in ("ActivationId", "ActivationCode")} for item in made)
    wrong = {"ActivationId": "00000000-0000-0000-0000-000000000000", "ActivationCode": "n" * 20}
    given = {"lab-1": wrong, "lab-2": expired, "lab-3": exhausted, "lab-7": exhausted, "lab-8": good, "lab-9": good}
    faulty.know(**{name: {"given": item} for name, item in given.items()})
    asked = {
        "region": "us-west-2", "reregister": True, "retries": 0, "timeout": 60,
        "activation_id": "{{ given.ActivationId }}", "activation_code": "{{ given.ActivationCode }}",
    }  # fmt: skip
    # This one uses the activation up.
    assert "CHANGED" in faulty.registration("lab-7", asked)
    said = faulty.registration("lab-1,lab-2,lab-3", asked)
    for name in ("lab-1", "lab-2", "lab-3"):
        assert f"{name} | FAILED" in said and f"The host is still {before[name]}." in said, said
    assert said.count("InvalidActivation") >= 3 and "Make a new one with edgefleet.ecs.activation" in said
    assert not any(item["ActivationCode"] in said for item in given.values())

    faulty.cut_only("the activation is on its way", "the new identity is not proven")
    faulty.slow_down(6)
    faulty.registration("lab-8,lab-9", asked, cuts=True)
    faulty.power_on()
    faulty.region("faults", "DELETE")
    cuts = {cut["after"]: cut for cut in faulty.cuts}
    wiped, unproven = cuts["the activation is on its way"], cuts["the new identity is not proven"]
    assert not wiped["identity"] and unproven["identity"] not in ("", before[unproven["host"]])
    # What the next run has to make of them.
    faulty.expected = {wiped["host"]: before[wiped["host"]], unproven["host"]: unproven["identity"]}


def test_lost_and_damaged_identities(faulty: FaultyFleet) -> None:
    fleet, before = faulty.fleet, faulty.identities()
    arns = {item["ec2InstanceId"]: item["containerInstanceArn"] for item in fleet.instances()}
    _deregister(fleet, arns[before["lab-6"]])
    _deregister_node(fleet, before["lab-5"])
    faulty.on("lab-4", f"head -c 40 {VAULT} > /root/key; cat /root/key > {VAULT}")
    faulty.on("lab-3", "echo x > /var/lib/amazon/ssm/runtimeconfig/identity_config.json")
    faulty.on("lab-10", "echo broken > /var/lib/ecs/data/agent.db; systemctl restart --no-block ecs")
    run = faulty.rollout(ecs_agent_wait=30)
    assert run.outcomes == {
        # A refused activation leaves nothing behind.
        "lab-1": "unchanged", "lab-2": "unchanged",
        # A broken identity_config.json is written anew by a restart.
        "lab-3": "converged",
        "lab-4": "blocked", "lab-5": "blocked",
        # Registered anew, two with a power cut on the way: the agent's state file is forgotten with its identity.
        "lab-7": "converged", "lab-8": "converged", "lab-9": "converged",
        # Deregistered in ECS: its agent answers still, and may have joined a moment ago. The next run forgets it.
        "lab-6": "failed",
        "lab-10": "failed",
    }, run.output  # fmt: skip
    assert run.record
    reasons = {name: host["reason"] for name, host in run.record["hosts"].items()}
    assert "RegistrationKey is empty or cut off" in reasons["lab-4"] and before["lab-4"] in reasons["lab-4"]
    assert "state: absent" in reasons["lab-4"]
    assert before["lab-5"] in reasons["lab-5"] and "Systems Manager does not know" in reasons["lab-5"]
    assert "invalid database" in reasons["lab-10"] and "edgefleet.ecs.heal" in reasons["lab-10"]
    assert "not joined" in reasons["lab-6"]
    after = {name: faulty.identities()[name] for name in faulty.expected}
    assert after == faulty.expected

    # What the messages say, done.
    assert faulty.registration("lab-4,lab-5", {"state": "absent"}).count("CHANGED") == 2
    faulty.on("lab-10", "systemctl stop ecs; rm /var/lib/ecs/data/agent.db")
    _deregister(fleet, arns[before["lab-10"]])


def _break_hosts(faulty: FaultyFleet) -> None:
    """Something is in the way of the ECS agent, which most have to install once more, or of a registration."""
    for name in ("lab-1", "lab-2", "lab-3", "lab-7", "lab-8", "lab-9"):
        faulty.on(name, "dpkg --remove --force-all amazon-ecs-init >/dev/null 2>&1")
    # Released in time.
    faulty.on("lab-1", f'systemd-run --quiet python3 -c "{LOCK_HOLDER}"')
    faulty.on("lab-2", f"mkdir -p {AGENT_FILES} && mount -t tmpfs -o size=4k tmpfs {AGENT_FILES}")
    full = "mkdir -p $folder; mount -t tmpfs -o size=4k,nr_inodes=1 tmpfs $folder"
    faulty.on("lab-4", f"for folder in {STATE_FOLDERS}; do {full}; done")
    faulty.on("lab-3", "iptables -A OUTPUT -p tcp --dport 8080 -j REJECT --reject-with tcp-reset")
    faulty.on("lab-9", "iptables -A OUTPUT -p tcp --dport 4566 -j REJECT --reject-with tcp-reset")
    faulty.on("lab-7", "echo EDGEFLEET_STANDIN_CLOCK_AHEAD=3600 >> /etc/default/edgefleet-standin")
    # As a power cut in the middle of dpkg's work leaves it.
    half = "/^Package: amazon-ssm-agent$/,/^$/s/^Status: .*/Status: install reinstreq half-installed/"
    faulty.on("lab-8", f"sed -i '{half}' /var/lib/dpkg/status")


def _mend_hosts(faulty: FaultyFleet) -> None:
    faulty.on("lab-2", f"umount {AGENT_FILES}")
    faulty.on("lab-4", f"umount {STATE_FOLDERS}")
    for name in ("lab-3", "lab-9"):
        faulty.on(name, "iptables -F OUTPUT")
    faulty.on("lab-7", "rm /etc/default/edgefleet-standin")


def test_broken_hosts_and_a_region_in_trouble(faulty: FaultyFleet) -> None:
    _break_hosts(faulty)
    for kind in ("throttle", "error", "reset"):
        faulty.region(
            "faults", "POST", {"kind": kind, "service": "ssm", "action": "RegisterManagedInstance", "count": 3}
        )
    run = faulty.rollout(ecs_agent_wait=30)
    expected = dict.fromkeys(HOSTS, "converged") | dict.fromkeys(
        ("lab-2", "lab-3", "lab-4", "lab-7", "lab-9"), "failed"
    )
    assert run.outcomes == expected, run.output
    # lab-5 has registered through nine calls that went wrong. A full disk costs no managed node.
    assert faulty.region("faults")["faults"] == []
    assert run.record
    reasons = {name: host["reason"] for name, host in run.record["hosts"].items()}
    assert "No space left on device" in reasons["lab-2"]
    assert "No space left on device" in reasons["lab-4"]
    assert "Cannot download http://198.18.0.1:8080" in reasons["lab-3"]
    assert "has not joined cluster demo-edge" in reasons["lab-9"] and "Connection refused" in reasons["lab-9"]
    assert "has not joined cluster demo-edge" in reasons["lab-7"] and "Signature" in reasons["lab-7"]

    _mend_hosts(faulty)
    run = faulty.rollout()
    assert run.code == 0, run.output
    converged = {name for name, outcome in run.outcomes.items() if outcome == "converged"}
    # Agents that run try on, and may have joined by themselves in the meantime.
    assert {"lab-2", "lab-3", "lab-4"} <= converged <= {"lab-2", "lab-3", "lab-4", "lab-7", "lab-9"}
    faulty.expect_one_identity_a_host()
