# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a controller's configuration: each rule gives its findings as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.unit.examples import controller
from tests.unit.examples import controller_tables as tables

Data = Mapping[str, Any]
Findings = Iterator[str]


def _members(title: str, item: Data, needed: str, allowed: str) -> Findings:
    missing, unknown = set(needed.split()) - set(item), set(item) - set(needed.split()) - set(allowed.split())
    yield from (f"{title}: {name} is missing" for name in sorted(missing))
    yield from (f"{title}: {name} is no member" for name in sorted(unknown))


def members(config: Data) -> Findings:
    """Nothing that the roles do not know, nothing missing, no name twice."""
    for variable, (needed, allowed) in tables.MEMBERS.items():
        names = [item.get("name") for item in config[variable]]
        yield from (f"{variable}: {name} is there twice" for name in {one for one in names if names.count(one) > 1})
        for item in config[variable]:
            yield from _members(f"{variable} {item.get('name')}", item, needed, allowed)
    unknown = [name for name in config if name.startswith("controller_") and name not in tables.MEMBERS]
    yield from (f"{name} is no variable of the roles" for name in unknown)


def references(config: Data) -> Findings:
    """What one object says of another is there."""
    names = {variable: {item["name"] for item in config[variable]} for variable in tables.MEMBERS}
    meant = {
        "organization": "organizations", "project": "projects", "source_project": "projects",
        "inventory": "inventories",
        "execution_environment": "execution_environments", "default_environment": "execution_environments",
        "credentials": "credentials", "credential": "credentials", "instance_groups": "instance_groups",
    }  # fmt: skip
    nodes = [node for flow in config["controller_workflows"] for node in flow["simplified_workflow_nodes"]]
    for item in [*(item for variable in tables.MEMBERS for item in config[variable]), *nodes]:
        for member, kind in meant.items():
            for value in _listed(item.get(member)):
                if value not in names[f"controller_{kind}"]:
                    yield f"{item.get('name') or item['identifier']}: {member} {value} is not there"
    jobs = {*names["controller_templates"], *names["controller_workflows"]}
    for item in [*config["controller_schedules"], *(node for node in nodes if "approval_node" not in node)]:
        if item.get("unified_job_template") not in jobs:
            yield f"{item.get('name') or item['identifier']}: its job template is not there"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def playbooks(config: Data) -> Findings:
    """Each job template has a playbook of the project, and each playbook a template."""
    there = {path.name for path in controller.PROJECT.glob("*.yml")}
    used = {item["playbook"] for item in config["controller_templates"]}
    yield from (f"{name} is not in the project" for name in sorted(used - there))
    yield from (f"no job template runs {name}" for name in sorted(there - used))
    for name in sorted(used & there):
        if not (controller.ROOT / "playbooks" / f"{controller.playbook_of(name)}.yml").is_file():
            yield f"{name} imports a playbook that the collection does not have"
    for source in config["controller_inventory_sources"]:
        if not (controller.PROJECT / source["source_path"]).is_file():
            yield f"{source['name']}: {source['source_path']} is not in the project"


def _question(title: str, question: Data, option: controller.Option | None) -> Findings:
    name, kind = question["variable"], question["type"]
    if option is None:
        yield f"{title}: {name} is no variable of its playbook"
        return
    if option.type not in tables.ANSWERS.get(kind, ()):
        yield f"{title}: {name} is a {option.type}, not what {kind} answers"
    offered = question.get("choices") or []
    if bool(offered) != kind.startswith("multi"):
        yield f"{title}: {name} has choices where there are none to make, or none where there are"
    allowed = ("true", "false") if option.type == "bool" else option.choices
    if kind == "multiplechoice" and allowed and set(offered) - set(allowed):
        yield f"{title}: {name} offers what is not allowed: {sorted(set(offered) - set(allowed))}"
    if "default" in question:
        yield from _answer(title, question, question["default"])


def _answer(title: str, question: Data, value: Any) -> Findings:
    """Whether a controller would take this answer."""
    name, kind, low, high = question["variable"], question["type"], question.get("min"), question.get("max")
    if kind == "integer":
        good = type(value) is int and (low is None or value >= low) and (high is None or value <= high)
    elif kind == "text":
        good = isinstance(value, str) and (low or 0) <= len(value) <= (high or 1024)
    elif kind == "multiselect":
        # No answer is written as an empty text.
        good = value == "" or (isinstance(value, list) and set(value) <= set(question["choices"]))
    else:
        good = value in (question.get("choices") or ())
    if not good:
        yield f"{title}: {value!r} is no answer for {name}"


def _spec(item: Data) -> Sequence[Data]:
    found: Sequence[Data] = (item.get("survey_spec") or {}).get("spec") or ()
    return found


def surveys(config: Data) -> Findings:
    """Each question asks for a variable that the playbook knows, of a type that fits; its default would be taken."""
    for item in config["controller_templates"]:
        title, playbook = item["name"], controller.playbook_of(item["playbook"])
        if bool(_spec(item)) != bool(item.get("survey_enabled")):
            yield f"{title}: survey_enabled does not fit the survey"
        for question in _spec(item):
            yield from _members(title, question, *tables.QUESTION)
            yield from _question(title, question, controller.known(playbook, question["variable"]))
    for flow in config["controller_workflows"]:
        taking = [{one["variable"] for one in _spec(item)} for item in config["controller_templates"]]
        for question in _spec(flow):
            if not any(question["variable"] in variables for variables in taking):
                yield f"{flow['name']}: no job template takes {question['variable']}"
    release = controller.inventory_variables()["fleet_release"]
    for item in [*config["controller_templates"], *config["controller_workflows"]]:
        for question in _spec(item):
            if question["variable"] == "fleet_release" and question.get("default") != release:
                yield f"{item['name']}: its release is not that of the inventory"


def slices(config: Data) -> Findings:
    """A slice is a run by itself with some of the hosts: only what asks each host by itself is safe in slices."""
    for item in config["controller_templates"]:
        patterns = {play["hosts"] for play in controller.plays(controller.playbook_of(item["playbook"]))}
        if item.get("job_slice_count", 1) != 1 and patterns != {"fleet"}:
            yield f"{item['name']}: sliced, and its playbook has plays for {sorted(patterns)}"


def prompts(config: Data) -> Findings:
    """Nodes and schedules give a job template only what it asks for: a controller drops all else without a word."""
    templates = {item["name"]: item for item in config["controller_templates"]}
    nodes = [node for flow in config["controller_workflows"] for node in flow["simplified_workflow_nodes"]]
    for item in [*nodes, *config["controller_schedules"]]:
        title, template = item.get("identifier") or item["name"], templates.get(item.get("unified_job_template", ""))
        if template is None:
            continue
        for member, what in tables.PROMPTS.items():
            if member in item and not template.get(f"ask_{what}_on_launch"):
                yield f"{title}: {template['name']} does not ask for {member}"
        asked = {question["variable"]: question for question in _spec(template)}
        for name, value in (item.get("extra_data") or {}).items():
            if name in asked:
                yield from _answer(title, asked[name], value)
            elif not template.get("ask_variables_on_launch"):
                yield f"{title}: {template['name']} does not ask for {name}"


def limits(config: Data) -> Findings:
    """A limit names groups or hosts of the inventory, and the conductors beside them."""
    there = controller.groups_and_hosts()
    nodes = [node for flow in config["controller_workflows"] for node in flow["simplified_workflow_nodes"]]
    for item in [*nodes, *config["controller_templates"], *config["controller_schedules"]]:
        names = item["limit"].split(",") if item.get("limit") else []
        title = item.get("identifier") or item["name"]
        yield from (f"{title}: {name} is not in the inventory" for name in names if name not in there)
        if names and tables.CONDUCTORS not in names:
            yield f"{title}: its limit leaves {tables.CONDUCTORS} out"


def graph(config: Data) -> Findings:
    """Nodes that are there, one to begin with, each reached once, none that waits for itself."""
    for flow in config["controller_workflows"]:
        nodes = {node["identifier"]: node for node in flow["simplified_workflow_nodes"]}
        for node in nodes.values():
            yield from _members(node["identifier"], node, *tables.NODE)
            if ("approval_node" in node) == ("unified_job_template" in node):
                yield f"{node['identifier']} is either an approval or a job"
        followers = {name: _followers(node) for name, node in nodes.items()}
        named = [after for names in followers.values() for after in names]
        yield from (f"{flow['name']}: {name} is not there" for name in named if name not in nodes)
        if len(nodes.keys() - set(named)) != 1:
            yield f"{flow['name']}: begins with {sorted(nodes.keys() - set(named))}"
        elif len(set(_chain(flow))) != len(nodes):
            yield f"{flow['name']}: not every node is reached"


def _followers(node: Data) -> list[str]:
    return [name for kind in ("success", "failure", "always") for name in node.get(f"{kind}_nodes") or []]


def _chain(flow: Data) -> list[str]:
    """Identifiers along the nodes that follow a success."""
    nodes = {node["identifier"]: node for node in flow["simplified_workflow_nodes"]}
    after = {name for node in nodes.values() for name in _followers(node)}
    found: list[str] = []
    waiting = [name for name in nodes if name not in after]
    while waiting:
        name = waiting.pop(0)
        if name in nodes and name not in found:
            found.append(name)
            waiting += nodes[name].get("success_nodes") or []
    return found


def waves(config: Data) -> Findings:
    """A rollout for each wave of the inventory, in its order, limited to its sites, with an approval in between."""
    wanted = controller.inventory_variables()["fleet_waves"]
    (flow,) = config["controller_workflows"]
    nodes = {node["identifier"]: node for node in flow["simplified_workflow_nodes"]}
    chain = [nodes[name] for name in _chain(flow)]
    rollouts = [node for node in chain if node.get("unified_job_template") == "retail rollout"]
    if [node["identifier"] for node in rollouts] != [f"wave-{wave['name']}" for wave in wanted]:
        yield f"{flow['name']}: its rollouts are not the waves of the inventory, in their order"
        return
    confirmed: list[str] = []
    for wave, node in zip(wanted, rollouts, strict=True):
        confirmed += [wave["name"]] if wave.get("confirm") else []
        limit = ",".join([*wave["sites"], tables.CONDUCTORS]) if "sites" in wave else None
        if node.get("limit") != limit:
            yield f"{node['identifier']}: its limit is {node.get('limit')}, its wave {limit}"
        if (node.get("extra_data") or {}).get("fleet_confirmed", []) != confirmed:
            yield f"{node['identifier']}: it has to confirm {confirmed}"
    for first, second in pairwise(rollouts):
        between = chain[chain.index(first) + 1 : chain.index(second)]
        if not any("approval_node" in node for node in between):
            yield f"nobody agrees between {first['identifier']} and {second['identifier']}"


def secrets(config: Data) -> Findings:
    """Secrets are variables of somebody else's; none is asked for by a survey, which would keep it in the job."""
    for item in config["controller_credentials"]:
        for name, value in item["inputs"].items():
            if name in tables.SECRET_INPUTS and not tables.VARIABLE.fullmatch(str(value)):
                yield f"{item['name']}: {name} stands in the clear"
    for item in [*config["controller_templates"], *config["controller_workflows"]]:
        yield from (f"{item['name']}: asks for a password" for one in _spec(item) if one["type"] == "password")
        if re.search(r"(?i)password|secret|token|activation_code", str(item.get("extra_vars") or "")):
            yield f"{item['name']}: has a secret in its variables"


def schedules(config: Data) -> Findings:
    yield from (
        f"{one['name']}: {one['rrule']} is no rule"
        for one in config["controller_schedules"]
        if not tables.RRULE.fullmatch(one["rrule"])
    )


RULES: tuple[Callable[[Data], Findings], ...] = (
    members, references, playbooks, surveys, slices, prompts, limits, graph, waves, secrets, schedules,
)  # fmt: skip


def findings(config: Data) -> list[str]:
    return [finding for rule in RULES for finding in rule(config)]
