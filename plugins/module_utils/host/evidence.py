# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host that has failed can tell afterwards: the ends of logs and journals, without a secret in them."""

from __future__ import annotations

import json
import os
import re
import typing as t

from . import copies, ecs_readers, ecs_secrets, files, proxy

# Runs a command and gives its output.
Run = t.Callable[[t.Sequence[str]], str]

LIMIT = 256 * 1024
COMMANDS: dict[str, tuple[str, ...]] = {
    "units.txt": ("systemctl", "status", "--no-pager", "--full", "--lines=0", "docker", "amazon-ssm-agent", "ecs"),
    "journal-ecs.txt": ("journalctl", "--unit=ecs", "--lines=1000", "--no-pager", "--output=short-iso"),
    "journal-amazon-ssm-agent.txt": (
        "journalctl", "--unit=amazon-ssm-agent", "--lines=1000", "--no-pager", "--output=short-iso",
    ),
    "journal-docker.txt": ("journalctl", "--unit=docker", "--lines=1000", "--no-pager", "--output=short-iso"),
    "docker-info.txt": ("docker", "info"),
    "docker-containers.txt": ("docker", "ps", "--all", "--no-trunc"),
    "docker-ecs-agent.txt": ("docker", "logs", "--tail=1000", "--timestamps", "ecs-agent"),
    "disks.txt": ("df", "-h"),
    "kernel.txt": ("journalctl", "--dmesg", "--lines=300", "--no-pager", "--output=short-iso"),
}  # fmt: skip
FOLDERS = ("/var/log/ecs", "/var/log/amazon/ssm")
CONFIGS = (
    "/etc/ecs/ecs.config",
    "/var/lib/ecs/ecs.config",
    copies.ENGINE_FILE,
    "/etc/amazon/ssm/amazon-ssm-agent.json",
)

_LOGIN = re.compile(r"(?<=//)[^/\s\"'@]+@")
# The SSM agent's registration takes it as an argument.
_CODE = re.compile(r"(-code[ =]+)\S+")
# Shorter texts stand for too much else.
_SHORTEST = 6


def gather(run: Run, root: str = "") -> dict[str, str]:
    """By name of a file, its text: only what there is to say."""
    hidden = secrets(root)
    found = {name: run(command) for name, command in COMMANDS.items()}
    found.update({_name(path): tail(root + path) for path in _logs(root)})
    found.update({_name(path): ecs_secrets.mask_text(files.read(root + path) or "") for path in CONFIGS})
    return {name: covered(text[-LIMIT:], hidden) for name, text in found.items() if text.strip()}


def _logs(root: str) -> list[str]:
    return [
        os.path.join(folder, name)
        for folder in FOLDERS
        if os.path.isdir(root + folder)
        for name in sorted(os.listdir(root + folder))
        # Those that are written now: the agents move older ones aside under a name with a date.
        if name.endswith(".log") and os.path.isfile(os.path.join(root + folder, name))
    ]


def _name(path: str) -> str:
    return path.strip("/").replace("/", "-")


def tail(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - LIMIT))
            return stream.read().decode("utf-8", "replace")
    except OSError as error:
        return f"(cannot be read: {error.strerror})"


def secrets(root: str = "") -> list[str]:
    """All that this host knows of and nobody else may: longest first, so that none is covered in part."""
    texts = [files.read(root + path) or "" for path in CONFIGS[:2]]
    kept = copies.load(root)
    texts += [state.text or "" for state in kept.files.values()] if kept else []
    found: set[str] = set()
    for text in texts:
        for name, value in ecs_readers.parse_agent(text).items():
            if ecs_secrets.is_secret(name, value):
                found.update(_parts(value))
    for value in proxy.from_file(root + proxy.ENVIRONMENT_FILE).values():
        found.update(part for part in _parts(value) if part != value)
    return sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)


def _parts(value: str) -> t.Iterator[str]:
    """A secret as a whole, and what of it may be met alone: the texts in its JSON, the login in its URL."""
    yield value
    for login in _LOGIN.findall(value):
        yield login.rstrip("@")
        yield login.rpartition(":")[2].rstrip("@")
    try:
        members = json.loads(value)
    except ValueError:
        return
    yield from _texts(members)


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def covered(text: str, hidden: t.Iterable[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, ecs_secrets.HIDDEN)
    return _CODE.sub(r"\1" + ecs_secrets.HIDDEN, _LOGIN.sub(ecs_secrets.HIDDEN + "@", text))
