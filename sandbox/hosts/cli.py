# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from ..apt_sources import SourceError
from . import machine, rootfs
from .errors import SandboxError
from .instance import Instance
from .topology import DEFAULT_SUITE, ECS_OPTIMIZED, KINDS, check_name, parse_sites

_DESCRIPTION = """\
Make real SSH hosts on this machine: Debian with systemd as its first process, each with its own disk, address and
cable, in sites of one sandbox network that nothing outside can see. They are gone without a trace after `hosts down`.
"""

_EPILOG = f"""\
examples:
  hosts up lyon=lyon-1,lyon-2 oslo=oslo-1:trixie    two sites, three hosts
  hosts ssh lyon-1 systemctl --failed               one command on one of them
  hosts run -- ansible-playbook site.yml            anything that shall reach them all
  hosts power off lyon-2; hosts link down oslo      a dead host, a site without a line
  hosts down

environment:
  EDGEFLEET_INSTANCE   the instance when --instance is not given (else: demo)
  EDGEFLEET_CACHE      where root file systems are kept (now {rootfs.cache_directory()})
"""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="hosts", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    top.add_argument(
        "--instance",
        metavar="NAME",
        default=os.environ.get("EDGEFLEET_INSTANCE", "demo"),
        help="which sandbox; several can stand at the same time (default: %(default)s)",
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    up = commands.add_parser("up", help="make and boot hosts; those that run already stay as they are")
    up.add_argument(
        "sites",
        nargs="+",
        metavar="SITE=HOST[:SUITE][,HOST...]",
        help=f"a site and its hosts; SUITE is {', '.join(KINDS)} (default: {DEFAULT_SUITE})",
    )
    up.add_argument(
        "--packages",
        type=Path,
        metavar="DIR",
        help="what the package server will serve: its DIR/keys/sandbox.asc becomes the key of the hosts' apt source",
    )

    commands.add_parser("down", help="remove every trace of the instance, also after a crash")

    list_ = commands.add_parser("list", help="show the hosts")
    list_.add_argument("--json", action="store_true", help="a JSON list of {name, site, address, suite, state, link}")

    ssh = commands.add_parser("ssh", help="log in on a host as ops, or run a command there")
    ssh.add_argument("name", metavar="NAME")
    ssh.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND...")

    run = commands.add_parser("run", help="run a command of this machine inside the sandbox's network")
    run.add_argument("--detach", action="store_true", help="do not wait for it; `hosts down` ends it")
    run.add_argument("--log", type=Path, metavar="FILE", help="where the output of a detached command goes")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND...")

    link = commands.add_parser("link", help="pull or plug the cable of a host or of a whole site")
    link.add_argument("state", choices=("up", "down"))
    link.add_argument("name", metavar="SITE|NAME")

    power = commands.add_parser("power", help="cut a host's power, or boot it again; its disk is kept")
    power.add_argument("state", choices=("off", "on"))
    power.add_argument("name", metavar="NAME")

    remove = commands.add_parser("remove", help="take one host away, with its disk")
    remove.add_argument("name", metavar="NAME")

    ec2_ = commands.add_parser(
        "ec2",
        help="boot a host for each EC2 instance of the simulated Region, and serve their metadata",
        description="Runs until the sandbox goes: start it by `hosts run --detach`. The Region must have been started "
        "with --instance-hosts.",
    )
    ec2_.add_argument("url", metavar="URL", help="the Region, as hosts reach it")
    ec2_.add_argument("--packages", type=Path, required=True, metavar="DIR", help="what the package server serves")

    executions = commands.add_parser(
        "executions",
        help="how many commands each host has been asked to run over SSH since its boot, as JSON",
        description="Counts SSH sessions that started a command or a subsystem (sftp, scp), also those that share a "
        "connection. Interactive shells do not count.",
    )
    executions.add_argument("names", nargs="*", metavar="NAME")
    executions.add_argument("--reset", action="store_true", help="count from zero after this")

    prepare = commands.add_parser("prepare", help="build the root file systems into the cache, and no more")
    prepare.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"{', '.join((*KINDS, ECS_OPTIMIZED))} (default: {DEFAULT_SUITE})"
    )
    return top


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        machine.check()
        check_name("an instance", arguments.instance)
        if arguments.command == "prepare":
            return _prepare(arguments.suites)
        return int(_COMMANDS[arguments.command](Instance(arguments.instance, _say), arguments) or 0)
    except (SandboxError, SourceError) as error:
        print(f"hosts: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("hosts: interrupted; `hosts down` removes what is there", file=sys.stderr)
        return 130


def _say(text: str) -> None:
    print(f"hosts: {text}", file=sys.stderr, flush=True)


def _prepare(suites: list[str]) -> int:
    known = (*KINDS, ECS_OPTIMIZED)
    unknown = [suite for suite in suites if suite not in known]
    if unknown:
        raise SandboxError(f"no such suite: {', '.join(unknown)}; there are {', '.join(known)}")
    for directory in rootfs.prepare_all(suites or [DEFAULT_SUITE], _say).values():
        print(directory)
    return 0


def _up(instance: Instance, arguments: argparse.Namespace) -> None:
    wanted = parse_sites(arguments.sites)
    key = None
    if arguments.packages:
        file = arguments.packages / "keys" / "sandbox.asc"
        if not file.is_file():
            raise SandboxError(f"--packages {arguments.packages}: there is no {file}")
        key = file.read_text()
    instance.up(wanted, key)


def _down(instance: Instance, arguments: argparse.Namespace) -> None:
    _say(f"instance {instance.name} removed" if instance.down() else f"there is no instance {instance.name}")


def _list(instance: Instance, arguments: argparse.Namespace) -> None:
    rows = [
        {
            "name": host.name,
            "site": host.site,
            "address": host.address,
            "suite": host.suite,
            "state": instance.host_state(host),
            "link": host.link,
        }
        for host in instance.topology().hosts.values()
    ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    if not instance.runs():
        _say(f"instance {instance.name} does not run")
    for row in [{name: name.upper() for name in rows[0]}, *rows] if rows else []:
        print("{name:<24}{site:<16}{address:<16}{suite:<15}{state:<9}{link}".format(**row))


def _ssh(instance: Instance, arguments: argparse.Namespace) -> NoReturn:
    instance.host(arguments.name)
    _enter(instance, ["ssh", "-F", str(instance.state / "ssh_config"), arguments.name, *arguments.argv])


def _run(instance: Instance, arguments: argparse.Namespace) -> None:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise SandboxError("run what? hosts run -- COMMAND...")
    if not arguments.detach:
        _enter(instance, argv)
    instance.require_running()
    with (arguments.log or Path(os.devnull)).open("ab") as log:
        process = subprocess.Popen(
            instance.group.child("run").command(instance.namespaces.command(argv, mount=False)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=_environment(instance),
        )
    print(process.pid)


def _enter(instance: Instance, argv: list[str]) -> NoReturn:
    """Become the command: its exit code, terminal and signals are those of this process."""
    instance.require_running()
    command = instance.namespaces.command(argv, mount=False)
    instance.group.child("run").join()
    os.execvpe(command[0], command, _environment(instance))


def _environment(instance: Instance) -> dict[str, str]:
    return {**os.environ, "EDGEFLEET_INSTANCE": instance.name}


def _link(instance: Instance, arguments: argparse.Namespace) -> None:
    instance.link(arguments.name, arguments.state)


def _power(instance: Instance, arguments: argparse.Namespace) -> None:
    instance.power(instance.host(arguments.name), arguments.state)


def _remove(instance: Instance, arguments: argparse.Namespace) -> None:
    instance.remove(instance.host(arguments.name))


def _ec2(instance: Instance, arguments: argparse.Namespace) -> None:
    # Its HTTP client and server would cost every other command more than all the rest.
    from . import ec2

    ec2.check(arguments.packages)
    instance.require_running()
    ec2.Ec2(instance, arguments.url, arguments.packages).run()


def _executions(instance: Instance, arguments: argparse.Namespace) -> None:
    instance.require_running()
    print(json.dumps(instance.executions(arguments.names, arguments.reset)))


_COMMANDS = {
    "up": _up,
    "down": _down,
    "list": _list,
    "ssh": _ssh,
    "run": _run,
    "link": _link,
    "power": _power,
    "remove": _remove,
    "ec2": _ec2,
    "executions": _executions,
}
