# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine and the agents have to reach, and what is said of one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import units

ARN = "arn:aws:ecs:us-west-2:1:container-instance/edge/1"


def seen(**changes: Any) -> dict[str, Any]:
    """A host that works."""
    return {
        "units": {name: {"active": "active", "restarts": 0} for name in units.NAMES},
        "engine": {"version": "20.10"},
        "ecs_agent": {
            "introspection": {"cluster": "arn:aws:ecs:us-west-2:1:cluster/edge", "container_instance_arn": ARN}
        },
        "credentials": {"fresh": True, "instance_id": "mi-1"},
        "registration": {"instance_id": "mi-1"},
        **changes,
    }


def ecs(state: str) -> dict[str, Any]:
    return {"units": {"ecs": {"active": state, "restarts": 3}}}


@pytest.mark.parametrize(
    ("goal", "changes", "reached"),
    [
        (units.Goal("docker"), {}, True),
        (units.Goal("docker"), {"engine": {"version": None}}, False),
        (units.Goal("ecs", "edge"), {}, True),
        (units.Goal("ecs", "edge", ARN), {}, True),
        (units.Goal("ecs"), {}, True),
        (units.Goal("ecs", "other"), {}, False),
        (units.Goal("ecs", "edge", ARN + "2"), {}, False),
        (units.Goal("ecs", "edge"), ecs("activating"), False),
        (units.Goal("ecs", "edge"), {"ecs_agent": {"introspection": None}}, False),
        # It knows its cluster before it has registered.
        (units.Goal("ecs", "edge"), {"ecs_agent": {"introspection": {"cluster": "edge"}}}, False),
        (units.Goal("amazon-ssm-agent"), {}, True),
        (units.Goal("amazon-ssm-agent"), {"credentials": None}, False),
        (units.Goal("amazon-ssm-agent"), {"credentials": {"fresh": False, "instance_id": "mi-1"}}, False),
        (units.Goal("amazon-ssm-agent"), {"registration": {"instance_id": "mi-2"}}, False),
    ],
)
def test_reached(goal: units.Goal, changes: dict[str, Any], reached: bool) -> None:
    assert units.reached(goal, seen(**changes)) is reached


def waited(*looks: dict[str, Any], timeout: float = 5) -> tuple[bool, list[float]]:
    left, naps = list(looks), list[float]()

    def see() -> dict[str, Any]:
        return left.pop(0) if len(left) > 1 else left[0]

    done, _seen = units.wait(units.Goal("ecs", "edge"), timeout, see, clock=lambda: sum(naps), sleep=naps.append)
    return done, naps


def test_waits_until_it_works() -> None:
    assert waited(seen(**ecs("activating")), seen(**ecs("activating")), seen()) == (True, [1, 1])


def test_gives_up_in_time_and_at_once_where_the_unit_has_failed() -> None:
    assert waited(seen(**ecs("activating"))) == (False, [1, 1, 1, 1, 1])
    assert waited(seen(**ecs("activating")), seen(**ecs("failed"))) == (False, [1])


class Commands:
    def __init__(self, **codes: int) -> None:
        self.codes, self.run = codes, list[str]()

    def __call__(self, argv: Sequence[str]) -> tuple[int, str]:
        self.run.append(" ".join(argv[:2]))
        return self.codes.get(argv[1], 0), "one\n\ntwo\n" if argv[0] == "journalctl" else "said so\n"


def test_a_restart_reloads_units_first_and_enables_where_asked() -> None:
    commands = Commands()
    units.restarted(commands, units.Goal("ecs", "edge"), 5, enable=True, see=seen)
    assert commands.run == [
        "systemctl daemon-reload",
        "systemctl enable",
        "systemctl reset-failed",
        "systemctl restart",
    ]


def test_a_restart_that_fails_is_said_with_the_last_words() -> None:
    with pytest.raises(units.UnitError) as error:
        units.restarted(Commands(restart=1), units.Goal("ecs", "edge"), 5, see=lambda: seen(**ecs("failed")))
    for text in ("not joined cluster edge", "failed after 3 restarts", "systemctl restart said: said so", "one | two"):
        assert text in str(error.value)


@pytest.mark.parametrize(
    ("name", "text"), [("docker", "does not answer on its socket"), ("amazon-ssm-agent", "fresh cred")]
)
def test_each_unit_has_its_words(name: str, text: str) -> None:
    assert text in units.why_not(units.Goal(name), seen(), 5, "", "")


def test_half_an_answer_is_none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> Any:
        raise ValueError("no JSON")

    for probe in ("units", "engine", "introspection", "credentials", "registration", "read_line"):
        monkeypatch.setattr(units.observe, probe, broken)
    monkeypatch.setattr(units.observe, "is_active", lambda *_arguments: True)
    assert not units.reached(units.Goal("ecs"), units.look())
    assert not units.reached(units.Goal("docker"), units.look())
