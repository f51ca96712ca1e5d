#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_id
short_description: Give a machine an id of its own, or none before it is copied
version_added: 0.1.0
description:
  - The SSM agent takes C(/etc/machine-id) as the proof that an identity was made on this machine. Two machines with the
    same one share the identity, too.
  - Writes C(/etc/machine-id), and makes C(/var/lib/dbus/machine-id) a link to it, where D-Bus keeps one of its own.
  - What runs keeps the id that it has read. Restart C(systemd-journald) after it, or the machine.
notes:
  - A new id is made at random. C(systemd-machine-id-setup) would take the one that the hypervisor tells, which copies
    of a virtual machine may share.
  - The id goes into the names of journal folders, and into the client id by which DHCP servers of some networks know a
    machine. Such a machine may get another address after its next boot.
author:
  - Edgefleet contributors (@edgefleet)
requirements:
  - Python 3.9 on the host
options:
  state:
    description:
      - With V(renewed), a machine that has the id O(given_up), or none, gets a new one.
      - With V(emptied), the file is empty, and systemd makes an id at the next boot. For a machine that an image is
        about to be taken of (L(machine-id,https://www.freedesktop.org/software/systemd/man/latest/machine-id.html)).
    type: str
    choices: [renewed, emptied]
    required: true
  given_up:
    description: The id that is given up. A machine that has another one by now is left alone.
    type: str
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
seealso:
  - module: edgefleet.ecs.registration
"""

EXAMPLES = r"""
- name: Give a copy of another machine an id of its own
  edgefleet.ecs.machine_id:
    state: renewed
    given_up: 5c7b4bb3c7a54f8f9c9e0a0a2f0f3c11
  become: true

- name: Leave no id in an image
  edgefleet.ecs.machine_id:
    state: emptied
  become: true
"""

RETURN = r"""
machine_id:
  description: The id that the machine has now; empty when it has none, also in check mode before it gets one.
  returned: success
  type: str
  sample: 0f9de17a6465404e8b1b2356dc13c2f8
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import files

MACHINE_ID = "/etc/machine-id"
DBUS = "/var/lib/dbus/machine-id"


def random_id() -> str:
    """As sd_id128_randomize() makes them: a version 4 UUID without hyphens."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    return octets.hex()


def wanted(before: str | None, state: str, given_up: str) -> str | None:
    """The file's text; None where it stays as it is."""
    current = (before or "").strip()
    if state == "emptied":
        return None if before == "" else ""
    if current and current not in (given_up, "uninitialized"):
        return None
    return random_id() + "\n"


def is_copy(path: str) -> bool:
    """Whether D-Bus keeps an id of its own, which a new one would be made from."""
    return os.path.isfile(path) and not os.path.islink(path)


def ensure(root: str, state: str, given_up: str, check_mode: bool) -> dict[str, Any]:
    path, dbus = root + MACHINE_ID, root + DBUS
    before = files.read(path)
    after, link = wanted(before, state, given_up), is_copy(dbus)
    if not check_mode:
        if link:
            os.unlink(dbus)
            os.symlink(MACHINE_ID, dbus)
        if after is not None:
            found = os.stat(os.path.dirname(path))
            files.write(path, after, mode=0o444, owner=(found.st_uid, found.st_gid))
    shown = "(a new one)\n" if after else ""
    told = before if after is None else "" if check_mode else after
    return {
        "changed": after is not None or link,
        "machine_id": (told or "").strip(),
        "diff": {"before": before or "", "after": (before or "") if after is None else shown},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["renewed", "emptied"], "required": True},
            "given_up": {"type": "str"},
        },
        supports_check_mode=True,
    )
    try:
        result = ensure("", module.params["state"], module.params["given_up"] or "", module.check_mode)
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}; the module needs root, set become: true")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
