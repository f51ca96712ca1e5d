# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the engine, images, upgrades and options: what differs, and what of it ends tasks."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.action.host_facts import questions
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.desired import validate_desired
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.drift import compare
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import findings

from tests.unit.plugins.module_utils.planning.state import BARE, DESIRED, HOST, place

ANSWER: dict[str, Any] = {"valid": True, "values": {}, "pending": None, "containers": 2}
ROTATION = {"log-opts": {"max-size": "10m"}}
RELOAD = {"registry-mirrors": ["https://mirror.example.net"]}


def engine_drift(
    settings: dict[str, Any], have: dict[str, Any], base: dict[str, Any] = HOST, trust: bool = False, **more: Any
) -> dict[str, Any]:
    host = {**copy.deepcopy(base), "engine_settings": {**ANSWER, "values": have, **more}}
    host["engine"]["live_restore"] = True if trust else None
    wanted = {"engine": {**DESIRED["engine"], "settings": settings, "trust_live_restore": trust}}
    drift = compare(host, wanted)
    return drift[0] if drift else {}


def test_settings_as_asked() -> None:
    assert engine_drift(ROTATION, {**ROTATION, "debug": True}) == {}
    assert engine_drift({}, {}) == {}


@pytest.mark.parametrize(
    ("settings", "have", "trust", "disruptive"),
    [
        # Read again by the running engine.
        (RELOAD, {}, False, False),
        # Takes a restart, which ends tasks, unless live-restore is on, trusted, and able to bridge it.
        (ROTATION, {}, False, True),
        (ROTATION, {}, True, False),
        ({**ROTATION, **RELOAD}, {}, False, True),
        ({**ROTATION, "bip": "10.1.0.1/16"}, {}, True, True),
        ({"a-key-of-tomorrow": 1}, {}, True, True),
        ({"data-root": "/data"}, {}, True, True),
    ],
)
def test_settings_that_differ(settings: dict[str, Any], have: dict[str, Any], trust: bool, disruptive: bool) -> None:
    entry = engine_drift(settings, have, trust=trust)
    assert entry["component"] == "engine"
    assert entry["after"] == {"settings": settings}
    assert entry["before"] == {"settings": dict.fromkeys(settings)}
    assert entry["disruptive"] is disruptive
    assert ("restart" in entry["reason"]) is (settings is not RELOAD)


def test_an_engine_that_does_not_run_loses_nothing() -> None:
    entry = engine_drift(ROTATION, {}, BARE)
    assert entry["disruptive"] is False
    assert "settings" in entry["after"] and "package" in entry["after"]


def test_somebody_elses_engine_has_settings_too() -> None:
    host = {**copy.deepcopy(HOST), "engine_settings": ANSWER}
    entry = compare(host, {"engine": {"package": "", "settings": ROTATION}})[0]
    assert entry["after"] == {"settings": ROTATION} and entry["disruptive"]


@pytest.mark.parametrize(("pending", "disruptive"), [("reload", False), ("restart", True)])
def test_an_engine_that_has_not_read_its_settings(pending: str, disruptive: bool) -> None:
    entry = engine_drift(ROTATION, ROTATION, pending=pending)
    assert entry["after"] == {"settings_read": True}
    assert entry["disruptive"] is disruptive
    assert pending in entry["reason"]
    # What live-restore was set to a moment ago, the running engine may not know yet.
    assert engine_drift(ROTATION, {}, trust=True, pending="reload")["disruptive"] is True


@pytest.mark.parametrize(
    ("installed", "wanted", "live", "trust", "disruptive"),
    [
        ("5:27.3.0-1~debian.12~bookworm", "5:27.3.1-1~debian.12~bookworm", True, True, False),
        ("5:27.3.0-1~debian.12~bookworm", "27.3.1", True, True, False),
        ("5:27.3.0-1~debian.12~bookworm", "27.3.1", True, False, True),
        ("5:27.3.0-1~debian.12~bookworm", "27.3.1", False, True, True),
        ("5:27.3.0-1~debian.12~bookworm", "27.4.0", True, True, True),
        ("5:27.3.0-1~debian.12~bookworm", "28.3.1", True, True, True),
        # A version that is not one, or an older one: the engine's makers promise nothing.
        ("5:27.3.0-1~debian.12~bookworm", "27.4.*", True, True, True),
        ("5:27.3.2-1~debian.12~bookworm", "27.3.1", True, True, True),
        (None, "27.3.1", True, True, True),
    ],
)
def test_an_upgrade_of_the_engine(
    installed: str | None, wanted: str, live: bool, trust: bool, disruptive: bool
) -> None:
    host = copy.deepcopy(HOST)
    host["packages"]["docker-ce"] = installed
    host["engine"]["live_restore"] = live
    desired = {"engine": {"package": "docker-ce", "version": wanted, "trust_live_restore": trust}}
    entry = compare(host, desired)[0]
    assert "package" in entry["after"]
    assert entry["disruptive"] is disruptive


@pytest.mark.parametrize(("part", "component"), [("ssm_agent", "ssm_agent"), ("ecs_agent", "ecs_agent")])
def test_an_agent_older_than_its_package_is_restarted(part: str, component: str) -> None:
    host = copy.deepcopy(HOST)
    host.setdefault(part, {})["current"] = False
    drift = compare(host, DESIRED)
    assert [(entry["component"], entry["after"], entry["disruptive"]) for entry in drift] == [
        (component, {"current": True}, False)
    ]
    host[part]["current"] = None
    assert compare(host, DESIRED) == []


def test_images() -> None:
    wanted = {"images": {"wanted": [{"image": "a:1"}, {"image": "b:1"}]}}
    assert compare({**HOST, "images": {"a:1": "sha256:x", "b:1": "sha256:y"}}, wanted) == []
    assert compare({**HOST, "images": None}, wanted) == []
    drift = compare({**HOST, "images": {"a:1": "sha256:x", "b:1": None}}, wanted)
    assert [(entry["component"], entry["after"], entry["disruptive"]) for entry in drift] == [
        ("images", {"b:1": "present"}, False)
    ]
    assert drift[0]["reason"] == "the image b:1 is missing"


@pytest.mark.parametrize(
    ("seen", "missing"),
    [
        ({"versions": ["3.3.987.0"], "certificates": True}, False),
        ({"versions": [], "certificates": True}, True),
        ({"versions": ["3.3.987.0"], "certificates": False}, True),
        (None, False),
    ],
)
def test_files_of_ecs_exec(seen: Any, missing: bool) -> None:
    wanted = copy.deepcopy(DESIRED)
    host = {**HOST, "exec_files": seen}
    assert compare(host, wanted) == []
    wanted["ecs_agent"]["exec"] = True
    drift = compare(host, wanted)
    assert [entry["component"] for entry in drift] == (["ecs_agent"] if missing else [])


def test_ecs_exec_has_a_source() -> None:
    checksum, version = "sha256:" + "a" * 64, "3.3.987.0"
    assert validate_desired({"ecs_agent": {"exec": True, "exec_version": version, "exec_checksum": checksum}}) == []
    assert validate_desired({"ecs_agent": {"exec": True, "exec_version": version, "exec_archive": "files/x"}}) == []
    assert validate_desired({"ecs_agent": {"exec": False, "exec_version": "", "exec_checksum": ""}}) == []


def test_only_what_is_asked_for_is_looked_at() -> None:
    assert questions({}) == {}
    assert questions(DESIRED) == {}
    desired = copy.deepcopy(DESIRED)
    place(desired, ["engine", "settings"], ROTATION)
    desired["images"] = {"wanted": [{"image": "a:1"}]}
    desired["ecs_agent"].update(gpu=True, exec=True)
    assert questions(desired) == {
        "engine_settings": ["log-opts"], "images": ["a:1"], "gpu": True, "exec_files": True,
    }  # fmt: skip
    assert questions({"engine": {"settings": {}}, "images": {"wanted": []}, "ecs_agent": {"gpu": False}}) == {}


@pytest.mark.parametrize(
    ("desired", "named"),
    [
        ({"engine": {"settings": ["x"]}}, ["desired.engine.settings", "a mapping"]),
        ({"engine": {"settings": {"log-opts": {"max-file": 3}}}}, ["desired.engine.settings.log-opts", "texts"]),
        ({"engine": {"trust_live_restore": "yes"}}, ["desired.engine.trust_live_restore", "true or false"]),
        ({"images": {"wanted": "a:1"}}, ["desired.images.wanted", "a list"]),
        ({"images": {"wanted": [{"image": "A"}]}}, ["desired.images.wanted[0]", "'A'"]),
        ({"images": {"wanted": [{"image": "a:1"}, {"image": "a:1"}]}}, ["desired.images.wanted: a:1"]),
        ({"ecs_agent": {"gpu": "true"}}, ["desired.ecs_agent.gpu"]),
        ({"ecs_agent": {"exec": 1}}, ["desired.ecs_agent.exec"]),
        ({"ecs_agent": {"exec": True}}, ["desired.ecs_agent.exec_version", "desired.ecs_agent.exec_checksum"]),
        ({"ecs_agent": {"exec": True, "exec_version": "latest"}}, ["'latest'", "3.3.987.0"]),
        ({"ecs_agent": {"exec_checksum": "abc"}}, ["desired.ecs_agent.exec_checksum", "'abc'"]),
    ],
)
def test_bad_options_are_named(desired: dict[str, Any], named: list[str]) -> None:
    errors = " | ".join(validate_desired(desired))
    assert all(text in errors for text in named), errors


GPU = {"devices": 1, "driver": "535.183.01", "runtime": True}


@pytest.mark.parametrize(
    ("asked", "seen", "said"),
    [
        (True, GPU, []),
        (True, {**GPU, "devices": 0}, ["though the driver is loaded"]),
        (True, {**GPU, "runtime": False}, ["nvidia-container-runtime"]),
        (True, {"devices": 0, "driver": None, "runtime": False}, ["/dev/nvidia0.", "nvidia-container-runtime"]),
        (False, {**GPU, "devices": 0}, []),
        (True, None, []),
    ],
)
def test_a_gpu_is_looked_for_before_anything_is_installed(asked: bool, seen: Any, said: list[str]) -> None:
    found = findings({**BARE, "gpu": seen}, {"ecs_agent": {"gpu": asked}})
    found = [item for item in found if item["check"] == "gpu"]
    assert len(found) == len(said)
    assert all(text in item["what"] and item["level"] == "error" for text, item in zip(said, found, strict=True))


@pytest.mark.parametrize(
    ("settings", "answer", "said"),
    [
        ({"data-root": "/data"}, ANSWER, "2 containers"),
        ({"data-root": "/data"}, {**ANSWER, "containers": 0}, None),
        ({"data-root": "/data"}, {**ANSWER, "values": {"data-root": "/data"}}, None),
        (ROTATION, ANSWER, None),
        (ROTATION, {**ANSWER, "valid": False, "containers": None}, "no JSON"),
        (ROTATION, None, None),
    ],
)
def test_settings_that_a_host_cannot_have(settings: dict[str, Any], answer: Any, said: str | None) -> None:
    found = findings({**HOST, "engine_settings": answer}, {"engine": {"settings": settings}})
    found = [item for item in found if item["check"] == "engine_settings"]
    assert len(found) == (said is not None)
    assert said is None or said in found[0]["what"]
