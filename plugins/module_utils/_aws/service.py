# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One way to call AWS: retries, pages and errors are the same for every operation of every service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

from .errors import Refused

Resource = dict[str, Any]
Item = TypeVar("Item")

# For `module.client(...)`. Explicit, because botocore's own default has changed between releases. This layer repeats
# broken connections and 5xx within the second; the decorator below has the patience for throttling.
CLIENT_CONFIG = {"retries": {"mode": "standard", "max_attempts": 4}}

# Codes that pass by themselves and that amazon.aws does not know as such.
_PASSING_CODES = [
    "ThrottlingException",
    "ServerException",
    "InternalServerError",
    "TooManyUpdates",
    "UpdateInProgressException",
]

ADVICE = {
    "AccessDeniedException": "Allow {operation} to the identity that Ansible uses (sts:GetCallerIdentity names it).",
    "ExpiredTokenException": "Renew the credentials that Ansible uses; they have expired.",
    "InvalidSignatureException": "Check the secret key and the clock of the control node.",
    "UnrecognizedClientException": "Check the access key, and that it belongs to this partition and Region.",
    "ThrottlingException": "The account's request rate is used up: run again later, or with fewer sites in parallel.",
}
_UNREACHABLE_ADVICE = "Check the Region's name, the credentials, the proxy and that the endpoint answers on port 443."


@dataclass(frozen=True)
class Service:
    """An AWS service: its name, how it spells the page token, and what to do about its errors."""

    name: str
    token: str
    advice: Mapping[str, str] = field(default_factory=dict)

    def call(self, client: Any, method: str, intent: str, **parameters: Any) -> Resource:
        """Call one operation. `intent` completes the sentence "Could not ..."."""
        # Here, because amazon.aws reports a missing botocore better than an import at the top would.
        from botocore.exceptions import BotoCoreError, ClientError

        patient = AWSRetry.jittered_backoff(retries=5, delay=2, max_delay=20, catch_extra_error_codes=_PASSING_CODES)
        try:
            reply: Resource = patient(getattr(client, method))(**parameters)
        except ClientError as error:
            raise self._refused(method, intent, error.response) from error
        except BotoCoreError as error:
            operation = self._operation(method)
            text = str(error).rstrip(". ")
            message = f"Could not {intent}: {operation} got no answer: {text}. {_UNREACHABLE_ADVICE}"
            raise Refused(message, code=type(error).__name__, error={"operation": operation}) from error
        return reply

    def call_all(self, client: Any, method: str, key: str, intent: str, **parameters: Any) -> list[Any]:
        """Read every page. Each page is retried by itself, so that throttling does not send us back to the first."""
        items: list[Any] = []
        token: dict[str, str] = {}
        while True:
            page = self.call(client, method, intent, **parameters, **token)
            items.extend(page.get(key, []))
            if not page.get(self.token):
                return items
            token = {self.token: page[self.token]}

    def _operation(self, method: str) -> str:
        return f"{self.name}:{''.join(word.capitalize() for word in method.split('_'))}"

    def _refused(self, method: str, intent: str, response: Mapping[str, Any]) -> Refused:
        operation = self._operation(method)
        code = response.get("Error", {}).get("Code", "Unknown")
        text = response.get("Error", {}).get("Message", "")
        request_id = response.get("ResponseMetadata", {}).get("RequestId", "unknown")
        advice = {**ADVICE, **self.advice}.get(code, "").format(operation=operation)
        # Some of AWS's own messages end with a full stop, others do not, and a few are empty.
        told = ": ".join(part for part in (code, text.rstrip(". ")) if part)
        message = f"Could not {intent}: {operation} was refused with {told} (request {request_id}). {advice}"
        error = {"operation": operation, "code": code, "message": text, "request_id": request_id}
        return Refused(message.strip(), code=code, error=error)


def batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])
