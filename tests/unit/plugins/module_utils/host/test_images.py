# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.images import Reference, missing, parse, validate

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("text", "reference", "registry"),
    [
        ("demo/web:1", Reference("demo/web", "1", None), "docker.io"),
        ("busybox:1.36", Reference("busybox", "1.36", None), "docker.io"),
        ("public.ecr.aws/a/b-c:v1", Reference("public.ecr.aws/a/b-c", "v1", None), "public.ecr.aws"),
        ("10.0.0.1:5000/till:1", Reference("10.0.0.1:5000/till", "1", None), "10.0.0.1:5000"),
        ("localhost/till:1", Reference("localhost/till", "1", None), "localhost"),
        (f"ghcr.io/a/b@{DIGEST}", Reference("ghcr.io/a/b", None, DIGEST), "ghcr.io"),
        (f"ghcr.io/a/b:1@{DIGEST}", Reference("ghcr.io/a/b", "1", DIGEST), "ghcr.io"),
    ],
)
def test_references(text: str, reference: Reference, registry: str) -> None:
    assert parse(text) == reference
    assert reference.registry == registry


@pytest.mark.parametrize(
    "text", ["", "Shop/Till:1", "till:", "a b:1", "https://x/y:1", "x@sha256:abc", "x:1\n", None, 1]
)
def test_no_references(text: Any) -> None:
    assert parse(text) is None


def test_good_images() -> None:
    assert validate([]) == []
    items = [
        {"image": "a/b:1"},
        {"image": f"a/c@{DIGEST}"},
        {"image": "a/d:1", "archive": "files/d.tar", "id": DIGEST},
        {"image": "a/e:1", "archive": "http://nas/e.tar", "checksum": DIGEST, "id": None},
    ]
    assert validate(items) == []


@pytest.mark.parametrize(
    ("item", "named"),
    [
        ("a/b:1", ["no mapping"]),
        ({"image": "A"}, ["image", "'A'"]),
        ({"name": "a/b:1"}, ["name: no such key", "image"]),
        ({"image": "a/b"}, ["a/b", "neither a tag nor a digest"]),
        ({"image": f"a/b@{DIGEST}", "archive": "x.tar"}, ["archive does not carry"]),
        ({"image": "a/b:1", "id": "abc"}, ["id", "'abc'"]),
        ({"image": "a/b:1", "archive": "x", "checksum": "md5:1"}, ["checksum", "md5:1"]),
        ({"image": "a/b:1", "archive": "https://nas/x.tar"}, ["checksum", "needs one"]),
    ],
)
def test_bad_images_are_named(item: Any, named: list[str]) -> None:
    errors = " | ".join(validate([{"image": "x:1"}, item]))
    assert errors.startswith("[1]: ")
    assert all(text in errors for text in named), errors


def test_twice_the_same_image() -> None:
    assert validate([{"image": "a:1"}, {"image": "a:1", "archive": "x"}]) == ["a:1: stands there twice"]
    same_name = [{"image": "a:1", "archive": "x/i.tar"}, {"image": "b:1", "archive": "y/i.tar"}]
    assert validate(same_name) == ["archives: two are called i.tar; allowed: files with names of their own"]
    assert validate([{"image": "a:1", "archive": "x/i.tar"}, {"image": "b:1", "archive": "x/i.tar"}]) == []
    assert "no list" in validate("a:1")[0]


@pytest.mark.parametrize(
    ("item", "known", "result"),
    [
        ({"image": "a:1"}, None, {"a:1": (None, "present")}),
        ({"image": "a:1"}, DIGEST, {}),
        ({"image": "a:1", "id": DIGEST}, DIGEST, {}),
        ({"image": "a:1", "id": DIGEST}, OTHER, {"a:1": (OTHER, DIGEST)}),
        ({"image": "a:1", "id": DIGEST}, None, {"a:1": (None, DIGEST)}),
    ],
)
def test_missing(item: dict[str, str], known: str | None, result: dict[str, Any]) -> None:
    assert missing([item], {"a:1": known}) == result
