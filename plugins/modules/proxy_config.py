#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_config
short_description: Tell a host's package manager, engine and agents of an HTTP proxy
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Writes an HTTP proxy to every place of a host that has to know it, in one remote execution - the package manager
    (apt, dnf, yum or zypper, whichever is there), and the units of the container engine, the SSM agent and the ECS
    agent.
  - The variables stand in C(/etc/edgefleet/proxy.env), which root alone can read. Each unit has a drop-in that names
    this file, because systemd shows the C(Environment) of a drop-in to every user of the host.
  - M(edgefleet.ecs.registration) and M(edgefleet.ecs.agent_package) take the proxy from that file, too, so that it need
    not be given in the C(environment) of their tasks, where C(ansible -vvv) and the host's list of processes show it.
  - C(ecs.config) is not written here, see M(edgefleet.ecs.agent_config).
  - Restarts the units that run with another proxy than asked. The restart of the engine ends every container, so drain
    the container instance first, as P(edgefleet.ecs.rollout#role) does. A unit that does not run is not started.
  - With both proxies empty, removes from these places what it has written there.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: User names and passwords are masked on both sides.
  idempotent:
    support: full
options:
  http_proxy:
    description: URL of the proxy for http, such as V(http://user:password@proxy.example.net:3128). Empty for none.
    type: str
    default: ''
  https_proxy:
    description: URL of the proxy for https. Empty for none.
    type: str
    default: ''
  no_proxy:
    description:
      - Hosts, domains and networks that are reached without the proxy.
      - C(169.254.169.254), C(169.254.170.2), C(/var/run/docker.sock), C(localhost) and C(127.0.0.1) are always among
        them.
      - Not every program understands every form. Hosts work everywhere; apt takes nothing else, and dnf, yum and zypper
        take what their own documentation says.
    type: list
    elements: str
    default: []
  engine:
    description:
      - Whether the container engine gets the proxy, too. With V(false), its unit is not restarted, and a drop-in that
        was written before is removed.
    type: bool
    default: true
  backup:
    description:
      - Name of a run. Given one, the module keeps a copy of each file before it writes it, in the same execution, and
        M(edgefleet.ecs.host_rollback) can put it back. The copy holds what the file holds, and root alone can read it.
      - Empty keeps nothing.
    type: str
    default: ''
notes:
  - A C(proxy) that somebody else has set in C(dnf.conf) or C(yum.conf) stays, and no second one is added.
seealso:
  - module: edgefleet.ecs.agent_config
  - module: edgefleet.ecs.host_facts
"""

EXAMPLES = r"""
- name: Let a host reach AWS through the site's proxy
  edgefleet.ecs.proxy_config:
    http_proxy: "http://edge:{{ proxy_password }}@proxy.lyon.example.net:3128"
    https_proxy: "http://edge:{{ proxy_password }}@proxy.lyon.example.net:3128"
    no_proxy: [registry.lyon.example.net]
  become: true

- name: Take the proxy away
  edgefleet.ecs.proxy_config:
  become: true
"""

RETURN = r"""
changed_files:
  description: Files whose content, mode or owner changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/edgefleet/proxy.env]
restarted:
  description: Units that were restarted, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [amazon-ssm-agent]
left:
  description: Files that have a proxy of somebody else's, and were left as they are.
  returned: success
  type: list
  elements: str
  sample: []
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import copies, files, proxy

# Runs a command and gives its return code and output.
Run = t.Callable[[t.Sequence[str]], tuple[int, str]]


class ProxyError(Exception):
    """An expected way to fail; the text is for the operator."""


class QuietModule(AnsibleModule):
    """Ansible writes a module's options to the journal of the host; nothing of these belongs there."""

    def _log_invocation(self) -> None:
        pass


class Change(t.NamedTuple):
    """What a file is and becomes; no text after: it goes."""

    path: str
    before: files.FileState
    after: files.FileState


def planned(wanted: proxy.Proxy, path: str, before: files.FileState) -> files.FileState:
    """The state that a file must have."""
    target = proxy.wanted(wanted, path)
    if path not in proxy.SHARED_FILES:
        return files.FileState(target.text, target.mode, files.ROOT) if target.text else files.FileState()
    text = proxy.with_block(path, before.text or "", target.text)
    mode = target.mode if target.mode is not None else before.mode
    if target.mode is None and text != before.text and before.mode == proxy.SECRET_MODE:
        mode = proxy.PLAIN_MODE  # what it was for is gone
    return files.FileState(text, mode, before.owner)


def changes(wanted: proxy.Proxy, root: str) -> tuple[list[Change], list[str]]:
    """What must change, and which files are left to others."""
    found, left = [], []
    for path in proxy.places(root):
        before = files.state(root + path)
        if wanted.wanted and proxy.is_foreign(path, before.text or ""):
            left.append(path)
            continue
        after = planned(wanted, path, before)
        if after != before:
            found.append(Change(path, before, after))
    return found, left


def apply(change: Change, root: str) -> None:
    if change.after.text is None:
        files.remove(root + change.path)
    else:
        files.write(
            root + change.path,
            change.after.text,
            proxy.PLAIN_MODE if change.after.mode is None else change.after.mode,
            change.after.owner or files.ROOT,
        )


def make_diff(found: t.Iterable[Change]) -> list[dict[str, str]]:
    diffs = []
    for change in found:
        before, after = proxy.mask_change(change.before.text or "", change.after.text or "")
        diffs.append({"before_header": change.path, "after_header": change.path, "before": before, "after": after})
    return diffs


def running(run: Run, root: str) -> dict[str, str]:
    """By unit that runs, what its process knows of a proxy."""
    argv = ["systemctl", "show", "--property=Id,MainPID", *[f"{unit}.service" for unit in proxy.UNITS]]
    code, output = run(argv)
    if code != 0:
        return {}  # no systemd: preflight says so
    known = {}
    for block in output.split("\n\n"):
        fields = dict(line.partition("=")[::2] for line in block.splitlines())
        environment = proxy.of_process(int(fields.get("MainPID") or 0), root) if fields.get("MainPID") != "0" else None
        if environment is not None:
            known[fields.get("Id", "").replace(".service", "")] = environment
    return known


def outdated(wanted: proxy.Proxy, known: t.Mapping[str, str], given: str) -> list[str]:
    """Units that run with another proxy than asked, the engine first: its restart brings the ECS agent along.

    Without a proxy, only those that still run with what our file has given: a proxy of somebody else's is not ours.
    """
    if not wanted.wanted:
        return [unit for unit in proxy.UNITS if given and known.get(unit) == given]
    target = proxy.canonical(proxy.environment(wanted))
    return [unit for unit in proxy.units(wanted) if known.get(unit, target) != target]


def restart(run: Run, unit: str) -> None:
    code, output = run(["systemctl", "try-restart", f"{unit}.service"])
    if code != 0:
        raise ProxyError(f"{unit} did not restart: {output.strip()[-500:]}; look at journalctl -u {unit}")


def restart_all(run: Run, wanted: proxy.Proxy, given: str, late: t.Sequence[str], root: str) -> list[str]:
    """Each unit once, and none that has come back with another one; returns which were restarted."""
    done: list[str] = []
    todo = list(late)
    while todo:
        restart(run, todo[0])
        done.append(todo[0])
        still = outdated(wanted, running(run, root), given)
        todo = [unit for unit in still if unit not in done]
    still = outdated(wanted, running(run, root), given) if done and wanted.wanted else []
    if still:
        raise ProxyError(
            f"{', '.join(still)} still runs with another proxy than asked, so something else sets one: look at "
            f"systemctl cat {still[0]}"
        )
    return done


def ensure_proxy(wanted: proxy.Proxy, check_mode: bool, run: Run, root: str = "", backup: str = "") -> dict[str, t.Any]:
    given = proxy.canonical(proxy.from_file(root + proxy.ENVIRONMENT_FILE))
    found, left = changes(wanted, root)
    touched = [change.path for change in found]
    late = outdated(wanted, running(run, root), given)
    if not check_mode:
        copies.take(backup, {change.path: change.after.text for change in found}, root)
        # The file that all units read goes last, after the restarts: a run that is cut off before is seen by the next.
        last = [change for change in found if change.path == proxy.ENVIRONMENT_FILE and change.after.text is None]
        for change in found:
            if change not in last:
                apply(change, root)
        if late or set(touched) & set(proxy.DROP_INS.values()):
            run(["systemctl", "daemon-reload"])
        late = restart_all(run, wanted, given, late, root)
        for change in last:
            apply(change, root)
        copies.prove(root)
    return {
        "changed": bool(found or late),
        "changed_files": touched,
        "restarted": late,
        "left": left,
        "diff": make_diff(found),
    }


def main() -> None:
    module = QuietModule(
        argument_spec={
            "http_proxy": {"type": "str", "default": "", "no_log": True},
            "https_proxy": {"type": "str", "default": "", "no_log": True},
            "no_proxy": {"type": "list", "elements": "str", "default": []},
            "engine": {"type": "bool", "default": True},
            "backup": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )

    def run(argv: t.Sequence[str]) -> tuple[int, str]:
        code, output, errors = module.run_command(list(argv))
        return code, output if code == 0 else output + errors

    params = module.params
    wanted = proxy.make({**params, "http": params["http_proxy"], "https": params["https_proxy"]})
    try:
        result = ensure_proxy(wanted, module.check_mode, run, backup=params["backup"])
    except ProxyError as error:
        module.fail_json(msg=f"Proxy: {error}")
    except OSError as error:
        advice = "; the module needs root, set become: true" if isinstance(error, PermissionError) else ""
        module.fail_json(msg=f"Proxy: can't write: {error.strerror}: {error.filename}{advice}")
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
