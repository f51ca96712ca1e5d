# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of variables, without Jinja where a template says no more than the name of another variable.

Ansible keeps no compiled template: each is parsed and compiled whenever its variable is looked up, in a process of its
own for every host. What a host is to be is made of some ninety of them, nearly all of them as simple as
C({{ fleet_region }}) or C({{ fleet_region | default('') }}). They were most of a control node's work for a host.

Whatever is not as simple as that is Jinja's, as ever: anything that this file does not know for sure, too.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

try:
    from ansible.template import Templar, is_trusted_as_template, trust_as_template
except ImportError:  # before ansible-core 2.19, whose templates are others
    is_trusted_as_template = None
else:
    # An action is loaded before the workers of the hosts are forked. Jinja's lexer and the filters of ansible-core are
    # made and imported when the first template needs them, which would be one in each of these workers.
    Templar(loader=None).template(trust_as_template("{{ {} | combine({}) | default({}, true) }}"))

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SIMPLE = re.compile(
    rf"\{{\{{ (?P<name>{_NAME})"
    rf"(?: \| default\((?:(?P<literal>''|true|false|\[\]|\{{\}})|(?P<other>{_NAME}))\))?"
    r"(?: \| (?P<type>bool|int))? \}\}"
)
_LITERALS: Mapping[str, Callable[[], Any]] = {
    "''": str,
    "true": lambda: True,
    "false": lambda: False,
    "[]": list,
    "{}": dict,
}
_PLAIN = (bool, int, float, type(None))
# Words of Jinja that are no variables.
_WORDS = frozenset(("true", "false", "none", "True", "False", "None"))
_TYPES = {"bool": bool, "int": int}


class NotSimple(Exception):  # noqa: N818 - nothing is wrong with it
    """Only Jinja can tell."""


class Variables:
    """The variables of a task, as they are before anything is templated.

    :param raw: by name. Not changed.
    :param jinja: gives what evaluates a template, from the variables that it finds.
    :param foreseen: beginnings of names. What is simple of these variables is evaluated before any template.
    """

    def __init__(
        self,
        raw: Mapping[str, Any],
        jinja: Callable[[Mapping[str, Any]], Callable[[Any], Any]],
        foreseen: Sequence[str],
    ) -> None:
        self._raw = raw
        self._known: dict[str, Any] = {}
        for name in raw:
            if name.startswith(tuple(foreseen)):
                with contextlib.suppress(NotSimple):
                    self._known[name] = self._simple_variable(name)
        self._template = jinja({**raw, **self._known})

    def value(self, name: str) -> Any:
        """What Jinja would make of C({{ name }}).

        Templates in it that are not simple are evaluated one by one.
        """
        return self._deep(self._raw[name])

    def _deep(self, value: Any) -> Any:
        if type(value) in _PLAIN:
            return value
        if isinstance(value, Mapping):
            return {key: self._deep(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._deep(item) for item in value]
        try:
            return self._simple(value)
        except NotSimple:
            return self._template(value)

    def _simple_variable(self, name: str, met: tuple[str, ...] = ()) -> Any:
        if name in self._known:
            return self._known[name]
        if name not in self._raw or name in met:
            raise NotSimple
        return self._simple(self._raw[name], (*met, name))

    def _simple(self, value: Any, met: tuple[str, ...] = ()) -> Any:
        if type(value) in _PLAIN:
            return value
        if isinstance(value, str):
            return self._simple_text(value, met)
        # Nothing in it may need Jinja, and what is not of these types may be a secret of Ansible Vault.
        if isinstance(value, dict):
            return {key: self._simple(item, met) for key, item in value.items()}
        if isinstance(value, list):
            return [self._simple(item, met) for item in value]
        if isinstance(value, int):  # with a tag of ansible-core: where it comes from
            return value
        raise NotSimple

    def _simple_text(self, text: str, met: tuple[str, ...]) -> Any:
        if is_trusted_as_template is None:
            raise NotSimple
        if not is_trusted_as_template(text) or not ("{{" in text or "{%" in text or "{#" in text or text[:1] == "#"):
            return text
        found = _SIMPLE.fullmatch(text)
        if not found or {found["name"], found["other"]} & _WORDS:
            raise NotSimple
        value = self._named(found, met)
        if found["type"] and not _is(value, _TYPES[found["type"]]):
            raise NotSimple
        return value

    def _named(self, found: re.Match[str], met: tuple[str, ...]) -> Any:
        if found["name"] in self._raw or found["name"] in self._known:
            return self._simple_variable(found["name"], met)
        if found["literal"]:
            return _LITERALS[found["literal"]]()
        if found["other"]:
            return self._simple_variable(found["other"], met)
        raise NotSimple


def _is(value: Any, wanted: type) -> bool:
    """Whether a filter C(bool) or C(int) gives the value back as it is."""
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
