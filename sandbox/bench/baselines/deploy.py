# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same as converge.sh, in pyinfra's operations. Values come with --data."""

from __future__ import annotations

import io

from pyinfra import host
from pyinfra.facts.deb import DebPackages
from pyinfra.facts.files import File
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

data = host.data
packages = host.get_fact(DebPackages)
WORK = "/var/cache/bench-packages"


def text(content: str) -> io.StringIO:
    return io.StringIO(content)


def verified(name: str, path: str, signature: str, key: str, fingerprint: str) -> None:
    """Download, verify and install a package file that is not installed."""
    if name in packages:
        return
    files.directory(path=WORK, mode="700")
    for source, target in ((path, "deb"), (path + signature, "signature"), (key, "key")):
        files.download(src=f"{data.packages_url}/{source}", dest=f"{WORK}/{name}.{target}", mode="600")
    home = f"gpg --batch --homedir {WORK}"
    server.shell(
        name=f"Verify {name}",
        commands=[
            f"{home} --quiet --import {WORK}/{name}.key",
            f"{home} --status-fd 1 --verify {WORK}/{name}.signature {WORK}/{name}.deb"
            f" | grep 'VALIDSIG .*{fingerprint}'",
        ],
    )
    apt.deb(name=f"Install {name}", src=f"{WORK}/{name}.deb")


if int(host.get_fact(Command, "cat /proc/sys/fs/inotify/max_user_instances")) < 8192:
    files.put(src=text("fs.inotify.max_user_instances = 8192\n"), dest="/etc/sysctl.d/60-ecs.conf", mode="644")
    server.shell(commands=["sysctl --load=/etc/sysctl.d/60-ecs.conf"])

if "docker.io" not in packages:
    apt.update()
apt.packages(packages=["docker.io"], no_recommends=True)
systemd.service(service="docker", running=True, enabled=True)

verified("amazon-ssm-agent", data.ssm_agent_path, ".sig", "keys/amazon-ssm-agent.gpg", data.ssm_agent_fingerprint)
ssm_config = files.put(
    src=text(f'{{"Ssm": {{"Endpoint": "{data.endpoint}"}}}}\n'),
    dest="/etc/amazon/ssm/amazon-ssm-agent.json",
    mode="644",
)
registered = host.get_fact(File, "/var/lib/amazon/ssm/Vault/Store/RegistrationKey")
if not registered:
    systemd.service(service="amazon-ssm-agent", running=False)
    server.shell(
        name="Register the host",
        commands=[
            f"amazon-ssm-agent -register -code {data.activation_code} -id {data.activation_id} -region {data.region} -y"
        ],
    )
systemd.service(service="amazon-ssm-agent", running=True, enabled=True)
systemd.service(service="amazon-ssm-agent", restarted=True, _if=ssm_config.did_change)
server.shell(
    name="Wait for credentials",
    commands=["timeout 60 sh -c 'until grep -q aws_session_token /root/.aws/credentials; do sleep 0.5; done'"],
)

changes = [
    files.put(
        name=f"Write {dest}",
        src=text(content),
        dest=dest,
        mode="600",
    )
    for dest, content in {
        "/etc/ecs/ecs.config": (
            f"ECS_CLUSTER={data.cluster}\n"
            f'ECS_CONTAINER_INSTANCE_TAGS={{"fleet":"bench","host":"{host.name}","site":"{data.site}"}}\n'
            f"ECS_IMAGE_PULL_BEHAVIOR={data.pull}\n"
            f'ECS_INSTANCE_ATTRIBUTES={{"site":"{data.site}"}}\n'
        ),
        "/var/lib/ecs/ecs.config": (
            f"AWS_DEFAULT_REGION={data.region}\nECS_BACKEND_HOST={data.endpoint}\nECS_EXTERNAL=true\n"
        ),
    }.items()
]
changes.append(
    files.put(
        src=text("[Service]\nRestartPreventExitStatus=5\n"),
        dest="/etc/systemd/system/ecs.service.d/50-guard.conf",
        mode="644",
    )
)
verified("amazon-ecs-init", data.ecs_agent_path, ".asc", "keys/amazon-ecs-agent.gpg", data.ecs_agent_fingerprint)
systemd.service(
    name="Restart the ECS agent",
    service="ecs",
    restarted=True,
    daemon_reload=True,
    _if=lambda: any(change.did_change() for change in changes),
)
systemd.service(service="ecs", running=True, enabled=True)
server.shell(
    name="Wait until the agent has joined",
    commands=[
        "timeout 60 sh -c 'until curl --silent --max-time 2 http://127.0.0.1:51678/v1/metadata"
        f" | grep -q {data.cluster}; do sleep 0.5; done'"
    ],
)
