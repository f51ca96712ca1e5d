# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says about itself, in one process.

The action plugin host_facts sends this file over the connection and runs it with `python3 -I -S`. So it stands alone:
nothing of the collection is imported, and of the standard library only what starts fast. `json`, `re`, `socket` and
`subprocess` cost 6 to 13 ms each to import, as much as Python itself; the C modules beneath them cost nothing.

It changes nothing on the host, never crashes (a probe that fails gives null and an entry in `errors`), and lets no
secret out: secret values leave as salted hashes.
"""

from __future__ import annotations

import os
import sys
import time

# Any, Callable are for annotations, which are never evaluated here: importing typing costs 5 ms.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SCHEMA = 1
BEGAN = time.monotonic()
START = "<<<edgefleet-host-facts<<<"
END = ">>>edgefleet-host-facts>>>"

# Tests point this at a directory that looks like a host.
ROOT = ""

# What is asked beyond what every host is asked, as JSON. The action plugin exchanges this line (see `asking`): an
# argument would show in the host's list of processes, and a question may hold a proxy's password.
QUESTIONS = ""

SSM = "/var/lib/amazon/ssm"
REGISTRATION_KEY = SSM + "/Vault/Store/RegistrationKey"
FINGERPRINT = SSM + "/Vault/Store/InstanceFingerprint"
# agent/managedInstances/vault/fsvault of amazon-ssm-agent: what the manifest does not list does not exist.
VAULT_FILES = (SSM + "/Vault/Manifest", REGISTRATION_KEY, FINGERPRINT)
REGISTRATION_NOTE = SSM + "/registration"
ABANDONED = "/var/lib/edgefleet/abandoned.json"
VAULT_BACKUP = SSM + "/Vault.edgefleet-backup"
IDENTITY = SSM + "/runtimeconfig/identity_config.json"
SSM_CONFIG = "/etc/amazon/ssm/amazon-ssm-agent.json"
# Sections of that file with an endpoint of their own, by the service they mean.
SSM_SECTIONS = (("ec2messages", "Mds"), ("ssmmessages", "Mgs"), ("s3", "S3"), ("kms", "Kms"))
SHARED_CREDENTIALS = "/root/.aws/credentials"
CONFIG_FILES = {"user": "/etc/ecs/ecs.config", "instance": "/var/lib/ecs/ecs.config"}
STATE_FILE = "/var/lib/ecs/data/agent.db"
DOCKER_SOCKET = "/run/docker.sock"
DOCKER_CONFIG = "/etc/docker/daemon.json"
DOCKER_PID = "/run/docker.pid"
ENGINE_MARK = "/run/edgefleet-engine-settings"
EXEC_FILES = "/var/lib/ecs/deps/execute-command"
EXEC_PROGRAMS = ("amazon-ssm-agent", "ssm-agent-worker", "ssm-session-worker")
SSM_PROGRAM = "/usr/bin/amazon-ssm-agent"
ECS_PROGRAM = "/usr/libexec/amazon-ecs-init"
DPKG_STATUS = "/var/lib/dpkg/status"
RPM_DATABASES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
INTROSPECTION = ("127.0.0.1", 51678)

# As in proxy.py, which can't be imported here; a test compares them.
PROXY_ENVIRONMENT = "/etc/edgefleet/proxy.env"
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
PROXY_DROP_IN = "/etc/systemd/system/%s.service.d/zz-edgefleet-proxy.conf"
PROXY_BLOCK = ("# BEGIN edgefleet.ecs proxy\n", "# END edgefleet.ecs proxy\n")
APT_PROXY = "/etc/apt/apt.conf.d/95edgefleet-proxy"
DNF_CONFIGS = ("/etc/dnf/dnf.conf", "/etc/yum.conf")
ZYPPER_PROXY = "/etc/sysconfig/proxy"

PACKAGES = ("docker.io", "docker-ce", "docker", "moby-engine", "amazon-ssm-agent", "amazon-ecs-init")
UNITS = ("docker", "amazon-ssm-agent", "ecs")
UNIT_PROPERTIES = (
    "Id,LoadState,ActiveState,UnitFileState,NRestarts,RestartPreventExitStatus,ActiveEnterTimestampMonotonic,MainPID"
)
SYSCTLS = ("fs.inotify.max_user_instances", "fs.inotify.max_user_watches")
# Where packages put programs, where they keep data, and where images go.
DISKS = ("/usr", "/var", "/var/lib/docker")
# Introspection, the tasks' credentials and metadata, Prometheus metrics (agent/config/types.go and const.go of the ECS
# agent).
AGENT_PORTS = (51678, 51679, 51680)
# Units whose environment would reach the agents.
AGENT_UNITS = ("amazon-ssm-agent", "ecs")

SECRET_WORDS = ("PASSW", "SECRET", "TOKEN", "CREDENTIAL", "AUTHDATA", "ACCESSKEY", "PRIVATEKEY", "APIKEY")
# These may carry user:password@ with no // before it.
ADDRESSES = ("_PROXY", "_HOST")
# What Go's strings.TrimSpace takes off. Python's strip() takes more.
GO_SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

# Where null for the whole part would trip whoever asks for a key of it.
UNKNOWN = {
    "registration": dict.fromkeys(("registered", "instance_id", "region", "same_machine", "backup", "abandoned")),
}

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}
COMMAND_TIMEOUT = 10.0
# A loaded engine may need a moment. Waiting costs no CPU, and taking a slow engine for a dead one would cost a drain.
ENGINE_TIMEOUT = 3.0
INTROSPECTION_TIMEOUT = 1.0
# Nothing that is read as text here is larger; an accident of a log in place of a configuration must not be carried.
TEXT_LIMIT = 1 << 20


def asking(script: str, questions: str) -> str:
    """The script with questions in it. For the control node."""
    return script.replace('\nQUESTIONS = ""\n', f"\nQUESTIONS = {questions!a}\n", 1)


# --- JSON, hashes, files, commands and HTTP without the modules that are slow to import ---


class ScannerOptions:
    """What json.JSONDecoder hands to the C scanner."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}


def loads(text: str) -> Any:
    try:
        scan = __import__("_json").make_scanner(ScannerOptions)
    except (ImportError, AttributeError, TypeError):
        return __import__("json").loads(text)
    text = text.strip()
    try:
        value, end = scan(text, 0)
    # SystemError: the C scanner takes its error from a module that nobody has imported here (seen with Python 3.11).
    except (StopIteration, SystemError):
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("text after JSON")
    return value


def quote(text: str) -> str:
    try:
        quoted: str = __import__("_json").encode_basestring_ascii(text)
    except (ImportError, AttributeError):
        quoted = __import__("json").dumps(text)
    return quoted


def dumps(value: Any) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ",".join([quote(str(key)) + ":" + dumps(item) for key, item in value.items()]) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join([dumps(item) for item in value]) + "]"
    return repr(value)


def sha256(data: bytes) -> str:
    # hashlib loads OpenSSL. The first two are Python's own, under its newer and its older name.
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            digest: str = __import__(name).sha256(data).hexdigest()
        except (ImportError, AttributeError):
            continue
        return digest
    raise ValueError("no sha256")


def read_bytes(path: str, limit: int = TEXT_LIMIT) -> bytes | None:
    """The file's content; None when there is no such file."""
    try:
        with open(ROOT + path, "rb") as file:
            return file.read(limit)
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_text(path: str) -> str | None:
    data = read_bytes(path)
    return None if data is None else data.decode("utf-8", "replace")


def read_line(path: str) -> str | None:
    text = read_text(path)
    return None if text is None else text.strip()


def read_json(path: str) -> dict[str, Any] | None:
    """The object in a JSON file; None when the file is missing or empty."""
    text = read_line(path)
    if not text:
        return None
    value = loads(text)
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value


def members(path: str) -> dict[str, Any]:
    """The same; nothing of a file that is no JSON object."""
    try:
        return read_json(path) or {}
    except ValueError:
        return {}


def exists(path: str) -> bool:
    return os.path.exists(ROOT + path)


def entries(path: str) -> list[str]:
    try:
        return sorted(os.listdir(ROOT + path))
    except OSError:
        return []


def program(name: str) -> str | None:
    for directory in ENVIRONMENT["PATH"].split(":"):
        path = directory + "/" + name
        if os.access(ROOT + path, os.X_OK):
            return ROOT + path
    return None


def run(argv: list[str]) -> tuple[int, str]:
    """Return code and standard output of a command, without a shell."""
    reader, writer = os.pipe()
    try:
        # The linter wants AnsibleModule.run_command, which this script does not have.
        pid = os.posix_spawn(  # pylint: disable=ansible-bad-function
            argv[0],
            argv,
            ENVIRONMENT,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0),
            ],
        )
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    try:
        output = drain(reader, pid)
    finally:
        os.close(reader)
        status = os.waitpid(pid, 0)[1]
    return (os.WEXITSTATUS(status) if os.WIFEXITED(status) else -1), output.decode("utf-8", "replace")


def drain(reader: int, pid: int) -> bytes:
    """Read a command's output to its end; kill the command when it takes too long."""
    poll = __import__("select").poll()
    poll.register(reader)
    deadline = time.monotonic() + COMMAND_TIMEOUT
    output = b""
    while True:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            os.kill(pid, 9)
            raise TimeoutError
        part = os.read(reader, 65536)
        if not part:
            return output
        output += part


def http_get(family: int, address: Any, path: str, timeout: float) -> tuple[str, str] | None:
    """Head and body of a 200; None when nothing listens, nothing comes in time, or the answer is another."""
    connection = __import__("_socket").socket(family, 1)
    deadline = time.monotonic() + timeout
    answer = b""
    try:
        connection.settimeout(timeout)
        connection.connect(address)
        # HTTP/1.0: the answer ends with the connection and is never chunked.
        connection.send((f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").encode())
        while len(answer) < TEXT_LIMIT:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            part = connection.recv(65536)
            if not part:
                break
            answer += part
    except OSError:
        return None
    finally:
        connection.close()
    head, _separator, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
    return (head, body) if head.split(" ", 2)[1:2] == ["200"] else None


def epoch_of(text: Any) -> float | None:
    """Seconds of an RFC 3339 time as Go writes it. Own arithmetic: datetime takes 2 ms to import."""
    try:
        year, month, day = int(text[0:4]), int(text[5:7]), int(text[8:10])
        seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
        zone = text[19:].lstrip(".0123456789")
        if zone not in ("Z", "z"):
            offset = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
            seconds -= offset if zone[0] == "+" else -offset
    except (TypeError, ValueError, IndexError):
        return None
    # Days since 1970 of the Gregorian calendar, counted in years that begin in March.
    year -= month <= 2
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = year * 365 + year // 4 - year // 100 + year // 400 + day_of_year - 719468
    return float(days * 86400 + seconds)


# --- the probes: each gives one part of the observed state ---


def operating_system() -> dict[str, Any]:
    values: dict[str, str] = {}
    for line in (read_text("/etc/os-release") or read_text("/usr/lib/os-release") or "").splitlines():
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            values[key] = value.strip("\"'")
    return {
        "id": values.get("ID", "linux"),
        "version": values.get("VERSION_ID", ""),
        "like": values.get("ID_LIKE", "").split(),
        "name": values.get("PRETTY_NAME", values.get("NAME", "")),
    }


def systemd() -> dict[str, Any]:
    """The version is in the name of systemd's own library: reading a directory is cheaper than asking."""
    machine = os.uname().machine
    places = [f"/usr/lib/{machine}-linux-gnu/systemd", "/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd"]
    version = None
    for name in [entry for place in places for entry in entries(place)]:
        if name.startswith("libsystemd-shared-"):
            digits = name[len("libsystemd-shared-") :]
            while digits and not digits.isdigit():
                digits = digits[:-1]
            version = int(digits) if digits else None
            break
    return {"pid1": exists("/run/systemd/system"), "version": version}


def cgroup() -> dict[str, Any]:
    controllers = read_text("/sys/fs/cgroup/cgroup.controllers")
    if controllers is not None:
        return {"version": "v2", "memory": "memory" in controllers.split()}
    enabled = False
    for line in (read_text("/proc/cgroups") or "").splitlines():
        fields = line.split()
        enabled = enabled or (fields[:1] == ["memory"] and fields[3:4] == ["1"])
    version = "hybrid" if exists("/sys/fs/cgroup/unified/cgroup.controllers") else "v1"
    return {"version": version, "memory": enabled and exists("/sys/fs/cgroup/memory")}


def clock() -> dict[str, Any]:
    synchronized = None  # only timesyncd says so without another process
    if exists("/run/systemd/timesync"):
        synchronized = exists("/run/systemd/timesync/synchronized")
    return {
        "epoch": time.time(),
        "took_seconds": time.monotonic() - BEGAN,
        "skew_seconds": None,
        "synchronized": synchronized,
    }


def disks() -> dict[str, Any]:
    return {path: disk(path) for path in DISKS}


def disk(path: str) -> dict[str, int]:
    """Of the file system that holds the path, or would hold it once it is made."""
    place = path
    while place != "/" and not exists(place):
        place = os.path.dirname(place)
    size = os.statvfs(ROOT + place)
    return {
        "total_mib": size.f_blocks * size.f_frsize >> 20,
        "free_mib": size.f_bavail * size.f_frsize >> 20,
        "device": os.stat(ROOT + place).st_dev,
    }


def board() -> str | None:
    """What a board with a device tree calls itself, such as a Raspberry Pi."""
    name = read_line("/proc/device-tree/model")
    return name.strip("\0") if name else None


def selinux() -> str | None:
    """Enforcing or permissive; None where it is off or not there."""
    return {"1": "enforcing", "0": "permissive"}.get(read_line("/sys/fs/selinux/enforce") or "")


def packages() -> dict[str, str | None]:
    status = read_bytes(DPKG_STATUS, -1)
    if status is not None:
        return {name: dpkg_version(status, name) for name in PACKAGES}
    found: dict[str, str | None] = dict.fromkeys(PACKAGES)
    rpm = program("rpm")
    if rpm and any(exists(path) for path in RPM_DATABASES):
        # rpm's return code is the number of packages that are missing.
        output = run([rpm, "-q", "--qf", "%{NAME} %{VERSION}-%{RELEASE}\\n", *PACKAGES])[1]
        for line in output.splitlines():
            name, _separator, version = line.partition(" ")
            if name in found and " " not in version:
                found[name] = version
    return found


def dpkg_version(status: bytes, name: str) -> str | None:
    """Version of an installed package: one search through the status file instead of a process."""
    mark = (f"\nPackage: {name}\n").encode()
    begin = ((b"\n" + status[: len(mark)]) if status[: len(mark) - 1] == mark[1:] else status).find(mark)
    if begin < 0:
        return None
    end = status.find(b"\n\n", begin + 1)
    stanza = status[begin : end if end >= 0 else len(status)].decode("utf-8", "replace").splitlines()
    fields = dict([line.split(": ", 1) for line in stanza if ": " in line and not line.startswith(" ")])
    return fields.get("Version") if fields.get("Status", "").endswith(" installed") else None


def units() -> dict[str, Any] | None:
    if not exists("/run/systemd/system"):
        return None
    argv = [program("systemctl") or "systemctl", "show", "--property=" + UNIT_PROPERTIES]
    code, output = run(argv + [name + ".service" for name in UNITS])
    if code != 0:
        raise ValueError("systemctl show ended with %d" % code)
    return parse_units(output)


def parse_units(output: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for block in output.split("\n\n"):
        fields = dict([line.split("=", 1) for line in block.splitlines() if "=" in line])
        name = fields.get("Id", "").partition(".service")[0]
        # An alias: Id is then the name behind it. The order of the answers is that of the question.
        name = name if name in UNITS else (UNITS[len(found)] if len(found) < len(UNITS) else "")
        if not fields or not name:
            continue
        found[name] = {
            "load": fields.get("LoadState", "not-found"),
            "active": fields.get("ActiveState", "inactive"),
            "enabled": fields.get("UnitFileState", "").startswith("enabled"),
            "restarts": int(fields.get("NRestarts") or 0),
            "guard": "5" in fields.get("RestartPreventExitStatus", "").split(),
            "started": int(fields.get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
            "pid": int(fields.get("MainPID") or 0),
        }
    return found


def is_active(observed: dict[str, Any] | None, name: str) -> bool:
    return bool(observed) and observed is not None and observed.get(name, {}).get("active") == "active"


def ports(observed: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Ports of the ECS agent at which somebody else listens. While its unit runs, or is about to, they are its own."""
    if (observed or {}).get("ecs", {}).get("active", "inactive") not in ("inactive", "failed"):
        return []
    sockets = {}
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in (read_text(path) or "").splitlines()[1:]:
            fields = line.split()
            # Local address, in hexadecimal; 0A is LISTEN; the socket's inode.
            if len(fields) > 9 and fields[3] == "0A":
                sockets[int(fields[1].rpartition(":")[2], 16)] = fields[9]
    return [{"port": port, "process": owner(sockets[port])} for port in AGENT_PORTS if port in sockets]


def owner(inode: str) -> str | None:
    """Name of the process that holds a socket. Only asked where a port is taken: it looks at every open file."""
    for pid in entries("/proc"):
        if not pid.isdigit():
            continue
        for descriptor in entries(f"/proc/{pid}/fd"):
            try:
                held = os.readlink(f"{ROOT}/proc/{pid}/fd/{descriptor}")
            except OSError:
                continue
            if held == f"socket:[{inode}]":
                return read_line(f"/proc/{pid}/comm")
    return None


def engine(observed: dict[str, Any] | None) -> dict[str, Any]:
    """What the running engine answers.

    A socket of systemd's would *start* an engine that is down, so it is asked only where its unit is active, or where
    it has none. /_ping carries both versions in its head; /version and /info would make the engine run two programs.
    """
    silent = {"version": None, "api": None, "live_restore": None}
    unit = (observed or {}).get("docker", {})
    if not exists(DOCKER_SOCKET) or (unit.get("load") == "loaded" and unit.get("active") != "active"):
        return silent
    answer = http_get(1, ROOT + DOCKER_SOCKET, "/_ping", ENGINE_TIMEOUT)
    if answer is None:
        return silent
    head = {}
    for line in answer[0].splitlines():
        name, _separator, value = line.partition(":")
        head[name.lower()] = value.strip()
    server = head.get("server", "")
    if not server.startswith("Docker/"):
        return silent
    return {
        "version": server[len("Docker/") :].split(" ")[0],
        "api": head.get("api-version"),
        "live_restore": live_restore(),
    }


def live_restore() -> bool:
    if (read_json(DOCKER_CONFIG) or {}).get("live-restore") is True:
        return True
    pid = read_line(DOCKER_PID) or ""
    arguments = (read_bytes(f"/proc/{pid}/cmdline") if pid.isdigit() else None) or b""
    return b"--live-restore" in arguments.split(b"\0") or b"--live-restore=true" in arguments.split(b"\0")


def engine_settings(keys: list[str], _host: dict[str, Any]) -> dict[str, Any]:
    """Values of the engine's configuration, and what the running engine still has to read of it."""
    try:
        have = read_json(DOCKER_CONFIG) or {}
    except ValueError:
        return {"valid": False, "values": {}, "pending": None, "containers": None}
    return {
        "valid": True,
        "values": {key: "(hidden)" if has_login(dumps(have[key])) else have[key] for key in keys if key in have},
        "pending": pending_step(),
        "containers": len(entries(str(have.get("data-root") or "/var/lib/docker") + "/containers")),
    }


def has_login(text: str) -> bool:
    return "@" in text.partition("//")[2]


def pending_step() -> str | None:
    """`reload` or `restart`, where engine_config was cut off before the engine had read what it wrote."""
    try:
        pending = os.stat(ROOT + ENGINE_MARK).st_mtime_ns > os.stat(ROOT + DOCKER_PID).st_mtime_ns
    except FileNotFoundError:
        return None
    return read_line(ENGINE_MARK) if pending else None


def images(references: list[str], host: dict[str, Any]) -> dict[str, str | None]:
    """By reference, the id of the image that the engine has for it. One image is asked for at a time: the engine knows
    best which names mean the same, and a list of all images may be long."""
    running = (host.get("engine") or {}).get("version")
    return {name: image_id(name) if running else None for name in references}


def image_id(name: str) -> str | None:
    answer = http_get(1, ROOT + DOCKER_SOCKET, "/images/" + name + "/json", ENGINE_TIMEOUT)
    return None if answer is None else loads(answer[1]).get("Id")


def gpu(_asked: Any, _host: dict[str, Any]) -> dict[str, Any]:
    """NVIDIA's devices and driver, and the runtime that gives them to containers. No program of theirs is run."""
    driver = read_text("/proc/driver/nvidia/version") or ""
    version = [word for word in driver.partition("\n")[0].split() if word[:1].isdigit() and "." in word]
    return {
        "devices": len([name for name in entries("/dev") if name[:6] == "nvidia" and name[6:].isdigit()]),
        "driver": version[0] if version else None,
        "runtime": program("nvidia-container-runtime") is not None,
    }


def exec_files(_asked: Any, _host: dict[str, Any]) -> dict[str, Any]:
    """What the ECS agent looks for at its start before it offers ECS Exec."""
    versions = [name for name in entries(EXEC_FILES + "/bin") if name.replace(".", "").isdigit()]
    complete = [
        name for name in versions if all(exists(EXEC_FILES + "/bin/" + name + "/" + file) for file in EXEC_PROGRAMS)
    ]
    return {"versions": complete, "certificates": exists(EXEC_FILES + "/certs/tls-ca-bundle.pem")}


def registration(machine_id: str) -> dict[str, Any]:
    """From the Vault, which is what the agent itself believes; its `registration` file survives a lost identity."""
    key = members(REGISTRATION_KEY)
    if not key.get("instanceID"):
        # Of a registration that was cut short: whatever comes next puts it back.
        key = members(VAULT_BACKUP + "/Vault/Store/RegistrationKey")
    instance_id = key.get("instanceID") or None
    return {
        "registered": bool(instance_id),
        "instance_id": instance_id,
        "region": key.get("region") or None,
        "same_machine": same_machine(machine_id) if instance_id else None,
        "backup": exists(VAULT_BACKUP),
        "abandoned": abandoned(machine_id, instance_id),
    }


def abandoned(machine_id: str, instance_id: str | None) -> list[str] | None:
    """Earlier identities of this machine whose records in AWS may still be there; null: it was never registered anew.

    The note of a disk that was copied to another machine says nothing about that one.
    """
    try:
        note = read_json(ABANDONED) or {}
    except ValueError:
        return None
    if not machine_id or note.get("machine_id") != machine_id:
        return None
    return [str(name) for name in note.get("instance_ids") or [] if name != instance_id]


def same_machine(machine_id: str) -> bool | None:
    hardware = members(FINGERPRINT).get("hardwareHash")
    known = hardware.get("machine-id") if isinstance(hardware, dict) else None
    # The agent keeps it with the newline of /etc/machine-id.
    return known.strip() == machine_id if isinstance(known, str) and known.strip() else None


def vault_damage() -> dict[str, Any] | None:
    """Files of the Vault that a crash has left empty or cut off, and the identity that others remember."""
    damaged = [path for path in VAULT_FILES if exists(path) and not members(path)]
    if not damaged:
        return None
    was = members(IDENTITY).get("InstanceId") or members(REGISTRATION_NOTE).get("ManagedInstanceID")
    return {"files": damaged, "instance_id": was or None}


def credentials() -> dict[str, Any] | None:
    try:
        identity = read_json(IDENTITY)
    except ValueError:
        return None  # cut off by a power failure: a restart of the agent writes it anew
    if not identity or not identity.get("InstanceId"):
        return None
    expires_at = identity.get("CredentialsExpiresAt")
    expires = epoch_of(expires_at)
    return {
        "instance_id": identity.get("InstanceId"),
        "expires_at": expires_at,
        "retrieved_at": identity.get("CredentialsRetrievedAt"),
        "fresh": expires is not None and expires > time.time(),
    }


def ssm_config() -> dict[str, Any]:
    settings = read_json(SSM_CONFIG) or {}

    def value(section: str, name: str) -> Any:
        values = settings.get(section)
        return (values.get(name) if isinstance(values, dict) else None) or None

    return {
        "endpoint": value("Ssm", "Endpoint"),
        "endpoints": {service: value(section, "Endpoint") for service, section in SSM_SECTIONS},
        "dual_stack": value("Agent", "UseDualStackEndpoint") is True,
    }


def ecs_config(machine_id: str) -> dict[str, Any]:
    return {name: config_file(path, machine_id) for name, path in CONFIG_FILES.items()}


def config_file(path: str, machine_id: str) -> dict[str, Any]:
    data = read_bytes(path)
    if data is None:
        return {"present": False, "mode": None, "sha256": None, "values": {}, "problems": []}
    text = data.decode("utf-8", "replace")
    return {
        "present": True,
        "mode": "%04o" % (os.stat(ROOT + path).st_mode & 0o7777),
        "sha256": sha256(machine_id.encode() + b"\n" + data),
        "values": {key: concealed(key, value, machine_id) for key, value in parse_agent(text).items()},
        "problems": lint(text),
    }


def parse_agent(text: str) -> dict[str, str]:
    """ecs.config as ecs-init reads it for the agent: split at the first `=`, all else taken literally."""
    values = {}
    for line in text.strip(GO_SPACE).split("\n"):
        key, separator, value = line.strip(GO_SPACE).partition("=")
        if separator:
            values[key] = value
    return values


def is_secret(name: str, value: str) -> bool:
    """Whether a value must not leave the host. In doubt it is hidden: at worst a plan shows `(hidden)`."""
    if has_secret_word(name):
        return True
    if name.endswith(ADDRESSES) and "@" in value:
        return True
    if "@" in value.partition("//")[2]:
        return True
    return value.startswith("{") and has_secret_word(value)


def has_secret_word(text: str) -> bool:
    text = text.upper().replace("_", "")
    return any(word in text for word in SECRET_WORDS)


def concealed(key: str, value: str, machine_id: str) -> str:
    """The value, or its salted digest when it is a secret: equal on this host only, and in no table."""
    return "sha256:" + sha256((machine_id + value).encode("utf-8", "replace")) if is_secret(key, value) else value


def lint(text: str) -> list[str]:
    """Lines that the two readers of ecs.config (systemd and ecs-init) take differently, or that neither wants."""
    problems = []
    if text.startswith("\ufeff"):
        problems.append("line 1: a byte order mark hides the first variable")
        text = text[1:]
    seen: set[str] = set()
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            problems += ["line %d: %s" % (number, problem) for problem in lint_line(line, seen)]
    return problems


def lint_line(line: str, seen: set[str]) -> list[str]:
    problems = ["ends with a carriage return"] if line.endswith("\r") else []
    key, separator, value = line.strip().partition("=")
    if key.startswith(("#", ";")):
        return problems + (["a comment with '=' is a variable to the agent"] if separator else [])
    if not separator:
        return [*problems, "is not KEY=value and is ignored"]
    if key.startswith("export "):
        return [*problems, "'export' is not understood: the variable has no effect"]
    if key != key.strip() or value != value.strip():
        problems.append("white space around '=' belongs to the name or the value for the agent")
    name = key.strip()
    if not name.isidentifier() or not name.isascii():
        return [*problems, "is not the name of a variable"]
    if name in seen:
        problems.append(f"{name} is set twice: the later one counts")
    seen.add(name)
    return problems + [f"{name}: {problem}" for problem in lint_value(name, value.strip())]


def lint_value(name: str, value: str) -> list[str]:
    problems = []
    if value[:1] in ("'", '"'):
        problems.append("quotes stay in the value that the agent reads")
    if "\\" in value:
        problems.append("systemd takes the backslash away, the agent keeps it")
    if not value.isascii():
        problems.append("characters outside ASCII, such as typographic quotes")
    if " #" in value:
        problems.append("a comment behind the value becomes part of it")
    if value[:1] in ("{", "["):
        try:
            loads(value)
        except ValueError:
            problems.append("looks like JSON but is not")
    if name == "ECS_EXTERNAL" and value != "true":
        problems.append("must be exactly true, in lower case")
    return problems


def ecs_agent(observed: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "state_file": exists(STATE_FILE),
        "introspection": introspection() if is_active(observed, "ecs") else None,
        "restart_guard": bool((observed or {}).get("ecs", {}).get("guard")),
        "config_read": config_read(observed) if is_active(observed, "ecs") else None,
        "current": is_current(observed, "ecs", ECS_PROGRAM),
    }


def ssm_agent(observed: dict[str, Any] | None) -> dict[str, Any]:
    return {"current": is_current(observed, "amazon-ssm-agent", SSM_PROGRAM)}


def is_current(observed: dict[str, Any] | None, name: str, path: str) -> bool | None:
    """Whether a unit started after its program was installed: a new package does not restart every agent.

    The time of the inode's last change, because packages bring the time of writing along.
    """
    started = (observed or {}).get(name, {}).get("started")
    if not started or not is_active(observed, name) or not exists(path):
        return None
    installed, now = os.stat(ROOT + path).st_ctime, time.time()
    # Installed in the future: the clock was set back since, and a restart would not help.
    return None if installed > now else bool(installed <= started + now - time.clock_gettime(time.CLOCK_MONOTONIC))


def config_read(observed: dict[str, Any] | None) -> bool | None:
    """Whether the agent started after its configuration was written: it reads the files at its start only."""
    started = (observed or {}).get("ecs", {}).get("started")
    written = [os.stat(ROOT + path).st_mtime for path in CONFIG_FILES.values() if exists(path)]
    if not started or not written:
        return None
    return bool(max(written) <= started + time.time() - time.clock_gettime(time.CLOCK_MONOTONIC))


def introspection() -> dict[str, Any] | None:
    answer = http_get(2, INTROSPECTION, "/v1/metadata", INTROSPECTION_TIMEOUT)
    if answer is None:
        return None
    data = loads(answer[1])
    # "Amazon ECS Agent - v1.2.3 (*commit)"
    version = str(data.get("Version") or "")
    return {
        "cluster": data.get("Cluster"),
        "container_instance_arn": data.get("ContainerInstanceArn"),
        "version": version.partition(" - v")[2].split(" ")[0] or version or None,
    }


def nat(observed: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "route_localnet": read_line("/proc/sys/net/ipv4/conf/all/route_localnet") == "1",
        "credential_rules": credential_rules() if is_active(observed, "ecs") else None,
    }


def credential_rules() -> bool | None:
    """Whether the rules that lead tasks to their credentials are in place. ecs-init sets them when it starts."""
    iptables = program("iptables")
    if iptables is None:
        return None
    code, output = run([iptables, "-t", "nat", "-S"])
    if code != 0:
        return None
    return any("169.254.170.2" in line and "51679" in line for line in output.splitlines())


def proxy(machine_id: str, observed: dict[str, Any] | None) -> dict[str, Any]:
    """Where the host knows a proxy: our files, and what the processes of the units were started with. Digests only."""
    salt = machine_id.encode() + b"\n"
    whole = [PROXY_ENVIRONMENT, *[PROXY_DROP_IN % name for name in UNITS]]
    whole += [APT_PROXY] if exists(os.path.dirname(APT_PROXY)) else []
    shared = [path for path in DNF_CONFIGS if exists(path)][:1] + [path for path in [ZYPPER_PROXY] if exists(path)]
    given = (read_bytes(PROXY_ENVIRONMENT) or b"").split(b"\n")
    return {
        "files": {
            **{path: proxy_file(path, salt, read_bytes(path), False) for path in whole},
            **{path: proxy_file(path, salt, block_in(read_bytes(path) or b""), has_proxy(path)) for path in shared},
        },
        # What the file of the variables gives, and what the running units have: equal where a unit has read it.
        "given": sha256(salt + proxy_environment(given)),
        "units": {name: unit_environment(salt, unit["pid"]) for name, unit in (observed or {}).items()},
    }


def proxy_file(path: str, salt: bytes, data: bytes | None, foreign: bool) -> dict[str, Any]:
    mode = "%04o" % (os.stat(ROOT + path).st_mode & 0o7777) if exists(path) else None
    return {
        "present": data is not None,
        "mode": mode,
        "sha256": None if data is None else sha256(salt + data),
        "foreign": foreign,
    }


def block_in(data: bytes) -> bytes | None:
    """Our block in a file of others."""
    first, last = [mark.encode() for mark in PROXY_BLOCK]
    begin = data.find(first)
    end = data.find(last, begin)
    return data[begin : end + len(last)] if 0 <= begin < end else None


def has_proxy(path: str) -> bool:
    """Whether a package manager has a proxy that is not ours."""
    data = read_bytes(path) or b""
    rest = data.replace(block_in(data) or b"", b"", 1)
    lines = [line.partition(b"=") for line in rest.split(b"\n")]
    return path in DNF_CONFIGS and any(key.strip() == b"proxy" and equals for key, equals, _value in lines)


def proxy_environment(entries: list[bytes]) -> bytes:
    """The variables of a proxy out of NAME=value entries, always in the same form."""
    values = dict([entry.partition(b"=")[::2] for entry in entries])
    names = [name.encode() for name in PROXY_VARIABLES]
    return b"".join([name + b"=" + values[name] + b"\n" for name in names if values.get(name)])


def unit_environment(salt: bytes, pid: int) -> str | None:
    """Digest of what a unit's process knows of a proxy; None where it does not run."""
    data = read_bytes("/proc/%d/environ" % pid) if pid else None
    return None if data is None else sha256(salt + proxy_environment(data.split(b"\0")))


def sysctl() -> dict[str, int]:
    values = {}
    for name in SYSCTLS:
        value = read_line("/proc/sys/" + name.replace(".", "/")) or ""
        if value.isdigit():
            values[name] = int(value)
    return values


def foreign() -> dict[str, Any]:
    """Credentials that the ECS agent would prefer to, or find in place of, those that the SSM agent brings."""
    paths = [SHARED_CREDENTIALS] if has_own_keys(read_text(SHARED_CREDENTIALS) or "") else []
    for path in CONFIG_FILES.values():
        if "AWS_ACCESS_KEY_ID" in parse_agent(read_text(path) or ""):
            paths.append(path)
    return {"aws_credentials": paths + [path for path in unit_files() if sets_keys(read_text(path) or "")]}


def unit_files() -> list[str]:
    """What an administrator has written for the agents' units. Packages bring theirs elsewhere."""
    paths = []
    for name in AGENT_UNITS:
        unit = f"/etc/systemd/system/{name}.service"
        paths += [unit, *[f"{unit}.d/{entry}" for entry in entries(unit + ".d") if entry.endswith(".conf")]]
    return paths


def sets_keys(text: str) -> bool:
    lines = [line.strip() for line in text.splitlines()]
    return any(line.startswith("Environment=") and "AWS_ACCESS_KEY_ID=" in line for line in lines)


def has_own_keys(text: str) -> bool:
    """Whether the default profile holds somebody's lasting keys; the SSM agent's own come with a session token."""
    section, names = "", set()
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == "default" and "=" in line:
            names.add(line.partition("=")[0].strip().lower())
    return "aws_access_key_id" in names and "aws_session_token" not in names


# --- all of it ---


def network(question: Any, host: dict[str, Any]) -> Any:
    """What the host reaches. The program for it comes along as text (surroundings.py): a host that is registered has
    shown that it reaches AWS, and does not even compile it."""
    if question["when"] == "auto" and (host["registration"] or {}).get("registered"):
        return None
    program: dict[str, Any] = {"__name__": "surroundings"}
    exec(question["program"], program)
    return program["look"](question)


# By name of the question, the probe that answers it, from the question and from what is known of the host already.
ANSWERS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "network": network,
    "engine_settings": engine_settings,
    "images": images,
    "gpu": gpu,
    "exec_files": exec_files,
}


def describe(error: Exception) -> str:
    """What went wrong, without the text of an exception that may quote a file's content."""
    if isinstance(error, OSError):
        return "{}: {}".format(type(error).__name__, error.strerror or "no detail")
    return type(error).__name__


def observe() -> dict[str, Any]:
    errors: list[dict[str, str]] = []

    def attempt(name: str, probe: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return probe(*arguments)
        except Exception as error:
            errors.append({"probe": name, "error": describe(error)})
            return UNKNOWN.get(name)

    kernel = os.uname()
    machine_id = attempt("machine_id", read_line, "/etc/machine-id") or ""
    unit = attempt("units", units)
    host = {
        "schema": SCHEMA,
        "hostname": kernel.nodename,
        "machine_id": machine_id,
        "boot_id": attempt("boot_id", read_line, "/proc/sys/kernel/random/boot_id"),
        "kernel": kernel.release,
        "arch": {"arm64": "aarch64", "amd64": "x86_64"}.get(kernel.machine, kernel.machine),
        "python": "%d.%d.%d" % sys.version_info[:3],
        "interpreter": sys.executable,
        "root": os.geteuid() == 0,
        "cpus": os.cpu_count(),
        "memory_mib": attempt("memory_mib", lambda: os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20),
        "os": attempt("os", operating_system),
        "systemd": attempt("systemd", systemd),
        "cgroup": attempt("cgroup", cgroup),
        "board": attempt("board", board),
        "selinux": attempt("selinux", selinux),
        "iptables": attempt("iptables", lambda: program("iptables") is not None),
        "ports": attempt("ports", ports, unit),
        "disk": attempt("disk", disks),
        "packages": attempt("packages", packages),
        "snap_ssm_agent": attempt("snap_ssm_agent", exists, "/snap/amazon-ssm-agent"),
        "engine": attempt("engine", engine, unit),
        "registration": attempt("registration", registration, machine_id),
        "vault_damage": attempt("vault_damage", vault_damage),
        "credentials": attempt("credentials", credentials),
        "ecs_config": attempt("ecs_config", ecs_config, machine_id),
        "ecs_agent": attempt("ecs_agent", ecs_agent, unit),
        "ssm_agent": attempt("ssm_agent", ssm_agent, unit),
        "ssm_config": attempt("ssm_config", ssm_config),
        "proxy": attempt("proxy", proxy, machine_id, unit),
        "nat": attempt("nat", nat, unit),
        "sysctl": attempt("sysctl", sysctl),
        "foreign": attempt("foreign", foreign),
        "units": without_guard(unit),
        "errors": errors,
    }
    asked = loads(QUESTIONS) if QUESTIONS else {}
    for name, probe in ANSWERS.items():
        host[name] = attempt(name, probe, asked[name], host) if name in asked else None
    # Last, so that the control node's half of the round trip is the way back.
    host["clock"] = attempt("clock", clock)
    return host


def without_guard(observed: dict[str, Any] | None) -> dict[str, Any] | None:
    """The guard and the start belong to ecs_agent, the process to proxy; one question to systemd has brought all."""
    if observed is None:
        return None
    return {
        name: {key: value for key, value in unit.items() if key not in ("guard", "started", "pid")}
        for name, unit in observed.items()
    }


def main() -> None:
    # The markers part the answer from what a profile or a login message prints round it.
    os.write(1, ("\n" + START + dumps(observe()) + END + "\n").encode())


if __name__ == "__main__":
    main()
