# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""bin/test, bin/demo and what they ask of the Region."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox.tooling import bench, collection, console, demo, layers, lint, machine, paths, region, variables
from sandbox.tooling.python import Environment


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], (list(layers.LAYERS), [])),
        (["unit", "lint"], (["unit", "lint"], [])),
        (["unit", "-k", "drift"], (["unit"], ["-k", "drift"])),
        (["unit", "-k", "fleet"], (["unit"], ["-k", "fleet"])),
    ],
)
def test_layers_come_before_the_arguments_of_pytest(
    arguments: list[str], expected: tuple[list[str], list[str]]
) -> None:
    assert layers.split(arguments) == expected


def test_a_misspelt_layer_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert layers.main(["units"]) == 2
    assert "units is no layer" in capsys.readouterr().out


def test_a_layer_without_a_test_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layers.LAYERS, "unit", lambda _session, _layer: None)
    monkeypatch.setattr(variables, "isolated", lambda _environment: {})
    session = layers.Session({"2.21": cast(Any, None)}, [])
    monkeypatch.setattr(session, "environment", lambda _end: None)
    assert layers.run_layer(session, "unit").failed == 1


def test_hosts_are_prepared_beside_the_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made, begun = tmp_path / "made", tmp_path / "begun"

    def environment(*_arguments: object) -> None:
        for _attempt in range(600):
            if begun.exists():
                break
            time.sleep(0.05)
        assert begun.exists(), "the hosts wait for the environments"

    def prepare_hosts() -> None:
        begun.touch()
        time.sleep(0.2)
        made.touch()

    monkeypatch.setattr(layers, "chosen_ends", lambda: {"2.21": cast(Any, None)})
    monkeypatch.setattr(layers.Session, "environment", environment)
    monkeypatch.setattr(layers, "prepare_hosts", prepare_hosts)
    for name in ("require_root", "install_venv_support", "install_packages"):
        monkeypatch.setattr(machine, name, lambda _wanted: None)
    layers.prepare(["fleet"], [])
    assert made.exists()


def test_an_unknown_measure_measures_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["regions"]) == 2
    assert "usage: bin/bench region" in capsys.readouterr().out


def test_a_misspelt_option_of_the_demo_does_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.dispatch(["--donw"]) == 2
    assert "usage: bin/demo" in capsys.readouterr().out


def test_the_sandbox_takes_no_credentials_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("ANSIBLE_INVENTORY", "/etc/production")
    env = variables.sandboxed(Environment("2.21", "3.13", tmp_path), "test")
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "ANSIBLE_INVENTORY"} & set(env)
    assert env["AWS_ACCESS_KEY_ID"] == "test"
    assert env["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert env["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")


def test_root_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(console.Failure, match="bin/demo needs root"):
        machine.require_root("bin/demo")


def test_a_machine_without_apt_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(console.Failure, match="Debian-like"):
        machine.install_packages(["git"])


def instance(status: str = "ACTIVE", connected: bool = True) -> dict[str, Any]:
    return {
        "cluster": "demo-edge", "ec2InstanceId": "mi-1", "status": status, "agentConnected": connected,
        "runningTasksCount": 1,
        "attributes": [{"name": "site", "value": "lyon"}, {"name": "ecs.capability.x"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("instances", "expect", "code"),
    [
        ([instance(), instance()], 2, 0),
        ([instance()], 2, 1),
        ([instance(), instance(), instance()], 2, 1),
        ([instance(), instance(connected=False)], 2, 1),
        ([instance(), instance("DRAINING")], 2, 1),
        ([instance("DRAINING")], None, 0),
    ],
)
def test_the_fleet_is_healthy_only_as_a_whole(
    instances: list[dict[str, Any]], expect: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region, "PATIENCE", 0.0)
    monkeypatch.setattr(region, "container_instances", lambda: instances)
    monkeypatch.setattr(region, "desired_tasks", dict)
    assert region.fleet(expect) == code


@pytest.mark.parametrize(
    ("desired", "tasks", "code"),
    [
        ({"lyon": 2}, 2, 0),
        ({"lyon": 3}, 2, 1),
        ({"lyon": 2}, 3, 1),
        ({"lyon": 2, "oslo": 1}, 0, 1),
        ({"lyon": 3}, None, 0),
    ],
)
def test_a_fleet_is_not_complete_without_its_tasks(
    desired: dict[str, int], tasks: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(region, "PATIENCE", 0.0)
    monkeypatch.setattr(region, "container_instances", lambda: [instance(), instance()])
    monkeypatch.setattr(region, "desired_tasks", lambda: desired)
    assert region.fleet(2, tasks) == code


def test_the_tables_name_the_site() -> None:
    assert region.rows([instance()])[1] == ("demo-edge", "lyon", "mi-1", "ACTIVE", "yes", "1", "-")
    assert region.site_rows([instance(), instance(connected=False)], {"lyon": 2})[1] == ("lyon", "2", "1", "2", "2")


def test_the_collection_is_linked_into_a_tree_of_its_own() -> None:
    assert (paths.collections() / "ansible_collections/edgefleet/ecs").resolve() == paths.ROOT


def test_sources_are_what_git_knows(tmp_path: Path) -> None:
    collection.copy_sources(tmp_path)
    assert (tmp_path / "galaxy.yml").is_file()
    assert not (tmp_path / ".cache").exists()
    assert (tmp_path / "bin/test").stat().st_mode & stat.S_IXUSR


def test_shell_scripts_are_found_by_their_first_line() -> None:
    found = lint.shell_scripts()
    assert ".ci/run" in found
    assert "bin/test" not in found
