# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Help for the contract tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from botocore.exceptions import ClientError


@dataclass
class Refusal:
    """What a refused call was answered."""

    code: str = ""
    message: str = ""
    status: int = 0


@contextmanager
def refused(code: str, message: str = "") -> Iterator[Refusal]:
    """The block ends in an error reply with this code and this part of its message."""
    refusal = Refusal()
    with pytest.raises(ClientError) as caught:
        yield refusal
    answer = caught.value.response
    refusal.code, refusal.message = answer["Error"]["Code"], answer["Error"]["Message"]
    refusal.status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert refusal.code == code, refusal
    assert message in refusal.message, refusal
    assert answer["ResponseMetadata"]["RequestId"]
