# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import NotPossible
from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts import outposts
from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts.outposts import OutpostQuery
from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts.transformations import shape_outpost

ID = "op-0123456789abcdef0"
ARN = f"arn:aws:outposts:us-west-2:111122223333:outpost/{ID}"


def told(number: int = 0, **members: Any) -> dict[str, Any]:
    identity = f"{ID[:-1]}{number}"
    return {
        "OutpostId": identity,
        "OutpostArn": ARN.replace(ID, identity),
        "Name": f"o{number}",
        "SiteId": "os-0123456789abcdef0",
        "LifeCycleStatus": "ACTIVE",
        "AvailabilityZone": "us-west-2b",
        "AvailabilityZoneId": "usw2-az1",
        **members,
    }


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ({}, [0, 1, 2]),
        ({"outposts": [ID, "o1"]}, [0, 1]),
        ({"outposts": [ARN]}, [0]),
        ({"sites": ["os-0123456789abcdef1"]}, [2]),
        ({"availability_zones": ["usw2-az1"]}, [0, 1]),
        ({"availability_zones": ["us-west-2a", "usw2-az1"]}, [0, 1, 2]),
        ({"life_cycle_status": ["pending"]}, [1]),
        ({"outposts": ["o1"], "life_cycle_status": ["ACTIVE"]}, []),
    ],
)
def test_filters(query: dict[str, list[str]], kept: list[int]) -> None:
    elsewhere = {"SiteId": "os-0123456789abcdef1", "AvailabilityZone": "us-west-2a", "AvailabilityZoneId": "usw2-az2"}
    known = [shape_outpost(one) for one in (told(0), told(1, LifeCycleStatus="PENDING"), told(2, **elsewhere))]
    assert [one["name"] for one in outposts.select(known, OutpostQuery(**query))] == [f"o{number}" for number in kept]


def test_what_no_outpost_answers_to_is_missing() -> None:
    assert outposts.missing([shape_outpost(told())], [ID, ARN, "o0", "o1"]) == ["o1"]


def test_every_page_is_read(client: Callable[..., Any]) -> None:
    fake = client(list_outposts=[{"Outposts": [told(0)], "NextToken": "1##a"}, {"Outposts": [told(1)]}])
    assert [one["name"] for one in outposts.list_all(fake)] == ["o0", "o1"]
    assert [parameters for _method, parameters in fake.calls] == [
        {"MaxResults": 1000},
        {"MaxResults": 1000, "NextToken": "1##a"},
    ]


@pytest.mark.parametrize("reference", [ID, ARN])
def test_an_id_or_arn_is_asked_for_alone(client: Callable[..., Any], reference: str) -> None:
    fake = client(get_outpost={"Outpost": told()})
    assert outposts.get(fake, reference)["outpost_arn"] == ARN
    assert fake.calls == [("get_outpost", {"OutpostId": reference})]


def test_a_name_is_looked_up_and_must_mean_one(client: Callable[..., Any]) -> None:
    fake = client(list_outposts={"Outposts": [told(0), told(1), told(2, Name="o1")]})
    assert outposts.get(fake, "o0")["outpost_id"] == ID
    with pytest.raises(NotPossible, match=r"2 Outposts are named 'o1': op-\S+1, op-\S+2"):
        outposts.get(fake, "o1")
    with pytest.raises(NotPossible, match="No Outpost is named 'o9'"):
        outposts.get(fake, "o9")
