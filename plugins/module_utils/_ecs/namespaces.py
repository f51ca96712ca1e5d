# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default Service Connect namespace of a cluster, which is given by name or ARN and told by ARN."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .._aws.errors import Refused, invalid
from .._aws.service import Service

CLOUD_MAP = Service(name="servicediscovery", token="NextToken")

_ARN = re.compile(r"arn:aws[a-z-]*:servicediscovery:[a-z0-9-]+:\d{12}:namespace/(?P<id>[a-zA-Z0-9_-]{1,64})")
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ClusterServiceConnectDefaultsRequest.html
_NAME = re.compile(r"[^<>\"/]{0,1024}")


def check_namespace(namespace: str | None) -> str | None:
    """An empty text takes the namespace away from the cluster."""
    if namespace is not None and not (_NAME.fullmatch(namespace) or _ARN.fullmatch(namespace)):
        rule = 'give an ARN, or a name of at most 1024 characters without < > " and /'
        raise invalid("service_connect_defaults.namespace", namespace, rule)
    return namespace


def same_namespace(current: str, wanted: str, make_client: Callable[[], Any]) -> bool:
    """Cloud Map is asked only where a name stands against the ARN of a namespace."""
    arn = _ARN.fullmatch(current)
    if current == wanted or not wanted or _ARN.fullmatch(wanted) or not arn:
        return current == wanted
    try:
        reply = CLOUD_MAP.call(make_client(), "get_namespace", f"read namespace {arn['id']}", Id=arn["id"])
    except Refused as refusal:
        if refusal.code == "NamespaceNotFound":
            return False
        raise
    return bool(reply["Namespace"].get("Name") == wanted)
