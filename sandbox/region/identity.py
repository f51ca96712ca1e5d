# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: access keys that the Region handed to managed nodes, and everybody else."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass

from .errors import ApiError

# Access key ids of role sessions start with ASIA; the rest tells ours from those of moto's STS, also after a restart.
KEY_PREFIX = "ASIAEDGE"
ANONYMOUS = "anonymous"
TOKEN_LIFETIME = 3600
_MANAGED_NODE = re.compile(r"mi-[0-9a-f]{17}")


@dataclass(frozen=True)
class Caller:
    """The caller as far as the request tells: the access key id, and the managed node or EC2 instance behind it."""

    access_key_id: str | None
    node: str | None = None

    @property
    def name(self) -> str:
        return self.node or self.access_key_id or ANONYMOUS


@dataclass(frozen=True)
class RoleToken:
    """Temporary credentials: of a managed node, of an EC2 instance, or of a task."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: float
    node: str | None


def is_managed_node_id(text: str) -> bool:
    return bool(_MANAGED_NODE.fullmatch(text))


def _key_id() -> str:
    return KEY_PREFIX + base64.b32encode(secrets.token_bytes(8)).decode()[:12]


class Credentials:
    """Role tokens by access key id."""

    def __init__(self) -> None:
        self._tokens: dict[str, RoleToken] = {}
        self._keys: dict[str, list[str]] = {}

    def issue(self, node: str, now: float) -> RoleToken:
        """Fresh credentials of a managed node or an EC2 instance."""
        return self._make(node, node, now)

    def current(self, node: str, now: float) -> RoleToken:
        """The newest credentials of an instance, fresh ones when these have passed half of their life."""
        keys = self._keys.get(node)
        newest = self._tokens[keys[-1]] if keys else None
        if newest is None or newest.expires - now < TOKEN_LIFETIME / 2:
            return self.issue(node, now)
        return newest

    def issue_task(self, task: str, now: float) -> RoleToken:
        """Fresh credentials of a task; as a caller it goes by its access key id."""
        return self._make(task, None, now)

    def _make(self, owner: str, node: str | None, now: float) -> RoleToken:
        self._forget_dead(owner, now)
        token = RoleToken(
            access_key_id=_key_id(),
            secret_access_key=base64.b64encode(secrets.token_bytes(30)).decode(),
            session_token=base64.b64encode(secrets.token_bytes(96)).decode(),
            expires=now + TOKEN_LIFETIME,
            node=node,
        )
        self._tokens[token.access_key_id] = token
        self._keys.setdefault(owner, []).append(token.access_key_id)
        return token

    def _forget_dead(self, owner: str, now: float) -> None:
        """Rotations overlap, and a fresh corpse is told from a stranger; what is long dead only takes room."""
        keys = self._keys.get(owner, [])
        while keys and self._tokens[keys[0]].expires <= now - TOKEN_LIFETIME:
            del self._tokens[keys.pop(0)]

    def revoke(self, owner: str) -> None:
        for key in self._keys.pop(owner, []):
            del self._tokens[key]

    def identify(self, access_key_id: str | None) -> Caller:
        """The caller behind an access key id, known or not; see `check` for whether it may still be used."""
        if access_key_id is None:
            return Caller(None)
        if is_managed_node_id(access_key_id):
            # Before it has credentials, an agent signs with its own key pair, under the id of its node.
            return Caller(access_key_id, node=access_key_id)
        token = self._tokens.get(access_key_id)
        return Caller(access_key_id, node=token.node if token else None)

    def check(self, caller: Caller, now: float) -> RoleToken | None:
        """The token behind a key that the Region handed out, None for any other key; refuses dead ones."""
        key = caller.access_key_id
        if key is None or not key.startswith(KEY_PREFIX):
            return None
        token = self._tokens.get(key)
        if token is None:
            raise ApiError("UnrecognizedClientException", "The security token included in the request is invalid.")
        if token.expires <= now:
            raise ApiError("ExpiredTokenException", "The security token included in the request is expired")
        return token

    def clear(self) -> None:
        self._tokens.clear()
        self._keys.clear()
