#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_package
short_description: Install an agent's package from a URL, with its signature verified
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Downloads a package file, its detached OpenPGP signature and, unless it is given, the public key; verifies the
    signature against pinned fingerprints, and only then installs the file with the package manager of the host.
    All of it is one remote execution.
  - Fails closed. Without a good signature by an unexpired key with a pinned fingerprint nothing is installed.
  - Downloads nothing when the package is installed in the asked version, or in any version if none is asked.
  - Restarts no service. C(needrestart), where it is there, is held off, too, because it would restart the container
    engine and kill its tasks.
extends_documentation_fragment:
  - edgefleet.ecs.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nothing is downloaded, so a wrong URL or signature does not show.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the package. A file that holds another package is refused.
    type: str
    required: true
  version:
    description:
      - Version that must be installed, with or without the package revision; V(1.105.1) is satisfied by C(1.105.1-1).
      - Empty takes any version that is installed, and whatever the file holds if none is.
    type: str
    default: ''
  url:
    description:
      - Where the C(.deb) or C(.rpm) file is.
      - Downloads go through the proxy that M(edgefleet.ecs.proxy_config) has written, if it has.
    type: str
    required: true
  signature_url:
    description: Where the detached signature of the file is.
    type: str
    required: true
  key:
    description: Text of the armored public key, or of several. Exactly one of O(key) and O(key_url) is given.
    type: str
  key_url:
    description: Where the armored public key is. It is trusted only as far as O(fingerprints) names it.
    type: str
  fingerprints:
    description: Fingerprints of the primary keys that may sign, forty hexadecimal digits each. Spaces do not matter.
    type: list
    elements: str
    required: true
  timeout:
    description: Seconds without an answer after which a download is given up.
    type: int
    default: 60
requirements:
  - C(gpg) on the managed host
"""

EXAMPLES = r"""
- name: Install the SSM Agent from Amazon's bucket
  edgefleet.ecs.agent_package:
    name: amazon-ssm-agent
    version: 3.3.987.0
    url: https://s3.eu-north-1.amazonaws.com/amazon-ssm-eu-north-1/3.3.987.0/debian_amd64/amazon-ssm-agent.deb
    signature_url: https://s3.eu-north-1.amazonaws.com/amazon-ssm-eu-north-1/3.3.987.0/debian_amd64/amazon-ssm-agent.deb.sig
    key: "{{ lookup('ansible.builtin.file', 'amazon-ssm-agent.gpg') }}"
    fingerprints:
      - 1C5B395CBE5E74E2F1CA21592784DBF388D19D46
"""

RETURN = r"""
previous_version:
  description: Version that was installed before; null if there was none.
  returned: always
  type: str
  sample: 3.3.859.0-1
version:
  description: Version that is installed now. In check mode the asked one, if one would be installed.
  returned: always
  type: str
  sample: 3.3.987.0-1
signed_by:
  description: Fingerprint of the primary key that signed the file.
  returned: when a package was installed
  type: str
  sample: 1C5B395CBE5E74E2F1CA21592784DBF388D19D46
"""

import os
import re
import shutil
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import proxy

ENVIRONMENT = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1", "LC_ALL": "C.UTF-8"}
# What gpg says of a signature that is intact and yet not to be trusted (doc/DETAILS of GnuPG, "The status interface").
DISTRUST = {
    "BADSIG": "the signature does not match the file",
    "ERRSIG": "the signature cannot be checked, most likely because it is by another key",
    "NO_PUBKEY": "the file is signed by a key that was not given",
    "EXPSIG": "the signature has expired",
    "EXPKEYSIG": "the key that signed has expired",
    "REVKEYSIG": "the key that signed was revoked",
    "NODATA": "the signature file holds no signature",
}
APT = [
    "apt-get", "install", "--yes", "--quiet", "--allow-downgrades",
    "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Options::=--force-confold",
]  # fmt: skip
INTERRUPTED = "dpkg was interrupted"
END_INTERRUPTED = ["dpkg", "--force-confold", "--configure", "-a"]
RPM_MANAGERS = {
    "dnf": ["install", "--assumeyes"],
    "yum": ["install", "--assumeyes"],
    # The signature of the file is verified by then; zypper only knows signatures inside the package.
    "zypper": ["--non-interactive", "install", "--allow-unsigned-rpm", "--oldpackage"],
}


class PackageError(Exception):
    """An expected way to fail; the text is for the operator."""


def normalized(fingerprints: list[str]) -> list[str]:
    """Fingerprints as gpg writes them. A short key id is no pin: it can be forged."""
    plain = [re.sub(r"\s", "", text).upper() for text in fingerprints]
    wrong = [text for text in plain if not re.fullmatch(r"[0-9A-F]{40}", text)]
    if wrong or not plain:
        raise PackageError(f"fingerprints: '{(wrong or [''])[0]}' is not a fingerprint of forty hexadecimal digits.")
    return plain


def signer(status: str, pinned: list[str]) -> str:
    """The pinned primary key that made the signature, out of gpg's status lines."""
    lines = [line.split()[1:] for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    distrust = next((DISTRUST[words[0]] for words in lines if words and words[0] in DISTRUST), None)
    if distrust:
        raise PackageError(f"Signature refused: {distrust}.")
    valid = [words for words in lines if words and words[0] == "VALIDSIG"]
    # A signature by a subkey names the fingerprint of its primary key in the last field.
    if len(valid) != 1 or not any(words and words[0] == "GOODSIG" for words in lines):
        raise PackageError("Signature refused: gpg does not call it good.")
    primary = valid[0][-1].upper()
    if primary not in pinned:
        raise PackageError(f"Signature refused: it is good, but by {primary}, which is not one of {', '.join(pinned)}.")
    return primary


def satisfied(installed: str | None, asked: str) -> bool:
    """Whether an installed version is the asked one; a revision behind it does not matter if none was asked."""
    return installed is not None and (asked in ("", installed) or installed.startswith(f"{asked}-"))


def fetch(url: str, path: str, timeout: int) -> None:
    if not re.match(r"https?://", url):
        raise PackageError(f"'{url}' is not an http or https URL.")
    try:
        with open_url(url, timeout=timeout, use_netrc=False) as answer, open(path, "wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, ValueError) as error:
        # OSError is what urllib's own errors are, too.
        raise PackageError(f"Cannot download {url}: {error}") from error


class Package:
    """A package on this host, whatever its package manager."""

    def __init__(self, module: AnsibleModule, name: str) -> None:
        self.module = module
        self.name = name
        self.debian = bool(module.get_bin_path("dpkg-query"))

    def run(self, arguments: list[str]) -> tuple[int, str, str]:
        result: tuple[int, str, str] = self.module.run_command(arguments, environ_update=ENVIRONMENT)
        return result

    def installed(self) -> str | None:
        if self.debian:
            query = ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev}|${Version}", self.name]
            code, out, _err = self.run(query)
            status, _bar, version = out.partition("|")
            # Anything but "ii" is half-installed or only a trace of an earlier life.
            return version.strip() if code == 0 and status.strip() == "ii" else None
        code, out, _err = self.run(["rpm", "--query", "--queryformat", "%{VERSION}-%{RELEASE}", self.name])
        return out.strip() if code == 0 else None

    def described(self, path: str) -> tuple[str, str]:
        """Name and version that a package file gives itself."""
        command = ["rpm", "--query", "--package", "--queryformat", "%{NAME}|%{VERSION}-%{RELEASE}", path]
        if self.debian:
            command = ["dpkg-deb", "--show", "--showformat=${Package}|${Version}", path]
        code, out, err = self.run(command)
        if code != 0:
            raise PackageError(f"The file is not a package that this host can read: {err.strip()}")
        name, _bar, version = out.strip().partition("|")
        return name, version

    def install(self, path: str) -> None:
        command = [*self._installer(), path]
        code, out, err = self.run(command)
        if code != 0 and INTERRUPTED in err:
            # An apt-get that says so has the lock, so no other one is at work: a power cut has ended the last one.
            self.run(END_INTERRUPTED)
            code, out, err = self.run(command)
        if code != 0:
            raise PackageError(f"Installing {self.name} failed with code {code}: {(err or out).strip()[-2000:]}")

    def _installer(self) -> list[str]:
        if self.debian:
            return APT
        for manager, arguments in RPM_MANAGERS.items():
            if self.module.get_bin_path(manager):
                return [manager, *arguments]
        raise PackageError(f"No known package manager here (apt-get, {', '.join(RPM_MANAGERS)}).")


def verify(package: Package, folder: str, path: str, pinned: list[str]) -> str:
    gpg = package.module.get_bin_path("gpg")
    if not gpg:
        raise PackageError(
            "gpg is missing, so the signature cannot be verified. Install gnupg on the host, "
            "or take the package from a repository."
        )
    home = os.path.join(folder, "gnupg")
    os.mkdir(home, 0o700)
    base = [gpg, "--homedir", home, "--batch", "--no-tty", "--no-autostart", "--status-fd", "1"]
    code, _out, err = package.run([*base, "--import", os.path.join(folder, "key")])
    if code != 0:
        raise PackageError(f"The public key cannot be read: {err.strip()}")
    _code, out, _err = package.run([*base, "--verify", os.path.join(folder, "signature"), path])
    return signer(out, pinned)


def ensure_installed(package: Package, params: dict[str, Any]) -> tuple[str, str]:
    """Download, verify, install; returns the version and who signed it."""
    pinned = normalized(params["fingerprints"])
    with tempfile.TemporaryDirectory(prefix="edgefleet-") as folder:
        # apt-get takes an argument for a file by its slash and its ending.
        path = os.path.join(folder, f"{package.name}.{'deb' if package.debian else 'rpm'}")
        fetch(params["signature_url"], os.path.join(folder, "signature"), params["timeout"])
        if params["key"]:
            with open(os.path.join(folder, "key"), "w", encoding="utf-8") as file:
                file.write(params["key"])
        else:
            fetch(params["key_url"], os.path.join(folder, "key"), params["timeout"])
        fetch(params["url"], path, params["timeout"])
        signed_by = verify(package, folder, path, pinned)
        name, version = package.described(path)
        # A signature proves who made the file, not that the mirror gave the file that was asked for.
        if name != package.name or not satisfied(version, params["version"]):
            wanted = f"{package.name} {params['version']}".rstrip()
            raise PackageError(f"{params['url']} holds {name} {version} instead of {wanted}.")
        package.install(path)
    return version, signed_by


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "default": ""},
            "url": {"type": "str", "required": True},
            "signature_url": {"type": "str", "required": True},
            "key": {"type": "str", "no_log": False},
            "key_url": {"type": "str", "no_log": False},
            "fingerprints": {"type": "list", "elements": "str", "required": True},
            "timeout": {"type": "int", "default": 60},
        },
        mutually_exclusive=[("key", "key_url")],
        required_one_of=[("key", "key_url")],
        supports_check_mode=True,
    )
    os.environ.update(proxy.from_file())  # where urllib looks for it
    package = Package(module, module.params["name"])
    asked = module.params["version"]
    before = package.installed()
    result: dict[str, Any] = {"changed": not satisfied(before, asked), "previous_version": before, "version": before}
    if result["changed"]:
        try:
            if module.check_mode:
                normalized(module.params["fingerprints"])
                result["version"] = asked
            else:
                result["version"], result["signed_by"] = ensure_installed(package, module.params)
        except PackageError as error:
            module.fail_json(msg=str(error), **{**result, "changed": False})
        result["diff"] = {"before": f"{before or '(none)'}\n", "after": f"{result['version'] or '(latest)'}\n"}
    module.exit_json(**result)


if __name__ == "__main__":
    main()
