# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the machines of a Region in pages, from ECS, Systems Manager and EC2.

Of N machines that are container instances: ceil(N/100) calls list and as many describe them, ceil(N/50) read their
managed nodes. Of those that are none, ceil(M/100) read their tags. Nothing grows with machines one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..module_utils._aws import identity
from ..module_utils._aws.errors import Refused
from ..module_utils._ec2 import instances as ec2_instances
from ..module_utils._ecs import clusters, container_instances
from ..module_utils._ssm import managed_nodes, node_tags
from ..module_utils._ssm.managed_nodes import NodeQuery
from ..module_utils.planning import nodes
from ..module_utils.planning.sources import Question, Source

Client = Callable[[str], Any]
Resource = dict[str, Any]
# Raises what is not to be lived with.
Tolerate = Callable[[Refused], None]


def read(client: Client, source: Source, region: str, question: Question, tolerate: Tolerate) -> list[nodes.Row]:
    """The machines that are asked for, in a Region of a source."""
    instances = _container_instances(client("ecs"), source.clusters, question, tolerate)
    joined = {str(item["ec2_instance_id"]) for item in instances}
    managed = _managed_nodes(client("ssm"), joined, question)
    machines = _ec2_instances(client, joined | {node["instance_id"] for node in managed}, question)
    partition, account = _owner(client, instances, bool(managed or machines))
    alone = [node["instance_id"] for node in managed if node["instance_id"] not in joined]
    tags = node_tags.read(client(node_tags.SERVICE), f"arn:{partition}:ssm:{region}:{account}", alone) if alone else {}
    managed = [{**node, "tags": tags.get(node["instance_id"], {})} for node in managed]
    rows = nodes.join(instances, managed, machines, {"account": account, "region": region})
    return [row for row in rows if question.wants(row)]


def _container_instances(client: Any, named: Sequence[str], question: Question, tolerate: Tolerate) -> list[Resource]:
    found: list[Resource] = []
    status = question.statuses[0] if len(question.statuses) == 1 else None
    for cluster in named or clusters.list_arns(client):
        try:
            arns = container_instances.list_arns(client, cluster, status, question.expression or None)
            described = container_instances.describe(client, cluster, arns)
        except Refused as refusal:
            tolerate(refusal)
            continue
        found += [{**item, "cluster": cluster.rpartition("/")[2]} for item in described]
    return found


def _managed_nodes(client: Any, joined: Iterable[str], question: Question) -> list[Resource]:
    """Those of the fleets by their tag, and those of the other container instances by their ids."""
    tagged = [] if question.joined_only else managed_nodes.describe(client, NodeQuery(tag_values=question.tag_values))
    left = sorted(set(joined) - {node["instance_id"] for node in tagged})
    return tagged + (managed_nodes.describe(client, NodeQuery(instance_ids=left)) if left else [])


def _ec2_instances(client: Client, known: Iterable[str], question: Question) -> list[Resource]:
    """Those that the fleets have launched, whether they have joined yet or not, and those that have come otherwise."""
    if not question.wants_ec2:
        return []
    ec2 = client("ec2")
    tagged = [] if question.joined_only else ec2_instances.tagged(ec2, question.tag_values)
    ids = {machine for machine in known if machine.startswith("i-")}
    return tagged + ec2_instances.by_id(ec2, sorted(ids - {item["instance_id"] for item in tagged}))


def _owner(client: Client, instances: Sequence[Resource], needed: bool) -> tuple[str, str]:
    """Partition and account, from an ARN where there is one."""
    if instances:
        parts = instances[0]["container_instance_arn"].split(":")
        return parts[1], parts[4]
    return identity.whose(client("sts")) if needed else ("", "")
