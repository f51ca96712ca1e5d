# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances that have a sandbox host each: what is to become of the hosts, and what EC2 tells an instance of itself.

`hosts ec2` (sandbox/hosts/ec2.py) asks for the orders, carries them out, reports addresses and serves the pages as the
instance metadata service. Which agent is on such a host, and whether it joins a cluster, is the host's own affair.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import json
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..links import Outage
from . import moto_models
from .model import HostedInstance

if TYPE_CHECKING:
    from ..context import Context, Region
    from ..outposts.model import Outpost

Pages = dict[str, str]
_EC2 = "ec2.amazonaws.com"


def site_name(outpost: Outpost | None, zone: str) -> str:
    """The site of the sandbox's network in which an instance stands: its Outpost, or its Availability Zone."""
    if outpost is None:
        return zone
    name = re.sub("[^a-z0-9-]+", "-", outpost.name.lower()).strip("-")[:30]
    return name if re.match("[a-z]", name) else outpost.id


def expect(context: Context, instance: Any, launch: Mapping[str, Any], user_data: str) -> None:
    """Order a host for a new instance."""
    placed = context.region.outposts.view_of(instance.id)
    outpost = placed[0] if placed else None
    context.region.ec2.hosted[instance.id] = HostedInstance(
        site=site_name(outpost, instance.availability_zone),
        user_data=user_data,
        profile=dict(launch.get("IamInstanceProfile") or {}),
        launched_at=context.now,
        instance_type=instance.instance_type,
        image=instance.image_id,
        zone=instance.availability_zone,
        private_address=instance.private_ip or "",
        subnet=instance.subnet_id or "",
        vpc=instance.vpc_id or "",
        mac=instance.nics[0].mac_address if instance.nics else "",
        outpost_arn=outpost.arn if outpost else "",
    )


def orders(region: Region) -> list[dict[str, Any]]:
    """What hosts there shall be; one that is not listed shall be removed."""
    return [
        {
            "id": identity,
            "site": hosted.site,
            "running": hosted.running,
            "boots": hosted.boots,
            "private_address": hosted.private_address,
            "address": hosted.address,
        }
        for identity, hosted in region.ec2.hosted.items()
    ]


def report(region: Region, identity: str, order: Mapping[str, Any]) -> dict[str, Any]:
    """Take note of a host's address in the sandbox's network."""
    hosted = region.ec2.hosted.get(identity)
    if hosted is None:
        raise ValueError(f"there is no instance {identity} with a host")
    hosted.address = str(ipaddress.ip_address(order.get("address", "")))
    return {"id": identity, "address": hosted.address}


def power(region: Region, identity: str, running: bool) -> None:
    hosted = region.ec2.hosted.get(identity)
    if hosted is not None and hosted.running is not running:
        hosted.running = running
        hosted.boots += running


def reboot(region: Region, identity: str) -> None:
    hosted = region.ec2.hosted.get(identity)
    if hosted is not None and hosted.running:
        hosted.boots += 1


def terminated(region: Region, identity: str) -> None:
    if region.ec2.hosted.pop(identity, None) is not None:
        region.credentials.revoke(identity)


def outage(region: Region, outpost: Outpost) -> Outage:
    """What the loss of an Outpost's service link cuts off: its hosts, by their identities and by their addresses."""
    hosted = [region.ec2.hosted[identity] for identity in outpost.hosts_of if identity in region.ec2.hosted]
    networks = tuple(ipaddress.ip_network(one.address) for one in hosted if one.address)
    return Outage(networks=networks, nodes=frozenset(outpost.hosts_of))


# What an instance is told of itself.


def _signature(region: Region, document: str) -> str:
    return base64.b64encode(hmac.new(region.ec2.secret, document.encode(), hashlib.sha256).digest()).decode()


def is_genuine(region: Region, document: str, signature: str) -> bool:
    """Whether this Region signed an identity document."""
    return hmac.compare_digest(_signature(region, document).encode(), signature.encode())


def _decoded(user_data: str) -> str:
    """Bytes as they are, one character each: user data need not be text."""
    try:
        return base64.b64decode(user_data).decode("latin-1")
    except binascii.Error:
        return ""


def _iso(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _document(region: Region, identity: str, hosted: HostedInstance) -> str:
    return json.dumps(
        {
            "accountId": region.settings.account,
            "architecture": "x86_64",
            "availabilityZone": hosted.zone,
            "imageId": hosted.image,
            "instanceId": identity,
            "instanceType": hosted.instance_type,
            "pendingTime": _iso(hosted.launched_at),
            "privateIp": hosted.private_address,
            "region": region.settings.name,
            "version": "2017-09-30",
        },
        indent=2,
    )


def _network(hosted: HostedInstance) -> Pages:
    where = f"meta-data/network/interfaces/macs/{hosted.mac}"
    return {
        f"{where}/local-ipv4s": hosted.private_address,
        f"{where}/subnet-id": hosted.subnet,
        f"{where}/vpc-id": hosted.vpc,
    }


def _role_pages(region: Region, identity: str, hosted: HostedInstance, now: float) -> Pages:
    """The credentials of the instance profile's role, if EC2 may assume that."""
    profile = moto_models.instance_profile(region.settings, identity, hosted.profile)
    if profile is None:
        return {}
    about = {"Code": "Success", "LastUpdated": _iso(now)}
    pages = {
        "meta-data/iam/info": json.dumps(
            {**about, "InstanceProfileArn": profile.arn, "InstanceProfileId": profile.id}, indent=2
        )
    }
    role = profile.roles[0].name if profile.roles else None
    if role is None:
        return pages
    where = f"meta-data/iam/security-credentials/{role}"
    if not region.trusts(role, _EC2):
        # "Troubleshooting IAM roles for Amazon EC2" names this code.
        pages[where] = json.dumps({**about, "Code": "AssumeRoleUnauthorizedAccess"}, indent=2)
        return pages
    token = region.credentials.current(identity, now)
    pages[where] = json.dumps(
        {
            **about,
            "Type": "AWS-HMAC",
            "AccessKeyId": token.access_key_id,
            "SecretAccessKey": token.secret_access_key,
            "Token": token.session_token,
            "Expiration": _iso(token.expires),
        },
        indent=2,
    )
    return pages


def pages(region: Region, identity: str) -> Pages:
    """The pages of an instance's metadata service by their paths below /latest/; folders follow from the paths."""
    hosted = region.ec2.hosted.get(identity)
    if hosted is None:
        raise ValueError(f"there is no instance {identity} with a host")
    document = _document(region, identity, hosted)
    told = {
        "user-data": _decoded(hosted.user_data),
        "dynamic/instance-identity/document": document,
        "dynamic/instance-identity/signature": _signature(region, document),
        "meta-data/ami-id": hosted.image,
        "meta-data/hostname": identity,
        "meta-data/instance-id": identity,
        "meta-data/instance-type": hosted.instance_type,
        "meta-data/local-hostname": identity,
        "meta-data/local-ipv4": hosted.private_address,
        "meta-data/mac": hosted.mac,
        "meta-data/outpost-arn": hosted.outpost_arn,
        "meta-data/placement/availability-zone": hosted.zone,
        "meta-data/placement/region": region.settings.name,
        "meta-data/services/domain": "amazonaws.com",
        **_network(hosted),
        **_role_pages(region, identity, hosted, region.clock.now()),
    }
    return {path: text for path, text in told.items() if text}


def attributes(region: Region, identity: str) -> dict[str, str | None]:
    """What ECS itself knows of an instance that registers."""
    hosted = region.ec2.hosted.get(identity)
    if hosted is None:
        return {}
    known = {
        "ecs.ami-id": hosted.image,
        "ecs.availability-zone": hosted.zone,
        "ecs.instance-type": hosted.instance_type,
        "ecs.outpost-arn": hosted.outpost_arn,
        "ecs.subnet-id": hosted.subnet,
        "ecs.vpc-id": hosted.vpc,
    }
    return {name: value for name, value in known.items() if value}
