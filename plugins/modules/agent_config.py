#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_config
short_description: Write the configuration of the Amazon ECS agent
version_added: 0.1.0
description:
  - Checks every variable of the ECS agent's configuration against its type, range and choices, and against the other
    variables, before anything is written. An error names the variable, the value, the rule and what is allowed.
  - Writes C(/etc/ecs/ecs.config) and C(/var/lib/ecs/ecs.config), each at once and readable by root alone. The two files
    belong to this module as a whole; lines that others have added are removed, and the diff shows them.
  - Two programs read these files. systemd sets the environment of ecs-init from them and takes away quotes and
    backslashes, while ecs-init hands each line literally to the agent container. Only what both understand in the same
    way is accepted. See C(getEnvVars) in C(ecs-init/docker/docker.go) of U(https://github.com/aws/amazon-ecs-agent) and
    C(src/basic/env-file.c) of U(https://github.com/systemd/systemd).
  - The agent is not restarted; see RV(restart_required).
author:
  - Edgefleet contributors (@edgefleet)
requirements:
  - Python 3.9 on the host
options:
  config:
    description:
      - Variables of the agent by name, with values of their own type, such as booleans, numbers, lists and mappings.
      - The names are those of U(https://github.com/aws/amazon-ecs-agent/blob/master/README.md#environment-variables).
      - A value that is known to be a secret, such as C(ECS_ENGINE_AUTH_DATA) or the password in C(HTTP_PROXY), is
        masked in the diff and in what the module returns or logs, but other tasks may show it. Prefer
        O(secret_config) for it.
    type: dict
    required: true
  secret_config:
    description:
      - Further variables, whose values Ansible must never show. The two options may not name the same variable.
      - Put only secrets here, because Ansible masks these values wherever they occur in what the task returns.
    type: dict
    default: {}
  external:
    description:
      - Whether the host is an external instance (ECS Anywhere). It then needs C(ECS_EXTERNAL) and
        C(AWS_DEFAULT_REGION), and what only EC2 instances have is refused.
    type: bool
    default: true
  backup:
    description:
      - Name of a run. Given one, the module keeps a copy of each file before it writes it, in the same execution, and
        M(edgefleet.ecs.host_rollback) can put it back. The copy holds what the file holds, and root alone can read it.
      - Empty keeps nothing.
    type: str
    default: ''
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Secrets are masked on both sides.
  idempotent:
    support: full
extends_documentation_fragment:
  - edgefleet.ecs.attributes
seealso:
  - name: Amazon ECS container agent configuration
    description: The vendor's list of variables.
    link: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
  - module: edgefleet.ecs.host_facts
  - module: edgefleet.ecs.host_rollback
  - module: edgefleet.ecs.host_service
  - module: edgefleet.ecs.registration
"""

EXAMPLES = r"""
- name: Configure the agent of an external instance
  edgefleet.ecs.agent_config:
    config:
      AWS_DEFAULT_REGION: eu-west-3
      ECS_CLUSTER: retail-edge
      ECS_EXTERNAL: true
      ECS_IMAGE_PULL_BEHAVIOR: prefer-cached
      ECS_INSTANCE_ATTRIBUTES:
        site: lyon
      ECS_CONTAINER_INSTANCE_TAGS:
        environment: edge
  become: true
  register: agent_config

- name: Restart the agent; tasks go on
  ansible.builtin.systemd_service:
    name: ecs
    state: restarted
  become: true
  when: agent_config.restart_required and not agent_config.reset_required

- name: Give the agent the login of a private registry
  edgefleet.ecs.agent_config:
    config:
      AWS_DEFAULT_REGION: eu-west-3
      ECS_CLUSTER: retail-edge
      ECS_EXTERNAL: true
      ECS_ENGINE_AUTH_TYPE: dockercfg
    secret_config:
      ECS_ENGINE_AUTH_DATA:
        registry.example.net:
          auth: "{{ ('shop:' ~ registry_password) | b64encode }}"
          email: shop@example.net
  become: true
"""

RETURN = r"""
restart_required:
  description:
    - Whether the agent must be restarted to see what was changed. A change of comments or modes alone does not need it.
  returned: success
  type: bool
  sample: true
reset_required:
  description:
    - Variables that changed although the agent has saved their first values in C(/var/lib/ecs/data/agent.db). With
      another C(ECS_CLUSTER) the agent does not start, and another C(ECS_INSTANCE_ATTRIBUTES) is not sent.
    - Drain and deregister the container instance, stop the agent and remove that file for the new values to count.
      Attributes can also be changed by M(edgefleet.ecs.container_instance).
  returned: success
  type: list
  elements: str
  sample: [ECS_CLUSTER]
changed_files:
  description: Paths of the files whose content, mode or owner changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/ecs/ecs.config]
errors:
  description: Every error of the configuration. Nothing was written.
  returned: when the configuration is refused
  type: list
  elements: str
  sample:
    - "ECS_EXTERNAL: the value 'True' is not a boolean in lower case; allowed: true"
"""

import json
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import (
    copies,
    ecs_config,
    ecs_readers,
    ecs_secrets,
    files,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import FILES, INSTANCE, SETTINGS, USER

STATE_FILE = "/var/lib/ecs/data/agent.db"
MODE = 0o600
ORDER = (INSTANCE, USER)  # what makes the host an external instance comes first


class QuietModule(AnsibleModule):
    """Ansible writes a module's options to the journal of the host before the module can mask any of them."""

    def _log_invocation(self) -> None:
        pass


def effective(texts: t.Mapping[str, str]) -> dict[str, str]:
    """What the agent sees of both files: the user's one wins."""
    return {**ecs_readers.parse_agent(texts[INSTANCE]), **ecs_readers.parse_agent(texts[USER])}


def meaning(text: str) -> tuple[dict[str, str], dict[str, str]]:
    return ecs_readers.parse_agent(text), ecs_readers.parse_systemd(text)


def _data(text: str) -> t.Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def immutable_changes(before: t.Mapping[str, str], after: t.Mapping[str, str]) -> list[str]:
    """Variables that only a first registration sends, and whose value is another one now."""
    names = [name for name, setting in SETTINGS.items() if setting.immutable]
    defaults = {name: SETTINGS[name].default or "" for name in names}
    return sorted(
        name for name in names if _data(before.get(name, defaults[name])) != _data(after.get(name, defaults[name]))
    )


def make_diff(
    paths: t.Mapping[str, str], before: t.Mapping[str, str], after: t.Mapping[str, str]
) -> list[dict[str, str]]:
    diffs = []
    for name in ORDER:
        shown_before, shown_after = ecs_secrets.mask_change(before[name], after[name])
        header = {"before_header": paths[name], "after_header": paths[name]}
        diffs.append({**header, "before": shown_before, "after": shown_after})
    return diffs


def ensure_config(
    config: t.Mapping[str, t.Any],
    paths: t.Mapping[str, str],
    state_file: str,
    check_mode: bool,
    owner: tuple[int, int] = files.ROOT,
    backup: str = "",
) -> dict[str, t.Any]:
    """Write what differs of a configuration that has passed the checks."""
    states = {name: files.state(paths[name]) for name in ORDER}
    before = {name: states[name].text or "" for name in ORDER}
    after = ecs_config.render(config)
    changed = [name for name in ORDER if states[name] != files.FileState(after[name], MODE, owner)]
    if not check_mode:
        copies.take(backup, {paths[name]: after[name] for name in changed}, owner=owner)
        for name in changed:
            files.write(paths[name], after[name], MODE, owner)
    registered = os.path.exists(state_file)
    return {
        "changed": bool(changed),
        "changed_files": [paths[name] for name in changed],
        "diff": make_diff(paths, before, after),
        "reset_required": immutable_changes(effective(before), effective(after)) if registered else [],
        "restart_required": any(meaning(before[name]) != meaning(after[name]) for name in ORDER),
    }


def mask_options(config: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The option as it may be echoed in the result."""
    return {name: value if isinstance(value, bool) else _mask_option(name, value) for name, value in config.items()}


def _mask_option(name: str, value: t.Any) -> t.Any:
    text = value if isinstance(value, str) else json.dumps(value)
    return ecs_secrets.mask_value(name, text) if ecs_secrets.is_secret(name, text) else value


def main() -> None:
    module = QuietModule(
        argument_spec={
            "config": {"type": "dict", "required": True},
            "secret_config": {"type": "dict", "default": {}, "no_log": True},
            "external": {"type": "bool", "default": True},
            "backup": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    config, secrets = module.params["config"], module.params["secret_config"]
    module.params["config"] = mask_options(config)
    errors = [f"{name}: is given in both config and secret_config" for name in sorted(set(config) & set(secrets))]
    errors += ecs_config.validate({**config, **secrets}, module.params["external"])
    if errors:
        module.fail_json(msg="The configuration is refused, nothing was changed. " + " | ".join(errors), errors=errors)
    try:
        result = ensure_config(
            {**config, **secrets}, FILES, STATE_FILE, module.check_mode, backup=module.params["backup"]
        )
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Can't write the configuration: {error.strerror}: {error.filename}{advice}")
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
