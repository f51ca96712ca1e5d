# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of ecs.config is hidden, how it is shown, and how it is compared."""

from __future__ import annotations

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_secrets import (
    digest,
    fingerprint,
    is_secret,
    mask,
    mask_change,
    mask_text,
    same,
)


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("ECS_ENGINE_AUTH_DATA", '{"registry.example":{"username":"shop","password":"hunter2"}}', "(hidden)"),
        ("HTTP_PROXY", "http://joe:hunter2@proxy:3128", "http://(hidden)@proxy:3128"),
        ("HTTP_PROXY", "http://joe:hunt@er2@proxy:3128", "http://(hidden)@proxy:3128"),
        ("HTTPS_PROXY", "joe:hunter2@proxy:3128", "(hidden)@proxy:3128"),
        ("ECS_LOG_OPTS", '{"splunk-token":"hunter2","tag":"x"}', '{"splunk-token":"(hidden)","tag":"x"}'),
        ("AWS_SECRET_ACCESS_KEY", "hunter2", "(hidden)"),
        ("my_password", "hunter2", "(hidden)"),
    ],
)
def test_mask(name: str, value: str, shown: str) -> None:
    assert mask({name: value}) == {name: shown}
    assert is_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ECS_CLUSTER", "retail-edge"),
        ("HTTP_PROXY", "http://proxy:3128"),
        ("ECS_CONTAINER_INSTANCE_TAGS", '{"mail":"joe:x@example.net"}'),
        ("ECS_EXCLUDE_UNTRACKED_IMAGE", "registry:5000/app@sha256:00"),
        ("CREDENTIALS_FETCHER_HOST", "unix:///x"),
        ("ECS_LOG_OPTS", '{"tag":"x"}'),
        ("ECS_LOG_OPTS", "{broken"),
    ],
)
def test_mask_leaves_the_rest(name: str, value: str) -> None:
    assert mask({name: value}) == {name: value}
    assert not is_secret(name, value)


def test_a_file_is_masked_with_its_comments() -> None:
    text = "# HTTP_PROXY=joe:hunter2@proxy\nexport HTTP_PROXY=joe:hunter2@proxy\nECS_CLUSTER=a\nno equals\n"
    assert mask_text(text) == text.replace("joe:hunter2", "(hidden)")


def test_a_secret_that_changes_shows_as_a_change() -> None:
    before = "A_TOKEN=hunter2\nB_TOKEN=hunter2\nECS_CLUSTER=a\n"
    assert mask_change(before, "A_TOKEN=hunter2\nB_TOKEN=hunter3\nECS_CLUSTER=b\n") == (
        "A_TOKEN=(hidden)\nB_TOKEN=(hidden)\nECS_CLUSTER=a\n",
        "A_TOKEN=(hidden)\nB_TOKEN=(hidden, another value)\nECS_CLUSTER=b\n",
    )


def test_digests_are_salted() -> None:
    assert fingerprint("m1", "text") != fingerprint("m2", "text")
    # sha256 of "m1\ntext": other programs compute it, too, so it must not change
    assert fingerprint("m1", "text") == "9c57523e8fd81eb7df141ffe2f5be1fea6299506c0f1e638c8141f61827704ae"
    assert digest("m1", "x").startswith("sha256:") and digest("m1", "x") != digest("m2", "x")
    assert same("m1", "x", "x") and same("m1", digest("m1", "x"), "x")
    assert not same("m1", digest("m2", "x"), "x") and not same("m1", "y", "x")
