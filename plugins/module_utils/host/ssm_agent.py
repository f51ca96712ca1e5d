# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Register a host with Systems Manager through the SSM agent's own program, without ever losing an identity."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import time
import typing as t

from . import files, proxy
from .ecs_settings import SETTINGS
from .vault import Identity, Vault

COMMAND_TIMEOUT = 180.0  # the agent itself gives up after about ten seconds
LONGEST_PAUSE = 120.0
POLL = 0.5

# What the agent prints when another try can't help. InvalidActivation also stands for expired, deleted and used up.
_FINAL = re.compile(r"InvalidActivation|AccessDenied|x509:|certificate|UnsupportedPlatform|RegistrationLimit")
# The AWS SDK for Go: connection trouble, throttling and 5xx in its own words.
_PASSING = re.compile(
    r"RequestError|send request failed|connection re(?:fused|set)|no such host|timed? ?out|deadline exceeded"
    r"|\bEOF\b|unreachable|Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|ServiceUnavailable|InternalServerError"
    r"|InternalFailure|status code: 5\d\d",
    re.IGNORECASE,
)
_ADVICE = (
    (
        "InvalidActivation",
        "the activation is wrong, expired, deleted, used up, or of another Region; a host that was registered before "
        "needs another activation than the first time. Make a new one with edgefleet.ecs.activation",
    ),
    (
        "x509:|certificate",
        "the host does not trust the certificate of the endpoint; look at its CA store and at a proxy",
    ),
    ("AccessDenied", "the endpoint refused the call; look at the policy of a VPC endpoint or a proxy in between"),
    (
        "RequestError|send request failed|connection|no such host|unreachable|timed? ?out",
        "the host does not reach the Systems Manager endpoint of the Region on port 443; look at routes, DNS and "
        "firewall, and set the proxy with edgefleet.ecs.proxy_config",
    ),
    ("Throttl|TooManyRequests|LimitExceeded", "too many hosts register at once; raise retries and delay"),
)


class RegistrationError(Exception):
    """Why the host is not registered as asked. The text is safe to show."""

    def __init__(self, message: str, orphan: str = "") -> None:
        super().__init__(message)
        self.orphan = orphan


class Result(t.NamedTuple):
    code: int
    text: str


class Request(t.NamedTuple):
    region: str
    activation_id: str = ""
    activation_code: str = ""
    reregister: bool = False
    retries: int = 5
    delay: float = 5.0
    timeout: float = 120.0


class Outcome(t.NamedTuple):
    changed: bool
    before: Identity | None
    after: Identity | None
    recovered: str = ""  # what was done about a run that was cut short
    orphan: str = ""  # a managed node that this host made and does not use


class Tools(t.NamedTuple):
    """The world outside, so that tests can bring their own."""

    run: t.Callable[[t.Sequence[str], t.Sequence[int]], Result]
    sleep: t.Callable[[float], None]
    now: t.Callable[[], float]
    jitter: t.Callable[[], float]  # 0 to 1


def run(argv: t.Sequence[str], keep: t.Sequence[int] = ()) -> Result:
    """Run a command without input: asked for confirmation, the agent gives up at its end.

    AnsibleModule.run_command has no time limit, and nothing below modules/ knows a module.
    """
    # The agent's program does not read its unit, and so not the unit's proxy (agent/proxyconfig of its source).
    environment = {**os.environ, **proxy.from_file(), "LC_ALL": "C"}
    try:
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_TIMEOUT,
            pass_fds=tuple(keep),
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(-1, f"timed out after {COMMAND_TIMEOUT:.0f} s")
    return Result(done.returncode, done.stdout.decode("utf-8", "replace"))


def _jitter() -> float:
    return int.from_bytes(os.urandom(4), "big") / 2.0**32


TOOLS = Tools(run, time.sleep, time.time, _jitter)


def find_executable() -> str:
    places = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin", "/opt/aws/bin"]
    for place in places:
        path = os.path.join(place, "amazon-ssm-agent")
        if place and os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return ""


def advice_for(text: str) -> str:
    for pattern, advice in _ADVICE:
        if re.search(pattern, text, re.IGNORECASE):
            return advice
    return "look at /var/log/amazon/ssm/amazon-ssm-agent.log on the host"


def passing(result: Result) -> bool:
    """Whether another try may help."""
    return not _FINAL.search(result.text) and bool(_PASSING.search(result.text))


class Lock:
    """One registration at a time. The agent's program inherits it: a run that is killed may leave that one at work."""

    def __init__(self, path: str, timeout: float, tools: Tools) -> None:
        self.path, self.timeout, self.tools = path, timeout, tools
        self.descriptor = -1

    def __enter__(self) -> int:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        deadline = self.tools.now() + self.timeout
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self.descriptor
            except BlockingIOError:
                if self.tools.now() >= deadline:
                    os.close(self.descriptor)
                    raise RegistrationError("another registration is at work on this host") from None
            self.tools.sleep(POLL)

    def __exit__(self, *_error: object) -> None:
        os.close(self.descriptor)


class Registrar:
    """The agent's program, its unit and its Vault, seen as one thing."""

    def __init__(self, vault: Vault, executable: str, unit: str, tools: Tools = TOOLS) -> None:
        self.vault, self.executable, self.unit, self.tools = vault, executable, unit, tools
        self.lock = -1
        self.orphan = ""
        self.fulfilled = False  # a run that was cut short got as far as this one was to go

    # The unit

    def _systemctl(self, verb: str) -> None:
        result = self.tools.run(["systemctl", verb, self.unit], ())
        if result.code != 0:
            tail = " ".join(result.text.split())[-300:]
            raise RegistrationError(f"systemctl {verb} {self.unit} failed: {tail}")

    def wait(self, instance_id: str, timeout: float) -> bool:
        """Wait until the agent shows credentials of this identity."""
        deadline = self.tools.now() + timeout
        while not self.vault.proven(instance_id, self.tools.now()):
            if self.tools.now() >= deadline:
                return False
            self.tools.sleep(POLL)
        return True

    # Registering

    def _try_once(self, request: Request, previous: Identity | None) -> Result:
        # The program takes the code as an argument only (core/agent_parser.go): no stdin, file or variable. Until it
        # ends, local users may read it in the list of processes; hence short-lived activations of few registrations.
        argv = [self.executable, "-register", "-y", "-code", request.activation_code]
        argv += ["-id", request.activation_id, "-region", request.region]
        result = self.tools.run(argv, (self.lock,))
        now = self.vault.identity()
        if now is not None and now != previous:  # what the Vault says counts, not the exit code
            return Result(0, result.text)
        return Result(result.code or 1, result.text or "the agent's program printed nothing")

    def register(self, request: Request, previous: Identity | None) -> Identity:
        """Get an identity, with patience for what passes. Raises RegistrationError."""
        tries = 0
        while True:
            tries += 1
            result = self._try_once(request, previous)
            identity = self.vault.identity()
            if result.code == 0 and identity is not None:
                return identity
            if tries > request.retries or not passing(result):
                raise RegistrationError(self._explain(result, request, tries))
            self.tools.sleep(pause(request.delay, tries, self.tools.jitter()))

    def _explain(self, result: Result, request: Request, tries: int) -> str:
        text = result.text.replace(request.activation_code, "(hidden)")
        lines = [line for line in text.splitlines() if line.strip()]
        last = " / ".join(line.strip() for line in lines[-3:])[-600:]
        times = f" after {tries} tries" if tries > 1 else ""
        failed = f"the SSM agent could not register with activation {request.activation_id}{times}"
        return f"{failed}: {last}; {advice_for(text)}"

    def _replace(self, request: Request, previous: Identity | None) -> Identity:
        """From the old identity, if any, to a proven new one."""
        self.vault.begin()
        try:
            self._systemctl("stop")
            self.vault.save()
            if request.reregister:
                # Before it is given up: whoever comes after a power cut must know whose records are to be removed.
                own = previous is not None and not self.vault.other_machine()
                self.vault.abandon(*([previous.instance_id] if previous and own else []))
            identity = self.register(request, previous)
            self._systemctl("start")
            if not self.wait(identity.instance_id, request.timeout):
                raise RegistrationError(self._no_credentials(identity, request.timeout), identity.instance_id)
        except BaseException:
            self._undo()
            raise
        self.vault.drop()
        return identity

    def _no_credentials(self, identity: Identity, timeout: float) -> str:
        return (
            f"the host became {identity.instance_id}, but in {timeout:.0f} s the agent fetched no credentials with it; "
            "look at the role of the activation, at the clock of the host and at /var/log/amazon/ssm"
        )

    def _undo(self) -> None:
        """Back to the old identity; without one, leave what there is and the sign that it isn't proven."""
        saved, current = self.vault.saved(), self._current()
        if saved is not None:
            self.tools.run(["systemctl", "stop", self.unit], ())
            self.vault.restore()
        # Whatever went wrong before is the news, so a failure here is not.
        self.tools.run(["systemctl", "start", self.unit], ())
        if saved is not None or self.vault.identity() is None or self.vault.proven(self._current(), self.tools.now()):
            self.vault.drop()
        if saved is not None:
            with contextlib.suppress(OSError):
                self.vault.keep(saved.instance_id)
                if current not in ("", saved.instance_id):
                    self.vault.abandon(current)

    def _current(self) -> str:
        identity = self.vault.identity()
        return identity.instance_id if identity else ""

    # A run that was cut short

    def recover(self, request: Request) -> str:
        """End what an earlier run began. Returns what was done, nothing if there was nothing to do."""
        self.vault.sweep()
        if not self.vault.interrupted():
            return ""
        saved, current = self.vault.saved(), self.vault.identity()
        if saved is None:
            return self._recover_without_copy(current, request)
        if current is not None:
            self._systemctl("restart")
            if current == saved:
                self.vault.drop()
                return f"an earlier run was cut short before it changed anything; the host is still {saved.instance_id}"
            if self.wait(current.instance_id, request.timeout):
                self.vault.drop()
                self.fulfilled = True
                return f"an earlier run was cut short; its new identity {current.instance_id} is good"
            self.orphan = current.instance_id
            self.vault.abandon(self.orphan)
        self._systemctl("stop")
        self.vault.restore()
        self._systemctl("start")
        self.vault.keep(saved.instance_id)
        self.vault.drop()
        return f"an earlier run was cut short; the identity {saved.instance_id} was put back"

    def _recover_without_copy(self, current: Identity | None, request: Request) -> str:
        """Nothing was there to lose, or the copy was not complete, so that nothing was changed: the Vault is right."""
        if current is not None and not request.reregister:
            self._systemctl("restart")
            if not self.wait(current.instance_id, request.timeout):
                advice = "; with reregister, the host gets another identity"
                raise RegistrationError(self._no_credentials(current, request.timeout) + advice, current.instance_id)
        self.vault.drop()
        found = f"the host is {current.instance_id}" if current else "the host was not registered"
        return f"an earlier run was cut short; {found}"

    # States

    def ensure_present(self, request: Request) -> Outcome:
        with Lock(self.vault.paths.lock, request.timeout, self.tools) as self.lock:
            begun = self.vault.identity() or self.vault.saved()
            recovered = self.recover(request)
            before = self.vault.identity()
            if before is not None and (self.fulfilled or not request.reregister):
                check_identity(before, request.region, self.vault.other_machine())
                return Outcome(bool(recovered), begun, before, recovered, self.orphan)
            check_activation(request)
            after = self._replace(request, before)
            return Outcome(True, before, after, recovered, self.orphan)

    def ensure_absent(self, request: Request) -> Outcome:
        before = self.vault.identity()
        if not self.vault.traces():
            return Outcome(False, None, None)
        with Lock(self.vault.paths.lock, request.timeout, self.tools) as self.lock:
            self.vault.drop()  # first, or a later run would take it for something to put back
            self._clear()
            self.vault.forget()
        return Outcome(True, before, None)

    def _clear(self) -> None:
        if not self.executable:  # the package went first
            files.remove_tree(self.vault.paths.vault)
            return
        self._systemctl("stop")
        result = self.tools.run([self.executable, "-register", "-clear"], (self.lock,))
        if self.vault.identity() is not None:
            raise RegistrationError(f"the SSM agent did not clear its registration: {result.text.strip()[-300:]}")
        if self.vault.damaged():
            files.remove_tree(self.vault.paths.vault)  # the agent would trip over it when it registers anew


def pause(delay: float, tries: int, jitter: float) -> float:
    """Seconds before the next try: growing, and spread, so that the hosts of a site don't come back all at once."""
    return float(min(delay * 2 ** (tries - 1), LONGEST_PAUSE) * (0.5 + jitter))


def check_identity(identity: Identity, region: str, other_machine: bool) -> None:
    """Refuse to take another fleet's host, or another host's identity, for our own."""
    if identity.region != region:
        raise RegistrationError(
            f"this host is {identity.instance_id} in Region {identity.region}, not in {region}; to move it here, set "
            "reregister and give an activation of the new Region. The records in the old one must then be removed there"
        )
    if other_machine:
        raise RegistrationError(
            f"the identity {identity.instance_id} was made for a machine with another /etc/machine-id: this host was "
            "cloned or installed anew. Set reregister and give an activation, so that it gets an identity of its own"
        )


def check_activation(request: Request) -> None:
    """What the agent would refuse, or worse, what it would find out only after it has forgotten the old identity."""
    if not request.activation_id or not request.activation_code:
        raise RegistrationError("this host must be registered, and activation_id or activation_code is missing")
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request.activation_id):
        raise RegistrationError(f"activation_id: the value {request.activation_id!a} is not the UUID of an activation")
    if not re.fullmatch(r"[!-~]{20,250}", request.activation_code) or request.activation_code.startswith("-"):
        raise RegistrationError("activation_code: an activation code has 20 to 250 characters and no spaces")


def foresee(vault: Vault, request: Request) -> Outcome:
    """What ensure_present would do. Touches nothing, and refuses what can be refused before anything is touched."""
    if not re.fullmatch(SETTINGS["AWS_DEFAULT_REGION"].pattern, request.region):
        raise RegistrationError(f"region: the value {request.region!a} is not the code of a Region such as eu-west-3")
    before, saved = vault.identity(), vault.saved()
    identity = before or saved
    if identity is not None and not request.reregister:
        check_identity(identity, request.region, before is not None and vault.other_machine())
        recovered = "an earlier run was cut short, and would be ended" if vault.interrupted() else ""
        return Outcome(bool(recovered), before, identity, recovered)
    return Outcome(True, before, None)
