# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operating system and architecture, row by row: the decisions about packages, none of which was run here but on
the systems that docs/operating-systems.md names."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import platforms
from ansible_collections.edgefleet.ecs.plugins.module_utils.planning.platforms import (
    ECS_AGENT,
    SSM_AGENT,
    PlatformError,
)

# name, ID, VERSION_ID, manager, format, engine by `repository`, engine by `vendor`, folder and suite in Docker's own
# repository, the distribution's Python, whether 2.19, 2.21 and this collection take it.
OLD = (False, False)
SYSTEMS: list[tuple[str, str, str, str, str, str, str, str, str, tuple[bool, bool, bool]]] = [
    ("Debian 10", "debian", "10", "apt", "deb", "docker.io", "docker-ce", "debian buster", "3.7", (False,) * 3),
    ("Debian 11", "debian", "11", "apt", "deb", "docker.io", "docker-ce", "debian bullseye", "3.9", (True,) * 3),
    ("Debian 12", "debian", "12", "apt", "deb", "docker.io", "docker-ce", "debian bookworm", "3.11", (True,) * 3),
    ("Ubuntu 18.04", "ubuntu", "18.04", "apt", "deb", "docker.io", "docker-ce", "ubuntu bionic", "3.6", (False,) * 3),
    ("Ubuntu 20.04", "ubuntu", "20.04", "apt", "deb", "docker.io", "docker-ce", "ubuntu focal", "3.8", (True, *OLD)),
    ("Ubuntu 22.04", "ubuntu", "22.04", "apt", "deb", "docker.io", "docker-ce", "ubuntu jammy", "3.10", (True,) * 3),
    ("Ubuntu 24.04", "ubuntu", "24.04", "apt", "deb", "docker.io", "docker-ce", "ubuntu noble", "3.12", (True,) * 3),
    ("RHEL 7", "rhel", "7.9", "yum", "rpm", "", "", "", "3.6", (False,) * 3),
    ("RHEL 8", "rhel", "8.10", "dnf", "rpm", "", "", "", "3.6", (False,) * 3),
    ("RHEL 9", "rhel", "9.4", "dnf", "rpm", "", "", "", "3.9", (True,) * 3),
    ("CentOS Stream 9", "centos", "9", "dnf", "rpm", "", "docker-ce", "centos", "3.9", (True,) * 3),
    ("Amazon Linux 2", "amzn", "2", "yum", "rpm", "docker", "", "", "3.7", (False,) * 3),
    ("Amazon Linux 2023", "amzn", "2023", "dnf", "rpm", "docker", "", "", "3.9", (True,) * 3),
    ("Fedora 32", "fedora", "32", "dnf", "rpm", "", "docker-ce", "fedora", "3.8", (True, *OLD)),
    ("Fedora 33", "fedora", "33", "dnf", "rpm", "", "docker-ce", "fedora", "3.9", (True,) * 3),
    ("Fedora 40", "fedora", "40", "dnf", "rpm", "", "docker-ce", "fedora", "3.12", (True,) * 3),
    ("SLES 15", "sles", "15.5", "zypper", "rpm", "docker", "", "", "3.6", (False,) * 3),
    ("openSUSE Tumbleweed", "opensuse-tumbleweed", "20261101", "zypper", "rpm", "docker", "", "", "", (False,) * 3),
]  # fmt: skip
IDS = [row[0] for row in SYSTEMS]
ARCHITECTURES = {
    # arch, format: folder of the SSM agent, word of the ECS agent
    ("x86_64", "deb"): ("debian_amd64", "amd64"),
    ("aarch64", "deb"): ("debian_arm64", "arm64"),
    ("x86_64", "rpm"): ("linux_amd64", "x86_64"),
    ("aarch64", "rpm"): ("linux_arm64", "aarch64"),
}
INSTALLS = {
    "apt": "apt-get install --yes --quiet --no-install-recommends --allow-downgrades -o DPkg::Lock::Timeout=300 "
    "-o Dpkg::Options::=--force-confold X",
    "dnf": "dnf install --assumeyes X",
    "yum": "yum install --assumeyes X",
    "zypper": "zypper --non-interactive install --oldpackage X",
}
PINS = {"apt": "X=1.2-1", "dnf": "X-1.2-1", "yum": "X-1.2-1", "zypper": "X=1.2-1"}


def host(system: str, version: str, arch: str = "x86_64", like: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    told = {"id": system, "version": version, "like": list(like), "name": f"{system} {version}"}
    return {"os": told, "arch": arch, **more}


def test_the_table_has_these_rows_and_no_other() -> None:
    assert [known.name for known in platforms.PLATFORMS] == IDS
    assert len(list(platforms.rows())) == 2 * len(IDS)


@pytest.mark.parametrize("arch", ["x86_64", "aarch64"])
@pytest.mark.parametrize("row", SYSTEMS, ids=IDS)
def test_agents(row: tuple[Any, ...], arch: str) -> None:
    name, system, version, manager, ending = row[:5]
    observed = host(system, version, arch)
    match = platforms.find(observed["os"])
    assert match and not match.assumed
    assert (match.platform.name, match.platform.manager, match.platform.format) == (name, manager, ending)
    folder, word = ARCHITECTURES[arch, ending]
    file = f"amazon-ssm-agent.{ending}"
    assert platforms.agent_file(observed, SSM_AGENT, "3.3.987.0") == f"3.3.987.0/{folder}/{file}"
    assert platforms.agent_file(observed, SSM_AGENT, "3.3.987.0-1") == f"3.3.987.0/{folder}/{file}"
    assert platforms.agent_file(observed, SSM_AGENT, "") == f"latest/{folder}/{file}"
    assert platforms.agent_file(observed, ECS_AGENT, "1.105.1") == f"amazon-ecs-init-1.105.1-1.{word}.{ending}"
    assert platforms.agent_file(observed, ECS_AGENT, "1.105.1-2") == f"amazon-ecs-init-1.105.1-2.{word}.{ending}"
    assert platforms.agent_file(observed, ECS_AGENT, "") == f"amazon-ecs-init-latest.{word}.{ending}"
    assert " ".join(platforms.install_command(manager, ["X"])) == INSTALLS[manager]
    assert platforms.versioned(manager, "X", "1.2-1") == PINS[manager]


@pytest.mark.parametrize("row", SYSTEMS, ids=IDS)
def test_engine(row: tuple[Any, ...]) -> None:
    name, system, version, _manager, ending, repository, vendor, place = row[:8]
    observed = host(system, version)
    asked = {source: {"package": "auto", "source": source} for source in ("repository", "vendor", "mirror", "files")}
    assert platforms.engine_package(observed, asked["repository"]) == repository
    assert platforms.engine_package(observed, asked["vendor"]) == vendor
    assert platforms.engine_package(observed, asked["mirror"]) == vendor
    # Files are whatever the site has collected; where the distribution has none, they are Docker's.
    assert platforms.engine_package(observed, asked["files"]) == (repository or "docker-ce")
    if not place:
        with pytest.raises(PlatformError, match=name):
            platforms.docker_repository(observed)
        return
    folder, _space, suite = place.partition(" ")
    told = platforms.docker_repository(observed)
    root = f"https://download.docker.com/linux/{folder}"
    assert told["key_url"] == f"{root}/gpg"
    assert told["fingerprint"] == platforms.DOCKER_KEYS[ending]
    lines = set(told["definition"].splitlines())
    key = told["key_path"]
    if ending == "deb":
        assert {f"URIs: {root}", f"Suites: {suite}", "Architectures: amd64", f"Signed-By: {key}"} <= lines
    else:
        assert {f"baseurl={root}/{version}/$basearch/stable", "gpgcheck=1", f"gpgkey=file://{key}"} <= lines
    mirrored = platforms.docker_repository(observed, "http://mirror/docker/")
    assert f"http://mirror/docker/linux/{folder}" in mirrored["definition"]


@pytest.mark.parametrize("row", SYSTEMS, ids=IDS)
def test_python(row: tuple[Any, ...]) -> None:
    (known,) = [platform for platform in platforms.PLATFORMS if platform.name == row[0]]
    assert known.python == row[8]
    if known.python:
        assert tuple(platforms.python_answers(known.python).values()) == row[9]
        # Whoever's Python is too old is told what to do.
        assert bool(known.newer_python) is not row[9][2]
    assert platforms.python_advice(host(row[1], row[2])) == known.newer_python


@pytest.mark.parametrize(
    ("system", "version", "like", "stands_for"),
    [
        ("debian", "13", (), "Debian 12"),
        ("debian", "9", (), "Debian 10"),
        ("debian", "", (), "Debian 10"),
        ("ubuntu", "26.04", ("debian",), "Ubuntu 24.04"),
        ("ubuntu", "22.10", ("debian",), "Ubuntu 22.04"),
        ("raspbian", "12", ("debian",), "Debian 12"),
        ("linuxmint", "21.3", ("ubuntu", "debian"), "Ubuntu 20.04"),
        ("rhel", "10.1", ("centos", "fedora"), "RHEL 9"),
        ("rocky", "9.3", ("rhel", "centos", "fedora"), "RHEL 9"),
        ("almalinux", "8.10", ("rhel", "centos", "fedora"), "RHEL 8"),
        ("centos", "8", ("rhel", "fedora"), "CentOS Stream 9"),
        ("fedora", "39", (), "Fedora 33"),
        ("ol", "9.4", ("fedora",), "Fedora 32"),
        ("opensuse-leap", "15.6", ("suse", "opensuse"), "SLES 15"),
        ("sles", "16.0", ("suse",), "SLES 15"),
    ],
)
def test_the_nearest_relative_stands_for_an_unlisted_system(
    system: str, version: str, like: tuple[str, ...], stands_for: str
) -> None:
    told = host(system, version, like=like)["os"]
    match = platforms.find(told)
    assert match and match.assumed and match.platform.name == stands_for
    assert not platforms.is_supported(told)


def test_a_stranger_has_no_packages() -> None:
    stranger = host("alpine", "3.19")
    assert platforms.find(stranger["os"]) is None
    assert not platforms.is_supported(stranger["os"])
    with pytest.raises(PlatformError, match="alpine"):
        platforms.agent_file(stranger, SSM_AGENT, "")
    assert platforms.engine_package(stranger, {"package": "auto"}) == ""


def test_a_relative_is_not_led_to_dockers_own_repository() -> None:
    """Its folders and suites go by names that only the listed systems are known by."""
    with pytest.raises(PlatformError, match="debian 13"):
        platforms.docker_repository(host("debian", "13"))


def test_other_architectures_have_no_agents() -> None:
    with pytest.raises(PlatformError, match="armv7l"):
        platforms.agent_file(host("debian", "12", "armv7l"), ECS_AGENT, "")


@pytest.mark.parametrize("there", platforms.ENGINE_PACKAGES)
def test_an_engine_that_is_there_stays(there: str) -> None:
    observed = host("debian", "12", packages={"docker.io": None, there: "24.0"})
    for source in ("repository", "vendor", "files"):
        assert platforms.engine_package(observed, {"package": "auto", "source": source}) == there
    assert platforms.engine_package(observed, {"package": "docker.io"}) == "docker.io"


def test_an_engine_of_no_package_stays() -> None:
    observed = host("debian", "12", packages={}, engine={"version": "27.1"})
    assert platforms.engine_package(observed, {"package": "auto"}) == ""


def test_docker_comes_with_its_client_and_containerd() -> None:
    told = platforms.engine_install(host("fedora", "40"), "docker-ce")
    assert told["packages"] == ["docker-ce", "docker-ce-cli", "containerd.io"]
    assert told["versioned"] == ["docker-ce", "docker-ce-cli"]
    assert told["topic"] == ""


def test_amazon_linux_2_keeps_its_engine_in_the_extras() -> None:
    assert platforms.engine_install(host("amzn", "2"), "docker")["topic"] == "docker"
    assert platforms.engine_install(host("amzn", "2023"), "docker")["topic"] == ""


def test_versions_are_told_apart_by_their_parts() -> None:
    assert not platforms.is_supported(host("amzn", "20")["os"])
    assert not platforms.is_supported(host("debian", "120")["os"])
    assert platforms.is_supported(host("debian", "12.9")["os"])


def test_ansible_core_says_the_same_of_pythons() -> None:
    """Of whichever end runs this test."""
    from ansible import release
    from ansible.module_utils import basic

    core = re.match(r"\d+\.\d+", release.__version__)
    assert core and platforms.ANSIBLE_CORES[core.group()][0] == ".".join(str(part) for part in basic._PY_MIN)
