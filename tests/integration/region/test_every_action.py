# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""No action is served on its author's word alone. Runs after all other contract tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.region import dispatch, registry

from .conftest import checked

HERE = Path(__file__).parent


def test_every_action_that_we_serve_has_had_a_reply_checked(request: pytest.FixtureRequest) -> None:
    chosen = request.config.option
    collected = {item.path for item in request.session.items}
    if chosen.keyword or chosen.markexpr or not set(HERE.glob("test_*.py")) <= collected:
        pytest.skip("only a part of the contract suite runs")
    served = {(service, name) for service in dispatch.OWN | dispatch.SHARED for name in registry.names(service)}
    unseen = sorted(served - checked)
    assert not unseen, unseen
