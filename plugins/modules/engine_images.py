#!/usr/bin/python
# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_images
short_description: Have container images on a host before tasks need them
version_added: 0.1.0
author:
  - Edgefleet contributors (@edgefleet)
description:
  - Pulls the images that the container engine of the host does not have, or loads them from archives that lie on the
    host, all in one remote execution. It needs no client program and no Python package, only the engine's socket.
  - An image that is there is not pulled again, whatever its registry has by now. So name images by a tag that does not
    move, or by digest, which the engine itself verifies.
  - Images are never removed.
options:
  images:
    description: The images.
    type: list
    elements: dict
    required: true
    suboptions:
      image:
        description: Reference with a tag or a digest, as task definitions name it.
        type: str
        required: true
      id:
        description:
          - Id that the image must have, as C(docker image inspect) shows it on such a host.
          - An image with another id is pulled or loaded anew, and the module fails if the id still differs then.
        type: str
      archive:
        description:
          - File on the host, made by C(docker save), also compressed. Without it, the image is pulled.
          - Several images may come from the same archive, which is loaded once.
        type: path
      checksum:
        description: SHA-256 of the archive, with V(sha256:) before it. It is verified before the engine reads the file.
        type: str
  archives_in:
    description: Folder on the host in which all archives lie. Of O(images[].archive) only the file's name counts then.
    type: path
  remove_archives:
    description: Whether archives are removed once they were loaded.
    type: bool
    default: false
  registry_auth:
    description:
      - Logins by registry, each with C(username) and C(password). Docker Hub is C(docker.io).
      - They go to the engine with the pull and are stored nowhere on the host.
    type: dict
    default: {}
  timeout:
    description: Seconds without any sign of life from the engine after which a pull or a load has failed.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
extends_documentation_fragment:
  - edgefleet.ecs.attributes
requirements:
  - Python 3.9 on the host
notes:
  - Needs to be root on the host, so set C(become).
seealso:
  - module: edgefleet.ecs.engine_config
  - module: edgefleet.ecs.agent_config
    description: C(ECS_IMAGE_PULL_BEHAVIOR) with V(prefer-cached) makes the ECS agent take what is there.
"""

EXAMPLES = r"""
- name: Have the till's image from a registry with a login
  edgefleet.ecs.engine_images:
    images:
      - image: registry.example.net/shop/till:1.4.2
    registry_auth:
      registry.example.net:
        username: shop
        password: "{{ registry_password }}"
  become: true

- name: Have an image that was copied to the host
  edgefleet.ecs.engine_images:
    images:
      - image: shop/till:1.4.2
        archive: /var/tmp/till-1.4.2.tar.gz
    remove_archives: true
  become: true
"""

RETURN = r"""
images:
  description: By reference, the id of the image that the engine has now.
  returned: when not in check mode
  type: dict
  sample:
    shop/till:1.4.2: sha256:b5a1db1c1b1d8f7f6d5a7b0a3c9f9e2d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a29
pulled:
  description: References that were pulled, or would be.
  returned: success
  type: list
  elements: str
  sample: []
loaded:
  description: References that were loaded, or would be.
  returned: success
  type: list
  elements: str
  sample: [shop/till:1.4.2]
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import socket
import typing as t
from urllib.parse import quote, urlencode

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.edgefleet.ecs.plugins.module_utils.host import images as references

SOCKET = "/run/docker.sock"
# The name of Docker Hub in logins, from before it had another one.
DOCKER_HUB_LOGIN = "https://index.docker.io/v1/"


class ImageError(Exception):
    """An expected way to fail; the text is for the operator."""


class Connection(http.client.HTTPConnection):
    """HTTP to the engine's socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """What the module asks of the container engine (https://docs.docker.com/reference/api/engine/)."""

    def __init__(self, timeout: float, path: str = SOCKET) -> None:
        self.timeout = timeout
        self.path = path

    @contextlib.contextmanager
    def _answer(self, method: str, path: str, **request: t.Any) -> t.Iterator[http.client.HTTPResponse]:
        connection = Connection(self.path, self.timeout)
        try:
            connection.request(method, path, **request)
            yield connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            what = f"no sign of life for {self.timeout:g} s" if isinstance(error, socket.timeout) else str(error)
            raise ImageError(f"the container engine does not answer at {self.path}: {what}") from error
        finally:
            connection.close()

    def image_id(self, name: str) -> str | None:
        with self._answer("GET", f"/images/{quote(name, '/:@')}/json") as answer:
            body = answer.read()
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise ImageError(f"{name}: the engine says {answer.status}: {said(body)}")
            found: str = json.loads(body)["Id"]
            return found

    def pull(self, name: str, login: t.Mapping[str, str] | None) -> None:
        reference = references.parse(name)
        if reference is None:
            raise ImageError(f"{name} is no reference of an image")
        # With a digest, the tag is a comment: the engine takes one of the two.
        query = urlencode({"fromImage": reference.name, "tag": reference.digest or reference.tag or "latest"})
        headers = {"X-Registry-Auth": encoded(login, reference.registry)} if login else {}
        with self._answer("POST", f"/images/create?{query}", headers=headers) as answer:
            self._follow(name, answer)

    def load(self, name: str, path: str) -> None:
        size = str(os.path.getsize(path))
        headers = {"Content-Type": "application/x-tar", "Content-Length": size}
        request = "/images/load?quiet=1"
        with open(path, "rb") as file, self._answer("POST", request, body=file, headers=headers) as answer:
            self._follow(name, answer)

    def _follow(self, name: str, answer: http.client.HTTPResponse) -> None:
        """Read the engine's progress to its end: it says 200 first, and what went wrong in the last line."""
        if answer.status != 200:
            raise ImageError(f"{name}: the engine says {answer.status}: {said(answer.read())}")
        for line in answer:
            error = failure(line)
            if error:
                raise ImageError(f"{name}: {error}")


def said(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace").strip()[-500:]


def failure(line: bytes) -> str | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message.get("error") if isinstance(message, dict) else None


def encoded(login: t.Mapping[str, str], registry: str) -> str:
    address = DOCKER_HUB_LOGIN if registry == references.DOCKER_HUB else registry
    data = {"username": login["username"], "password": login["password"], "serveraddress": address}
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode()


def check_archive(name: str, item: t.Mapping[str, t.Any]) -> None:
    path, wanted = item["archive"], item.get("checksum")
    if not os.path.isfile(path):
        raise ImageError(f"{name}: the host has no file {path}")
    if not wanted:
        return
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    if "sha256:" + digest.hexdigest() != wanted:
        raise ImageError(f"{name}: {path} has the checksum sha256:{digest.hexdigest()}, not {wanted}")


def bring(engine: Engine, item: t.Mapping[str, t.Any], logins: t.Mapping[str, t.Any], loaded: set[str]) -> str:
    """Pull or load one image, or find it in an archive that was loaded for another one; its id."""
    name, archive = item["image"], item.get("archive")
    if archive and archive not in loaded:
        check_archive(name, item)
        engine.load(name, archive)
        loaded.add(archive)
    elif not archive:
        reference = references.parse(name)
        engine.pull(name, logins.get(reference.registry) if reference else None)
    known = engine.image_id(name)
    if known is None:
        source = item.get("archive") or "what was pulled"
        raise ImageError(f"{name}: {source} does not hold an image of this name")
    if item.get("id") and known != item["id"]:
        raise ImageError(f"{name}: the image has the id {known}, not {item['id']}")
    return known


def ensure_images(
    engine: Engine, wanted: list[dict[str, t.Any]], logins: t.Mapping[str, t.Any], check_mode: bool, remove: bool
) -> dict[str, t.Any]:
    have = {item["image"]: engine.image_id(item["image"]) for item in wanted}
    missing = references.missing(wanted, have)
    to_bring = [item for item in wanted if item["image"] in missing]
    result: dict[str, t.Any] = {
        "changed": bool(to_bring),
        "pulled": [item["image"] for item in to_bring if not item.get("archive")],
        "loaded": [item["image"] for item in to_bring if item.get("archive")],
        "diff": {
            "before": {name: before for name, (before, _after) in missing.items()},
            "after": {name: after for name, (_before, after) in missing.items()},
        },
    }
    if check_mode:
        return result
    loaded: set[str] = set()
    for item in to_bring:
        have[item["image"]] = bring(engine, item, logins, loaded)
    for path in loaded if remove else ():
        os.unlink(path)
    return {**result, "images": have}


def placed(wanted: list[dict[str, t.Any]], folder: str | None) -> list[dict[str, t.Any]]:
    """The images with their archives where they lie on the host."""
    return [
        {**item, "archive": os.path.join(folder, os.path.basename(item["archive"]))}
        if folder and item.get("archive")
        else item
        for item in wanted
    ]


def login_errors(logins: t.Mapping[str, t.Any]) -> list[str]:
    """Without any value: these are secrets."""
    return [
        f"registry_auth.{registry}: allowed: a mapping with username and password, both texts"
        for registry, login in logins.items()
        if not isinstance(login, dict) or not all(isinstance(login.get(key), str) for key in ("username", "password"))
    ]


def main() -> None:
    item = {
        "image": {"type": "str", "required": True},
        "id": {"type": "str"},
        "archive": {"type": "path"},
        "checksum": {"type": "str"},
    }
    module = AnsibleModule(
        argument_spec={
            "images": {"type": "list", "elements": "dict", "required": True, "options": item},
            "archives_in": {"type": "path"},
            "remove_archives": {"type": "bool", "default": False},
            "registry_auth": {"type": "dict", "default": {}, "no_log": True},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    params = module.params
    errors = references.validate(params["images"]) + login_errors(params["registry_auth"])
    if errors:
        module.fail_json(msg="The images are refused, nothing was changed. " + " | ".join(errors), errors=errors)
    engine = Engine(params["timeout"])
    try:
        wanted = placed(params["images"], params["archives_in"])
        result = ensure_images(engine, wanted, params["registry_auth"], module.check_mode, params["remove_archives"])
    except (ImageError, OSError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        del result["diff"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
