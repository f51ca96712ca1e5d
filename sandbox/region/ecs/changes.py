# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ECS tells EventBridge of container instances: that an agent came or went, and that a status has changed.

Its other reasons for such an event (resources, attributes, versions) are not modelled, nor are events of tasks.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_container_instance_events.html
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..events import moto_rules
from . import agents, resources
from .model import ContainerInstance

if TYPE_CHECKING:
    from ..context import Region

KIND = "ECS Container Instance State Change"


def tell(region: Region) -> None:
    """Send what has changed since the last look to the rules that match it. Without rules nobody looks."""
    rules = moto_rules.with_pattern(region.settings)
    if not rules:
        region.events.seen = None
        return
    now = {
        instance.arn: (instance.status, agents.connected(region, instance), instance)
        for instances in region.ecs.instances.values()
        for instance in instances.values()
    }
    before, region.events.seen = region.events.seen, {arn: state[:2] for arn, state in now.items()}
    if before is None:  # a rule hears of what comes after it
        return
    for arn, (status, connected, instance) in now.items():
        if before.get(arn) != (status, connected):
            event = _event(region, instance, connected)
            for rule in rules:
                # As it is: what moto makes of InputTransformer takes a package that is not here.
                rule.send_to_targets(dict(event), transform_input=False)


def _event(region: Region, instance: ContainerInstance, connected: bool) -> dict[str, Any]:
    now = region.clock.now()
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": KIND,
        "source": "aws.ecs",
        "account": region.settings.account,
        # moto writes it as a text where it sends it.
        "time": now,
        "region": region.settings.name,
        "resources": [instance.arn],
        "detail": {
            "agentConnected": connected,
            "attributes": [
                {"name": name} if value is None else {"name": name, "value": value}
                for name, value in instance.attributes.items()
            ],
            "clusterArn": region.arn("ecs", f"cluster/{instance.cluster}"),
            "containerInstanceArn": instance.arn,
            "ec2InstanceId": instance.ec2_instance_id,
            "registeredResources": instance.resources,
            "remainingResources": resources.remaining(instance),
            "status": instance.status,
            "version": instance.version,
            "versionInfo": instance.version_info,
            "updatedAt": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        },
    }
