# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that reads a host, against directories that look like hosts."""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import (
    ecs_config,
    ecs_readers,
    ecs_secrets,
    ecs_settings,
    observe,
)

MACHINE_ID = "0123456789abcdef0123456789abcdef"
SCRIPT = Path(str(observe.__file__))

Write = Callable[[str, Any], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of the host, and makes the script read that host instead of this machine."""
    monkeypatch.setattr(observe, "ROOT", str(tmp_path))

    def writer(path: str, content: Any) -> Path:
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return writer


# --- the script as such ---


def test_it_stands_alone_and_imports_only_what_starts_fast() -> None:
    tree = ast.parse(SCRIPT.read_text())
    lazy = [node for block in tree.body if isinstance(block, ast.If) for node in ast.walk(block)]
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node not in lazy:
            found |= {node.module} if isinstance(node, ast.ImportFrom) else {name.name for name in node.names}
    assert found == {"__future__", "os", "sys", "time"}


def test_the_modules_that_are_slow_to_import_stay_out() -> None:
    program = "import sys,runpy;runpy.run_path(sys.argv[1], run_name='__main__');"
    # runpy itself brings some of them, so the script is run as the action plugin runs it.
    program = (
        "import sys;source=open(sys.argv[1]).read();before=set(sys.modules);exec(source);"
        "print(' '.join(sorted(set(sys.modules)-before)),file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(SCRIPT)], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stderr.split())
    slow = {"json", "re", "socket", "subprocess", "typing", "datetime", "hashlib", "collections.abc", "enum"}
    assert loaded & slow == set()


def test_it_prints_one_line_of_json_between_the_markers() -> None:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=SCRIPT.read_bytes(), capture_output=True, check=True, timeout=30
    )
    text = ran.stdout.decode("ascii")
    assert text.count("\n") == 2
    line = text.strip()
    assert line.startswith(observe.START) and line.endswith(observe.END)
    host = json.loads(line[len(observe.START) : -len(observe.END)])
    assert host["schema"] == 1
    assert host["hostname"] == os.uname().nodename
    assert host["clock"]["skew_seconds"] is None


PARTS = {
    "schema", "hostname", "machine_id", "boot_id", "kernel", "arch", "python", "interpreter", "root", "cpus",
    "memory_mib", "os", "systemd", "cgroup", "clock", "disk", "packages", "snap_ssm_agent", "engine", "units",
    "registration", "credentials", "ecs_config", "ecs_agent", "ssm_agent", "ssm_config", "proxy", "nat", "sysctl",
    "foreign", "errors", "board", "selinux", "iptables", "ports", "vault_damage",
}  # fmt: skip


def test_an_empty_host_gives_all_parts_and_no_error(write: Write) -> None:
    write("/etc/machine-id", MACHINE_ID + "\n")
    host = observe.observe()
    assert set(host) == PARTS | set(observe.ANSWERS)
    assert all(host[name] is None for name in observe.ANSWERS)
    assert host["errors"] == []
    assert host["machine_id"] == MACHINE_ID
    assert host["credentials"] is None
    assert host["engine"] == {"version": None, "api": None, "live_restore": None}


def test_a_part_that_fails_is_null_and_named_and_its_content_is_not(write: Write) -> None:
    write(observe.SSM_CONFIG, '{"Ssm": secret-in-a-broken-file')
    write(observe.REGISTRATION_KEY, "[]")
    host = observe.observe()
    assert host["ssm_config"] is None
    assert host["registration"]["registered"] is False and host["vault_damage"]["files"] == [observe.REGISTRATION_KEY]
    assert {error["probe"] for error in host["errors"]} == {"ssm_config"}
    assert "secret" not in json.dumps(host)


def test_what_may_not_be_read_is_an_error(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(observe, "read_line", refuse)
    host = observe.observe()
    assert {"probe": "credentials", "error": "PermissionError: Permission denied"} in host["errors"]
    assert host["credentials"] is None


# --- stand-ins for slow modules ---

VALUES = [
    None, True, False, 0, -17, 1.5, "", "plain", 'a"b\\c\n', "caf\u00e9 \u201cx\u201d \U0001f600", [], {}, [1, [2]],
    {"a": {"b": [None, "c"]}, "d": 1},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_json_is_written_as_json_would(value: Any) -> None:
    assert json.loads(observe.dumps(value)) == value
    assert observe.dumps(value).isascii()


@pytest.mark.parametrize("value", VALUES)
def test_json_is_read_as_json_would(value: Any) -> None:
    assert observe.loads(" " + json.dumps(value) + "\n") == value


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1,]", "{} x", "nul", '{"a": \u201cb\u201d}'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        observe.loads(text)


def test_without_the_c_modules_the_slow_ones_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = observe.sha256(b"x")
    real = __import__

    def without(name: str, *arguments: Any) -> Any:
        if name in ("_json", "_sha2", "_sha256"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr("builtins.__import__", without)
    assert observe.loads('{"a": 1}') == {"a": 1}
    assert observe.quote('"') == '"\\""'
    assert observe.sha256(b"x") == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T22:45:07Z", 1795301107),
        ("2026-11-21T22:45:07.123456789Z", 1795301107),
        ("2026-11-21T23:45:07+01:00", 1795301107),
        ("2026-11-21T17:15:07.5-05:30", 1795301107),
        ("2024-02-29T12:00:00Z", 1709208000),
        ("2000-12-31T23:59:59Z", 978307199),
        ("yesterday", None),
        ("2026-11-21", None),
        ("", None),
        (None, None),
        (17, None),
    ],
)
def test_times_as_go_writes_them(text: Any, seconds: int | None) -> None:
    assert observe.epoch_of(text) == seconds


def test_a_command_gives_its_code_and_output() -> None:
    assert observe.run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\n")
    with pytest.raises(FileNotFoundError):
        observe.run(["/no/such/program"])


def test_a_command_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "COMMAND_TIMEOUT", 0.2)
    with pytest.raises(TimeoutError):
        observe.run(["/bin/sleep", "30"])


# --- platform ---


def test_operating_system(write: Write) -> None:
    write(
        "/etc/os-release",
        '# comment\nPRETTY_NAME="Rocky Linux 9.3"\nID="rocky"\nID_LIKE="rhel fedora"\nVERSION_ID="9.3"\n',
    )
    assert observe.operating_system() == {
        "id": "rocky", "version": "9.3", "like": ["rhel", "fedora"], "name": "Rocky Linux 9.3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("library", "version"),
    [
        ("libsystemd-shared-252.so", 252),
        ("libsystemd-shared-257.9-1~deb13u1.so", 257),
        ("libsystemd-shared-252-14.el9.so", 252),
        ("libother.so", None),
    ],
)
def test_systemd_is_known_by_its_library(write: Write, library: str, version: int | None) -> None:
    write("/usr/lib/systemd/" + library, "")
    assert observe.systemd() == {"pid1": False, "version": version}


def test_systemd_as_first_process(write: Write) -> None:
    write("/run/systemd/system/x", "")
    assert observe.systemd()["pid1"] is True


def test_cgroup_v2(write: Write) -> None:
    file = write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
    assert observe.cgroup() == {"version": "v2", "memory": True}
    file.write_text("cpuset cpu io pids\n")
    assert observe.cgroup() == {"version": "v2", "memory": False}


def test_cgroup_v1_and_hybrid(write: Write) -> None:
    file = write("/proc/cgroups", "#subsys_name hierarchy num_cgroups enabled\ncpu 1 1 1\nmemory 5 70 1\n")
    write("/sys/fs/cgroup/memory/tasks", "")
    assert observe.cgroup() == {"version": "v1", "memory": True}
    file.write_text("memory 0 70 0\n")  # as on a Raspberry Pi
    assert observe.cgroup()["memory"] is False
    write("/sys/fs/cgroup/unified/cgroup.controllers", "")
    assert observe.cgroup()["version"] == "hybrid"


def test_clock_is_synchronized_when_timesyncd_says_so(write: Write) -> None:
    assert observe.clock()["synchronized"] is None
    write("/run/systemd/timesync/clock", "")
    assert observe.clock()["synchronized"] is False
    write("/run/systemd/timesync/synchronized", "")
    assert observe.clock()["synchronized"] is True


def test_disk_of_a_directory_that_is_still_to_come(write: Write, tmp_path: Path) -> None:
    here = os.statvfs(tmp_path)
    assert observe.disks()["/var/lib/docker"]["total_mib"] == here.f_blocks * here.f_frsize >> 20


def test_places_on_one_file_system_are_known_by_its_device(write: Write, tmp_path: Path) -> None:
    found = observe.disks()
    assert set(found) == {"/usr", "/var", "/var/lib/docker"}
    assert {place["device"] for place in found.values()} == {tmp_path.stat().st_dev}


def test_board(write: Write) -> None:
    assert observe.board() is None
    write("/proc/device-tree/model", b"Raspberry Pi 4 Model B Rev 1.4\0")
    assert observe.board() == "Raspberry Pi 4 Model B Rev 1.4"


@pytest.mark.parametrize(("enforce", "mode"), [("1", "enforcing"), ("0", "permissive"), (None, None)])
def test_selinux(write: Write, enforce: str | None, mode: str | None) -> None:
    if enforce is not None:
        write("/sys/fs/selinux/enforce", enforce)
    assert observe.selinux() == mode


def test_iptables_is_a_program(write: Write) -> None:
    write("/etc/machine-id", MACHINE_ID)
    assert observe.observe()["iptables"] is False
    write("/usr/sbin/iptables", "").chmod(0o755)
    assert observe.observe()["iptables"] is True


# As the kernel writes it: 51678 listens, 51679 is only connected to, 22 is nobody's business.
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1 0
   1: 00000000:C9DE 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 200 1 0
   2: 0100007F:C9DF 0100007F:8AE2 01 00000000:00000000 00:00000000 00000000     0        0 300 1 0
"""
TCP6 = """  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:C9E0 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 400 1 0
"""


def test_ports_that_somebody_else_has(write: Write, tmp_path: Path) -> None:
    write("/proc/net/tcp", TCP)
    write("/proc/net/tcp6", TCP6)
    write("/proc/77/comm", "nginx\n")
    write("/proc/self/comm", "not a number\n")
    (tmp_path / "proc/77/fd").mkdir()
    (tmp_path / "proc/77/fd/0").symlink_to("/dev/null")
    (tmp_path / "proc/77/fd/6").symlink_to("socket:[200]")
    assert observe.ports(None) == [{"port": 51678, "process": "nginx"}, {"port": 51680, "process": None}]


@pytest.mark.parametrize(
    ("active", "asked"), [("inactive", True), ("failed", True), ("active", False), ("activating", False)]
)
def test_ports_of_an_agent_that_runs_are_its_own(write: Write, active: str, asked: bool) -> None:
    write("/proc/net/tcp", TCP)
    assert bool(observe.ports({"ecs": {"active": active}})) is asked


def test_keys_in_a_unit_are_foreign(write: Write) -> None:
    write("/etc/systemd/system/ecs.service.d/60-keys.conf", '[Service]\nEnvironment="A=b" "AWS_ACCESS_KEY_ID=AKIAX"\n')
    write("/etc/systemd/system/ecs.service.d/readme", "Environment=AWS_ACCESS_KEY_ID=AKIAX\n")
    write("/etc/systemd/system/amazon-ssm-agent.service", "#Environment=AWS_ACCESS_KEY_ID=AKIAX\n")
    write("/etc/systemd/system/docker.service.d/x.conf", "[Service]\nEnvironment=AWS_ACCESS_KEY_ID=AKIAX\n")
    assert observe.foreign() == {"aws_credentials": ["/etc/systemd/system/ecs.service.d/60-keys.conf"]}


# --- what only some hosts are asked ---

PROGRAM = "def look(question):\n    return sorted(question)\n"


@pytest.mark.parametrize(
    ("when", "registered", "asked"),
    [("auto", False, True), ("auto", None, True), ("auto", True, False), ("always", True, True)],
)
def test_a_registered_host_does_not_even_compile_the_program(when: str, registered: bool | None, asked: bool) -> None:
    program = PROGRAM if asked else "no Python"
    question = {"when": when, "endpoints": {}, "program": program}
    answer = observe.network(question, {"registration": {"registered": registered}})
    assert answer == (["endpoints", "program", "when"] if asked else None)


def test_a_program_answers_and_one_that_fails_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "QUESTIONS", json.dumps({"network": {"when": "always", "program": PROGRAM}}))
    assert observe.observe()["network"] == ["program", "when"]
    monkeypatch.setattr(observe, "QUESTIONS", json.dumps({"network": {"when": "always", "program": "1/0"}}))
    host = observe.observe()
    assert host["network"] is None
    assert {"probe": "network", "error": "ZeroDivisionError"} in host["errors"]


def test_sysctl(write: Write) -> None:
    write("/proc/sys/fs/inotify/max_user_instances", "128\n")
    assert observe.sysctl() == {"fs.inotify.max_user_instances": 128}


# --- packages ---

STATUS = """Package: docker.io
Status: install ok installed
Version: 20.10.24+dfsg1-1+b3
Description: Linux container runtime
 Version: 9 of the description

Package: docker.io-doc
Status: install ok installed
Version: 1

Package: amazon-ssm-agent
Status: deinstall ok config-files
Version: 3.3.987.0

Package: amazon-ecs-init
Architecture: amd64
Status: install ok installed
Version: 1.105.1-1
"""


def test_packages_of_dpkg(write: Write) -> None:
    write(observe.DPKG_STATUS, STATUS)
    assert observe.packages() == {
        "docker.io": "20.10.24+dfsg1-1+b3", "docker-ce": None, "docker": None, "moby-engine": None,
        "amazon-ssm-agent": None, "amazon-ecs-init": "1.105.1-1",
    }  # fmt: skip


def test_a_half_installed_package_is_not_installed(write: Write) -> None:
    write(
        observe.DPKG_STATUS,
        STATUS.replace("install ok installed\nVersion: 1.105", "install ok half-configured\nVersion: 1.105"),
    )
    assert observe.packages()["amazon-ecs-init"] is None


def test_packages_of_rpm_take_one_process(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("/var/lib/rpm/rpmdb.sqlite", "")
    write(
        "/usr/bin/rpm",
        "#!/bin/sh\necho x >> %s/count\necho 'package docker.io is not installed'\n"
        "echo 'amazon-ssm-agent 3.3.987.0-1'\necho 'docker-ce 24.0.7-1.el9'\nexit 1\n" % tmp_path,
    ).chmod(0o755)
    found = observe.packages()
    assert {name: version for name, version in found.items() if version} == {
        "amazon-ssm-agent": "3.3.987.0-1", "docker-ce": "24.0.7-1.el9",
    }  # fmt: skip
    assert set(found) == set(observe.PACKAGES)
    assert (tmp_path / "count").read_text() == "x\n"


# --- units ---

SHOWN = """Id=docker.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
NRestarts=0
RestartPreventExitStatus=

Id=amazon-ssm-agent.service
LoadState=not-found
ActiveState=inactive
UnitFileState=
NRestarts=0
RestartPreventExitStatus=

NRestarts=41
Id=ecs.service
LoadState=loaded
ActiveState=activating
UnitFileState=disabled
RestartPreventExitStatus=5 SIGTERM
"""


def test_units() -> None:
    found = observe.parse_units(SHOWN)
    assert observe.without_guard(found) == {
        "docker": {"load": "loaded", "active": "active", "enabled": True, "restarts": 0},
        "amazon-ssm-agent": {"load": "not-found", "active": "inactive", "enabled": False, "restarts": 0},
        "ecs": {"load": "loaded", "active": "activating", "enabled": False, "restarts": 41},
    }
    assert [found[name]["guard"] for name in observe.UNITS] == [False, False, True]


def test_a_unit_that_is_an_alias_is_found_by_its_place() -> None:
    found = observe.parse_units(SHOWN.replace("Id=docker.service", "Id=moby.service"))
    assert list(found) == list(observe.UNITS)


def test_units_without_systemd(write: Write) -> None:
    assert observe.units() is None


def test_exit_code_15_is_not_5() -> None:
    assert not observe.parse_units(SHOWN.replace("=5 SIGTERM", "=15 55"))["ecs"]["guard"]


# --- the engine ---


@pytest.fixture
def engine_answers(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """An engine's socket. The list holds what it was asked; what it answers can be put in place of the first item."""
    path = tmp_path / "docker.sock"
    monkeypatch.setattr(observe, "DOCKER_SOCKET", "/docker.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    asked = [b"HTTP/1.0 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24+dfsg1 (linux)\r\n\r\nOK"]

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(asked[0])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


ACTIVE = {"docker": {"load": "loaded", "active": "active"}}


def test_engine_says_its_version_in_one_cheap_answer(engine_answers: list[bytes]) -> None:
    assert observe.engine(ACTIVE) == {"version": "20.10.24+dfsg1", "api": "1.41", "live_restore": False}
    assert [request.split(b"\r\n")[0] for request in engine_answers[1:]] == [b"GET /_ping HTTP/1.0"]


def test_engine_without_a_unit_is_asked(engine_answers: list[bytes]) -> None:
    assert observe.engine({"docker": {"load": "not-found", "active": "inactive"}})["version"]
    assert observe.engine(None)["version"]


@pytest.mark.parametrize("active", ["inactive", "failed", "activating"])
def test_engine_that_is_down_is_not_woken_up(engine_answers: list[bytes], active: str) -> None:
    assert observe.engine({"docker": {"load": "loaded", "active": active}})["version"] is None
    assert engine_answers[1:] == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 500 Internal Server Error\r\nServer: Docker/20.10.24 (linux)\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nServer: Libpod/4.3.1 (linux)\r\n\r\nOK",
        b"",
        b"\x00\xff",
    ],
)
def test_engine_that_answers_otherwise_does_not_answer(engine_answers: list[bytes], answer: bytes) -> None:
    engine_answers[0] = answer
    assert observe.engine(ACTIVE)["version"] is None


def test_socket_of_a_dead_engine(write: Write, tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    (tmp_path / "run").mkdir()
    dead.bind(str(tmp_path / "run/docker.sock"))
    dead.close()
    assert observe.engine(ACTIVE)["version"] is None


def test_live_restore_by_file_or_by_argument(write: Write) -> None:
    assert observe.live_restore() is False
    write("/run/docker.pid", "41")
    write("/proc/41/cmdline", b"/usr/sbin/dockerd\0--live-restore\0")
    assert observe.live_restore() is True
    write("/proc/41/cmdline", b"/usr/sbin/dockerd\0")
    assert observe.live_restore() is False
    write(observe.DOCKER_CONFIG, {"live-restore": True})
    assert observe.live_restore() is True


# --- identity ---

KEY = {"instanceID": "mi-0123456789abcdef0", "region": "us-west-2", "privateKey": "PRIVATE"}


def test_registration_is_what_the_vault_says(write: Write) -> None:
    write("/var/lib/amazon/ssm/registration", {"ManagedInstanceID": "mi-old", "Region": "us-east-1"})
    assert observe.registration(MACHINE_ID)["registered"] is False
    write(observe.REGISTRATION_KEY, KEY)
    found = observe.registration(MACHINE_ID)
    assert found == {
        "registered": True, "instance_id": "mi-0123456789abcdef0", "region": "us-west-2", "same_machine": None,
        "backup": False, "abandoned": None,
    }  # fmt: skip
    assert "PRIVATE" not in json.dumps(found)


@pytest.mark.parametrize("content", ["", "\n", "{}", '{"instanceID": ""}'])
def test_a_vault_without_an_identity(write: Write, content: str) -> None:
    write(observe.REGISTRATION_KEY, content)
    assert observe.registration(MACHINE_ID)["registered"] is False


@pytest.mark.parametrize("content", ["", '{"instanceID": "mi-0123', "\x00\x00", "[]"])
def test_a_vault_that_a_crash_has_damaged(write: Write, content: str) -> None:
    write(observe.REGISTRATION_KEY, content)
    assert observe.registration(MACHINE_ID)["registered"] is False
    assert observe.vault_damage() == {"files": [observe.REGISTRATION_KEY], "instance_id": None}
    write(observe.REGISTRATION_NOTE, {"ManagedInstanceID": "mi-note"})
    assert (observe.vault_damage() or {})["instance_id"] == "mi-note"
    write(observe.IDENTITY, {"InstanceId": "mi-used"})
    assert (observe.vault_damage() or {})["instance_id"] == "mi-used"


def test_the_identity_that_a_cut_off_registration_has_saved_counts(write: Write) -> None:
    write(observe.REGISTRATION_KEY, {"instanceID": ""})
    write(observe.VAULT_BACKUP + "/Vault/Store/RegistrationKey", KEY)
    found = observe.registration(MACHINE_ID)
    assert (found["registered"], found["instance_id"], found["backup"]) == (True, KEY["instanceID"], True)
    write(observe.REGISTRATION_KEY, {**KEY, "instanceID": "mi-new"})
    assert observe.registration(MACHINE_ID)["instance_id"] == "mi-new"


@pytest.mark.parametrize("text", ['{"a": "b', "{", "[1,", '{"a": 1} x', "\x00", ""])
def test_broken_json_is_a_value_error_also_where_nobody_has_imported_json(text: str) -> None:
    program = f"import sys; sys.path.insert(0, {str(Path(observe.__file__).parent)!r}); import observe\n"
    program += f"try: observe.loads({text!r})\nexcept ValueError: print('refused')"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", done.stderr


def test_a_vault_without_damage(write: Write) -> None:
    assert observe.vault_damage() is None
    write(observe.REGISTRATION_KEY, {"instanceID": ""})
    write(observe.FINGERPRINT, {"hardwareHash": {}})
    assert observe.vault_damage() is None


@pytest.mark.parametrize(
    ("fingerprint", "same"),
    [
        ({"hardwareHash": {"machine-id": MACHINE_ID + "\n"}}, True),
        ({"hardwareHash": {"machine-id": MACHINE_ID}}, True),
        ({"hardwareHash": {"machine-id": "f" * 32 + "\n"}}, False),
        ({"hardwareHash": {}}, None),
        ({"hardwareHash": None}, None),
        ("{", None),
    ],
)
def test_clone_check(write: Write, fingerprint: Any, same: bool | None) -> None:
    write(observe.REGISTRATION_KEY, KEY)
    write(observe.FINGERPRINT, fingerprint)
    assert observe.registration(MACHINE_ID)["same_machine"] is same


@pytest.mark.parametrize(
    ("note", "abandoned"),
    [
        ({"machine_id": MACHINE_ID, "instance_ids": ["mi-1", KEY["instanceID"]]}, ["mi-1"]),
        ({"machine_id": MACHINE_ID, "instance_ids": []}, []),
        # Copied with the disk: the identities are another machine's.
        ({"machine_id": "f" * 32, "instance_ids": ["mi-1"]}, None),
        ("{", None),
    ],
)
def test_earlier_identities(write: Write, note: Any, abandoned: list[str] | None) -> None:
    write(observe.REGISTRATION_KEY, KEY)
    write(observe.ABANDONED, note)
    assert observe.registration(MACHINE_ID)["abandoned"] == abandoned


def test_a_backup_that_was_left(write: Write) -> None:
    write(observe.VAULT_BACKUP + "/Store/RegistrationKey", KEY)
    assert observe.registration(MACHINE_ID)["backup"] is True


@pytest.mark.parametrize(
    ("expires", "fresh"), [("2999-01-01T00:00:00Z", True), ("2020-01-01T00:00:00Z", False), ("soon", False)]
)
def test_credentials(write: Write, expires: str, fresh: bool) -> None:
    write(
        observe.IDENTITY,
        {
            "InstanceId": "mi-1", "CredentialsExpiresAt": expires, "CredentialsRetrievedAt": "2020-01-01T00:00:00Z",
            "ShareFile": "/root/.aws/credentials",
        },
    )  # fmt: skip
    assert observe.credentials() == {
        "instance_id": "mi-1", "expires_at": expires, "retrieved_at": "2020-01-01T00:00:00Z", "fresh": fresh,
    }  # fmt: skip


def test_credentials_that_a_power_cut_left_half_written_are_none(write: Write) -> None:
    write(observe.IDENTITY, '{"InstanceId": "mi-1", "Credent')
    assert observe.credentials() is None


def test_ssm_endpoint(write: Write) -> None:
    others = dict.fromkeys(("ec2messages", "ssmmessages", "s3", "kms"))
    assert observe.ssm_config() == {"endpoint": None, "endpoints": others, "dual_stack": False}
    write(observe.SSM_CONFIG, {"Ssm": {"Endpoint": ""}, "Mgs": None})
    assert observe.ssm_config()["endpoint"] is None
    write(
        observe.SSM_CONFIG,
        {"Ssm": {"Endpoint": "http://a"}, "Mgs": {"Endpoint": "http://b"}, "Agent": {"UseDualStackEndpoint": True}},
    )
    found = observe.ssm_config()
    assert found == {"endpoint": "http://a", "endpoints": {**others, "ssmmessages": "http://b"}, "dual_stack": True}


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("", False),
        ("[default]\naws_access_key_id = ASIAX\naws_secret_access_key = s\naws_session_token = t\n", False),
        ("[default]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n", True),
        ("[ default ]\nAWS_ACCESS_KEY_ID=AKIAX\n", True),
        ("[backup]\naws_access_key_id = AKIAX\n", False),
        ("[default]\nregion = x\n[backup]\naws_access_key_id = AKIAX\n", False),
    ],
)
def test_keys_in_the_default_profile_are_foreign(write: Write, text: str, own: bool) -> None:
    write(observe.SHARED_CREDENTIALS, text)
    assert observe.foreign() == {"aws_credentials": [observe.SHARED_CREDENTIALS] if own else []}


def test_keys_in_ecs_config_are_foreign(write: Write) -> None:
    write("/etc/ecs/ecs.config", "AWS_ACCESS_KEY_ID=AKIAX\nAWS_SECRET_ACCESS_KEY=s\n")
    assert observe.foreign()["aws_credentials"] == ["/etc/ecs/ecs.config"]


# --- ecs.config ---

TEXTS = [
    "",
    "\n\n",
    "ECS_CLUSTER=x\n",
    "ECS_CLUSTER=x",
    'ECS_CLUSTER="x"\n',
    'ECS_INSTANCE_ATTRIBUTES=\'{"site":"oslo"}\'\n',
    "# managed by Ansible: a=b\nECS_CLUSTER=x\n",
    "# no sign\nECS_CLUSTER=x\n",
    "  ECS_CLUSTER = v \n",
    "export ECS_CLUSTER=x\n",
    'ECS_LOG_OPTS={"p":"a\\\\b"}\n',
    "ECS_CLUSTER=x\r\nECS_EXTERNAL=true\r\n",
    "\ufeffECS_CLUSTER=x\n",
    "ECS_CLUSTER=x\nECS_CLUSTER=y\n",
    "ECS_CLUSTER=a=b\n",
    "=x\n",
    "ECS_CLUSTER\n",
    "ECS_CLUSTER=\n",
    "ECS_CLUSTER=x # trailing\n",
    "\u00a0ECS_CLUSTER=x\u2003\n",
    "\x1cECS_CLUSTER=x\x1f\n",
    'ECS_INSTANCE_ATTRIBUTES={"site":\u201coslo\u201d}\n',
    "ECS_CLUSTER=x\x0cECS_EXTERNAL=true\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_both_readers_of_ours_read_alike(text: str) -> None:
    assert observe.parse_agent(text) == ecs_readers.parse_agent(text)


@pytest.mark.parametrize(
    "text",
    [
        'ECS_ENGINE_AUTH_DATA={"r":{"username":"u","password":"hunter2"}}',
        "AWS_SECRET_ACCESS_KEY=hunter2",
        "AWS_SESSION_TOKEN=hunter2",
        "HTTPS_PROXY=http://user:hunter2@proxy:3128",
        "HTTP_PROXY=user:hunter2@proxy:3128",
        "ECS_BACKEND_HOST=https://user:hunter2@proxy",
        'ECS_LOG_OPTS={"splunk-token":"hunter2"}',
        "# AWS_SECRET_ACCESS_KEY=hunter2",
        "export AWS_SECRET_ACCESS_KEY=hunter2",
        "REGISTRY_PASSWORD=hunter2",
        "MY_API_KEY=hunter2",
    ],
)
def test_no_secret_leaves_the_host(write: Write, text: str) -> None:
    write("/etc/ecs/ecs.config", text + "\n")
    found = observe.ecs_config(MACHINE_ID)["user"]
    (value,) = found["values"].values()
    assert "hunter2" not in json.dumps(found)
    assert value == ecs_secrets.digest(MACHINE_ID, text.partition("=")[2])


def test_whatever_the_collection_calls_secret_is_hidden() -> None:
    values = ["x", "http://u:p@h", "u:p@h", '{"api_key":"x"}', '{"a":"b"}', "https://h/?u=http://u:p@h", "a@b"]
    for name in [*ecs_settings.SETTINGS, "OTHER", "OTHER_SECRET", "other_token"]:
        for value in values:
            if ecs_secrets.is_secret(name, value):
                assert observe.is_secret(name, value), (name, value)


@pytest.mark.parametrize(
    "line", ["ECS_CLUSTER=retail", "HTTPS_PROXY=http://proxy:3128", 'ECS_LOG_OPTS={"max-size":"1m"}']
)
def test_what_is_no_secret_can_be_read(line: str) -> None:
    name, _separator, value = line.partition("=")
    assert observe.concealed(name, value, MACHINE_ID) == value


def test_a_config_file(write: Write) -> None:
    text = "# c\nECS_CLUSTER=retail\n"
    write("/etc/ecs/ecs.config", text).chmod(0o640)
    found = observe.ecs_config(MACHINE_ID)
    assert found["user"] == {
        "present": True, "mode": "0640", "sha256": ecs_secrets.fingerprint(MACHINE_ID, text),
        "values": {"ECS_CLUSTER": "retail"}, "problems": [],
    }  # fmt: skip
    assert found["instance"] == {"present": False, "mode": None, "sha256": None, "values": {}, "problems": []}


def test_the_digest_is_of_the_bytes(write: Write) -> None:
    write("/etc/ecs/ecs.config", b"A=\xff\n")
    other = observe.ecs_config(MACHINE_ID)["user"]["sha256"]
    write("/etc/ecs/ecs.config", b"A=\xfe\n")
    assert observe.ecs_config(MACHINE_ID)["user"]["sha256"] != other


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\ufeffECS_CLUSTER=x\n", "byte order mark"),
        ("ECS_CLUSTER=x\r\n", "carriage return"),
        ("# a=b\n", "comment with '='"),
        ("; a=b\n", "comment with '='"),
        ("ECS_CLUSTER\n", "not KEY=value"),
        ("export A=1\n", "'export'"),
        ("A = 1\n", "white space"),
        ("A= 1\n", "white space"),
        ("A-B=1\n", "not the name"),
        ("A=1\nA=2\n", "line 2: A is set twice"),
        ('A="x"\n', "quotes stay"),
        ("A='x'\n", "quotes stay"),
        ("A=a\\b\n", "backslash"),
        ("A=\u201cx\u201d\n", "outside ASCII"),
        ("A=x # y\n", "comment behind"),
        ("A={'a': 'b'}\n", "looks like JSON"),
        ("A=[1,]\n", "looks like JSON"),
        ("ECS_EXTERNAL=True\n", "exactly true"),
    ],
)
def test_lint_names_the_trap(text: str, problem: str) -> None:
    found = observe.lint(text)
    assert len(found) == 1
    assert problem in found[0]
    assert found[0].startswith("line ")


def test_lint_accepts_what_the_collection_writes() -> None:
    config = {
        "ECS_CLUSTER": "retail", "ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "us-west-2",
        "ECS_INSTANCE_ATTRIBUTES": {"site": "oslo"}, "ECS_RESERVED_MEMORY": 128,
    }  # fmt: skip
    assert ecs_config.validate(config) == []
    for text in ecs_config.render(config).values():
        assert observe.lint(text) == []


def test_lint_shows_no_value() -> None:
    assert "hunter2" not in json.dumps(observe.lint("A='hunter2'\nB=hunter2 # x\nhunter2\nC={hunter2\n# x=hunter2\n"))


# --- the ECS agent ---


def serve_metadata(monkeypatch: pytest.MonkeyPatch, body: bytes) -> threading.Thread:
    listener = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(observe, "INTROSPECTION", listener.getsockname())

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


RUNNING = {"ecs": {"load": "loaded", "active": "active", "guard": True}}


def test_introspection(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    metadata = {
        "Cluster": "retail",
        "ContainerInstanceArn": "arn:x",
        "Version": "Amazon ECS Agent - v1.105.1 (*8dfceca6)",
    }
    thread = serve_metadata(monkeypatch, b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(metadata).encode())
    write(observe.STATE_FILE, "")
    assert observe.ecs_agent(RUNNING) == {
        "state_file": True, "restart_guard": True, "config_read": None, "current": None,
        "introspection": {"cluster": "retail", "container_instance_arn": "arn:x", "version": "1.105.1"},
    }  # fmt: skip
    thread.join()


@pytest.mark.parametrize(("age", "read"), [(60, True), (-60, False)])
def test_an_agent_has_read_what_was_written_before_it_started(write: Write, age: int, read: bool) -> None:
    now = time.time()
    for path in observe.CONFIG_FILES.values():
        os.utime(write(path, "ECS_CLUSTER=x\n"), (now - 1000, now - 1000))
    os.utime(write(observe.CONFIG_FILES["user"], "ECS_CLUSTER=y\n"), (now - age, now - age))
    unit = {"load": "loaded", "active": "active", "started": time.clock_gettime(time.CLOCK_MONOTONIC)}
    assert observe.config_read({"ecs": unit}) is read


@pytest.mark.parametrize(("age", "current"), [(60, False), (-60, True)])
def test_an_agent_is_current_when_it_started_after_its_program_was_installed(
    write: Write, age: int, current: bool
) -> None:
    os.utime(write(observe.SSM_PROGRAM, ""), (1, 1))  # the time of writing comes with the package
    started = time.clock_gettime(time.CLOCK_MONOTONIC) - age
    unit = {"amazon-ssm-agent": {"load": "loaded", "active": "active", "started": started}}
    assert observe.ssm_agent(unit) == {"current": current}
    unit["amazon-ssm-agent"]["active"] = "inactive"
    assert observe.ssm_agent(unit) == {"current": None}


def test_a_program_installed_in_the_future_says_nothing(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(observe.SSM_PROGRAM, "")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    unit = {"amazon-ssm-agent": {"load": "loaded", "active": "active", "started": 1.0}}
    assert observe.ssm_agent(unit) == {"current": None}


def test_introspection_of_an_agent_that_has_not_registered(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = serve_metadata(monkeypatch, b"HTTP/1.0 500 Internal Server Error\r\n\r\n")
    assert observe.ecs_agent(RUNNING)["introspection"] is None
    thread.join()


def test_an_agent_that_is_down_is_not_asked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "introspection", lambda: pytest.fail("asked"))
    monkeypatch.setattr(observe, "credential_rules", lambda: pytest.fail("asked"))
    down = {"ecs": {"load": "loaded", "active": "activating", "guard": False}}
    assert observe.ecs_agent(down)["introspection"] is None
    assert observe.nat(down)["credential_rules"] is None


def test_an_answer_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = socket.create_server(("127.0.0.1", 0))  # takes the connection and says nothing
    with listener:
        assert observe.http_get(2, listener.getsockname(), "/", 0.2) is None


RULES = """-P PREROUTING ACCEPT
-A PREROUTING -d 169.254.170.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 127.0.0.1:51679
"""


@pytest.mark.parametrize(
    ("output", "code", "present"), [(RULES, 0, True), ("-P PREROUTING ACCEPT\n", 0, False), ("", 4, None)]
)
def test_credential_rules(write: Write, output: str, code: int, present: bool | None) -> None:
    write("/usr/sbin/iptables", f"#!/bin/sh\ncat <<'END'\n{output}END\nexit {code}\n").chmod(0o755)
    write("/proc/sys/net/ipv4/conf/all/route_localnet", "1\n")
    assert observe.nat(RUNNING) == {"route_localnet": True, "credential_rules": present}


def test_credential_rules_without_iptables(write: Write) -> None:
    assert observe.nat(RUNNING) == {"route_localnet": False, "credential_rules": None}
