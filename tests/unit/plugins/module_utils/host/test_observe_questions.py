# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only some hosts are asked about the engine, its images, GPUs and the files of ECS Exec."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe

Write = Callable[..., Path]
ENGINE = {"engine": {"version": "20.10.24"}}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setattr(observe, "ROOT", str(tmp_path))

    def writer(path: str, text: str = "", seconds: int | None = None) -> Path:
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        if seconds is not None:
            os.utime(place, (seconds, seconds))
        return place

    return writer


def test_settings_of_a_host_without_a_file(write: Write) -> None:
    seen = observe.engine_settings(["log-opts"], {})
    assert seen == {"valid": True, "values": {}, "pending": None, "containers": 0}


def test_only_the_settings_that_were_asked_for_and_no_login(write: Write) -> None:
    proxies = {"http-proxy": "http://shop:hunter2@proxy:3128"}
    write(observe.DOCKER_CONFIG, json.dumps({"log-opts": {"max-size": "10m"}, "debug": True, "proxies": proxies}))
    seen = observe.engine_settings(["log-opts", "proxies", "live-restore"], {})
    assert seen["values"] == {"log-opts": {"max-size": "10m"}, "proxies": "(hidden)"}


@pytest.mark.parametrize("text", ["{", "[]", "x"])
def test_settings_that_are_no_object(write: Write, text: str) -> None:
    write(observe.DOCKER_CONFIG, text)
    assert observe.engine_settings(["debug"], {})["valid"] is False


def test_containers_are_counted_where_the_engine_keeps_them(write: Write) -> None:
    write("/var/lib/docker/containers/a/config.json")
    assert observe.engine_settings(["data-root"], {})["containers"] == 1
    write(observe.DOCKER_CONFIG, '{"data-root": "/data"}')
    assert observe.engine_settings(["data-root"], {})["containers"] == 0


@pytest.mark.parametrize(
    ("engine", "mark", "pending"),
    [(100, 200, "restart"), (200, 100, None), (None, 100, None), (100, None, None)],
)
def test_what_the_engine_has_not_read(write: Write, engine: int | None, mark: int | None, pending: str | None) -> None:
    if engine is not None:
        write(observe.DOCKER_PID, "1\n", engine)
    if mark is not None:
        write(observe.ENGINE_MARK, "restart", mark)
    assert observe.engine_settings(["debug"], {})["pending"] == pending


def test_images_by_reference(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(_family: int, address: Any, path: str, _timeout: float) -> tuple[str, str] | None:
        asked.append((address, path))
        return ("", '{"Id": "sha256:1"}') if "till" in path else None

    monkeypatch.setattr(observe, "http_get", answer)
    assert observe.images(["shop/till:1", "shop/web:1"], ENGINE) == {"shop/till:1": "sha256:1", "shop/web:1": None}
    socket = observe.ROOT + observe.DOCKER_SOCKET
    assert asked == [(socket, "/images/shop/till:1/json"), (socket, "/images/shop/web:1/json")]


def test_an_engine_that_does_not_run_is_not_asked_for_images(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "http_get", lambda *_arguments: pytest.fail("asked"))
    assert observe.images(["shop/till:1"], {"engine": {"version": None}}) == {"shop/till:1": None}
    assert observe.images(["shop/till:1"], {"engine": None}) == {"shop/till:1": None}


DRIVER = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024\nGCC version: 12\n"


def test_a_gpu_with_all_that_it_needs(write: Write) -> None:
    for path in ("/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl", "/dev/nvidia-uvm"):
        write(path)
    write("/proc/driver/nvidia/version", DRIVER)
    write("/usr/bin/nvidia-container-runtime").chmod(0o755)
    assert observe.gpu(True, {}) == {"devices": 2, "driver": "535.183.01", "runtime": True}


def test_no_gpu(write: Write) -> None:
    assert observe.gpu(True, {}) == {"devices": 0, "driver": None, "runtime": False}


def test_files_of_ecs_exec(write: Write) -> None:
    assert observe.exec_files(True, {}) == {"versions": [], "certificates": False}
    for name in observe.EXEC_PROGRAMS:
        write(f"{observe.EXEC_FILES}/bin/3.3.987.0/{name}")
        write(f"{observe.EXEC_FILES}/bin/latest/{name}")  # the agent takes numbers only
    write(f"{observe.EXEC_FILES}/bin/3.3.859.0/{observe.EXEC_PROGRAMS[0]}")
    write(f"{observe.EXEC_FILES}/certs/tls-ca-bundle.pem")
    assert observe.exec_files(True, {}) == {"versions": ["3.3.987.0"], "certificates": True}


def test_who_asks_is_answered_in_the_same_observation(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "QUESTIONS", '{"exec_files": true, "engine_settings": ["debug"], "gpu": true}')
    host = observe.observe()
    assert host["exec_files"] and host["engine_settings"] and host["gpu"]
    assert host["images"] is None
