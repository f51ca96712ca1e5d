# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who asks AWS: the account of given credentials, and credentials of a role."""

from __future__ import annotations

from typing import Any

from .service import Service

STS = Service(
    name="sts",
    token="NextToken",
    advice={"AccessDenied": "The role must trust these credentials, and they must be allowed sts:AssumeRole on it."},
)


def whose(client: Any) -> tuple[str, str]:
    """Partition and account. AWS asks for no permission here."""
    told = STS.call(client, "get_caller_identity", "read whose credentials these are")
    return str(told["Arn"]).split(":")[1], str(told["Account"])


def assume(client: Any, role_arn: str, session: str, external_id: str = "") -> dict[str, str]:
    """Credentials as the arguments of a boto3 client."""
    more = {"ExternalId": external_id} if external_id else {}
    intent = f"assume role {role_arn}"
    told = STS.call(client, "assume_role", intent, RoleArn=role_arn, RoleSessionName=session, **more)["Credentials"]
    return {
        "aws_access_key_id": told["AccessKeyId"],
        "aws_secret_access_key": told["SecretAccessKey"],
        "aws_session_token": told["SessionToken"],
    }
