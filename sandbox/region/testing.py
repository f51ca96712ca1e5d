# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Region inside a test: start it, steer it, and let hosts come that are nothing but calls.

with running_region() as region:
    region.create_role("EdgeHosts")
    host = region.host(region.activate("EdgeHosts"))
    host.join("retail-edge", {"site": "oslo"})
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session as BotocoreSession
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .context import Region, Settings
from .server import Address, RegionServer
from .signatures import KEY_PAIR_HEADER

_TARGETS = {
    "ssm": "AmazonSSM",
    "ecs": "AmazonEC2ContainerServiceV20141113",
    "ec2messages": "EC2WindowsMessageDeliveryService",
}
TRUST_SSM = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@cache
def _session() -> Any:
    """A session that knows nothing of the user's own profiles."""
    unset = (None, None, None, None)
    nowhere = (None, None, os.devnull, None)
    variables = {"profile": unset, "config_file": nowhere, "credentials_file": nowhere}
    return boto3.Session(botocore_session=BotocoreSession(session_vars=variables))


class Refused(Exception):  # noqa: N818 - the name says what happened
    """An error reply to a raw call."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class Wire:
    """Raw JSON calls over one connection, as agents make them."""

    def __init__(self, url: str, region: str) -> None:
        self._url = url
        self._region = region
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def post(
        self, service: str, action: str, params: Mapping[str, Any], signature: Mapping[str, str]
    ) -> dict[str, Any]:
        headers = {
            "content-type": "application/x-amz-json-1.1",
            "x-amz-target": f"{_TARGETS[service]}.{action}",
            **signature,
        }
        self._connection.request("POST", "/", json.dumps(params).encode(), headers)
        response = self._connection.getresponse()
        reply: dict[str, Any] = json.loads(response.read() or b"{}")
        if response.status != 200:
            raise Refused(response.status, reply.get("__type", ""), reply.get("message", reply.get("Message", "")))
        return reply

    def signed(self, service: str, action: str, params: Mapping[str, Any], credentials: Credentials) -> dict[str, Any]:
        request = AWSRequest("POST", self._url, data=json.dumps(params).encode())
        SigV4Auth(credentials, service, self._region).add_auth(request)
        return self.post(service, action, params, dict(request.headers))

    def close(self) -> None:
        self._connection.close()


class KeyPair:
    """An SSM agent's RSA key pair."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public = base64.b64encode(public).decode()

    def sign(self, text: str) -> str:
        return base64.b64encode(self._key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


@cache
def _key_pair() -> KeyPair:
    """One for all hosts of a test run: making one takes a tenth of a second, and thousands of hosts may come."""
    return KeyPair()


class Host:
    """A machine reduced to the calls that its agents make."""

    def __init__(self, url: str, region: str, activation: Mapping[str, str]) -> None:
        self._wire = Wire(url, region)
        self._region = region
        self.fingerprint = str(uuid.uuid4())
        self.container_instance = ""
        self.cluster = ""
        self.credentials = Credentials("none", "none")
        request = {
            "ActivationId": activation["ActivationId"],
            "ActivationCode": activation["ActivationCode"],
            "Fingerprint": self.fingerprint,
            "PublicKey": _key_pair().public,
            "PublicKeyType": "Rsa",
        }
        try:
            self.id = str(self._wire.post("ssm", "RegisterManagedInstance", request, {})["InstanceId"])
        except BaseException:
            self.close()
            raise
        self.rotate()

    def rotate(self) -> None:
        """Get fresh credentials, under the id of the node as an agent with its own key pair does."""
        scope = f"{self.id}/20260101/{self._region}/ssm/aws4_request"
        # The inner signature has the private key as its secret, so that only the node itself could verify it.
        header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"
        signature = {"authorization": header, KEY_PAIR_HEADER: f"Signature={_key_pair().sign(header)}"}
        params = {"Fingerprint": self.fingerprint}
        token = self._wire.post("ssm", "RequestManagedInstanceRoleToken", params, signature)
        self.credentials = Credentials(token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"])

    def call(self, service: str, action: str, **params: Any) -> dict[str, Any]:
        return self._wire.signed(service, action, params, self.credentials)

    def ping(self, **information: str) -> None:
        """The SSM agent's ping."""
        told = {"AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.987.0", "PlatformType": "Linux", **information}
        self.call("ssm", "UpdateInstanceInformation", InstanceId=self.id, **told)

    def register(self, cluster: str, attributes: Mapping[str, str] | None = None, **more: Any) -> dict[str, Any]:
        """The ECS agent's registration."""
        given = [{"name": name, "value": value} for name, value in (attributes or {}).items()]
        # No agent stands behind this host: the Region plays it as far as tasks are concerned.
        more = {"versionInfo": {"agentHash": "simulated"}, **more}
        reply = self.call("ecs", "RegisterContainerInstance", cluster=cluster, attributes=given, **more)
        instance: dict[str, Any] = reply["containerInstance"]
        self.cluster, self.container_instance = cluster, instance["containerInstanceArn"]
        return instance

    def heartbeat(self) -> dict[str, Any]:
        """The ECS agent's sign of life."""
        instance = self.container_instance
        return self.call("ecs", "DiscoverPollEndpoint", cluster=self.cluster, containerInstance=instance)

    def join(self, cluster: str, attributes: Mapping[str, str] | None = None) -> str:
        """Ping, register and be connected; the ARN of the container instance."""
        self.ping()
        self.register(cluster, attributes)
        self.heartbeat()
        return self.container_instance

    def close(self) -> None:
        self._wire.close()


class RunningRegion:
    """A Region in a thread of this process."""

    def __init__(self, server: RegionServer) -> None:
        self._server = server
        self._hosts: list[Host] = []
        self.url = server.urls[0]

    @property
    def state(self) -> Region:
        return self._server.region

    @property
    def name(self) -> str:
        return self.state.settings.name

    def client(self, service: str, attempts: int = 1, **options: Any) -> Any:
        """A boto3 client; one attempt only unless asked for more, so that no error hides behind a retry."""
        options.setdefault("aws_access_key_id", "AKIAOPERATOR")
        options.setdefault("aws_secret_access_key", "none")
        options.setdefault("region_name", self.name)
        config = Config(retries={"total_max_attempts": attempts, "mode": "standard"})
        return _session().client(service, endpoint_url=self.url, config=config, **options)

    def environment(self) -> dict[str, str]:
        """Variables that make SDKs, the command line and Ansible talk to this Region, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.name,
            "AWS_DEFAULT_REGION": self.name,
            "AWS_ACCESS_KEY_ID": "AKIAOPERATOR",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "*",
        }

    def control(self, method: str, path: str, order: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A call to the control API; a ValueError when it refuses."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, f"/_sandbox/{path}", None if order is None else json.dumps(order).encode())
            response = connection.getresponse()
            reply: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(reply["error"])
        return reply

    def calls(self, **query: str | int) -> list[dict[str, Any]]:
        parameters = "&".join(f"{name}={value}" for name, value in query.items())
        entries: list[dict[str, Any]] = self.control("GET", f"calls?{parameters}")["calls"]
        return entries

    def summary(self, by: str = "service,action", **query: str | int) -> list[dict[str, Any]]:
        """How many calls there were, by service, action, caller, status, error or page."""
        parameters = "&".join(f"{name}={value}" for name, value in {"by": by, **query}.items())
        counts: list[dict[str, Any]] = self.control("GET", f"calls/summary?{parameters}")["summary"]
        return counts

    def fault(self, service: str, action: str, kind: str, **more: Any) -> None:
        self.control("POST", "faults", {"service": service, "action": action, "kind": kind, **more})

    def outpost(self, **order: Any) -> dict[str, Any]:
        """An Outpost with hardware: name, availability_zone, hardware (RACK), hosts ([{type: count}])."""
        return self.control("POST", "outposts", order)

    def tick(self, most: int = 1) -> int:
        """Let the scheduler tick, `most` times or until nothing happens; how often something did."""
        ticks: int = self.control("POST", "tick", {"most": most})["ticks"]
        return ticks

    def settle(self) -> int:
        return self.tick(1000)

    def instances(self, cluster: str, count: int = 1, kind: str = "EXTERNAL", **attributes: str) -> list[str]:
        """The ARNs of new container instances whose agents the Region plays, with these attributes."""
        order = {"cluster": cluster, "count": count, "kind": kind, "attributes": attributes}
        return [one["containerInstanceArn"] for one in self.control("POST", "instances", order)["instances"]]

    def outcome(self, image: str, kind: str, **more: float) -> None:
        """What becomes of containers of an image (a pattern) on played hosts: run, cannot-pull or exit."""
        self.control("POST", "outcomes", {"image": image, "kind": kind, **more})

    def advance(self, seconds: float) -> None:
        self.control("POST", "clock", {"advance": seconds})

    def reset(self) -> None:
        self._close_hosts()
        self.control("POST", "reset")

    def create_role(self, name: str, trust: Mapping[str, Any] | None = None) -> None:
        policy = json.dumps(TRUST_SSM if trust is None else trust)
        self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)

    def activate(self, role: str, limit: int = 1, **more: Any) -> dict[str, str]:
        activation = self.client("ssm").create_activation(IamRole=role, RegistrationLimit=limit, **more)
        return {name: activation[name] for name in ("ActivationId", "ActivationCode")}

    def host(self, activation: Mapping[str, str]) -> Host:
        """A machine that has registered with an activation."""
        host = Host(self.url, self.name, activation)
        self._hosts.append(host)
        return host

    def _close_hosts(self) -> None:
        for host in self._hosts:
            host.close()
        self._hosts.clear()

    def stop(self) -> None:
        self._close_hosts()
        self._server.stop()


@contextmanager
def running_region(settings: Settings | None = None, address: str = "127.0.0.1:0") -> Iterator[RunningRegion]:
    """Run a Region on a free port of the loopback; nothing of it is left at the end."""
    server = RegionServer(settings or Settings(), [Address.parse(address)])
    server.start()
    region = RunningRegion(server)
    try:
        yield region
    finally:
        region.stop()
