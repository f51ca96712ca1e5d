# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m sandbox.region`: run the simulated Region."""

from __future__ import annotations

import argparse
import configparser
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from .context import Settings
from .server import Address, RegionServer
from .state import StateProblem


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _operators(path: str) -> dict[str, str]:
    profiles = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8") as source:
            profiles.read_file(source)
        return {
            profiles[name]["aws_access_key_id"]: profiles[name]["aws_secret_access_key"] for name in profiles.sections()
        }
    except (OSError, configparser.Error, KeyError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from error


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.region", description="A simulated AWS Region over HTTP.")
    parser.add_argument(
        "--listen", type=_address, action="append", required=True, metavar="ADDRESS:PORT", help="repeatable"
    )
    parser.add_argument("--region", default=Settings.name)
    parser.add_argument("--account", default=Settings.account)
    parser.add_argument(
        "--connected-timeout",
        type=float,
        default=Settings.connected_timeout,
        metavar="SECONDS",
        help="an ECS agent not heard for so long is not connected (default: %(default)s)",
    )
    parser.add_argument(
        "--ping-timeout",
        type=float,
        default=Settings.ping_timeout,
        metavar="SECONDS",
        help="an SSM agent not heard for so long has lost its connection (default: %(default)s)",
    )
    parser.add_argument(
        "--verify-operators",
        type=_operators,
        metavar="FILE",
        help="an AWS credentials file: only its keys may call, and their signatures are verified (default: any key)",
    )
    parser.add_argument(
        "--instance-hosts",
        action="store_true",
        help="`hosts ec2` boots a host for EC2 instances with user data (default: the Region plays their ECS agents)",
    )
    parser.add_argument(
        "--tick",
        type=float,
        default=1.0,
        metavar="SECONDS",
        help="let the ECS scheduler look round so often, beside its looks after calls; 0: never (default: %(default)s)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="go on from the records in this file; write them there at the end",
    )
    parser.add_argument("--log", metavar="FILE", help="append one line a call")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _arguments(argv)
    settings = Settings(
        name=arguments.region,
        account=arguments.account,
        connected_timeout=arguments.connected_timeout,
        ping_timeout=arguments.ping_timeout,
        operators=arguments.verify_operators,
        instance_hosts=arguments.instance_hosts,
        tick=arguments.tick,
        state=arguments.state,
    )
    with ExitStack() as stack:
        try:
            log = stack.enter_context(open(arguments.log, "a", encoding="utf-8")) if arguments.log else None
            server = RegionServer(settings, arguments.listen, log)
        except OSError as error:
            print(f"sandbox.region: {error.strerror}", file=sys.stderr)
            return 1
        except StateProblem as error:
            print(f"sandbox.region: {arguments.state}: {error}", file=sys.stderr)
            return 1
        with suppress(KeyboardInterrupt):
            server.run(lambda urls: print(f"ready: {settings.name} on {' '.join(urls)}", flush=True))
        server.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
