# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ails a host, and what cures it without touching packages, configuration, identity or the engine. Pure.

Remedies are restarts of the two agents, which leave tasks running, and the removal of an agent.db that is dead or
broken. All else is named as advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import record
from .limits import PlanError, limit_of

RESTART_SSM, RESET_STATE, RESTART_ECS = "restart_ssm_agent", "reset_state", "restart_ecs"
# In the order in which they are done: ecs needs the credentials that the SSM agent brings.
REMEDIES = (RESTART_SSM, RESET_STATE, RESTART_ECS)
WORDS = {
    RESTART_SSM: "restart amazon-ssm-agent",
    RESET_STATE: "remove agent.db",
    RESTART_ECS: "restart ecs",
}

ROLLOUT = "run edgefleet.ecs.rollout"
REREGISTER = "run edgefleet.ecs.reregister"
# So many restarts that systemd does in a row are a loop.
LOOP = 3

Data = Mapping[str, Any]


class Symptom(NamedTuple):
    """One thing that is wrong. `unexplained`: the agent's own words may tell more, and change the remedy."""

    symptom: str
    cause: str
    remedy: str = ""
    advice: str = ""
    unexplained: bool = False


class Case(NamedTuple):
    """All that is known of one host."""

    host: Data
    drift: Sequence[Data]
    # By ARN, what the cluster has; by id, what Systems Manager has (None: not asked).
    instances: Data
    nodes: Data | None
    cluster: str

    @property
    def identity(self) -> str:
        return str(self.host["registration"]["instance_id"] or "")

    def unit(self, name: str) -> Data:
        found: Data = (self.host.get("units") or {}).get(name) or {"load": "not-found", "active": "inactive"}
        return found


Symptoms = Iterator[Symptom]


# --- what is seen on the host and in the Region ---


def _identity(case: Case) -> Symptoms:
    registration = case.host["registration"]
    if registration["registered"] is None:
        yield Symptom("its identity cannot be read", "the SSM agent's Vault is damaged", advice=REREGISTER)
    elif not registration["registered"]:
        yield Symptom("not registered with Systems Manager", "it never was, or lost its identity", advice=ROLLOUT)
    elif registration["same_machine"] is False:
        yield Symptom(f"{case.identity} is another machine's", "a clone, or a new image", advice=REREGISTER)
    elif case.nodes is not None and case.identity not in case.nodes:
        cause = "deregistered, or of another account or Region"
        yield Symptom(f"Systems Manager does not know {case.identity}", cause, advice=REREGISTER)
    for entry in case.drift:
        if entry["component"] == "registration" and "region" in entry["after"]:
            yield Symptom(str(entry["reason"]), "it was registered elsewhere", advice=REREGISTER)


def _has_good_identity(case: Case) -> bool:
    return not any(True for _symptom in _identity(case))


def _engine_is_down(case: Case) -> bool:
    engine = case.host.get("engine")
    return engine is not None and not engine["version"]


def _engine(case: Case) -> Symptoms:
    if _engine_is_down(case):
        state = case.unit("docker")["active"]
        advice = f"start it (systemctl start docker), or {ROLLOUT}"
        yield Symptom(f"the container engine does not answer (docker is {state})", "stopped, or broken", advice=advice)


def _ssm(case: Case) -> Symptoms:
    """A restart cures an agent that sleeps up to half an hour after it was refused: aws/amazon-ssm-agent#616, #468."""
    unit = case.unit("amazon-ssm-agent")
    if unit["load"] != "loaded":
        yield Symptom(f"amazon-ssm-agent is {unit['load']}", "its package is missing, or masked", advice=ROLLOUT)
        return
    if not _has_good_identity(case):
        return
    problem = _credentials(case)
    node = (case.nodes or {}).get(case.identity) or {}
    if unit["active"] != "active":
        yield Symptom(f"amazon-ssm-agent is {unit['active']}", "it was stopped, or failed", RESTART_SSM)
    elif problem:
        yield Symptom(problem, "it sleeps after an outage, or has not noticed its identity", RESTART_SSM)
    elif node.get("ping_status") not in (None, "Online"):
        cause = "its agent hangs, or the way to Systems Manager is cut"
        yield Symptom(f"Systems Manager says {node['ping_status']}", cause, RESTART_SSM)


def _credentials(case: Case) -> str:
    if any(error["probe"] == "credentials" for error in case.host.get("errors") or []):
        return ""
    credentials = case.host.get("credentials")
    if credentials is None:
        return "the SSM agent has no credentials"
    if credentials["instance_id"] != case.identity:
        return f"the SSM agent still works as {credentials['instance_id']}"
    return "" if credentials["fresh"] else f"the SSM agent's credentials expired {credentials['expires_at']}"


def _ecs(case: Case) -> Symptoms:
    unit, agent = case.unit("ecs"), case.host.get("ecs_agent")
    if unit["load"] != "loaded":
        yield Symptom(f"ecs is {unit['load']}", "its package is missing, or masked", advice=ROLLOUT)
        return
    if _engine_is_down(case) or agent is None or not _has_good_identity(case):
        return  # no restart helps before that is cured
    if unit["active"] != "active":
        cause = "a terminal error (exit 5) ended it" if unit["active"] == "failed" else "it was stopped"
        yield Symptom(f"ecs is {unit['active']}", cause, RESTART_ECS, unexplained=True)
    elif agent["introspection"] is None:
        loop = unit.get("restarts", 0) >= LOOP
        cause = f"it ends again and again, {unit['restarts']} times by now" if loop else "it does not get as far"
        yield Symptom("ecs runs and has not registered", cause, RESTART_ECS, unexplained=True)
    else:
        yield from _registered(case, agent["introspection"])
        yield from _running(case, agent)


def _registered(case: Case, said: Data) -> Symptoms:
    cluster = str(said.get("cluster") or "").rpartition("/")[2]
    arn = str(said.get("container_instance_arn") or "")
    instance = case.instances.get(arn)
    if cluster != case.cluster:
        yield Symptom(f"its agent is in cluster {cluster}", "it is to move", advice=ROLLOUT)
    elif instance is None:
        yield Symptom("its container instance is gone from the cluster", "agent.db names a dead one", RESET_STATE)
    elif instance["ec2_instance_id"] != case.identity:
        cause = f"agent.db names a container instance of {instance['ec2_instance_id']}"
        yield Symptom(f"its agent does not work as {case.identity}", cause, advice=REREGISTER)
    elif not instance["agent_connected"]:
        yield Symptom("ECS does not hear from its agent", "the link was cut, or credentials ran out", RESTART_ECS)


def _running(case: Case, agent: Data) -> Symptoms:
    nat = case.host.get("nat") or {}
    cause = "a firewall was loaded anew, or a sysctl set; ecs sets both when it starts"
    if nat.get("credential_rules") is False:
        yield Symptom("the NAT rules of the tasks' credentials are gone", cause, RESTART_ECS)
    if nat.get("route_localnet") is False:
        yield Symptom("route_localnet is off: tasks can't reach their credentials", cause, RESTART_ECS)
    if agent.get("config_read") is False:
        yield Symptom("ecs has not read its ecs.config", "it was not restarted after a change", RESTART_ECS)


RULES = (_identity, _engine, _ssm, _ecs)


def examine(case: Case) -> list[Symptom]:
    return [symptom for rule in RULES for symptom in rule(case)]


# --- what the agent says itself ---


class Known(NamedTuple):
    pattern: str
    cause: str
    remedy: str = ""
    advice: str = ""


# Words of the agent and of ECS; of a line, the first that fits counts. Their places in the agent's source, or who has
# reported them, stand beside them.
KNOWN = (
    # agent/app/agent.go: a state file of another cluster.
    Known(
        r"saved cluster '?\S+'? does not match|Data mismatch",
        "agent.db belongs to another cluster than ecs.config names",
        advice=f"{ROLLOUT}, which moves it",
    ),
    # aws/amazon-ecs-agent#782; containers-roadmap#1901.
    Known(
        r"[Rr]eferenced container instance (?P<instance>\S+)? ?not registered",
        "agent.db names a container instance that is gone",
        RESET_STATE,
    ),
    # aws/amazon-ecs-agent#4119; agent/data/client.go.
    Known(
        r"Error loading previously saved state|previous data from BoltDB|Error creating data client|invalid database",
        "agent.db is broken, by a power cut or a full disk for one",
        RESET_STATE,
    ),
    # Also where the name stands in quotes, which the agent takes for a part of it.
    Known(
        r"[Cc]luster not found|ClusterNotFoundException",
        "there is no such cluster in this Region, or its name stands in quotes in ecs.config",
        advice=f"check fleet_cluster and fleet_region, then {ROLLOUT}",
    ),
    # agent/api/ecsclient: what it registers must come back in the reply.
    Known(
        r"[Aa]ttribute validation failed|attributes? .*(invalid|not allowed)|[Ii]nvalid.*attribute",
        "ECS did not take all of its attributes",
        advice=f"correct ecs_agent_attributes, then {ROLLOUT}",
    ),
    # agent/config/parse.go: straight quotes round a value, typographic quotes, numbers where text must stand.
    Known(
        r"Invalid format for (?P<variable>\w+)|invalid character|cannot unmarshal",
        "a value of ecs.config is not what the agent can read, as with quotes round it or typographic quotes in it",
        advice=f"{ROLLOUT}, which writes the file anew",
    ),
    Known(
        r"Invalid logging drivers|Invalid reserved memory|AWS_DEFAULT_REGION must be set|Invalid configuration",
        "ecs.config asks for what the agent does not do",
        advice=f"correct ecs_agent_config, then {ROLLOUT}",
    ),
    # ecs-init compares ECS_EXTERNAL with the text true.
    Known(
        r"[Nn]ot in external mode|EC2MetadataRequestError|EC2 (instance )?metadata",
        "the agent looks for EC2's metadata: ECS_EXTERNAL is not exactly true",
        advice=ROLLOUT,
    ),
    Known(
        r"ExpiredToken|UnrecognizedClient|InvalidClientTokenId|security token .*(expired|invalid)|[Nn]o credentials"
        r"|NoCredentialProviders|failed to refresh cached credentials",
        "its credentials have run out, or are not there yet",
        RESTART_SSM,
    ),
    Known(
        r"AccessDenied",
        "the host's IAM role may not do that",
        advice="run edgefleet.ecs.region, and look at the role that the host has taken",
    ),
    Known(
        r"[Cc]annot connect to the Docker daemon|docker\.sock|Docker.*not (running|reachable)",
        "the container engine does not answer",
        advice=f"start it (systemctl start docker), or {ROLLOUT}",
    ),
    Known(r"inotify|too many open files", "the kernel's limits are too low", advice=f"{ROLLOUT}, which raises them"),
    Known(
        r"no such host|i/o timeout|[Cc]onnection refused|proxyconnect|TLS handshake|[Cc]ould not connect"
        r"|[Nn]etwork is unreachable|no route to host|[Tt]imed out",
        "it does not reach its endpoint",
        advice="look at DNS, proxy and firewall between the host and the Region; the agent goes on trying",
    ),
)


def explain(lines: Sequence[str], instances: Data) -> dict[str, str] | None:
    """The newest line that is known, with its cause and what to do. `instances`: by ARN, what the cluster has."""
    for line in reversed(lines):
        for known in KNOWN:
            found = re.search(known.pattern, line)
            if found:
                return _explained(known, found, line, instances)
    return None


def _explained(known: Known, found: re.Match[str], line: str, instances: Data) -> dict[str, str]:
    named = found.groupdict()
    explained = {"cause": known.cause, "remedy": known.remedy, "advice": known.advice, "line": line.strip()[-300:]}
    if named.get("variable"):
        explained["cause"] = f"{named['variable']}: {known.cause}"
    instance = (named.get("instance") or "").strip("'\"").rpartition("/")[2]
    if known.remedy == RESET_STATE and instance in {arn.rpartition("/")[2] for arn in instances}:
        # It is there: then the agent came with another identity than the one it was registered with.
        cause = "agent.db names a container instance that another identity has registered"
        explained.update(cause=cause, remedy="", advice=REREGISTER)
    return explained


# --- the plan of a run ---


def build(sites: Data, observations: Data, view: Data, options: Data) -> dict[str, Any]:
    """What each host needs, and the rounds in which it gets it.

    :param sites: by host, its site.
    :param observations: by host, what C(host_facts) returned, or how it failed.
    :param view: C(instances) of the cluster and C(nodes) (None: not asked), as the info modules return them.
    :param options: C(cluster), C(fleet), C(started), C(per_site) (hosts of a site at once: a number or a percentage).
    """
    instances = {item["container_instance_arn"]: item for item in view.get("instances") or []}
    nodes = None if view.get("nodes") is None else {node["instance_id"]: node for node in view["nodes"]}
    hosts = {
        name: {"site": site, **_decide(observations[name], instances, nodes, options["cluster"])}
        for name, site in sites.items()
    }
    rounds = _rounds(hosts, options.get("per_site", 10))
    return {
        "run_id": re.sub("[-:]", "", str(options.get("started", ""))),
        **{key: options.get(key) for key in ("started", "fleet", "cluster")},
        "hosts": hosts,
        "order": [name for names in rounds for name in names],
        "serial": [len(names) for names in rounds] or [1],
        "lines": _plan_lines(hosts),
    }


def _decide(observation: Data, instances: Data, nodes: Data | None, cluster: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"symptoms": [], "remedies": [], "journal": False, "identity": "", "before": {}}
    if observation.get("unreachable") or observation.get("failed"):
        state = "unreachable" if observation.get("unreachable") else "failed"
        return {**nothing, "state": state, "reason": " ".join(str(observation.get("msg", "")).split())}
    case = Case(observation["host"], observation.get("drift") or [], instances, nodes, cluster)
    symptoms = examine(case)
    remedies = _in_order(symptom.remedy for symptom in symptoms)
    state = "sick" if remedies else "advice" if symptoms else "healthy"
    drifted = [str(entry["component"]) for entry in case.drift] if not symptoms else []
    return {
        **nothing,
        "state": state,
        "symptoms": [symptom._asdict() for symptom in symptoms],
        "remedies": remedies,
        "journal": any(symptom.unexplained for symptom in symptoms),
        "identity": case.identity,
        # Records that the cluster has of this identity now: a new agent.db makes another one.
        "before": {
            arn: {"status": item["status"], "attributes": _custom(item["attributes"]), "tags": item["tags"]}
            for arn, item in instances.items()
            if case.identity and item["ec2_instance_id"] == case.identity
        },
        "reason": f"{', '.join(drifted)} differ from what is asked: {ROLLOUT}" if drifted else "",
    }


def _custom(attributes: Data) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if not name.startswith(("ecs.", "com.amazonaws."))}


def _in_order(remedies: Iterable[str]) -> list[str]:
    asked = set(remedies)
    if RESET_STATE in asked:
        asked.add(RESTART_ECS)
    return [remedy for remedy in REMEDIES if remedy in asked]


def _rounds(hosts: Data, per_site: int | str) -> list[list[str]]:
    """All sites at once, of each site so many hosts at a time."""
    by_site: dict[str, list[str]] = {}
    for name, host in hosts.items():
        if host["remedies"]:
            by_site.setdefault(host["site"], []).append(name)
    rounds: list[list[str]] = []
    for site, names in by_site.items():
        size = _size(per_site, sum(host["site"] == site for host in hosts.values()))
        for at in range(0, len(names), size):
            if at // size == len(rounds):
                rounds.append([])
            rounds[at // size] += names[at : at + size]
    return rounds


def _size(per_site: int | str, hosts: int) -> int:
    try:
        return max(1, limit_of(per_site, hosts))
    except PlanError as error:
        raise PlanError(f"heal_hosts_per_site: {error}") from None


def _plan_lines(hosts: Data) -> list[str]:
    counts = {state: sum(host["state"] == state for host in hosts.values()) for state in _STATES}
    said = ", ".join(f"{count} {_STATES[state]}" for state, count in counts.items() if count)
    return [said or "no hosts"] + [
        f"{host['site']}/{name}: {symptom['symptom']} ({symptom['cause']}): {_todo(symptom)}"
        for name, host in hosts.items()
        for symptom in host["symptoms"]
    ]


_STATES = {
    "healthy": "healthy",
    "sick": "to heal",
    "advice": "that need something else",
    "failed": "that could not be read",
    "unreachable": "unreachable",
}


def _todo(symptom: Data) -> str:
    first = "read the agent's log, " if symptom.get("unexplained") else ""
    return first + (WORDS[symptom["remedy"]] if symptom["remedy"] else symptom["advice"])


# --- one host, with its log; and the end of a run ---


def verdict(decided: Data, lines: Sequence[str], instances: Iterable[Data]) -> dict[str, Any]:
    """The remedies of a host after its agent's log has been read, if it had to be."""
    known = {item["container_instance_arn"]: item for item in instances}
    explained = explain(lines, known) if decided["journal"] else None
    if explained is None:
        return {"symptoms": decided["symptoms"], "remedies": decided["remedies"]}
    symptoms = [_told(symptom, explained) for symptom in decided["symptoms"]]
    remedies = _in_order(symptom["remedy"] for symptom in symptoms)
    # Credentials alone do not start an agent that has ended.
    started = explained["remedy"] == RESTART_SSM and RESTART_ECS not in remedies
    return {"symptoms": symptoms, "remedies": [*remedies, RESTART_ECS] if started else remedies}


def _told(symptom: Data, explained: Data) -> dict[str, Any]:
    if not symptom["unexplained"]:
        return dict(symptom)
    return {**symptom, "unexplained": False, **explained}


def report(plan: Data, results: Data, instances: Iterable[Data], check_mode: bool = False) -> dict[str, Any]:
    """What became of each host, and what is left to do in the Region.

    :param results: by host that was treated, C(symptoms), C(remedies), C(failure) if it failed, and C(instance), the
        ARN that its agent names at the end.
    :param instances: the cluster's container instances after it all.
    """
    now = {item["container_instance_arn"]: item for item in instances}
    hosts = {name: _outcome(host, results.get(name), now, check_mode) for name, host in plan["hosts"].items()}
    renewed = {
        name: results[name]["instance"]
        for name, host in hosts.items()
        if host["result"] == "healed" and RESET_STATE in results[name]["remedies"]
    }
    return {
        "hosts": hosts,
        "waiting": [name for name, host in hosts.items() if host["result"] == "not connected"],
        **_leftovers(plan, renewed, now),
        "lines": _table(hosts),
        "left": [
            name for name, host in hosts.items() if host["result"] not in ("healthy", "healed", "would be healed")
        ],
    }


def record_of(plan: Data, told: Data, ended: str) -> dict[str, Any]:
    """The record of a run, of its plan and its report."""
    removed = {"removed_container_instances": list(told["dead"])}
    return {**record.head(plan, "heal", ended), "hosts": told["hosts"], **removed}


def _outcome(host: Data, result: Data | None, now: Data, check_mode: bool) -> dict[str, Any]:
    symptoms = (result or host)["symptoms"]
    remedies = result["remedies"] if result else []
    row = {
        "site": host["site"],
        "symptoms": [{key: symptom.get(key, "") for key in _SHOWN} for symptom in symptoms],
        "remedies": list(remedies),
        "reason": host["reason"],
    }
    if host["state"] in ("unreachable", "failed", "healthy"):
        return {**row, "result": host["state"]}
    advice = "; ".join(dict.fromkeys(symptom["advice"] for symptom in symptoms if symptom["advice"]))
    if result is None and host["state"] == "sick":
        return {**row, "result": "lost", "reason": "the connection was lost while the host was being healed"}
    if not remedies or not result:
        return {**row, "result": "needs something else", "reason": advice}
    if check_mode:
        return {**row, "result": "would be healed", "reason": advice}
    if result.get("failure"):
        return {**row, "result": "not healed", "reason": str(result["failure"])}
    instance = now.get(result.get("instance") or "")
    if RESTART_ECS in remedies and not (instance and instance["agent_connected"]):
        return {**row, "result": "not connected", "reason": "ECS does not hear from its agent (agentConnected false)"}
    return {**row, "result": "needs something else" if advice else "healed", "reason": advice}


_SHOWN = ("symptom", "cause", "remedy", "advice", "line")


def _leftovers(plan: Data, renewed: Mapping[str, str], now: Data) -> dict[str, Any]:
    """Of hosts with a new agent.db: records that nobody answers for any more, and what passes to the new ones."""
    old = {
        name: {arn: record for arn, record in plan["hosts"][name]["before"].items() if arn != new and arn in now}
        for name, new in renewed.items()
    }
    return {
        # Only what this fleet has tagged, and what no agent is connected to.
        "dead": [
            arn
            for records in old.values()
            for arn, record in records.items()
            if record["tags"].get("fleet") == plan["fleet"] and not now[arn]["agent_connected"]
        ],
        "attributes": {
            renewed[name]: attributes
            for name, records in old.items()
            for attributes in [
                {key: value for record in records.values() for key, value in record["attributes"].items()}
            ]
            if attributes
        },
        # An operator's drain outlives the record; so does a run's, whose mark is among the attributes.
        "draining": [
            renewed[name] for name, records in old.items() if any(r["status"] == "DRAINING" for r in records.values())
        ],
    }


def _table(hosts: Data) -> list[str]:
    """A row for each symptom of a host that has any; a row for each host that could not be looked at."""
    rows = [["HOST", "RESULT", "REMEDY", "SYMPTOM"]]
    for name, host in hosts.items():
        place = f"{host['site']}/{name}"
        for symptom in host["symptoms"]:
            rows.append([place, host["result"], WORDS.get(symptom["remedy"], "none"), symptom["symptom"]])
        if not host["symptoms"] and (host["result"] != "healthy" or host["reason"]):
            rows.append([place, host["result"], "none", host["reason"]])
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() for row in rows]
    why = [
        f"{host['site']}/{name}: {host['reason']}"
        for name, host in hosts.items()
        if host["symptoms"] and host["reason"]
    ]
    healthy = sum(host["result"] == "healthy" for host in hosts.values())
    return [*(lines if len(rows) > 1 else []), *why, f"{healthy} of {len(hosts)} hosts were healthy."]
