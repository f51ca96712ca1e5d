# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must change on a host: the observed state against the desired one. Pure.

A part that could not be observed is not called different: preflight refuses the host instead of guessing. A section
that is not in the desired state is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ..host import ecs_config, ecs_secrets, engine_settings, images, proxy
from ..host.ecs_settings import FILES, SETTINGS
from ..host.package_version import matches
from . import platforms

SECURE_MODE = "0600"
ABSENT = None


class Difference(NamedTuple):
    """One thing of a component that is not as asked."""

    what: str
    before: Any
    after: Any
    reason: str
    disruptive: bool = False


Host = Mapping[str, Any]
Differences = Iterator[Difference]


def compare(host: Host, desired: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry for each component that differs, in the order of the road.

    C(before) and C(after) hold what differs by name, so that a role can ask, for one, C('credentials' in entry.after).
    """
    drift = []
    for component, differences in COMPONENTS.items():
        if desired.get(component) is None:
            continue
        found = list(differences(host, desired))
        if found:
            drift.append(
                {
                    "component": component,
                    "before": {difference.what: difference.before for difference in found},
                    "after": {difference.what: difference.after for difference in found},
                    "disruptive": any(difference.disruptive for difference in found),
                    "reason": "; ".join(dict.fromkeys(difference.reason for difference in found)),
                }
            )
    return drift


def _package(host: Host, package: str, wanted: str, disruptive: bool = False) -> Differences:
    packages = host.get("packages")
    if packages is None:
        return
    installed = packages.get(package)
    if installed is None:
        yield Difference("package", ABSENT, wanted or "any version", f"{package} is not installed", disruptive)
    elif wanted and not matches(installed, wanted):
        yield Difference("package", installed, wanted, f"{package} is {installed}, not {wanted}", disruptive)


def _unit(host: Host, name: str) -> Differences:
    unit = (host.get("units") or {}).get(name)
    if unit is None or unit["load"] != "loaded":
        return  # no unit: its package is missing, which is said already; masked: preflight refuses
    if unit["active"] != "active":
        yield Difference("active", unit["active"], "active", f"{name} is {unit['active']}")
    if not unit["enabled"]:
        yield Difference("enabled", False, True, f"{name} does not start at boot")


# --- the components ---


def _sysctl(host: Host, desired: Mapping[str, Any]) -> Differences:
    """Limits are minimums: a host that allows more keeps it."""
    for name, wanted in desired["sysctl"].items():
        value = (host.get("sysctl") or {}).get(name)
        if value is not None and value < wanted:
            yield Difference(name, value, wanted, f"{name} is {value}, less than {wanted}")


def _proxy(host: Host, desired: Mapping[str, Any]) -> Differences:
    """Files by what they are, units by what their processes were started with: a file alone moves no byte."""
    observed = host.get("proxy")
    if observed is None:
        return
    wanted = proxy.make(desired["proxy"])
    for path, file in observed["files"].items():
        if not (wanted.wanted and file["foreign"]):
            yield from _proxy_file(host["machine_id"], path, file, proxy.wanted(wanted, path))
    survives = _trusts_live_restore(host, desired.get("engine") or {})
    yield from _proxy_units(host, wanted, observed, survives)


def _proxy_file(machine_id: str, path: str, file: Mapping[str, Any], wanted: proxy.Wanted) -> Differences:
    if not wanted.text:
        if file["present"]:
            yield Difference(path, "present", "absent", f"{path} has a proxy that is not asked for")
        return
    if not file["present"]:
        yield Difference(path, "absent", "present", f"{path} has no proxy")
    elif file["sha256"] != ecs_secrets.fingerprint(machine_id, wanted.text):
        yield Difference(path, "another proxy", "as asked", f"{path} has another proxy than asked")
    mode = None if wanted.mode is None else f"{wanted.mode:04o}"
    if file["present"] and mode and file["mode"] != mode:
        yield Difference(f"mode of {path}", file["mode"], mode, f"{path} has mode {file['mode']}")


def _proxy_units(host: Host, wanted: proxy.Proxy, observed: Mapping[str, Any], survives: bool) -> Differences:
    """Only a restart gives a unit another environment, and the engine's ends every task, if they do not outlive it."""
    target = ecs_secrets.fingerprint(host["machine_id"], proxy.canonical(proxy.environment(wanted)))
    has_file = observed["files"][proxy.ENVIRONMENT_FILE]["present"]
    for unit, running in observed["units"].items():
        if running is None or (unit == proxy.ENGINE and not wanted.engine):
            continue
        late = running != target if wanted.wanted else has_file and running == observed["given"]
        if late:
            after = "the proxy as asked" if wanted.wanted else "no proxy"
            reason = (
                f"{unit} runs with another proxy than asked" if wanted.wanted else f"{unit} still runs with the proxy"
            )
            ends_tasks = unit == proxy.ENGINE and not survives
            yield Difference(f"environment of {unit}", "another", after, reason, disruptive=ends_tasks)


def _engine(host: Host, desired: Mapping[str, Any]) -> Differences:
    yield from _engine_settings(host, desired["engine"])
    package = platforms.engine_package(host, desired["engine"])
    if not package:
        return  # somebody else's engine: preflight says when it does not answer
    running = (host.get("engine") or {}).get("version")
    wanted = desired["engine"].get("version", "")
    # Installing or changing an engine's package restarts it, and with it every task.
    ends_tasks = bool(running) and not _is_patch(host, desired["engine"], package, wanted)
    yield from _package(host, package, wanted, disruptive=ends_tasks)
    yield from _unit(host, "docker")
    if host.get("engine") is not None and not running:
        yield Difference("answers", False, True, "the container engine does not answer")


def _trusts_live_restore(host: Host, wanted: Mapping[str, Any]) -> bool:
    """Whether the user takes the word of the engine that runs that containers outlive it."""
    answer = host.get("engine_settings") or {}
    # Written a moment ago and not read yet: then the running engine knows nothing of live-restore.
    return bool(wanted.get("trust_live_restore") and (host.get("engine") or {}).get("live_restore")) and not answer.get(
        "pending"
    )


def _is_patch(host: Host, wanted: Mapping[str, Any], package: str, version: str) -> bool:
    """Live-restore "is only supported when installing patch releases (YY.MM.x)", and nobody promises a way back:
    https://docs.docker.com/engine/daemon/live-restore/#live-restore-during-upgrades"""
    installed = (host.get("packages") or {}).get(package)
    if not installed or not _trusts_live_restore(host, wanted):
        return False
    before, after = _numbers(installed), _numbers(version)
    return before[:2] == after[:2] and len(before) == len(after) == 3 and before < after


def _numbers(version: str) -> tuple[int, ...]:
    """Of 5:27.3.1-1~debian.12~bookworm, 27, 3 and 1."""
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)\.(\d+)", version)
    return tuple(map(int, found.groups())) if found else ()


def _engine_settings(host: Host, wanted: Mapping[str, Any]) -> Differences:
    observed = host.get("engine_settings")
    if not wanted.get("settings") or observed is None or not observed["valid"]:
        return  # preflight refuses a file that is no JSON
    running = (host.get("engine") or {}).get("version")
    changes = engine_settings.changes(observed["values"], wanted["settings"])
    if changes:
        needed = engine_settings.needs_restart(changes) if running else []
        survives = _trusts_live_restore(host, wanted) and engine_settings.outlived(changes)
        how = f" (takes a restart for {', '.join(needed)})" if needed else ""
        yield Difference(
            "settings",
            {key: before for key, (before, _after) in changes.items()},
            {key: after for key, (_before, after) in changes.items()},
            f"the engine's settings differ in {', '.join(sorted(changes))}{how}",
            disruptive=bool(needed) and not survives,
        )
    # A run that was cut short between the two leaves a file as asked and an engine that has not read it.
    if running and observed["pending"]:
        reason = (
            f"the container engine has not read its settings since they were written (takes a {observed['pending']})"
        )
        yield Difference("settings_read", False, True, reason, disruptive=observed["pending"] == "restart")


def _images(host: Host, desired: Mapping[str, Any]) -> Differences:
    observed = host.get("images")
    if observed is None:
        return
    for name, (before, after) in images.missing(desired["images"].get("wanted") or [], observed).items():
        yield Difference(name, before, after, f"the image {name} is {'missing' if before is None else 'another one'}")


def _ssm_agent(host: Host, desired: Mapping[str, Any]) -> Differences:
    wanted = desired["ssm_agent"]
    yield from _package(host, "amazon-ssm-agent", wanted.get("version", ""))
    yield from _unit(host, "amazon-ssm-agent")
    endpoint = wanted.get("endpoint", "")
    observed = host.get("ssm_config")
    if endpoint and observed is not None and observed["endpoint"] != endpoint:
        yield Difference("endpoint", observed["endpoint"], endpoint, "the SSM endpoint differs")
    if observed is not None:
        yield from _ssm_network(observed, wanted)
    yield from _current(host, "ssm_agent", "the SSM agent")
    yield from _credentials(host)


def _ssm_network(observed: Mapping[str, Any], wanted: Mapping[str, Any]) -> Differences:
    for service, url in (wanted.get("endpoints") or {}).items():
        before = observed["endpoints"].get(service)
        if url and before != url:
            yield Difference(f"endpoint of {service}", before, url, f"the SSM Agent's endpoint of {service} differs")
    dual_stack = wanted.get("dual_stack")
    if dual_stack is not None and observed["dual_stack"] != dual_stack:
        reason = f"the SSM Agent's dual-stack endpoints are {'on' if observed['dual_stack'] else 'off'}"
        yield Difference("dual_stack", observed["dual_stack"], dual_stack, reason)


def _current(host: Host, part: str, name: str) -> Differences:
    if (host.get(part) or {}).get("current") is False:
        yield Difference("current", False, True, f"{name} runs since before its package was installed")


def _credentials(host: Host) -> Differences:
    """An agent that lost its credentials sleeps up to half an hour; one that was registered anew does not notice."""
    instance_id = (host.get("registration") or {}).get("instance_id")
    if not instance_id or _unobserved(host, "credentials"):
        return
    credentials = host.get("credentials")
    if credentials is None:
        yield Difference("credentials", ABSENT, "restart", "the SSM agent has no credentials")
    elif credentials["instance_id"] != instance_id:
        before = credentials["instance_id"]
        yield Difference("credentials", before, "restart", f"the SSM agent still works as {before}, not {instance_id}")
    elif not credentials["fresh"]:
        before = f"expired {credentials['expires_at']}"
        yield Difference("credentials", before, "restart", "the SSM agent's credentials have expired")


def _unobserved(host: Host, probe: str) -> bool:
    return any(error["probe"] == probe for error in host.get("errors") or [])


def _registration(host: Host, desired: Mapping[str, Any]) -> Differences:
    observed = host.get("registration") or {}
    if observed.get("registered") is None:
        return
    identity = observed["instance_id"]
    if not observed["registered"]:
        yield Difference("instance_id", ABSENT, "a new one", "the host is not registered with Systems Manager")
    else:
        # Tasks run under this identity; giving it up orphans them.
        if observed["same_machine"] is False:
            reason = f"{identity} was registered by another machine, of which this is a clone or a new image"
            yield Difference("instance_id", identity, "a new one", reason, disruptive=True)
        region = desired["registration"].get("region")
        if region and observed["region"] != region:
            reason = f"{identity} is registered in {observed['region']}, not in {region}"
            yield Difference("region", observed["region"], region, reason, disruptive=True)
    if observed["backup"]:
        yield Difference("backup", True, False, "a registration was interrupted and left its backup")


def _ecs_config(host: Host, desired: Mapping[str, Any]) -> Differences:
    observed = host.get("ecs_config")
    if observed is None:
        return
    registered = bool((host.get("ecs_agent") or {}).get("state_file"))
    texts = ecs_config.render(desired["ecs_config"])
    for file, values in ecs_config.to_texts(desired["ecs_config"]).items():
        yield from _config_file(host["machine_id"], file, observed[file], values, texts[file], registered)


def _config_file(
    machine_id: str, file: str, observed: Mapping[str, Any], values: Mapping[str, str], text: str, registered: bool
) -> Differences:
    path = FILES[file]
    if observed["present"] and observed["mode"] != SECURE_MODE:
        yield Difference(f"mode of {path}", observed["mode"], SECURE_MODE, f"{path} has mode {observed['mode']}")
    if observed["sha256"] == ecs_secrets.fingerprint(machine_id, text):
        return
    if not observed["present"]:
        yield Difference(path, "absent", "present", f"{path} is missing")
        return
    changes = list(_variables(machine_id, file, observed["values"], values, registered))
    yield from changes
    if not changes:
        yield Difference(path, "other text", "text as rendered", f"{path} differs in comments, order or form")


def _variables(
    machine_id: str, file: str, before: Mapping[str, str], after: Mapping[str, str], registered: bool
) -> Differences:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new or (old is not None and new is not None and ecs_secrets.same(machine_id, old, new)):
            continue
        yield Difference(
            # The other file may hold the same variable: then both lines must show.
            name if name not in SETTINGS or SETTINGS[name].file == file else f"{name} in {FILES[file]}",
            _shown(name, old),
            _shown(name, new),
            f"{name} differs",
            # The agent compares this one with its state and stops for ever; attributes can be put through the API.
            disruptive=registered and name == "ECS_CLUSTER" and old is not None,
        )


def _shown(name: str, value: str | None) -> str | None:
    if value is None:
        return ABSENT
    return ecs_secrets.HIDDEN if value.startswith("sha256:") else ecs_secrets.mask_value(name, value)


def _ecs_agent(host: Host, desired: Mapping[str, Any]) -> Differences:
    wanted = desired["ecs_agent"]
    yield from _package(host, "amazon-ecs-init", wanted.get("version", ""))
    yield from _unit(host, "ecs")
    agent, unit = host.get("ecs_agent"), (host.get("units") or {}).get("ecs")
    if agent is None or unit is None:
        return
    # Also before the package is there: its service starts with the installation.
    if not agent["restart_guard"]:
        yield Difference("restart_guard", False, True, "ecs would restart for ever after a terminal error (exit 5)")
    if unit["active"] == "active":
        yield from _running_agent(agent["introspection"], wanted)
        # A run that was cut short between the two leaves a file as asked and an agent that has not read it.
        if agent.get("config_read") is False:
            yield Difference(
                "config_read", False, True, "the ECS agent has not read its ecs.config since it was written"
            )
        yield from _current(host, "ecs_agent", "the ECS agent")
        yield from _nat(host)
    yield from _exec_files(host, wanted)


def _exec_files(host: Host, wanted: Mapping[str, Any]) -> Differences:
    observed = host.get("exec_files")
    if wanted.get("exec") and observed is not None and not (observed["versions"] and observed["certificates"]):
        reason = "the files of ECS Exec are missing"
        yield Difference("exec_files", observed, {"versions": ["one"], "certificates": True}, reason)


def _running_agent(introspection: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> Differences:
    if introspection is None:
        yield Difference("introspection", "no answer", "answers", "the ECS agent runs but has not registered")
        return
    cluster = str(introspection.get("cluster") or "").rpartition("/")[2]
    if wanted.get("cluster") and cluster != wanted["cluster"]:
        reason = f"the ECS agent is in cluster {cluster}, not {wanted['cluster']}"
        yield Difference("cluster", cluster, wanted["cluster"], reason, disruptive=True)
    running, pinned = introspection.get("version"), wanted.get("version")
    # An upgrade of the package leaves the old agent running.
    if running and pinned and not _is_of(running, pinned):
        yield Difference("running_version", running, pinned, f"the running ECS agent is {running}, not {pinned}")


def _is_of(running: str, pinned: str) -> bool:
    """Whether the agent (1.105.1) is of the pinned package version (1.105.1, 1.105.1-1 or 1.105.*)."""
    return fnmatchcase(running, pinned) or matches(pinned, running)


def _nat(host: Host) -> Differences:
    nat = host.get("nat")
    if nat is None:
        return
    if not nat["route_localnet"]:
        yield Difference("route_localnet", False, True, "route_localnet is off: tasks can't reach their credentials")
    if nat["credential_rules"] is False:
        yield Difference("credential_rules", False, True, "the NAT rules of the tasks' credentials are gone")


COMPONENTS = {
    "sysctl": _sysctl,
    # Before all that is downloaded.
    "proxy": _proxy,
    "engine": _engine,
    "images": _images,
    "ssm_agent": _ssm_agent,
    "registration": _registration,
    "ecs_config": _ecs_config,
    "ecs_agent": _ecs_agent,
}
