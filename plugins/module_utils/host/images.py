# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""References of container images, and the images that a host must have. Pure.

Their form: https://github.com/distribution/reference (reference.go).
"""

from __future__ import annotations

import re
import typing as t

NAME = r"(?:[A-Za-z0-9.-]+(?::\d+)?/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = r"sha256:[0-9a-f]{64}"
REFERENCE = re.compile(f"(?P<name>{NAME})(?::(?P<tag>{TAG}))?(?:@(?P<digest>{DIGEST}))?")
DOCKER_HUB = "docker.io"
KEYS = ("image", "id", "archive", "checksum")


class Reference(t.NamedTuple):
    name: str
    tag: str | None
    digest: str | None

    @property
    def registry(self) -> str:
        """Host of the registry, as docker login has it; Docker Hub where none is named."""
        head, separator, _rest = self.name.partition("/")
        named = separator and ("." in head or ":" in head or head == "localhost")
        return head if named else DOCKER_HUB


def parse(text: t.Any) -> Reference | None:
    found = REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return Reference(found["name"], found["tag"], found["digest"]) if found else None


def validate(wanted: t.Any) -> list[str]:
    """All errors of a list of images, each with the item, its value and what is allowed."""
    if not isinstance(wanted, list):
        return ["the value is no list; allowed: a list of mappings with image, and id and archive if need be"]
    errors = [f"[{number}]: {error}" for number, item in enumerate(wanted) for error in _item_errors(item)]
    names = [item.get("image") for item in wanted if isinstance(item, dict)]
    errors += [f"{name}: stands there twice" for name in sorted({str(name) for name in names if names.count(name) > 1})]
    paths = {str(item["archive"]) for item in wanted if isinstance(item, dict) and item.get("archive")}
    files = [path.rpartition("/")[2] for path in paths]
    errors += [
        f"archives: two are called {name}; allowed: files with names of their own"
        for name in sorted({name for name in files if files.count(name) > 1})
    ]
    return errors


def _item_errors(item: t.Any) -> t.Iterator[str]:
    if not isinstance(item, dict):
        yield "no mapping; allowed: a mapping with image, and id and archive if need be"
        return
    for key in item:
        if key not in KEYS:
            yield f"{key}: no such key; allowed: {', '.join(KEYS)}"
    reference = parse(item.get("image"))
    if reference is None:
        yield f"image: the value {ascii(item.get('image'))} is no reference; allowed: such as example.net/till:1.4"
    elif not reference.tag and not reference.digest:
        yield f"image: {item['image']} has neither a tag nor a digest, so it moves; allowed: name:tag, name@sha256:..."
    elif item.get("archive") and reference.digest:
        yield f"image: {item['image']} has a digest, which an archive does not carry; allowed: name:tag, with id"
    if item.get("id") and not re.fullmatch(DIGEST, str(item["id"])):
        yield f"id: the value {ascii(item['id'])} is no id; allowed: sha256: and 64 hexadecimal digits"
    if item.get("checksum") and not re.fullmatch(DIGEST, str(item["checksum"])):
        yield f"checksum: the value {ascii(item['checksum'])} is none; allowed: sha256: and 64 hexadecimal digits"
    if str(item.get("archive") or "").startswith(("http://", "https://")) and not item.get("checksum"):
        yield "checksum: an archive from a URL needs one; allowed: sha256: and 64 hexadecimal digits"


def missing(wanted: t.Iterable[t.Mapping[str, t.Any]], have: t.Mapping[str, t.Any]) -> dict[str, tuple[t.Any, str]]:
    """By reference, the id before (None: no image) and what must be there, of those that are not as asked."""
    found = {}
    for item in wanted:
        known, name = have.get(item["image"]), item["image"]
        if known is None or (item.get("id") and item["id"] != known):
            found[name] = (known, item.get("id") or "present")
    return found
