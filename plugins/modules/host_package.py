#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_package
short_description: Install packages on an edge host, whatever its package manager and Python
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Installs packages with C(apt-get), C(dnf), C(yum) or C(zypper), from the repositories that the host has or from
    files of the control node. One remote execution; with files, as many more as there are files.
  - Needs no Python bindings of a package manager. They exist for the distribution's own Python alone, which is too old
    for ansible-core on Amazon Linux 2, RHEL 7 and RHEL 8.
  - Waits for whoever holds the package manager's lock, and finishes what an interrupted C(dpkg) has left.
  - Restarts no service. C(needrestart), where it is there, is held off.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nobody looks whether a repository offers the package.
  diff_mode:
    support: full
  idempotent:
    support: full
  action:
    description: Has an action plugin, so that parts of it run on the control node.
    support: full
options:
  packages:
    description: Names of the packages. The first one decides whether anything has to be done.
    type: list
    elements: str
    required: true
  version:
    description:
      - Version that must be installed, with or without epoch and revision, or ending in V(*). An older one than the
        installed one is installed, too. Empty takes any.
      - C(zypper) knows no V(*).
    type: str
    default: ''
  versioned:
    description: Which of the packages O(version) is asked of. By default all of them.
    type: list
    elements: str
  topic:
    description: Topic of C(amazon-linux-extras) to enable before.
    type: str
    default: ''
  src:
    description:
      - Folder on the control node with the packages as C(.deb) or C(.rpm) files, and all that they depend on and the
        hosts may lack. A folder in it that is called like the host, V(debian-12) or V(rhel-9.4), takes its place.
      - Of the files, those for the host's format and architecture are pushed. What is installed already in the same
        version or a newer one is left alone, but for O(packages) themselves.
      - The files are trusted as the control node is. O(checksums) says which files they must be.
    type: path
  checksums:
    description: SHA-256 by name of file. If there are any, a file without one is refused.
    type: dict
    default: {}
  system:
    description: What O(src) is searched for.
    type: dict
    suboptions:
      folder:
        description: Name of the folder in O(src), such as V(debian-12).
        type: str
        required: true
      format:
        description: Format of the files.
        type: str
        choices: [deb, rpm]
        required: true
      arch:
        description: Architecture as the kernel calls it.
        type: str
        choices: [x86_64, aarch64]
        required: true
  files:
    description: Paths of package files on the host. Set by O(src).
    type: list
    elements: path
    default: []
  patience:
    description: Seconds to wait for the package manager's lock.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Install Debian's engine
  edgefleet.ecs.host_package:
    packages: [docker.io]

- name: Install Docker's engine from files on hosts that reach nobody but the control node
  edgefleet.ecs.host_package:
    packages: [docker-ce, docker-ce-cli, containerd.io]
    versioned: [docker-ce, docker-ce-cli]
    version: "27.1.*"
    src: packages/engine
    system: {folder: debian-12, format: deb, arch: x86_64}
"""

RETURN = r"""
previous_version:
  description: Version of the first package that was installed before; null if there was none.
  returned: always
  type: str
  sample: 20.10.24+dfsg1-1+b3
version:
  description: Version of it that is installed now. In check mode the asked one, if one would be installed.
  returned: always
  type: str
  sample: 20.10.24+dfsg1-1+deb12u1
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.package_version import satisfied
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import Manager, PackageError

ARGUMENTS: dict[str, Any] = {
    "packages": {"type": "list", "elements": "str", "required": True},
    "version": {"type": "str", "default": ""},
    "versioned": {"type": "list", "elements": "str"},
    "topic": {"type": "str", "default": ""},
    "src": {"type": "path"},
    "checksums": {"type": "dict", "default": {}},
    "system": {
        "type": "dict",
        "options": {
            "folder": {"type": "str", "required": True},
            "format": {"type": "str", "choices": ["deb", "rpm"], "required": True},
            "arch": {"type": "str", "choices": ["x86_64", "aarch64"], "required": True},
        },
    },
    "files": {"type": "list", "elements": "path", "default": []},
    "patience": {"type": "int", "default": 300},
}
TOGETHER: dict[str, Any] = {"required_by": {"src": ["system"]}, "mutually_exclusive": [("src", "topic")]}


def needed(manager: Manager, files: list[str], wanted: list[str], pinned: dict[str, str]) -> list[str]:
    """The files to install: the packages themselves in their version, and dependencies that are missing or older."""
    chosen = []
    for path in files:
        name, version = manager.described(path)
        if not satisfied(version, pinned.get(name, "")):
            continue
        there = manager.installed(name)
        if name in wanted or there is None or manager.older(there, version):
            chosen.append(path)
    return chosen


def ensure_installed(manager: Manager, params: dict[str, Any]) -> None:
    names, version = params["packages"], params["version"]
    versioned = names if params["versioned"] is None else params["versioned"]
    if params["files"]:
        files = needed(manager, params["files"], names, dict.fromkeys(versioned, version))
        if not files:
            raise PackageError(f"None of the files holds {names[0]} {version}.".replace(" .", "."))
        manager.install_files(names[0], files, version)
    else:
        manager.install(names, versioned, version, params["topic"])


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **TOGETHER)
    params = module.params
    manager = Manager(
        lambda command: module.run_command(command, environ_update=packages.ENVIRONMENT),
        module.get_bin_path,
        params["patience"],
    )
    name, asked = params["packages"][0], params["version"]
    before = manager.installed(name)
    result: dict[str, Any] = {"changed": not satisfied(before, asked), "previous_version": before, "version": before}
    if result["changed"]:
        result["version"] = asked
        if not module.check_mode:
            try:
                ensure_installed(manager, params)
            except PackageError as error:
                module.fail_json(msg=str(error), **{**result, "changed": False, "version": manager.installed(name)})
            result["version"] = manager.installed(name)
        result["diff"] = {
            "before": f"{name} {before or '(none)'}\n",
            "after": f"{name} {result['version'] or '(any)'}\n",
        }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
