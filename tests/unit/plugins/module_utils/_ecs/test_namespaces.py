# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils._aws.errors import InvalidInput
from ansible_collections.edgefleet.ecs.plugins.module_utils._ecs.namespaces import check_namespace, same_namespace
from botocore.exceptions import ClientError

ARN = "arn:aws:servicediscovery:us-west-2:111122223333:namespace/ns-abc"
OTHER = ARN.replace("abc", "xyz")


def nobody() -> Any:
    raise AssertionError("Cloud Map was asked")


@pytest.mark.parametrize(
    ("current", "wanted", "same"),
    [("", "", True), ("", "shops", False), (ARN, "", False), (ARN, ARN, True), (ARN, OTHER, False), ("a", "a", True)],
)
def test_most_comparisons_need_no_call(current: str, wanted: str, same: bool) -> None:
    assert same_namespace(current, wanted, nobody) is same


def test_a_name_is_looked_up_for_an_arn(client: Callable[..., Any]) -> None:
    fake = client(get_namespace={"Namespace": {"Name": "shops"}})
    assert same_namespace(ARN, "shops", lambda: fake)
    assert not same_namespace(ARN, "factory", lambda: fake)
    assert fake.calls[0] == ("get_namespace", {"Id": "ns-abc"})
    gone = client(get_namespace=ClientError({"Error": {"Code": "NamespaceNotFound"}}, "GetNamespace"))
    assert not same_namespace(ARN, "shops", lambda: gone)


def test_names_that_are_none() -> None:
    assert check_namespace(None) is None
    assert [check_namespace(good) for good in ("", "shops", ARN)] == ["", "shops", ARN]
    for bad in ("a/b", "<a>", ARN + "/x"):
        with pytest.raises(InvalidInput, match="service_connect_defaults.namespace"):
            check_namespace(bad)
