#!/usr/bin/env python3
# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a container image of a host's own busybox and import it into the host's engine: tasks need no registry then.

    hosts ssh HOST sudo python3 - demo/web:1 < sandbox/agents/image.py

Every host of the sandbox runs it by itself when its engine starts. The image serves a page on port 80; with the command
`serve NAME...` the page shows these variables of the environment. Whatever it runs ends at once when it is asked to.
Standard library only, Python 3.9.
"""

from __future__ import annotations

import http.client
import io
import json
import socket
import subprocess
import sys
import tarfile
from urllib.parse import urlencode

# Not the command `docker`: Debian 13 has put it into a package of its own, which a host need not have.
SOCKET = "/run/docker.sock"
BUSYBOX = "/bin/busybox"

# The first process of a container has no signal handlers but those that it sets, and most programs set none.
START = """\
#!/bin/sh
trap 'exit 0' TERM INT
"$@" &
wait $!
"""
# Of what is called like a secret, the page tells the length alone.
SERVE = """\
#!/bin/sh
mkdir -p /www
{
  echo "Served by $(hostname)"
  for name; do
    eval "value=\\${$name-}"
    case $name in
      *PASSWORD* | *SECRET* | *TOKEN* | *KEY*)
        if [ "$value" ]; then echo "$name is set, ${#value} characters"; else echo "$name is not set"; fi
        ;;
      *) echo "$name=$value" ;;
    esac
  done
} > /www/index.html
exec httpd -f -p "${PORT:-80}" -h /www
"""
CHANGES = ('ENTRYPOINT ["start"]', 'CMD ["serve"]', "EXPOSE 80")


def archive() -> bytes:
    applets = subprocess.run([BUSYBOX, "--list"], stdout=subprocess.PIPE, check=True).stdout.decode().split()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as made:
        made.add(BUSYBOX, arcname="bin/busybox")
        for name in applets:
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                made.addfile(link)
        for name, script in (("start", START), ("serve", SERVE)):
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.size, entry.mode = len(script), 0o755
            made.addfile(entry, io.BytesIO(script.encode()))
    return target.getvalue()


class Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
        self.request(method, path, body, {"Content-Type": "application/x-tar"} if body else {})
        answer = self.getresponse()
        return answer.status, answer.read().decode()


def make(engine: Engine, image: str) -> str:
    """Import the image where it is missing; what went wrong."""
    if engine.ask("GET", f"/images/{image}/json")[0] == 200:
        return ""
    name, _colon, tag = image.partition(":")
    query = [("fromSrc", "-"), ("repo", name), ("tag", tag or "latest"), *(("changes", change) for change in CHANGES)]
    status, said = engine.ask("POST", f"/images/create?{urlencode(query)}", archive())
    # A line of JSON for each step, whatever the status: the last one may be an error.
    last = json.loads(said.splitlines()[-1]) if status == 200 else {"error": said}
    return str(last.get("error") or "")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: image.py NAME:TAG", file=sys.stderr)
        return 2
    try:
        error = make(Engine("localhost"), arguments[0])
    except OSError as refused:
        error = f"the engine does not answer: {refused}"
    if error:
        print(f"no image {arguments[0]}: {error}", file=sys.stderr)
    return 1 if error else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
