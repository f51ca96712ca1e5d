# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose credentials the agent uses: its environment's, else the profile that the SSM agent rotates."""

from __future__ import annotations

import os

from ..files import read_text
from ..knobs import at
from ..sigv4 import Credentials
from ..ssm_profile import SHARE_FILE
from .exits import TERMINAL, AgentExit


def parse_profile(content: str, profile: str) -> dict[str, str]:
    values: dict[str, str] = {}
    inside = False
    for line in content.splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped == f"[{profile}]"
        elif inside and "=" in stripped:
            key, _separator, value = stripped.partition("=")
            values[key.strip()] = value.strip()
    return values


class Chain:
    """Called before each request; the file is read again only when it was rotated."""

    def __init__(self, env: dict[str, str], profile: str, mounted: bool) -> None:
        self._env = env
        self._profile = profile
        self._mounted = mounted
        self._stamp = -1
        self._cached: Credentials | None = None

    def __call__(self) -> Credentials:
        if self._env.get("AWS_ACCESS_KEY_ID"):
            names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
            return Credentials(*(self._env.get(name, "") for name in names))
        if not self._mounted:
            raise AgentExit(
                TERMINAL, "NoCredentialProviders: the rotated credentials are not mounted (is ECS_EXTERNAL=true?)"
            )
        path = at(SHARE_FILE)
        try:
            stamp = os.stat(path).st_mtime_ns
        except OSError as error:
            raise AgentExit(TERMINAL, f"NoCredentialProviders: {error}") from error
        if self._cached is None or stamp != self._stamp:
            self._cached, self._stamp = self._read(path), stamp
        return self._cached

    def _read(self, path: str) -> Credentials:
        found = parse_profile(read_text(path) or "", self._profile)
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        if not found.get(names[0]) or not found.get(names[1]):
            raise AgentExit(
                TERMINAL, f"NoCredentialProviders: no credentials in profile {self._profile} of {SHARE_FILE}"
            )
        return Credentials(*(found.get(name, "") for name in names))
