# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests of the modules that talk to AWS share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest


class Client:
    """Answers each method from a table, and remembers what it was asked. A list answers one call after the other."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        self._replies = {name: list(reply) if isinstance(reply, list) else reply for name, reply in replies.items()}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def answer(**parameters: Any) -> Any:
            self.calls.append((method, parameters))
            reply = self._replies[method]
            reply = reply.pop(0) if isinstance(reply, list) else reply
            if isinstance(reply, Exception):
                raise reply
            return reply(**parameters) if callable(reply) else reply

        return answer

    def methods(self) -> list[str]:
        return [method for method, _parameters in self.calls]


@pytest.fixture
def client(naps: list[float]) -> Callable[..., Client]:
    """Makes a stand-in for an AWS client."""
    return lambda **replies: Client(replies)


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody sleeps in these tests; this is how long they would have."""
    taken: list[float] = []
    monkeypatch.setattr("time.sleep", taken.append)
    return taken


class Exited(Exception):
    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result)
        self.result = result


class Failed(Exited):
    pass


class Module:
    """Stands in for AnsibleAWSModule. Without a client, asking for one is an error: nothing may be called."""

    def __init__(self, params: Mapping[str, Any], client: Client | None, check_mode: bool) -> None:
        self._given = params
        self._client = client
        self.check_mode = check_mode
        self.params: dict[str, Any] = {}

    def __call__(self, argument_spec: Mapping[str, Any], **_checks: Any) -> Module:
        unknown = set(self._given) - set(argument_spec)
        assert not unknown, unknown
        self.params = {name: self._given.get(name, spec.get("default")) for name, spec in argument_spec.items()}
        return self

    def client(self, _service: str, config: Mapping[str, Any]) -> Client:
        assert config["retries"]["mode"] == "standard"
        assert self._client is not None, "AWS is about to be called"
        return self._client

    def warn(self, message: str) -> None:
        assert message

    def exit_json(self, **result: Any) -> None:
        raise Exited(result)

    def fail_json(self, **result: Any) -> None:
        raise Failed(result)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run main() of a module file with these parameters; a failure comes back as its result with failed=True."""

    def run_main(
        module: Any, params: Mapping[str, Any], client: Client | None = None, check_mode: bool = False
    ) -> dict[str, Any]:
        monkeypatch.setattr(module, "AnsibleAWSModule", Module(params, client, check_mode))
        try:
            module.main()
        except Failed as end:
            return {"failed": True, **end.result}
        except Exited as end:
            return end.result
        raise AssertionError("main() came back")

    return run_main
