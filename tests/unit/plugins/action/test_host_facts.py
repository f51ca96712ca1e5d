# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action: what it sends, how often, and what it makes of the answers."""

from __future__ import annotations

import ast
import json
import os
import shlex
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.edgefleet.ecs.plugins.action import host_facts
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import observe

GOOD = {"registration": {"region": "us-west-2"}}


def answer(**parts: Any) -> str:
    clock = {"epoch": 1.0, "skew_seconds": None, "synchronized": None}
    return observe.START + json.dumps({"schema": 1, "clock": clock, "interpreter": "/p/python3", **parts}) + observe.END


class Action(host_facts.ActionModule):
    """The action on a connection that keeps what it is asked to run."""

    def __init__(self, arguments: dict[str, Any], answers: dict[str, Any] | Exception, pipelining: bool = True) -> None:
        task = SimpleNamespace(
            args=arguments, async_val=0, check_mode=True, action="edgefleet.ecs.host_facts", delegate_to=None
        )
        shell = SimpleNamespace(tmpdir=None)
        connection = SimpleNamespace(_shell=shell, has_pipelining=pipelining, become=None)
        loader = DataLoader()
        super().__init__(task, connection, SimpleNamespace(), loader, Templar(loader=loader), None)
        self.answers = answers
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def _low_level_execute_command(self, cmd: str, **options: Any) -> dict[str, Any]:
        self.asked.append((cmd, options))
        if isinstance(self.answers, Exception):
            raise self.answers
        return {"rc": 0, "stdout": "", "stderr": "", **self.answers}

    def _early_needs_tmp_path(self) -> bool:
        assert not self.TRANSFERS_FILES
        return False


VARIABLES = {"inventory_hostname": "lyon-1"}


# --- what is sent ---


@pytest.mark.parametrize("desired", [None, GOOD])
def test_one_execution_and_no_file(desired: dict[str, Any] | None) -> None:
    action = Action({} if desired is None else {"desired": desired}, {"stdout": answer()})
    action.run(task_vars=dict(VARIABLES))
    ((_command, options),) = action.asked
    assert zlib.decompress(options["in_data"]) == Path(str(observe.__file__)).read_bytes()
    assert options["sudoable"] is True


def test_a_connection_without_standard_input_gets_the_script_as_an_argument() -> None:
    action = Action({}, {"stdout": answer()}, pipelining=False)
    action.run(task_vars=dict(VARIABLES))
    ((command, options),) = action.asked
    assert "in_data" not in options
    assert len(command) < 100_000  # Linux takes 128 KiB in one argument
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert host_facts.answer_in(ran.stdout)


@pytest.mark.parametrize("interpreter", [None, sys.executable])
def test_the_command_runs_the_script(interpreter: str | None) -> None:
    command = host_facts.command(interpreter, host_facts.FROM_STDIN)
    # As become and ssh wrap it: a shell in a shell.
    wrapped = "/bin/sh -c " + shlex.quote("echo BECOME-SUCCESS ; " + command)
    ran = subprocess.run(["/bin/sh", "-c", wrapped], input=host_facts.SCRIPT, capture_output=True, check=True)
    host = host_facts.answer_in(ran.stdout.decode())
    assert host is not None and host["hostname"] == os.uname().nodename


def test_a_host_without_python_is_known_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_facts, "INTERPRETERS", ("/no/such/python3", "no-such-python3"))
    command = host_facts.command(None, host_facts.FROM_STDIN)
    ran = subprocess.run(["/bin/sh", "-c", command], input=b"", capture_output=True)
    assert ran.returncode == host_facts.NO_PYTHON


def test_the_newest_python_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("python3.12", "python3"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name}\n")
        (tmp_path / name).chmod(0o755)
    names = tuple(str(tmp_path / Path(name).name) for name in host_facts.INTERPRETERS)
    monkeypatch.setattr(host_facts, "INTERPRETERS", names)
    ran = subprocess.run(["/bin/sh", "-c", host_facts.command(None, "x")], capture_output=True, text=True, check=True)
    assert ran.stdout == "python3.12\n"


@pytest.mark.parametrize(
    ("variables", "interpreter"),
    [
        ({}, None),
        ({"ansible_python_interpreter": "auto"}, None),
        ({"ansible_python_interpreter": "auto_silent"}, None),
        ({"ansible_python_interpreter": "/opt/py/bin/python3"}, "/opt/py/bin/python3"),
    ],
)
def test_interpreter(variables: dict[str, Any], interpreter: str | None) -> None:
    assert Action({}, {})._interpreter(variables) == interpreter


def test_interpreter_of_the_host_that_is_delegated_to() -> None:
    action = Action({}, {})
    action._task.delegate_to = "other"
    variables = {"ansible_delegated_vars": {"other": {"ansible_python_interpreter": "/o/python3"}}}
    assert action._interpreter({**variables, "ansible_python_interpreter": "/mine/python3"}) == "/o/python3"


# --- what comes back ---


def test_result_in_check_mode() -> None:
    result = Action({}, {"stdout": answer(hostname="x")}).run(task_vars=dict(VARIABLES))
    assert result["changed"] is False
    assert result["host"]["hostname"] == "x"
    assert result["ansible_facts"] == {"edgefleet_host": result["host"], "discovered_interpreter_python": "/p/python3"}
    assert set(result) == {"changed", "host", "ansible_facts"}


def test_an_interpreter_that_somebody_set_is_not_passed_on() -> None:
    variables = {**VARIABLES, "ansible_python_interpreter": "/mine/python3"}
    result = Action({}, {"stdout": answer()}).run(task_vars=variables)
    assert set(result["ansible_facts"]) == {"edgefleet_host"}


def test_result_with_desired() -> None:
    registration = {"registered": False, "instance_id": None, "region": None, "same_machine": None, "backup": False}
    stdout = answer(registration=registration, arch="x86_64", python="3.11.2", machine_id="m")
    result = Action({"desired": GOOD}, {"stdout": stdout}).run(task_vars=dict(VARIABLES))
    assert [entry["component"] for entry in result["drift"]] == ["registration"]
    assert result["changed"] is True  # in check mode, as here: a run would register the host
    assert result["diff"]["before"] == {"registration": {"instance_id": None}}
    # The clock in the answer stands at 1970, and the action has worked out how far that is off.
    assert [finding["check"] for finding in result["findings"]] == ["clock"]


def test_what_is_asked_may_be_told_by_the_names_of_variables() -> None:
    registration = {"registered": False, "instance_id": None, "region": None, "same_machine": None, "backup": False}
    stdout = answer(registration=registration, arch="x86_64", python="3.11.2", machine_id="m")
    action = Action({"desired_from": ["one", "two"]}, {"stdout": stdout})
    parts = {"one": {"registration": {"region": trust_as_template("{{ fleet_region }}")}}, "two": {"images": {}}}
    result = action.run(task_vars={**VARIABLES, **parts, "fleet_region": "us-west-2"})
    assert [entry["component"] for entry in result["drift"]] == ["registration"]
    # Once: Ansible copies and converts a result many times.
    assert "host" not in result and result["ansible_facts"]["edgefleet_host"]["machine_id"] == "m"
    with pytest.raises(AnsibleActionFail, match="three"):
        Action({"desired_from": ["one", "three"]}, {}).run(task_vars={**VARIABLES, **parts})
    with pytest.raises(AnsibleActionFail, match="mutually exclusive"):
        Action({"desired_from": ["one"], "desired": GOOD}, {}).run(task_vars={**VARIABLES, **parts})


def test_noise_round_the_answer() -> None:
    noise = "Welcome!\n<<<x {}\n"
    assert host_facts.answer_in(noise + answer(hostname="h") + "\r\nbye\n") is not None


@pytest.mark.parametrize(
    "output",
    [
        "",
        "Welcome!",
        observe.START + "{}" + observe.END,
        observe.START + '{"schema": 2}' + observe.END,
        observe.START + "[]" + observe.END,
        observe.START + '{"schema": 1' + observe.END,
        observe.START + '{"schema": 1}',
    ],
)
def test_what_is_no_answer(output: str) -> None:
    assert host_facts.answer_in(output) is None
    with pytest.raises(AnsibleActionFail, match="could not be read .return code 1.: some error"):
        Action({}, {"stdout": output, "rc": 1, "stderr": "some\nerror"}).run(task_vars=dict(VARIABLES))


def test_no_python_has_its_own_words() -> None:
    with pytest.raises(AnsibleActionFail, match="no Python 3 on the host"):
        Action({}, {"rc": 127, "stderr": "sh: not found"}).run(task_vars=dict(VARIABLES))


def test_a_long_error_is_cut() -> None:
    assert len(host_facts.why_no_answer(1, "x" * 100_000, None)) < 700


@pytest.mark.parametrize(("sent", "received", "skew"), [(100.0, 100.0, 5.0), (99.0, 101.0, 5.0), (104.0, 106.5, -0.25)])
def test_skew_takes_half_of_the_round_trip(sent: float, received: float, skew: float) -> None:
    assert host_facts.skew(105.0, sent, received) == skew


def test_a_lost_connection_is_left_to_ansible() -> None:
    with pytest.raises(AnsibleConnectionFailure):
        Action({}, AnsibleConnectionFailure("no route")).run(task_vars=dict(VARIABLES))


# --- what is refused ---


def test_bad_input_never_reaches_the_host() -> None:
    action = Action({"desired": {"registration": {"region": "oslo"}}}, {"stdout": answer()})
    with pytest.raises(AnsibleActionFail) as caught:
        action.run(task_vars=dict(VARIABLES))
    assert action.asked == []
    message = str(caught.value)
    for part in ("lyon-1", "desired.registration.region", "'oslo'", "nothing was touched"):
        assert part in message
    assert len(caught.value.result["errors"]) == 1


@pytest.mark.parametrize("arguments", [{"desired": "x"}, {"desirde": {}}])
def test_bad_arguments(arguments: dict[str, Any]) -> None:
    action = Action(arguments, {"stdout": answer()})
    with pytest.raises(AnsibleActionFail):
        action.run(task_vars=dict(VARIABLES))
    assert action.asked == []


# --- through Ansible itself ---

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - edgefleet.ecs.host_facts:
        desired: {registration: {region: "{{ region }}"}}
      register: observation
    - ansible.builtin.assert:
        that:
          - observation is changed
          - ansible_facts.edgefleet_host.schema == 1
          - observation.drift is sequence
          - observation.findings is sequence
"""


def play(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "ansible.cfg").write_text("[defaults]\nretry_files_enabled = false\n")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "h,", "play.yml", *arguments]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)


def test_a_play_over_the_local_connection_in_check_mode(tmp_path: Path) -> None:
    ran = play(tmp_path, "-c", "local", "-e", "region=us-west-2", "--check")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "changed=1" in ran.stdout


def test_a_host_that_does_not_answer_is_unreachable_and_bad_input_fails_before(tmp_path: Path) -> None:
    # Port 1 of this machine: nobody listens.
    where = ["-e", "ansible_host=127.0.0.1", "-e", "ansible_port=1"]
    ran = play(tmp_path, *where, "-e", "region=us-west-2")
    assert "unreachable=1" in ran.stdout and ran.returncode == 4
    ran = play(tmp_path, *where, "-e", "region=oslo")
    assert "unreachable=0" in ran.stdout and "failed=1" in ran.stdout and "'oslo'" in ran.stdout


def test_questions_travel_inside_the_script() -> None:
    asked = {"images": ["a'b\"c\\d\n", "é"]}
    program = zlib.decompress(host_facts.script(asked)).decode()
    found: dict[str, Any] = {}
    exec(compile(program.replace('if __name__ == "__main__":', "if False:"), "script", "exec"), found)
    assert found["loads"](found["QUESTIONS"]) == asked


def test_without_questions_the_script_is_the_one_made_beforehand() -> None:
    assert host_facts.script({}) is host_facts.SCRIPT


# --- what only some hosts are asked ---

WITH_LOGIN = {"https": "http://user:hunter2@proxy:3128"}


def test_only_a_desired_state_with_preflight_asks_for_the_network() -> None:
    assert host_facts.questions(GOOD) == {}
    assert host_facts.script({}) is host_facts.SCRIPT
    asked = host_facts.questions({**GOOD, "preflight": {}})
    assert set(asked) == {"network"}
    sent = zlib.decompress(host_facts.script(asked)).decode()
    # As text in one line, which a registered host never compiles.
    (line,) = [line for line in sent.splitlines() if line.startswith("QUESTIONS = ")]
    assert json.loads(ast.literal_eval(line.partition(" = ")[2])) == asked


@pytest.mark.parametrize(("pipelining", "proxy", "asked"), [
    (True, WITH_LOGIN, True), (False, WITH_LOGIN, False), (False, {"https": "http://proxy:3128"}, True),
])  # fmt: skip
def test_a_login_never_goes_into_a_command_line(pipelining: bool, proxy: dict[str, str], asked: bool) -> None:
    question = {"network": {"when": "auto", "endpoints": {}, "proxy": proxy, "program": ""}}
    action = Action({}, {}, pipelining=pipelining)
    kept = question if action._takes_input() else host_facts.without_logins(question)
    assert (kept == question) is asked
    assert kept in (question, {})


@pytest.mark.parametrize(
    ("sent", "received", "took", "expected"),
    [(100.0, 102.0, 0.0, 49.0), (100.0, 110.0, 8.0, 41.0), (100.0, 110.0, 0.0, 45.0), (100.0, 101.0, 5.0, 49.0)],
)
def test_waiting_for_the_network_is_no_skew(sent: float, received: float, took: float, expected: float) -> None:
    assert host_facts.skew(150.0, sent, received, took) == expected
