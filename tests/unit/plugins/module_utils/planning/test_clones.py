# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import clones

pytestmark = pytest.mark.one_end


def host(name: str, machine_id: str | None = None, identity: str | None = None, **parts: Any) -> dict[str, Any]:
    told = {
        "hostname": name, "boot_id": f"boot-{name}", "machine_id": machine_id or f"id-{name}",
        "registration": {"instance_id": identity},
    }  # fmt: skip
    return {"host": {**told, **parts}, "findings": []}


def checks(observations: dict[str, Any]) -> dict[str, list[str]]:
    return {name: [item["check"] for item in found] for name, found in clones.findings(observations).items()}


def test_hosts_of_their_own_have_no_finding() -> None:
    fleet = {"a": host("a", identity="mi-1"), "b": host("b", identity="mi-2"), "c": host("c"), "d": host("d")}
    assert clones.findings(fleet) == {}
    assert clones.with_findings(fleet) == fleet


def test_one_machine_id_on_two_hosts_is_said_of_both() -> None:
    found = clones.findings({"a": host("a", "same"), "b": host("b", "same"), "c": host("c")})
    assert set(found) == {"a", "b"}
    (finding,) = found["a"]
    assert (finding["check"], finding["level"]) == ("cloned_machine", "error")
    assert finding["what"] == "Its machine-id same is also that of b."
    assert "edgefleet.ecs.repair_clones" in finding["advice"]
    assert all(finding[part].endswith(".") for part in ("what", "why", "advice"))


def test_one_identity_on_two_hosts_is_said_of_both() -> None:
    found = clones.findings({"a": host("a", identity="mi-1"), "b": host("b", identity="mi-1"), "c": host("c")})
    assert {name: item[0]["what"] for name, item in found.items()} == {
        "a": "Its identity mi-1 is also that of b.",
        "b": "Its identity mi-1 is also that of a.",
    }


def test_a_copied_disk_is_both() -> None:
    both = ["cloned_machine", "cloned_identity"]
    assert checks({"a": host("a", "same", "mi-1"), "b": host("b", "same", "mi-1")}) == {"a": both, "b": both}


def test_many_others_are_counted() -> None:
    found = clones.findings({f"h{number}": host(f"h{number}", "same") for number in range(9)})
    assert found["h0"][0]["what"].endswith("of h1, h2, h3, h4, h5 and 3 more.")


@pytest.mark.parametrize("machine_id", ["uninitialized", ""])
def test_no_machine_id_at_all_is_another_check_s(machine_id: str) -> None:
    bare = {name: host(name) for name in "ab"}
    for seen in bare.values():
        seen["host"]["machine_id"] = machine_id
    assert clones.findings(bare) == {}


def test_one_machine_under_two_names_is_no_clone() -> None:
    machine = host("a", "same", "mi-1")
    assert checks({"a": machine, "b": machine, "c": host("c")}) == {"a": ["alias"], "b": ["alias"]}
    # A true clone of it is still one, of its first name.
    found = checks({"a": machine, "b": machine, "c": host("c", "same")})
    assert found == {"a": ["alias", "cloned_machine"], "b": ["alias"], "c": ["cloned_machine"]}


def test_containers_of_one_kernel_are_machines_of_their_own() -> None:
    assert clones.findings({name: host(name, boot_id="of the kernel") for name in "ab"}) == {}


def test_hosts_that_said_nothing_are_left_as_they_are() -> None:
    dark = {"unreachable": True, "msg": "no route"}
    seen = clones.with_findings({"a": host("a", "same"), "b": host("b", "same"), "c": dark, "d": {"failed": True}})
    assert seen["c"] is dark
    assert [item["check"] for item in seen["a"]["findings"]] == ["cloned_machine"]
