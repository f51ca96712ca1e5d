# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Amazon ECS as a service: how it pages and what its refusals mean."""

from __future__ import annotations

from .._aws.service import Service

ECS = Service(
    name="ecs",
    token="nextToken",
    advice={
        "AttributeLimitExceededException": "A container instance holds 10 custom attributes; remove one first.",
        "ClusterContainsContainerInstancesException": "Drain and deregister its container instances first.",
        "ClusterContainsServicesException": "Delete its services first.",
        "ClusterContainsTasksException": "Stop its tasks first.",
        "ClusterNotFoundException": "Create the cluster first, or correct its name and Region.",
        "ResourceInUseException": "Services or tasks still use it: move them first.",
        "TargetNotFoundException": "The container instance is not in this cluster; it may have registered anew.",
    },
)
