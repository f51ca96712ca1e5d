# Copyright (c) 2026, edgefleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Region's records in a file, so that it can go on where it ended.

The file is a pickle. Reading it makes objects of this package and of moto only; still, it is as trustworthy as whoever
wrote it, holds credentials, and fits the version that wrote it. Not in it: the call log, faults, open sessions, and
what of moto cannot be pickled (`save` tells).
"""

from __future__ import annotations

import copyreg
import io
import itertools
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Region
    from .moto_app import Moto

FORMAT = 1
_KEPT = ("credentials", "ecs", "ssm", "outposts", "ec2", "events", "links")
_PACKAGES = ("sandbox.region.", "moto.")
_MODULES = frozenset({"collections", "datetime", "ipaddress", "itertools", "_strptime", "zoneinfo", "dateutil.tz.tz"})
_NAMES = {
    "builtins": frozenset({"set", "frozenset", "bytearray", "complex", "range", "object", "dict", "list", "tuple"}),
    "copyreg": frozenset({"_reconstructor", "__newobj__", "__newobj_ex__"}),
    "re": frozenset({"_compile"}),
}


class StateProblem(ValueError):
    """A file that this Region cannot go on from."""


def _count(counter: Any) -> tuple[Any, tuple[int]]:
    # Python 3.14 no longer pickles counters itself; how far one is, it tells in its text alone.
    return itertools.count, (int(repr(counter)[len("count(") : -1]),)


class _Pickler(pickle.Pickler):
    dispatch_table = {**copyreg.dispatch_table, itertools.count: _count}


def _method(owner: object, name: str) -> Any:
    """A bound method of an object of moto, which is pickled as a look into the object."""
    if name.startswith("_") or not type(owner).__module__.startswith("moto."):
        raise StateProblem(f"the file asks for {name} of {type(owner).__name__}, which has no business there")
    return getattr(owner, name)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):
            return _method
        if not (module.startswith(_PACKAGES) or module in _MODULES or name in _NAMES.get(module, ())):
            raise StateProblem(f"the file asks for {module}.{name}, which has no business there")
        return super().find_class(module, name)


def _dump(value: object) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, protocol=5).dump(value)
    return buffer.getvalue()


def _load(data: bytes) -> Any:
    return _Unpickler(io.BytesIO(data)).load()


def dump(region: Region, moto: Moto) -> tuple[bytes, list[str]]:
    """The Region's records as bytes, and the services of moto that could not be saved."""
    backends, left_out = {}, []
    for key, backend in moto.backends().items():
        try:
            backends[key] = _dump(backend)
        except Exception:  # noqa: BLE001 - moto holds whatever it likes, threads and functions among them
            left_out.append(key[0])
    whole = {
        "format": FORMAT,
        "name": region.settings.name,
        "account": region.settings.account,
        "offset": region.clock.offset,
        "records": {name: getattr(region, name) for name in _KEPT},
        "moto": backends,
    }
    return _dump(whole), sorted(set(left_out))


def restore(region: Region, moto: Moto, data: bytes) -> None:
    """Put records in the place of those that are there; time has gone on meanwhile."""
    try:
        whole = _load(data)
        backends = {key: _load(one) for key, one in whole["moto"].items()}
        ours = (whole["format"], whole["name"], whole["account"])
    except StateProblem:
        raise
    except Exception as error:
        raise StateProblem(f"it is not a Region's state, or one of another version: {error}") from error
    if ours != (FORMAT, region.settings.name, region.settings.account):
        raise StateProblem(f"it is of format {ours[0]}, Region {ours[1]}, account {ours[2]}")
    region.reset()
    moto.reset()
    region.clock.advance(whole["offset"])
    for name, records in whole["records"].items():
        setattr(region, name, records)
    moto.put_back(backends)


def save(region: Region, moto: Moto, path: Path) -> list[str]:
    """Write the file, whole or not at all; the services of moto that could not be saved."""
    data, left_out = dump(region, moto)
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    # It holds credentials.
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
    unfinished.replace(path)
    return left_out
