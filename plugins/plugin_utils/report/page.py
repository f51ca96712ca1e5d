# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of a record: one file, without anything that it would have to fetch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import times

from .view import view


def moment(text: str) -> str:
    """A time as people write it; what is none is shown as it is."""
    known = times.moment(text)
    return f"{known.day} {known:%b %Y, %H:%M} UTC" if known else str(text)


def page(run: Mapping[str, Any], path: str = "") -> str:
    """:param path: where the record lies."""
    return rendered("page.html.j2", view(run, path))


def rendered(template: str, shown: Mapping[str, Any]) -> str:
    # All that comes from hosts and inventories is escaped; the page's own style and script are not from there.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["moment"] = moment
    return environment.get_template(template).render(shown)
