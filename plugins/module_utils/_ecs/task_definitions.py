# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions: thin calls, and how the modules name and show their members."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict

from .._aws.errors import NotPossible, Refused, invalid
from .._aws.service import batches
from .common import ECS
from .definition_compare import comparable, members_of, read
from .definition_members import DEFINITION
from .shapes import timestamp
from .transformations import Resource, tags_to_dict, tags_to_list

PER_DELETE = 10
_FAMILY = re.compile(r"[A-Za-z0-9_-]{1,255}")
_SHOWN = ("taskDefinitionArn", "revision", "status", "compatibilities", "registeredAt", "registeredBy")


@dataclass(frozen=True)
class Wanted:
    """`definition` holds what the caller set, in the API's form."""

    definition: Resource
    tags: dict[str, str] | None = None
    purge_tags: bool = False
    purge_members: bool = False
    site_kind: str | None = None

    @property
    def family(self) -> str:
        return str(self.definition["family"])


def _snake(name: str) -> str:
    return str(next(iter(camel_dict_to_snake_dict({name: None}))))


# The options of the module, by the API's name. Tags are apart: they are not part of a revision.
OPTIONS = {name: _snake(name) for name in DEFINITION.members}


def check_family(family: str, option: str = "family") -> str:
    if not _FAMILY.fullmatch(family):
        raise invalid(option, family, "a family has 1 to 255 letters, digits, hyphens and underscores")
    return family


def read_definition(params: Mapping[str, Any]) -> Resource:
    """What the caller set, in the API's form. Empty lists, dictionaries and texts are orders to have none."""
    given = {api: params[option] for api, option in OPTIONS.items() if params[option] is not None}
    if params["container_definitions"] == []:
        raise invalid("container_definitions", [], "a task definition has at least one container")
    return {
        api: value if value in ("", [], {}) else read(value, DEFINITION.members[api], OPTIONS[api])
        for api, value in given.items()
    }


def shape(definition: Mapping[str, Any], tags: Mapping[str, str]) -> Resource:
    """Names of the top level in snake case; what is below is written by users in the API's terms, and stays in them."""
    shown = {_snake(name): timestamp(definition[name]) for name in _SHOWN if name in definition}
    members = {OPTIONS[name]: value for name, value in members_of(definition).items()}
    return {**shown, **members, "tags": dict(tags)}


def difference(definition: Mapping[str, Any] | None, tags: Mapping[str, str]) -> Resource:
    """For diff mode: what counts, so that what is equal looks equal."""
    if definition is None:
        return {}
    return {**{OPTIONS[name]: value for name, value in comparable(definition).items()}, "tags": dict(tags)}


def describe(client: Any, reference: str) -> tuple[Resource | None, dict[str, str]]:
    """One revision and its tags; a family stands for its latest ACTIVE revision."""
    try:
        reply = ECS.call(
            client,
            "describe_task_definition",
            f"read task definition {reference}",
            taskDefinition=reference,
            include=["TAGS"],
        )
    except Refused as error:
        # ECS has no code of its own for it.
        if "Unable to describe task definition" in error.details["error"].get("message", ""):
            return None, {}
        raise
    return reply["taskDefinition"], tags_to_dict(reply.get("tags"))


def register(client: Any, definition: Mapping[str, Any], tags: Mapping[str, str]) -> tuple[Resource, dict[str, str]]:
    # Tags of AWS itself are on the revision that they were put on; nobody else may set them.
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    parameters: Resource = {**definition, **({"tags": tags_to_list(own)} if own else {})}
    intent = f"register task definition {definition['family']}"
    reply = ECS.call(client, "register_task_definition", intent, **parameters)
    return reply["taskDefinition"], tags_to_dict(reply.get("tags")) or own


def list_revisions(client: Any, family: str, status: str) -> list[str]:
    """ARNs of the family's revisions, newest first, a hundred a page."""
    arns = ECS.call_all(
        client,
        "list_task_definitions",
        "taskDefinitionArns",
        f"list task definitions of family {family}",
        familyPrefix=family,
        status=status,
        sort="DESC",
    )
    return [arn for arn in arns if family_of(arn) == family]


def list_families(client: Any, prefix: str | None, status: str) -> list[str]:
    return ECS.call_all(
        client,
        "list_task_definition_families",
        "families",
        "list task definition families",
        status=status,
        **({"familyPrefix": prefix} if prefix else {}),
    )


def deregister(client: Any, arns: Sequence[str]) -> None:
    for arn in arns:
        name = arn.rpartition("/")[2]
        ECS.call(client, "deregister_task_definition", f"deregister task definition {name}", taskDefinition=arn)


def delete(client: Any, arns: Sequence[str]) -> None:
    """Only what has been deregistered can be deleted. What is in use stays DELETE_IN_PROGRESS until it no longer is."""
    failures: list[Resource] = []
    for some in batches(arns, PER_DELETE):
        reply = ECS.call(client, "delete_task_definitions", "delete task definitions", taskDefinitions=some)
        failures.extend(reply.get("failures", []))
    if failures:
        told = "; ".join(f"{failure.get('arn')}: {failure.get('reason')}" for failure in failures)
        raise NotPossible(f"{len(failures)} of {len(arns)} task definitions were not deleted: {told}.")


def family_of(arn: str) -> str:
    return arn.rpartition("/")[2].partition(":")[0]


def revision_of(arn: str) -> int:
    return int(arn.rpartition(":")[2])


def newest_first(arns: Sequence[str]) -> list[str]:
    return sorted(arns, key=revision_of, reverse=True)
