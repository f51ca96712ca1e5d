# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto, in this process, for every service that the Region does not serve by itself."""

from __future__ import annotations

import asyncio
import copy
import functools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from a2wsgi import WSGIMiddleware

from . import wire
from .ec2 import moto_models
from .errors import ApiError, not_implemented
from .events import moto_rules

Environ = dict[str, Any]
_LOAD_POLICIES = "MOTO_IAM_LOAD_MANAGED_POLICIES"


@contextmanager
def _no_profile() -> Iterator[None]:
    """moto makes a boto3 session while it is imported, which fails over a profile that is not there."""
    profile = os.environ.pop("AWS_PROFILE", None)
    try:
        yield
    finally:
        if profile is not None:
            os.environ["AWS_PROFILE"] = profile


def _moto_modules(account: str) -> tuple[Any, Any, Any, Any]:
    # moto reads both at import or at the first request, so they must be set before.
    os.environ["MOTO_ACCOUNT_ID"] = account
    os.environ[_LOAD_POLICIES] = "true"
    from moto.core.base_backend import BackendDict
    from moto.core.model_instances import reset_model_data
    from moto.iam.models import iam_backends
    from moto.moto_server import werkzeug_app

    return werkzeug_app, iam_backends, BackendDict, reset_model_data


@functools.cache
def _untouched_policies(account: str, partition: str) -> list[Any]:
    """The managed policies, loaded now and not in the first caller's time, and kept as they are.

    Once a process: a second Region in it shares moto's memory with the first, and would find policies in use.
    """
    _application, iam_backends, _backends, _reset = _moto_modules(account)
    return [copy.copy(policy) for policy in iam_backends[account][partition].aws_managed_policies]


class Moto:
    """moto's own dispatcher behind an ASGI door, with its failures turned into AWS's error forms."""

    def __init__(self, account: str, partition: str) -> None:
        with _no_profile():
            werkzeug_app, self._iam, self._backends, self._reset_models = _moto_modules(account)
            moto_models.extend()
            moto_rules.extend()
        self._account, self._partition = account, partition
        self._application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
        # One worker: moto's backends are not made for concurrent changes.
        self._door = WSGIMiddleware(self._serve, workers=1)
        # Held while moto serves, and while handlers of ours look into what moto holds.
        self.turn = asyncio.Lock()
        self._policies = _untouched_policies(account, partition)

    def _serve(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Run moto; whatever it raises becomes a reply that `ask` recognises."""
        try:
            self._check_known(environ)
            return list(self._application(environ, start_response))
        except NotImplementedError:
            status, reason = "501 Not Implemented", b"not implemented"
        except Exception as error:  # noqa: BLE001 - any failure of moto must end as an AWS error, never as HTML
            status, reason = "500 Internal Server Error", f"{type(error).__name__}: {error}".encode()
        start_response(status, [("content-type", "text/plain"), ("x-moto-failure", "true")])
        return [reason]

    def _check_known(self, environ: Environ) -> None:
        """Refuse services that moto lacks, before its dispatcher fails over them."""
        host = self._application.infer_service_region_host(environ, environ.get("PATH_INFO", ""))
        patterns = self._application.backend_url_patterns
        if host and "amazonaws.com" in host and not any(pattern.match(f"http://{host}") for _name, pattern in patterns):
            raise NotImplementedError(host)

    async def ask(self, call: wire.Call, scope: dict[str, Any], request_id: str) -> wire.Reply:
        """Hand a request to moto and collect its reply."""
        status, headers, body = await _exchange(self._door, scope, call.body)
        failure = _failure(call, status, headers, body)
        if failure is not None:
            return wire.error_reply(call.form, failure, request_id)
        headers = {name: value for name, value in headers.items() if name not in ("content-length", "server", "date")}
        return wire.Reply(status, body, headers, wire.error_code(status, headers, body))

    def trust_policy(self, role: str) -> str | None:
        """The trust policy of an IAM role, None when there is no such role."""
        # CreateActivation takes a path in front of the name (service-role/NAME), IAM's own lookup does not.
        name = role.rpartition("/")[2]
        for known in list(self._iam[self._account][self._partition].roles.values()):
            if known.name == name:
                return str(known.assume_role_policy_document)
        return None

    def backends(self) -> dict[tuple[str, str], Any]:
        """What moto holds for this account, by service and Region."""
        return {
            (known.service_name, str(region)): backend
            for known in list(self._backends._instances)
            for region, backend in dict(known.get(self._account, {})).items()
        }

    def put_back(self, backends: dict[tuple[str, str], Any]) -> None:
        """Let moto hold what it held before; everything else of it should have been forgotten."""
        from moto.backends import get_backend

        for (service, region), backend in backends.items():
            dict.__setitem__(get_backend(service)[self._account], region, backend)

    def reset(self) -> None:
        """Forget everything. moto would read 1,500 policies from text again, which takes longer than most tests."""
        os.environ[_LOAD_POLICIES] = "false"
        try:
            self._backends.reset()
            self._reset_models()
            iam = self._iam[self._account][self._partition]
        finally:
            os.environ[_LOAD_POLICIES] = "true"
        iam.aws_managed_policies = [copy.copy(policy) for policy in self._policies]
        iam.managed_policies = {policy.arn: policy for policy in iam.aws_managed_policies}


def _failure(call: wire.Call, status: int, headers: dict[str, str], body: bytes) -> ApiError | None:
    if headers.get("x-moto-failure"):
        if status == 501:
            return not_implemented(call.service, call.action)
        return ApiError("InternalFailure", f"moto failed: {body.decode(errors='replace')}", status=500)
    if status >= 400 and body and headers.get("content-type", "").startswith("text/html"):
        # moto's web framework answers what moto does not know with a page. An answer without a body is S3's own, to a
        # HEAD of a bucket that is not there.
        return not_implemented(call.service, call.action)
    return None


async def _exchange(app: Any, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
    status, headers, chunks = 500, {}, []
    inbox = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return inbox.pop() if inbox else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    # The body may not be the one that came.
    kept = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    await app({**scope, "headers": [*kept, (b"content-length", str(len(body)).encode())]}, receive, send)
    return status, headers, b"".join(chunks)
