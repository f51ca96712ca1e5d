# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that come from outside, and must not become code."""

from __future__ import annotations

from typing import Any

from ansible.release import __version__
from ansible.utils.unsafe_proxy import wrap_var

_TEXTS_ARE_TEXTS = tuple(map(int, __version__.split(".")[:2])) >= (2, 19)


def never_a_template(value: Any) -> Any:
    """A value that AWS tells: people and machines have written it, into tags and names.

    From ansible-core 2.19 on, a text is no template unless somebody vouches for it; wrapping thousands costs seconds.
    """
    return value if _TEXTS_ARE_TEXTS else wrap_var(value)
