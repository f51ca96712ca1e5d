# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings for the documentation site; sandbox/tooling/docsite.py puts its sources together."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "edgefleet.ecs"
author = "Edgefleet contributors"
copyright = "Edgefleet contributors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns: list[str] = []
highlight_language = "text"

html_theme = "furo"
html_title = "edgefleet.ecs"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options: dict[str, Any] = {"top_of_page_buttons": []}

myst_heading_anchors = 4
myst_enable_extensions: list[str] = []

# Labels of other collections and of Ansible itself. Its inventory of labels is on the network, where a build has no
# business; the addresses follow from the labels' form.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest"
PLUGIN = re.compile(r"ansible_collections\.(\w+)\.(\w+)\.(\w+_(?:module|filter|callback|lookup|inventory|role))")
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "cache_plugins": "plugins/cache.html",
    "callback_plugins": "plugins/callback.html",
    "common_return_values": "reference_appendices/common_return_values.html",
    "filter_plugins": "plugins/filter.html",
    "inventory_plugins": "plugins/inventory.html",
    "playbooks_environment": "playbook_guide/playbooks_environment.html",
}


def address(kind: str, label: str) -> str:
    """Where a label or a variable of the environment that is not ours is documented; empty if nobody knows."""
    if kind == "envvar":
        return (
            f"{ANSIBLE}/{PAGES['ansible_configuration_settings']}#envvar-{label}"
            if label.startswith("ANSIBLE_")
            else ""
        )
    plugin = PLUGIN.match(label)
    if plugin:
        namespace, collection, name = plugin.groups()
        return f"{ANSIBLE}/collections/{namespace}/{collection}/{name}.html"
    return f"{ANSIBLE}/{PAGES[label]}" if label in PAGES else ""


def resolve(_app: Any, _env: Any, node: Any, content: Any) -> Any:
    """Called by Sphinx for a reference to what no page of this site has."""
    if node.get("refdomain") != "std" or node.get("reftype") not in {"ref", "envvar"}:
        return None
    found = address(node["reftype"], node["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri=found) if found else None


def without_contents(_app: Any, doctree: Any) -> None:
    """The theme lists the parts of a page beside it, and refuses the list that antsibull-docs puts into the page."""
    for topic in list(doctree.findall(nodes.topic)):
        if "contents" in topic["classes"]:
            topic.parent.remove(topic)


def setup(app: Any) -> None:
    app.connect("doctree-read", without_contents)
    app.connect("missing-reference", resolve)
