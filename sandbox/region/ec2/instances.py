# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances on an Outpost: places on its hosts, client tokens, and what becomes of the ECS agents on them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, HandToMoto
from ..outposts import assets
from ..outposts.model import Outpost
from ..registry import Params, Reply, action
from . import coip, hosts, joining, moto_models
from .common import dry_run, find, invalid
from .model import Launch
from .subnets import outpost_of

if TYPE_CHECKING:
    from ..context import Context

_RESERVATION = re.compile(rb"<reservationId>([^<]+)<")


def _insufficient(instance_type: str, outpost: Outpost) -> ApiError:
    text = f"There is not enough capacity on Outpost {outpost.id} to launch instances of type {instance_type}."
    return ApiError("InsufficientInstanceCapacity", text, status=500)


def _template(params: Params, context: Context) -> dict[str, Any]:
    given = params.get("LaunchTemplate")
    if not given:
        return {}
    with moto_models.errors():
        found = moto_models.backend(context.region.settings)._get_template_from_args(given)
    data: dict[str, Any] = found.data
    return data


def _subnet(params: Params, context: Context) -> Any | None:
    interfaces = params.get("NetworkInterfaces", [])
    identity = params.get("SubnetId") or next((one["SubnetId"] for one in interfaces if "SubnetId" in one), None)
    return moto_models.subnet(context.region.settings, identity) if identity else None


def _same_launch(params: Params, context: Context) -> Launch | None:
    """The launch that this request repeats."""
    known = context.region.ec2.launches.get(params.get("ClientToken", ""))
    if known is not None and known.request != _fingerprint(params):
        raise ApiError(
            "IdempotentParameterMismatch",
            "The parameters of this request are not those of the first one with its client token.",
        )
    return known


def _fingerprint(params: Params) -> str:
    return json.dumps(params, sort_keys=True)


def _count(params: Params, outpost: Outpost | None, instance_type: str, context: Context) -> int:
    """How many to launch: as many as have a place, from MinCount to MaxCount."""
    least, most = params["MinCount"], params["MaxCount"]
    if not 1 <= least <= most:
        raise invalid("MinCount must be at least 1, and at most MaxCount.")
    if outpost is None:
        return int(most)
    configured = {name for asset in outpost.assets.values() for name in asset.capacities}
    if instance_type not in configured:
        text = f"Your requested instance type ({instance_type}) is not supported on Outpost {outpost.id}."
        raise ApiError("Unsupported", text)
    places = assets.free(outpost, instance_type, context)
    if places < least:
        raise _insufficient(instance_type, outpost)
    return min(int(most), places)


def _check_zone(params: Params, subnet: Any | None) -> None:
    zone = params.get("Placement", {}).get("AvailabilityZone")
    if subnet is not None and zone not in (None, subnet.availability_zone):
        raise invalid(f"The subnet '{subnet.id}' is in Availability Zone {subnet.availability_zone}, not in {zone}")


@action("ec2", "RunInstances")
def run_instances(params: Params, context: Context) -> Reply:
    """Find places, let moto launch, and let the agents join."""
    template, subnet = _template(params, context), _subnet(params, context)
    repeated = _same_launch(params, context)
    if repeated is not None:
        return _reservation(repeated.reservation, context)
    _check_zone(params, subnet)
    outpost = outpost_of(context, subnet.outpost_arn) if subnet is not None and subnet.outpost_arn else None
    instance_type = params.get("InstanceType") or template.get("InstanceType") or "m1.small"
    if outpost is not None:
        moto_models.need_service_link(outpost)
    count = _count(params, outpost, instance_type, context)
    dry_run(params)

    def then(body: bytes) -> bytes:
        found = _RESERVATION.search(body)
        identity = found[1].decode() if found else ""
        launched = moto_models.backend(context.region.settings).reservations[identity].instances
        if params.get("ClientToken"):
            context.region.ec2.launches[params["ClientToken"]] = Launch(_fingerprint(params), identity)
        for instance in launched:
            if outpost is not None:
                _settle(outpost, instance, subnet, context)
            _bind_interfaces(instance, params)
            joining.expect(context, instance, {**template, **params})
        joining.attempt(context.region)
        return body

    # moto launches as many as MinCount says, takes its own id for a token, and any text for an image.
    change = {"MinCount": str(count), "MaxCount": str(count)}
    if "ImageId" in params:
        change["ImageId"] = moto_models.image(context.region.settings, params["ImageId"])
    raise HandToMoto(then, change)


def _bind_interfaces(instance: Any, params: Params) -> None:
    """Network interfaces that a launch makes go with their instance, unless it says otherwise; moto keeps them."""
    given = {one.get("DeviceIndex", 0): one for one in params.get("NetworkInterfaces", [])}
    for index, interface in instance.nics.items():
        told = given.get(index, {})
        if "NetworkInterfaceId" not in told:
            interface.goes_with_instance = told.get("DeleteOnTermination", True)


def _settle(outpost: Outpost, instance: Any, subnet: Any, context: Context) -> None:
    asset = assets.place(outpost, instance.instance_type, context)
    if asset is not None:
        outpost.hosts_of[instance.id] = asset
    if subnet.map_customer_owned_ip_on_launch:
        pool = find(context, coip.POOL, subnet.customer_owned_ipv4_pool)
        instance.nics[0].customer_owned_ip = coip.take(context, pool, instance.id)


def _reservation(identity: str, context: Context) -> Reply:
    """What a launch is by now, in the short form that its repeated request is answered."""
    backend = moto_models.backend(context.region.settings)
    reservation = backend.reservations[identity]
    return {
        "ReservationId": identity,
        "OwnerId": context.region.settings.account,
        "Instances": [_short(instance) for instance in reservation.instances],
    }


def _short(instance: Any) -> dict[str, Any]:
    members = {
        "InstanceId": instance.id,
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "ClientToken": instance.client_token,
        "SubnetId": instance.subnet_id,
        "VpcId": instance.vpc_id,
        "OutpostArn": instance.outpost_arn,
        "PrivateIpAddress": instance.private_ip,
        "State": {"Code": instance.state_code, "Name": instance.state},
        "Placement": {"AvailabilityZone": instance.availability_zone},
        "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in instance.get_tags()],
    }
    return {name: value for name, value in members.items() if value is not None}


def _named(params: Params, context: Context) -> list[Any]:
    """The instances of a request; those that do not exist are moto's to refuse."""
    settings = context.region.settings
    found = (moto_models.instance(settings, identity) for identity in params["InstanceIds"])
    return [instance for instance in found if instance is not None]


def _carriers(instances: Iterable[Any], context: Context) -> list[tuple[Any, Outpost]]:
    store = context.region.outposts
    pairs = []
    for instance in instances:
        placed = store.view_of(instance.id)
        if placed is not None:
            moto_models.need_service_link(placed[0])
            pairs.append((instance, placed[0]))
    return pairs


@action("ec2", "StartInstances")
def start_instances(params: Params, context: Context) -> Reply:
    """A stopped instance has lost its place and needs another."""
    instances = _named(params, context)
    wanted: Counter[tuple[str, str]] = Counter()
    pairs = [(one, outpost) for one, outpost in _carriers(instances, context) if one.state == "stopped"]
    for instance, outpost in pairs:
        wanted[(outpost.id, instance.instance_type)] += 1
        if wanted[(outpost.id, instance.instance_type)] > assets.free(outpost, instance.instance_type, context):
            raise _insufficient(instance.instance_type, outpost)

    def then(body: bytes) -> bytes:
        for instance, outpost in pairs:
            outpost.hosts_of.pop(instance.id)
            # Until it has a host again it must not be counted on the old one.
            asset = assets.place(outpost, instance.instance_type, context)
            if asset is not None:
                outpost.hosts_of[instance.id] = asset
        for instance in instances:
            joining.power(context, instance.id, True)
        return body

    raise HandToMoto(then)


@action("ec2", "RebootInstances")
def reboot_instances(params: Params, context: Context) -> Reply:
    """The host of an instance boots again; an agent that the Region plays takes no notice."""
    instances = _named(params, context)
    _carriers(instances, context)

    def then(body: bytes) -> bytes:
        for instance in instances:
            hosts.reboot(context.region, instance.id)
        return body

    raise HandToMoto(then)


@action("ec2", "StopInstances")
def stop_instances(params: Params, context: Context) -> Reply:
    """The agent of a stopped instance falls silent; its record stays."""
    instances = _named(params, context)
    _carriers(instances, context)

    def then(body: bytes) -> bytes:
        for instance in instances:
            joining.power(context, instance.id, False)
        return body

    raise HandToMoto(then)


@action("ec2", "TerminateInstances")
def terminate_instances(params: Params, context: Context) -> Reply:
    """ECS deregisters a terminated instance whose agent was connected."""
    instances = _named(params, context)
    _carriers(instances, context)

    def then(body: bytes) -> bytes:
        for instance in instances:
            joining.terminated(context, instance.id)
            moto_models.delete_interfaces(context.region.settings, instance)
            placed = context.region.outposts.view_of(instance.id)
            if placed is not None:
                del placed[0].hosts_of[instance.id]
        return body

    raise HandToMoto(then)
