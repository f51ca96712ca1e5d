# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The front itself: moto behind it, the call log, faults, the control API and the command line."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from sandbox.region.testing import Refused, RunningRegion

from .conftest import CLUSTER, ROLE
from .expect import refused

ROOT = Path(__file__).resolve().parents[3]


def test_moto_serves_the_rest_in_the_same_account(client: Any) -> None:
    assert client("sts").get_caller_identity()["Account"] == "111122223333"
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"][0]["PolicyName"].startswith("AmazonSSM")
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * 100_000)
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x" * 100_000
    assert client("ec2").describe_vpcs()["Vpcs"]
    ssm = client("ssm")
    ssm.put_parameter(Name="p", Value="v", Type="String")
    assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "v"


@pytest.mark.parametrize(
    ("service", "method", "params"),
    [
        ("ecs", "list_services_by_namespace", {"namespace": "edge"}),
        ("ssm", "describe_sessions", {"State": "Active"}),
        ("ec2", "describe_outpost_lags", {}),
        ("outposts", "list_orders", {}),
        ("iam", "generate_organizations_access_report", {"EntityPath": "o-0000000000/r-0000/ou-0000-00000000"}),
    ],
)
def test_what_nobody_implements_is_501_in_the_services_own_form(
    region: RunningRegion, client: Any, service: str, method: str, params: dict[str, Any]
) -> None:
    with refused("NotImplemented", service) as refusal:
        getattr(client(service), method)(**params)
    assert refusal.status == 501
    (count,) = region.control("GET", "health")["unimplemented"].values()
    assert count == 1


def _raw(region: RunningRegion, method: str, path: str, **headers: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(urlsplit(region.url).netloc)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    answer = response.status, response.headers["content-type"], response.read()
    connection.close()
    return answer


@pytest.mark.parametrize("path", ["/", "/moto-api/", "/bucket/key", "/favicon.ico", "/latest/meta-data/"])
def test_an_unsigned_request_never_reaches_moto(region: RunningRegion, path: str) -> None:
    status, content_type, body = _raw(region, "GET", path)
    assert (status, content_type) == (403, "application/json")
    assert json.loads(body) == {"message": "Missing Authentication Token"}


def test_a_signature_for_another_region_is_refused(client: Any) -> None:
    with refused("InvalidSignatureException", "us-west-2"):
        client("ecs", region_name="eu-north-1").list_clusters()


def test_wrong_input_is_refused_before_a_handler_sees_it(region: RunningRegion, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    with pytest.raises(Refused, match="InvalidParameterException: Unknown member 'name'"):
        host.call("ecs", "CreateCluster", name="x")
    with pytest.raises(Refused, match="ValidationException: 1 validation error detected: .*'InstanceId'"):
        host.call("ssm", "UpdateInstanceInformation", AgentVersion="3")


def test_a_wrong_reply_of_ours_is_a_clear_500(monkeypatch: pytest.MonkeyPatch, region: RunningRegion, ecs: Any) -> None:
    from sandbox.region import registry

    monkeypatch.setitem(registry._HANDLERS, ("ecs", "ListClusters"), lambda params, context: {"clusters": []})
    with refused("InternalFailure", "wrong ListClusters reply: Unknown member 'clusters'") as refusal:
        ecs.list_clusters()
    assert refusal.status == 500


def test_every_call_is_in_the_log_with_its_caller(region: RunningRegion, client: Any, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    host.join(CLUSTER)
    with refused("ClusterNotFoundException"):
        ecs.delete_cluster(cluster="gone")
    client("sts").get_caller_identity()
    mine = [(entry["service"], entry["action"], entry["status"]) for entry in region.calls(caller=host.id)]
    assert mine == [
        ("ssm", "RequestManagedInstanceRoleToken", 200),
        ("ssm", "UpdateInstanceInformation", 200),
        ("ecs", "RegisterContainerInstance", 200),
        ("ecs", "DiscoverPollEndpoint", 200),
    ]
    assert [entry["caller"] for entry in region.calls(action="RegisterManagedInstance")] == ["anonymous"]
    (failed,) = region.calls(service="ecs", action="DeleteCluster")
    assert (failed["error"], failed["caller"], failed["page_token"]) == (
        "ClusterNotFoundException",
        "AKIAOPERATOR",
        False,
    )
    assert [entry["service"] for entry in region.calls(since=failed["n"])] == ["sts"]
    region.control("DELETE", "calls")
    assert region.calls() == []


def test_the_log_tells_following_pages(region: RunningRegion, client: Any, ecs: Any) -> None:
    for number in range(3):
        ecs.create_cluster(clusterName=f"c{number}")
    list(ecs.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 2}))
    assert [entry["page_token"] for entry in region.calls(action="ListClusters")] == [False, True]
    iam = client("iam")
    list(iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 1000}))
    assert [entry["page_token"] for entry in region.calls(action="ListPolicies")] == [False, True]


@pytest.mark.parametrize(
    ("service", "method", "code"),
    [
        ("ecs", "list_clusters", "ThrottlingException"),
        ("iam", "list_users", "Throttling"),
        ("ec2", "describe_vpcs", "RequestLimitExceeded"),
        ("s3", "list_buckets", "SlowDown"),
    ],
)
def test_throttling(region: RunningRegion, client: Any, service: str, method: str, code: str) -> None:
    region.fault(service, "*", "throttle")
    with refused(code):
        getattr(client(service), method)()
    getattr(client(service), method)()
    assert [entry["error"] for entry in region.calls(service=service)] == [code, None]


def test_a_client_that_retries_gets_through(region: RunningRegion, ecs: Any) -> None:
    region.fault("ecs", "ListClusters", "throttle", count=2)
    region.client("ecs", attempts=3).list_clusters()
    assert [entry["status"] for entry in region.calls(action="ListClusters")] == [400, 400, 200]


def test_server_errors(region: RunningRegion, client: Any, ecs: Any) -> None:
    region.fault("ecs", "ListClusters", "error", status=503)
    region.fault("iam", "*", "error")
    with refused("InternalFailure") as refusal:
        ecs.list_clusters()
    assert refusal.status == 503
    with refused("InternalFailure") as refusal:
        client("iam").list_users()
    assert refusal.status == 500


@pytest.mark.parametrize("service", ["ecs", "sts"])
def test_a_cut_connection(region: RunningRegion, client: Any, service: str) -> None:
    region.fault(service, "*", "reset")
    call = {"ecs": "list_clusters", "sts": "get_caller_identity"}[service]
    with pytest.raises(ConnectionClosedError):
        getattr(client(service), call)()
    getattr(client(service), call)()
    assert [entry["status"] for entry in region.calls(service=service)] == [0, 200]


def test_the_peer_of_a_cut_connection_sees_a_reset(region: RunningRegion) -> None:
    region.fault("*", "*", "reset")
    with pytest.raises(ConnectionResetError):
        _raw(region, "GET", "/")


def test_a_delay(region: RunningRegion, ecs: Any) -> None:
    region.fault("ecs", "ListClusters", "delay", seconds=0.3)
    before = time.monotonic()
    ecs.list_clusters()
    assert time.monotonic() - before >= 0.3


def test_faults_can_be_seen_and_taken_back(region: RunningRegion, ecs: Any) -> None:
    region.fault("ecs", "ListClusters", "error", count=5)
    assert region.control("GET", "faults")["faults"][0]["count"] == 5
    region.control("DELETE", "faults")
    ecs.list_clusters()
    with pytest.raises(ValueError, match="kind must be one of"):
        region.fault("ecs", "ListClusters", "explode")


def test_the_control_api_refuses_what_it_does_not_know(region: RunningRegion) -> None:
    for method, path, order, message in (
        ("GET", "calls?servce=ecs", None, "unknown: servce"),
        ("GET", "calls?since=x", None, "number"),
        ("POST", "clock", {"advance": "1h"}, "number of seconds"),
        ("POST", "clock", {"advance": -1}, "forward"),
        ("POST", "faults", None, "must be JSON"),
        ("POST", "nothing", {}, "there is no POST /_sandbox/nothing"),
        ("DELETE", "clock", None, "there is no DELETE"),
    ):
        with pytest.raises(ValueError, match=message):
            region.control(method, path, order)
    assert region.calls() == []


def test_small_replies_are_not_held_back(region: RunningRegion) -> None:
    # asyncio turns Nagle's algorithm off only for listeners that name their protocol; on, it costs 40 ms a call.
    assert [listener.proto for listener in region._server._listeners] == [socket.IPPROTO_TCP]


def test_moto_is_emptied_as_often_as_asked(region: RunningRegion, client: Any) -> None:
    for _ in range(3):
        region.create_role(ROLE)
        iam = client("iam")
        policy = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
        assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
        region.reset()
        with refused("NoSuchEntity"):
            iam.get_role(RoleName=ROLE)


def test_reset_forgets_everything(region: RunningRegion, client: Any, ecs: Any, ssm: Any) -> None:
    host = region.host(region.activate(ROLE))
    host.join(CLUSTER)
    region.advance(100)
    region.fault("ecs", "*", "error")
    region.control("POST", "reset")
    health = region.control("GET", "health")
    assert [health[name] for name in ("clusters", "container_instances", "managed_nodes")] == [0, 0, 0]
    assert health["clock_offset"] == 0
    assert region.calls() == []
    assert ecs.list_clusters()["clusterArns"] == []
    with refused("NoSuchEntity"):
        client("iam").get_role(RoleName=ROLE)
    # Credentials from before are unknown now, and are not taken for those of an operator.
    with pytest.raises(Refused, match="UnrecognizedClientException"):
        host.call("ecs", "ListClusters")


def _start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox.region", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_command_listens_where_it_is_told_and_says_when_it_is_ready(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    started = time.monotonic()
    process = _start("--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0", "--region", "eu-north-1", "--log", str(log))
    try:
        assert process.stdout is not None
        ready = process.stdout.readline().split()
        # Under 4 s is what a test run can bear; a loaded machine is given more before this counts as broken.
        assert time.monotonic() - started < 10
        assert ready[:3] == ["ready:", "eu-north-1", "on"]
        assert [urlsplit(url).hostname for url in ready[3:]] == ["127.0.0.1", "127.0.0.2"]
        for url in ready[3:]:
            with urllib.request.urlopen(f"{url}/_sandbox/health") as reply:
                assert json.load(reply)["region"] == "eu-north-1"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{ready[3]}/nothing")
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) in (0, -signal.SIGTERM)
    assert log.read_text().split()[1:] == [
        "403",
        "unknown:GET",
        "/nothing",
        "anonymous",
        "MissingAuthenticationTokenException",
    ]


def test_the_command_refuses_an_address_that_is_taken_or_not_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        for listen, message in (
            (address, f"cannot listen on {address}"),
            ("192.0.2.1:1", "cannot listen on 192.0.2.1:1"),
        ):
            process = _start("--listen", listen)
            _out, problem = process.communicate(timeout=20)
            assert process.returncode == 1
            assert problem.startswith(f"sandbox.region: {message}")
            assert len(problem.splitlines()) == 1


def test_no_listener_is_left_after_a_test() -> None:
    from sandbox.region.testing import running_region

    with running_region() as short:
        port = urlsplit(short.url).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port or 0), timeout=1).close()


def test_a_bucket_that_is_not_there_is_404_also_for_head(client: Any) -> None:
    with pytest.raises(ClientError, match=r"\(404\)"):
        client("s3").head_bucket(Bucket="nobody-made-it")
