#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_package
short_description: Install an agent's package file, with its signature verified
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Takes a package file, its detached OpenPGP signature and a public key; verifies the signature against pinned
    fingerprints on the host, and only then installs the file with the package manager of the host.
  - The file comes from a URL that the host reaches (one remote execution), from a folder on the control node, or from a
    URL that the control node reaches. For the last, O(download_to) names a folder on the control node. Each file is
    downloaded into it once, whatever the number of hosts and runs, verified there, and pushed to the hosts.
  - Fails closed. Without a good signature by an unexpired key with a pinned fingerprint nothing is installed, wherever
    the file has come from.
  - Gets no file when the package is installed in the asked version, or in any version if none is asked.
  - Restarts no service. C(needrestart), where it is there, is held off, too, because it would restart the container
    engine and kill its tasks.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nothing is downloaded, so a wrong URL or signature does not show. A missing file does.
  diff_mode:
    support: full
  idempotent:
    support: full
  action:
    description: Has an action plugin, so that parts of it run on the control node.
    support: full
options:
  name:
    description: Name of the package. A file that holds another package is refused.
    type: str
    required: true
  version:
    description:
      - Version that must be installed, with or without the package revision; V(1.105.1) is satisfied by C(1.105.1-1).
        An older one than the installed one is installed, too.
      - Empty takes any version that is installed, and whatever the file holds if none is.
    type: str
    default: ''
  url:
    description:
      - Where the C(.deb) or C(.rpm) file is. Exactly one of O(url) and O(src) is given.
      - The host downloads through the proxy that M(edgefleet.ecs.proxy_config) has written, if it has, the control node
        through that of Ansible's own environment.
    type: str
  signature_url:
    description: Where the detached signature of the file is, if O(url) is given.
    type: str
  src:
    description: The C(.deb) or C(.rpm) file on the control node.
    type: path
  signature_src:
    description: The detached signature on the control node, if O(src) is given.
    type: path
  download_to:
    description:
      - Folder on the control node to download to. Without it the host downloads.
      - Needs O(version), because what is in the folder is taken as it is, and C(gpg) on the control node.
    type: path
  key:
    description: Text of the armored public key, or of several. Exactly one of O(key) and O(key_url) is given.
    type: str
  key_url:
    description:
      - Where the armored public key is. It is trusted only as far as O(fingerprints) names it.
      - Downloaded by whoever downloads the file. Not possible with O(src), which needs no network at all.
    type: str
  fingerprints:
    description: Fingerprints of the primary keys that may sign, forty hexadecimal digits each. Spaces do not matter.
    type: list
    elements: str
    required: true
  checksum:
    description: SHA-256 that the file must have besides, in hexadecimal digits. Empty leaves it at the signature.
    type: str
    default: ''
  timeout:
    description: Seconds without an answer after which a download is given up.
    type: int
    default: 60
requirements:
  - C(gpg) on the managed host
"""

EXAMPLES = r"""
- name: Install the SSM Agent from Amazon's bucket
  edgefleet.ecs.agent_package:
    name: amazon-ssm-agent
    version: 3.3.987.0
    url: https://s3.eu-north-1.amazonaws.com/amazon-ssm-eu-north-1/3.3.987.0/debian_amd64/amazon-ssm-agent.deb
    signature_url: https://s3.eu-north-1.amazonaws.com/amazon-ssm-eu-north-1/3.3.987.0/debian_amd64/amazon-ssm-agent.deb.sig
    key: "{{ lookup('ansible.builtin.file', 'amazon-ssm-agent.gpg') }}"
    fingerprints:
      - 1C5B395CBE5E74E2F1CA21592784DBF388D19D46

- name: Install the ECS agent on a host that reaches nobody but the control node
  edgefleet.ecs.agent_package:
    name: amazon-ecs-init
    version: 1.105.1
    src: packages/amazon-ecs-init-1.105.1-1.x86_64.rpm
    signature_src: packages/amazon-ecs-init-1.105.1-1.x86_64.rpm.asc
    key: "{{ lookup('ansible.builtin.file', 'packages/amazon-ecs-agent.gpg') }}"
    fingerprints:
      - F34C3DDAE72926B079BEAEC6BCE9D9A42D51784F
"""

RETURN = r"""
previous_version:
  description: Version that was installed before; null if there was none.
  returned: always
  type: str
  sample: 3.3.859.0-1
version:
  description: Version that is installed now. In check mode the asked one, if one would be installed.
  returned: always
  type: str
  sample: 3.3.987.0-1
signed_by:
  description: Fingerprint of the primary key that signed the file.
  returned: when a package was installed
  type: str
  sample: 1C5B395CBE5E74E2F1CA21592784DBF388D19D46
"""

import os
import shutil
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages, proxy
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.package_version import satisfied
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import Manager, PackageError

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str", "default": ""},
    "url": {"type": "str"},
    "signature_url": {"type": "str"},
    "src": {"type": "path"},
    "signature_src": {"type": "path"},
    "download_to": {"type": "path"},
    "key": {"type": "str", "no_log": False},
    "key_url": {"type": "str", "no_log": False},
    "fingerprints": {"type": "list", "elements": "str", "required": True},
    "checksum": {"type": "str", "default": ""},
    "timeout": {"type": "int", "default": 60},
}
TOGETHER: dict[str, Any] = {
    "mutually_exclusive": [("key", "key_url"), ("url", "src"), ("src", "download_to"), ("src", "key_url")],
    "required_one_of": [("key", "key_url"), ("url", "src")],
    "required_together": [("url", "signature_url"), ("src", "signature_src")],
}


def collect(params: dict[str, Any], folder: str, path: str) -> None:
    """Have the package at path, and C(signature) and C(key) in the folder."""
    signature, key = os.path.join(folder, "signature"), os.path.join(folder, "key")
    if params["src"]:
        shutil.copyfile(params["signature_src"], signature)
        shutil.copyfile(params["src"], path)
    else:
        packages.fetch(params["signature_url"], signature, params["timeout"])
        packages.fetch(params["url"], path, params["timeout"])
    if params["key"]:
        with open(key, "w", encoding="utf-8") as file:
            file.write(params["key"])
    else:
        packages.fetch(params["key_url"], key, params["timeout"])


def ensure_installed(manager: Manager, gpg: str | None, params: dict[str, Any]) -> tuple[str, str]:
    """Get, verify, install; returns the version and who signed it."""
    pinned = packages.normalized(params["fingerprints"])
    with tempfile.TemporaryDirectory(prefix="edgefleet-") as folder:
        # apt-get takes an argument for a file by its slash and its ending.
        path = os.path.join(folder, f"{params['name']}.{manager.format}")
        collect(params, folder, path)
        origin = params["url"] or params["src"]
        packages.check_digest(path, params["checksum"], origin)
        signed_by = packages.verify(manager.run, gpg, folder, path, pinned)
        name, version = manager.described(path)
        # A signature proves who made the file, not that the mirror gave the file that was asked for.
        if name != params["name"] or not satisfied(version, params["version"]):
            wanted = f"{params['name']} {params['version']}".rstrip()
            raise PackageError(f"{origin} holds {name} {version} instead of {wanted}.")
        manager.install_files(name, [path], version)
    return version, signed_by


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True, **TOGETHER)
    os.environ.update(proxy.from_file())  # where urllib looks for it
    manager = Manager(
        lambda command: module.run_command(command, environ_update=packages.ENVIRONMENT), module.get_bin_path
    )
    asked = module.params["version"]
    before = manager.installed(module.params["name"])
    result: dict[str, Any] = {"changed": not satisfied(before, asked), "previous_version": before, "version": before}
    if result["changed"]:
        try:
            if module.check_mode:
                packages.normalized(module.params["fingerprints"])
                result["version"] = asked
            else:
                gpg = module.get_bin_path("gpg")
                result["version"], result["signed_by"] = ensure_installed(manager, gpg, module.params)
        except PackageError as error:
            module.fail_json(msg=str(error), **{**result, "changed": False})
        result["diff"] = {"before": f"{before or '(none)'}\n", "after": f"{result['version'] or '(latest)'}\n"}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
