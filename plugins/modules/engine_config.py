#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_config
short_description: Set values in the configuration of the container engine
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Merges values into C(/etc/docker/daemon.json), in one remote execution, and leaves all that others have set.
  - Every value of a key that is known is checked against its type first, and the whole file by C(dockerd --validate)
    where the engine is installed, because an engine does not start with a file that it does not understand.
  - A running engine is told to read the file again when that is enough for all that changes. It is never restarted by
    this module; see RV(restart_required).
  - An engine that is not installed yet finds the file at its first start.
requirements:
  - Python 3.9 on the host
options:
  settings:
    description:
      - Values by key, as C(daemon.json) has them.
      - Mappings are merged with those in the file, C(log-opts) and lists take their place.
      - C(hosts) and C(pidfile) are refused, and so is C(data-root) on a host that has containers.
    type: dict
    required: true
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
    details: A user or a password in an address that somebody else has put into the file is not shown.
  idempotent:
    support: full
extends_documentation_fragment:
  - edgefleet.ecs.attributes
notes:
  - Needs to be root on the host, so set C(become).
seealso:
  - name: dockerd
    description: The keys of the file, and the ones that are read again without a restart.
    link: https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file
  - module: edgefleet.ecs.engine_images
"""

EXAMPLES = r"""
- name: Keep the logs of containers small, and containers alive without their engine
  edgefleet.ecs.engine_config:
    settings:
      log-driver: json-file
      log-opts:
        max-size: 10m
        max-file: "3"
      live-restore: true
  become: true
  register: engine_config

- name: Restart the engine of a host without tasks
  ansible.builtin.systemd_service:
    name: docker
    state: restarted
  become: true
  when: engine_config.restart_required
"""

RETURN = r"""
changed_keys:
  description: Keys whose value changed, or would change.
  returned: success
  type: list
  elements: str
  sample: [log-driver, log-opts]
reloaded:
  description: Whether the running engine was told to read the file again.
  returned: success
  type: bool
  sample: false
restart_required:
  description: Whether the running engine must be restarted to see what was changed. That ends its containers.
  returned: success
  type: bool
  sample: true
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, engine_settings, files

PID_FILE = "/run/docker.pid"
# Until the engine has read what was written. In /run, because a boot makes it read the file; host_facts looks for it.
MARK = "/run/edgefleet-engine-settings"
# Debian's and Docker's packages; Amazon Linux and others put it here, too.
DOCKERD = ("/usr/bin/dockerd", "/usr/sbin/dockerd")
MODE = 0o644
RELOAD = "reload"
RESTART = "restart"


class EngineError(Exception):
    """An expected way to fail; the text is for the operator."""


def parse(text: str | None, path: str) -> dict[str, t.Any]:
    if not (text or "").strip():
        return {}
    try:
        have = json.loads(text or "")
    except ValueError as error:
        raise EngineError(f"{path} is not JSON ({error}). Repair or remove it: the engine does not start so.") from None
    if not isinstance(have, dict):
        raise EngineError(f"{path} holds no JSON object. Repair or remove it: the engine does not start so.")
    return have


def rendered(settings: t.Mapping[str, t.Any]) -> str:
    return json.dumps(settings, indent=2) + "\n" if settings else ""


def masked(text: str) -> str:
    """Without the logins of other people's addresses."""
    return re.sub(r"//[^/\s\"]*@", "//(hidden)@", text)


def running_engine(pid_file: str = PID_FILE) -> int | None:
    """The process that wrote the file, if it lives and is an engine."""
    try:
        pid = int((files.read(pid_file) or "").strip())
        with open(f"/proc/{pid}/comm", encoding="utf-8") as stream:
            return pid if stream.read().strip() == "dockerd" else None
    except (OSError, ValueError):
        return None


def refuse_moving_data(have: t.Mapping[str, t.Any], want: t.Mapping[str, t.Any]) -> None:
    if not engine_settings.moves_data(have, want):
        return
    folder = os.path.join(have.get("data-root", engine_settings.DATA_ROOT), "containers")
    count = len(os.listdir(folder)) if os.path.isdir(folder) else 0
    if count:
        raise EngineError(
            f"data-root would change, but the host has {count} containers below {folder}, which the engine would lose. "
            "Drain the instance, stop ecs, remove the containers, and run again."
        )


def validate_with_engine(text: str) -> None:
    """What the installed engine says about the whole file; older ones than 23.0 have no such option."""
    program = next((path for path in DOCKERD if os.access(path, os.X_OK)), None)
    if program is None:
        return
    with tempfile.NamedTemporaryFile("w", prefix="edgefleet-", suffix=".json", encoding="utf-8") as file:
        file.write(text or "{}")
        file.flush()
        command = [program, "--validate", "--config-file", file.name]
        # AnsibleModule.run_command has no time limit.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
        )
        said = done.stdout.decode("utf-8", "replace").replace(file.name, engine_settings.PATH)
    if done.returncode and "unknown flag" not in said:
        raise EngineError(f"dockerd refuses {engine_settings.PATH} as it would be: {masked(said).strip()[-500:]}")


def what_it_takes(changes: t.Mapping[str, t.Any], pid: int | None) -> str | None:
    if not changes or pid is None:
        return None
    return RESTART if engine_settings.needs_restart(changes) else RELOAD


def pending() -> str | None:
    """What an interrupted run still owes to the engine that runs."""
    try:
        if os.stat(MARK).st_mtime_ns > os.stat(PID_FILE).st_mtime_ns:
            return files.read(MARK)
    except FileNotFoundError:
        pass
    return None


def apply(text: str, step: str | None, pid: int | None, write: bool, backup: str = "") -> bool:
    """Write the file and have it read; True if the engine was told to."""
    if step:
        files.write(MARK, step, MODE)
    if write:
        copies.take(backup, {engine_settings.PATH: text})
        files.write(engine_settings.PATH, text, MODE)
    if step != RELOAD or pid is None:
        return False
    os.kill(pid, signal.SIGHUP)
    files.remove(MARK)
    copies.prove()
    return True


def ensure_settings(want: t.Mapping[str, t.Any], check_mode: bool, backup: str = "") -> dict[str, t.Any]:
    path = engine_settings.PATH
    have = parse(files.read(path), path)
    changes = engine_settings.changes(have, want)
    after = engine_settings.merged(have, want)
    refuse_moving_data(have, want)
    if changes:
        validate_with_engine(rendered(after))
    pid, owed = running_engine(), pending()
    step = RESTART if owed == RESTART and pid else what_it_takes(changes, pid) or (owed if pid else None)
    reloaded = False
    if not check_mode and (changes or step):
        reloaded = apply(rendered(after), step, pid, bool(changes), backup)
    return {
        "changed": bool(changes) or step is not None,
        "changed_keys": sorted(changes),
        "reloaded": reloaded,
        "restart_required": step == RESTART,
        "diff": {
            "before_header": path,
            "after_header": path,
            "before": masked(rendered(have)),
            "after": masked(rendered(after)),
        },
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={"settings": {"type": "dict", "required": True}, "backup": {"type": "str", "default": ""}},
        supports_check_mode=True,
    )
    want = module.params["settings"]
    errors = engine_settings.validate(want)
    if errors:
        module.fail_json(msg="The settings are refused, nothing was changed. " + " | ".join(errors), errors=errors)
    try:
        result = ensure_settings(want, module.check_mode, module.params["backup"])
    except EngineError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Can't set up the engine: {error.strerror}: {error.filename}{advice}")
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
