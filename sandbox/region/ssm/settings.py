# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account setting that tells how many managed nodes there may be; moto has the other settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import HandToMoto, validation
from ..registry import Params, Reply, action
from .model import ADVANCED_TIER, STANDARD_TIER

if TYPE_CHECKING:
    from ..context import Context

ACTIVATION_TIER = "/ssm/managed-instance/activation-tier"


def _check_id(params: Params, context: Context) -> None:
    # The id may be given as the end of the setting's ARN or as the whole.
    if params["SettingId"] not in (ACTIVATION_TIER, context.region.arn("ssm", f"servicesetting{ACTIVATION_TIER}")):
        raise HandToMoto


def _view(context: Context) -> Reply:
    setting: Reply = {
        "SettingId": ACTIVATION_TIER,
        "SettingValue": context.ssm.tier,
        "ARN": context.region.arn("ssm", f"servicesetting{ACTIVATION_TIER}"),
        "Status": "Default" if context.ssm.tier == STANDARD_TIER else "Customized",
        "LastModifiedUser": "System",
    }
    if context.ssm.tier_changed_at is not None:
        setting["LastModifiedDate"] = context.ssm.tier_changed_at
    return {"ServiceSetting": setting}


def _set(tier: str, context: Context) -> None:
    context.ssm.tier = tier
    context.ssm.tier_changed_at = context.now


@action("ssm", "GetServiceSetting")
def get_service_setting(params: Params, context: Context) -> Reply:
    """Tell the tier."""
    _check_id(params, context)
    return _view(context)


@action("ssm", "UpdateServiceSetting")
def update_service_setting(params: Params, context: Context) -> Reply:
    """Change the tier."""
    _check_id(params, context)
    if params["SettingValue"] not in (STANDARD_TIER, ADVANCED_TIER):
        raise validation(f"The activation tier is {STANDARD_TIER} or {ADVANCED_TIER}.")
    _set(params["SettingValue"], context)
    return {}


@action("ssm", "ResetServiceSetting")
def reset_service_setting(params: Params, context: Context) -> Reply:
    """Go back to the standard tier."""
    _check_id(params, context)
    _set(STANDARD_TIER, context)
    return _view(context)
