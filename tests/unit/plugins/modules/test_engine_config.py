# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import engine_settings, files
from ansible_collections.edgefleet.ecs.plugins.modules import engine_config
from ansible_collections.edgefleet.ecs.plugins.modules.engine_config import EngineError, ensure_settings

ROTATION = {"log-opts": {"max-size": "10m"}}
RELOAD = {"live-restore": True}
PID = 4711


class Host:
    """A host's files, and the signals that its engine got."""

    def __init__(self, root: Path) -> None:
        self.config, self.mark, self.pid_file = root / "docker/daemon.json", root / "run/mark", root / "run/docker.pid"
        self.root = root
        self.signals: list[int] = []
        self.pid_file.parent.mkdir()

    def start(self, seconds: int) -> None:
        self.pid_file.write_text(f"{PID}\n")
        os.utime(self.pid_file, (seconds, seconds))

    def settings(self) -> Any:
        return json.loads(self.config.read_text())


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    monkeypatch.setattr(engine_settings, "PATH", str(made.config))
    monkeypatch.setattr(engine_config, "MARK", str(made.mark))
    monkeypatch.setattr(engine_config, "PID_FILE", str(made.pid_file))
    monkeypatch.setattr(engine_config, "DOCKERD", (str(tmp_path / "dockerd"),))
    monkeypatch.setattr(engine_config, "running_engine", lambda: PID if made.pid_file.exists() else None)
    monkeypatch.setattr(files, "ROOT", (os.getuid(), os.getgid()))
    monkeypatch.setattr(os, "fchown", lambda *_arguments: None)
    monkeypatch.setattr(os, "kill", lambda pid, number: made.signals.append(number) if pid == PID else None)
    return made


def outcome(result: dict[str, Any]) -> tuple[bool, bool, bool]:
    return result["changed"], result["reloaded"], result["restart_required"]


def test_an_engine_that_is_not_there_yet_finds_its_file(host: Host) -> None:
    assert outcome(ensure_settings(ROTATION, check_mode=False)) == (True, False, False)
    assert host.settings() == ROTATION
    assert host.config.stat().st_mode & 0o777 == 0o644
    assert not host.mark.exists()
    assert outcome(ensure_settings(ROTATION, check_mode=False)) == (False, False, False)


@pytest.mark.parametrize(
    ("want", "expected", "signals"),
    [(RELOAD, (True, True, False), [signal.SIGHUP]), (ROTATION, (True, False, True), [])],
)
def test_a_running_engine_reads_again_what_it_can(
    host: Host, want: dict[str, Any], expected: tuple[bool, bool, bool], signals: list[int]
) -> None:
    host.start(100)
    host.config.parent.mkdir()
    host.config.write_text('{"debug": true}')
    result = ensure_settings(want, check_mode=False)
    assert outcome(result) == expected
    assert result["changed_keys"] == list(want)
    assert host.signals == signals
    assert host.settings() == {"debug": True, **want}
    # Until the restart, the mark says what is owed; another run says so again.
    assert host.mark.exists() is expected[2]
    assert outcome(ensure_settings(want, check_mode=False)) == (expected[2], False, expected[2])
    host.start(4_000_000_000)
    assert outcome(ensure_settings(want, check_mode=False)) == (False, False, False)


def test_a_reload_does_not_forget_a_restart_that_is_owed(host: Host) -> None:
    host.start(100)
    ensure_settings(ROTATION, check_mode=False)
    assert outcome(ensure_settings({**ROTATION, **RELOAD}, check_mode=False)) == (True, False, True)
    assert host.mark.read_text() == "restart"


def test_a_reload_that_was_cut_off_is_made_up_for(host: Host) -> None:
    host.start(100)
    ensure_settings(RELOAD, check_mode=False)
    host.signals.clear()
    host.mark.write_text("reload")
    assert outcome(ensure_settings(RELOAD, check_mode=False)) == (True, True, False)
    assert host.signals == [signal.SIGHUP]
    assert not host.mark.exists()


def test_check_mode_says_it_all_and_touches_nothing(host: Host) -> None:
    host.start(100)
    result = ensure_settings(ROTATION, check_mode=True)
    assert outcome(result) == (True, False, True)
    assert "max-size" in result["diff"]["after"] and result["diff"]["before"] == ""
    assert not host.config.exists() and not host.mark.exists() and host.signals == []


@pytest.mark.parametrize("text", ["{", "[]", "nonsense"])
def test_a_broken_file_is_not_overwritten(host: Host, text: str) -> None:
    host.config.parent.mkdir()
    host.config.write_text(text)
    with pytest.raises(EngineError, match="Repair or remove it"):
        ensure_settings(ROTATION, check_mode=False)
    assert host.config.read_text() == text


def test_the_diff_hides_other_peoples_logins(host: Host) -> None:
    host.config.parent.mkdir()
    host.config.write_text('{"proxies": {"http-proxy": "http://shop:hunter2@proxy:3128"}}')
    result = ensure_settings(ROTATION, check_mode=False)
    assert "hunter2" not in json.dumps(result)
    assert "hunter2" in host.config.read_text()


def test_data_is_not_moved_from_under_containers(host: Host) -> None:
    host.config.parent.mkdir()
    (host.root / "data/containers/a").mkdir(parents=True)
    host.config.write_text(json.dumps({"data-root": str(host.root / "data")}))
    with pytest.raises(EngineError, match="1 containers"):
        ensure_settings({"data-root": "/elsewhere"}, check_mode=True)
    (host.root / "data/containers/a").rmdir()
    assert ensure_settings({"data-root": "/elsewhere"}, check_mode=True)["changed"]


@pytest.fixture
def dockerd(host: Host) -> Callable[[str], None]:
    def write(script: str) -> None:
        program = host.root / "dockerd"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    return write


def test_the_engine_itself_is_asked_first(host: Host, dockerd: Callable[[str], None]) -> None:
    dockerd('echo "unable to configure the daemon with file $3: invalid" >&2; exit 1')
    with pytest.raises(EngineError, match="refuses .*daemon.json as it would be: .*invalid"):
        ensure_settings(ROTATION, check_mode=False)
    assert not host.config.exists()


@pytest.mark.parametrize("script", ["cat $3 | grep -q max-size", 'echo "unknown flag: --validate" >&2; exit 125'])
def test_an_engine_that_agrees_or_cannot_say(host: Host, dockerd: Callable[[str], None], script: str) -> None:
    dockerd(script)
    assert ensure_settings(ROTATION, check_mode=False)["changed"]
    assert host.settings() == ROTATION


def test_a_stale_process_number_is_no_engine(tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    assert engine_config.running_engine(str(tmp_path / "pid")) is None
    (tmp_path / "pid").write_text("x\n")
    assert engine_config.running_engine(str(tmp_path / "pid")) is None
    assert engine_config.running_engine(str(tmp_path / "none")) is None
