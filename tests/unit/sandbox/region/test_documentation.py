# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation says is not served is what is not served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.region import dispatch, registry, shapes

PAGE = Path(__file__).resolve().parents[4] / "docs" / "simulated-region.md"
_LOCAL_GATEWAY = re.compile(r"LocalGateway|Coip|OutpostLag")


def _unserved(service: str) -> set[str]:
    missing = set(shapes.operations(service) - registry.names(service))
    return {name for name in missing if _LOCAL_GATEWAY.search(name)} if service == "ec2" else missing


@pytest.mark.parametrize(("service", "title"), [("ecs", "ECS"), ("outposts", "Outposts"), ("ec2", "EC2 on Outposts")])
def test_the_page_lists_what_is_not_served(service: str, title: str) -> None:
    assert service in dispatch.OWN | dispatch.SHARED
    section = PAGE.read_text().partition(f"\n### {title}\n")[2].partition("\n### ")[0]
    listed = section.partition("Not served, 501:\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == _unserved(service)
