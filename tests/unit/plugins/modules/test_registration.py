# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registration module as a program, with a stand-in for the agent's program and for systemctl."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ssm_agent import Outcome, Request
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.vault import Identity
from ansible_collections.edgefleet.ecs.plugins.modules import registration

CODE = "TopSecretActivationCode"
WRONG = "WRONG" + CODE
SLOW = "SLOW" + CODE
ACTIVATION = "00000000-0000-4000-8000-000000000000"
NEW = "mi-0123456789abcdef0"
OLD = "mi-0fedcba9876543210"

AGENT = """#!/bin/sh
# Forgets first and asks then, as the real program does with -y; echoes its arguments to tempt the module.
base="$ROOT/var/lib/amazon/ssm"
mkdir -p "$base/Vault/Store"
echo '{"instanceID":"","region":"","privateKey":"x"}' >"$base/Vault/Store/RegistrationKey"
echo "$HTTPS_PROXY" >"$ROOT/proxy"
case "$*" in
  *-clear*) exit 0 ;;
  *WRONG*) echo "InvalidActivation: arguments $*"; exit 1 ;;
  *SLOW*) sleep 60 ;;
esac
key='{"instanceID":"mi-0123456789abcdef0","region":"eu-west-3","privateKey":"k"}'
echo "$key" >"$base/Vault/Store/RegistrationKey"
printf '{"ManagedInstanceID":"mi-0123456789abcdef0"}' >"$base/registration"
echo "Successfully registered the instance with AWS SSM using Managed instance-id: mi-0123456789abcdef0"
"""

SYSTEMCTL = """#!/bin/sh
base="$ROOT/var/lib/amazon/ssm"
echo "$*" >>"$ROOT/systemctl"
[ "$1" = stop ] && exit 0
id=$(sed -n 's/.*"instanceID": *"\\([^"]*\\)".*/\\1/p' "$base/Vault/Store/RegistrationKey")
mkdir -p "$base/runtimeconfig"
cd "$base/runtimeconfig"
printf '{"InstanceId":"%s","CredentialsExpiresAt":"2999-01-01T00:00:00Z"}' "$id" >identity_config.json
"""

PROGRAM = """
import json, sys
from ansible.module_utils import basic
from ansible_collections.edgefleet.ecs.plugins.modules import registration as m
root, arguments = sys.argv[1:]
m.Paths = lambda: m.Vault.__init__.__globals__["Paths"](root)
basic._ANSIBLE_ARGS = arguments.encode()
basic._ANSIBLE_PROFILE = "legacy"
basic.AnsibleModule.log = lambda self, msg, log_args=None: sys.stderr.write(str(msg) + str(log_args))
m.main()
"""


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.base = root / "var/lib/amazon/ssm"
        self.base.mkdir(parents=True)
        (root / "bin").mkdir()
        self.script("amazon-ssm-agent", AGENT)
        self.script("systemctl", SYSTEMCTL)

    def script(self, name: str, text: str) -> None:
        (self.root / "bin" / name).write_text(text, encoding="utf-8")
        (self.root / "bin" / name).chmod(0o755)

    def start(self, **options: Any) -> subprocess.Popen[str]:
        options = {"region": "eu-west-3", "activation_id": ACTIVATION, "_ansible_diff": True, **options}
        environment = {
            **os.environ,
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "ROOT": str(self.root),
            "HTTPS_PROXY": "http://proxy:3128",
        }
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.root), json.dumps({"ANSIBLE_MODULE_ARGS": options})],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **options: Any) -> dict[str, Any]:
        out, log = self.start(**options).communicate(timeout=60)
        assert CODE not in out + log, "the activation code in the result or in the journal"
        result: dict[str, Any] = json.loads(out)
        return result

    def registered(self, region: str = "eu-west-3") -> Host:
        (self.base / "Vault/Store").mkdir(parents=True)
        self.key.write_text(json.dumps({"instanceID": OLD, "region": region, "privateKey": "k"}), encoding="utf-8")
        return self

    @property
    def key(self) -> Path:
        return self.base / "Vault/Store/RegistrationKey"

    @property
    def identity(self) -> str:
        return str(json.loads(self.key.read_text(encoding="utf-8"))["instanceID"])

    @property
    def left(self) -> list[str]:
        return [path.name for path in self.base.iterdir() if "edgefleet" in path.name]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_check_mode_touches_nothing_and_needs_no_activation(host: Host) -> None:
    result = host.run(_ansible_check_mode=True, activation_id="")
    assert result["changed"] is True and result["instance_id"] == ""
    assert result["diff"] == {"before": {}, "after": {"instance_id": "(a new one)", "region": "eu-west-3"}}
    assert list(host.base.iterdir()) == [] and not (host.root / "systemctl").exists()


def test_registers_once(host: Host) -> None:
    result = host.run(activation_code=CODE)
    assert result["changed"] is True
    assert (result["instance_id"], result["previous_instance_id"], result["region"]) == (NEW, "", "eu-west-3")
    assert host.left == []
    assert (host.root / "proxy").read_text(encoding="utf-8") == "http://proxy:3128\n"
    again = host.run()
    assert again["changed"] is False and again["instance_id"] == again["previous_instance_id"] == NEW


def test_wrong_activation_leaves_a_registered_host_registered(host: Host) -> None:
    host.registered()
    result = host.run(activation_code=WRONG, reregister=True)
    assert result["failed"] is True and result["instance_id"] == OLD
    assert "InvalidActivation" in result["msg"] and f"The host is still {OLD}." in result["msg"]
    assert host.identity == OLD and host.left == []
    assert (host.root / "systemctl").read_text(encoding="utf-8").split("\n")[-2] == "start amazon-ssm-agent"


def test_missing_activation(host: Host) -> None:
    result = host.run()
    assert "activation_code is missing" in result["msg"]
    assert list(host.base.iterdir()) == []


def test_other_region(host: Host) -> None:
    result = host.registered("us-west-2").run(activation_code=CODE)
    assert result["failed"] is True and "us-west-2" in result["msg"]


@pytest.mark.parametrize("region", [None, "", "Paris"])
def test_region_is_checked(host: Host, region: str | None) -> None:
    assert "is not the code of a Region" in host.run(region=region)["msg"]


def test_agent_not_installed(host: Host) -> None:
    (host.root / "bin/amazon-ssm-agent").unlink()
    assert "not installed" in host.run(activation_code=CODE)["msg"]


def test_absent(host: Host) -> None:
    host.registered()
    assert host.run(state="absent", _ansible_check_mode=True)["changed"] is True and host.identity == OLD
    result = host.run(state="absent")
    assert result["changed"] is True and (result["previous_instance_id"], result["instance_id"]) == (OLD, "")
    assert host.run(state="absent")["changed"] is False


def test_module_killed_while_it_registers(host: Host) -> None:
    """The module dies; the agent's program goes on, then dies, too. The next run puts the old identity back."""
    host.registered()
    module = host.start(activation_code=SLOW, reregister=True)
    deadline = time.monotonic() + 30
    while (not host.key.exists() or host.identity) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert host.identity == "", "the program has not begun"
    module.kill()
    module.communicate()
    assert host.left == ["Vault.edgefleet-backup"]
    blocked = host.run(timeout=1)
    assert "another registration is at work" in blocked["msg"]
    for process in Path("/proc").iterdir():  # what still holds the lock: the program and what it waits for
        if process.name.isdigit() and str(host.root).encode() in _environment(process):
            os.kill(int(process.name), signal.SIGKILL)
    result = host.run()
    assert result["changed"] is True and result["instance_id"] == OLD and "put back" in result["recovered"]
    assert host.left == [] and host.run()["changed"] is False


def _environment(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def test_shape_names_an_orphan() -> None:
    result = registration.shape(Outcome(True, None, Identity("mi-1", "r"), "put back", "mi-2"))
    assert result == {
        "changed": True,
        "instance_id": "mi-1",
        "orphaned_instance_id": "mi-2",
        "previous_instance_id": "",
        "recovered": "put back",
        "region": "r",
    }


def test_diff_of_absent() -> None:
    diff = registration.make_diff(Outcome(True, Identity("mi-1", "r"), None), Request("r"), "absent")
    assert diff == {"before": {"instance_id": "mi-1", "region": "r"}, "after": {}}
