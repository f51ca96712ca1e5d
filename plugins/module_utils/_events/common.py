# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon EventBridge as a service: how it pages and what its refusals mean."""

from __future__ import annotations

from .._aws.service import Service

EVENTS = Service(
    name="events",
    token="NextToken",
    advice={
        "ConcurrentModificationException": "Somebody else changes this rule at the same time: run again.",
        "InvalidEventPatternException": "Correct the event pattern: each value of it is a list.",
        "LimitExceededException": "The quota of rules of this event bus is used up: remove rules, or raise it.",
        "ManagedRuleException": "An AWS service owns this rule; it cannot be changed by others.",
        "ResourceNotFoundException": "Create the event bus first, or correct its name and Region.",
    },
)
