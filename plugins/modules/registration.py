#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registration
short_description: Register a host with AWS Systems Manager
version_added: 0.1.0
description:
  - Makes a host a managed node of AWS Systems Manager, through the SSM agent that is installed on it. An external
    instance of Amazon ECS takes its identity from there.
  - An identity is never lost. The agent's own C(-register -y) forgets the old identity before it asks for a new one, so
    that a wrong activation leaves a host with none. This module stops the agent, keeps a copy of the identity,
    registers, starts the agent, and waits until the agent has fetched credentials with the new identity. On any failure
    the old identity is put back. A run that was cut short, by a power cut for one, is ended by the next one.
  - What counts is the agent's vault, C(/var/lib/amazon/ssm/Vault). The file C(registration) beside it goes on naming an
    identity that is gone.
  - The agent calls C(ssm:RegisterManagedInstance) and C(ssm:RequestManagedInstanceRoleToken). The module itself calls
    nothing of AWS and needs no AWS credentials.
notes:
  - The registering command does not read the agent's unit. It gets the proxy that M(edgefleet.ecs.proxy_config) has
    written. One that is given in the C(environment) of the task works, too, but C(ansible -vvv) shows it.
  - The agent's command takes the activation code as an argument and in no other way (see C(core/agent_parser.go) in
    U(https://github.com/aws/amazon-ssm-agent)). While it runs, for a second as a rule, users of the host can see the
    code in the list of processes. Use activations that are short-lived, have no more registrations than hosts, and are
    deleted at the end. Nowhere else does the code appear.
  - With O(reregister=true) the host becomes another managed node, and a container instance that was registered with the
    old one must be removed. The agent of ECS must forget C(/var/lib/ecs/data/agent.db). The playbook
    C(edgefleet.ecs.reregister) does all of that.
  - Identities that this machine gives up, and those that were made for it in vain, are noted on it in
    C(/var/lib/edgefleet/abandoned.json), until C(edgefleet.ecs.rollout) has removed their records.
author:
  - Edgefleet contributors (@edgefleet)
requirements:
  - Python 3.9 on the host
  - amazon-ssm-agent on the host
options:
  state:
    description:
      - With V(present), the host has an identity in O(region). A host that has one is left alone.
      - With V(absent), the host has none. The agent is stopped, its registration is cleared, and its notes and the
        profile of credentials that it rotates are removed. The record of the managed node stays in Systems Manager.
    type: str
    choices: [present, absent]
    default: present
  region:
    description:
      - Region of the managed node.
      - A host that is registered in another one is refused, unless O(reregister=true).
    type: str
  activation_id:
    description:
      - ID of the activation. Only needed when the host has to be registered.
    type: str
  activation_code:
    description:
      - Code of the activation. Only needed when the host has to be registered.
    type: str
  reregister:
    description:
      - Register also a host that has an identity. Every run with it makes another managed node.
      - It takes another activation than the first registration did.
    type: bool
    default: false
  retries:
    description:
      - How often to try again when the endpoint can't be reached, throttles or has an internal error.
      - Other errors, such as an activation that is not valid, end the module at once.
    type: int
    default: 5
  delay:
    description:
      - Seconds before the first of these tries. The pause doubles each time up to two minutes, and is spread at random
        between half and one and a half of it.
    type: float
    default: 5
  timeout:
    description:
      - Seconds to wait for the agent's first credentials with a new identity.
    type: float
    default: 120
  executable:
    description:
      - Path of the agent's program. Found by itself where a package has installed it.
    type: path
  unit:
    description:
      - systemd unit of the agent.
      - It differs where the agent is a snap, C(snap.amazon-ssm-agent.amazon-ssm-agent).
    type: str
    default: amazon-ssm-agent
attributes:
  check_mode:
    support: full
    details: Says whether the host would be registered. Nothing is touched, and no activation is needed.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: Not with O(reregister=true).
extends_documentation_fragment:
  - edgefleet.ecs.attributes
seealso:
  - module: edgefleet.ecs.activation
  - module: edgefleet.ecs.managed_node_info
  - module: edgefleet.ecs.proxy_config
  - module: edgefleet.ecs.host_facts
  - name: Hybrid activations
    description: What an activation is.
    link: https://docs.aws.amazon.com/systems-manager/latest/userguide/activations.html
"""

EXAMPLES = r"""
- name: Make an activation for one host
  edgefleet.ecs.activation:
    name: retail-lyon
    role: retail-external-instance
    limit: 1
    expires_in: 1
    region: eu-west-3
  delegate_to: localhost
  register: activation

- name: Register the host
  edgefleet.ecs.registration:
    region: eu-west-3
    activation_id: "{{ activation.activation.activation_id }}"
    activation_code: "{{ activation.activation.activation_code }}"
  become: true

- name: Give a cloned host an identity of its own
  edgefleet.ecs.registration:
    region: eu-west-3
    activation_id: "{{ activation.activation.activation_id }}"
    activation_code: "{{ activation.activation.activation_code }}"
    reregister: true
  become: true

- name: Take the identity from a host that leaves the fleet
  edgefleet.ecs.registration:
    state: absent
  become: true
"""

RETURN = r"""
instance_id:
  description: ID of the managed node that the host is. Empty when it is none, also in check mode before a registration.
  returned: always
  type: str
  sample: mi-0123456789abcdef0
previous_instance_id:
  description: ID of the managed node that the host was before. Empty when it was none.
  returned: always
  type: str
  sample: mi-0fedcba9876543210
region:
  description: Region of the managed node that the host is. Empty when it is none.
  returned: always
  type: str
  sample: eu-west-3
recovered:
  description: What was done about an earlier run that had been cut short.
  returned: when there was one
  type: str
  sample: an earlier run was cut short; the identity mi-0fedcba9876543210 was put back
orphaned_instance_id:
  description: ID of a managed node that was made for the host and is not used by it. It can be deregistered.
  returned: when there is one
  type: str
  sample: mi-00112233445566778
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ssm_agent
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.vault import Identity, Paths, Vault


def shape(outcome: ssm_agent.Outcome) -> dict[str, t.Any]:
    """The result of the module."""
    result: dict[str, t.Any] = {"changed": outcome.changed, **_shape_state(outcome.before, outcome.after)}
    if outcome.recovered:
        result["recovered"] = outcome.recovered
    if outcome.orphan:
        result["orphaned_instance_id"] = outcome.orphan
    return result


def _shape_state(before: Identity | None, after: Identity | None) -> dict[str, str]:
    return {
        "instance_id": after.instance_id if after else "",
        "previous_instance_id": before.instance_id if before else "",
        "region": after.region if after else "",
    }


def make_diff(outcome: ssm_agent.Outcome, request: ssm_agent.Request, state: str) -> dict[str, t.Any]:
    def side(identity: Identity | None) -> dict[str, str]:
        return {"instance_id": identity.instance_id, "region": identity.region} if identity else {}

    after = side(outcome.after)
    if state == "present" and not after:
        after = {"instance_id": "(a new one)", "region": request.region}
    return {"before": side(outcome.before), "after": after}


def make_request(params: t.Mapping[str, t.Any]) -> ssm_agent.Request:
    return ssm_agent.Request(
        region=params["region"] or "",
        activation_id=params["activation_id"] or "",
        activation_code=params["activation_code"] or "",
        reregister=params["reregister"],
        retries=params["retries"],
        delay=params["delay"],
        timeout=params["timeout"],
    )


def ensure_state(
    registrar: ssm_agent.Registrar, state: str, request: ssm_agent.Request, check_mode: bool
) -> ssm_agent.Outcome:
    if state == "absent":
        if check_mode:
            return ssm_agent.Outcome(registrar.vault.traces(), registrar.vault.identity(), None)
        return registrar.ensure_absent(request)
    outcome = ssm_agent.foresee(registrar.vault, request)
    if check_mode or not outcome.changed:
        return outcome
    if not registrar.executable:
        raise ssm_agent.RegistrationError("amazon-ssm-agent is not installed on this host; the role ssm_agent does it")
    return registrar.ensure_present(request)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "region": {"type": "str"},
            "activation_id": {"type": "str"},
            "activation_code": {"type": "str", "no_log": True},
            "reregister": {"type": "bool", "default": False},
            "retries": {"type": "int", "default": 5},
            "delay": {"type": "float", "default": 5},
            "timeout": {"type": "float", "default": 120},
            "executable": {"type": "path"},
            "unit": {"type": "str", "default": "amazon-ssm-agent"},
        },
        required_if=[("state", "present", ["region"])],
        supports_check_mode=True,
    )
    state, request, vault = module.params["state"], make_request(module.params), Vault(Paths())
    executable = module.params["executable"] or ssm_agent.find_executable()
    registrar = ssm_agent.Registrar(vault, executable, module.params["unit"])
    try:
        outcome = ensure_state(registrar, state, request, module.check_mode)
    except ssm_agent.RegistrationError as error:
        now = vault.identity()
        other = now is None or now.instance_id != error.orphan
        more = {"orphaned_instance_id": error.orphan} if error.orphan and other else {}
        kept = f" The host is still {now.instance_id}." if now and other else ""
        module.fail_json(msg=f"Registration: {error}.{kept}", **_shape_state(now, now), **more)
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Registration: {error.strerror}: {error.filename}{advice}")
    if outcome.orphan:
        module.warn(f"The managed node {outcome.orphan} was made for this host and is not used; deregister it.")
    result = shape(outcome)
    if module._diff:
        result["diff"] = make_diff(outcome, request, state)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
