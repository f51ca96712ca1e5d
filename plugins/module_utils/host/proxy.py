# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proxy in every place of a host that has to know it: what stands there, as text. Pure but for its last part.

One file, readable by root alone, holds the variables; the units of the engine and the agents get a drop-in that names
this file. `Environment=` in a drop-in would show a password to every user of the host who asks systemd for the unit's
properties; what comes from an `EnvironmentFile=` is not among them (org.freedesktop.systemd1(5), systemd.exec(5)).
"""

from __future__ import annotations

import os
import re
import typing as t
from urllib.parse import unquote

from .ecs_secrets import HIDDEN

ENVIRONMENT_FILE = "/etc/edgefleet/proxy.env"
APT_FILE = "/etc/apt/apt.conf.d/95edgefleet-proxy"
DNF_FILE = "/etc/dnf/dnf.conf"
YUM_FILE = "/etc/yum.conf"
ZYPPER_FILE = "/etc/sysconfig/proxy"
# Files of others, in which a block between two lines is ours.
SHARED_FILES = (DNF_FILE, YUM_FILE, ZYPPER_FILE)
BLOCK_BEGIN = "# BEGIN edgefleet.ecs proxy"
BLOCK_END = "# END edgefleet.ecs proxy"

ENGINE = "docker"
UNITS = (ENGINE, "amazon-ssm-agent", "ecs")
# Last of a unit's drop-ins by its name: of several files that set a variable, the later one wins.
DROP_INS = {unit: f"/etc/systemd/system/{unit}.service.d/zz-edgefleet-proxy.conf" for unit in UNITS}

# Addresses that no proxy may ever see: instance metadata, credentials of tasks, the engine's socket.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/http_proxy_config.html
ALWAYS_DIRECT = ("169.254.169.254", "169.254.170.2", "/var/run/docker.sock", "localhost", "127.0.0.1")

SECRET_MODE = 0o600
PLAIN_MODE = 0o644

_HEADER = "Written by Ansible, collection edgefleet.ecs. Edits made here will be lost."
_LOGIN = re.compile(r"(?<=//)[^/\s\"]*@")
_DNF_LOGIN = re.compile(r"(?m)^(proxy_(?:username|password)\s*=).*$")
# What of NO_PROXY apt can be told: single hosts. It knows neither networks nor domains.
_SINGLE_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Proxy(t.NamedTuple):
    """URLs of the proxies, empty for none, and what is reached without them beside ALWAYS_DIRECT."""

    http: str = ""
    https: str = ""
    no_proxy: tuple[str, ...] = ()
    engine: bool = True  # whether the engine's unit gets it, too

    @property
    def wanted(self) -> bool:
        return bool(self.http or self.https)

    @property
    def has_login(self) -> bool:
        return "@" in self.http + self.https


class Wanted(t.NamedTuple):
    """What a place must hold; of a shared file, the block in it. Empty text: nothing of ours. No mode: any."""

    text: str
    mode: int | None


def make(values: t.Mapping[str, t.Any]) -> Proxy:
    """From the section `proxy` of a desired state, which is valid."""
    return Proxy(
        http=(values.get("http") or "").rstrip("/"),
        https=(values.get("https") or "").rstrip("/"),
        no_proxy=tuple(values.get("no_proxy") or ()),
        engine=bool(values.get("engine", True)),
    )


def direct(*entries: t.Iterable[str]) -> list[str]:
    """NO_PROXY as a list: what must always be in it, then all others, each once and in order."""
    given = [entry.strip() for group in entries for entry in group]
    return list(dict.fromkeys([*ALWAYS_DIRECT, *filter(None, given)]))


def environment(proxy: Proxy) -> dict[str, str]:
    """Variables of a process that shall use the proxy, in both spellings: curl wants the lower one for http."""
    if not proxy.wanted:
        return {}
    values = {"HTTP_PROXY": proxy.http, "HTTPS_PROXY": proxy.https, "NO_PROXY": ",".join(direct(proxy.no_proxy))}
    upper = {name: value for name, value in values.items() if value}
    return {**upper, **{name.lower(): value for name, value in upper.items()}}


VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


def canonical(values: t.Mapping[str, str]) -> str:
    """What of an environment is about a proxy, always the same for the same values."""
    return "".join(f"{name}={values[name]}\n" for name in VARIABLES if values.get(name))


# --- the texts of the places ---


def _environment_text(proxy: Proxy) -> str:
    return f"# {_HEADER}\n" + canonical(environment(proxy))


def _drop_in_text() -> str:
    # With the hyphen a missing file is no reason for the unit not to start.
    return f"# {_HEADER}\n[Service]\nEnvironmentFile=-{ENVIRONMENT_FILE}\n"


def _apt_text(proxy: Proxy) -> str:
    """apt knows exceptions by host only; entries of other kinds are left out."""
    lines = [f"// {_HEADER}"]
    hosts = [entry for entry in direct(proxy.no_proxy) if _SINGLE_HOST.fullmatch(entry)]
    for scheme, url in (("http", proxy.http), ("https", proxy.https)):
        if url:
            lines.append(f'Acquire::{scheme}::Proxy "{url}/";')
            lines += [f'Acquire::{scheme}::Proxy::{host} "DIRECT";' for host in hosts]
    return "\n".join(lines) + "\n"


def _dnf_text(proxy: Proxy) -> str:
    """One proxy for all; the login in options of its own (dnf.conf(5), yum.conf(5)), decoded."""
    url = proxy.https or proxy.http
    lines = [BLOCK_BEGIN, "proxy=" + _LOGIN.sub("", url)]
    login = _LOGIN.search(url)
    if login:
        user, _colon, password = login.group()[:-1].partition(":")
        lines += [f"proxy_username={unquote(user)}", f"proxy_password={unquote(password)}"]
    return "\n".join([*lines, BLOCK_END]) + "\n"


def _zypper_text(proxy: Proxy) -> str:
    """The last assignment of a variable counts, and ours come last."""
    values = {"PROXY_ENABLED": "yes", "HTTP_PROXY": proxy.http, "HTTPS_PROXY": proxy.https}
    lines = [f'{name}="{value}"' for name, value in values.items()]
    lines.append('NO_PROXY="{}"'.format(", ".join(direct(proxy.no_proxy))))
    return "\n".join([BLOCK_BEGIN, *lines, BLOCK_END]) + "\n"


_TEXTS: dict[str, t.Callable[[Proxy], str]] = {
    ENVIRONMENT_FILE: _environment_text,
    APT_FILE: _apt_text,
    DNF_FILE: _dnf_text,
    YUM_FILE: _dnf_text,
    ZYPPER_FILE: _zypper_text,
    **dict.fromkeys(DROP_INS.values(), lambda _proxy: _drop_in_text()),
}


def wanted(proxy: Proxy, path: str) -> Wanted:
    """What a place must hold."""
    if not proxy.wanted or (path == DROP_INS[ENGINE] and not proxy.engine):
        return Wanted("", None)
    secret = path == ENVIRONMENT_FILE or (proxy.has_login and path not in DROP_INS.values())
    # Of a file that is not ours, the mode is ours to say only while a password stands in it.
    plain = None if path in SHARED_FILES else PLAIN_MODE
    return Wanted(_TEXTS[path](proxy), SECRET_MODE if secret else plain)


def units(proxy: Proxy) -> tuple[str, ...]:
    """The units that run with the proxy's environment."""
    return UNITS if proxy.engine else tuple(unit for unit in UNITS if unit != ENGINE)


# --- blocks in the files of others ---


def block_of(text: str) -> str:
    """Our block, empty where there is none."""
    begin = text.find(BLOCK_BEGIN + "\n")
    end = text.find(BLOCK_END + "\n", begin)
    return text[begin : end + len(BLOCK_END) + 1] if 0 <= begin < end else ""


def without_block(text: str) -> str:
    block = block_of(text)
    return text.replace(block, "", 1) if block else text


def with_block(path: str, text: str, block: str) -> str:
    """The file with our block in its place: at the head of [main] for dnf and yum, at the end for others."""
    rest = without_block(text)
    if not block:
        return rest
    if path == ZYPPER_FILE:
        return rest + ("" if rest.endswith("\n") or not rest else "\n") + block
    head = re.search(r"(?m)^\[main\][^\n]*\n?", rest)
    if head is None:
        return "[main]\n" + block + rest
    before = rest[: head.end()]
    return before + ("" if before.endswith("\n") else "\n") + block + rest[head.end() :]


def is_foreign(path: str, text: str) -> bool:
    """Whether somebody else has given the package manager a proxy already: theirs stays, and no second one comes."""
    return path in (DNF_FILE, YUM_FILE) and bool(re.search(r"(?m)^\s*proxy\s*=", without_block(text)))


# --- what may be seen ---


def mask(text: str) -> str:
    """A text of any place, without logins."""
    return _DNF_LOGIN.sub(rf"\1{HIDDEN}", _LOGIN.sub(HIDDEN + "@", text))


def mask_change(before: str, after: str) -> tuple[str, str]:
    """Both sides of a diff; another password still shows as a change."""
    old, new = mask(before), mask(after)
    if before != after and old == new:
        new = new.replace(HIDDEN, "(hidden, another value)")
    return old, new


# --- the host that this runs on ---


def places(root: str = "") -> list[str]:
    """The places that this host has: those of systemd, and of every package manager that is there."""
    found = [ENVIRONMENT_FILE, *DROP_INS.values()]
    if os.path.isdir(root + os.path.dirname(APT_FILE)):
        found.append(APT_FILE)
    # yum.conf may be a link to dnf.conf.
    found += [path for path in (DNF_FILE, YUM_FILE) if os.path.exists(root + path)][:1]
    if os.path.exists(root + ZYPPER_FILE):
        found.append(ZYPPER_FILE)
    return found


def from_file(path: str = ENVIRONMENT_FILE) -> dict[str, str]:
    """The variables as the units get them; none where there is no file.

    For what is no unit and still must go through the proxy: a password in the `environment` of a task would show in the
    command line that ansible -vvv prints, and in the host's list of processes.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
    except OSError:
        return {}
    pairs = [line.partition("=") for line in lines if not line.startswith("#")]
    return {name: value for name, equals, value in pairs if equals and name in VARIABLES}


def of_process(pid: int, root: str = "") -> str | None:
    """canonical() of a running process; None when it is gone."""
    try:
        with open(f"{root}/proc/{pid}/environ", "rb") as stream:
            entries = stream.read().decode("utf-8", "surrogateescape").split("\0")
    except OSError:
        return None
    return canonical(dict(entry.partition("=")[::2] for entry in entries))
