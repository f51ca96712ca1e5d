# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The settings of the ECS agent, put together from what a user says of a host. Pure.

Here and not in a template, because a template is compiled anew for every host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..host import proxy
from .labels import ATTRIBUTES, FLEET_TAG, TAGS

Settings = Mapping[str, Any]
SITE_TAG, HOST_TAG = "site", "host"


class Kind(NamedTuple):
    types: tuple[type, ...]
    words: str


_TEXT = Kind((str,), "a string")
_MAPPING = Kind((Mapping,), "a mapping")
KINDS: Mapping[str, Kind] = {
    "cluster": _TEXT,
    "region": _TEXT,
    "endpoint": _TEXT,
    # As YAML, or as the JSON text that the agent's file has.
    "attributes": Kind((Mapping, str), "a mapping"),
    "tags": Kind((Mapping, str), "a mapping"),
    "gpu": Kind((bool,), "true or false"),
    "config": _MAPPING,
    "secret_config": _MAPPING,
    "http_proxy": _TEXT,
    "https_proxy": _TEXT,
    "no_proxy": Kind((list, tuple), "a list"),
}


def problems(given: Settings) -> Iterator[str]:
    """Each names the variable and what is allowed. No value is in them: many a one is secret."""
    for name in sorted(set(given) | set(KINDS)):
        if name not in KINDS:
            yield f"{name}: no such key; allowed: {', '.join(KINDS)}"
        elif name not in given:
            yield f"{name}: the value is missing; allowed: {KINDS[name].words}"
        elif not isinstance(given[name], KINDS[name].types):
            yield f"{name}: the value is not of the right kind; allowed: {KINDS[name].words}"


def of(given: Settings) -> dict[str, dict[str, Any]]:
    """C(config) and C(secret_config), as C(agent_config) takes them.

    :param given: C(cluster), C(region), C(endpoint), C(attributes), C(tags), C(gpu); C(config) and C(secret_config),
        which win; C(http_proxy), C(https_proxy), C(no_proxy). What is empty of the first ones is left out.
    """
    own = {
        "ECS_BACKEND_HOST": given["endpoint"],
        ATTRIBUTES: _labels(given["attributes"]),
        TAGS: _labels(given["tags"]),
        "ECS_ENABLE_GPU_SUPPORT": given["gpu"] or None,
    }
    required = {"ECS_CLUSTER": given["cluster"], "ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": given["region"]}
    config = {**required, **{name: value for name, value in own.items() if value}}
    return _proxied(_merged(config, given["config"]), given["secret_config"], given)


def completed(desired: Any) -> Any:
    """A desired state with C(ecs_config) in the place of C(ecs_settings); unchanged where they are unsound."""
    given = desired.get("ecs_settings") if isinstance(desired, Mapping) else None
    if not isinstance(given, Mapping) or "ecs_config" in desired or any(problems(given)):
        return desired
    both = of(given)
    rest = {name: section for name, section in desired.items() if name != "ecs_settings"}
    return {**rest, "ecs_config": {**both["config"], **both["secret_config"]}}


def _labels(given: Any) -> Any:
    """Without an empty fleet and site, which the defaults name; a host is named in a fleet only."""
    if not isinstance(given, Mapping):
        return given
    empty = {name for name in (FLEET_TAG, SITE_TAG) if name in given and not given[name]}
    if FLEET_TAG in empty:
        empty.add(HOST_TAG)
    return {name: value for name, value in given.items() if name not in empty}


def _merged(config: Settings, given: Settings) -> dict[str, Any]:
    """What is given wins; of mappings, name by name."""
    merged = dict(config)
    for name, value in given.items():
        before = merged.get(name)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = _merged(before, value)
        merged[name] = value
    return merged


def _proxied(config: Settings, secret_config: Settings, given: Settings) -> dict[str, dict[str, Any]]:
    """With the proxy: its URLs among the secrets where they hold a login, NO_PROXY put together with the user's."""
    plain, secret = dict(config), dict(secret_config)
    proxies = {"HTTP_PROXY": given["http_proxy"], "HTTPS_PROXY": given["https_proxy"]}
    for name, url in proxies.items():
        if url and name not in {*config, *secret_config}:
            (secret if "@" in url else plain)[name] = url.rstrip("/")
    if any(proxies.values()) and "NO_PROXY" not in secret:
        plain["NO_PROXY"] = proxy.direct(given["no_proxy"], _listed(plain.get("NO_PROXY") or []))
    return {"config": plain, "secret_config": secret}


def _listed(value: Any) -> Sequence[str]:
    return value.split(",") if isinstance(value, str) else list(value)
