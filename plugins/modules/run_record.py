#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: run_record
short_description: Write the record of a run on the control node, and the page and the metrics that are made of it
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Begins the record of a rollout with its plan, adds what a batch has come to, and ends it. Whatever kills a run, the
    record tells all batches that have ended before.
  - The record is a JSON file, whose members C(docs/record.schema.json) of the collection describes. Beside it lie the
    page with the same name and the ending C(.html), C(report.html), a link to the newest page, and C(metrics.prom) for
    the textfile collector of Prometheus, for which the control node needs C(prometheus_client). Every file is put in
    place at once, or not at all.
  - Without anything but O(path), draws page and metrics of a record again.
  - Is done by an action plugin in Ansible's own process on the control node; nothing is executed on the task's host.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nothing is written.
  diff_mode:
    support: none
    details: A record is evidence of a run, not something asked of the fleet. Writing it is no change.
  idempotent:
    support: full
    details: It never reports a change.
  action:
    description: Has an action plugin, and no part that runs on a host.
    support: full
options:
  path:
    description: The record, a file whose name ends in C(.json). Its folder is made.
    type: path
    required: true
  plan_variable:
    description:
      - Name of the fact that holds the plan of a rollout, as P(edgefleet.ecs.fleet_plan#filter) returns it. Begins
        a record, unless O(path) is one of this plan.
      - A name, not the plan itself, for templates would copy thousands of hosts.
    type: str
  results:
    description:
      - Results of batches that have ended, as P(edgefleet.ecs.fleet_batch_result#filter) returns them. To add one twice
        changes nothing.
    type: list
    elements: dict
  versions:
    description: By host, the versions of its packages after its batch.
    type: dict
  ended:
    description: When the rollout ended, ISO 8601 in UTC. Hosts whose batch has not come by then were skipped.
    type: str
  broken:
    description:
      - With O(ended), the batches of which nobody has seen the end, because their conductor has broken. Each has
        C(number), C(reason), C(touched) (whether it had begun), and C(connected), the hosts that ECS has heard since.
    type: list
    elements: dict
  record:
    description:
      - A record of another kind of run, complete. It is written as it is, with a page beside it. C(audit.html),
        C(heal.html) or C(decommission.html) links to the newest page of its kind.
    type: dict
"""

EXAMPLES = r"""
- name: Draw the page of a record once more
  edgefleet.ecs.run_record:
    path: fleet-records/20261122T010000Z.json
  delegate_to: localhost
"""

RETURN = r"""
record_file:
  description: The record.
  returned: always
  type: str
  sample: /srv/fleet-records/20261122T010000Z.json
report_file:
  description: The page that was made of it.
  returned: where it could be drawn
  type: str
  sample: /srv/fleet-records/20261122T010000Z.html
kind:
  description: What kind of run it is the record of.
  returned: always
  type: str
  sample: rollout
state:
  description: V(running), V(ended), or V(interrupted), which is an end before the time.
  returned: always
  type: str
  sample: ended
amiss:
  description: The hosts that are not as asked.
  returned: for rollouts
  type: list
  elements: str
  sample: [lyon-2]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "plan_variable": {"type": "str"},
    "results": {"type": "list", "elements": "dict"},
    "versions": {"type": "dict"},
    "ended": {"type": "str"},
    "broken": {"type": "list", "elements": "dict"},
    "record": {"type": "dict"},
}


def main() -> None:
    AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True).fail_json(
        msg="The action plugin edgefleet.ecs.run_record, which does the work on the control node, was not found."
    )


if __name__ == "__main__":
    main()
