# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWS Outposts accepts, checked before any call. Rules are those of the API reference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._aws.errors import invalid

_ARN_START = r"arn:aws[a-z-]*:outposts:[a-z0-9-]+:\d{12}:"
_OUTPOST_ID = re.compile(r"op-[0-9a-f]{17}")
_OUTPOST_ARN = re.compile(_ARN_START + r"outpost/op-[0-9a-f]{17}")
# CreateOutpost: 1 to 255 characters, the first not a blank.
_OUTPOST_NAME = re.compile(r"\S.{0,254}")
_SITE = re.compile(rf"(?:{_ARN_START}site/)?os-[0-9a-f]{{17}}")


def is_arn(reference: str) -> bool:
    return bool(_OUTPOST_ARN.fullmatch(reference))


def is_id(reference: str) -> bool:
    return bool(_OUTPOST_ID.fullmatch(reference))


def check_outpost(reference: str, option: str = "outpost") -> str:
    """An Outpost may be given by ARN, by id or by name; what begins like one of the first two must be one."""
    if reference.startswith("arn:") and not is_arn(reference):
        rule = "the ARN of an Outpost is arn:aws:outposts:REGION:ACCOUNT:outpost/op- and 17 hexadecimal digits"
        raise invalid(option, reference, rule)
    if reference.startswith("op-") and not is_id(reference):
        raise invalid(option, reference, "the id of an Outpost is op- and 17 hexadecimal digits")
    if not _OUTPOST_NAME.fullmatch(reference):
        raise invalid(option, reference, "give the ARN, the id or the name of an Outpost")
    return reference


def check_outposts(references: Sequence[str]) -> list[str]:
    return [check_outpost(reference, "outposts") for reference in dict.fromkeys(references)]


def read_sites(references: Sequence[str]) -> list[str]:
    """The ids of sites that are given by id or ARN."""
    for reference in references:
        if not _SITE.fullmatch(reference):
            raise invalid("sites", reference, "give the ARN of a site or its id, os- and 17 hexadecimal digits")
    return [reference.rpartition("/")[2] for reference in references]
