# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registration never loses an identity: not by a bad activation, not by a slow network, not by a power cut."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import ssm_agent
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.ssm_agent import (
    Registrar,
    RegistrationError,
    Request,
    Result,
    Tools,
)
from ansible_collections.edgefleet.ecs.plugins.module_utils.host.vault import Identity, Paths, Vault

OLD = "mi-00000000000000000"
REGION = "eu-west-3"
CODE = "abcdefghijklmnopqrst"
ACTIVATION = "00000000-0000-4000-8000-000000000000"
INVALID = "ERROR Registration failed due to error registering the instance with AWS SSM. InvalidActivation: no\n"
REFUSED = 'RequestError: send request failed\ncaused by: Post "https://ssm": dial tcp: connect: connection refused\n'
THROTTLED = "ThrottlingException: Rate exceeded\n\tstatus code: 400\n"
INTERNAL = "InternalServerError: \n\tstatus code: 500\n"


class FakeHost:
    """A host whose agent forgets its identity first and asks for a new one then, as the real one does with -y."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.vault = Vault(Paths(str(root)))
        self.calls: list[str] = []
        self.answers: list[str] = []  # what the Region says; "" is yes, and so is the end of the list
        self.dead: tuple[str, ...] = ()  # identities for which the Region gives no credentials
        self.clock = 1000.0
        self.pauses: list[float] = []
        self.interrupt: Callable[[], None] = lambda: None
        os.makedirs(self.vault.paths.base, exist_ok=True)

    # State, all of it on disk: it must outlive a process

    def put(self, path: str, content: dict[str, Any]) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(content), encoding="utf-8")

    def put_identity(self, instance_id: str, region: str = REGION) -> None:
        content = {"instanceID": instance_id, "region": region, "privateKey": "key of " + instance_id}
        self.put(self.vault.paths.vault + "/Store/RegistrationKey", content)

    def registered(self, instance_id: str = OLD, region: str = REGION) -> FakeHost:
        self.put_identity(instance_id, region)
        self.put(self.vault.paths.note, {"ManagedInstanceID": instance_id})
        self.systemctl("start")
        return self

    @property
    def identity(self) -> str:
        found = self.vault.identity()
        return found.instance_id if found else ""

    @property
    def active(self) -> bool:
        return (self.root / "active").exists()

    @property
    def made(self) -> int:
        """Registrations that the activation has given."""
        return len(list(self.root.glob("made-*")))

    # The programs

    def systemctl(self, verb: str) -> Result:
        if verb == "stop":
            (self.root / "active").unlink(missing_ok=True)
            return Result(0, "")
        if verb == "restart" or not self.active:
            (self.root / "active").touch()
            self.credentials()
        return Result(0, "")

    def credentials(self) -> None:
        """A started agent reads its identity once, and fetches credentials."""
        if self.identity and self.identity not in self.dead:
            expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.clock + 3600))
            self.put(self.vault.paths.runtime, {"InstanceId": self.identity, "CredentialsExpiresAt": expires})

    def register(self, argv: Sequence[str]) -> Result:
        assert "-y" in argv and argv[argv.index("-region") + 1] == REGION
        assert not self.active, "the running agent may change its key while a copy is made"
        self.put(self.vault.paths.vault + "/Store/RegistrationKey", {"instanceID": "", "region": "", "privateKey": "x"})
        self.interrupt()
        answer = self.answers.pop(0) if self.answers else ""
        if answer:
            return Result(1, f"{answer} code {argv[argv.index('-code') + 1]}")
        instance_id = f"mi-{self.made + 1:017d}"
        (self.root / f"made-{self.made + 1}").touch()
        self.interrupt()
        self.put_identity(instance_id)
        self.put(self.vault.paths.note, {"ManagedInstanceID": instance_id})
        return Result(0, f"Successfully registered the instance with AWS SSM using Managed instance-id: {instance_id}")

    def run(self, argv: Sequence[str], keep: Sequence[int] = ()) -> Result:
        self.interrupt()
        self.calls.append(" ".join(argv[:2]))
        if argv[0] == "systemctl":
            assert argv[2] == "amazon-ssm-agent"
            result = self.systemctl(argv[1])
        elif "-clear" in argv:
            self.put(self.vault.paths.vault + "/Store/RegistrationKey", {"instanceID": ""})
            result = Result(0, "")
        else:
            assert keep and keep[0] >= 0, "the program must inherit the lock"
            result = self.register(argv)
        self.interrupt()
        return result

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.clock += seconds

    def tools(self) -> Tools:
        return Tools(self.run, self.sleep, lambda: self.clock, lambda: 0.5)

    def ensure(self, **more: Any) -> ssm_agent.Outcome:
        registrar = Registrar(self.vault, "/usr/bin/amazon-ssm-agent", "amazon-ssm-agent", self.tools())
        return registrar.ensure_present(self.request(**more))

    @staticmethod
    def request(**more: Any) -> Request:
        return Request(**{"region": REGION, "activation_id": ACTIVATION, "activation_code": CODE, **more})

    def assert_clean(self) -> None:
        names = {name for name in os.listdir(self.vault.paths.base) if "edgefleet" in name}
        assert not names, "something of a run is left"
        assert self.active, "the agent must run at the end"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


# What goes well -------------------------------------------------------------------------------------------------------


def test_first_registration(host: FakeHost) -> None:
    outcome = host.ensure()
    assert outcome == ssm_agent.Outcome(True, None, Identity("mi-00000000000000001", REGION))
    assert host.calls == ["systemctl stop", "/usr/bin/amazon-ssm-agent -register", "systemctl start"]
    host.assert_clean()


def test_second_run_does_nothing(host: FakeHost) -> None:
    host.ensure()
    host.calls.clear()
    outcome = host.ensure()
    assert not outcome.changed and outcome.before == outcome.after == Identity("mi-00000000000000001", REGION)
    assert host.calls == [] and host.made == 1


def test_registered_host_needs_no_activation(host: FakeHost) -> None:
    host.registered()
    assert not host.ensure(activation_id="", activation_code="").changed


def test_reregister(host: FakeHost) -> None:
    host.registered()
    outcome = host.ensure(reregister=True)
    assert outcome.changed and outcome.before == Identity(OLD, REGION)
    assert host.identity == "mi-00000000000000001"
    assert host.vault.abandoned() == [OLD]
    host.assert_clean()


def test_vault_counts_and_not_the_exit_code(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    register = host.register
    monkeypatch.setattr(host, "register", lambda argv: Result(1, register(argv).text + "Failed to write registration"))
    assert host.ensure().changed and host.made == 1


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_wrong_activation_leaves_a_registered_host_registered(host: FakeHost) -> None:
    host.registered()
    host.answers = [INVALID]
    with pytest.raises(RegistrationError, match="InvalidActivation.*(hidden).*edgefleet.ecs.activation") as caught:
        host.ensure(reregister=True)
    assert CODE not in str(caught.value)
    assert host.pauses == []  # at once
    assert host.identity == OLD
    assert json.loads(Path(host.vault.paths.note).read_text(encoding="utf-8")) == {"ManagedInstanceID": OLD}
    host.assert_clean()


def test_wrong_activation_on_a_bare_host(host: FakeHost) -> None:
    host.answers = [INVALID]
    with pytest.raises(RegistrationError, match="InvalidActivation"):
        host.ensure()
    assert host.identity == ""
    host.assert_clean()
    assert host.ensure().changed


@pytest.mark.parametrize("answer", [REFUSED, THROTTLED, INTERNAL, "net/http: TLS handshake timeout", "unexpected EOF"])
def test_what_passes_is_tried_again(host: FakeHost, answer: str) -> None:
    host.answers = [answer] * 3
    assert host.ensure(delay=4).changed
    assert host.pauses == [4, 8, 16]  # with a jitter in the middle of its range


def test_tries_end(host: FakeHost) -> None:
    host.registered()
    host.answers = [REFUSED] * 9
    with pytest.raises(RegistrationError, match="after 3 tries.*connection refused.*port 443"):
        host.ensure(reregister=True, retries=2)
    assert host.identity == OLD
    host.assert_clean()


@pytest.mark.parametrize("answer", [INVALID, "x509: certificate signed by unknown authority, RequestError", "what?"])
def test_what_stays_is_not_tried_again(host: FakeHost, answer: str) -> None:
    host.answers = [answer] * 9
    with pytest.raises(RegistrationError):
        host.ensure()
    assert len(host.answers) == 8


def test_a_refusal_leaves_no_note_of_the_identity_that_stays(host: FakeHost) -> None:
    host.registered()
    host.answers = [INVALID]
    with pytest.raises(RegistrationError):
        host.ensure(reregister=True)
    assert host.identity == OLD and not os.path.exists(host.vault.paths.abandoned)
    host.assert_clean()


def test_identity_that_gets_no_credentials(host: FakeHost) -> None:
    host.registered()
    host.dead = ("mi-00000000000000001",)
    with pytest.raises(RegistrationError, match="fetched no credentials") as caught:
        host.ensure(reregister=True, timeout=30)
    assert caught.value.orphan == "mi-00000000000000001"
    assert host.identity == OLD and 30 <= sum(host.pauses) < 32
    assert host.vault.abandoned() == ["mi-00000000000000001"]
    host.assert_clean()


def test_first_identity_that_gets_no_credentials_is_remembered_as_such(host: FakeHost) -> None:
    host.dead = ("mi-00000000000000001",)
    with pytest.raises(RegistrationError, match="fetched no credentials"):
        host.ensure()
    assert host.vault.interrupted() and host.active
    with pytest.raises(RegistrationError, match="with reregister"):
        host.ensure()
    host.dead = ()
    assert host.ensure().recovered
    host.assert_clean()
    assert host.made == 1


def test_first_identity_without_credentials_can_be_replaced(host: FakeHost) -> None:
    host.dead = ("mi-00000000000000001",)
    with pytest.raises(RegistrationError):
        host.ensure()
    assert host.ensure(reregister=True).after == Identity("mi-00000000000000002", REGION)
    host.assert_clean()


def test_unit_that_does_not_stop(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.registered()
    systemctl = host.systemctl
    monkeypatch.setattr(host, "systemctl", lambda verb: Result(1, "no") if verb == "stop" else systemctl(verb))
    with pytest.raises(RegistrationError, match="systemctl stop amazon-ssm-agent failed: no"):
        host.ensure(reregister=True)
    assert host.identity == OLD and host.made == 0
    host.assert_clean()


def test_full_disk(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_names: str) -> None:
        raise OSError(28, "No space left on device")

    host.registered()
    monkeypatch.setattr("ansible_collections.edgefleet.ecs.plugins.module_utils.host.files.copy_tree", full)
    with pytest.raises(OSError, match="No space left"):
        host.ensure(reregister=True)
    assert host.identity == OLD and host.made == 0
    host.assert_clean()


def test_region_and_clone_are_refused(host: FakeHost) -> None:
    host.registered(region="us-west-2")
    with pytest.raises(RegistrationError, match="in Region us-west-2, not in eu-west-3.*reregister"):
        host.ensure()
    assert host.ensure(reregister=True).after == Identity("mi-00000000000000001", REGION)
    host.put(host.vault.paths.vault + "/Store/InstanceFingerprint", {"hardwareHash": {"machine-id": "one\n"}})
    (host.root / "etc").mkdir()
    (host.root / "etc/machine-id").write_text("two\n", encoding="utf-8")
    with pytest.raises(RegistrationError, match="cloned or installed anew.*reregister"):
        host.ensure()
    assert host.ensure(reregister=True).changed
    # The records of the identity are the other machine's.
    assert host.vault.abandoned() == [] and os.path.exists(host.vault.paths.abandoned)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"activation_id": ""}, "missing"),
        ({"activation_code": ""}, "missing"),
        ({"activation_id": "1234"}, "'1234' is not the UUID"),
        ({"activation_code": "short"}, "20 to 250"),
        ({"activation_code": "-register-clear-y-xxxxxxxxxx"}, "20 to 250"),
        ({"activation_code": CODE + " x"}, "20 to 250"),
    ],
)
def test_bad_activation_is_refused_before_anything_happens(host: FakeHost, more: dict[str, str], part: str) -> None:
    host.registered()
    host.calls.clear()
    with pytest.raises(RegistrationError, match=part) as caught:
        host.ensure(reregister=True, **more)
    assert host.calls == [] and host.identity == OLD
    assert not more.get("activation_code") or more["activation_code"] not in str(caught.value)


def test_two_at_once(host: FakeHost) -> None:
    os.makedirs(os.path.dirname(host.vault.paths.lock), exist_ok=True)
    with open(host.vault.paths.lock, "w", encoding="utf-8") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(RegistrationError, match="another registration"):
            host.ensure(timeout=10)
    assert host.ensure().changed


# Absent ---------------------------------------------------------------------------------------------------------------


def absent(host: FakeHost, executable: str = "/usr/bin/amazon-ssm-agent") -> ssm_agent.Outcome:
    return Registrar(host.vault, executable, "amazon-ssm-agent", host.tools()).ensure_absent(host.request())


def test_absent(host: FakeHost) -> None:
    host.registered()
    outcome = absent(host)
    assert outcome == ssm_agent.Outcome(True, Identity(OLD, REGION), None)
    assert host.identity == "" and not host.active and not host.vault.traces()
    host.calls.clear()
    assert not absent(host).changed
    assert host.calls == []


def test_absent_drops_what_could_be_put_back(host: FakeHost) -> None:
    host.registered()
    host.vault.begin()
    host.vault.save()
    absent(host)
    assert not host.vault.interrupted()


def test_absent_takes_a_damaged_vault_away(host: FakeHost) -> None:
    host.registered()
    key = host.vault.paths.vault + "/Store/RegistrationKey"
    os.truncate(key, 10)
    assert host.vault.damaged() and host.vault.identity() is None
    assert absent(host).changed
    assert not host.vault.damaged() and not absent(host).changed


def test_absent_after_the_package(host: FakeHost) -> None:
    host.registered()
    host.calls.clear()
    assert absent(host, "").changed
    assert host.identity == "" and host.calls == []


# A look ahead ---------------------------------------------------------------------------------------------------------


def test_foresee_touches_nothing(host: FakeHost) -> None:
    assert ssm_agent.foresee(host.vault, host.request()).changed
    assert os.listdir(host.vault.paths.base) == [] and os.listdir(host.root) == ["var"]
    host.registered()
    assert not ssm_agent.foresee(host.vault, host.request()).changed
    assert ssm_agent.foresee(host.vault, host.request(reregister=True)).changed
    with pytest.raises(RegistrationError):
        ssm_agent.foresee(host.vault, host.request(region="us-west-2"))
    host.vault.begin()
    outcome = ssm_agent.foresee(host.vault, host.request())
    assert outcome.changed and "would be ended" in outcome.recovered


# Runs that are cut short ----------------------------------------------------------------------------------------------

STEPS = ("mkdir", "rename", "rmdir", "unlink")


def cut_short(host: FakeHost, step: int, **more: Any) -> bool:
    """Run ensure_present in a process that ends, as by SIGKILL, at a given step. False: it came to its end before."""
    child = os.fork()
    if child == 0:
        left = step

        def count() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(9)

        def counted(real: Any) -> Any:
            def call(*arguments: Any, **keywords: Any) -> Any:
                count()
                return real(*arguments, **keywords)

            return call

        code = 3
        try:
            host.interrupt = count
            for name in STEPS:
                setattr(os, name, counted(getattr(os, name)))
            try:
                host.ensure(**more)
                code = 0
            except RegistrationError:
                code = 0
        finally:
            os._exit(code)
    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 9)
    return os.waitstatus_to_exitcode(status) == 9


def assert_not_lost(host: FakeHost) -> None:
    saved = host.vault.saved()
    assert host.identity or (saved and saved.instance_id == OLD), "the identity is lost"


@pytest.mark.parametrize("answers", [[], [INVALID], [REFUSED]], ids=["good", "refused", "again"])
@pytest.mark.parametrize("registered", [True, False], ids=["registered", "bare"])
def test_run_cut_short_at_any_step_ends_well_when_repeated(
    tmp_path: Path, registered: bool, answers: list[str]
) -> None:
    step, cut = 0, True
    while cut:
        step += 1
        host = FakeHost(tmp_path / str(step))
        if registered:
            host.registered()
        host.answers = list(answers)
        cut = cut_short(host, step, reregister=registered)
        if registered:
            assert_not_lost(host)
        if step % 2:
            host.systemctl("restart")  # as after a power cut; otherwise only the process was killed
        host.answers = []
        host.ensure()
        host.assert_clean()
        assert host.vault.proven(host.identity, host.clock)
        assert host.made <= 2
    assert step > 15, "the test has not met the steps that it is for"


def test_identity_of_a_run_cut_short_is_not_replaced_again(tmp_path: Path) -> None:
    """The same run, repeated: what the first one reached is enough."""
    made = set()
    step, cut = 0, True
    while cut:
        step += 1
        host = FakeHost(tmp_path / str(step)).registered()
        cut = cut_short(host, step, reregister=True)
        proven_before = host.identity != OLD and host.vault.interrupted() and host.identity
        outcome = host.ensure(reregister=True)
        if proven_before:
            assert host.made == 1 and outcome.recovered
        assert OLD in host.vault.abandoned()
        made.add(host.made)
        host.assert_clean()
    assert made == {1, 2}


def test_recovery_cut_short_ends_well_too(tmp_path: Path) -> None:
    """Cut a run after the old identity was forgotten, then cut the run that puts it back at each of its steps."""
    step, cut = 0, True
    while cut:
        step += 1
        host = FakeHost(tmp_path / str(step)).registered()
        host.vault.begin()
        host.systemctl("stop")
        host.vault.save()
        host.put(host.vault.paths.vault + "/Store/RegistrationKey", {"instanceID": ""})
        cut = cut_short(host, step)
        assert_not_lost(host)
        host.ensure()
        assert host.identity == OLD
        host.assert_clean()
    assert step > 6, "the test has not met the steps that it is for"


def test_unproven_identity_of_a_run_cut_short_gives_way_to_the_old_one(host: FakeHost) -> None:
    host.registered()
    host.vault.begin()
    host.vault.save()
    host.put_identity("mi-new")
    host.dead = ("mi-new",)
    outcome = host.ensure(timeout=5)
    assert outcome.changed and host.identity == OLD and outcome.orphan == "mi-new"
    assert host.vault.abandoned() == ["mi-new"]
    assert "put back" in outcome.recovered
    host.assert_clean()


# The edges ------------------------------------------------------------------------------------------------------------


def test_pause_grows_and_ends() -> None:
    assert [ssm_agent.pause(5, tries, 0.5) for tries in (1, 2, 3, 9)] == [5, 10, 20, 120]
    assert ssm_agent.pause(5, 1, 0.0) == 2.5 and ssm_agent.pause(5, 1, 1.0) == 7.5


def test_run_gives_no_input_and_both_outputs() -> None:
    result = ssm_agent.run(["sh", "-c", "cat; echo out; echo err >&2; exit 3"])
    assert result == Result(3, "out\nerr\n")


def test_run_with_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssm_agent, "COMMAND_TIMEOUT", 0.2)
    result = ssm_agent.run(["sleep", "5"])
    assert result.code == -1 and ssm_agent.passing(result)


def test_lock_outlives_a_killed_run_as_long_as_the_program(host: FakeHost) -> None:
    with ssm_agent.Lock(host.vault.paths.lock, 1, host.tools()) as descriptor:
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        os.close(os.dup(descriptor))
    try:
        with (
            pytest.raises(RegistrationError, match="another registration"),
            ssm_agent.Lock(host.vault.paths.lock, 1, host.tools()),
        ):
            pass
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
    with ssm_agent.Lock(host.vault.paths.lock, 1, host.tools()):
        pass


def test_find_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "amazon-ssm-agent").touch(0o644)
    assert ssm_agent.find_executable() != str(tmp_path / "amazon-ssm-agent")
    (tmp_path / "amazon-ssm-agent").chmod(0o755)
    assert ssm_agent.find_executable() == str(tmp_path / "amazon-ssm-agent")
