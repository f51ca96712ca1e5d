# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""external_instance knows the variables of the roles that it composes: their files are its own, by links.

To import the roles for their variables alone would cost the control node a task for each of them and host.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
COMPOSER = ROLES / "external_instance"


def composed() -> list[str]:
    """Roles that a part of what a host is to be comes from."""
    (task,) = yaml.safe_load((COMPOSER / "tasks" / "observe.yml").read_text())
    names = task["edgefleet.ecs.host_facts"]["desired_from"]
    return [re.fullmatch(r"__(\w+)_desired", name)[1] for name in names]  # type: ignore[index]


@pytest.mark.parametrize("kind", ["defaults", "vars"])
def test_variables_of_every_composed_role_are_linked(kind: str) -> None:
    links = {path.stem: path for path in (COMPOSER / kind / "main").iterdir() if path.is_symlink()}
    assert sorted(links) == sorted(composed())
    for role, link in links.items():
        assert link.resolve() == ROLES / role / kind / "main.yml"
        assert not link.readlink().is_absolute()
