# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent_config writes both files at once, says what it did, and shows no secret."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic
from ansible_collections.edgefleet.ecs.plugins.modules import agent_config

CONFIG: dict[str, Any] = {"ECS_CLUSTER": "retail-edge", "ECS_EXTERNAL": True, "AWS_DEFAULT_REGION": "eu-west-3"}
OWNER = (os.geteuid(), os.getegid())


class Host:
    def __init__(self, root: Path) -> None:
        self.paths = {"user": str(root / "etc/ecs/ecs.config"), "instance": str(root / "var/lib/ecs/ecs.config")}
        self.state_file = root / "var/lib/ecs/data/agent.db"

    def ensure(self, check_mode: bool = False, **more: Any) -> dict[str, Any]:
        return agent_config.ensure_config({**CONFIG, **more}, self.paths, str(self.state_file), check_mode, OWNER)

    def text(self, name: str) -> str:
        return Path(self.paths[name]).read_text(encoding="utf-8")

    def put(self, name: str, text: str) -> None:
        path = Path(self.paths[name])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def register(self) -> None:
        self.state_file.parent.mkdir(parents=True, exist_ok=True)
        self.state_file.touch()


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_first_run_in_check_mode_touches_nothing(host: Host, tmp_path: Path) -> None:
    result = host.ensure(check_mode=True)
    assert result["changed"] and result["restart_required"]
    assert "ECS_CLUSTER=retail-edge" in result["diff"][1]["after"]
    assert list(tmp_path.iterdir()) == []


def test_first_run_and_second_run(host: Host) -> None:
    result = host.ensure()
    assert result["changed_files"] == [host.paths["instance"], host.paths["user"]]
    assert "ECS_CLUSTER=retail-edge\n" in host.text("user")
    assert "ECS_EXTERNAL=true\n" in host.text("instance")
    for path in host.paths.values():
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        assert len(os.listdir(os.path.dirname(path))) == 1  # nothing left beside it
    again = host.ensure()
    assert not again["changed"] and not again["restart_required"] and again["changed_files"] == []
    assert all(entry["before"] == entry["after"] for entry in again["diff"])


def test_only_the_file_that_differs_is_written(host: Host) -> None:
    host.ensure()
    instance = os.stat(host.paths["instance"]).st_ino
    result = host.ensure(ECS_LOGLEVEL="debug")
    assert result["changed_files"] == [host.paths["user"]]
    assert os.stat(host.paths["instance"]).st_ino == instance


def test_mode_is_put_right_without_a_restart(host: Host) -> None:
    host.ensure()
    os.chmod(host.paths["user"], 0o644)
    result = host.ensure()
    assert result["changed"] and not result["restart_required"]
    assert stat.S_IMODE(os.stat(host.paths["user"]).st_mode) == 0o600


def test_comment_needs_no_restart_but_quotes_do(host: Host) -> None:
    host.ensure()
    host.put("user", host.text("user") + "# a note\n")
    assert not host.ensure()["restart_required"]
    host.put("user", 'ECS_CLUSTER="retail-edge"\n')
    assert host.ensure()["restart_required"]


def test_foreign_lines_are_removed_and_shown(host: Host) -> None:
    host.put("user", "# ECS_ENGINE_AUTH_DATA=hunter2\nMINE=1\nAWS_SECRET_ACCESS_KEY=hunter2\nECS_CLUSTER=retail-edge\n")
    result = host.ensure()
    assert "MINE=1" in result["diff"][1]["before"]
    assert "MINE" not in host.text("user")
    assert "hunter2" not in json.dumps(result)


def test_secret_that_changes_shows_as_a_change(host: Host) -> None:
    more: dict[str, Any] = {"ECS_ENGINE_AUTH_TYPE": "dockercfg", "ECS_ENGINE_AUTH_DATA": {"r": {"auth": "hunter2"}}}
    host.ensure(**more)
    assert "hunter2" in host.text("user")
    more["ECS_ENGINE_AUTH_DATA"] = {"r": {"auth": "hunter3"}}
    result = host.ensure(**more)
    assert result["changed"] and "hunter" not in json.dumps(result)
    assert result["diff"][1]["before"] != result["diff"][1]["after"]


def test_left_over_temporary_file_does_no_harm(host: Host) -> None:
    host.put("user", "")
    Path(host.paths["user"]).with_name(".ecs.config.edgefleet-new").write_text("half", encoding="utf-8")
    host.ensure()
    assert os.listdir(os.path.dirname(host.paths["user"])) == ["ecs.config"]


def test_failed_write_keeps_the_old_file(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.ensure()
    before = host.text("user")

    def broken(*_names: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(OSError, match="No space left"):
        host.ensure(ECS_LOGLEVEL="debug")
    assert host.text("user") == before
    assert os.listdir(os.path.dirname(host.paths["user"])) == ["ecs.config"]


@pytest.mark.parametrize(
    ("more", "registered", "names"),
    [
        ({"ECS_CLUSTER": "other"}, True, ["ECS_CLUSTER"]),
        ({"ECS_CLUSTER": "other"}, False, []),
        ({"ECS_INSTANCE_ATTRIBUTES": {"site": "oslo"}}, True, ["ECS_INSTANCE_ATTRIBUTES"]),
        ({"ECS_INSTANCE_ATTRIBUTES": {}}, True, []),
        ({"ECS_LOGLEVEL": "debug"}, True, []),
    ],
)
def test_reset_required(host: Host, more: dict[str, Any], registered: bool, names: list[str]) -> None:
    host.ensure()
    if registered:
        host.register()
    assert host.ensure(check_mode=True, **more)["reset_required"] == names
    assert host.ensure(**more)["reset_required"] == names


def test_no_reset_for_the_same_attributes_in_another_notation(host: Host) -> None:
    host.ensure(ECS_INSTANCE_ATTRIBUTES={"b": "2", "a": "1"})
    host.register()
    host.put("user", 'ECS_CLUSTER=retail-edge\nECS_INSTANCE_ATTRIBUTES={ "b": "2", "a": "1" }\n')
    assert host.ensure(ECS_INSTANCE_ATTRIBUTES={"a": "1", "b": "2"})["reset_required"] == []


def test_user_file_wins_for_the_old_value(host: Host) -> None:
    host.put("instance", "ECS_CLUSTER=old\n")
    host.put("user", "ECS_CLUSTER=retail-edge\n")
    host.register()
    assert host.ensure()["reset_required"] == []


# The module as a program ----------------------------------------------------------------------------------------------


def run_module(tmp_path: Path, **options: Any) -> dict[str, Any]:
    """Run main() in a process of its own, with both files below tmp_path."""
    program = (
        "import json, sys\n"
        "from ansible.module_utils import basic\n"
        "from ansible_collections.edgefleet.ecs.plugins.modules import agent_config as m\n"
        "root = sys.argv[1]\n"
        "m.FILES = {name: root + path for name, path in m.FILES.items()}\n"
        "m.STATE_FILE = root + m.STATE_FILE\n"
        "basic._ANSIBLE_ARGS = sys.argv[2].encode()\n"
        "basic._ANSIBLE_PROFILE = 'legacy'\n"
        "basic.AnsibleModule.log = lambda self, msg, log_args=None: sys.stderr.write(str(msg) + str(log_args))\n"
        "m.main()\n"
    )
    # Later versions of ansible-core echo the options only when asked to.
    echo = {"_ansible_inject_invocation": True} if "_inject_invocation" in Path(basic.__file__).read_text() else {}
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_diff": True, **echo, **options}})
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "hunter2" not in run.stderr + run.stdout, "a secret in the journal or in the result"
    result: dict[str, Any] = json.loads(run.stdout)
    return result


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="writes files of root")


@needs_root
def test_program_writes_and_hides(tmp_path: Path) -> None:
    config = {
        **CONFIG,
        "HTTP_PROXY": "http://joe:hunter2@proxy:3128",
        "NO_PROXY": ["169.254.169.254", "169.254.170.2", "/var/run/docker.sock"],
        "ECS_ENGINE_AUTH_TYPE": "dockercfg",
    }
    secrets = {"ECS_ENGINE_AUTH_DATA": {"r": {"auth": "hunter2hunter2"}}}
    result = run_module(tmp_path, config=config, secret_config=secrets)
    assert result["changed"] is True
    text = (tmp_path / "etc/ecs/ecs.config").read_text(encoding="utf-8")
    assert "hunter2hunter2" in text and "joe:hunter2@" in text
    assert run_module(tmp_path, config=config, secret_config=secrets)["changed"] is False


@needs_root
def test_program_hides_secrets_given_as_plain_options(tmp_path: Path) -> None:
    config = {**CONFIG, "ECS_ENGINE_AUTH_TYPE": "docker", "ECS_ENGINE_AUTH_DATA": {"r": {"password": "hunter2"}}}
    result = run_module(tmp_path, config=config)
    assert result["changed"] is True
    assert result["invocation"]["module_args"]["config"]["ECS_CLUSTER"] == "retail-edge"


def test_program_refuses_before_it_writes(tmp_path: Path) -> None:
    config = {**CONFIG, "ECS_CLUSTER": "retail edge", "ECS_EXTERNAL": "True", "ECS_ENGINE_AUTH_DATA": "hunter2"}
    result = run_module(tmp_path, config=config)
    assert result["failed"] and len(result["errors"]) == 3
    assert result["msg"].startswith("The configuration is refused, nothing was changed. ECS_CLUSTER: ")
    assert list(tmp_path.iterdir()) == []


def test_program_refuses_a_variable_given_twice(tmp_path: Path) -> None:
    result = run_module(tmp_path, config=CONFIG, secret_config={"ECS_CLUSTER": "x"})
    assert "both config and secret_config" in result["msg"]
