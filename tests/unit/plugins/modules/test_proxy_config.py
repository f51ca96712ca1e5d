# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a directory that looks like a host, with units that take up their environment when restarted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ecs_secrets, files, observe, proxy
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.drift import compare
from ansible_collections.edgefleet.ecs.plugins.modules import proxy_config
from ansible_collections.edgefleet.ecs.plugins.modules.proxy_config import ProxyError, ensure_proxy

WITH_LOGIN = proxy.Proxy("http://edge:hunter2@proxy:3128", "http://edge:hunter2@proxy:3128")
NONE = proxy.Proxy()
PIDS = {unit: 100 + number for number, unit in enumerate(proxy.UNITS)}
MACHINE_ID = "0123456789abcdef0123456789abcdef"


class Host:
    """systemd of a host: a restart reads the drop-in that was there at the last daemon-reload."""

    def __init__(self, root: Path, running: Sequence[str] = proxy.UNITS) -> None:
        self.root, self.running = root, list(running)
        self.asked: list[str] = []
        self.loaded: set[str] = set()
        self.stubborn: set[str] = set()
        (root / "etc/apt/apt.conf.d").mkdir(parents=True)
        for unit in running:
            self.start(unit)

    def start(self, unit: str) -> None:
        path = self.root / "proc" / str(PIDS[unit]) / "environ"
        path.parent.mkdir(parents=True, exist_ok=True)
        values = proxy.from_file(f"{self.root}{proxy.ENVIRONMENT_FILE}") if unit in self.loaded else {}
        values = {"HTTP_PROXY": "http://of.others:1"} if unit in self.stubborn else values
        path.write_bytes("\0".join(f"{name}={value}" for name, value in {"LANG": "C", **values}.items()).encode())

    def run(self, argv: Sequence[str]) -> tuple[int, str]:
        verb = argv[1]
        if verb == "show":
            pids = {unit: PIDS[unit] if unit in self.running else 0 for unit in proxy.UNITS}
            return 0, "\n\n".join(f"MainPID={pid}\nId={unit}.service" for unit, pid in pids.items()) + "\n"
        self.asked.append(" ".join(argv[1:]).replace(".service", ""))
        if verb == "daemon-reload":
            self.loaded = {unit for unit, path in proxy.DROP_INS.items() if (self.root / path.lstrip("/")).exists()}
        else:
            unit = argv[2].replace(".service", "")
            for one in [unit, "ecs"] if unit == proxy.ENGINE and "ecs" in self.running else [unit]:
                self.start(one)
        return 0, ""

    def ensure(self, wanted: proxy.Proxy, check_mode: bool = False) -> dict[str, object]:
        self.asked = []
        return ensure_proxy(wanted, check_mode, self.run, str(self.root))

    def drift(self, wanted: proxy.Proxy, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
        """What host_facts would say of it."""
        monkeypatch.setattr(observe, "ROOT", str(self.root))
        units = {unit: {"pid": PIDS[unit] if unit in self.running else 0} for unit in proxy.UNITS}
        host = {"machine_id": MACHINE_ID, "proxy": observe.proxy(MACHINE_ID, units)}
        section = {
            "http": wanted.http,
            "https": wanted.https,
            "no_proxy": list(wanted.no_proxy),
            "engine": wanted.engine,
        }
        return compare(host, {"proxy": section})


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests is root enough."""
    mine = (os.getuid(), os.getgid())
    monkeypatch.setattr(files, "ROOT", mine)
    monkeypatch.setattr(files.write, "__defaults__", (0o600, mine))


pytestmark = [pytest.mark.one_end, pytest.mark.usefixtures("owner")]


def test_all_places_in_one_go_and_then_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    (entry,) = host.drift(WITH_LOGIN, monkeypatch)
    assert entry["disruptive"] is True
    assert "hunter2" not in str(entry)
    result = host.ensure(WITH_LOGIN)
    assert set(result["changed_files"]) == {proxy.ENVIRONMENT_FILE, *proxy.DROP_INS.values(), proxy.APT_FILE}  # type: ignore[call-overload]
    # The ECS agent came back with the engine.
    assert host.asked == ["daemon-reload", "try-restart docker", "try-restart amazon-ssm-agent"]
    assert result["restarted"] == ["docker", "amazon-ssm-agent"]
    assert "hunter2" not in str(result)
    assert host.drift(WITH_LOGIN, monkeypatch) == []
    again = host.ensure(WITH_LOGIN)
    assert (again["changed"], host.asked) == (False, [])


def test_check_mode_says_the_same_and_touches_nothing(tmp_path: Path) -> None:
    host = Host(tmp_path)
    seen = host.ensure(WITH_LOGIN, check_mode=True)
    assert (seen["changed"], seen["restarted"]) == (True, list(proxy.UNITS))
    assert host.asked == []
    assert not (tmp_path / "etc/edgefleet").exists()


def test_a_bare_host_restarts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path, running=())
    assert [entry["disruptive"] for entry in host.drift(WITH_LOGIN, monkeypatch)] == [False]
    assert host.ensure(WITH_LOGIN)["restarted"] == []
    assert host.asked == ["daemon-reload"]


def test_taken_away_it_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    host.ensure(WITH_LOGIN)
    (entry,) = host.drift(NONE, monkeypatch)
    assert entry["disruptive"] is True
    host.ensure(NONE)
    assert host.asked == ["daemon-reload", "try-restart docker", "try-restart amazon-ssm-agent"]
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before
    assert host.drift(NONE, monkeypatch) == []
    assert host.ensure(NONE)["changed"] is False


@pytest.mark.parametrize("wanted", [WITH_LOGIN, NONE])
@pytest.mark.parametrize("steps", range(9))
def test_cut_off_anywhere_the_next_run_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: proxy.Proxy, steps: int
) -> None:
    host = Host(tmp_path)
    if wanted is NONE:
        host.ensure(WITH_LOGIN)
    left = [steps]

    def tick() -> None:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1

    apply, run = proxy_config.apply, host.run

    def ticking_apply(change: proxy_config.Change, root: str) -> None:
        tick()
        apply(change, root)

    def ticking_run(argv: Sequence[str]) -> tuple[int, str]:
        if argv[1] != "show":
            tick()
        return run(argv)

    with monkeypatch.context() as patch:
        patch.setattr(proxy_config, "apply", ticking_apply)
        patch.setattr(host, "run", ticking_run)
        try:
            host.ensure(wanted)
        except KeyboardInterrupt:
            # The next run is asked to do something, because the comparison sees it.
            assert host.drift(wanted, monkeypatch)
    host.ensure(wanted)
    assert host.drift(wanted, monkeypatch) == []
    target = proxy.canonical(proxy.environment(wanted))
    assert {proxy.of_process(PIDS[unit], str(tmp_path)) for unit in proxy.UNITS} == {target}


def test_another_password_restarts_and_another_exception_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    host.ensure(WITH_LOGIN)
    for other in (
        WITH_LOGIN._replace(http="http://edge:changed@proxy:3128"),
        WITH_LOGIN._replace(no_proxy=("registry",)),
    ):
        (entry,) = host.drift(other, monkeypatch)
        assert entry["disruptive"] is True
        assert host.ensure(other)["restarted"] == ["docker", "amazon-ssm-agent"]


def test_the_engine_of_others_is_never_restarted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    wanted = WITH_LOGIN._replace(engine=False)
    assert [entry["disruptive"] for entry in host.drift(wanted, monkeypatch)] == [False]
    assert host.ensure(wanted)["restarted"] == ["amazon-ssm-agent", "ecs"]
    assert host.drift(wanted, monkeypatch) == []


def test_a_proxy_of_others_is_not_taken_from_a_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    host.stubborn = {"docker"}
    host.start("docker")
    assert host.drift(NONE, monkeypatch) == []
    assert host.ensure(NONE)["changed"] is False


def test_a_unit_that_keeps_another_proxy_is_named(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.stubborn = {"docker"}
    with pytest.raises(ProxyError, match="docker still runs with another proxy.*systemctl cat docker"):
        host.ensure(WITH_LOGIN)


def test_a_unit_that_does_not_come_back_is_named(tmp_path: Path) -> None:
    def run(argv: Sequence[str]) -> tuple[int, str]:
        return (1, "Job failed") if argv[1] == "try-restart" else host.run(argv)

    host = Host(tmp_path)
    with pytest.raises(ProxyError, match="docker did not restart: Job failed; look at journalctl -u docker"):
        ensure_proxy(WITH_LOGIN, False, run, str(tmp_path))


def test_a_file_of_others_keeps_its_mode_but_while_it_holds_a_password(tmp_path: Path) -> None:
    host = Host(tmp_path, running=())
    dnf = tmp_path / "etc/dnf/dnf.conf"
    dnf.parent.mkdir()
    dnf.write_text("[main]\nbest=True\n")
    dnf.chmod(0o644)
    host.ensure(proxy.Proxy("http://proxy:3128"))
    assert dnf.stat().st_mode & 0o777 == 0o644
    assert "proxy=http://proxy:3128\n" in dnf.read_text()
    host.ensure(WITH_LOGIN)
    assert dnf.stat().st_mode & 0o777 == 0o600
    host.ensure(NONE)
    assert (dnf.read_text(), dnf.stat().st_mode & 0o777) == ("[main]\nbest=True\n", 0o644)


def test_a_package_manager_with_a_proxy_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path, running=())
    dnf = tmp_path / "etc/dnf/dnf.conf"
    dnf.parent.mkdir()
    dnf.write_text("[main]\nproxy=http://of.others:1\n")
    assert host.ensure(WITH_LOGIN)["left"] == [proxy.DNF_FILE]
    assert dnf.read_text() == "[main]\nproxy=http://of.others:1\n"
    assert host.drift(WITH_LOGIN, monkeypatch) == []


def test_facts_hold_digests_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    host.ensure(WITH_LOGIN)
    monkeypatch.setattr(observe, "ROOT", str(tmp_path))
    found = observe.proxy(MACHINE_ID, {"docker": {"pid": PIDS["docker"]}, "ecs": {"pid": 0}})
    assert "hunter2" not in str(found)
    assert "proxy:3128" not in str(found)
    target = ecs_secrets.fingerprint(MACHINE_ID, proxy.canonical(proxy.environment(WITH_LOGIN)))
    assert (found["given"], found["units"]) == (target, {"docker": target, "ecs": None})
    assert found["files"][proxy.ENVIRONMENT_FILE]["mode"] == "0600"
