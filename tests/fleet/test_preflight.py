# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Preflight by itself, on bare hosts: everything that speaks against them at once, from one remote execution each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import HOSTS, Fleet

# What stands in the way on lab-1, and how it is taken away again: the tests that follow want bare hosts.
PLANT = """sudo sh -ec '
systemd-run --quiet --unit=squatter python3 -m http.server 51678
mkdir -p /snap/amazon-ssm-agent /root/.aws
printf "[default]\\naws_access_key_id = AKIAX\\naws_secret_access_key = very-secret\\n" > /root/.aws/credentials
systemctl --quiet mask ecs.service
cp /etc/machine-id /root/machine-id
echo {twin} > /etc/machine-id
until ss -ltn | grep -q :51678; do sleep 0.1; done'"""
# To lab-2, the Region's clock is an hour ahead; all hosts of the sandbox share one, so the other way round is as good.
AHEAD = """sudo sh -ec '
cat > /run/ahead.py <<EOF
import http.server, time
class Ahead(http.server.SimpleHTTPRequestHandler):
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + 3600)
http.server.HTTPServer(("127.0.0.1", 8099), Ahead).serve_forever()
EOF
systemd-run --quiet --unit=ahead python3 /run/ahead.py
until ss -ltn | grep -q :8099; do sleep 0.1; done'"""
AHEAD_OF_TIME = ("ssm", "ssmmessages", "ecs-agent", "ecs-telemetry")
NOT_AHEAD = "sudo systemctl stop ahead.service"
CLEAR = """sudo sh -ec '
systemctl stop squatter.service
systemctl --quiet unmask ecs.service
cat /root/machine-id > /etc/machine-id
rm -rf /snap /root/.aws /root/machine-id'"""

# Nobody listens there. The others are not in the sandbox.
DARK = {
    "ssm": "http://198.18.0.1:9",
    "ecs-agent": "",
    "ecs-telemetry": "",
    "ssmmessages": "",
    "ec2messages": "",
    "s3": "",
}
# With a host of the site lab that does not answer, without anybody waiting for it.
INVENTORY = {
    "all": {"hosts": {name: {"preflight_endpoints": DARK} for name in HOSTS}},
    "lab": {
        "hosts": {
            # Most of those that answer: one clock alone would not be believed.
            "lab-2": {"preflight_endpoints": {**DARK, **dict.fromkeys(AHEAD_OF_TIME, "http://127.0.0.1:8099")}},
            "ghost": {"ansible_host": "127.0.0.1", "ansible_port": 9},
        }
    },
}


def _errors(host: dict[str, Any]) -> set[str]:
    return {finding["check"] for finding in host["findings"] if finding["level"] == "error"}


def test_everything_is_said_at_once_and_nothing_is_touched(fleet: Fleet, tmp_path: Path) -> None:
    inventory, file = tmp_path / "inventory.json", tmp_path / "preflight.json"
    inventory.write_text(json.dumps(INVENTORY))
    fleet.hosts("ssh", "lab-2", AHEAD)
    fleet.hosts("ssh", "lab-1", PLANT.format(twin=fleet.hosts("ssh", "lab-2", "cat /etc/machine-id").strip()))
    try:
        fleet.forget_calls()
        fleet.forget_executions()
        run = fleet.playbook("preflight", "--inventory", str(inventory), preflight_report=str(file))
        executions, calls = fleet.executions(), fleet.calls()
    finally:
        fleet.hosts("ssh", "lab-1", CLEAR)
        fleet.hosts("ssh", "lab-2", NOT_AHEAD)
    assert run.code == 2, run.output
    report = json.loads(file.read_text())
    assert {name: _errors(host) for name, host in report["hosts"].items()} == {
        **dict.fromkeys(HOSTS, {"connection"}),
        "lab-1": {"connection", "port", "snap", "unit", "aws_credentials", "cloned_machine"},
        "lab-2": {"clock", "cloned_machine"},
        "ghost": {"unreachable"},
    }
    assert report["counts"] == {"hosts": 7, "ready": 0, "refused": 6, "failed": 0, "unreachable": 1}
    assert "Port 51678 is taken by python3." in run.output
    assert "ERROR connection: 5 hosts" in run.output
    assert "very-secret" not in run.output + file.read_text()
    assert executions == dict.fromkeys(HOSTS, 1)
    assert not calls  # nobody has asked AWS for anything
    assert not any(run.changed.values())


def test_a_limit_and_check_mode_are_no_obstacle(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "preflight.json"
    run = fleet.playbook("preflight", "--check", "--limit", "lab", preflight_report=str(file))
    assert run.code == 0, run.output
    report = json.loads(file.read_text())
    assert {name: host["state"] for name, host in report["hosts"].items()} == {"lab-1": "ready", "lab-2": "ready"}
    assert "2 of 2 hosts ready" in run.output
    assert not any(run.changed.values())
