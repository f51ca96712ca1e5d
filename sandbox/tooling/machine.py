# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sandbox needs of the machine: Debian's packages, root, hosts and the packages that these install."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import console, paths, usage
from .python import Python

HOSTS = paths.ROOT / "sandbox" / "hosts" / "hosts"
AGENTS = paths.ROOT / "sandbox" / "agents" / "build"

SANDBOX_PACKAGES = (
    "apt-utils",
    "ca-certificates",
    "createrepo-c",
    "debian-archive-keyring",
    "dnsmasq-base",
    "git",
    "gpg",
    "gpg-agent",
    "iproute2",
    "mmdebstrap",
    "nftables",
    "openssh-client",
    "rpm",
    "systemd-container",
    "xz-utils",
    "zstd",
)


def require_root(what: str) -> None:
    if os.geteuid() != 0:
        raise console.Failure(f"{what} needs root, for network namespaces, mounts, cgroups and apt-get: use sudo.")


def missing_packages(wanted: Sequence[str]) -> list[str]:
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in wanted if name not in installed]


def install_packages(wanted: Sequence[str]) -> None:
    """Install what is missing, and ask the network only then."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        raise console.Failure("The sandbox needs a Debian-like machine with apt-get: Debian 12 or Ubuntu 24.04.")
    missing = missing_packages(wanted)
    if not missing:
        console.say(f"      all {len(wanted)} there")
        return
    console.say(f"      installing {', '.join(missing)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = paths.logs() / "apt.log"
    advice = "apt-get could not fetch them: check the network and the machine's package sources."
    console.run(["apt-get", "update", "--quiet"], log=log, env=env, advice=advice)
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing]
    console.run(install, log=log, env=env, advice=advice)


def install_java() -> None:
    """For the rules engine of ansible-rulebook: 17 or newer, as every supported machine's own package is."""
    if not shutil.which("java"):
        require_root("Installing Java")
        install_packages(["default-jre-headless"])


def install_venv_support(pythons: Iterable[Python]) -> None:
    """Debian splits venv off its Python; others have it built in."""
    wanted = [f"python{python.version}-venv" for python in pythons if not _has_venv(python)]
    if wanted:
        require_root(f"Installing {', '.join(wanted)}")
        install_packages(wanted)


def _has_venv(python: Python) -> bool:
    probe = subprocess.run([str(python.executable), "-c", "import ensurepip"], capture_output=True, check=False)
    return probe.returncode == 0


def prepare_hosts(kinds: Iterable[str]) -> None:
    """The root file systems of the hosts over SSH; that of EC2 instances comes along."""
    console.run([str(HOSTS), "prepare", *kinds, "ecs-optimized"], log=paths.logs() / "hosts-prepare.log")


def agent_packages() -> Path:
    """The folder that the sandbox's package server serves, made if anything of it is missing."""
    folder = agent_packages_folder()
    console.run([str(AGENTS), "--output", str(folder)], log=paths.logs() / "agents-build.log")
    return folder


def agent_packages_folder() -> Path:
    return paths.ROOT / ".cache" / "packages"


def remove(instance: str) -> None:
    usage.keep(instance)
    console.run([str(HOSTS), "--instance", instance, "down"], log=paths.logs() / f"hosts-down-{instance}.log")
