# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the SSM agent calls."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ..errors import ApiError
from ..registry import Params, Reply, action
from .model import STANDARD_TIER, Activation, ManagedNode

if TYPE_CHECKING:
    from ..context import Context

STANDARD_TIER_NODES = 1000


def _usable(params: Params, context: Context) -> Activation:
    activation = context.ssm.activations.get(params["ActivationId"])
    reasons = {
        "does not exist or was deleted": activation is None,
        "has another code": activation is not None and not _same(activation.code, params["ActivationCode"]),
        "has expired": activation is not None and activation.expired(context.now),
        "has no registration left": activation is not None and activation.registrations >= activation.limit,
    }
    if activation is None or any(reasons.values()):
        reason = next(text for text, applies in reasons.items() if applies)
        raise ApiError("InvalidActivation", f"Activation {params['ActivationId']} {reason}.")
    return activation


def _same(code: str, given: str) -> bool:
    return secrets.compare_digest(code.encode(), given.encode())


@action("ssm", "RegisterManagedInstance")
def register_managed_instance(params: Params, context: Context) -> Reply:
    """Make a managed node of the machine that sends an activation's id and code. The call is not signed."""
    activation = _usable(params, context)
    if context.ssm.tier == STANDARD_TIER and len(context.ssm.nodes) >= STANDARD_TIER_NODES:
        message = f"The standard tier is limited to {STANDARD_TIER_NODES} managed nodes in an account and Region."
        raise ApiError("ServiceQuotaExceededException", message)
    node = ManagedNode(
        number=context.ssm.number(),
        id=f"mi-{secrets.token_hex(9)[:17]}",
        activation=activation.id,
        role=activation.role,
        name=activation.name,
        registered_at=context.now,
        fingerprint=params.get("Fingerprint", ""),
        public_key=params["PublicKey"],
        public_key_type=params.get("PublicKeyType", ""),
        tags=dict(activation.tags),
    )
    activation.registrations += 1
    context.ssm.nodes[node.id] = node
    return {"InstanceId": node.id}


def _calling_node(context: Context) -> ManagedNode:
    node = context.ssm.nodes.get(context.require_node())
    if node is None:
        raise ApiError("AccessDeniedException", "The managed node is not registered.")
    return node


@action("ssm", "RequestManagedInstanceRoleToken")
def request_managed_instance_role_token(params: Params, context: Context) -> Reply:
    """Hand out temporary credentials of the node's role; they name the node in every later call."""
    node = _calling_node(context)
    if params["Fingerprint"] != node.fingerprint:
        raise ApiError("MachineFingerprintDoesNotMatch", "The machine fingerprint is not the one that was registered.")
    token = context.region.credentials.issue(node.id, context.now)
    return {
        "AccessKeyId": token.access_key_id,
        "SecretAccessKey": token.secret_access_key,
        "SessionToken": token.session_token,
        "TokenExpirationDate": token.expires,
        "UpdateKeyPair": False,
    }


@action("ssm", "UpdateInstanceInformation")
def update_instance_information(params: Params, context: Context) -> Reply:
    """Take an agent's ping and what it tells of itself."""
    node = _calling_node(context)
    if params["InstanceId"] != node.id:
        raise ApiError("InvalidInstanceId", f"The credentials are those of {node.id}.")
    node.pinged_at = context.now
    node.information.update({name: value for name, value in params.items() if name != "InstanceId"})
    return {}


@action("ssm", "ListInstanceAssociations")
def list_instance_associations(params: Params, context: Context) -> Reply:
    """No associations: State Manager is not modelled."""
    if params["InstanceId"] != _calling_node(context).id:
        raise ApiError("InvalidInstanceId", f"The credentials are those of {context.managed_node()}.")
    return {"Associations": []}
