# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin as a user's own tests see it: in a run of its own, with nothing of ours around."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
USERS_TESTS = """
import subprocess
import sys

import boto3


def test_resources(simulated_region):
    simulated_region.client("ecs").create_cluster(clusterName="mine")
    assert simulated_region.name == "eu-north-1"


def test_nothing_is_left_of_the_test_before(simulated_region, simulated_region_clients):
    assert boto3.client("ecs").list_clusters()["clusterArns"] == []
    assert [call["action"] for call in simulated_region.calls()] == ["ListClusters"]


def test_a_command(simulated_region, simulated_region_environment):
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, env=simulated_region_environment, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "444455556666"
    assert "AWS_PROFILE" not in simulated_region_environment
"""


def test_a_users_own_tests(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(USERS_TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nsimulated_account = 444455556666\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sandbox.region.pytest_plugin", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "AWS_PROFILE": "production", "HOME": str(tmp_path)}
    result = subprocess.run(
        [*command, "--simulated-region", "eu-north-1"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "3 passed" in result.stdout, result.stdout + result.stderr
