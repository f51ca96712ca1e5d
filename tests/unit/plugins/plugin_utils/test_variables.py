# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short cut past Jinja gives what Jinja gives, and leaves to it what it does not know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.variables import Variables

t = trust_as_template
RAW: dict[str, Any] = {
    "fleet_region": "us-west-2",
    "fleet_flag": True,
    "fleet_sites": ["lab", "lyon"],
    "fleet_nested": {"a": t("{{ fleet_region }}"), "b": [t("{{ fleet_flag }}"), 3]},
    "fleet_vague": t("{{ nowhere }}"),
    "fleet_word": "yes",
    "fleet_text": "3",
    "fleet_loop": t("{{ fleet_pool }}"),
    "fleet_pool": t("{{ fleet_loop }}"),
    "fleet_computed": t("{{ fleet_region | upper }}"),
    "fleet_untrusted": "{{ fleet_region }}",
    "fleet_number": 7,
    "agent_region": t("{{ fleet_region }}"),
}


class Jinja:
    """Ansible's own, and what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, variables: Mapping[str, Any]) -> Callable[[Any], Any]:
        templar = Templar(loader=DataLoader(), variables=dict(variables))

        def template(value: Any) -> Any:
            self.asked.append(value)
            return templar.template(value)

        return template


def value(text: Any) -> tuple[Any, list[Any]]:
    jinja = Jinja()
    found = Variables({**RAW, "it": text}, jinja, ("fleet_",)).value("it")
    return found, jinja.asked


@pytest.mark.parametrize(
    "text",
    [
        "{{ fleet_region }}",
        "{{ agent_region }}",
        "{{ fleet_flag | bool }}",
        "{{ fleet_number | int }}",
        "{{ fleet_nested }}",
        "{{ fleet_sites | default([]) }}",
        "{{ nowhere | default('') }}",
        "{{ nowhere | default([]) }}",
        "{{ nowhere | default({}) }}",
        "{{ nowhere | default(true) }}",
        "{{ nowhere | default(false) | bool }}",
        "{{ nowhere | default(agent_region) }}",
        "{{ fleet_untrusted }}",
    ],
)
def test_simple_templates_need_no_jinja(text: str) -> None:
    found, asked = value(t(text))
    assert asked == []
    expected = Jinja()(RAW)(t(text))
    assert (found, type(found)) == (expected, type(expected)) or found == expected == "{{ fleet_region }}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ fleet_region | upper }}",
        "x{{ fleet_region }}",
        "{{ fleet_region }}\n",
        "{{ fleet_word | bool }}",
        "{{ fleet_text | int }}",
        "{{ fleet_flag | int }}",
        "{{ fleet_vague | default('') }}",
        "{{ fleet_computed }}",
        "{{ true }}",
        "{{ none }}",
        "{{ nowhere | default(none, true) }}",
        "{% if fleet_flag %}{{ fleet_region }}{% endif %}",
        "{{ fleet_nested.a }}",
        "{{ {'site': fleet_region} if fleet_flag else {} }}",
    ],
)
def test_all_else_is_jinjas(text: str) -> None:
    found, asked = value(t(text))
    assert asked == [t(text)]
    expected = Jinja()(RAW)(t(text))
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize("text", ["{{ nowhere }}", "{{ fleet_loop }}", "{{ fleet_vague }}"])
def test_what_nobody_knows_is_an_error_as_ever(text: str) -> None:
    with pytest.raises(Exception, match=r"nowhere|[Rr]ecursi"):
        value(t(text))


def test_parts_of_a_structure_are_evaluated_one_by_one() -> None:
    found, asked = value({"a": t("{{ agent_region }}"), "b": [t("{{ fleet_computed }}"), 1, None, "plain"], 3: 1.5})
    assert found == {"a": "us-west-2", "b": ["US-WEST-2", 1, None, "plain"], 3: 1.5}
    assert asked == [t("{{ fleet_computed }}")]


def test_templates_find_evaluated_what_could_be_foreseen() -> None:
    seen: list[Mapping[str, Any]] = []

    def jinja(variables: Mapping[str, Any]) -> Callable[[Any], Any]:
        seen.append(variables)
        return lambda template: template

    Variables(RAW, jinja, ("agent_",))
    assert seen[0]["agent_region"] == "us-west-2" and seen[0]["fleet_nested"] is RAW["fleet_nested"]


def test_without_the_means_to_tell_who_wrote_a_text_all_is_jinjas(monkeypatch: pytest.MonkeyPatch) -> None:
    module = Variables.__module__
    monkeypatch.setattr(f"{module}.is_trusted_as_template", None)
    _found, asked = value(t("{{ fleet_region }}"))
    assert asked == [t("{{ fleet_region }}")]
