# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instance types that Outposts carry: vCPUs and memory by family and size.

Source: https://aws.amazon.com/outposts/rack/hardware-specs/ and .../outposts/servers/; a part of both.
"""

from __future__ import annotations

from dataclasses import dataclass

_VCPUS = {
    "large": 2,
    "xlarge": 4,
    "2xlarge": 8,
    "4xlarge": 16,
    "8xlarge": 32,
    "9xlarge": 36,
    "12xlarge": 48,
    "16xlarge": 64,
    "18xlarge": 72,
    "24xlarge": 96,
    "32xlarge": 128,
}


@dataclass(frozen=True)
class Family:
    """Instance types that share a host."""

    hardware: str
    memory_per_vcpu: int  # MiB
    sizes: tuple[str, ...]


_COMPUTE = ("large", "xlarge", "2xlarge", "4xlarge", "9xlarge", "12xlarge", "18xlarge", "24xlarge")
_GENERAL = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
FAMILIES = {
    "c5": Family("RACK", 2048, _COMPUTE),
    "c5d": Family("RACK", 2048, _COMPUTE),
    "m5": Family("RACK", 4096, _GENERAL),
    "m5d": Family("RACK", 4096, _GENERAL),
    "r5": Family("RACK", 8192, _GENERAL),
    "r5d": Family("RACK", 8192, _GENERAL),
    "g4dn": Family("RACK", 4096, ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
    "c6gd": Family("SERVER", 2048, ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")),
    "c6id": Family(
        "SERVER", 2048, ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "24xlarge", "32xlarge")
    ),
}


def family(instance_type: str) -> str:
    return instance_type.partition(".")[0]


def known(instance_type: str) -> bool:
    name, _, size = instance_type.partition(".")
    return name in FAMILIES and size in FAMILIES[name].sizes


def vcpus(instance_type: str) -> int:
    return _VCPUS[instance_type.partition(".")[2]]


def memory(instance_type: str) -> int:
    """MiB."""
    return vcpus(instance_type) * FAMILIES[family(instance_type)].memory_per_vcpu


def types(name: str) -> list[str]:
    """The instance types of a family, small to large."""
    return [f"{name}.{size}" for size in FAMILIES[name].sizes]


def host_vcpus(name: str) -> int:
    """What a host of a family carries: as much as its largest type."""
    return max(vcpus(instance_type) for instance_type in types(name))
