# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of many managed nodes: Systems Manager tells those of one a call, this API those of a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._aws.service import Service, batches
from .transformations import tags_to_dict

# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
TAGGING = Service(name="tag", token="PaginationToken")
SERVICE = "resourcegroupstaggingapi"
BATCH = 100


def read(client: Any, owner: str, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """Tags by id, of the machines outside of AWS among these; those without tags are left out.

    :param owner: how the ARN of any resource of theirs begins: C(arn:PARTITION:ssm:REGION:ACCOUNT).
    """
    found: dict[str, dict[str, str]] = {}
    for batch in batches([node_id for node_id in ids if node_id.startswith("mi-")], BATCH):
        arns = [f"{owner}:managed-instance/{node_id}" for node_id in batch]
        intent = f"read the tags of {len(batch)} managed nodes"
        reply = TAGGING.call(client, "get_resources", intent, ResourceARNList=arns)
        for item in reply.get("ResourceTagMappingList", []):
            found[item["ResourceARN"].rpartition("/")[2]] = tags_to_dict(item.get("Tags"))
    return found
