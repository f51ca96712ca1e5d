# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._outposts.validation import (
    check_outpost,
    check_outposts,
    read_sites,
)

ID = "op-0123456789abcdef0"


@pytest.mark.parametrize(
    "reference",
    [
        ID,
        f"arn:aws:outposts:us-west-2:111122223333:outpost/{ID}",
        f"arn:aws-us-gov:outposts:us-gov-west-1:111122223333:outpost/{ID}",
        "plant-oslo",
        "Hall 3",
        "operations",
    ],
)
def test_arn_id_and_name_pass(reference: str) -> None:
    assert check_outpost(reference) == reference


@pytest.mark.parametrize(
    "reference",
    ["op-1", f"{ID}f", f"arn:aws:outposts:us-west-2:1:outpost/{ID}", "", " plant", "a" * 256],
)
def test_what_is_none_of_them_is_refused(reference: str) -> None:
    with pytest.raises(InvalidInput, match="Option outpost:"):
        check_outpost(reference)


def test_duplicates_are_asked_for_once() -> None:
    assert check_outposts([ID, "a", ID]) == [ID, "a"]


def test_sites() -> None:
    site = "os-0123456789abcdef0"
    assert read_sites([site, f"arn:aws:outposts:us-west-2:111122223333:site/{site}"]) == [site, site]
    with pytest.raises(InvalidInput, match="Option sites: 'oslo'"):
        read_sites(["oslo"])
