# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that come from outside, and must not become code."""

from __future__ import annotations

from typing import Any

from ansible.utils.unsafe_proxy import wrap_var

try:
    from ansible.template import trust_as_template as _vouch_for
except ImportError:  # ansible-core before 2.19: every text is a template unless it is wrapped

    def _vouch_for(value: str) -> str:
        return value


def never_a_template(value: Any) -> Any:
    """A value that AWS tells: people and machines have written it, into tags and names.

    A text without a trace of a template is left plain, or vouched for: what is not, ansible-inventory writes as
    {"__ansible_unsafe": "..."}, which AWX takes for the value.
    https://github.com/ansible-collections/community.general/issues/8212
    """
    if isinstance(value, dict):
        return {_text(key): never_a_template(item) for key, item in value.items()}
    if isinstance(value, list):
        return [never_a_template(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(value: str) -> Any:
    # A first line "#jinja2:" names other brackets than those.
    return wrap_var(value) if "{" in value or value.lstrip().startswith("#jinja2") else _vouch_for(value)
