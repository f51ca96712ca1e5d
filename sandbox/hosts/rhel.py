# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in of a RHEL 9 host: Debian's dnf and rpm, no trace of dpkg and apt, an engine that is there already.

No distribution with RPM packages can be had here. What the collection asks such a host (os-release, the RPM database,
dnf, systemd, Docker's socket) is answered as on RHEL; what is below that is Debian. Data only, no I/O.
"""

from __future__ import annotations

import shlex

PACKAGES = ("dnf", "docker.io", "openssl", "rpm")
# Of other hosts' packages, those that RHEL cannot have.
WITHOUT = ("python3-apt",)

# The name says what it is. What is compared by programs (ID, ID_LIKE, VERSION_ID) is as Red Hat documents it.
OS_RELEASE = """\
NAME="Red Hat Enterprise Linux"
VERSION="9.5 (sandbox)"
ID="rhel"
ID_LIKE="fedora"
VERSION_ID="9.5"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Red Hat Enterprise Linux 9.5 (sandbox stand-in)"
"""
REDHAT_RELEASE = "Red Hat Enterprise Linux release 9.5 (sandbox)\n"

# The RPM database of a RHEL host is not empty: one package provides what RPMs ask for and Debian has brought; another
# says that Docker was installed before, as it has to be on RHEL (from Docker's own repository there).
_SPEC = """\
Name: sandbox-base
Version: 9.5
Release: 1
Summary: What Debian has brought to this stand-in, as far as RPM packages ask for it
License: GPL-3.0-or-later
BuildArch: noarch
Provides: /bin/sh, iptables, openssl, procps, procps-ng, python3, systemd, system-release(releasever) = 9

%description
%{summary}.

%package -n docker-ce
Version: 20.10.24
Release: 1.el9
Summary: The engine that is there; its files are those of Debian's docker.io
Requires: sandbox-base

%description -n docker-ce
%{summary}.

%files
%files -n docker-ce
"""
_SPEC_FILE = "/tmp/sandbox-base.spec"
_SPEC_BUILD = "/tmp/rpmbuild"

_FILES = {
    _SPEC_FILE: _SPEC,
    "/usr/lib/os-release": OS_RELEASE,
    "/etc/redhat-release": REDHAT_RELEASE,
    # As in RHEL's dnf.conf: packages of a repository are signed, or are refused.
    "/etc/dnf/dnf.conf": "[main]\ngpgcheck=1\ninstallonly_limit=3\nclean_requirements_on_remove=True\nbest=True\n",
    # Debian keeps the database in root's home, elsewhere it is in /var/lib/rpm.
    "/etc/rpm/macros.sandbox": "%_dbpath /var/lib/rpm\n",
}


def _write(path: str, text: str) -> str:
    place = f'"$1"{path}'
    return f'mkdir -p "$(dirname {place})" && rm -f {place} && printf %s {shlex.quote(text)} > {place}'


CUSTOMIZE = (
    *(_write(path, text) for path, text in _FILES.items()),
    'ln -sfn redhat-release "$1"/etc/system-release',
    'chroot "$1" rpm --initdb',
    f'chroot "$1" rpmbuild -bb --quiet --define "_topdir {_SPEC_BUILD}" {_SPEC_FILE}',
    f'chroot "$1" sh -c "rpm --install {_SPEC_BUILD}/RPMS/noarch/*.rpm"',
    f'rm -rf "$1"{_SPEC_BUILD} "$1"{_SPEC_FILE}',
)

# Taken away at the end: what Debian installs packages with, and says that it is Debian. Packages come by rpm alone.
REMOVED = (
    "etc/apt",
    "etc/debian_version",
    "etc/dpkg",
    "usr/bin/apt*",
    "usr/bin/deb-*",
    "usr/bin/debconf*",
    "usr/bin/dpkg*",
    "usr/lib/apt",
    "usr/lib/dpkg",
    "usr/sbin/dpkg*",
    "usr/share/dpkg",
    "var/cache/apt",
    "var/cache/debconf",
    "var/lib/apt",
    "var/lib/dpkg",
)
