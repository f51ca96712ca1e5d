#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: package_repository
short_description: Give a host a package repository whose signing key is pinned
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Writes the definition of a repository and the public key that its packages must be signed with, each where the
    caller says. The key is fetched only where the host does not have it yet.
  - Fails closed. A key file that holds any other primary key than the pinned ones is not written. C(gpg) is not needed.
  - Does not ask the package manager to read the repository; M(edgefleet.ecs.host_package) does.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: In check mode the key is not fetched, so a wrong one does not show.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  path:
    description: Where the definition goes, such as V(/etc/apt/sources.list.d/docker.sources).
    type: path
    required: true
  definition:
    description: Text of the definition, which names O(key_path) itself.
    type: str
    required: true
  key_path:
    description: Where the key goes.
    type: path
    required: true
  key:
    description: Text of the armored public key. Exactly one of O(key) and O(key_url) is given.
    type: str
  key_url:
    description: Where the armored public key is. The download goes through the proxy that
      M(edgefleet.ecs.proxy_config) has written, if it has.
    type: str
  fingerprints:
    description: Fingerprints of the primary keys that may be in the file, forty hexadecimal digits each.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds without an answer after which the download is given up.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Have Docker's own repository on Debian 12
  edgefleet.ecs.package_repository:
    path: /etc/apt/sources.list.d/docker.sources
    definition: |
      Types: deb
      URIs: https://download.docker.com/linux/debian
      Suites: bookworm
      Components: stable
      Signed-By: /etc/apt/keyrings/docker.asc
    key_path: /etc/apt/keyrings/docker.asc
    key_url: https://download.docker.com/linux/debian/gpg
    fingerprints:
      - 9DC858229FC7DD38854AE2D88D81803C0EBFCD88
"""

RETURN = r"""
fingerprints:
  description: Fingerprints of the primary keys that are on the host. Empty in check mode before there are any.
  returned: always
  type: list
  elements: str
  sample: [9DC858229FC7DD38854AE2D88D81803C0EBFCD88]
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import files, openpgp, packages, proxy
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import PackageError

# Package managers read these as users of their own.
READABLE = 0o644


def pinned_in(content: bytes, pinned: list[str]) -> list[str]:
    """The keys in a file, all of which are pinned."""
    try:
        found = openpgp.fingerprints(content)
    except openpgp.KeyFileError as error:
        raise PackageError(f"Key refused: {error}.") from error
    other = [fingerprint for fingerprint in found if fingerprint not in pinned]
    if other:
        raise PackageError(f"Key refused: the file holds {', '.join(other)}, which is not one of {', '.join(pinned)}.")
    return found


def kept(path: str, pinned: list[str]) -> list[str]:
    """The keys that the host has, or none where it has to be given its key anew."""
    text = files.read(path)
    try:
        return pinned_in(text.encode("utf-8", "surrogateescape"), pinned) if text else []
    except PackageError:
        return []


def given(params: dict[str, Any]) -> bytes:
    if params["key"]:
        return str(params["key"]).encode()
    with tempfile.NamedTemporaryFile(prefix="edgefleet-") as file:
        packages.fetch(params["key_url"], file.name, params["timeout"])
        return Path(file.name).read_bytes()


def ensure_present(params: dict[str, Any], check_mode: bool) -> tuple[dict[str, str], list[str]]:
    """What differs by path, and the keys that are there now. The key comes first: a definition without it stops apt."""
    pinned = packages.normalized(params["fingerprints"])
    found, before = kept(params["key_path"], pinned), files.read(params["path"])
    changes = {}
    if not found:
        changes[params["key_path"]] = "the pinned key\n"
        if not check_mode:
            content = given(params)
            found = pinned_in(content, pinned)
            files.write(params["key_path"], content.decode("utf-8", "surrogateescape"), READABLE)
    if before != params["definition"]:
        changes[params["path"]] = params["definition"]
        if not check_mode:
            files.write(params["path"], params["definition"], READABLE)
    return changes, found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "definition": {"type": "str", "required": True},
            "key_path": {"type": "path", "required": True},
            "key": {"type": "str", "no_log": False},
            "key_url": {"type": "str", "no_log": False},
            "fingerprints": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 60},
        },
        mutually_exclusive=[("key", "key_url")],
        required_one_of=[("key", "key_url")],
        supports_check_mode=True,
    )
    os.environ.update(proxy.from_file())  # where urllib looks for it
    params = module.params
    before = files.read(params["path"]) or ""
    try:
        changes, found = ensure_present(params, module.check_mode)
    except PackageError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.strerror}: {error.filename}")
    after = changes.get(params["path"], before)
    key = changes.get(params["key_path"], "")
    module.exit_json(
        changed=bool(changes),
        fingerprints=found,
        diff=[
            {"before_header": params["path"], "after_header": params["path"], "before": before, "after": after},
            {"before_header": params["key_path"], "after_header": params["key_path"], "before": "", "after": key},
        ]
        if changes
        else [],
    )


if __name__ == "__main__":
    main()
