# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operating system means for packages: its package manager, its engine, the agents' files. Pure.

One table; preflight, drift, the roles (through filters) and docs/operating-systems.md read it.
Sources: "Supported operating systems and system architectures" (Amazon ECS Developer Guide, external instances) for
what is in it; scripts/ecs-anywhere-install.sh of aws/amazon-ecs-agent for the engine's packages, the agents' file names
and the systems for which Docker's own repository is used; the distributions' package lists for their Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

DEBIAN, RED_HAT, SUSE = "debian", "redhat", "suse"


class Platform(NamedTuple):
    """One generation of an operating system."""

    id: str  # as /etc/os-release has it, also the next one
    version: str  # with as many parts as tell generations apart; "" for a rolling release
    name: str
    manager: str
    engine: str  # package of the engine in the distribution's own repositories; "" where there is none to use
    docker: str  # folder of the distribution in Docker's own repository; "" where there is none to use
    codename: str  # of the suite in apt's repositories
    python: str  # the python3 that the distribution calls its own; "" where it moves
    newer_python: str  # what to do where that one is too old for this collection

    @property
    def family(self) -> str:
        return FAMILIES[self.manager]

    @property
    def format(self) -> str:
        return "deb" if self.family == DEBIAN else "rpm"


FAMILIES = {"apt": DEBIAN, "dnf": RED_HAT, "yum": RED_HAT, "zypper": SUSE}

OWN_BUILD = "none is packaged: put a build of Python 3.9 or newer below /opt"

# fmt: off
PLATFORMS = (
    Platform("debian", "10", "Debian 10", "apt", "docker.io", "debian", "buster", "3.7", OWN_BUILD),
    Platform("debian", "11", "Debian 11", "apt", "docker.io", "debian", "bullseye", "3.9", ""),
    Platform("debian", "12", "Debian 12", "apt", "docker.io", "debian", "bookworm", "3.11", ""),
    Platform("ubuntu", "18.04", "Ubuntu 18.04", "apt", "docker.io", "ubuntu", "bionic", "3.6", OWN_BUILD),
    Platform("ubuntu", "20.04", "Ubuntu 20.04", "apt", "docker.io", "ubuntu", "focal", "3.8", "apt install python3.9"),
    Platform("ubuntu", "22.04", "Ubuntu 22.04", "apt", "docker.io", "ubuntu", "jammy", "3.10", ""),
    Platform("ubuntu", "24.04", "Ubuntu 24.04", "apt", "docker.io", "ubuntu", "noble", "3.12", ""),
    Platform("rhel", "7", "RHEL 7", "yum", "", "", "", "3.6", OWN_BUILD),
    Platform("rhel", "8", "RHEL 8", "dnf", "", "", "", "3.6", "dnf install python3.11"),
    Platform("rhel", "9", "RHEL 9", "dnf", "", "", "", "3.9", ""),
    Platform("centos", "9", "CentOS Stream 9", "dnf", "", "centos", "", "3.9", ""),
    Platform("amzn", "2", "Amazon Linux 2", "yum", "docker", "", "", "3.7", OWN_BUILD),
    Platform("amzn", "2023", "Amazon Linux 2023", "dnf", "docker", "", "", "3.9", ""),
    Platform("fedora", "32", "Fedora 32", "dnf", "", "fedora", "", "3.8", "dnf install python39"),
    Platform("fedora", "33", "Fedora 33", "dnf", "", "fedora", "", "3.9", ""),
    Platform("fedora", "40", "Fedora 40", "dnf", "", "fedora", "", "3.12", ""),
    Platform("sles", "15", "SLES 15", "zypper", "docker", "", "", "3.6", "zypper install python311"),
    Platform("opensuse-tumbleweed", "", "openSUSE Tumbleweed", "zypper", "docker", "", "", "", ""),
)
# fmt: on

# What each end of the tested ansible-core can use on a host: ansible.module_utils.basic refuses below the first; the
# last is the newest that its support matrix names. The collection's own modules need 3.9.
# https://docs.ansible.com/ansible/latest/reference_appendices/release_and_maintenance.html#ansible-core-support-matrix
ANSIBLE_CORES = {"2.19": ("3.8", "3.13"), "2.21": ("3.9", "3.14")}
OLDEST_PYTHON = "3.9"

# The words that the two agents' buckets have for an architecture. No other has agents.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

SSM_AGENT, ECS_AGENT = "amazon-ssm-agent", "amazon-ecs-init"
BUCKETS = {SSM_AGENT: "ssm", ECS_AGENT: "ecs"}

# Every package that brings an engine.
ENGINE_PACKAGES = ("docker.io", "docker-ce", "docker", "moby-engine")
# What Docker's own packages are called: the engine, which decides, its client, and containerd.
DOCKER_PACKAGES = ("docker-ce", "docker-ce-cli", "containerd.io")
DOCKER_REPOSITORY = "https://download.docker.com"
# Primary keys of Docker's repositories, by format: https://docs.docker.com/engine/install/{debian,centos}
DOCKER_KEYS = {
    "deb": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
    "rpm": "060A61C51B558A7F742B77AAC52FEB6B621E9F35",
}

# The package of the engine where Amazon Linux 2 keeps it.
EXTRAS = {("amzn", "2", "docker"): "docker"}


class PlatformError(ValueError):
    """Nothing in the table answers; the text says what was looked for."""


class Match(NamedTuple):
    """A platform, and whether it stands for a system that is not in the table."""

    platform: Platform
    assumed: bool


def find(system: Mapping[str, Any]) -> Match | None:
    """The platform of an operating system as host_facts reports it, or the nearest relative that stands in for it.

    A listed system is itself. One with another version stands by the nearest version of its own; one with another ID by
    the first of its ID_LIKE that is listed, in its own version if there is one.

    >>> find({"id": "rocky", "version": "9.3", "like": ["rhel", "centos", "fedora"]}).platform.name
    'RHEL 9'
    """
    exact = next((known for known in PLATFORMS if _is(known, system)), None)
    if exact:
        return Match(exact, assumed=False)
    for name in [system["id"], *(system.get("like") or [])]:
        relatives = [known for known in PLATFORMS if known.id == RELATIVES.get(name, name)]
        if relatives:
            return Match(_nearest(relatives, system["version"]), assumed=True)
    return None


# Words of ID_LIKE that are no ID of their own.
RELATIVES = {"suse": "sles", "opensuse": "opensuse-tumbleweed"}


def is_supported(system: Mapping[str, Any]) -> bool:
    match = find(system)
    return match is not None and not match.assumed


def supported(system_id: str | None = None) -> str:
    """The listed systems in words: all of them, or those of one ID."""
    return ", ".join(known.name for known in PLATFORMS if system_id in (None, known.id))


def platform_of(host: Mapping[str, Any]) -> Platform:
    """The same for an observed host, where something has to be decided now."""
    system = host.get("os")
    match = find(system) if system else None
    if match is None:
        told = f"{system['name'] or system['id']} (ID {system['id']})" if system else "an unknown system"
        raise PlatformError(f"No packages are known for {told}; it is like none of: {supported()}.")
    return match.platform


def _is(known: Platform, system: Mapping[str, Any]) -> bool:
    if known.id != system["id"]:
        return False
    parts = known.version.split(".") if known.version else []
    return str(system["version"]).split(".")[: len(parts)] == parts


def _nearest(relatives: list[Platform], version: str) -> Platform:
    """The one with the same version, else the newest that is older, else the oldest. Numbers of other systems than the
    relatives' own mean nothing by themselves, but derivatives mostly count with them."""
    asked = _number(version)
    older = [known for known in relatives if _number(known.version) <= asked]
    return older[-1] if older else relatives[0]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in str(version).split(".") if part.isdigit())


# --- the engine ---


def engine_package(host: Mapping[str, Any], engine: Mapping[str, Any]) -> str:
    """The package that C(container_engine_package) means on a host; "" where nobody is asked to install one.

    C(auto) keeps the engine that is there, whoever has installed it, and from wherever.
    """
    asked: str = engine.get("package", "")
    if asked != "auto":
        return asked
    packages = host.get("packages") or {}
    there = next((name for name in ENGINE_PACKAGES if packages.get(name)), None)
    match = find(host["os"]) if host.get("os") else None
    if there or match is None or (host.get("engine") or {}).get("version"):
        return there or ""
    if engine.get("source") in ("vendor", "mirror"):
        return DOCKER_PACKAGES[0] if match.platform.docker else ""
    if engine.get("source") == "files":
        return match.platform.engine or DOCKER_PACKAGES[0]
    return match.platform.engine


def engine_install(host: Mapping[str, Any], package: str) -> dict[str, Any]:
    """What has to be given to the package manager to have an engine."""
    platform = platform_of(host)
    return {
        "packages": list(DOCKER_PACKAGES) if package == DOCKER_PACKAGES[0] else [package],
        # containerd counts its own versions.
        "versioned": list(DOCKER_PACKAGES[:2]) if package == DOCKER_PACKAGES[0] else [package],
        "topic": EXTRAS.get((platform.id, platform.version, package), ""),
        "format": platform.format,
    }


def docker_repository(host: Mapping[str, Any], base: str = "") -> dict[str, str]:
    """Docker's own repository for a host, or a mirror of it with the same layout: definition, key, and their places."""
    platform = platform_of(host)
    if not platform.docker:
        raise PlatformError(f"Docker's own repository has nothing to use on {platform.name}.")
    root = f"{(base or DOCKER_REPOSITORY).rstrip('/')}/linux/{platform.docker}"
    told = host["os"]
    if not _is(platform, told):
        raise PlatformError(f"What {told['name'] or told['id']} is called in Docker's own repository is not known.")
    if platform.format == "deb":
        key = "/etc/apt/keyrings/edgefleet-docker.asc"
        return {
            "path": "/etc/apt/sources.list.d/edgefleet-docker.sources",
            "key_path": key,
            "key_url": f"{root}/gpg",
            "fingerprint": DOCKER_KEYS["deb"],
            "definition": (
                f"Types: deb\nURIs: {root}\nSuites: {platform.codename}\nComponents: stable\n"
                f"Architectures: {architecture(host)}\nSigned-By: {key}\n"
            ),
        }
    key = "/etc/pki/rpm-gpg/RPM-GPG-KEY-edgefleet-docker"
    return {
        "path": "/etc/yum.repos.d/edgefleet-docker.repo",
        "key_path": key,
        "key_url": f"{root}/gpg",
        "fingerprint": DOCKER_KEYS["rpm"],
        "definition": (
            f"[edgefleet-docker]\nname=Docker\nbaseurl={root}/{platform.version}/$basearch/stable\nenabled=1\ngpgcheck=1\n"
            f"gpgkey=file://{key}\n"
        ),
    }


# --- the agents ---


def architecture(host: Mapping[str, Any]) -> str:
    try:
        return ARCHITECTURES[host["arch"]]
    except KeyError:
        raise PlatformError(f"There are no agents for the architecture {host.get('arch')}.") from None


def agent_file(host: Mapping[str, Any], agent: str, version: str) -> str:
    """The path of an agent's package below its bucket; its signature lies beside it.

    >>> agent_file({"os": {"id": "amzn", "version": "2", "like": []}, "arch": "x86_64"}, ECS_AGENT, "1.105.1")
    'amazon-ecs-init-1.105.1-1.x86_64.rpm'
    """
    ending, words = platform_of(host).format, architecture(host)
    if agent == SSM_AGENT:
        folder = f"{'debian' if ending == 'deb' else 'linux'}_{words}"
        # The files of a version stand below the version alone; a revision exists in the package only.
        return f"{version.partition('-')[0] or 'latest'}/{folder}/{agent}.{ending}"
    # The bucket's file names always have a revision, and it has been 1 ever since.
    revised = (version if "-" in version else f"{version}-1") if version else "latest"
    return f"{agent}-{revised}.{words if ending == 'deb' else host['arch']}.{ending}"


SIGNATURES = {SSM_AGENT: ".sig", ECS_AGENT: ".asc"}


# --- what would be run ---

# Arguments by package manager. Confirmations are given in advance; nothing recommended comes along; a version that was
# asked for is installed although it is older than what is there.
INSTALL: dict[str, tuple[str, ...]] = {
    "apt": (
        "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "--allow-downgrades",
        "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold",
    ),
    "dnf": ("dnf", "install", "--assumeyes"),
    "yum": ("yum", "install", "--assumeyes"),
    "zypper": ("zypper", "--non-interactive", "install", "--oldpackage"),
}  # fmt: skip
# The signature of a file is verified by then; zypper only knows signatures inside the package.
FILE_ARGUMENTS: dict[str, tuple[str, ...]] = {"zypper": ("--allow-unsigned-rpm",)}
REFRESH: dict[str, tuple[str, ...]] = {
    "apt": ("apt-get", "update", "--quiet"),
    "zypper": ("zypper", "--non-interactive", "refresh"),
}
# Managers whose `install` leaves a newer version where it is.
DOWNGRADE: dict[str, tuple[str, ...]] = {
    "dnf": ("dnf", "downgrade", "--assumeyes"),
    "yum": ("yum", "downgrade", "--assumeyes"),
}


def install_command(manager: str, packages: list[str], files: bool = False) -> list[str]:
    """The command that installs packages by name, or files by path."""
    return [*INSTALL[manager], *(FILE_ARGUMENTS.get(manager, ()) if files else ()), *packages]


def versioned(manager: str, package: str, version: str) -> str:
    """How a manager is told the version of a package."""
    return f"{package}{'=' if manager in ('apt', 'zypper') else '-'}{version}" if version else package


# --- Python ---


def python_answers(version: str) -> dict[str, bool]:
    """Whether a Python of this version is new enough for each end of ansible-core, and for this collection."""
    own = _number(version)
    oldest = {f"ansible-core {core}": first for core, (first, _last) in ANSIBLE_CORES.items()}
    return {name: own >= _number(first) for name, first in {**oldest, "edgefleet.ecs": OLDEST_PYTHON}.items()}


def python_advice(host: Mapping[str, Any]) -> str:
    """Where a host gets a Python that is new enough from; "" if that is not known."""
    match = find(host["os"]) if host.get("os") else None
    return match.platform.newer_python if match else ""


def rows() -> Iterator[tuple[Platform, str]]:
    """Every listed system with every architecture."""
    for known in PLATFORMS:
        for arch in ARCHITECTURES:
            yield known, arch
