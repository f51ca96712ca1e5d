# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs import task_results as results


def task(*containers: tuple[str, int | None, str], code: str = "EssentialContainerExited", **more: Any) -> Any:
    listed = [
        {"name": name, **({} if exit_code is None else {"exitCode": exit_code}), **({"reason": why} if why else {})}
        for name, exit_code, why in containers
    ]
    return {"taskArn": "arn:x:task/edge/1", "lastStatus": "STOPPED", "stopCode": code, "containers": listed, **more}


@pytest.mark.parametrize(
    ("ended", "well"),
    [
        (task(("main", 0, "")), True),
        (task(("main", 3, "")), False),
        (task(("main", None, "CannotPull")), False),
        # ECS ends the others when an essential container is done.
        (task(("main", 0, ""), ("log", 143, "")), True),
        (task(("main", 0, ""), ("log", 137, "OutOfMemoryError")), False),
        (task(("main", 143, "")), False),
        # Not essential.
        (task(("main", 0, ""), ("side", 1, "")), True),
        (task(("main", 0, ""), code="UserInitiated"), False),
        (task(("main", None, ""), code="TaskFailedToStart"), False),
    ],
)
def test_whether_a_task_ended_well(ended: Any, well: bool) -> None:
    assert results.exited_well(ended, {"main", "log"}) is well


def test_a_task_that_was_over_before_anybody_looked_has_run() -> None:
    assert results.has_run({"lastStatus": "RUNNING"})
    assert results.has_run(task(("main", 0, "")))
    assert not results.has_run(task(("main", 1, "")))
    assert not results.has_run({"lastStatus": "PENDING"})


def test_exit_codes_may_be_of_no_matter_but_a_task_that_did_not_start_never_is() -> None:
    bad = task(("main", 3, ""))
    results.check_ends("edge", [bad], None, False, True)
    with pytest.raises(NotPossible, match="exit code 3"):
        results.check_ends("edge", [bad], None, True, True)
    with pytest.raises(NotPossible, match="TaskFailedToStart"):
        results.check_ends("edge", [task(code="TaskFailedToStart")], None, False, True)


def test_equal_ends_are_counted_once() -> None:
    bad = [task(("main", 3, ""), stoppedReason="gone", taskDefinitionArn="arn:x:task-definition/job:1")] * 4
    error = results.ended_badly("edge", bad, [*bad, task(("main", 0, ""))], True)
    assert error.message.startswith("4 of 5 tasks of job:1 in cluster edge failed, the first is 1: 4 x ")
    assert error.message.count("exit code 3") == 1
    assert len(error.details["tasks"]) == 5


def test_what_found_no_place_is_named_by_reason_with_the_way_out() -> None:
    failures = [
        *({"arn": f"arn:x:container-instance/edge/{n}", "reason": "RESOURCE:MEMORY"} for n in range(7)),
        {"arn": "arn:x:container-instance/edge/z", "reason": "AGENT", "detail": "no"},
        {"arn": "arn:x:container-instance/edge/y", "reason": "SOMETHING:NEW"},
    ]
    error = results.not_placed("web:1 in cluster edge", 3, [], failures)
    assert error.message.startswith("Only 0 of 3 tasks of web:1 in cluster edge were started. RESOURCE:MEMORY (0, 1,")
    assert "and 2 more): Give its containers less memory" in error.message
    assert "AGENT no (z): The ECS agent is not connected" in error.message
    assert "SOMETHING:NEW (y)." in error.message
    assert error.details["changed"] is False
    assert len(error.details["failures"]) == 9


def test_silence_is_a_failure_too() -> None:
    error = results.not_placed("web:1", 2, [{"taskArn": "a"}], [])
    assert error.message == (
        "Only 1 of 2 tasks of web:1 were started. They go on running; stop them with state: stopped. "
        "ECS gave no reason."
    )
