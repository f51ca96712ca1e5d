# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All of the demo's inventory in one run: hosts, a site on an Outpost, a service at every site. And again."""

from __future__ import annotations

import json

from sandbox.tooling import policies

from .conftest import HOSTS, SITES, Fleet

PLANT = 2
WRITES = ("Create", "Put", "Update", "Delete", "Register", "Deregister", "Tag", "Untag", "Add", "Remove", "Run")


def test_one_run_makes_every_site_and_its_service(fleet: Fleet) -> None:
    fleet.sandbox.outpost("plant")
    run = fleet.run(fleet.plain_command("site"))
    assert run.code == 0, run.output
    expected = ["--expect", str(len(HOSTS) + PLANT), "--tasks", "2"]
    shown = fleet.ansible(fleet.sandbox.tool("python"), "-m", "sandbox.tooling.region", "fleet", *expected)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    hosts = json.loads(fleet.hosts("list", "--json"))
    assert {host["site"] for host in hosts} >= {*SITES, "plant"}
    pages = [
        fleet.ansible("curl", "--silent", "--max-time", "10", f"http://{host['address']}:8080").stdout
        for host in hosts
        if host["site"] in {*SITES, "plant"}
    ]
    assert len(pages) == len(HOSTS) + PLANT
    assert all("GREETING=Hello" in page for page in pages), pages


def test_another_run_changes_neither_the_site_nor_the_services(fleet: Fleet) -> None:
    fleet.forget_calls()
    # What another run does to hosts, tests/fleet/test_rollout.py tells.
    both = [*fleet.plain_command("aws_sites"), "playbooks/workloads.yml"]
    # Two playbooks of one run have the permissions of the one that plays them all.
    run = fleet.run(both, AWS_ACCESS_KEY_ID=policies.caller("site"))
    assert run.code == 0, run.output
    assert run.changed == {"localhost": 0, "site-plant": 0}
    assert [call for call in fleet.calls() if call.split(":")[1].startswith(WRITES)] == []
    assert fleet.calls()["ecs:DescribeServices"] == 1
