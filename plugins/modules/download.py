#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: download
short_description: Download a file to a host, through the host's own proxy
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Downloads a file and compares its SHA-256 before it gets its name. A file that is there already with this SHA-256 is
    not downloaded again.
  - Goes through the proxy that M(edgefleet.ecs.proxy_config) has written, if it has. M(ansible.builtin.get_url) takes a
    proxy from the C(environment) of its task only, where C(ansible -vvv) shows its password.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is downloaded, so a wrong URL or checksum does not show.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  url:
    description: Where the file is.
    type: str
    required: true
  dest:
    description: Where it goes. The directory must be there. Only root can read the file.
    type: path
    required: true
  checksum:
    description: C(sha256:) and 64 hexadecimal digits.
    type: str
    required: true
  timeout:
    description: Seconds without an answer after which the download is given up.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Fetch an archive of images
  edgefleet.ecs.download:
    url: https://mirror.lyon.example.net/till.tar
    dest: /var/lib/edgefleet/till.tar
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  become: true
"""

RETURN = r"""
dest:
  description: Where the file is.
  returned: success
  type: str
  sample: /var/lib/edgefleet/till.tar
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import packages, proxy

MODE = 0o600


def is_there(path: str, checksum: str) -> bool:
    if not os.path.isfile(path):
        return False
    try:
        packages.check_digest(path, checksum, path)
    except packages.PackageError:
        return False
    return True


def fetch(url: str, path: str, checksum: str, timeout: int) -> None:
    """Under another name until it is whole and what was asked for."""
    beside = path + ".edgefleet-new"
    try:
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, MODE))
        packages.fetch(url, beside, timeout)
        packages.check_digest(beside, checksum, url)
        os.rename(beside, path)
    finally:
        if os.path.exists(beside):
            os.unlink(beside)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "url": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
            "checksum": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    params = module.params
    if is_there(params["dest"], params["checksum"]):
        module.exit_json(changed=False, dest=params["dest"])
    if not module.check_mode:
        os.environ.update(proxy.from_file())  # where urllib looks for it
        try:
            fetch(params["url"], params["dest"], params["checksum"], params["timeout"])
        except packages.PackageError as error:
            module.fail_json(msg=str(error))
        except OSError as error:
            module.fail_json(msg=f"Cannot write {params['dest']}: {error.strerror}")
    module.exit_json(changed=True, dest=params["dest"])


if __name__ == "__main__":
    main()
