# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.edgefleet.ecs.plugins.plugin_utils.texts import never_a_template

HARMLESS = ["", "lyon", "DockerVersion: 20.10.24", "arn:aws:ecs:us-west-2:1:cluster/a#b"]
DANGEROUS = [
    "{{ 6 * 7 }}",
    "{% if true %}x{% endif %}",
    "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ 6 * 7 ]]",
]


@pytest.mark.parametrize("text", [*HARMLESS, *DANGEROUS])
def test_a_text_stays_what_it_is_wherever_it_is(text: str) -> None:
    told: Any = never_a_template({"tags": {"site": text}, "ids": [text], "count": 3, "live": True})
    assert told == {"tags": {"site": text}, "ids": [text], "count": 3, "live": True}
    templar = Templar(loader=DataLoader())
    assert templar.template(told["tags"]["site"]) == templar.template(told["ids"][0]) == text


def written(value: Any) -> str:
    """As ansible-inventory does."""
    from ansible.cli.inventory import InventoryCLI
    from ansible.utils.context_objects import CLIArgs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ansible.context.CLIARGS", CLIArgs({"yaml": False, "toml": False}))
        return str(InventoryCLI.dump({"_meta": {"hostvars": {"lyon-1": {"value": value}}}}))


def test_only_what_might_be_a_template_is_written_as_unsafe() -> None:
    assert [text for text in HARMLESS if "__ansible_unsafe" in written(never_a_template(text))] == []
    assert [text for text in DANGEROUS if "__ansible_unsafe" not in written(never_a_template(text))] == []
