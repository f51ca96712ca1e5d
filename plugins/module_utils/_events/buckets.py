# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Buckets that tell EventBridge what happens in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._aws.service import Resource, Service

S3 = Service(
    name="s3",
    token="ContinuationToken",
    advice={
        "NoSuchBucket": "Create the bucket first (amazon.aws.s3_bucket), or correct its name.",
        "AccessDenied": "Allow {operation} to the identity that Ansible uses, on this bucket.",
    },
)
# Of a bucket's notification configuration; an empty structure switches it on.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_NotificationConfiguration.html
_MEMBER = "EventBridgeConfiguration"


def read(client: Any, bucket: str) -> Resource:
    intent = f"read the notifications of bucket {bucket}"
    reply = S3.call(client, "get_bucket_notification_configuration", intent, Bucket=bucket)
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}


def is_on(configuration: Mapping[str, Any]) -> bool:
    return _MEMBER in configuration


def switched(configuration: Mapping[str, Any], on: bool) -> Resource:
    """The whole configuration, since S3 replaces it as a whole: other notifications stay."""
    others = {name: value for name, value in configuration.items() if name != _MEMBER}
    return {**others, _MEMBER: {}} if on else others


def write(client: Any, bucket: str, configuration: Mapping[str, Any]) -> None:
    S3.call(
        client,
        "put_bucket_notification_configuration",
        f"write the notifications of bucket {bucket}",
        Bucket=bucket,
        NotificationConfiguration=configuration,
    )
