# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's mirrors and keys for any release: those of this machine's own apt sources, with the suite's name exchanged.

Root file systems of hosts and what hosts install come from there: nothing else is asked of the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Releases that hosts can be of.
SUITES = ("bookworm", "bullseye", "trixie")


class SourceError(Exception):
    """The machine's own sources do not serve; in the words of the user."""


@dataclass(frozen=True)
class Source:
    """One entry of the machine's apt sources."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""

    def line(self, suite: str) -> str:
        options = f"[signed-by={self.signed_by}] " if self.signed_by else ""
        return f"deb {options}{self.uri} {suite} main"


def parse_deb822(text: str) -> Iterator[Source]:
    """The sources of a `.sources` file."""
    for stanza in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in stanza.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():
                fields[key] = f"{fields.get(key, '')}\n{line.strip()}"
            else:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        yield from _from_fields(fields)


def _from_fields(fields: dict[str, str]) -> Iterator[Source]:
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
        return
    # A key may also stand in the file itself; apt's trusted keys are tried then.
    signed_by = fields.get("signed-by", "")
    signed_by = signed_by if signed_by.startswith("/") else ""
    for uri in fields.get("uris", "").split():
        for suite in fields.get("suites", "").split():
            yield Source(uri, suite, tuple(fields.get("components", "").split()), signed_by)


def parse_one_line(text: str) -> Iterator[Source]:
    """The sources of a `sources.list` file."""
    for line in text.splitlines():
        match = re.match(r"\s*deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<rest>[^#]+)", line)
        words = match["rest"].split() if match else []
        if match and len(words) >= 3:
            signed_by = re.search(r"signed-by=(\S+)", match["options"] or "", re.IGNORECASE)
            yield Source(words[0], words[1], tuple(words[2:]), signed_by[1] if signed_by else "")


def machine_sources(apt: Path = Path("/etc/apt")) -> list[Source]:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    sources: list[Source] = []
    for file in files:
        if file.suffix == ".list" and file.is_file():
            sources += parse_one_line(file.read_text())
        elif file.suffix == ".sources":
            sources += parse_deb822(file.read_text())
    return sources


def lines_for(sources: Iterable[Source], codename: str, suite: str) -> list[str]:
    """Source lines for `suite`, made of the machine's sources for its own release (`codename`) and nothing else."""
    own = [codename, f"{codename}-updates", f"{codename}-security"]
    found = [source for source in sources if source.suite in own and "main" in source.components]
    if codename not in [source.suite for source in found]:
        raise SourceError(
            f"the machine's apt sources have no entry for {codename} main: what hosts are made of comes "
            "from the Debian mirror that the machine itself uses; add it to /etc/apt/sources.list.d"
        )
    lines = [source.line(suite + source.suite[len(codename) :]) for source in found]
    return list(dict.fromkeys(lines))


def codename(os_release: str) -> str:
    match = re.search(r'^VERSION_CODENAME="?([a-z]+)"?$', os_release, re.MULTILINE)
    if not match:
        raise SourceError("/etc/os-release names no VERSION_CODENAME: this tool needs a Debian machine")
    return match[1]


def machine_lines(suite: str) -> list[str]:
    """Source lines for `suite` on this machine."""
    return lines_for(machine_sources(), codename(Path("/etc/os-release").read_text()), suite)
