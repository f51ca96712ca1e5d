# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are a folder: what they would answer, and how often they were asked."""

from __future__ import annotations

DOCUMENTATION = r"""
name: simulated
short_description: Hosts that answer from a file
description:
  - For measurements of the control node alone. The script of M(edgefleet.ecs.host_facts) is answered with the file
    C(HOST.answer), every module with C(changed). Nothing runs anywhere.
  - Each execution is one more byte in the file C(HOST.executions).
author:
  - Edgefleet contributors (@edgefleet)
options:
  remote_addr:
    description: Name of the host.
    vars:
      - name: inventory_hostname
  folder:
    description: Folder with the answers.
    env:
      - name: EDGEFLEET_SIMULATED
    required: true
"""

import os
from pathlib import Path
from typing import Any

from ansible.plugins.connection import ConnectionBase

# What the script of host_facts is started with; see FROM_STDIN of that action plugin.
OBSERVES = "zlib.decompress(sys.stdin.buffer.read())"
MODULE = b'{"changed": true, "msg": "simulated"}\n'


class Connection(ConnectionBase):
    transport = "simulated"
    has_pipelining = True
    always_pipeline_modules = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        folder, name = Path(self.get_option("folder")), self.get_option("remote_addr")
        with open(folder / f"{name}.executions", "ab") as count:
            count.write(b".")
        if OBSERVES in cmd:
            return 0, (folder / f"{name}.answer").read_bytes(), b""
        return 0, MODULE, b""

    def put_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError(f"{os.path.basename(in_path)} -> {out_path}: pipelining is on")

    def fetch_file(self, in_path: str, out_path: str) -> Any:
        raise NotImplementedError

    def close(self) -> None:
        self._connected = False
