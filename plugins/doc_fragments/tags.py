# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    # Unlike amazon.aws, tags that were not named stay by default: sites share records with other tools.
    DOCUMENTATION = r"""
options:
  tags:
    description:
      - Tags to be on the resource. Numbers are turned into text; booleans are refused, because AWS would store
        another spelling than was written.
      - Left out, tags are not touched.
    type: dict
    aliases:
      - resource_tags
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed. Has no effect when O(tags) is left out.
      - Tags of AWS itself (V(aws:) and what follows) always stay.
    type: bool
    default: false
"""
