# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's rules: what they hold, and which of them an event or a moment sets off."""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..context import Settings

# Matches that moto made while it served, by account and Region: its S3 and its PutEvents both send to rules.
_MATCHES: dict[tuple[str, str], deque[tuple[Any, dict[str, Any]]]] = defaultdict(deque)


def is_cluster(target: dict[str, Any]) -> bool:
    parts = target.get("Arn", "").split(":", 5)
    return len(parts) == 6 and parts[2] == "ecs" and parts[5].startswith("cluster/")


def scheduled(settings: Settings) -> list[Any]:
    return [rule for rule in _rules(settings) if rule.scheduled_expression]


def with_pattern(settings: Settings) -> list[Any]:
    """Rules that services of AWS tell of what happens: those of the default bus that are not disabled."""
    mine = [rule for rule in _rules(settings) if rule.event_bus_name == "default" and rule.state == "ENABLED"]
    return [rule for rule in mine if rule.event_pattern.get_pattern()]


def _rules(settings: Settings) -> list[Any]:
    from moto.events.models import events_backends

    # Not by index: moto would make what it does not have yet, with the AWS profile of whoever looks.
    known = dict.get(dict.get(events_backends, settings.account, {}), settings.name)
    buses = list(known.event_buses.values()) if known else []
    return [rule for bus in buses for rule in list(bus.rules.values())]


def matches(settings: Settings) -> list[tuple[Any, dict[str, Any]]]:
    """Rules and the events that they matched since the last look."""
    waiting = _MATCHES[(settings.account, settings.name)]
    return [waiting.popleft() for _ in range(len(waiting))]


def forget(settings: Settings) -> None:
    _MATCHES.pop((settings.account, settings.name), None)


def extend() -> None:
    """Let moto's rules leave clusters to us, over which it would fail, and its buckets tell that they send events."""
    _extend_rules()
    _extend_buckets()


def _extend_buckets() -> None:
    """moto keeps EventBridgeConfiguration, and leaves it out when it is asked."""
    from moto.core.responses import ActionResult
    from moto.s3.responses import S3Response

    if hasattr(S3Response, "of_edgefleet"):
        return
    original = S3Response.serialized

    def serialized(self: Any, result: Any) -> Any:
        if self.data.get("Action") == "GetBucketNotificationConfiguration":
            kept = self.backend.get_bucket_notification_configuration(self.bucket_name)
            if kept is not None and kept.event_bridge is not None:
                result = ActionResult({**result.result, "EventBridgeConfiguration": {}})
        return original(self, result)

    S3Response.serialized = serialized
    S3Response.of_edgefleet = True


def _extend_rules() -> None:
    from moto.events.models import Rule

    if hasattr(Rule, "of_edgefleet"):
        return
    original = Rule.send_to_targets

    def send_to_targets(self: Any, original_event: dict[str, Any], transform_input: bool = True) -> None:
        # To moto, a rule without a pattern matches everything, and a disabled one goes on.
        if self.event_pattern.get_pattern() and self.state == "ENABLED":
            clusters = [target for target in self.targets if is_cluster(target)]
            if clusters and self.event_pattern.matches_event(original_event):
                _MATCHES[(self.account_id, self.region_name)].append((self, copy.deepcopy(original_event)))
        others = copy.copy(self)
        others.targets = [target for target in self.targets if not is_cluster(target)]
        original(others, original_event, transform_input)

    Rule.send_to_targets = send_to_targets
    Rule.of_edgefleet = True
