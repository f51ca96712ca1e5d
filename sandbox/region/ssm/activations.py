# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hybrid activations."""

from __future__ import annotations

import secrets
import string
import uuid
from typing import TYPE_CHECKING

from ..errors import ApiError, validation
from ..registry import Params, Reply, action
from .common import check_role, page, tags_to_dict, tags_to_list
from .model import Activation

if TYPE_CHECKING:
    from ..context import Context

_DAY = 86_400
_DEFAULT_LIFE = _DAY
_LONGEST_LIFE = 30 * _DAY
# A client that asks for exactly 30 days has asked a moment ago.
_GRACE = 60
_PAGE = 50
_CODE_LETTERS = string.ascii_letters + string.digits
_CODE_LENGTH = 20


def _expiry(wanted: float | None, now: float) -> float:
    if wanted is None:
        return now + _DEFAULT_LIFE
    if wanted <= now:
        raise validation("The expiration date must be in the future.")
    if wanted > now + _LONGEST_LIFE + _GRACE:
        raise validation("The expiration date can be at most 30 days in the future.")
    return wanted


@action("ssm", "CreateActivation")
def create_activation(params: Params, context: Context) -> Reply:
    """Create an activation; its code is told here and never again."""
    check_role(params["IamRole"], context)
    activation = Activation(
        number=context.ssm.number(),
        id=str(uuid.uuid4()),
        code="".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH)),
        role=params["IamRole"],
        description=params.get("Description", ""),
        name=params.get("DefaultInstanceName", ""),
        limit=params.get("RegistrationLimit", 1),
        created=context.now,
        expires=_expiry(params.get("ExpirationDate"), context.now),
        tags=tags_to_dict(params.get("Tags")),
    )
    context.ssm.activations[activation.id] = activation
    return {"ActivationId": activation.id, "ActivationCode": activation.code}


def _view(activation: Activation, now: float) -> Reply:
    shown: Reply = {
        "ActivationId": activation.id,
        "IamRole": activation.role,
        "RegistrationLimit": activation.limit,
        "RegistrationsCount": activation.registrations,
        "ExpirationDate": activation.expires,
        "Expired": activation.expired(now),
        "CreatedDate": activation.created,
        "Tags": tags_to_list(activation.tags),
    }
    optional = {"Description": activation.description, "DefaultInstanceName": activation.name}
    return {**shown, **{name: value for name, value in optional.items() if value}}


def _matches(activation: Activation, filters: list[Reply]) -> bool:
    values = {
        "ActivationIds": activation.id,
        "DefaultInstanceName": activation.name,
        "IamRole": activation.role,
    }
    return all(values[one["FilterKey"]] in one.get("FilterValues", []) for one in filters)


@action("ssm", "DescribeActivations")
def describe_activations(params: Params, context: Context) -> Reply:
    """List activations, expired and used-up ones too, without their codes."""
    filters = params.get("Filters", [])
    if any("FilterKey" not in one for one in filters):
        raise ApiError("InvalidFilter", "A filter needs a FilterKey.")
    found = [one for one in context.ssm.activations.values() if _matches(one, filters)]
    size = params.get("MaxResults", _PAGE)
    chosen, token = page(found, lambda one: one.number, size, params, ["DescribeActivations", filters])
    return {"ActivationList": [_view(one, context.now) for one in chosen], **token}


@action("ssm", "DeleteActivation")
def delete_activation(params: Params, context: Context) -> Reply:
    """Delete an activation; nodes that registered with it stay."""
    if context.ssm.activations.pop(params["ActivationId"], None) is None:
        raise ApiError("InvalidActivationId", f"Activation {params['ActivationId']} does not exist.")
    return {}
