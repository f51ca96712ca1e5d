# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What EC2 accepts, checked before any call. Rules are those of the API reference."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from .._aws.errors import invalid

# Older resources have eight digits.
_DIGITS = r"(?:[0-9a-f]{8}|[0-9a-f]{17})"
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
SUBNET_PREFIX_LENGTHS = (16, 28)


def check_id(option: str, value: str, prefix: str) -> str:
    if not re.fullmatch(f"{prefix}-{_DIGITS}", value):
        raise invalid(option, value, f"give an id, {prefix}- and 17 hexadecimal digits")
    return value


def check_optional_id(option: str, value: str | None, prefix: str) -> str | None:
    return None if value is None else check_id(option, value, prefix)


def check_ids(option: str, values: Sequence[str], prefix: str) -> list[str]:
    return [check_id(option, value, prefix) for value in dict.fromkeys(values)]


def read_network(option: str, value: str) -> ipaddress.IPv4Network:
    """An IPv4 network as AWS writes it: no bit is set behind the prefix."""
    try:
        loose = ipaddress.IPv4Network(value, strict=False)
    except ValueError as error:
        raise invalid(option, value, "give an IPv4 network such as 10.0.3.0/24") from error
    if str(loose) != value:
        raise invalid(option, value, f"it is not how the network is written; write {loose}")
    return loose


def check_subnet_cidr(value: str) -> str:
    shortest, longest = SUBNET_PREFIX_LENGTHS
    length = read_network("cidr", value).prefixlen
    if not shortest <= length <= longest:
        raise invalid("cidr", value, f"the prefix of a subnet is /{shortest} to /{longest}")
    return value
