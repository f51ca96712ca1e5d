# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/demo: a fleet of three sites on this machine alone, rolled out for real and left up to play with."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import console, machine, paths, variables
from .python import Environment, environment, newest_end

USAGE = """\
usage: bin/demo                    make the sandbox, roll the fleet out, leave it up
       bin/demo run -- COMMAND     run a command inside the sandbox, with Ansible and the Region's credentials set
       bin/demo --down [--purge]   remove every trace; with --purge the download cache, too

Needs root, and Debian 12 or Ubuntu 24.04. Nothing of it is seen from outside this machine; no AWS account is used."""

INSTANCE = "demo"
SITES = {"lab": ("lab-1", "lab-2"), "lyon": ("lyon-1", "lyon-2"), "oslo": ("oslo-1", "oslo-2")}
REQUIREMENT_SETS = ("sandbox",)
SERVICE_PATIENCE = 60.0

NEXT = """\
The fleet is up. Three commands worth trying next, in this folder and as root:

  bin/demo run -- ansible-playbook -i inventories/sandbox playbooks/plan.yml
      reads every host again, in one remote execution each, and finds nothing to do
  sandbox/hosts/hosts ssh lyon-1 sudo systemctl stop ecs
      breaks a host: the plan then says what differs there
  bin/demo run -- ansible-playbook -i inventories/sandbox playbooks/site.yml
      puts that host right and leaves the others alone

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
        machine.prepare_hosts()
    with steps.step("Packages for the hosts: an engine, and stand-ins of the two agents"):
        packages = machine.agent_packages()
    with steps.step(f"Hosts: {', '.join(SITES)} with {sum(map(len, SITES.values()))} hosts over SSH"):
        boot(packages)
    # What ansible-core and amazon.aws announce for later is no news of this fleet.
    env = {**variables.sandboxed(ready, INSTANCE), "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    with steps.step(f"Simulated Region {variables.REGION}, and the package server"):
        start_services(ready, env, packages)
    with steps.step("The fleet: ansible-playbook -i inventories/sandbox playbooks/site.yml"):
        roll_out(ready, env)
    with steps.step("What the Region says"):
        check(ready, env)
    console.say(f"\nReady in {console.duration(time.monotonic() - start)}. Record of the run: {last_record()}\n")
    console.say(NEXT)
    return 0


def inside(*command: str) -> list[str]:
    """A command of the sandbox's network."""
    return [str(machine.HOSTS), "--instance", INSTANCE, "run", *command]


def boot(packages: Path) -> None:
    sites = [f"{site}={','.join(hosts)}" for site, hosts in SITES.items()]
    command = [str(machine.HOSTS), "--instance", INSTANCE, "up", "--packages", str(packages), *sites]
    if console.execute(command):
        raise console.Failure("The hosts did not come up; bin/demo --down removes what is there.")


def start_services(ready: Environment, env: dict[str, str], packages: Path) -> None:
    """Both are left alone when they answer already: the Region's memory is the fleet's registration."""
    python = str(ready.bin / "python")
    server = f"http://{variables.REGION_HOST}:{variables.PACKAGE_SERVER_PORT}/keys/sandbox.asc"
    port = variables.ENDPOINT.rpartition(":")[2]
    listen = [f"--listen={address}:{port}" for address in (variables.REGION_HOST, "127.0.0.1")]
    region = [python, "-m", "sandbox.region", *listen, "--region", variables.REGION]
    files = [python, "-m", "http.server", str(variables.PACKAGE_SERVER_PORT)]
    files += ["--bind", variables.REGION_HOST, "--directory", str(packages)]
    start_service("region", region, f"{variables.ENDPOINT}/_sandbox/health", ready, env)
    start_service("packages", files, server, ready, env)


def start_service(name: str, command: list[str], url: str, ready: Environment, env: dict[str, str]) -> None:
    ask = inside("--", str(ready.bin / "python"), "-m", "sandbox.tooling.region", "answers", url)
    if answers(ask, env):
        console.say(f"      {name} runs already")
        return
    log = paths.state(INSTANCE) / "logs" / f"{name}.log"
    console.run(
        inside("--detach", "--log", str(log), "--", *command), log=paths.logs() / f"{name}.log", env=env, cwd=paths.ROOT
    )
    deadline = time.monotonic() + SERVICE_PATIENCE
    while not answers(ask, env):
        if time.monotonic() > deadline:
            end = console.tail(log) if log.exists() else ""
            raise console.Failure(f"{end}\nNo answer from {url} in {SERVICE_PATIENCE:.0f} s; its log is {log}")
        time.sleep(0.5)
    console.say(f"      {name} answers; its log is {log}")


def answers(command: list[str], env: dict[str, str]) -> bool:
    return subprocess.run(command, env=env, cwd=paths.ROOT, capture_output=True, check=False).returncode == 0


def roll_out(ready: Environment, env: dict[str, str]) -> None:
    playbook = [str(ready.bin / "ansible-playbook"), "-i", "inventories/sandbox", "playbooks/site.yml"]
    code = console.execute(inside("--", *playbook), env=env, cwd=paths.ROOT)
    if code:
        raise console.Failure(f"The rollout ended with exit code {code}; bin/demo tries again, --down removes it.")


def check(ready: Environment, env: dict[str, str]) -> None:
    hosts = str(sum(map(len, SITES.values())))
    command = inside("--", str(ready.bin / "python"), "-m", "sandbox.tooling.region", "fleet", "--expect", hosts)
    if console.execute(command, env=env, cwd=paths.ROOT):
        raise console.Failure("The simulated Region does not see the whole fleet ACTIVE and connected.")


def last_record() -> str:
    records = sorted(paths.records(INSTANCE).glob("*.json"), key=lambda path: path.stat().st_mtime)
    return str(records[-1]) if records else "none"


def run(command: list[str]) -> int:
    if not command:
        console.say(USAGE)
        return 2
    machine.require_root("bin/demo run")
    end, python = newest_end()
    env = variables.sandboxed(environment(end, python, REQUIREMENT_SETS), INSTANCE)
    full = inside("--", *command)
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
