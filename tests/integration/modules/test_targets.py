# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ladders in tests/integration/targets, and the role and playbook that prepare a Region."""

from __future__ import annotations

import re
from typing import Any

CLUSTER = "retail-edge"
ROLE = "EdgeHosts"


def test_cluster(ansible: Any) -> None:
    ansible.target("cluster")


def test_activation(ansible: Any, region: Any) -> None:
    output = ansible.target("activation", target_role=ROLE)
    assert region.calls(service="ssm", action="CreateActivation")
    assert "activation_code" not in output


def test_container_instance(ansible: Any, fleet: Any) -> None:
    site = fleet(2)
    ansible.target("container_instance", target_cluster=CLUSTER, target_hosts=site.ids)


def test_container_instance_info(ansible: Any, fleet: Any) -> None:
    site = fleet(2)
    ansible.target("container_instance_info", target_cluster=CLUSTER, target_hosts=site.ids)


def test_managed_node_info(ansible: Any, fleet: Any) -> None:
    site = fleet(2)
    ansible.target("managed_node_info", target_activation_id=site.activation_id, target_hosts=site.ids)


def test_role_region_stands_alone(ansible: Any) -> None:
    ansible.target("region")


def test_playbook_region_and_again(ansible: Any) -> None:
    playbook = [{"ansible.builtin.import_playbook": "edgefleet.ecs.region"}]
    fleet = {"fleet_name": "retail", "fleet_region": "us-west-2", "fleet_cluster": CLUSTER}
    assert "changed=2 " in ansible.play(playbook, **fleet)
    assert re.search(r"ok=3 +changed=0 .*failed=0", ansible.play(playbook, **fleet))
