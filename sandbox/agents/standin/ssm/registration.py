# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`amazon-ssm-agent -register`, in the order of the real one: what a failure destroys matters more than its words."""

from __future__ import annotations

import os
import random
import sys
import time

from .. import aws, knobs, wire
from ..log import Log
from . import fingerprint, keys, service, vault

CODE_LENGTH = 20
ID_LENGTH = 36
# Five pauses between six tries, together about nine seconds.
DELAYS = (0.3, 0.6, 1.2, 2.4, 4.5)

QUESTION = (
    "\nInstance already registered. Would you like to override existing with new registration information? [Yes/No]: "
)


class Failure(Exception):
    """Why no identity could be had."""


def _validate(code: str, activation: str) -> None:
    problems = [
        f"- minimum field size of {size}, RegisterManagedInstanceInput.{name}.\n"
        for name, value, size in (("ActivationCode", code, CODE_LENGTH), ("ActivationId", activation, ID_LENGTH))
        if len(value) < size
    ]
    if problems:
        raise Failure(f"InvalidParameter: {len(problems)} validation error(s) found.\n{''.join(problems)}")


def _ask_service(region: str, code: str, activation: str, public_key: str, machine: str) -> str:
    _validate(code, activation)
    request = {
        "ActivationCode": code,
        "ActivationId": activation,
        "Fingerprint": machine,
        "PublicKey": public_key,
        "PublicKeyType": keys.KEY_TYPE,
    }
    client = service.anonymous(region)
    scale = knobs.seconds("REGISTER_DELAY_SCALE", 1.0)
    for delay in DELAYS + (None,):
        try:
            return str(client.call("RegisterManagedInstance", request)["InstanceId"])
        except aws.AwsError as error:
            if delay is None or not error.transient:
                raise Failure(str(error)) from error
        except wire.WireError as error:
            if delay is None:
                raise Failure(f"RequestError: send request failed\ncaused by: {error}") from error
        time.sleep(delay * scale * random.uniform(0.95, 1.05))
    raise Failure("no reply")


def _register(region: str, code: str, activation: str) -> str:
    try:
        public_key, private_key = keys.generate()
    except OSError as error:
        raise Failure(f"error generating signing keys. {error}") from error
    try:
        vault.make_private()
        # This "write test" is what destroys the old identity, before anybody asked whether the activation is any good.
        vault.save_registration(vault.Registration("", "", private_key, keys.KEY_TYPE))
    except OSError as error:
        raise Failure(
            f"Unable to save registration information. {error}\nTry running as sudo/administrator."
        ) from error
    machine = fingerprint.current()
    try:
        instance_id = _ask_service(region, code, activation, public_key, machine)
    except Failure as error:
        raise Failure(f"error registering the instance with AWS SSM. {error}") from error
    registration = vault.Registration(instance_id, region, private_key, keys.KEY_TYPE)
    vault.save_registration(registration)
    vault.write_registration_file(registration)
    return instance_id


def _confirmed() -> bool:
    sys.stdout.write(QUESTION)
    sys.stdout.flush()
    answer = sys.stdin.readline() if sys.stdin else ""
    if not answer.strip():
        raise Failure("unexpected newline" if answer else "EOF")
    if answer.strip()[0].lower() not in "yn":
        raise Failure("Invalid response received.")
    return answer.strip()[0].lower() == "y"


def register(region: str, code: str, activation: str, force: bool, log: Log) -> int:
    try:
        if not force and vault.load_registration().instance_id and not _confirmed():
            log.info("Registration canceled by user")
            return 1
        instance_id = _register(region, code, activation)
    except Failure as error:
        log.error(f"Registration failed due to {error}")
        return 1
    log.info(f"Successfully registered the instance with AWS SSM using Managed instance-id: {instance_id}")
    return 0


def clear(log: Log) -> int:
    """Empties the vault's entry; the registration file stays behind."""
    try:
        if os.path.exists(knobs.at(vault.BASE)):
            vault.save_registration(vault.Registration())
    except OSError as error:
        log.error(f"error clearing the instance registration information. {error}\nTry running as sudo/administrator.")
        return 1
    log.info("Registration information has been removed from the instance.")
    return 0
