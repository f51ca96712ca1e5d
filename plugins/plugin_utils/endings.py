# Copyright (c) 2026, edgefleet contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a rollout that does not come to its last play: by a signal, or by an error that nobody rescues.

What the run has told of itself in Ansible's own process is enough to put a true end on its record.
"""

from __future__ import annotations

import atexit
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.edgefleet.ecs.plugins.module_utils.planning import record

from . import records
from .report import drawing

Data = Mapping[str, Any]

# What ends a run from outside: Ctrl-C, a controller or service manager, a terminal that is gone.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Story:
    """What a rollout has told so far."""

    def __init__(self, plan: Data) -> None:
        self._conductors = {batch.get("conductor"): batch["number"] for batch in plan["batches"]}
        self._begun = record.begin(plan)
        self._results: dict[int, Data] = {}
        # By batch, what was told of its gate: one that was open and closed later may have drained hosts in between.
        self._gates: dict[int, list[bool]] = {}
        self._connected: dict[int, list[str]] = {}
        self._path: Path | None = None

    def recorded(self, path: str) -> None:
        """The record has been written there."""
        self._path = Path(path)

    @property
    def files(self) -> list[str]:
        return [f"Record: {self._path}", f"What is left, and nothing else: -e fleet_only_failed={self._path}"]

    def heard(self, host: str, facts: Data) -> None:
        """A host, which may be a conductor, has new facts."""
        number = self._conductors.get(host)
        if number is None:
            return
        if "rollout_gate" in facts:
            self._gates.setdefault(number, []).append(bool(facts["rollout_gate"]["open"]))
        if "rollout_connected" in facts:
            self._connected[number] = list(facts["rollout_connected"])
        if "rollout_batch_result" in facts:
            self._results[number] = facts["rollout_batch_result"]

    def broken_off(self, why: str, now: str) -> dict[str, Any] | None:
        """The record of a run that ends here, C(None) where it has ended. That on disk may know of more."""
        run = records.read(self._path) if self._path else None
        if run is None or run.get("run_id") != self._begun["run_id"]:
            run = self._begun
        if run["state"] != record.RUNNING:
            return None
        broken = [
            {"number": number, "touched": gates[-1], "reason": why, "connected": self._connected.get(number, [])}
            for number, gates in self._gates.items()
            if any(gates) and number not in self._results
        ]
        ended = record.end(record.add(run, self._results.values()), now, broken, why)
        return {**ended, "written": now}

    def end(self, why: str) -> dict[str, Any] | None:
        """Put an end on the record, if it is there and has none yet. Returns it as it is then."""
        if not self._path or not self._path.exists():
            return None
        with records.alone(self._path):
            run = self.broken_off(why, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            if run is None:
                return None
            records.write(self._path, records.text_of(run))
        drawing.beside(self._path, run)
        return run


def before_the_end(act: Callable[[str], None]) -> None:
    """Have this done before a signal ends the process, or before it ends by itself. Who ends it then is as before.

    What it does must not take long, and must not print through Ansible: a signal comes at any moment.
    """
    main = os.getpid()
    for number in _SIGNALS:
        before = signal.getsignal(number)
        # Whoever is to survive a terminal that is gone was told so with nohup.
        if before is not signal.SIG_IGN:
            signal.signal(number, _Handler(act, main, before))
    # Workers are forks of this process.
    atexit.register(lambda: act("") if os.getpid() == main else None)


class _Handler:
    def __init__(self, act: Callable[[str], None], main: int, before: Any) -> None:
        self._act, self._main, self._before = act, main, before

    def __call__(self, number: int, frame: Any) -> None:
        if os.getpid() == self._main:
            self._act(signal.Signals(number).name)
        if callable(self._before):
            self._before(number, frame)
            return
        signal.signal(number, signal.SIG_DFL)
        # Ansible tells its workers of this one only.
        os.kill(os.getpid(), signal.SIGTERM if number == signal.SIGHUP else number)
