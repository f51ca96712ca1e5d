# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-lint with the same rules over the same files, and with copies that cost less.

Each of its forty rules has every task copied anew with all strings in it, which since ansible-core 2.19 are objects
that remember where they come from. They cannot be changed, so that a copy is as good as the string itself; Python's
own strings are copied so, too. Copies were a third of all that ansible-lint did by itself.

    python -m sandbox.tooling.ansible_lint ARGUMENTS...
"""

from __future__ import annotations

import copy
import importlib
import os
import sys


def copy_strings_as_themselves() -> None:
    tagged = importlib.import_module("ansible.module_utils._internal._datatag")._AnsibleTaggedStr
    dispatch = copy._deepcopy_dispatch  # type: ignore[attr-defined]
    dispatch[tagged] = dispatch[str]


if __name__ == "__main__":
    copy_strings_as_themselves()
    # As if started by its own name.
    sys.path[0] = os.path.dirname(sys.executable)
    sys.argv[0] = os.path.join(sys.path[0], "ansible-lint")
    sys.exit(importlib.import_module("ansiblelint.__main__")._run_cli_entrypoint())
