# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # What every module of the collection declares; the module itself adds `support`.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Runs in check mode and reports what it would change, without changing it.
  diff_mode:
    description: Returns what changed, or what would change in check mode, when run in diff mode.
  idempotent:
    description: A second run with the same arguments, on a target that nobody else touched, reports no change.
"""

    # For the modules that talk to AWS: they share its connection options, and so its defaults.
    ACTIONGROUP_AWS = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/edgefleet.ecs.aws) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - edgefleet.ecs.aws
"""

    # For modules that only look.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details: This module changes nothing.
  diff_mode:
    support: N/A
    details: This module changes nothing.
  idempotent:
    support: full
    details: This module changes nothing.
"""
