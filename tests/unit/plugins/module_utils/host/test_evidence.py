# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaves a host that has failed, and what of it must not."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.edgefleet.ecs.plugins.action import host_logs
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, evidence, files, proxy

OWNER = (os.geteuid(), os.getegid())
AUTH = {"registry.example.net": {"auth": "cHVsbGVyOmh1bnRlcg==", "password": "hunter2-of-the-registry"}}
SECRETS = ("cHVsbGVyOmh1bnRlcg==", "hunter2-of-the-registry", "proxy-password", "older-password")


def host(root: Path) -> str:
    files.write(
        f"{root}/etc/ecs/ecs.config", f"ECS_ENGINE_AUTH_DATA={json.dumps(AUTH)}\nECS_CLUSTER=edge\n", owner=OWNER
    )
    files.write(str(root) + proxy.ENVIRONMENT_FILE, "HTTP_PROXY=http://edge:proxy-password@proxy:3128\n", owner=OWNER)
    files.write(
        f"{root}/var/log/ecs/ecs-agent.log", "connecting to http://edge:proxy-password@proxy:3128\n", owner=OWNER
    )
    files.write(f"{root}/var/log/ecs/ecs-agent.log.2026-11-21-09", "old\n", owner=OWNER)
    files.write(f"{root}/var/log/amazon/ssm/errors.log", "x" * (evidence.LIMIT + 10), owner=OWNER)
    copies.take("run-1", {"/var/lib/ecs/ecs.config": "B=1\n"}, str(root), OWNER)
    copy = copies.load(str(root))
    assert copy
    copy.files["/etc/ecs/ecs.config"] = files.FileState("MY_PASSWORD=older-password\n", 0o600, OWNER)
    copies.save(copy, str(root), OWNER)
    return str(root)


def run(command: Sequence[str]) -> str:
    return f"{' '.join(command)} {' '.join(SECRETS)} -code abc/def" if command[0] == "docker" else ""


def test_logs_and_files_leave_without_their_secrets(tmp_path: Path) -> None:
    found = evidence.gather(run, host(tmp_path))
    assert set(found) == {
        "docker-info.txt", "docker-containers.txt", "docker-ecs-agent.txt", "var-log-ecs-ecs-agent.log",
        "var-log-amazon-ssm-errors.log", "etc-ecs-ecs.config",
    }  # fmt: skip
    text = json.dumps(found)
    assert not [secret for secret in (*SECRETS, "abc/def") if secret in text]
    assert "ECS_CLUSTER=edge" in found["etc-ecs-ecs.config"]
    assert "(hidden)@proxy:3128" in found["var-log-ecs-ecs-agent.log"]
    assert len(found["var-log-amazon-ssm-errors.log"]) == evidence.LIMIT


def packed(told: dict[str, str]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(told).encode("utf-8", "surrogateescape"))).decode()


def test_a_host_does_not_choose_where_its_logs_are_written(tmp_path: Path) -> None:
    told = {"a.txt": "1", "../b.txt": "2", "/etc/c.txt": "3", ".d": "4", "..": "5"}
    found = host_logs.unpacked(packed(told))
    assert host_logs.write(tmp_path / "run" / "lab-1", found) == ["a.txt"]
    assert (tmp_path / "run" / "lab-1").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "run" / "lab-1" / "a.txt").stat().st_mode & 0o777 == 0o600
