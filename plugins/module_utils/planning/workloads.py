# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a user writes of workloads to what is asked of AWS: services and rules by site, and all that is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .workload_rules import ERROR, EXTERNAL, KINDS, Finding, definition_findings, service_findings, task_findings

Data = Mapping[str, Any]
Item = dict[str, Any]

ALL = "all"
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PlacementConstraint.html
_LONGEST_EXPRESSION = 2000
# Services per cluster: https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
_MOST_SERVICES = 5000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_RULE_NAME = re.compile(r"[.\-_A-Za-z0-9]{1,64}")

# Where a workload runs; the rest of an entry are options of the module that makes it.
_PLACES = ("name", "sites", "per_site", "site_overrides")
_SERVICE = (
    *("task_definition", "desired_count", "launch_type", "scheduling_strategy", "role", "deployment_configuration"),
    *("placement_constraints", "placement_strategy", "network_configuration", "load_balancers", "service_registries"),
    *("health_check_grace_period_seconds", "enable_execute_command", "enable_ecs_managed_tags", "propagate_tags"),
    *("capacity_provider_strategy", "platform_version", "tags"),
)
_RULE = (
    *("task_definition", "launch_type", "schedule_expression", "event_pattern", "enabled", "description", "role_arn"),
    *("task_count", "group", "placement_constraints", "overrides", "input_transformer", "task_tags"),
    *("enable_execute_command", "event_bus_name", "tags"),
)
_DEFINITION = (
    *("family", "container_definitions", "volumes", "requires_compatibilities", "network_mode", "cpu", "memory"),
    *("task_role_arn", "execution_role_arn", "runtime_platform", "placement_constraints", "pid_mode", "ipc_mode"),
    *("ephemeral_storage", "proxy_configuration", "enable_fault_injection", "purge_members", "tags"),
)
# Of an entry, what the API does not know.
_NOT_API = frozenset({*_PLACES, "tags", "purge_members"})
_SPELLING = {"enable_ecs_managed_tags": "enableECSManagedTags", "task_count": "count"}


class PlanError(ValueError):
    """What was asked cannot be planned."""


@dataclass
class _Plan:
    """What has been found so far."""

    sites: Mapping[str, str]
    attribute: str
    execution_role: str
    definitions: dict[str, Item] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def note(self, what: str, findings: Iterable[Finding]) -> None:
        for finding in findings:
            told = self.problems if finding.level == ERROR else self.warnings
            sentence = f"{what}: {finding.field}: {finding.rule} {finding.way_out}".strip()
            if sentence not in told:
                told.append(sentence)


@dataclass(frozen=True)
class _Placed:
    """The options of a module, and the kinds of the sites that they are for."""

    options: Item
    kinds: frozenset[str]


def site_kinds(hosts: Iterable[Data]) -> dict[str, str]:
    """Sites and their kinds, from the variables of hosts."""
    found: dict[str, str] = {}
    for host in hosts:
        site, kind = host.get("fleet_site"), host.get("fleet_site_kind", EXTERNAL)
        if not site:
            continue
        if kind not in KINDS:
            raise PlanError(f"fleet_site_kind of site {site} is {kind!r}; the kinds are {', '.join(KINDS)}.")
        if found.setdefault(str(site), kind) != kind:
            raise PlanError(f"Site {site} is of kind {found[site]} and of kind {kind}: fleet_site_kind must be one.")
    return dict(sorted(found.items()))


def build(
    definitions: Sequence[Data],
    services: Sequence[Data],
    rules: Sequence[Data],
    sites: Mapping[str, str],
    options: Data,
) -> Item:
    """Everything that is to be, each service and rule with its name and constraint; `problems` holds what cannot."""
    plan = _Plan(sites, options.get("site_attribute", "site"), options.get("execution_role", ""))
    _read_definitions(plan, definitions)
    made = _spread(plan, "workload_services", services, _SERVICE, _NAME)
    ruled = _spread(plan, "workload_event_rules", rules, _RULE, _RULE_NAME)
    _check_runs(plan, "workload_services", made, service_findings)
    _check_runs(plan, "workload_event_rules", ruled, task_findings)
    for family, definition in plan.definitions.items():
        for kind in sorted(plan.kinds.get(family, ())):
            body = api_form(definition, plan.execution_role)
            plan.note(f"workload_definitions: {family}, at a site of kind {kind}", definition_findings(body, kind))
    if len(made) > _MOST_SERVICES:
        plan.warnings.append(f"{len(made)} services are more than the quota of {_MOST_SERVICES} a cluster.")
    return {
        "definitions": [_with_kind(plan, definition) for definition in plan.definitions.values()],
        "services": [one.options for one in made],
        "rules": [one.options for one in ruled],
        "problems": plan.problems,
        "warnings": plan.warnings,
        **secrets(plan.definitions.values()),
    }


def api_form(entry: Data, execution_role: str = "") -> Item:
    """An entry as the API would take it: members in its spelling, without what is not for it."""
    members = {_camel(name): value for name, value in entry.items() if name not in _NOT_API and value is not None}
    if execution_role and "container_definitions" in entry:
        members.setdefault("executionRoleArn", execution_role)
    return members


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return _SPELLING.get(name, first + "".join(part.capitalize() for part in rest))


# Task definitions.


def _read_definitions(plan: _Plan, definitions: Sequence[Data]) -> None:
    for number, definition in enumerate(definitions):
        where = f"workload_definitions[{number}]"
        family = definition.get("family")
        if not family or not definition.get("container_definitions"):
            plan.problems.append(f"{where}: family and container_definitions are needed.")
            continue
        _refuse_unknown(plan, f"workload_definitions: {family}", definition, _DEFINITION)
        if family in plan.definitions:
            plan.problems.append(f"{where}: family {family} is there twice.")
        plan.definitions[family] = dict(definition)


def _with_kind(plan: _Plan, definition: Data) -> Item:
    """A definition for sites of one kind is held against its rules by the module, too."""
    kinds = plan.kinds.get(definition["family"], set())
    return {**definition, "site_kind": next(iter(kinds))} if len(kinds) == 1 else dict(definition)


def _refuse_unknown(plan: _Plan, where: str, entry: Data, known: Sequence[str]) -> None:
    unknown = sorted(set(entry) - set(known))
    if unknown:
        plan.problems.append(f"{where}: {', '.join(unknown)} is unknown. Known are {', '.join(known)}.")


# Sites.


def _spread(
    plan: _Plan, variable: str, entries: Sequence[Data], known: Sequence[str], name: re.Pattern[str]
) -> list[_Placed]:
    """Each entry once, or once a site."""
    made: list[_Placed] = []
    for number, entry in enumerate(entries):
        if not entry.get("name"):
            plan.problems.append(f"{variable}[{number}]: a name is needed.")
            continue
        where = f"{variable}: {entry['name']}"
        _refuse_unknown(plan, where, entry, (*_PLACES, *known))
        for site, options in entry.get("site_overrides", {}).items():
            _refuse_unknown(plan, f"{where}: site_overrides.{site}", options, known)
        made += _placed(plan, where, {"task_definition": entry["name"], **entry})
    names = Counter(one.options["name"] for one in made)
    for label, count in names.items():
        if count > 1:
            plan.problems.append(f"{variable}: {label} is there {count} times, by its own name or with that of a site.")
        if not name.fullmatch(label):
            plan.problems.append(f"{variable}: {label} is no name that AWS takes ({name.pattern}).")
    return made


def _placed(plan: _Plan, where: str, entry: Data) -> Iterator[_Placed]:
    sites = _sites(plan, where, entry)
    overrides = entry.get("site_overrides", {})
    astray = sorted(set(overrides) - set(sites)) if entry.get("per_site") else sorted(overrides)
    if astray:
        plan.problems.append(f"{where}: site_overrides names {', '.join(astray)}; per_site and that site are needed.")
    if not sites:
        plan.problems.append(f"{where}: there is no site for it.")
    elif entry.get("per_site"):
        for site in sites:
            own = {**entry, **overrides.get(site, {}), "name": f"{entry['name']}-{site}"}
            yield _item(plan, own, {plan.sites[site]}, f"attribute:{plan.attribute} == {site}")
    elif len({_launch_type(plan.sites[site]) for site in sites}) > 1:
        plan.problems.append(f"{where}: its sites are external and of AWS. Set per_site, launch_type, or fewer sites.")
    else:
        # Without the names of the sites nothing changes when one is added.
        everywhere = entry.get("sites", ALL) == ALL
        listed = f"attribute:{plan.attribute} " + ("exists" if everywhere else f"in [{', '.join(sites)}]")
        if len(listed) > _LONGEST_EXPRESSION:
            plan.problems.append(f"{where}: so many sites fit in no placement constraint. Set per_site or sites: all.")
        yield _item(plan, entry, {plan.sites[site] for site in sites}, listed)


def _sites(plan: _Plan, where: str, entry: Data) -> list[str]:
    """The sites of an entry; a launch type chooses among all."""
    asked = entry.get("sites", ALL)
    launch_type = entry.get("launch_type")
    if asked == ALL:
        return [site for site, kind in plan.sites.items() if launch_type in (None, _launch_type(kind))]
    if isinstance(asked, str):
        plan.problems.append(f"{where}: sites is {asked!r}; it is all, or a list of sites.")
        return []
    unknown = [str(site) for site in asked if site not in plan.sites]
    if unknown:
        plan.problems.append(f"{where}: there is no site {', '.join(unknown)}. Sites are {', '.join(plan.sites)}.")
    known = list(dict.fromkeys(site for site in asked if site in plan.sites))
    wrong = [site for site in known if launch_type not in (None, _launch_type(plan.sites[site]))]
    if wrong:
        plan.problems.append(f"{where}: launch_type {launch_type} does not fit to {', '.join(wrong)}.")
    return known


def _launch_type(kind: str) -> str:
    return "EXTERNAL" if kind == EXTERNAL else "EC2"


def _item(plan: _Plan, entry: Data, kinds: set[str], expression: str) -> _Placed:
    options = {name: value for name, value in entry.items() if name not in ("sites", "per_site", "site_overrides")}
    plan.kinds.setdefault(_family(options["task_definition"]), set()).update(kinds)
    if "capacity_provider_strategy" not in options:
        options.setdefault("launch_type", _launch_type(min(kinds)))
    constraint = {"type": "memberOf", "expression": expression}
    options["placement_constraints"] = [*options.get("placement_constraints", []), constraint]
    if len(kinds) == 1:
        options["site_kind"] = next(iter(kinds))
    return _Placed(options, frozenset(kinds))


def _check_runs(
    plan: _Plan, variable: str, made: Sequence[_Placed], findings: Callable[[Data, Any, str], list[Finding]]
) -> None:
    """A hundred sites of a kind have the same findings, which are told once."""
    seen = set()
    for one in made:
        name, body = one.options["name"], plan.definitions.get(one.options["task_definition"])
        request = api_form({key: value for key, value in one.options.items() if key != "site_kind"})
        definition = api_form(body, plan.execution_role) if body else None
        for kind in sorted(one.kinds):
            key = (kind, repr({**request, "placementConstraints": len(request["placementConstraints"])}))
            if key not in seen:
                seen.add(key)
                plan.note(f"{variable}: {name}, at a site of kind {kind}", findings(request, definition, kind))


# Secrets.


def secrets(definitions: Iterable[Data]) -> Item:
    """What the execution role must read, of definitions that bring no execution role of their own."""
    named = [
        value
        for definition in definitions
        if not definition.get("execution_role_arn")
        for container in definition["container_definitions"]
        for value in _values(container)
    ]
    vault = {":".join(value.split(":")[:7]) for value in named if ":secretsmanager:" in value}
    return {
        "secrets": sorted(vault),
        "parameters": sorted({value for value in named if ":secretsmanager:" not in value}),
    }


def _values(container: Data) -> Iterator[str]:
    options = (container.get("logConfiguration") or {}).get("secretOptions") or []
    for secret in [*(container.get("secrets") or []), *options]:
        if secret.get("valueFrom"):
            yield str(secret["valueFrom"])
    credentials = (container.get("repositoryCredentials") or {}).get("credentialsParameter")
    if credentials:
        yield str(credentials)


# Policies.


def secrets_policy(plan: Data, place: Data, keys: Sequence[str] = ()) -> Item:
    """What the execution role may read: these parameters and secrets, and nothing else. Empty when there are none."""
    parameters = [_parameter(value, place) for value in plan["parameters"]]
    statements = [
        _allow("Parameters", "ssm:GetParameters", parameters),
        _allow("Secrets", "secretsmanager:GetSecretValue", plan["secrets"]),
        _allow("Keys", "kms:Decrypt", keys if parameters or plan["secrets"] else ()),
    ]
    return _document(statement for statement in statements if statement["Resource"])


def _parameter(value: str, place: Data) -> str:
    if value.startswith("arn:"):
        return value
    return f"arn:{place['partition']}:ssm:{place['region']}:{place['account']}:parameter/{value.lstrip('/')}"


def events_policy(plan: Data, place: Data, roles: Sequence[str]) -> Item:
    """What EventBridge may do: run these families in this cluster, and hand on their roles."""
    prefix = f"arn:{place['partition']}:ecs:{place['region']}:{place['account']}"
    families = sorted({_family(rule["task_definition"]) for rule in plan["rules"]})
    cluster = {"ArnEquals": {"ecs:cluster": f"{prefix}:cluster/{place['cluster']}"}}
    tagged = any(rule.get("task_tags") for rule in plan["rules"])
    statements = [
        {
            # A family without a revision is another resource than its revisions.
            **_allow(
                "RunTask",
                "ecs:RunTask",
                [f"{prefix}:task-definition/{family}{end}" for family in families for end in ("", ":*")],
            ),
            "Condition": cluster,
        },
        {
            **_allow("PassRole", "iam:PassRole", sorted(set(roles))),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {
            **_allow("TagTasks", "ecs:TagResource", [f"{prefix}:task/{place['cluster']}/*"] if tagged else []),
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
    ]
    return _document(statement for statement in statements if statement["Resource"])


def _family(reference: str) -> str:
    return reference.rpartition("/")[2].partition(":")[0]


def _allow(sid: str, action: str, resources: Iterable[str]) -> Item:
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": list(resources)}


def _document(statements: Iterable[Item]) -> Item:
    listed = list(statements)
    return {"Version": "2012-10-17", "Statement": listed} if listed else {}
