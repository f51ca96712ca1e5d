# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: reads its identity once, then rotates credentials at half of their life and reports to SSM."""

from __future__ import annotations

import calendar
import random
import signal
import socket
import time
from typing import NamedTuple

from .. import aws, knobs, wire
from ..log import Log
from ..release import VERSION
from ..sigv4 import Credentials
from . import credentials, fingerprint, messages, service, vault

# Refusals that the agent takes as an answer, not as an accident.
DENIED = frozenset(("AccessDeniedException", "AccessDenied", "MachineFingerprintDoesNotMatch"))
LONGEST_BACKOFF = 1800.0


class Token(NamedTuple):
    credentials: Credentials
    retrieved: float
    expires: float

    @property
    def rotation(self) -> float:
        return self.retrieved + (self.expires - self.retrieved) / 2


def parse_time(value: object) -> float:
    """AWS JSON sends seconds; ISO text is taken, too."""
    if isinstance(value, (int, float)):
        return float(value)
    return float(calendar.timegm(time.strptime(str(value)[:19], "%Y-%m-%dT%H:%M:%S")))


def denied_sleep() -> float:
    return knobs.seconds("SSM_DENIED_SLEEP", random.uniform(1500, 1800))


def backoff(failures: int) -> float:
    return min(2.0**failures, LONGEST_BACKOFF) * knobs.seconds("SSM_BACKOFF_SCALE", 1.0) * random.uniform(1.0, 1.2)


class Daemon:
    """`step` does what is due and says when something is due again; `run` is the loop around it."""

    def __init__(self, registration: vault.Registration, log: Log) -> None:
        self._registration = registration
        self._log = log
        self._token: Token | None = None
        self._listener = messages.Listener(registration, log)
        self._failures = 0
        self._rotation_due = 0.0
        self._report_due = 0.0

    def _request_token(self) -> Token:
        reply = service.by_identity(self._registration).call(
            "RequestManagedInstanceRoleToken", {"Fingerprint": fingerprint.current()}
        )
        received = Credentials(str(reply["AccessKeyId"]), str(reply["SecretAccessKey"]), str(reply["SessionToken"]))
        return Token(received, time.time(), parse_time(reply["TokenExpirationDate"]))

    def rotate(self) -> float:
        """Seconds until the next try."""
        try:
            token = self._request_token()
        except aws.AwsError as error:
            self._failures += 1
            pause = denied_sleep() if error.code in DENIED else backoff(self._failures)
            self._log.error(f"Failed to retrieve credentials: {error}. Sleeping for {pause:.0f}s before retrying")
            return pause
        except (wire.WireError, OSError, KeyError, ValueError) as error:
            self._failures += 1
            pause = backoff(self._failures)
            self._log.error(f"Failed to retrieve credentials: {error}. Sleeping for {pause:.0f}s before retrying")
            return pause
        self._failures = 0
        self._token = token
        self._listener.use(token.credentials)
        credentials.save_profile(token.credentials)
        credentials.save_runtime(self._registration.instance_id, token.retrieved, token.expires)
        self._report_due = min(self._report_due, time.time())
        self._log.info(f"Credentials retrieved, next rotation in {(token.rotation - time.time()) / 60:.0f} minutes")
        return max(token.rotation - time.time(), 1.0)

    def report(self) -> None:
        if self._token is None:
            return
        client = service.by_role(self._registration.region, self._token.credentials)
        details = service.information(self._registration, socket.gethostname(), fingerprint.primary_address(), VERSION)
        try:
            client.call("UpdateInstanceInformation", details)
            client.call("ListInstanceAssociations", {"InstanceId": self._registration.instance_id, "MaxResults": 20})
        except (aws.AwsError, wire.WireError) as error:
            self._log.error(f"Health ping failed with error - {error}")

    def step(self, now: float) -> float:
        if now >= self._rotation_due:
            self._rotation_due = time.time() + self.rotate()
        if now >= self._report_due and self._token is not None:
            self.report()
            self._report_due = time.time() + knobs.seconds("SSM_HEARTBEAT", 300.0)
        upcoming = [self._rotation_due] + ([self._report_due] if self._token else [])
        return max(min(upcoming) - time.time(), 0.05)

    def run(self) -> None:
        while True:
            time.sleep(self.step(time.time()))


def _terminate(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def serve(log: Log) -> int:
    signal.signal(signal.SIGTERM, _terminate)
    registration = vault.load_registration()
    log.info(f"amazon-ssm-agent - v{VERSION} (sandbox stand-in)")
    if not registration.complete:
        log.error("Failed to find agent identity: this host is not registered. Register it, then restart this service.")
        while True:
            signal.pause()
    log.info(f"Identity is managed instance {registration.instance_id} in {registration.region}")
    Daemon(registration, log).run()
    return 0
