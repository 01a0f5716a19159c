"""Owns the agents of a crash run: a thread that logs them in, pauses and disposes, whatever happens to dialerd."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.crashes.control_line import ControlLine, LineLost, Refused

CODES = ("sale", "not_interested", "callback", "not_interested", "wrong_person")


@dataclass(frozen=True, slots=True)
class Given:
    """A disposition that dialerd has confirmed."""

    agent: str
    attempt_id: int
    code: str
    at: float


class Staff:
    """Everybody who is logged out logs in; who wraps up gives a disposition after a moment."""

    def __init__(self, path: Path, seed: int) -> None:
        """`path`: the control socket."""
        self.given: list[Given] = []
        self.logins = 0
        self.faults: list[str] = []
        self.working = True  # False: nobody logs in any more
        self._path = path
        self._rng = random.Random(f"staff/{seed}")
        self._due: dict[tuple[str, int], float] = {}
        self._asked: dict[str, float] = {}
        self._resting_until = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="staff", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def rest(self, seconds: float) -> None:
        """Nobody comes back from a break for so long."""
        self._resting_until = time.monotonic() + seconds

    @property
    def resting(self) -> bool:
        """Whether a break that was ordered goes on."""
        return time.monotonic() < self._resting_until

    def stop(self) -> None:
        """Go home."""
        self._stop.set()
        self._thread.join(15)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                line = ControlLine(self._path)
            except (LineLost, Refused):
                self._stop.wait(0.05)
                continue
            try:
                while not self._stop.wait(0.05):
                    self._step(line)
            except LineLost:
                pass
            except Exception as error:
                self.faults.append(f"{type(error).__name__}: {error}")
                return
            finally:
                line.close()

    def _step(self, line: ControlLine) -> None:
        now = time.monotonic()
        for row in line.ask("agent.list"):
            name, state = str(row["name"]), row.get("state")
            if state == "logged_out":
                self._log_in(line, name, row, now)
            elif state == "wrap_up" and row.get("attempt_id"):
                self._wrap_up(line, name, int(row["attempt_id"]), now)
            elif state == "paused" and not self.resting and now - self._asked.get(name, 0.0) > 1.0:
                self._asked[name] = now
                self._try(line, "agent.unpause", name=name)
            elif state == "ready" and self._rng.random() < 0.002:
                self._asked[name] = now
                self._try(line, "agent.pause", name=name, reason="break")

    def _log_in(self, line: ControlLine, name: str, row: dict[str, Any], now: float) -> None:
        if self.working and row.get("leg") != "ringing" and now - self._asked.get(name, 0.0) > 1.0:
            self._asked[name] = now
            if self._try(line, "agent.login", name=name):
                self.logins += 1

    def _wrap_up(self, line: ControlLine, name: str, attempt_id: int, now: float) -> None:
        due = self._due.setdefault((name, attempt_id), now + self._rng.uniform(0.0, 0.8))
        if now < due:
            return
        code = self._rng.choice(CODES)
        if self._try(line, "agent.dispose", name=name, disposition=code):
            self.given.append(Given(name, attempt_id, code, time.time()))

    @staticmethod
    def _try(line: ControlLine, method: str, **params: Any) -> bool:
        try:
            line.ask(method, **params)
        except Refused:
            return False
        return True
