# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Region that goes on where it ended."""

from __future__ import annotations

import pickle
import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox.region import state
from sandbox.region.context import Settings
from sandbox.region.testing import RunningRegion, running_region

from .conftest import CLUSTER, ROLE
from .services import define, rollouts, serve, service, tasks


def test_records_survive(region: RunningRegion, ecs: Any, ssm: Any, tmp_path: Path) -> None:
    """ECS, SSM, credentials, the clock and what moto holds; services go on with what they were doing."""
    path = tmp_path / "state"
    host = region.host(region.activate(ROLE))
    host.join(CLUSTER, {"site": "oslo"})
    region.instances(CLUSTER, 40, site="lyon")
    serve(ecs, define(ecs), 60)
    region.settle()
    ecs.update_service(cluster=CLUSTER, service="web", taskDefinition=define(ecs, image="shop/web:2"))
    vpc = region.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    region.advance(3)
    before = ecs.describe_container_instances(cluster=CLUSTER, containerInstances=[host.container_instance])
    left_out = state.save(region.state, region._server._moto, path)
    assert not {"iam", "ec2"} & set(left_out)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    offset = region.state.clock.offset

    # moto's records are of the process: emptied, they can only come back from the file.
    region.reset()
    with running_region(Settings(state=path)) as again:
        assert again.state.clock.offset == offset
        client = again.client("ecs")
        after = client.describe_container_instances(cluster=CLUSTER, containerInstances=[host.container_instance])
        assert after["containerInstances"] == before["containerInstances"]
        assert again.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
        assert again.client("iam").get_role(RoleName=ROLE)["Role"]["RoleName"] == ROLE
        again.settle()
        assert rollouts(client) == [("PRIMARY", "COMPLETED")]
        assert service(client)["runningCount"] == 60
        assert len(tasks(client)) == 60
        numbers = {instance.number for instance in again.state.ecs.instances_of(CLUSTER).values()}
        assert again.state.ecs.number() > max(numbers)


class _Trap:
    def __reduce__(self) -> Any:
        return print, ("never",)


@pytest.mark.parametrize("data", [b"", b"junk", pickle.dumps({"format": 1}), pickle.dumps(_Trap())])
def test_a_file_that_is_no_state_is_refused(region: RunningRegion, data: bytes) -> None:
    region.client("ecs").create_cluster(clusterName="kept")
    with pytest.raises(state.StateProblem):
        state.restore(region.state, region._server._moto, data)
    assert "kept" in region.state.ecs.clusters


def test_the_state_of_another_region_is_refused(region: RunningRegion, monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = state.dump(region.state, region._server._moto)
    monkeypatch.setattr(region.state, "settings", Settings(name="eu-central-1"))
    with pytest.raises(state.StateProblem, match="Region us-west-2"):
        state.restore(region.state, region._server._moto, data)


def test_saving_needs_a_file(region: RunningRegion) -> None:
    with pytest.raises(ValueError, match="--state"):
        region.control("POST", "save")


def test_saving_on_order(region: RunningRegion, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(region.state, "settings", Settings(state=tmp_path / "state"))
    reply = region.control("POST", "save")
    assert Path(reply["file"]).stat().st_size > 0
