# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the container engine (/etc/docker/daemon.json): what each must be, and what a change of it takes. Pure.

What a value must be: daemon/config of https://github.com/moby/moby. With another type dockerd does not start.
"""

from __future__ import annotations

import re
import typing as t

PATH = "/etc/docker/daemon.json"
DATA_ROOT = "/var/lib/docker"

# Read again on SIGHUP: daemon/reload.go and daemon/reload_unix.go of moby, from version 20.10 on. Only a value that is
# set counts there: one that is taken out of the file stays in force until a restart.
RELOADED = frozenset(
    {
        "allow-nondistributable-artifacts",
        "debug",
        "default-cgroupns-mode",
        "default-ipc-mode",
        "default-runtime",
        "default-shm-size",
        "features",
        "insecure-registries",
        "labels",
        "live-restore",
        "max-concurrent-downloads",
        "max-concurrent-uploads",
        "max-download-attempts",
        "registry-mirrors",
        "runtimes",
        "shutdown-timeout",
    }
)

# With live-restore, containers outlive a restart of the engine "if the daemon options, such as bridge IP addresses and
# graph driver, didn't change" (https://docs.docker.com/engine/daemon/live-restore/). These say nothing about containers
# that run already, about networks or storage.
FOR_NEW_CONTAINERS = frozenset({"default-ulimits", "init", "log-driver", "log-format", "log-level", "log-opts"})

# Options of one driver mean nothing to another, which refuses them: they are replaced as a whole.
REPLACED = frozenset({"log-opts"})


class Kind(t.NamedTuple):
    """What a value must be: a test, and the same in words for whoever failed it."""

    holds: t.Callable[[t.Any], bool]
    words: str


def _is_text(value: t.Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list(value: t.Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_number(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_map(value: t.Any) -> bool:
    return isinstance(value, dict)


def _is_text_map(value: t.Any) -> bool:
    return _is_map(value) and all(isinstance(item, str) for item in value.values())


def _is_runtimes(value: t.Any) -> bool:
    return _is_map(value) and all(isinstance(item, dict) for item in value.values())


def _is_url_list(value: t.Any) -> bool:
    return _is_list(value) and all(re.fullmatch(r"https?://[^\s/]+/?", item) for item in value)


FLAG = Kind(lambda value: isinstance(value, bool), "true or false")
TEXT = Kind(_is_text, "a text in quotes")
NUMBER = Kind(_is_number, "a number of at least 0, without quotes")
TEXTS = Kind(_is_list, "a list of texts")
TEXT_MAP = Kind(_is_text_map, "a mapping with texts as values, such as {max-size: '10m', max-file: '3'}")
MAP = Kind(_is_map, "a mapping")
SIZE = Kind(
    lambda value: _is_number(value) or (_is_text(value) and re.fullmatch(r"\d+[kKmMgG]?[bB]?", value) is not None),
    "a size such as '64m'",
)


def _one_of(*choices: str) -> Kind:
    return Kind(lambda value: value in choices, ", ".join(choices))


KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "debug", "experimental", "icc", "init", "ip-forward", "ip-masq", "ip6tables", "iptables", "ipv6",
            "live-restore", "no-new-privileges", "raw-logs", "selinux-enabled", "userland-proxy",
        ),
        FLAG,
    ),
    **dict.fromkeys(
        (
            "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts", "mtu",
            "network-control-plane-mtu", "shutdown-timeout",
        ),
        NUMBER,
    ),
    **dict.fromkeys(
        (
            "bip", "bridge", "cgroup-parent", "data-root", "default-gateway", "default-gateway-v6", "default-runtime",
            "exec-root", "fixed-cidr", "fixed-cidr-v6", "group", "init-path", "log-driver", "storage-driver",
            "userns-remap",
        ),
        TEXT,
    ),
    **dict.fromkeys(
        (
            "allow-nondistributable-artifacts", "authorization-plugins", "dns", "dns-opts", "dns-search", "exec-opts",
            "insecure-registries", "labels", "storage-opts",
        ),
        TEXTS,
    ),
    **dict.fromkeys(("builder", "default-network-opts", "default-ulimits", "features", "proxies"), MAP),
    "default-address-pools": Kind(
        lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "a list of mappings with base and size",
    ),
    "default-cgroupns-mode": _one_of("private", "host"),
    "default-ipc-mode": _one_of("private", "shareable"),
    "default-shm-size": SIZE,
    "log-format": _one_of("text", "json"),
    "log-level": _one_of("debug", "info", "warn", "error", "fatal"),
    "log-opts": TEXT_MAP,
    "registry-mirrors": Kind(_is_url_list, "a list of URLs without a path, such as https://mirror.example.net"),
    "runtimes": Kind(_is_runtimes, "a mapping of runtimes, each a mapping with its path"),
}  # fmt: skip

REFUSED = {
    "hosts": "the engine's unit says where it listens, and it would not start with both",
    "pidfile": "this collection reads /run/docker.pid",
}

Values = t.Mapping[str, t.Any]


def validate(settings: Values) -> list[str]:
    """All errors, each with the key, its value and what is allowed."""
    return [error for key, value in settings.items() for error in _errors(key, value)]


def _errors(key: t.Any, value: t.Any) -> t.Iterator[str]:
    if not isinstance(key, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*", key):
        yield f"{key}: no such key; allowed: those of daemon.json, in lower case with hyphens"
    elif key in REFUSED:
        yield f"{key}: not to be set here, because {REFUSED[key]}; allowed: to leave it out"
    elif _has_login(value):
        # Without its value: it would show what must stay unseen.
        yield f"{key}: an address in it has a user or a password, which any user of the host could read; allowed: none"
    elif value is None:
        yield f"{key}: the value is null; allowed: a value, or to leave the key out"
    elif key in KINDS and not KINDS[key].holds(value):
        yield f"{key}: the value {_shown(value)} is not allowed; allowed: {KINDS[key].words}"


def _has_login(value: t.Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_login, value.values()))
    if isinstance(value, list):
        return any(map(_has_login, value))
    return isinstance(value, str) and re.search(r"//[^/\s]*@", value) is not None


def _shown(value: t.Any) -> str:
    text = ascii(value)
    return text if len(text) <= 100 else text[:97] + "..."


def merged(have: Values, want: Values) -> dict[str, t.Any]:
    """What the file holds afterwards: what is wanted, and all that others have put there."""
    result = dict(have)
    for key, value in want.items():
        result[key] = _joined(have.get(key), value) if key not in REPLACED else value
    return result


def _joined(have: t.Any, want: t.Any) -> t.Any:
    if not isinstance(have, dict) or not isinstance(want, dict):
        return want
    return {**have, **{name: _joined(have.get(name), value) for name, value in want.items()}}


def moves_data(have: Values, want: Values) -> bool:
    """Whether the engine would look for its containers in another place."""
    return "data-root" in want and want["data-root"] != have.get("data-root", DATA_ROOT)


def changes(have: Values, want: Values) -> dict[str, tuple[t.Any, t.Any]]:
    """By key, the value before (None: not set) and the one after, of those that differ."""
    after = merged(have, want)
    return {key: (have.get(key), after[key]) for key in want if key not in have or have[key] != after[key]}


def needs_restart(keys: t.Iterable[str]) -> list[str]:
    """Of the keys that change, those that a running engine does not read again."""
    return sorted(key for key in keys if key not in RELOADED)


def outlived(keys: t.Iterable[str]) -> bool:
    """Whether live-restore keeps containers over a restart with other values for these keys."""
    return all(key in FOR_NEW_CONTAINERS or key in RELOADED for key in keys)
