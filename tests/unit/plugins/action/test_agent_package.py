# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the control node downloads for its hosts: once, verified, whoever asks at the same time."""

from __future__ import annotations

import functools
import http.server
import multiprocessing
import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.action import agent_package
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.packages import PackageError

pytestmark = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed here")
HOSTS = 8


class Mirror:
    """A package, its signature and its key, on a server that counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: Counter[str] = Counter()
        self.home = folder / "maker"
        self.home.mkdir(mode=0o700)
        self._gpg("--passphrase", "", "--quick-gen-key", "Maker <maker@example.com>", "ed25519", "sign", "never")
        listing = self._gpg("--with-colons", "--list-keys")
        self.fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))
        (folder / "key").write_text(self._gpg("--armor", "--export"))
        self.make("a.deb", "package a")
        self.make("b.rpm", "package b")
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)
        asked = self.asked

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_arguments: Any) -> None:
                asked[self.path] += 1

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def make(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        signature = ["--output", str(self.folder / f"{name}.sig")]
        self._gpg("--yes", *signature, "--detach-sign", str(self.folder / name))

    def _gpg(self, *arguments: str) -> str:
        command = ["gpg", "--homedir", str(self.home), "--batch", "--no-tty", "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def params(self, name: str, **changes: Any) -> dict[str, Any]:
        root = f"http://127.0.0.1:{self.server.server_address[1]}"
        return {
            "name": "agent", "version": "1", "url": f"{root}/{name}", "signature_url": f"{root}/{name}.sig",
            "key": None, "key_url": f"{root}/key", "download_to": str(self.folder / "kept"),
            "fingerprints": [self.fingerprint], "checksum": "", "timeout": 5, **changes,
        }  # fmt: skip

    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "kept").rglob("*") if path.is_file())


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirror]:
    made = Mirror(tmp_path_factory.mktemp("mirror"))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def mirror(maker: Mirror) -> Iterator[Mirror]:
    maker.asked.clear()
    yield maker
    shutil.rmtree(maker.folder / "kept", ignore_errors=True)


def test_many_hosts_at_once_are_one_download_for_each_platform(mirror: Mirror) -> None:
    """As Ansible does it: a process for each host, and hosts of several platforms in a batch."""
    orders = [mirror.params(name) for name in ("a.deb", "b.rpm") for _host in range(HOSTS)]
    with multiprocessing.get_context("fork").Pool(len(orders)) as pool:
        found = pool.map(agent_package.downloaded, orders)
    assert mirror.asked == {"/a.deb": 1, "/a.deb.sig": 1, "/b.rpm": 1, "/b.rpm.sig": 1, "/key": 2}
    assert [kept.file.read_text() for kept in found] == ["package a"] * HOSTS + ["package b"] * HOSTS
    assert {kept.key for kept in found} == {(mirror.folder / "key").read_text()}
    assert mirror.kept() == [
        ".lock", ".lock", "a.deb", "a.deb.key", "a.deb.signature", "b.rpm", "b.rpm.key", "b.rpm.signature",
    ]  # fmt: skip
    # The next batch, and the next run, ask nobody.
    agent_package.downloaded(orders[0])
    assert mirror.asked["/a.deb"] == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fingerprints": ["A" * 40]}, "not one of"),
        ({"checksum": "0" * 64}, "Checksum refused"),
        ({"key": "no key", "key_url": None}, "public key cannot be read"),
        ({"signature_url": "b.rpm.sig"}, "does not match"),
        ({"url": "gone.deb"}, "Cannot download"),
    ],
)
def test_what_is_not_good_is_not_kept(mirror: Mirror, changes: dict[str, Any], words: str) -> None:
    root = mirror.params("")["url"]
    changes = {name: root + value if name.endswith("url") and value else value for name, value in changes.items()}
    with pytest.raises(PackageError, match=words):
        agent_package.downloaded(mirror.params("a.deb", **changes))
    assert mirror.kept() == [".lock"]


def test_a_download_that_was_cut_short_is_made_again(mirror: Mirror) -> None:
    kept = agent_package.downloaded(mirror.params("a.deb"))
    kept.file.unlink()
    assert agent_package.downloaded(mirror.params("a.deb")).file.read_text() == "package a"


def test_a_folder_with_a_long_name_will_do(mirror: Mirror) -> None:
    """gpg puts sockets into its home, and a socket's path ends at 107 bytes."""
    place = mirror.folder / "kept" / ("x" * 120)
    assert agent_package.downloaded(mirror.params("a.deb", download_to=str(place))).file.read_text() == "package a"
