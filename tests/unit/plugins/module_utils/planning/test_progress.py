# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import progress, record, table, times

from . import runs


def grown(steps: int, *results: dict[str, Any], **size: int) -> dict[str, Any]:
    """A record after so many steps of a minute each."""
    planned = runs.plan(**{"sites": 4, **size})
    run = record.begin(planned)
    for at, step in enumerate(planned["steps"][:steps]):
        run = record.add(run, [runs.result(planned, number, at * 60, at * 60 + 60) for number in step])
    return record.add(run, results)


def test_line_of_a_batch() -> None:
    # Four steps of a minute, and the soak time of the wave that three of them still belong to.
    assert progress.line(grown(3), 3) == (
        "[3/7 hosts] wave pilot (2 of 3), site bergen-001: 1 converged; failure budget 0 of 1 used; "
        "4 steps left, about 4 min"
    )


def test_line_names_hosts_that_are_not_as_asked() -> None:
    run = grown(0)
    result = runs.result(runs.plan(4), 1, 0, 60)
    failed = {name: {"outcome": "failed", "reason": "no space"} for name in result["outcomes"]}
    line = progress.line(record.add(run, [{**result, "outcomes": failed}]), 1)
    assert "1 failed (aarhus-000-1); failure budget 1 of 1 used" in line


def test_line_of_a_batch_that_did_not_begin_says_why() -> None:
    run = record.add(grown(0), [runs.result(runs.plan(4), 1, 0, 1, "The maintenance window\nis closed.")])
    assert "1 skipped (The maintenance window is closed.)" in progress.line(run, 1)


def test_time_left_is_not_guessed_from_batches_that_did_not_begin() -> None:
    run = record.add(grown(0), [runs.result(runs.plan(4), 1, 0, 1, "The window is closed.")])
    assert progress.seconds_left(run) == (None, 6)


def test_time_left_knows_soak_times() -> None:
    planned = runs.plan(4)
    seconds, steps = progress.seconds_left(grown(1))
    assert steps == len(planned["steps"]) - 1
    assert seconds == steps * 60 + 600 + 1800
    assert progress.seconds_left(grown(len(planned["steps"]))) == (None, 0)


def test_sites_in_parallel_are_one_step() -> None:
    run = grown(2, sites=40, parallel=4)
    assert progress.seconds_left(run)[1] == len(run["steps"]) - 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (75, "1 min 15 s"), (3600, "1 h"), (3601, "1 h"), (100000, "1 d 3 h")],
)
def test_durations(seconds: float, words: str) -> None:
    assert times.words(seconds) == words


def test_times_that_cannot_be_read_are_no_times() -> None:
    assert times.moment(None) is None and times.moment("unknown") is None and times.between("", runs.iso(0)) is None


def test_table_of_a_small_fleet() -> None:
    assert table.lines(runs.run(2)) == [
        "",
        "Fleet retail, cluster retail-edge in eu-central-1, release 2026.11",
        "SITE        HOSTS  UNCHANGED  CONVERGED  FAILED  UNREACHABLE",
        "aarhus-000      2          0          2       0            0",
        "bergen-001      2          1          1       0            0",
        "all             4          1          3       0            0",
        "",
        "4 of 4 hosts are as asked (3 of them changed by this run), after 14 min 25 s.",
    ]


def test_table_of_a_large_fleet_tells_what_is_amiss_and_what_to_do() -> None:
    lines = table.lines(runs.run(300, parallel=4))
    assert len(lines) < 75
    assert next(line for line in lines if "sites as asked" in line).startswith("267 sites as asked")
    text = "\n".join(lines)
    assert "failed: 4 hosts. The reason names the task and what it said." in text
    assert (
        "\n  leeds-013/leeds-013-2, aarhus-072/aarhus-072-1, graz-129/graz-129-1, dresden-245/dresden-245-1: Inst"
        in text
    )
    assert "skipped: 14 hosts. Run again inside the site's maintenance window." in text
    assert "DRAINING, left so by a run: leeds-013/leeds-013-2, " in text
    assert "DRAINING, as an operator wanted: hamar-010/" in text
    assert all(len(line) < 700 for line in lines)


def test_table_of_a_run_that_was_broken_off_tells_what_was_not_done() -> None:
    text = "\n".join(table.lines(runs.run(4, until=0.5)))
    assert "PENDING" in text and "pending: " in text and "hosts are as asked" in text
