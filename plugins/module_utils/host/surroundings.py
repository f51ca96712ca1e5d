# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host reaches: AWS by name and by connection, through the proxy that it is to use, and EC2's metadata service.

The action plugin host_facts sends this file along as text, in the question `network`, and observe.py runs it on the
hosts that are asked. So it stands alone, too. It is slow to start and waits for the network, all at the same time; a
host that is registered pays for neither.

Nothing is sent to AWS but `HEAD /` without a signature. The proxy's login goes to the proxy only, and comes back in no
answer.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import socket
import threading
import time
from urllib.parse import SplitResult, unquote, urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

# Seconds for one connection, and for all of it: a resolver's own patience is not ours to set.
PATIENCE = 4.0
DEADLINE = 12.0
ANSWER_LIMIT = 16384

METADATA = ("169.254.169.254", 80)
METADATA_PATIENCE = 0.5

FAMILIES = {socket.AF_INET: "ipv4", socket.AF_INET6: "ipv6"}
# Of the answers to a request without a tunnel, those that are a proxy's own: it wants a login, or cannot get there. A
# 403 may as well be the endpoint's, which has not been told who asks.
PROXY_STATUS = (407, 502, 504)


UNKNOWN: dict[str, Any] = {
    "host": None, "port": None, "proxy": None, "addresses": [], "reached": False, "failed": "connection", "error": None,
    "skew_seconds": None,
}  # fmt: skip
METADATA_JOB = "instance metadata"


class Failure(Exception):
    """Where the way ends: `name`, `connection`, `proxy`, `certificate` or `tls`, and why."""

    def __init__(self, step: str, why: str) -> None:
        super().__init__(why)
        self.step = step


def look(question: Mapping[str, Any]) -> dict[str, Any]:
    """Answers the question: `endpoints` (URL by name), `proxy` (http, https, no_proxy)."""
    proxy = question.get("proxy") or {}
    jobs: dict[str, Callable[[], dict[str, Any]]] = {
        name: functools.partial(endpoint, url, proxy) for name, url in question["endpoints"].items()
    }
    jobs[METADATA_JOB] = metadata
    seen: dict[str, Any] = {}
    for name, job in jobs.items():
        threading.Thread(target=do, args=(name, job, seen), daemon=True).start()
    deadline = time.monotonic() + DEADLINE
    while len(seen) < len(jobs) and time.monotonic() < deadline:
        time.sleep(0.02)
    done = dict(seen)  # a thread that is still waiting may write into the other at any time
    late = {"failed": "connection", "error": "no answer in %d s" % DEADLINE}
    found = {name: done.get(name) or {**blank(url, proxy), **late} for name, url in question["endpoints"].items()}
    return {
        "endpoints": found,
        "skew_seconds": middle([item["skew_seconds"] for item in found.values() if item["skew_seconds"] is not None]),
        "instance_metadata": done.get(METADATA_JOB) or {"answers": False, "role": None},
    }


def do(name: str, job: Callable[[], dict[str, Any]], seen: dict[str, Any]) -> None:
    try:
        seen[name] = job()
    except Exception as error:  # a traceback might quote a login
        seen[name] = {**UNKNOWN, "error": type(error).__name__}


def middle(values: list[float]) -> float | None:
    """One answer out of a cache, with an old Date, must not decide."""
    return sorted(values)[len(values) // 2] if values else None


def blank(url: str, proxies: Mapping[str, Any]) -> dict[str, Any]:
    target = urlsplit(url)
    proxy = proxy_for(target, proxies)
    via = f"{proxy.hostname}:{port_of(proxy)}" if proxy else None
    return {**UNKNOWN, "host": target.hostname, "port": port_of(target), "proxy": via, "failed": None}


def endpoint(url: str, proxies: Mapping[str, Any]) -> dict[str, Any]:
    seen = blank(url, proxies)
    try:
        reach(url, proxies, seen, verify=True)
        seen["reached"] = True
    except Failure as failure:
        seen.update(failed=failure.step, error=str(failure))
        if failure.step == "certificate":
            # A wrong clock makes every certificate look wrong. The answer's date tells the two apart.
            with contextlib.suppress(Failure):
                reach(url, proxies, seen, verify=False)
    return seen


def reach(url: str, proxies: Mapping[str, Any], seen: dict[str, Any], verify: bool) -> None:
    target, proxy = urlsplit(url), proxy_for(urlsplit(url), proxies)
    connection = connect(proxy or target, seen)
    try:
        if proxy is not None and proxy.scheme == "https":
            connection = encrypted(connection, str(proxy.hostname), verify)
        if proxy is not None and target.scheme == "https":
            tunnel(connection, target, proxy)
            if proxy.scheme == "https":
                return  # TLS in TLS: that the proxy has got there must do
        if target.scheme == "https":
            connection = encrypted(connection, str(target.hostname), verify)
        head(connection, target, proxy, seen)
    finally:
        connection.close()


def connect(where: SplitResult, seen: dict[str, Any]) -> socket.socket:
    try:
        found = socket.getaddrinfo(where.hostname, port_of(where), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Failure("name", reason(error)) from None
    seen["addresses"] = sorted({FAMILIES[item[0]] for item in found if item[0] in FAMILIES})
    last: Exception = OSError("no address")
    for family, kind, protocol, _name, address in found:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(PATIENCE)
        try:
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            last = error
    raise Failure("connection", reason(last))


def encrypted(connection: socket.socket, name: str, verify: bool) -> socket.socket:
    try:
        import ssl
    except ImportError:
        return connection  # a Python without OpenSSL: the connection must do
    context = ssl.create_default_context() if verify else unverified(ssl)
    try:
        return context.wrap_socket(connection, server_hostname=name)
    except ssl.SSLCertVerificationError as error:
        raise Failure("certificate", error.verify_message) from None
    except (OSError, ValueError) as error:
        raise Failure("tls", reason(error)) from None


def unverified(ssl: Any) -> Any:
    """Only for the date in an answer: nothing is said to whoever is there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def tunnel(connection: socket.socket, target: SplitResult, proxy: SplitResult) -> None:
    place = f"{bracketed(target)}:{port_of(target)}"
    status, _fields = exchange(connection, f"CONNECT {place} HTTP/1.1", place, login(proxy))
    if status != 200:
        raise Failure("proxy", f"HTTP {status}" if status else "no answer")


def head(connection: socket.socket, target: SplitResult, proxy: SplitResult | None, seen: dict[str, Any]) -> None:
    place = bracketed(target) + (f":{target.port}" if target.port else "")
    plain = proxy if target.scheme == "http" else None  # in a tunnel, the endpoint itself answers
    line = f"HEAD {f'http://{place}' if plain else ''}/ HTTP/1.1"
    status, fields = exchange(connection, line, place, login(plain) if plain else [])
    # AWS itself says 403 to whoever has not signed, and names the request.
    if plain and status in PROXY_STATUS and "x-amzn-requestid" not in fields:
        raise Failure("proxy", f"HTTP {status}")
    seen["skew_seconds"] = skew(fields.get("date", ""))


def exchange(connection: socket.socket, line: str, place: str, more: list[str]) -> tuple[int, dict[str, str]]:
    """Status and fields of an answer; 0 where none has come. Whoever is connected is reached, whatever it says."""
    fields = [line, f"Host: {place}", "User-Agent: edgefleet-preflight", "Connection: close", *more]
    answer = b""
    try:
        connection.sendall("\r\n".join([*fields, "", ""]).encode())
        while b"\r\n\r\n" not in answer and len(answer) < ANSWER_LIMIT:
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    except OSError:
        return 0, {}
    lines = answer.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
    status = lines[0].split(" ")[1:2]
    pairs = [text.partition(":") for text in lines[1:]]
    return (
        int(status[0]) if status and status[0].isdigit() else 0,
        {name.strip().lower(): value.strip() for name, _separator, value in pairs},
    )


def login(proxy: SplitResult) -> list[str]:
    if not proxy.username:
        return []
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return ["Proxy-Authorization: Basic " + base64.b64encode(pair.encode()).decode()]


def bracketed(url: SplitResult) -> str:
    name = str(url.hostname)
    return f"[{name}]" if ":" in name else name


def port_of(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def reason(error: Exception) -> str:
    if isinstance(error, socket.timeout):
        return "timed out"
    return str(getattr(error, "strerror", None) or type(error).__name__)


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def skew(date: str) -> float | None:
    """How far this clock is ahead of an HTTP date, which is cut to the second."""
    parts = date.replace(":", " ").split()
    try:
        day, month, year = int(parts[1]), MONTHS.index(parts[2]) + 1, int(parts[3])
        hour, minute, second = (int(part) for part in parts[4:7])
    except (IndexError, ValueError):
        return None
    import calendar

    then = calendar.timegm((year, month, day, hour, minute, second))
    return round(time.time() - then - 0.5, 1)


# --- which proxy, by the rules of Go's net/http, which both agents and the engine follow ---


def proxy_for(target: SplitResult, proxies: Mapping[str, Any]) -> SplitResult | None:
    address = proxies.get(target.scheme) or ""
    if not address or bypassed(str(target.hostname), port_of(target), proxies.get("no_proxy") or ""):
        return None
    return urlsplit(address if "://" in address else "http://" + address)


def bypassed(host: str, port: int, no_proxy: Any) -> bool:
    entries = no_proxy.split(",") if isinstance(no_proxy, str) else no_proxy
    if host == "localhost" or number(host)[1] >> 24 == 127 or host == "::1":
        return True
    return any(covers(str(entry).strip().lower(), host.lower(), port) for entry in entries)


def covers(entry: str, host: str, port: int) -> bool:
    if entry in ("", "*"):
        return entry == "*"
    if "/" in entry:
        return in_network(host, entry)
    if number(entry)[0]:
        return number(entry) == number(host)
    name, separator, wanted = entry.rpartition(":")
    if separator and wanted.isdigit():
        entry = name.strip("[]")
        if int(wanted) != port:
            return False
    entry = entry[1:] if entry.startswith("*.") else entry
    return host == entry or host.endswith(entry if entry.startswith(".") else "." + entry)


def number(address: str) -> tuple[int, int]:
    """Bits and value of an IP address; 0 bits where it is none."""
    for family, bits in ((socket.AF_INET, 32), (socket.AF_INET6, 128)):
        with contextlib.suppress(OSError, UnicodeError):
            return bits, int.from_bytes(socket.inet_pton(family, address), "big")
    return 0, 0


def in_network(host: str, network: str) -> bool:
    base, _slash, length = network.partition("/")
    (bits, value), (other_bits, other) = number(host), number(base)
    if not bits or bits != other_bits or not length.isdigit() or int(length) > bits:
        return False
    return value >> (bits - int(length)) == other >> (bits - int(length))


# --- EC2's metadata service ---


def metadata() -> dict[str, Any]:
    """Whether something answers as EC2 does, and the role that it would give the agents.

    Other clouds answer at this address, too, but know no such path.
    """
    try:
        token = ask("PUT", "/latest/api/token", ["X-aws-ec2-metadata-token-ttl-seconds: 60"])
        more = [f"X-aws-ec2-metadata-token: {token[1]}"] if token[0] == 200 else []
        status, role = ask("GET", "/latest/meta-data/iam/security-credentials/", more)
    except OSError:
        return {"answers": False, "role": None}
    return {"answers": True, "role": role.split()[0] if status == 200 and role.split() else None}


def ask(method: str, path: str, more: list[str]) -> tuple[int, str]:
    """Status and body. No proxy is asked: the address is link-local."""
    with socket.create_connection(METADATA, METADATA_PATIENCE) as connection:
        connection.sendall("\r\n".join([f"{method} {path} HTTP/1.0", "Host: 169.254.169.254", *more, "", ""]).encode())
        answer = b""
        while len(answer) < ANSWER_LIMIT:
            part = connection.recv(4096)
            if not part:
                break
            answer += part
    top, _separator, body = answer.decode("latin-1").partition("\r\n\r\n")
    status = top.split(" ")[1:2]
    return (int(status[0]) if status and status[0].isdigit() else 0), body
