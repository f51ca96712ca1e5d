# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`sandbox/agents/build`: packages, repository, plain files, signatures, keys."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.agents.builder import deb, engine, main, rpm
from sandbox.apt_sources import SUITES

REPOSITORY = Path(__file__).resolve().parents[4]
BUILD = REPOSITORY / "sandbox/agents/build"
SSM = "amazon-ssm-us-west-2"
ECS = "amazon-ecs-agent-us-west-2"

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("dpkg-deb", "apt-ftparchive", "gpg", "rpmbuild", "createrepo_c")),
    reason="needs the tools of the build",
)


def build(output: Path, cache: Path, temporary: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "EDGEFLEET_CACHE": str(cache), "TMPDIR": str(temporary)}
    command = [str(BUILD), "--without-engine", "--output", str(output)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # A short path, for the socket of gpg-agent.
    directory = Path(tempfile.mkdtemp(prefix="ab-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def site(place: Path) -> Path:
    (place / "tmp").mkdir()
    result = build(place / "site", place / "cache", place / "tmp")
    assert result.returncode == 0, result.stderr
    return place / "site"


@pytest.fixture(scope="module")
def fingerprints(site: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((site / "keys/fingerprints.json").read_text())
    return found


def output_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def signer(key: Path, *files: Path) -> str:
    """Fingerprint of the key that made the signature, by a keyring with that one key; empty when it is bad."""
    with tempfile.TemporaryDirectory(prefix="v-") as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--no-autostart"]
        subprocess.run([*gpg, "--import", str(key)], check=True, capture_output=True)
        result = subprocess.run(
            [*gpg, "--status-fd", "1", "--verify", *map(str, files)], capture_output=True, text=True, check=False
        )
    valid = [line.split()[2] for line in result.stdout.splitlines() if line.startswith("[GNUPG:] VALIDSIG")]
    return valid[0] if valid and result.returncode == 0 else ""


def test_plain_files_and_their_signatures(site: Path, fingerprints: dict[str, str]) -> None:
    files = ("debian_amd64/amazon-ssm-agent.deb", "linux_amd64/amazon-ssm-agent.rpm")
    for label, file in itertools.product(("latest", "3.3.987.0", "3.3.859.0"), files):
        package = site / SSM / label / file
        assert (
            signer(site / "keys/amazon-ssm-agent.gpg", package.with_name(package.name + ".sig"), package)
            == (fingerprints["ssm_agent"])
        )
    for label, ending in itertools.product(("latest", "1.105.1-1", "1.104.0-1"), ("amd64.deb", "x86_64.rpm")):
        package = site / ECS / f"amazon-ecs-init-{label}.{ending}"
        assert (
            signer(site / "keys/amazon-ecs-agent.gpg", package.with_name(package.name + ".asc"), package)
            == (fingerprints["ecs_agent"])
        )


def test_latest_is_the_newest(site: Path) -> None:
    ssm = site / SSM
    assert (
        output_of("dpkg-deb", "-f", str(ssm / "latest/debian_amd64/amazon-ssm-agent.deb"), "Version") == "3.3.987.0\n"
    )
    latest = (site / ECS / "amazon-ecs-init-latest.amd64.deb").read_bytes()
    assert latest == (site / ECS / "amazon-ecs-init-1.105.1-1.amd64.deb").read_bytes()


def test_a_changed_package_is_noticed(site: Path, tmp_path: Path) -> None:
    source = site / ECS / "amazon-ecs-init-latest.amd64.deb"
    changed = tmp_path / "changed.deb"
    changed.write_bytes(source.read_bytes() + b"x")
    assert signer(site / "keys/amazon-ecs-agent.gpg", source.with_name(source.name + ".asc"), changed) == ""
    # Nor does one key stand for the other.
    assert signer(site / "keys/amazon-ssm-agent.gpg", source.with_name(source.name + ".asc"), source) == ""


@pytest.mark.parametrize("suite", SUITES)
def test_repository_is_signed_and_lists_two_versions_of_each(
    site: Path, fingerprints: dict[str, str], suite: str
) -> None:
    dists = site / "debian/dists" / suite
    key = site / "keys/sandbox.asc"
    assert signer(key, dists / "InRelease") == fingerprints["repository"]
    assert signer(key, dists / "Release.gpg", dists / "Release") == fingerprints["repository"]
    release = (dists / "Release").read_text()
    assert f"Suite: {suite}\n" in release and "Architectures: amd64 all\n" in release
    digest = output_of("sha256sum", str(dists / "main/binary-amd64/Packages")).split()[0]
    assert digest in release
    stanzas = (dists / "main/binary-amd64/Packages").read_text().strip().split("\n\n")
    fields = [dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line) for stanza in stanzas]
    assert sorted((field["Package"], field["Version"]) for field in fields) == [
        ("amazon-ecs-init", "1.104.0-1"),
        ("amazon-ecs-init", "1.105.1-1"),
        ("amazon-ssm-agent", "3.3.859.0"),
        ("amazon-ssm-agent", "3.3.987.0"),
    ]
    assert all((site / "debian" / field["Filename"]).is_file() for field in fields)


@pytest.mark.parametrize(
    ("name", "version", "files", "foreign"),
    [
        (
            "amazon-ssm-agent",
            "3.3.987.0",
            {"./usr/bin/amazon-ssm-agent": "-rwxr-xr-x", "./lib/systemd/system/amazon-ssm-agent.service": "-rw-r--r--"},
            "/ecs/",
        ),
        (
            "amazon-ecs-init",
            "1.105.1-1",
            {"./usr/libexec/amazon-ecs-init": "-rwxr-xr-x", "./lib/systemd/system/ecs.service": "-rw-r--r--"},
            "/ssm/",
        ),
    ],
)
def test_contents(site: Path, name: str, version: str, files: dict[str, str], foreign: str) -> None:
    listing = output_of("dpkg-deb", "-c", str(site / f"debian/pool/agents/{name}_{version}_amd64.deb")).splitlines()
    entries = {line.split()[5]: line.split() for line in listing}
    assert {entry[1] for entry in entries.values()} == {"root/root"}
    assert files.items() <= {path: entry[0] for path, entry in entries.items()}.items()
    assert not [path for path in entries if f"standin{foreign}" in path or path.endswith(".pyc")]


def unpacked(site: Path, target: Path, name: str) -> Path:
    subprocess.run(["dpkg-deb", "-x", str(site / "debian/pool/agents" / name), str(target)], check=True)
    return target


def test_the_installed_program_knows_its_version(site: Path, tmp_path: Path) -> None:
    for version in ("3.3.987.0", "3.3.859.0"):
        root = unpacked(site, tmp_path / version, f"amazon-ssm-agent_{version}_amd64.deb")
        code = f"import sys; sys.path.insert(0, {str(root / 'usr/lib/amazon-ssm-agent')!r})\n"
        code += "from standin.ssm.cli import main; main(['-version'])"
        assert output_of("python3", "-ISBc", code) == f"SSM Agent version: {version}\n"


def test_units(site: Path, tmp_path: Path) -> None:
    ecs = unpacked(site, tmp_path / "ecs", "amazon-ecs-init_1.105.1-1_amd64.deb") / "lib/systemd/system/ecs.service"
    directives = [line for line in ecs.read_text().splitlines() if "=" in line and not line.startswith("#")]
    assert not [line for line in directives if line.startswith("RestartPreventExitStatus")], "the vendor's trap"
    assert {"Requires=docker.service", "After=docker.service", "Restart=on-failure", "RestartSec=10s"} <= set(
        directives
    )
    files = [line for line in directives if line.startswith("EnvironmentFile")]
    assert files == ["EnvironmentFile=-/var/lib/ecs/ecs.config", "EnvironmentFile=-/etc/ecs/ecs.config"]


def test_dependencies(site: Path) -> None:
    field = output_of("dpkg-deb", "-f", str(site / "debian/pool/agents/amazon-ecs-init_1.105.1-1_amd64.deb"), "Depends")
    assert "docker-ce (>= 17.12.0) | docker-engine (>= 1.6.0) | docker-ee | docker.io" in field


def test_only_public_keys_are_served_and_no_agent_of_gpg_stays(site: Path, place: Path) -> None:
    for key in ("sandbox.asc", "amazon-ssm-agent.gpg", "amazon-ecs-agent.gpg"):
        assert "PUBLIC KEY BLOCK" in (site / "keys" / key).read_text()
    served = [path for path in site.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert served == []
    assert [path.stat().st_mode & 0o777 for path in (place / "cache/agents/keys").iterdir()] == [0o600] * 3
    assert list((place / "tmp").iterdir()) == []
    home = f"{place}/tmp".encode()
    running = [path for path in Path("/proc").glob("[0-9]*/cmdline") if home in _content(path)]
    assert running == []


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_second_build_changes_nothing(site: Path, place: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}
    assert build(site, place / "cache", place / "tmp").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before


def test_changed_sources_keep_the_keys(site: Path, place: Path, fingerprints: dict[str, str]) -> None:
    for old in (place / "cache/agents").glob("site-*"):
        shutil.rmtree(old)
    assert build(place / "second", place / "cache", place / "tmp").returncode == 0
    assert json.loads((place / "second/keys/fingerprints.json").read_text()) == fingerprints


def test_a_directory_with_other_files_is_left_alone(site: Path, place: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    result = build(tmp_path, place / "cache", place / "tmp")
    assert result.returncode == 1
    assert "holds other files" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_hash_covers_the_engine() -> None:
    assert main.source_hash(True) != main.source_hash(False)


def rpm_query(package: Path, form: str) -> str:
    return output_of("rpm", "--query", "--nosignature", "--package", "--queryformat", form, str(package))


def test_rpm_repository_is_signed_inside_and_out(site: Path, fingerprints: dict[str, str]) -> None:
    root = site / "rpm"
    metadata = root / "repodata/repomd.xml"
    assert (
        signer(site / "keys/sandbox.asc", metadata.with_name("repomd.xml.asc"), metadata)
        == (fingerprints["repository"])
    )
    packages = sorted((root / "Packages").iterdir())
    assert [package.name for package in packages] == [
        "amazon-ecs-init-1.104.0-1.x86_64.rpm", "amazon-ecs-init-1.105.1-1.x86_64.rpm",
        "amazon-ssm-agent-3.3.859.0-1.x86_64.rpm", "amazon-ssm-agent-3.3.987.0-1.x86_64.rpm",
    ]  # fmt: skip
    key_id = fingerprints["repository"][-16:].lower()
    assert all(rpm_query(package, "%{DSAHEADER:pgpsig}").endswith(key_id) for package in packages)
    # The files of the buckets have their signature beside them, and none inside.
    assert rpm_query(site / ECS / "amazon-ecs-init-latest.x86_64.rpm", "%{DSAHEADER:pgpsig}") == "(none)"


def test_an_rpm_holds_what_the_deb_holds_and_the_vendors_units(site: Path) -> None:
    ecs, ssm = (
        site / "rpm/Packages" / rpm.file_name(recipe, recipe.latest) for recipe in (deb.ECS_INIT, deb.SSM_AGENT)
    )
    listing = {package: set(rpm_query(package, "[%{FILENAMES}\n]").splitlines()) for package in (ecs, ssm)}
    assert {"/usr/libexec/amazon-ecs-init", "/usr/lib/systemd/system/ecs.service"} <= listing[ecs]
    assert {"/usr/bin/amazon-ssm-agent", "/etc/systemd/system/amazon-ssm-agent.service"} <= listing[ssm]
    # A directory of the host's own, such as /usr/lib, would be a conflict with whatever else is installed.
    assert not {"/usr", "/usr/lib", "/etc", "/var/lib", "/usr/bin"} & (listing[ecs] | listing[ssm])
    assert not [path for path in listing[ecs] if "standin/ssm/" in path or path.endswith(".pyc")]
    scripts = output_of("rpm", "--query", "--nosignature", "--package", "--scripts", str(ecs))
    assert "enable" not in scripts and "restart" not in scripts
    assert '"$1" -gt 1' in output_of("rpm", "--query", "--nosignature", "--package", "--scripts", str(ssm))


def test_the_unit_of_the_rpm_ends_with_a_terminal_error() -> None:
    unit = (deb.HERE / "packages/amazon-ecs-init/rpm/ecs.service").read_text()
    assert "\nRestartPreventExitStatus=5\n" in unit
    assert "\nWants=docker.service\nPartOf=docker.service\n" in unit


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.105.1-1", ("1.105.1", "1")), ("3.3.987.0", ("3.3.987.0", "1")), ("1.0-2", ("1.0", "2"))],
)
def test_version_and_release_of_an_rpm(version: str, expected: tuple[str, str]) -> None:
    assert rpm.version_and_release(version) == expected


def test_specification_of_a_downloaded_file() -> None:
    assert engine._specification("iptables_1%3a1.8.9-2_amd64.deb") == "iptables=1:1.8.9-2"
