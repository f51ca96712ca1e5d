# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages that hosts do not download themselves: once by the control node, or its files; and older ones."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

from sandbox.tooling import paths

from .conftest import INSTANCE, SITES, Fleet

SSM_AGENT, ECS_AGENT = "3.3.859.0", "1.104.0"
HOSTS = SITES["lyon"]


def _asked(log: Path) -> Counter[str]:
    """What the package server was asked for of the agents."""
    return Counter(re.findall(r'"GET (/amazon-\S+)', log.read_text()))


def test_one_download_for_all_hosts_and_none_for_files(fleet: Fleet, tmp_path: Path) -> None:
    packages, files = fleet.sandbox.packages, tmp_path / "files"
    files.mkdir()
    for path in packages.glob(f"amazon-ecs-agent-us-west-2/amazon-ecs-init-{ECS_AGENT}-1.amd64.deb*"):
        shutil.copy(path, files)
    log = paths.state(INSTANCE) / "logs" / "packages.log"
    before = _asked(log)
    run = fleet.playbook(
        "site", "--limit", "lyon,localhost,fleet_conductors",
        fleet_download_to=str(tmp_path / "kept"), ssm_agent_version=SSM_AGENT, ecs_agent_version=ECS_AGENT,
        ecs_agent_source="files", ecs_agent_files=str(files), ecs_agent_key_url="",
        ecs_agent_key_file=str(packages / "keys" / "amazon-ecs-agent.gpg"),
    )  # fmt: skip
    assert run.code == 0, run.output
    assert run.outcomes == dict.fromkeys(HOSTS, "converged")
    file = f"/amazon-ssm-us-west-2/{SSM_AGENT}/debian_amd64/amazon-ssm-agent.deb"
    assert _asked(log) - before == {file: 1, f"{file}.sig": 1}
    for host in HOSTS:
        seen = fleet.hosts("ssh", host, "dpkg-query --show amazon-ssm-agent amazon-ecs-init")
        assert seen.split() == ["amazon-ecs-init", f"{ECS_AGENT}-1", "amazon-ssm-agent", SSM_AGENT]
