# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User data that makes an EC2 instance a container instance: pure functions from settings to a shell script.

The settings pass the same checks, and are written by the same renderer, as those of hosts that Ansible reaches.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from . import ecs_config, ecs_secrets
from .ecs_settings import FILES, INSTANCE, USER

# Before base64. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
LIMIT = 16384

# No line of a rendered file is this one: each has an equals sign or begins with a hash.
_END = "END_OF_ECS_CONFIG"
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")


class UserDataError(ValueError):
    """Everything that is wrong with what was asked, each with a way out. No secret is in it."""

    def __init__(self, errors: t.Sequence[str]) -> None:
        super().__init__("The user data is refused. " + " | ".join(errors))
        self.errors = list(errors)


def _secret_errors(config: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    for name in sorted(config, key=str):
        if ecs_secrets.is_secret(str(name), ecs_config.text_of(name, config[name])):
            yield (
                f"{name}: is a secret, and user data can be read by every process of the instance and by whoever may "
                "call ec2:DescribeInstanceAttribute; leave it out. Private images: use Amazon ECR with the instance "
                "profile, or repositoryCredentials of the task definition. A proxy's login: let the proxy know its "
                "clients by their address"
            )


def _errors(config: t.Mapping[str, t.Any], commands: t.Sequence[t.Any], images: t.Sequence[t.Any]) -> list[str]:
    errors = ecs_config.validate(config, external=False)
    if "ECS_CLUSTER" not in config:
        errors.append("ECS_CLUSTER: is missing, and without it the instance would join the cluster `default`; name it")
    errors += _secret_errors(config)
    for number, command in enumerate(commands):
        if not isinstance(command, str) or "\0" in command:
            errors.append(f"commands[{number}]: is no line of shell; give a text")
    for number, image in enumerate(images):
        if not isinstance(image, str) or not _IMAGE.fullmatch(image):
            errors.append(f"images[{number}]: {image!a} is no image; give a name such as registry.example.com/app:1.4")
    return errors


def write_file(path: str, text: str) -> list[str]:
    """Lines that write a file of whole lines: at once, for root alone, whatever its text is.

    The shell expands nothing in a here-document whose delimiter is quoted.
    """
    folder, new = shlex.quote(path.rpartition("/")[0]), shlex.quote(path + ".new")
    if not text.endswith("\n") or _END in text.split("\n"):
        raise ValueError("the text must end with a line break, and may not hold the delimiter")
    return [
        f"mkdir -p {folder}",
        f"(umask 077 && cat > {new}) <<'{_END}'",
        text + _END,
        f"mv -f {new} {shlex.quote(path)}",
    ]


def _pull(image: str) -> str:
    name = shlex.quote(image)
    return f"docker pull --quiet {name} || logger -t edgefleet 'could not pull the image ahead:' {name}"


def _files(config: t.Mapping[str, t.Any]) -> dict[str, str]:
    """What to write where; the instance's own file only when there is something in it."""
    texts, settings = ecs_config.render(config), ecs_config.to_texts(config)
    return {FILES[name]: texts[name] for name in (INSTANCE, USER) if settings[name] or name == USER}


def render(config: t.Mapping[str, t.Any], commands: t.Sequence[str] = (), images: t.Sequence[str] = ()) -> str:
    """The script. On an ECS-optimized AMI the agent starts after it: its unit comes after cloud-final.service."""
    errors = _errors(config, commands, images)
    if errors:
        raise UserDataError(errors)
    lines = ["#!/bin/sh", ecs_config.HEADER, "set -eu"]
    for path, text in _files(config).items():
        lines += write_file(path, text)
    # From here on, the instance joins its cluster whatever else fails.
    lines += ["set +eu", *commands, *map(_pull, images), "exit 0"]
    script = "\n".join(lines) + "\n"
    size = len(script.encode())
    if size > LIMIT:
        excess = f"the script has {size} bytes, {size - LIMIT} more than the {LIMIT} that EC2 takes"
        raise UserDataError([f"{excess}; shorten the commands, or let them fetch a longer script"])
    return script
