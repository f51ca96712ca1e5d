# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data as cloud-init reads it: kinds, parts, and what comes at the first boot only."""

from __future__ import annotations

import base64
import gzip
import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "sandbox" / "hosts" / "user-data"
SCRIPT = "#!/bin/sh\necho once >> {root}/script\n"
CONFIG = """#cloud-config
bootcmd:
  - echo boot >> {root}/bootcmd
write_files:
  - path: {root}/ecs/ecs.config
    permissions: "0600"
    content: |
      ECS_CLUSTER=edge
  - path: {root}/coded
    encoding: b64
    content: {coded}
  - path: {root}/coded
    append: true
    content: more
runcmd:
  - [sh, -c, "echo run >> {root}/runcmd"]
  - null
  - echo shell >> {root}/runcmd
"""
MIME = """Content-Type: multipart/mixed; boundary="=="
MIME-Version: 1.0

--==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/sh
echo one
--==
Content-Type: text/plain

#cloud-config
runcmd: []
--==--
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("user_data_program", str(PROGRAM))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("user_data_program", loader))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(module)
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    make = module.tempfile.mkstemp
    monkeypatch.setattr(module.tempfile, "mkstemp", lambda prefix, dir: make(prefix=prefix, dir=scripts))
    monkeypatch.setattr(module.os, "chown", lambda *_arguments: None)
    return module


@pytest.mark.parametrize("packed", [False, True])
def test_parts_are_told_apart_by_their_first_line(program: ModuleType, packed: bool) -> None:
    data = MIME.encode()
    found = list(program.parts(gzip.compress(data) if packed else data))
    assert [kind for kind, _text in found] == ["text/x-shellscript", "text/cloud-config"]


def test_no_user_data_has_no_parts(program: ModuleType) -> None:
    assert list(program.parts(b"")) == []


def test_a_script_runs_at_the_first_boot(program: ModuleType, tmp_path: Path) -> None:
    for first in (True, False):
        program.take("text/x-shellscript", SCRIPT.format(root=tmp_path), first)
    assert (tmp_path / "script").read_text() == "once\n"


def test_a_boothook_runs_at_every_boot(program: ModuleType, tmp_path: Path) -> None:
    for first in (True, False):
        program.take("text/cloud-boothook", "#cloud-boothook\n" + SCRIPT.format(root=tmp_path), first)
    assert (tmp_path / "script").read_text() == "once\nonce\n"


def test_cloud_config(program: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    text = CONFIG.format(root=tmp_path, coded=base64.b64encode(b"decoded ").decode())
    for first in (True, False):
        program.take("text/cloud-config", text, first)
    config = tmp_path / "ecs" / "ecs.config"
    assert (config.read_text(), config.stat().st_mode & 0o777) == ("ECS_CLUSTER=edge\n", 0o600)
    assert (tmp_path / "coded").read_text() == "decoded more"
    assert (tmp_path / "runcmd").read_text() == "run\nshell\n"
    assert (tmp_path / "bootcmd").read_text() == "boot\nboot\n"


def test_what_is_not_modelled_is_said(program: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    program.take("text/cloud-config", "#cloud-config\npackages: [jq]\n", True)
    program.take(program.kind_of("#include\nhttp://somewhere\n"), "#include\nhttp://somewhere\n", True)
    told = capsys.readouterr().out
    assert "packages" in told
    assert "text/x-include-url" in told
