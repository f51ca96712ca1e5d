# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-builder makes of the collection's meta/ and of the definition in examples/awx. No image is built."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.examples import controller

pytestmark = pytest.mark.one_end

BUILDER = str(Path(sys.executable).with_name("ansible-builder"))
DEFINITION = controller.EXAMPLE / "execution-environment.yml"


def _builder(*arguments: str) -> str:
    answer = subprocess.run([BUILDER, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_introspection_finds_what_the_control_node_needs(tmp_path: Path) -> None:
    collections = tmp_path / "collections" / "ansible_collections" / "edgefleet"
    collections.mkdir(parents=True)
    (collections / "ecs").symlink_to(controller.ROOT)
    pip, bindep = tmp_path / "pip.txt", tmp_path / "bindep.txt"
    _builder("introspect", str(tmp_path / "collections"), "--write-pip", str(pip), "--write-bindep", str(bindep))
    python = {re.split(r"[<>=\s]", line)[0] for line in pip.read_text().splitlines() if line and line[0] != "#"}
    assert python == {"boto3", "botocore", "prometheus_client", "tzdata"}
    assert [line.split("#")[0].strip() for line in bindep.read_text().splitlines()] == [
        "openssh-client [platform:dpkg]",
        "openssh-clients [platform:rpm]",
    ]


def test_a_build_context_is_made_of_the_example(tmp_path: Path) -> None:
    _builder("create", "--file", str(DEFINITION), "--context", str(tmp_path), "--output-filename", "Containerfile")
    made = (tmp_path / "Containerfile").read_text()
    definition = controller.read(DEFINITION)
    assert definition["images"]["base_image"]["name"] in made
    for name in ("ansible_core", "ansible_runner"):
        assert definition["dependencies"][name]["package_pip"] in made
    assert "USER 1000" in made
    # The collections of the project, so that image and project never differ.
    (galaxy,) = tmp_path.rglob("requirements.yml")
    assert controller.read(galaxy) == controller.read(controller.PROJECT / "collections" / "requirements.yml")
    assert [item["name"] for item in controller.read(galaxy)["collections"]] == ["edgefleet.ecs", "amazon.aws"]


def test_the_image_is_the_one_that_the_controller_is_told_of() -> None:
    (named,) = controller.configuration()["controller_execution_environments"]
    assert f"--tag {named['image']}\n" in DEFINITION.read_text()
