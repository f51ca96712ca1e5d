# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""moto's own EC2 state, for handlers of ours that hold the turn (see Moto.turn).

moto serialises attributes of its models from botocore's shapes, so that what is set on them here shows in its replies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import ApiError

if TYPE_CHECKING:
    from ..context import Settings
    from ..outposts.model import Outpost

# States in which an instance holds a place on its host.
PLACED = frozenset({"pending", "running", "stopping", "shutting-down"})
_SUBNET_FILTERS = {
    "outpost-arn": "outpost_arn",
    "map-customer-owned-ip-on-launch": "map_customer_owned_ip_on_launch",
    "customer-owned-ipv4-pool": "customer_owned_ipv4_pool",
    "enable-lni-at-device-index": "enable_lni_at_device_index",
    "availability-zone-id": "availability_zone_id",
}


def backend(settings: Settings) -> Any:
    from moto.ec2.models import ec2_backends

    return ec2_backends[settings.account][settings.name]


def image(settings: Settings, wanted: str) -> str:
    """The id of an image, also where a parameter of Systems Manager tells it."""
    prefix, _, name = wanted.partition("resolve:ssm:")
    if prefix or not name:
        return wanted
    from moto.ssm.models import ssm_backends

    found = ssm_backends[settings.account][settings.name].get_parameter(name)
    if found is None:
        raise ApiError("InvalidParameterValue", f"The parameter '{name}' of image {wanted} does not exist")
    return str(found.value)


@contextmanager
def errors() -> Iterator[None]:
    """Turn what moto raises into our own refusals."""
    from moto.core.exceptions import ServiceException

    try:
        yield
    except ServiceException as error:
        raise ApiError(error.code, error.message) from error


def subnet(settings: Settings, identity: str) -> Any:
    with errors():
        return backend(settings).get_subnet(identity)


def subnets_on(settings: Settings, arn: str) -> list[str]:
    found = (one for by_id in backend(settings).subnets.values() for one in by_id.values())
    return [one.id for one in found if one.outpost_arn == arn]


def interfaces_in(settings: Settings, subnet_id: str) -> list[str]:
    """The network interfaces that hold a subnet's addresses."""
    found = backend(settings).enis.values()
    return [one.id for one in found if one.subnet.id == subnet_id]


def delete_interfaces(settings: Settings, instance: Any) -> None:
    """The network interfaces that came with an instance and go with it."""
    for interface in instance.nics.values():
        if getattr(interface, "goes_with_instance", False):
            backend(settings).enis.pop(interface.id, None)


def vpc(settings: Settings, identity: str) -> Any:
    found = backend(settings).vpcs.get(identity)
    if found is None:
        raise ApiError("InvalidVpcID.NotFound", f"The vpc ID '{identity}' does not exist")
    return found


def instance(settings: Settings, identity: str) -> Any | None:
    return backend(settings).get_instance_by_id(identity)


def zones(settings: Settings) -> list[tuple[str, str]]:
    """Names and ids of the Region's Availability Zones."""
    return [(zone.name, zone.zone_id) for zone in backend(settings).describe_availability_zones()]


def know_zone(settings: Settings, name: str, zone_id: str, kind: str) -> None:
    """Let subnets be in a zone that is none of the Region's own, where moto would put default subnets."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone

    known = RegionsAndZonesBackend.zones.setdefault(f"{settings.name} edge", [])
    if name not in {zone.name for zone in known}:
        known.append(Zone(name, settings.name, zone_id, kind))


def instance_profile(settings: Settings, identity: str, given: Mapping[str, str]) -> Any | None:
    """The profile that an instance has, or else that its launch named."""
    association = backend(settings).iam_instance_profile_associations.get(identity)
    if association is not None:
        return association.iam_instance_profile
    from moto.iam.models import iam_backends

    profiles = iam_backends[settings.account][settings.partition].instance_profiles.values()
    wanted = {given.get("Name"), given.get("Arn")} - {None}
    return next((one for one in profiles if {one.name, one.arn} & wanted), None)


def need_service_link(outpost: Outpost) -> None:
    if not outpost.service_link:
        # AWS documents that such calls fail, not with which code.
        raise ApiError("Unavailable", f"Outpost {outpost.id} is disconnected from its Region.", status=503)


def _add_filters(model: Any, filters: dict[str, str]) -> None:
    original = model.get_filter_value

    def get_filter_value(self: Any, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name in filters:
            value = getattr(self, filters[filter_name], None)
            return str(value).lower() if isinstance(value, (bool, int)) else value
        return original(self, filter_name, method_name)

    model.get_filter_value = get_filter_value


def extend() -> None:
    """Teach moto's models what they lack: where they are on an Outpost, and filters by that."""
    from moto.ec2 import utils
    from moto.ec2.models.elastic_network_interfaces import NetworkInterface
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.subnets import Subnet

    if hasattr(Subnet, "outpost_arn"):
        return
    Subnet.outpost_arn = None
    Subnet.map_customer_owned_ip_on_launch = False
    Subnet.customer_owned_ipv4_pool = None
    Subnet.enable_lni_at_device_index = None
    _add_filters(Subnet, _SUBNET_FILTERS)
    # An instance and its network interfaces are where their subnet is.
    Instance.outpost_arn = property(_outpost_of_instance)
    NetworkInterface.outpost_arn = property(lambda self: self.subnet.outpost_arn)
    utils.filter_dict_attribute_mapping["outpost-arn"] = "outpost_arn"
    original = NetworkInterface.association.fget
    NetworkInterface.association = property(lambda self: _association(self, original))


def _outpost_of_instance(self: Any) -> str | None:
    known = self.ec2_backend.subnets.values() if self.subnet_id else ()
    return next((by_id[self.subnet_id].outpost_arn for by_id in known if self.subnet_id in by_id), None)


def _association(self: Any, original: Any) -> dict[str, Any]:
    """A customer-owned address stands where a public one would."""
    owned = getattr(self, "customer_owned_ip", None)
    if owned is None:
        known: dict[str, Any] = original(self)
        return known
    return {"CustomerOwnedIp": owned, "IpOwnerId": self.ec2_backend.account_id}
