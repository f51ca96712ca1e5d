# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What options of the engine and the agents need of a host, looked at before anything is installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...host import engine_settings
from .finding import ERROR, Findings, Host, Limits, finding

NVIDIA = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/install-guide.html"


def gpu(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    """The vendor's installer looks for the driver when the agent is installed already, and leaves half a host."""
    seen = host.get("gpu")
    if not (desired.get("ecs_agent") or {}).get("gpu") or seen is None:
        return
    why = "The ECS agent would wait 30 s at every start and then offer no GPU; tasks that ask for one stay pending."
    if not seen["devices"]:
        yield finding(
            "gpu",
            ERROR,
            "The host has no device /dev/nvidia0" + (", though the driver is loaded." if seen["driver"] else "."),
            why,
            "Install NVIDIA's driver (nvidia-smi shows the GPUs then), or leave out ecs_agent_gpu.",
        )
    if not seen["runtime"]:
        yield finding(
            "gpu",
            ERROR,
            "The host has no nvidia-container-runtime.",
            "The container engine could not give a GPU to a container.",
            f"Install the NVIDIA Container Toolkit ({NVIDIA}), or leave out ecs_agent_gpu.",
        )


def settings(host: Host, desired: Mapping[str, Any], _limits: Limits) -> Findings:
    wanted = (desired.get("engine") or {}).get("settings") or {}
    seen = host.get("engine_settings")
    if not wanted or seen is None:
        return
    if not seen["valid"]:
        yield finding(
            "engine_settings",
            ERROR,
            f"{engine_settings.PATH} is no JSON object.",
            "The container engine does not start with it.",
            "Repair or remove it on the host.",
        )
    elif seen["containers"] and engine_settings.moves_data(seen["values"], wanted):
        yield finding(
            "engine_settings",
            ERROR,
            f"data-root would become {wanted['data-root']}, and the host has {seen['containers']} containers.",
            "The engine would lose them, and every image.",
            "Drain the instance, stop ecs, remove the containers (docker rm), and run again; or leave data-root out.",
        )
