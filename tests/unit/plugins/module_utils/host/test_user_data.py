# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""User data: what a shell makes of it is what was asked, and no secret gets in."""

from __future__ import annotations

import string
import subprocess
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ecs_config, user_data
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ecs_settings import FILES, USER
from hypothesis import strategies as st

CLUSTER = {"ECS_CLUSTER": "retail-edge"}
# What a shell, a here-document or a printf could stumble over. Line breaks end a line of the text.
AWKWARD = st.text(alphabet=string.printable.replace("\r", "") + "\u00e9\u2019", max_size=60)


def run(script: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-s"], input=script, text=True, capture_output=True, timeout=30, **options)


def at(folder: Path, script: str) -> str:
    """The script, writing below a folder."""
    return script.replace("/etc/ecs", f"{folder}/etc/ecs").replace("/var/lib/ecs", f"{folder}/var/lib/ecs")


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(lines=st.lists(AWKWARD, min_size=1, max_size=4), folder=st.sampled_from(["plain", "it's $HOME `x`"]))
def test_a_shell_writes_exactly_the_text(tmp_path_factory: Any, lines: list[str], folder: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    hypothesis.assume("END_OF_ECS_CONFIG" not in text.split("\n"))
    path = tmp_path_factory.mktemp("host") / folder / "ecs.config"
    done = run("\n".join(["set -eu", *user_data.write_file(str(path), text)]) + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert path.read_bytes() == text.encode()
    assert [one.name for one in path.parent.iterdir()] == ["ecs.config"]
    assert path.stat().st_mode & 0o777 == 0o600


SAFE = st.text(alphabet=string.ascii_letters + string.digits + " _.:/=+@-", max_size=20).map(str.strip)
OPEN = st.text(alphabet=string.ascii_letters + "$`'\";|&<>(){}!*?~#% ", min_size=1, max_size=20).map(str.strip)


@hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
@hypothesis.given(tags=st.dictionaries(SAFE, SAFE, max_size=3), label=OPEN, profile=OPEN)
def test_the_agent_gets_what_was_asked(tmp_path_factory: Any, tags: Any, label: str, profile: str) -> None:
    asked = {
        "ECS_CONTAINER_INSTANCE_TAGS": tags,
        "ECS_AGENT_LABELS": {"label": label},
        "ECS_AGENT_APPARMOR_PROFILE": profile,
    }
    refused = {error.split(":")[0] for error in ecs_config.validate(asked, external=False)}
    config = CLUSTER | {name: value for name, value in asked.items() if name not in refused}
    folder = tmp_path_factory.mktemp("host")
    done = run(at(folder, user_data.render(config)))
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "etc/ecs/ecs.config").read_text() == ecs_config.render(config)[USER]


def test_only_files_with_something_in_them_are_written(tmp_path: Path) -> None:
    run(at(tmp_path, user_data.render(CLUSTER)))
    assert not (tmp_path / "var").exists()
    run(at(tmp_path, user_data.render({**CLUSTER, "ECS_BACKEND_HOST": "https://ecs.example.com"})))
    assert "ECS_BACKEND_HOST=https://ecs.example.com\n" in (tmp_path / "var/lib/ecs/ecs.config").read_text()


def test_what_fails_later_does_not_keep_the_instance_from_joining(tmp_path: Path) -> None:
    commands = ["false", "echo $undefined | grep -q x", f"echo ran > {tmp_path}/ran"]
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "docker").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/docker\nexit 1\n')
    (tools / "logger").write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    script = user_data.render(CLUSTER, commands, ["registry.example.com/till:1.4", "app@sha256:00"])
    assert run(at(tmp_path, script), env={"PATH": f"{tools}:/usr/bin:/bin"}).returncode == 0
    assert (tmp_path / "ran").exists()
    assert (
        tmp_path / "docker"
    ).read_text() == "pull --quiet registry.example.com/till:1.4\npull --quiet app@sha256:00\n"
    assert "app@sha256:00" in (tmp_path / "log").read_text()


def test_a_file_that_cannot_be_written_ends_the_script(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("no folder")
    script = user_data.render(CLUSTER, [f"echo ran > {tmp_path}/ran"])
    assert run(at(tmp_path, script)).returncode != 0
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (
            {"ECS_ENGINE_AUTH_TYPE": "dockercfg", "ECS_ENGINE_AUTH_DATA": {"r": {"auth": "c2VjcmV0"}}},
            "ECS_ENGINE_AUTH_DATA",
        ),
        ({"HTTPS_PROXY": "http://ops:c2VjcmV0@proxy:3128"}, "HTTPS_PROXY"),
        ({"ECS_LOG_OPTS": {"splunk-token": "c2VjcmV0"}}, "ECS_LOG_OPTS"),
        ({"AWS_SECRET_ACCESS_KEY": "c2VjcmV0"}, "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_secrets_are_refused_unseen(config: dict[str, Any], name: str) -> None:
    with pytest.raises(user_data.UserDataError) as caught:
        user_data.render({**CLUSTER, **config})
    assert name in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)
    assert any("leave it out" in error or "instance profile" in error for error in caught.value.errors)


def test_every_error_is_told_at_once() -> None:
    config = {"ECS_EXTERNAL": True, "ECS_LOGLEVEL": "loud", "ECS_CLUSTR": "x"}
    with pytest.raises(user_data.UserDataError) as caught:
        user_data.render(config, [1], ["two words"])  # type: ignore[list-item]
    told = str(caught.value)
    for part in ("ECS_EXTERNAL", "ECS_LOGLEVEL", "did you mean ECS_CLUSTER", "ECS_CLUSTER: is missing", "commands[0]"):
        assert part in told
    assert "images[0]: 'two words'" in told


def test_what_only_ec2_has_is_allowed() -> None:
    assert "ECS_ENABLE_TASK_ENI=true\n" in user_data.render({**CLUSTER, "ECS_ENABLE_TASK_ENI": True})


def test_the_limit_is_that_of_ec2() -> None:
    room = user_data.LIMIT - len(user_data.render(CLUSTER, [""]))
    assert len(user_data.render(CLUSTER, ["#" * room])) == user_data.LIMIT
    with pytest.raises(user_data.UserDataError, match="1 more than the 16384"):
        user_data.render(CLUSTER, ["#" * (room + 1)])


def test_the_delimiter_cannot_be_part_of_the_text() -> None:
    for text in ("a=1\nEND_OF_ECS_CONFIG\n", "a=1"):
        with pytest.raises(ValueError, match="delimiter"):
            user_data.write_file("/etc/ecs/ecs.config", text)
    assert FILES[USER] in user_data.render(CLUSTER)
