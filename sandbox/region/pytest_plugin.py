# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin for pytest: the simulated Region as fixtures, for anybody's own tests.

pytest -p sandbox.region.pytest_plugin, or pytest_plugins = ["sandbox.region.pytest_plugin"] in the topmost conftest.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from .context import Settings
from .testing import RunningRegion, running_region

_FOREIGN = ("AWS_", "BOTO_")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, each also a setting of pytest's own configuration file under the same name."""
    group = parser.getgroup("simulated Region")
    for name, default, text in (
        ("region", Settings.name, "name of the simulated Region"),
        ("account", Settings.account, "account of the simulated Region"),
        (
            "connected_timeout",
            str(Settings.connected_timeout),
            "seconds after which a silent ECS agent is not connected",
        ),
        ("ping_timeout", str(Settings.ping_timeout), "seconds after which a silent SSM agent has lost its connection"),
    ):
        option = f"simulated_{name}"
        group.addoption(f"--{option.replace('_', '-')}", default=None, metavar="VALUE", help=f"{text} ({default})")
        parser.addini(option, text, default=default)


def settings(config: pytest.Config) -> Settings:
    """What the options say."""

    def value(name: str) -> str:
        given = config.getoption(f"simulated_{name}")
        return str(config.getini(f"simulated_{name}") if given is None else given)

    return Settings(
        name=value("region"),
        account=value("account"),
        connected_timeout=float(value("connected_timeout")),
        ping_timeout=float(value("ping_timeout")),
    )


@pytest.fixture(scope="session")
def simulated_region_process(pytestconfig: pytest.Config) -> Iterator[RunningRegion]:
    """One Region for the whole run, on a free port of the loopback. Tests want `simulated_region`."""
    with running_region(settings(pytestconfig)) as region:
        yield region


@pytest.fixture
def simulated_region(simulated_region_process: RunningRegion) -> RunningRegion:
    """The Region, emptied: no resource, no call in the log, no fault, the clock set right."""
    simulated_region_process.reset()
    return simulated_region_process


@pytest.fixture
def simulated_region_environment(simulated_region: RunningRegion) -> dict[str, str]:
    """The environment for a command (ansible-playbook, aws, a script) that shall take the simulated Region for AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {**kept, **simulated_region.environment()}


@pytest.fixture
def simulated_region_clients(simulated_region: RunningRegion, simulated_region_environment: Any) -> Iterator[None]:
    """boto3 as the code under test makes its clients by itself: every endpoint is the simulated Region."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(_FOREIGN):
                patch.delenv(name)
        for name, value in simulated_region.environment().items():
            patch.setenv(name, value)
        yield
