# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import nodes, sources
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.sources import Question, Source

ROLE = "arn:aws:iam::111122223333:role/fleet-reader"
ROW = {
    "site": "lyon", "cluster": "retail-edge", "kind": "external", "status": "ACTIVE", "agent_connected": True,
    "platform_type": "Linux", "platform_name": "Debian GNU/Linux", "region": "us-west-2", "account": "111122223333",
    "fleet": "retail", "tags": {"fleet": "retail", "environment": "edge"},
}  # fmt: skip


def test_without_sources_the_account_of_the_credentials_is_read() -> None:
    assert sources.read_sources([], {"regions": "us-west-2", "clusters": []}) == [Source("", ("us-west-2",))]
    assert Source("", ("us-west-2",)).label("us-west-2") == "us-west-2"


def test_a_source_has_what_it_names_and_else_what_the_inventory_names() -> None:
    defaults = {"regions": ["us-west-2", "eu-west-3"], "clusters": ["retail-edge"]}
    given = [
        {"assume_role_arn": ROLE, "clusters": "plants"},
        {"name": "own", "profile": "own", "regions": ["cn-north-1"]},
    ]
    shops, own = sources.read_sources(given, defaults)
    assert shops == Source(ROLE, ("us-west-2", "eu-west-3"), ("plants",), ROLE)
    assert own == Source("own", ("cn-north-1",), ("retail-edge",), profile="own")
    assert own.label("cn-north-1") == "own in cn-north-1"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["us-west-2"], "sources, item 1: 'us-west-2' is not valid: give a dictionary"),
        ([{}, {"role": ROLE}], "sources, item 2: role is not known; members are name, assume_role_arn"),
        ([{"assume_role_arn": "fleet-reader"}], "assume_role_arn: 'fleet-reader' is not valid: give the ARN of a role"),
        ([{"regions": ["Oregon"]}], "regions: 'Oregon' is not valid"),
    ],
)
def test_a_source_that_cannot_be_is_refused(given: Any, told: str) -> None:
    with pytest.raises(sources.SourceError, match=told):
        sources.read_sources(given, {"regions": ["us-west-2"]})


def test_somewhere_a_region_must_be_named() -> None:
    with pytest.raises(sources.SourceError, match="No Region is named"):
        sources.read_sources([], {"regions": None})


def test_tags_have_a_value_or_some_or_any() -> None:
    read = sources.read_tags({"site": ["lyon", "oslo"], "floor": 2, "owner": None})
    assert read == {"site": ("lyon", "oslo"), "floor": ("2",), "owner": ()}
    question = Question(fleets=("retail",), tags=read)
    assert question.tag_values == {"fleet": ["retail"], "site": ["lyon", "oslo"], "floor": ["2"], "owner": []}
    assert Question().tag_values == {"fleet": []}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (Question(), True),
        (Question(fleets=("retail", "plants")), True),
        (Question(fleets=("plants",)), False),
        (Question(statuses=("DRAINING",)), False),
        (Question(kinds=("external",)), True),
        (Question(kinds=("outpost",)), False),
        (Question(tags={"environment": ("edge", "lab")}), True),
        (Question(tags={"environment": ()}), True),
        (Question(tags={"environment": ("lab",)}), False),
        (Question(tags={"owner": ()}), False),
    ],
)
def test_which_machines_are_asked_for(question: Question, wanted: bool) -> None:
    assert question.wants(ROW) is wanted


def test_what_need_not_be_asked_of_aws() -> None:
    assert Question().wants_ec2 and not Question().joined_only
    assert not Question(kinds=("external",)).wants_ec2
    assert Question(kinds=("external", "outpost")).wants_ec2
    assert Question(expression="agentConnected == true").joined_only
    assert Question(statuses=("ACTIVE",)).joined_only


def test_groups_bear_prefixes() -> None:
    assert sources.groups(ROW, sources.GROUPINGS) == [
        ("site_lyon", ""),
        ("cluster_retail_edge", ""),
        ("kind_external", ""),
        ("status_active", ""),
        ("connected", ""),
        ("platform_linux", ""),
        ("platform_debian_gnu_linux", "platform_linux"),
        ("region_us_west_2", ""),
        ("account_111122223333", ""),
    ]


def test_what_is_not_known_makes_no_group_but_that_of_no_status() -> None:
    (row,) = nodes.join([], [{"instance_id": "mi-1"}], [], {})
    assert sources.groups(row, sources.GROUPINGS) == [("kind_external", ""), ("status_none", ""), ("disconnected", "")]


def test_a_platform_by_one_name_is_one_group() -> None:
    assert sources.groups({**ROW, "platform_name": "Linux"}, ["platform"]) == [("platform_linux", "")]
