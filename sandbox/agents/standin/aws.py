# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of an AWS JSON service, signed or not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Callable

from . import sigv4, websocket, wire
from .release import VERSION

THROTTLES = frozenset(
    ("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded")
)


class AwsError(Exception):
    """A refusal by the service."""

    def __init__(self, code: str, message: str, status: int, request_id: str = "") -> None:
        super().__init__(f"{code}: {message}\n\tstatus code: {status}, request id: {request_id}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def transient(self) -> bool:
        return self.status >= 500 or self.code in THROTTLES


def dns_suffix(region: str) -> str:
    """Partition suffixes as in the agents' endpoint tables."""
    for prefix, suffix in (("cn-", "amazonaws.com.cn"), ("eusc-", "amazonaws.eu")):
        if region.startswith(prefix):
            return suffix
    return "amazonaws.com"


def endpoint(service: str, region: str, override: str = "") -> str:
    if not override:
        return f"https://{service}.{region}.{dns_suffix(region)}"
    return override if "://" in override else "https://" + override


def _error(response: wire.Response) -> AwsError:
    try:
        body = json.loads(response.body or b"{}")
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    code = str(body.get("__type") or response.headers.get("x-amzn-errortype") or "UnknownError")
    message = str(body.get("message") or body.get("Message") or "")
    request_id = response.headers.get("x-amzn-requestid", "")
    return AwsError(code.rpartition("#")[2].partition(":")[0], message, response.status, request_id)


class Client:
    """`authorize` may add headers that are made from the signed ones (the SSM agent's RSA signature)."""

    def __init__(
        self,
        service: str,
        target_prefix: str,
        region: str,
        address: str,
        credentials: Callable[[], sigv4.Credentials] | None = None,
        environ: Mapping[str, str] | None = None,
        authorize: Callable[[dict[str, str]], dict[str, str]] | None = None,
        agent_name: str = "edgefleet-standin",
    ) -> None:
        self._service = service
        self._prefix = target_prefix
        self._region = region
        self._address = address
        self._credentials = credentials
        self._environ = os.environ if environ is None else environ
        self._authorize = authorize
        self._agent_name = agent_name

    def beside(self, service: str, prefix: str, region: str, credentials: sigv4.Credentials) -> Client:
        """A client of another service at the same address: the sandbox has one for all."""
        return Client(
            service, prefix, region, self._address, lambda: credentials, self._environ, agent_name=self._agent_name
        )

    def connect(self, address: str, query: Mapping[str, str], timeout: float = 30.0) -> websocket.WebSocket:
        """A websocket, its handshake signed like a call."""
        url = wire.parse_url(address)
        canonical = sigv4.canonical_query(query)
        headers = {"Host": url.netloc, "User-Agent": f"{self._agent_name}/{VERSION}"}
        if self._credentials:
            given = self._credentials()
            signed = sigv4.sign(
                {"Host": url.netloc}, url.path, b"", self._region, self._service, given, method="GET", query=canonical
            )
            headers.update(signed)
        return websocket.connect(f"{address}?{canonical}", headers, self._environ, timeout)

    def post(self, path: str, payload: Mapping[str, Any], timeout: float = 10.0) -> wire.Response:
        """A call of a service with paths, signed; AwsError for a refusal. The reply is not always JSON."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        address = self._address.rstrip("/") + path
        headers = {"Host": wire.parse_url(address).netloc, "Content-Type": "application/json"}
        if self._credentials:
            headers = sigv4.sign(headers, path, body, self._region, self._service, self._credentials())
        headers["User-Agent"] = f"{self._agent_name}/{VERSION}"
        response = wire.post(address, headers, body, self._environ, timeout)
        if response.status >= 300:
            raise _error(response)
        return response

    def call(self, action: str, payload: Mapping[str, Any], timeout: float = 10.0) -> dict[str, Any]:
        """The reply; AwsError for a refusal, WireError where there was no reply."""
        body = json.dumps(payload, separators=(",", ":")).encode()
        url = wire.parse_url(self._address)
        headers = {
            "Host": url.netloc,
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{self._prefix}.{action}",
        }
        if self._credentials:
            headers = sigv4.sign(headers, url.path, body, self._region, self._service, self._credentials())
            if self._authorize:
                headers.update(self._authorize(headers))
        headers["User-Agent"] = f"{self._agent_name}/{VERSION}"
        response = wire.post(self._address, headers, body, self._environ, timeout)
        if response.status != 200:
            raise _error(response)
        try:
            reply = json.loads(response.body or b"{}")
        except ValueError as error:
            raise wire.WireError(f"SerializationError: {error}") from error
        return reply if isinstance(reply, dict) else {}
