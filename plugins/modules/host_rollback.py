#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_rollback
short_description: Put back the configuration that a run has replaced, and see to it that the host works with it
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Modules that are given the name of a run as C(backup) keep a copy of each file before they write it, in
    C(/var/lib/edgefleet/backup.json), which root alone can read. This module puts those files back, with their owner
    and mode, and removes those that had not been there.
  - Then it restarts the units that read them, and waits until the engine answers, the SSM agent has credentials, and
    the ECS agent has joined its cluster again as the container instance that it was. It fails when they do not.
  - The engine is restarted only for a setting that it does not read again while it runs, or for its unit; that ends
    its containers.
  - Packages are not touched; see M(edgefleet.ecs.agent_package). Neither is the identity, nor the agent's state file.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: Files are as they were after the first run; O(units) are restarted by each.
options:
  run:
    description:
      - Name of the run whose writing is undone. A copy of another run is not put back, since nobody knows what has
        changed since.
    type: str
    required: true
  units:
    description: Units to restart whatever files there are, such as those whose package was exchanged.
    type: list
    elements: str
    choices: [docker, amazon-ssm-agent, ecs]
    default: []
  cluster:
    description: Cluster that the ECS agent has to be in afterwards; empty takes any.
    type: str
    default: ''
  container_instance:
    description: ARN of the container instance that the host has to be afterwards; empty takes any.
    type: str
    default: ''
  timeout:
    description: Seconds to wait at most for each of the engine and the agents.
    type: int
    default: 180
notes:
  - Needs to be root on the host, so set C(become).
seealso:
  - module: edgefleet.ecs.agent_config
  - module: edgefleet.ecs.engine_config
  - module: edgefleet.ecs.host_service
"""

EXAMPLES = r"""
- name: Go back to what the host had
  edgefleet.ecs.host_rollback:
    run: 20261122T010000Z
    units: [ecs]
    cluster: retail-edge
  become: true
"""

RETURN = r"""
restored:
  description: Files that were put back, or removed because they had not been there.
  returned: success
  type: list
  elements: str
  sample: [/etc/ecs/ecs.config]
restarted:
  description: Units that were restarted, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [ecs]
host:
  description: The host as it is now, as M(edgefleet.ecs.host_facts) returns it. Also set as the fact C(edgefleet_host).
  returned: when not in check mode
  type: dict
  sample: {"schema": 1, "hostname": "till-17"}
"""

import contextlib
import json
import os
import signal
from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, engine_settings, files, proxy, units

ENGINE_PID = "/run/docker.pid"
# What engine_config leaves for an engine that has still to read its file (host_facts looks for it).
ENGINE_MARK = "/run/edgefleet-engine-settings"


def settings(text: str | None) -> dict[str, Any] | None:
    """None where it is no JSON object: an engine that met it did not start."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def needs_restart(now: str | None, before: str | None) -> bool:
    """Whether the engine has to be restarted to go from one text of daemon.json to another."""
    one, other = settings(now), settings(before)
    if one is None or other is None:
        return True
    return bool(engine_settings.needs_restart(key for key in {*one, *other} if one.get(key) != other.get(key)))


def to_restart(copy: copies.Copy | None, asked: Sequence[str], active: Sequence[str], root: str = "") -> list[str]:
    """The units to restart, in order; before the files are put back.

    :param active: the units that run now. An engine that runs and can read its file again is not restarted.
    """
    differing = copies.differing(copy, root) if copy else []
    reloads = copy is not None and copies.ENGINE_FILE in differing and "docker" in active
    if reloads and copy:
        now, before = files.read(root + copies.ENGINE_FILE), copy.files[copies.ENGINE_FILE].text
        reloads = not needs_restart(now, before)
    found = {*asked, *copies.readers(path for path in differing if not (reloads and path == copies.ENGINE_FILE))}
    if proxy.ENVIRONMENT_FILE in differing:
        found.update(unit for unit, path in proxy.DROP_INS.items() if os.path.exists(root + path))
    # With the engine goes the agent, whose unit requires it.
    return [unit for unit in units.NAMES if unit in found or (unit == "ecs" and "docker" in found)]


def reload_engine() -> None:
    # One that does not run reads the file when it starts.
    with contextlib.suppress(OSError, ValueError):
        os.kill(int((files.read(ENGINE_PID) or "").strip()), signal.SIGHUP)


def roll_back(run: units.Run, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    copy = copies.load()
    if copy and copy.run != params["run"]:
        copy = None
    seen = units.look()
    active = [name for name, unit in seen["units"].items() if unit["active"] == "active"]
    restart = to_restart(copy, params["units"], active)
    restored = copies.differing(copy) if copy else []
    if check_mode:
        return {"changed": bool(restored or restart), "restored": restored, "restarted": restart}
    if copy:
        copies.restore(copy)
        files.remove(ENGINE_MARK)
    if copies.ENGINE_FILE in restored and "docker" not in restart:
        reload_engine()
    for unit in restart:
        units.restarted(run, goal_of(unit, params), params["timeout"])
    if "ecs" not in restart:
        verify(run, goal_of("ecs", params), params["timeout"])
    # What it holds is what the host has now, and it may hold secrets.
    files.remove(copies.PATH)
    host = units.host_facts()
    return {
        "changed": bool(restored or restart),
        "restored": restored,
        "restarted": restart,
        "host": host,
        "ansible_facts": {"edgefleet_host": host},
    }


def goal_of(unit: str, params: dict[str, Any]) -> units.Goal:
    return units.Goal(unit, params["cluster"], params["container_instance"])


def verify(run: units.Run, goal: units.Goal, timeout: float) -> None:
    done, seen = units.wait(goal, timeout)
    if not done:
        raise units.UnitError(units.why_not(goal, seen, timeout, "", units.journal(run, goal.unit)))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "run": {"type": "str", "required": True},
            "units": {"type": "list", "elements": "str", "choices": list(units.NAMES), "default": []},
            "cluster": {"type": "str", "default": ""},
            "container_instance": {"type": "str", "default": ""},
            "timeout": {"type": "int", "default": 180},
        },
        supports_check_mode=True,
    )

    def run(argv: Sequence[str]) -> tuple[int, str]:
        code, output, errors = module.run_command(list(argv))
        return code, output + errors

    try:
        result = roll_back(run, module.params, module.check_mode)
    except units.UnitError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Can't put files back: {error.strerror}: {error.filename}{advice}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
