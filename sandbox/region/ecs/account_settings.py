# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the account and of its principals. They are kept and shown; none changes what the Region does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..registry import Params, Reply, action
from .common import invalid, page

if TYPE_CHECKING:
    from ..context import Context

_SWITCH = ("enabled", "disabled", "on", "off")
_ALLOWED: dict[str, tuple[str, ...]] = {
    "serviceLongArnFormat": _SWITCH,
    "taskLongArnFormat": _SWITCH,
    "containerInstanceLongArnFormat": _SWITCH,
    "awsvpcTrunking": _SWITCH,
    "containerInsights": ("enabled", "disabled", "enhanced"),
    "fargateFIPSMode": _SWITCH,
    "fargateTaskRetirementWaitPeriod": ("0", "7", "14"),
    "tagResourceAuthorization": _SWITCH,
    "guardDutyActivate": _SWITCH,
    "defaultLogDriverMode": ("blocking", "non-blocking"),
}
_EFFECTIVE = {
    "serviceLongArnFormat": "enabled",
    "taskLongArnFormat": "enabled",
    "containerInstanceLongArnFormat": "enabled",
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "fargateFIPSMode": "disabled",
    "fargateTaskRetirementWaitPeriod": "7",
    "tagResourceAuthorization": "off",
    "guardDutyActivate": "off",
    "defaultLogDriverMode": "non-blocking",
}


def _root(context: Context) -> str:
    settings = context.region.settings
    return f"arn:{settings.partition}:iam::{settings.account}:root"


def _principal(params: Params, context: Context) -> str:
    # Callers are known by access keys only, all of them of the root user.
    return str(params.get("principalArn", _root(context)))


def _view(name: str, value: str, principal: str) -> Reply:
    kind = "aws_managed" if name == "guardDutyActivate" else "user"
    return {"name": name, "value": value, "principalArn": principal, "type": kind}


def _put(principal: str, shown: str, params: Params, context: Context) -> Reply:
    name, value = params["name"], params["value"]
    if value not in _ALLOWED.get(name, ()):
        raise invalid(f"The value {value!r} is not valid for the setting {name}.")
    context.ecs.settings[(principal, name)] = value
    return {"setting": _view(name, value, shown)}


@action("ecs", "PutAccountSetting")
def put_account_setting(params: Params, context: Context) -> Reply:
    """Set for one principal."""
    principal = _principal(params, context)
    return _put(principal, principal, params, context)


@action("ecs", "PutAccountSettingDefault")
def put_account_setting_default(params: Params, context: Context) -> Reply:
    """Set for every principal that has no setting of its own."""
    return _put("", _root(context), params, context)


@action("ecs", "DeleteAccountSetting")
def delete_account_setting(params: Params, context: Context) -> Reply:
    """Take back a principal's setting: the account's default holds again."""
    principal, name = _principal(params, context), params["name"]
    value = context.ecs.settings.pop((principal, name), "")
    return {"setting": _view(name, value, principal)}


@action("ecs", "ListAccountSettings")
def list_account_settings(params: Params, context: Context) -> Reply:
    """List a principal's own settings, or with effectiveSettings what holds for it."""
    principal = _principal(params, context)
    wanted_name, wanted_value = params.get("name"), params.get("value")
    own = {name: value for (owner, name), value in context.ecs.settings.items() if owner == principal}
    shown = own
    if params.get("effectiveSettings"):
        default = {name: value for (owner, name), value in context.ecs.settings.items() if not owner}
        shown = {**_EFFECTIVE, **default, **own}
    found = [
        (number, name)
        for number, name in enumerate(sorted(shown))
        if wanted_name in (None, name) and wanted_value in (None, shown[name])
    ]
    # AWS: one page of ten for effective settings, up to ten a page else.
    sized = {"maxResults": 10, **params}
    scope = ["ListAccountSettings", principal, wanted_name, wanted_value]
    chosen, token = page(found, lambda item: item[0], sized, scope)
    return {"settings": [_view(name, shown[name], principal) for _, name in chosen], **token}
