# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/demo: a fleet of four sites on this machine alone, rolled out for real and left up to play with."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import console, machine, paths, variables
from .python import environment, newest_end
from .standing import Sandbox

USAGE = """\
usage: bin/demo                    make the sandbox, roll the fleet out, leave it up
       bin/demo run -- COMMAND     run a command inside the sandbox, with Ansible and the Region's credentials set
       bin/demo --down [--purge]   remove every trace; with --purge the download cache, too

Needs root, and Debian 12 or Ubuntu 24.04. Nothing of it is seen from outside this machine; no AWS account is used."""

INSTANCE = "demo"
# An older release of Debian among them, as in most fleets.
SITES = {"lab": ("lab-1", "lab-2"), "lyon": ("lyon-1", "lyon-2"), "oslo": ("oslo-1", "oslo-2:bullseye")}
# A site of EC2 instances, which the playbook launches; the sandbox delivers the Outpost.
OUTPOST, OUTPOST_INSTANCES = "plant", 2
# Of the service at each site.
TASKS = 2
REQUIREMENT_SETS = ("sandbox",)

NEXT = """\
The fleet is up. A few commands worth trying next, in this folder and as root:

  bin/demo run -- ansible-playbook -i inventories/sandbox playbooks/plan.yml
      reads every host again, in one remote execution each, and finds nothing to do
  bin/demo run -- ansible-inventory -i inventories/sandbox/fleet.yml --graph
      lists the fleet as its Region knows it; --host lyon-1 says all that is known of a host
  sandbox/hosts/hosts ssh lyon-1 sudo systemctl stop ecs
      breaks a host: the plan then says what differs there
  bin/demo run -- ansible-playbook -i inventories/sandbox playbooks/site.yml
      puts that host right and leaves the others alone
  bin/demo run -- ansible-playbook -i inventories/sandbox playbooks/workloads.yml -e sandbox_greeting=Bonjour
      rolls another version of the service out, at every site one task after the other
  bin/demo run -- curl -s http://198.18.1.11:8080
      asks the task on lab-1 for its page

bin/demo --down removes everything."""


def main(arguments: Sequence[str]) -> int:
    console.terminate_as_interrupt()
    try:
        return dispatch(list(arguments))
    except console.Failure as error:
        return console.fail(error)
    except KeyboardInterrupt:
        console.say("\ninterrupted: bin/demo goes on where it stopped, bin/demo --down removes what is there")
        return 130


def dispatch(arguments: list[str]) -> int:
    if not arguments:
        return up()
    if arguments[0] == "run":
        return run(arguments[2:] if arguments[1:2] == ["--"] else arguments[1:])
    if arguments[0] == "--down" and set(arguments[1:]) <= {"--purge"}:
        return down(purge="--purge" in arguments)
    console.say(USAGE)
    return 0 if arguments[0] in ("-h", "--help") else 2


def up() -> int:
    machine.require_root("bin/demo")
    start = time.monotonic()
    steps = console.Steps(8)
    with steps.step("Debian packages of the sandbox"):
        end, python = newest_end()
        machine.install_packages(machine.SANDBOX_PACKAGES)
        machine.install_venv_support([python])
    with steps.step(f"Ansible: ansible-core {end} on Python {python.version}"):
        ready = environment(end, python, REQUIREMENT_SETS)
    with steps.step("Root file system of the hosts"):
        machine.prepare_hosts(["bookworm", "bullseye"])
    with steps.step("Packages for the hosts: an engine, and stand-ins of the two agents"):
        packages = machine.agent_packages()
    with steps.step(f"Hosts: {', '.join(SITES)} with {sum(map(len, SITES.values()))} hosts over SSH"):
        sandbox = Sandbox(ready, INSTANCE, packages)
        sandbox.boot(SITES)
    with steps.step(f"Simulated Region {variables.REGION} with an Outpost, {OUTPOST}, and the package server"):
        sandbox.start_services()
        sandbox.outpost(OUTPOST)
    with steps.step("The fleet: ansible-playbook -i inventories/sandbox playbooks/site.yml"):
        roll_out(sandbox)
    with steps.step("What the Region says"):
        check(sandbox)
    console.say(f"\nReady in {console.duration(time.monotonic() - start)}.\n")
    console.say(NEXT)
    console.say(f"\nWhat the run did, as a page for your browser: {report()}")
    return 0


def roll_out(sandbox: Sandbox) -> None:
    command = sandbox.inside(sandbox.tool("ansible-playbook"), "-i", "inventories/sandbox", "playbooks/site.yml")
    code = console.execute(command, env=sandbox.env, cwd=paths.ROOT)
    if code:
        raise console.Failure(f"The rollout ended with exit code {code}; bin/demo tries again, --down removes it.")


def check(sandbox: Sandbox) -> None:
    instances = str(sum(map(len, SITES.values())) + OUTPOST_INSTANCES)
    expected = ["--expect", instances, "--tasks", str(TASKS)]
    command = sandbox.inside(sandbox.tool("python"), "-m", "sandbox.tooling.region", "fleet", *expected)
    if console.execute(command, env=sandbox.env, cwd=paths.ROOT):
        raise console.Failure("The simulated Region does not see the whole fleet connected, with its tasks running.")
    command = sandbox.inside(sandbox.tool("ansible-inventory"), "-i", "inventories/sandbox/fleet.yml", "--graph")
    # What cannot be read is no inventory without hosts here.
    if console.execute(command, env={**sandbox.env, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}, cwd=paths.ROOT):
        raise console.Failure("The inventory of the fleet could not be read from the simulated Region.")


def report() -> Path:
    """The page of the last run; the link beside it would show another after the next one."""
    return (paths.records(INSTANCE) / "report.html").resolve()


def run(command: list[str]) -> int:
    if not command:
        console.say(USAGE)
        return 2
    machine.require_root("bin/demo run")
    end, python = newest_end()
    env = variables.sandboxed(environment(end, python, REQUIREMENT_SETS), INSTANCE)
    full = [str(machine.HOSTS), "--instance", INSTANCE, "run", "--", *command]
    return os.execvpe(full[0], full, env)


def down(purge: bool) -> int:
    machine.require_root("bin/demo --down")
    machine.remove(INSTANCE)
    console.say("The demo is gone: hosts, Region, network, records.")
    cache = paths.cache()
    if purge:
        for folder in (cache, paths.ROOT / ".cache"):
            shutil.rmtree(folder, ignore_errors=True)
        console.say(f"So is the download cache, {cache}.")
    elif cache.is_dir():
        console.say(f"The download cache stays for the next time: {cache}, {size(cache)}.")
        console.say("bin/demo --down --purge removes it.")
    return 0


def size(folder: Path) -> str:
    command = ["du", "--summarize", "--human-readable", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.split("\t")[0] or "size unknown"
