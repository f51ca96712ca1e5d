# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The desired state of a host, checked before anybody is connected to it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ..host import ecs_config, engine_settings, images
from . import agent_settings, signing_keys
from .endpoints import OPTIONAL
from .platforms import ENGINE_PACKAGES

SYSCTLS = ("fs.inotify.max_user_instances", "fs.inotify.max_user_watches")

# Sections of the SSM Agent's amazon-ssm-agent.json that have an Endpoint, by the service that they mean
# (agent/appconfig/contracts.go of https://github.com/aws/amazon-ssm-agent).
SSM_SECTIONS = {"ssm": "Ssm", "ec2messages": "Mds", "ssmmessages": "Mgs", "s3": "S3", "kms": "Kms"}
SSM_ENDPOINTS = tuple(service for service in SSM_SECTIONS if service != "ssm")

# First versions that know IPv6: https://github.com/aws/amazon-ssm-agent/releases/tag/3.3.3270.0 (UseDualStackEndpoint),
# and "Using a VPC in IPv6-only mode" in the developer guide of ECS, on the pages about bridge and host network mode.
DUAL_STACK_SSM_AGENT = (3, 3, 3270)
IPV6_ECS_AGENT = (1, 99, 1)

PREFLIGHT_DEFAULTS: dict[str, Any] = {
    "allow_unsupported_os": False,
    "accept": [],
    "account_id": "",
    "dual_stack": False,
    "endpoints": {},
    "min_disk_mib": 2048,
    "min_memory_mib": 256,
    "min_system_mib": 512,
    "max_clock_skew": 300,
    "move_from": [],
    "network": "auto",
    "region": "",
    "services": ["ecr", "logs"],
}
# Errors of preflight that an operator may overrule. The others would break a host or an identity.
ACCEPTABLE = (
    "clock", "connection", "disk", "dns", "ec2_role", "iptables", "memory", "port", "proxy", "selinux", "tls",
    "versions",
)  # fmt: skip


class Rule(NamedTuple):
    """What a value must be: a test, and the same in words for whoever failed it."""

    holds: Callable[[Any], bool]
    words: str


def _text(pattern: str) -> Callable[[Any], bool]:
    # Compiled here: what is compiled when a host is asked for is so in the host's worker, each time.
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _number(minimum: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= minimum


def _list_of(choices: tuple[str, ...]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(item in choices for item in value)


_ENDPOINT = _text(r"|https?://[^\s/@]+(/[^\s@]*)?")
_VERSION = Rule(
    _text(r"|[0-9][0-9A-Za-z.+~:-]*\*?"), "a version in quotes such as '1.105.1', '1.105.*' or '' for any version"
)
# The ECS agent looks into folders with such names only.
_EXEC_VERSION = Rule(_text(r"|[0-9]+(\.[0-9]+)*"), "a version in quotes such as '3.3.987.0'")
_FLAG = Rule(lambda value: isinstance(value, bool), "true or false")
_SYSCTL = Rule(_number(1), "a positive integer")
# Partitions and their Regions: us-west-2, cn-north-1, us-gov-east-1, eusc-de-east-1, ap-southeast-4.
_REGION = Rule(_text(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+"), "an AWS Region such as eu-west-3")

_SOURCES = ("vendor", "repository", "mirror", "files")
_TEXT = Rule(lambda value: isinstance(value, str), "a path, or '' for none")


def _are_keys(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_key, value))


_is_fingerprint = _text(r"[0-9A-Fa-f]{40}")


def _is_key(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and set(value) <= {"fingerprint", "expires"}
        and _is_fingerprint(value.get("fingerprint"))
        and (not value.get("expires") or signing_keys.is_date(value["expires"]))
    )


# Where a package comes from, and who may have signed it. Hardly anything of it can be seen on a host: it is here to be
# refused before the first package has been changed.
_ORIGIN = {
    "source": Rule(lambda value: value in _SOURCES, f"one of {', '.join(_SOURCES)}"),
    "mirror": Rule(
        _text(r"|https?://[^\s/@]+(/[^\s@]*)?"), "a URL without a login such as https://mirror.example.net/x, or ''"
    ),
    "files": _TEXT,
    "signing_keys": Rule(
        _are_keys,
        "a list of {fingerprint: 40 hexadecimal digits without spaces, expires: 2027-11-25 or left out}",
    ),
}
_AGENT = {**_ORIGIN, "version": _VERSION, "download_to": _TEXT}

# Without a scheme, a port or an encoding, the programs that read it would not agree about what it means; quotes, spaces
# and the like would end it in one of the files. Python's urllib takes no proxy over TLS.
_PROXY = Rule(
    _text(r"|http://(([A-Za-z0-9_.~!*+,=:-]|%[0-9A-Fa-f]{2})+@)?([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}/?"),
    "http://[USER:PASSWORD@]HOST:PORT, or '' for none; other characters than letters, digits and .~!*+,=-_ in user and "
    "password as %XX (in Jinja: urlencode), so @ is %40",
)
RULES: dict[str, dict[str, Rule]] = {
    "engine": {
        "package": Rule(
            lambda value: isinstance(value, str) and value in ("", "auto", *ENGINE_PACKAGES),
            "auto, {}, or '' where the engine is not to be managed".format(", ".join(ENGINE_PACKAGES)),
        ),
        "version": _VERSION,
        "settings": Rule(lambda value: isinstance(value, Mapping), "a mapping of keys of daemon.json"),
        "trust_live_restore": _FLAG,
        **_ORIGIN,
    },
    "images": {"wanted": Rule(lambda value: isinstance(value, list), "a list of images")},
    "ssm_agent": {
        **_AGENT,
        "endpoint": Rule(_ENDPOINT, "a URL such as https://ssm.example.net, or '' to leave it as it is"),
        "endpoints": Rule(
            lambda value: (
                isinstance(value, Mapping) and set(value) <= set(SSM_ENDPOINTS) and all(map(_ENDPOINT, value.values()))
            ),
            "URLs by service, of {}, or '' to leave one as it is".format(", ".join(SSM_ENDPOINTS)),
        ),
        "dual_stack": Rule(lambda value: isinstance(value, bool), "true or false"),
    },
    "registration": {"region": _REGION},
    "ecs_agent": {
        **_AGENT,
        "cluster": Rule(_text(r"[A-Za-z0-9_-]{1,255}"), "1 to 255 letters, digits, hyphens and underscores"),
        "gpu": _FLAG,
        "exec": _FLAG,
        "exec_version": _EXEC_VERSION,
        "exec_checksum": Rule(_text(r"|sha256:[0-9a-f]{64}"), "sha256: and 64 hexadecimal digits"),
        "exec_archive": Rule(lambda value: isinstance(value, str), "a path on the control node"),
    },
    "proxy": {
        "http": _PROXY,
        "https": _PROXY,
        "no_proxy": Rule(
            lambda value: isinstance(value, list) and all(map(_text(r"[A-Za-z0-9.:*_/\[\]-]+"), value)),
            "a list of hosts, domains, addresses or networks",
        ),
        "engine": Rule(lambda value: isinstance(value, bool), "true or false"),
    },
    "sysctl": dict.fromkeys(SYSCTLS, _SYSCTL),
    "preflight": {
        "allow_unsupported_os": _FLAG,
        "min_disk_mib": Rule(_number(0), "an integer in MiB of at least 0"),
        "min_memory_mib": Rule(_number(0), "an integer in MiB of at least 0"),
        "max_clock_skew": Rule(_number(1), "an integer in seconds of at least 1"),
        "min_system_mib": Rule(_number(0), "an integer in MiB of at least 0"),
        "network": Rule(lambda value: value in ("auto", "always", "never"), "auto, always or never"),
        "region": Rule(lambda value: value == "" or _REGION.holds(value), f"{_REGION.words}, or ''"),
        "account_id": Rule(_text(r"|[0-9]{12}"), "the 12 digits of an AWS account in quotes, or ''"),
        "dual_stack": Rule(lambda value: isinstance(value, bool), "true or false"),
        "services": Rule(_list_of(OPTIONAL), f"a list of {', '.join(OPTIONAL)}"),
        "move_from": Rule(
            lambda value: isinstance(value, list) and all(map(_text(r"[A-Za-z0-9_-]{1,255}"), value)),
            "a list of names of clusters",
        ),
        "accept": Rule(_list_of(ACCEPTABLE), f"a list of {', '.join(ACCEPTABLE)}"),
        "endpoints": Rule(
            lambda value: isinstance(value, Mapping) and all(map(_ENDPOINT, value.values())),
            "a mapping of names and URLs such as https://ssm.example.net, without a login; '' leaves one out",
        ),
    },
}
SECTIONS = (*RULES, "ecs_config", "ecs_settings")

# The same fact asked for in two places must be asked for alike.
TWINS = (("ecs_agent", "cluster", "ECS_CLUSTER"), ("registration", "region", "AWS_DEFAULT_REGION"))


def validate_desired(desired: Any) -> list[str]:
    """All errors, each with the variable's path, its value, the rule, and what is allowed. No secret is in them."""
    if not isinstance(desired, Mapping):
        return [f"desired: the value is {_kind(desired)}; allowed: a mapping of {', '.join(SECTIONS)}"]
    errors = []
    for section, values in desired.items():
        if section not in SECTIONS:
            errors.append(_unknown("desired", section, SECTIONS))
        elif not isinstance(values, Mapping):
            errors.append(f"desired.{section}: the value is {_kind(values)}; allowed: a mapping")
        elif section == "ecs_config":
            errors += [f"desired.ecs_config: {error}" for error in ecs_config.validate(values)]
        elif section == "ecs_settings":
            errors += _settings_errors(desired, values)
        else:
            errors += _section_errors(section, values)
    return [
        *errors,
        *_contents(desired),
        *_contradictions(desired),
        *_too_old(desired),
        *_origins(desired),
    ]


def _settings_errors(desired: Mapping[Any, Any], values: Mapping[Any, Any]) -> Iterator[str]:
    """Of settings that C(agent_settings.completed) has left as they were."""
    for error in agent_settings.problems(values):
        yield f"desired.ecs_settings.{error}"
    if "ecs_config" in desired:
        yield "desired.ecs_settings: there is desired.ecs_config, too; allowed: one of both"


def _section_errors(section: str, values: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in values.items():
        rule = RULES[section].get(name)
        if rule is None:
            yield _unknown(f"desired.{section}", name, tuple(RULES[section]))
        elif not rule.holds(value):
            # An address with a login may be cut anywhere by a character that should not be in it.
            shown = "(hidden)" if section == "proxy" and "@" in str(value) else _shown(value)
            yield f"desired.{section}.{name}: the value {shown} is not allowed; allowed: {rule.words}"


def _contents(desired: Mapping[str, Any]) -> Iterator[str]:
    """Errors inside of values whose kind is right."""
    yield from _exec_sources(desired)
    settings, wanted = _lookup(desired, "engine", "settings"), _lookup(desired, "images", "wanted")
    if isinstance(settings, Mapping):
        for error in engine_settings.validate(settings):
            yield f"desired.engine.settings.{error}"
    if isinstance(wanted, list):
        for error in images.validate(wanted):
            yield f"desired.images.wanted{'' if error.startswith('[') else ': '}{error}"


def _exec_sources(desired: Mapping[str, Any]) -> Iterator[str]:
    if _lookup(desired, "ecs_agent", "exec") is not True:
        return
    if not _lookup(desired, "ecs_agent", "exec_version"):
        yield "desired.ecs_agent.exec_version: ECS Exec needs one; allowed: a version in quotes such as '3.3.987.0'"
    if not _lookup(desired, "ecs_agent", "exec_archive") and not _lookup(desired, "ecs_agent", "exec_checksum"):
        yield "desired.ecs_agent.exec_checksum: a download needs one; allowed: sha256: and 64 hexadecimal digits"


def _contradictions(desired: Mapping[str, Any]) -> Iterator[str]:
    for section, name, variable in TWINS:
        here, there = _lookup(desired, section, name), _lookup(desired, "ecs_config", variable)
        if here is not None and there is not None and here != there:
            yield (
                f"desired.ecs_config.{variable}: the value {_shown(there)} contradicts desired.{section}.{name}, "
                f"which is {_shown(here)}; allowed: the same value in both"
            )
    if _lookup(desired, "engine", "version") and _lookup(desired, "engine", "package") == "":
        yield "desired.engine.version: a version needs a package; allowed: '' while desired.engine.package is ''"


def _too_old(desired: Mapping[str, Any]) -> Iterator[str]:
    """A pinned version that does not know what is asked of it."""
    if _lookup(desired, "ssm_agent", "dual_stack") is True:
        yield from _older("ssm_agent", _lookup(desired, "ssm_agent", "version"), DUAL_STACK_SSM_AGENT, "dual_stack")
    if _lookup(desired, "ecs_config", "ECS_INSTANCE_IP_COMPATIBILITY") == "ipv6":
        wish = "ECS_INSTANCE_IP_COMPATIBILITY=ipv6"
        yield from _older("ecs_agent", _lookup(desired, "ecs_agent", "version"), IPV6_ECS_AGENT, wish)


def _older(section: str, version: Any, first: tuple[int, ...], wish: str) -> Iterator[str]:
    numbers = re.match(r"[0-9]+(\.[0-9]+)*", version) if isinstance(version, str) else None
    if numbers is None:
        return
    parts = tuple(int(number) for number in numbers.group().split("."))[: len(first)]
    # A version with fewer parts, as in 1.*, may still be a new one.
    if parts < first[: len(parts)]:
        known = ".".join(map(str, first))
        yield f"desired.{section}.version: the value {_shown(version)} is too old for {wish}; allowed: {known} or later"


def _origins(desired: Mapping[str, Any]) -> Iterator[str]:
    """A source that lacks what it needs."""
    for section in ("engine", "ssm_agent", "ecs_agent"):
        source, version = _lookup(desired, section, "source"), str(_lookup(desired, section, "version") or "")
        if source in ("mirror", "files") and not _lookup(desired, section, source):
            yield f"desired.{section}.{source}: the source is {source}, and the value is empty; allowed: where it is"
        if section == "engine" or source not in ("vendor", "mirror", "files"):
            continue
        if "*" in version:
            yield (
                f"desired.{section}.version: the value {_shown(version)} names no file; "
                f"allowed: a whole version, or the source repository"
            )
        if _lookup(desired, section, "download_to") and source != "files" and not version:
            yield (
                f"desired.{section}.version: the value is empty, and what the control node keeps must have one "
                f"(desired.{section}.download_to); allowed: a version"
            )


def _lookup(desired: Mapping[str, Any], section: str, name: str) -> Any:
    values = desired.get(section)
    return values.get(name) if isinstance(values, Mapping) else None


def _unknown(where: str, name: Any, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(name), known, 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(known)}"
    return f"{where}.{name}: no such key; {hint}"


def _shown(value: Any) -> str:
    # ascii() keeps quotes and odd characters of the value visible on any terminal; a login in a URL stays unseen.
    text = re.sub(r"//[^/@\s]*@", "//(hidden)@", ascii(value) if isinstance(value, str) else repr(value))
    return text if len(text) <= 100 else text[:97] + "..."


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {"str": "a string", "list": "a list", "int": "a number", "bool": "a boolean"}.get(
        type(value).__name__.strip("_").replace("AnsibleTagged", "").lower(), "not a mapping"
    )
