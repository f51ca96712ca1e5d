# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet
short_description: Machines of Amazon ECS clusters, inside and outside of AWS
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Lists the container instances of ECS clusters, joined with what AWS Systems Manager knows of their managed nodes
    and EC2 of their instances; and the managed nodes and EC2 instances of a fleet that have not joined a cluster.
  - A machine that is no container instance belongs to a fleet when it bears the tag C(fleet), with any value or with
    one of O(fleets).
  - Reads in pages, in one or many accounts, Regions and clusters. N container instances cost ceil(N/50) + 2 ceil(N/100)
    calls and a few more; there is no call for a single machine.
  - The name of the configuration file must end with C(fleet.yml) or C(fleet.yaml).
  - Calls C(ecs:ListClusters), C(ecs:ListContainerInstances), C(ecs:DescribeContainerInstances),
    C(ssm:DescribeInstanceInformation), C(ec2:DescribeInstances), and, for machines that are no container instances,
    C(sts:GetCallerIdentity) and C(tag:GetResources).
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
  - amazon.aws.assume_role.plugins
options:
  plugin:
    description: Marks the file as one of this plugin.
    required: true
    choices: [edgefleet.ecs.fleet]
  regions:
    description: Regions to read. Defaults to O(region).
    type: list
    elements: str
    default: []
  clusters:
    description: Names or ARNs of the clusters to read. Left out, all clusters of each Region.
    type: list
    elements: str
    default: []
  sources:
    description:
      - Accounts to read, where there are several. Left out, the account of the credentials is read.
      - A role is assumed with these credentials, or, with the top-level O(assume_role_arn), with those of that role.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What messages call this source.
        type: str
      assume_role_arn:
        description: Role to assume in that account.
        type: str
      external_id:
        description: External id that the role asks for.
        type: str
      profile:
        description: Profile of the AWS configuration to take in the place of the credentials.
        type: str
      regions:
        description: Regions to read there. Defaults to O(regions).
        type: list
        elements: str
      clusters:
        description: Clusters to read there. Defaults to O(clusters).
        type: list
        elements: str
  fleets:
    description: Only machines of these fleets, by their tag C(fleet). Chosen by AWS where it can.
    type: list
    elements: str
    default: []
  tags:
    description:
      - Only machines with all of these tags. A value, a list of values of which one must be met, or V(null) for any.
      - Of a container instance, its tags in ECS count before those that EC2 has for its machine. Chosen by AWS where it
        can.
    type: dict
    default: {}
  container_instance_filter:
    description:
      - Only container instances that match this expression of the cluster query language
        U(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html). Chosen by AWS.
    type: str
    default: ''
  statuses:
    description: Only container instances with one of these statuses. A single one is chosen by AWS.
    type: list
    elements: str
    choices: [ACTIVE, DRAINING, REGISTERING, DEREGISTERING, REGISTRATION_FAILED]
    default: []
  kinds:
    description: Only machines at sites of these kinds. With only V(external), EC2 is not asked at all.
    type: list
    elements: str
    choices: [external, outpost, local_zone, wavelength, region]
    default: []
  include:
    description: Only machines for which one of these Jinja conditions on their variables holds.
    type: list
    elements: str
    default: []
  exclude:
    description: No machine for which one of these Jinja conditions on its variables holds, whatever O(include) says.
    type: list
    elements: str
    default: []
  hostnames:
    description:
      - What to call a machine in the inventory, in the order of preference; the first that is there, and can be a name,
        is taken. V(host) is the name that the machine has in the inventory that it was rolled out from; C(tag:KEY) is
        the value of a tag; any of the variables can be given, without their prefix.
      - Where two machines would have the same name, one is called by its id - a dead record rather than one in use, and
        of two in use the newer one.
    type: list
    elements: str
    default: [host, computer_name, instance_id]
  address:
    description:
      - What C(ansible_host) is set to. V(ip_address) is the address that the SSM agent, or EC2, tells; V(none) sets
        nothing, for an inventory that is read together with one that has the addresses.
    type: str
    choices: [ip_address, computer_name, instance_id, none]
    default: ip_address
  group_by:
    description: Groups to make, such as C(site_lyon), C(status_draining) and C(connected).
    type: list
    elements: str
    choices: [site, cluster, kind, status, connection, platform, region, account]
    default: [site, cluster, kind, status, connection, platform]
  hostvars_prefix:
    description: What the names of all variables begin with.
    type: str
    default: node_
  ignore_errors:
    description:
      - Error codes of AWS with which a cluster, or a Region of a source, is left out with a warning, such as
        V(ClusterNotFoundException) or V(AccessDeniedException). With any other error there is no inventory at all,
        because a machine that is missing in it may be taken for one that is gone.
      - What was read with something left out is not kept in the cache.
    type: list
    elements: str
    default: []
notes:
  - No variable of the collection's own playbooks is set. What is observed must not become what is asked for unasked;
    O(compose) says where it shall, see the examples.
seealso:
  - module: edgefleet.ecs.container_instance_info
  - module: edgefleet.ecs.managed_node_info
"""

EXAMPLES = r"""
# retail.fleet.yml: all clusters of a Region
plugin: edgefleet.ecs.fleet
regions: [us-west-2]

---
# One fleet, as an inventory for the collection's own playbooks, for SSH.
plugin: edgefleet.ecs.fleet
regions: [us-west-2]
clusters: [retail-edge]
fleets: [retail]
kinds: [external]
include:
  - node_host != ''
compose:
  fleet_site: node_site
  fleet_instance_id: node_instance_id
groups:
  fleet: true

---
# Accounts and Regions; groups of releases; only what is in use
plugin: edgefleet.ecs.fleet
regions: [us-west-2, eu-west-3]
sources:
  - name: shops
    assume_role_arn: arn:aws:iam::111122223333:role/fleet-reader
    clusters: [retail-edge]
  - name: plants
    assume_role_arn: arn:aws:iam::444455556666:role/fleet-reader
    regions: [us-west-2]
ignore_errors: [ClusterNotFoundException]
keyed_groups:
  - key: node_attributes.fleet_release | default('none')
    prefix: release
exclude:
  - node_ping_status == 'ConnectionLost' and not node_agent_connected
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/fleet
cache_timeout: 300
"""

import json
from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.amazon.aws.plugins.plugin_utils.inventory import AWSInventoryBase

from ..module_utils._aws.errors import FleetError
from ..module_utils.planning import nodes
from ..module_utils.planning.sources import SourceError, groups
from ..plugin_utils import source_reader
from ..plugin_utils.texts import never_a_template

# Options that decide what is read; what the cache holds is of no use to others.
_READ_BY = (
    *("region", "regions", "clusters", "sources", "assume_role_arn", "profile", "endpoint_url"),
    *("fleets", "tags", "container_instance_filter", "statuses", "kinds"),
)


class InventoryModule(AWSInventoryBase):
    NAME = "edgefleet.ecs.fleet"
    INVENTORY_FILE_SUFFIXES = ("fleet.yml", "fleet.yaml")

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache=cache)
        try:
            rows = self._rows(path, cache)
        except SourceError as error:
            raise AnsibleParserError(str(error)) from None
        except FleetError as error:
            # Says it all: what Ansible adds of causes would say it again.
            raise AnsibleParserError(error.message) from None
        for row in self._wanted(nodes.named(rows, self.get_option("hostnames"))):
            self._add(row, self._variables(row))

    # --- reading ---

    def _rows(self, path: str, cache: bool) -> list[nodes.Row]:
        asked = json.dumps({name: self.get_option(name) for name in _READ_BY}, sort_keys=True, default=str)
        hit, kept = self.get_cached_result(path, cache)
        if hit and kept.get("asked") == asked:
            return list(kept["rows"])
        rows, left_out = source_reader.read(self)
        if self.get_option("cache") and not left_out:
            self._cache[self.get_cache_key(path)] = {"asked": asked, "rows": rows}
        return rows

    # --- the inventory ---

    def _wanted(self, rows: list[nodes.Row]) -> list[nodes.Row]:
        """Those that the conditions leave, which have the names that the others had in their way."""
        included, excluded = self.get_option("include"), self.get_option("exclude")
        if not included and not excluded:
            return rows
        wanted = []
        for row in rows:
            variables = self._variables(row)
            if (not included or self._any(included, variables)) and not self._any(excluded, variables):
                wanted.append(row)
        return nodes.named(wanted, self.get_option("hostnames"))

    def _variables(self, row: nodes.Row) -> dict[str, Any]:
        prefix = self.get_option("hostvars_prefix")
        variables = {prefix + key: never_a_template(value) for key, value in row.items()}
        address = "" if self.get_option("address") == "none" else row[self.get_option("address")]
        if nodes.usable(address):
            variables["ansible_host"] = never_a_template(address)
        return variables

    def _add(self, row: nodes.Row, variables: dict[str, Any]) -> None:
        self.inventory.add_host(row["name"])
        for key, value in variables.items():
            self.inventory.set_variable(row["name"], key, value)
        self._group(row, variables)

    def _any(self, conditions: Sequence[str], variables: dict[str, Any]) -> bool:
        return any(self._holds(condition, variables) for condition in conditions)

    def _holds(self, condition: str, variables: dict[str, Any]) -> bool:
        try:
            value = self._compose(condition, variables)
        except Exception as error:
            if self.get_option("strict"):
                text = f"The condition {condition!r} could not be evaluated for {variables}: {error}"
                raise AnsibleParserError(text) from error
            return False
        return boolean(value, strict=False) if isinstance(value, str) else bool(value)

    def _group(self, row: nodes.Row, variables: dict[str, Any]) -> None:
        name, strict = row["name"], self.get_option("strict")
        for group, parent in groups(row, self.get_option("group_by")):
            self.inventory.add_group(group)
            self.inventory.add_child(group, name)
            if parent:
                self.inventory.add_group(parent)
                self.inventory.add_child(parent, group)
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
