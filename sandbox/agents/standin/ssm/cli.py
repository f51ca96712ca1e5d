# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of amazon-ssm-agent: no flag runs the service."""

from __future__ import annotations

import sys

from ..log import Log
from ..release import VERSION
from . import flags

LOG_FILE = "/var/log/amazon/ssm/amazon-ssm-agent.log"


def _fingerprint(threshold: int, log: Log) -> int:
    from . import fingerprint

    problem = fingerprint.set_threshold(threshold)
    if problem:
        log.error("Error setting the SimilarityThreshold. " + problem)
        return 1
    log.info(f"Fingerprint SimilarityThreshold set to {threshold}")
    return 0


def _register(parsed: flags.Flags, log: Log) -> int:
    from . import registration

    code, activation, region = (parsed.strings[name] for name in ("code", "id", "region"))
    if code and activation and region:
        return registration.register(region, code, activation, parsed.booleans["y"], log)
    if parsed.booleans["clear"]:
        return registration.clear(log)
    sys.stderr.write(flags.USAGE)
    return 1


def _serve() -> int:
    from . import daemon

    return daemon.serve(Log("amazon-ssm-agent", LOG_FILE))


def main(arguments: list[str]) -> int:
    try:
        parsed = flags.parse(arguments)
    except flags.HelpAsked:
        sys.stderr.write(flags.USAGE)
        return 0
    except flags.BadFlag as error:
        sys.stderr.write(f"{error}\n{flags.USAGE}")
        return 2
    if not parsed.given:
        return _serve()
    if parsed.booleans["version"]:
        print("SSM Agent version: " + VERSION)
        return 0
    if parsed.booleans["register"]:
        return _register(parsed, Log())
    if parsed.booleans["fingerprint"]:
        return _fingerprint(parsed.integers["similarityThreshold"], Log())
    sys.stderr.write(flags.USAGE)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
