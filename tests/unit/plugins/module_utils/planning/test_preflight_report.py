# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What preflight says of a fleet; and that docs/preflight.md has a row for every check, and no more."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import clones, desired, preflight
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.preflight import network, report

pytestmark = pytest.mark.one_end

ROOT = Path(__file__).resolve().parents[5]
PAGE = ROOT / "docs/preflight.md"


def finding(check: str, level: str = "error", what: str = "What.") -> dict[str, str]:
    return {"check": check, "level": level, "what": what, "why": f"Why {check}.", "advice": f"Do {check}."}


def observed(name: str, *found: dict[str, str], identity: str | None = None) -> dict[str, Any]:
    host = {"hostname": name, "machine_id": name, "boot_id": name, "registration": {"instance_id": identity}}
    return {"host": host, "findings": list(found)}


def told(**observations: dict[str, Any]) -> dict[str, Any]:
    return report.report(dict.fromkeys(observations, "lyon"), observations, "2026-11-22T05:00:00Z")


def test_all_is_well() -> None:
    answer = told(a=observed("a", identity="mi-1"), b=observed("b"))
    assert answer == {
        "schema": 1,
        "started": "2026-11-22T05:00:00Z",
        "counts": {"hosts": 2, "ready": 2, "refused": 0, "failed": 0, "unreachable": 0},
        "findings": [],
        "hosts": {
            "a": {"site": "lyon", "state": "ready", "identity": "mi-1", "findings": []},
            "b": {"site": "lyon", "state": "ready", "identity": None, "findings": []},
        },
    }
    assert report.lines(answer) == ["2 of 2 hosts ready"]


def test_every_state() -> None:
    answer = told(
        a=observed("a", finding("disk", "warning")),
        b=observed("b", finding("os")),
        c={"unreachable": True, "msg": "no route\n  to host"},
        d={"failed": True, "msg": "There is no Python 3 on the host."},
        e={},
    )
    assert {name: host["state"] for name, host in answer["hosts"].items()} == {
        "a": "ready", "b": "refused", "c": "unreachable", "d": "failed", "e": "failed",
    }  # fmt: skip
    assert report.lines(answer)[-1] == "1 of 5 hosts ready; 1 refused, 2 failed, 1 unreachable"
    whats = [item["what"] for name in "cde" for item in answer["hosts"][name]["findings"]]
    assert whats == [
        "The host cannot be reached: no route to host.",
        "The host could not be read: There is no Python 3 on the host.",
        "The host could not be read: no message.",
    ]


def test_one_kind_of_finding_is_said_once_with_all_its_hosts() -> None:
    answer = told(
        a=observed("a", finding("swap", "warning"), finding("disk", what="1 MiB.")),
        b=observed("b", finding("swap", "warning"), finding("disk", what="2 MiB.")),
        c=observed("c", finding("swap", "warning"), finding("port")),
    )
    # Errors first, then the most common.
    assert [(group["check"], group["hosts"]) for group in answer["findings"]] == [
        ("disk", ["a", "b"]),
        ("port", ["c"]),
        ("swap", ["a", "b", "c"]),
    ]
    assert answer["findings"][0]["said"] == [{"what": "1 MiB.", "hosts": ["a"]}, {"what": "2 MiB.", "hosts": ["b"]}]
    assert report.lines(answer)[:8] == [
        "ERROR disk: 2 hosts",
        "  1 MiB.",
        "    a",
        "  2 MiB.",
        "    b",
        "  Why: Why disk.",
        "  Do:  Do disk.",
        "",
    ]


def test_clones_are_found() -> None:
    twin = observed("a")
    answer = told(a=twin, b={**twin, "host": {**twin["host"], "hostname": "b", "boot_id": "b"}}, c=observed("c"))
    assert [(group["check"], group["hosts"]) for group in answer["findings"]] == [("cloned_machine", ["a", "b"])]
    assert answer["counts"]["refused"] == 2


def test_three_thousand_hosts_take_a_screen() -> None:
    many = {f"h{number}": observed(f"h{number}", finding("disk", what=f"{number} MiB.")) for number in range(3000)}
    many |= {f"i{number}": observed(f"i{number}", finding("os")) for number in range(20)}
    answer = told(**many)
    lines = report.lines(answer)
    assert len(lines) < 30
    assert all(len(line) <= 120 for line in lines)
    assert "  and the like on 2996 other hosts" in lines
    assert next(line for line in lines if "i0," in line).endswith("and 8 more")
    assert len(json.loads(json.dumps(answer))["findings"][0]["hosts"]) == 3000


# --- the documentation ---


def sources() -> list[Path]:
    return [Path(str(clones.__file__)), *sorted(Path(str(preflight.__file__)).parent.glob("*.py"))]


def checks_in_the_code() -> set[str]:
    """The first argument of every call of finding(); the network's stand in tables."""
    tables = [row[0] for row in (*network.STEPS.values(), *network.THROUGH_PROXY.values())]
    found = set(tables)
    for source in sources():
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "finding":
                name = node.args[0]
                assert isinstance(name, ast.Constant) or source.name == "network.py", ast.dump(name)
                found |= {str(name.value)} if isinstance(name, ast.Constant) else set()
    return found


def rows_of_the_page() -> dict[str, str]:
    return dict(re.findall(r"^\| `(\w+)` \| (error|warning|both) \|", PAGE.read_text(), re.M))


def test_the_page_has_a_row_for_every_check_and_no_more() -> None:
    assert set(rows_of_the_page()) == checks_in_the_code()


def test_the_page_says_what_can_be_accepted() -> None:
    accepted = re.search(r"^`preflight_accept` takes: (.*)$", PAGE.read_text(), re.M)
    assert accepted
    assert tuple(re.findall(r"`(\w+)`", accepted.group(1))) == desired.ACCEPTABLE
    assert set(desired.ACCEPTABLE) <= checks_in_the_code()
    specs = (ROOT / "roles/preflight/meta/argument_specs.yml").read_text()
    assert f"choices: [{', '.join(desired.ACCEPTABLE)}]" in specs


def test_the_page_names_every_endpoint() -> None:
    named = set(re.findall(r"^\| `([\w-]+)` \| `[\w*.-]+` \|", PAGE.read_text(), re.M))
    assert named == {*network.REQUIRED, *network.USES}
