"""Owns a running dialerd in front of a simulated PBX, as a process with files of its own, and what is asked of it.

Knows no fault: the tests bring them.
"""

from __future__ import annotations

import grp
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.faults.telephone_world import People, TelephoneWorld

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
[dialerd]
state_dir = "{state}"
runtime_dir = "{folder}"
tick_s = 0.25
calls_per_second = 100
drain_timeout_s = 1
[store]
url = "{url}"
[control]
group = "{group}"
[[asterisk]]
name = "pbx"
port = {ami}
secret = "simulated"
agi = "{form}"
agi_listen = "127.0.0.1:{agi}"
{agi_url}
verdict_socket = "{folder}/v/verdict.sock"
verdict_group = "{group}"
ping_interval_s = 1
[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@main"
max_channels = 100
calls_per_second = 50
"""
CAMPAIGN = {
    "name": "spring", "dial_mode": "progressive", "trunk": "main", "caller_id": "+390612345678",
    "abandon_message": "dialerd/sorry", "daily_start": "00:00", "daily_end": "24:00", "call_days": "mon-sun",
    "timezone": "Etc/UTC", "wrapup_time": 1, "rule_set": "none", "max_lines": 100, "calls_per_second": 50,
}  # fmt: skip


class Refused(Exception):
    """dialerd answered with an error."""


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Plant:
    """dialerd, its PBX and one campaign. `folder` must be short: Unix sockets live in it."""

    def __init__(
        self,
        folder: Path,
        people: People,
        *,
        state: Path | None = None,
        url: str = "",
        agi_url: str = "",
        form: str = "fastagi",
        filters: tuple[str, ...] | None = None,
        module: Sequence[str] = ("dialerd.main",),
        descriptors: tuple[int, int] | None = None,
    ) -> None:
        """`state`: where the database goes; `url`: another store; `module`: what is run instead of dialerd.

        `descriptors`: how many files it may open, soft and hard limit.
        """
        self.folder = folder
        self.people = people
        self.state = state or folder
        self.world = TelephoneWorld(people, filters=filters)
        self.agi_port = free_port()
        self._module = list(module)
        self._descriptors = descriptors
        self.config = folder / "dialerd.toml"
        self.config.write_text(
            CONFIG.format(
                folder=folder,
                state=self.state,
                url=url or f"sqlite:///{self.state}/dialerd.db",
                group=grp.getgrgid(os.getgid()).gr_name,
                ami=self.world.port,
                agi=self.agi_port,
                form=form,
                agi_url=f'agi_url = "{agi_url}"' if agi_url else "",
            )
        )
        self.config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._numbers = 0

    # -- the daemon

    def start(self) -> None:
        """Start dialerd and wait until it is healthy."""
        module, *arguments = self._module
        soft, hard = self._descriptors or (0, 0)
        limit = ["prlimit", f"--nofile={soft}:{hard}"] if soft else []
        with (self.folder / "dialerd.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*limit, sys.executable, "-m", module, *arguments, "--config", str(self.config)], stderr=log, cwd=ROOT
            )
        self.wait(lambda: self._healthy(), 20, "dialerd is healthy")

    def _healthy(self) -> bool:
        try:
            return bool(self.status()["healthy"])
        except OSError:
            return False

    def freeze(self) -> None:
        """SIGSTOP."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End everything whatever its state; dialerd must still have been alive."""
        self.hang_up_line()
        alive = self.process is not None and self.process.poll() is None
        if self.process is not None and alive:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)
        self.world.close()
        assert alive or self.process is None, f"dialerd died: {self.log()[-2000:]}"

    def log(self) -> str:
        """dialerd's log."""
        return (self.folder / "dialerd.log").read_text(errors="replace")

    # -- the control socket

    def ask(self, method: str, **params: Any) -> Any:
        """One request; Refused with the sentence, OSError when nobody answers."""
        if self._line is None:
            self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._line.settimeout(40)
            try:
                self._line.connect(str(self.folder / "control.sock"))
            except OSError:
                self.hang_up_line()
                raise
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self._line.sendall(json.dumps(request).encode() + b"\n")
        line = b""
        while not line.endswith(b"\n"):
            piece = self._line.recv(1 << 20)
            if not piece:
                self.hang_up_line()
                raise ConnectionError("dialerd hung up")
            line += piece
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["result"]

    def hang_up_line(self) -> None:
        """Close the connection, if there is one."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def status(self) -> dict[str, Any]:
        """The status."""
        answer: dict[str, Any] = self.ask("status")
        return answer

    def problem(self, *words: str) -> bool:
        """Whether one sentence of the status holds all these words."""
        return any(all(word in sentence for word in words) for sentence in self.status()["problems"])

    def why(self) -> str:
        """Why the campaign does (not) dial."""
        return str(next(c["why"] for c in self.status()["campaigns"] if c["name"] == "spring"))

    # -- campaign, agents, leads

    def campaign(self, agents: int, leads: int, **columns: Any) -> None:
        """Add and start the campaign, with agents who are logged in."""
        self.ask("campaign.add", **{**CAMPAIGN, **columns})
        for n in range(1, agents + 1):
            name = str(1000 + n)
            self.ask("agent.add", name=name, endpoint=f"PJSIP/{name}", campaigns=["spring"])
            self.ask("agent.login", name=name)
        if leads:
            self.leads(leads)
        self.wait(lambda: self.status()["agents"]["ready"] == agents, 10, "the agents are ready")
        self.ask("campaign.start", name="spring")

    def leads(self, count: int) -> None:
        """Import that many new leads."""
        rows = [{"number": f"+3906{n:08d}", "zones": ["Etc/UTC"]} for n in range(self._numbers, self._numbers + count)]
        self._numbers += count
        self.ask("lead.import", campaign="spring", list="first", rows=rows)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Rows of the SQLite store, read beside the daemon."""
        with sqlite3.connect(f"file:{self.state / 'dialerd.db'}?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql)]

    def wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until something is true, or fail with the log's end."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if condition():
                return
            assert self.process is None or self.process.poll() is None, f"dialerd died: {self.log()[-3000:]}"
            time.sleep(0.03)
        raise AssertionError(f"not within {timeout_s} s: {what}\n{self.log()[-3000:]}")

    def watch(self, seconds: float, holds: Callable[[], bool], what: str) -> None:
        """Fail unless something stays true for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert holds(), f"not any more: {what}\n{self.log()[-3000:]}"
            time.sleep(0.05)

    # -- what must hold in the end

    def settled(self) -> None:
        """Everybody hangs up; every record is finished, nobody was dialled twice, the store is sound."""
        self.ask("campaign.stop", name="spring")
        for channel in self.world.calls():
            self.world.hang_up(channel)
        self.wait(lambda: self.status()["store"]["backlog"] == 0 and not self.world.calls(), 20, "all is over")
        self.wait(lambda: sum(self.status()["calls"].values()) == 0, 20, "dialerd knows it")
        self.wait(lambda: self.status()["agents"]["wrap_up"] == 0, 10, "every wrap-up is over: records are closed")
        self.wait(lambda: self.status()["store"]["backlog"] == 0, 20, "and written")
        dialled = self.people.dialled
        assert len(dialled) == len(set(dialled)), "a number was dialled twice"
