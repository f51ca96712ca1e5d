# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cuts the power of sandbox hosts after the steps of a run.

Each task that acts on the hosts of a batch costs one host its power, once: the first one that has ended it. Some
moments lie inside of a task, such as the one in which an identity is at risk. They are told by files on the host's
disk, which the machine of the sandbox sees without asking the host. What was cut stands in the file that the
environment names as EDGEFLEET_POWER_CUTS; the next run with the same file goes on with what has not been cut yet.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ansible.plugins.callback import CallbackBase
from ansible.plugins.connection.ssh import Connection

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))
from sandbox.hosts.instance import Instance  # noqa: E402

# The play that changes hosts, and what the command `ansible` calls its only one.
PLAYS = ("Roll out", "Ansible Ad-Hoc")
# Of what runs on the control node alone, no host knows.
LOCAL = (
    "add_host", "assert", "debug", "fail", "include_role", "include_tasks", "import_role", "meta", "set_fact",
    "validate_argument_spec",
)  # fmt: skip
POLL = 0.004

SSM = "var/lib/amazon/ssm"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _identity(disk: Path) -> str | None:
    """None: no Vault; empty: a Vault whose identity is gone, or not there yet."""
    key = disk / SSM / "Vault/Store/RegistrationKey"
    return str(_read(key).get("instanceID") or "") if key.exists() else None


def _at_risk(disk: Path) -> bool:
    return (disk / SSM / "Vault.edgefleet-backup").is_dir()


def _proven(disk: Path) -> bool:
    runtime = _read(disk / SSM / "runtimeconfig/identity_config.json")
    return bool(_identity(disk)) and runtime.get("InstanceId") == _identity(disk)


class Moment(NamedTuple):
    """A state of the disk in the middle of a task, told by the last part of the task's action and its name.

    C(has_come) is asked of the disk, and of the identity that was there when the task began.
    """

    name: str
    action: str
    named: str
    has_come: Callable[[Path, str | None], bool]


MOMENTS = (
    Moment("a registration has begun", "registration", "", lambda disk, _before: _at_risk(disk)),
    Moment(
        "the activation is on its way", "registration", "",
        lambda disk, _before: _at_risk(disk) and _identity(disk) == "",
    ),
    Moment(
        "the new identity is not proven", "registration", "",
        lambda disk, before: _at_risk(disk) and _identity(disk) not in (None, "", before) and not _proven(disk),
    ),
    Moment("the new identity is proven", "registration", "", lambda disk, _before: _at_risk(disk) and _proven(disk)),
    Moment(
        "dpkg unpacks the engine", "host_package", "engine",
        lambda disk, _before: any((disk / "usr/sbin").glob("dockerd*")),
    ),
    Moment(
        "dpkg unpacks the SSM agent", "agent_package", "agent",
        lambda disk, _before: any((disk / "usr/bin").glob("amazon-ssm-agent*")),
    ),
)  # fmt: skip


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "power_cut"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._file = os.environ.get("EDGEFLEET_POWER_CUTS", "")
        self._lock = threading.Lock()
        self._cuts = False
        self.disabled = not self._file
        if self._file:
            self._instance = Instance(os.environ["EDGEFLEET_INSTANCE"], lambda _text: None)
            self._addresses = {host.name: host.address for host in self._instance.topology().hosts.values()}
            self._cut = {entry["after"]: entry for entry in json.loads(Path(self._file).read_text() or "[]")}
            self._off: set[str] = set()

    # When

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._cuts = play.get_name() in PLAYS

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if not self._cuts:
            return
        action = str(task.action).rpartition(".")[2]
        for moment in MOMENTS:
            if moment.action == action and moment.named in task.get_name() and moment.name not in self._cut:
                watcher = threading.Thread(target=self._watch, args=(moment, host.get_name()), daemon=True)
                watcher.start()

    def v2_runner_on_ok(self, result: Any) -> None:
        task = result.task if hasattr(result, "task") else result._task
        host = result.host if hasattr(result, "host") else result._host
        action = str(task.action).rpartition(".")[2]
        if not self._cuts or action in LOCAL or host.get_name() not in self._addresses:
            return
        self._end(task.get_name(), host.get_name())

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """A command may end with the power of its last host, before the cut has been put down."""
        with self._lock:
            self._cuts = False

    def _watch(self, moment: Moment, host: str) -> None:
        disk = self._instance.disks / host / "upper"
        before, deadline = _identity(disk), time.monotonic() + 120
        while time.monotonic() < deadline and moment.name not in self._cut and host not in self._off:
            if moment.has_come(disk, before):
                self._end(moment.name, host)
                return
            time.sleep(POLL)

    # How

    def _end(self, step: str, host: str) -> None:
        with self._lock:
            if step in self._cut or host in self._off:
                return
            disk = self._instance.disks / host / "upper"
            self._instance.power(self._instance.host(host), "off")
            self._off.add(host)
            self._cut[step] = {"after": step, "host": host, "identity": _identity(disk), "at_risk": _at_risk(disk)}
            Path(self._file).write_text(json.dumps(list(self._cut.values()), indent=1))
            self._forget_connection(host)
        self._display.display(f"POWER CUT of {host} after: {step}")

    def _forget_connection(self, host: str) -> None:
        """Ansible would wait a minute for a host that says nothing any more; a router would tell it sooner."""
        address = self._addresses[host]
        subprocess.run(["ip", "route", "replace", "unreachable", f"{address}/32"], check=False)
        directory = os.environ["ANSIBLE_SSH_CONTROL_PATH_DIR"]
        path = (Connection._create_control_path(address, None, "ops")) % {"directory": directory}
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if path.encode() in process.read_bytes() and b"[mux]" in process.read_bytes():
                    os.kill(int(process.parent.name), 15)
            except OSError:
                continue
