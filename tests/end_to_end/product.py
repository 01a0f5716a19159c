"""The whole product in front of a real Asterisk: dialerd as a process, dialerctl as an operator types it.

Owns processes, configuration and look-ups for tests; must not know what a test wants to prove.
"""

from __future__ import annotations

import csv
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .pbx.asterisk import Asterisk

PROGRAMS = Path(sys.executable).parent
CONFIG = """\
[dialerd]
state_dir = "{folder}"
runtime_dir = "{folder}"
tick_s = 0.25
calls_per_second = 50
drain_timeout_s = 20
[control]
group = "root"
[detector]
enabled = {ears}
listen = "127.0.0.1:{ears_port}"
[audio]
folder = "{sounds}"
[recording]
folder = "{recordings}"
[[asterisk]]
name = "pbx"
port = {ami}
ping_interval_s = 1
secret = "{secret}"
agi = "{agi}"
agi_listen = "127.0.0.1:{agi_port}"
agi_script = "{script}"
verdict_socket = "{verdict}"
verdict_group = "root"
[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@trunk"
max_channels = 60
calls_per_second = 50
"""


class Product:
    """dialerd with one configuration in one folder, and dialerctl on its socket."""

    def __init__(
        self, folder: Path, pbx: Asterisk, *, agi: str = "fastagi", ami_port: int | None = None, ears: bool = True
    ) -> None:
        """`folder` must be short (Unix sockets); `agi` fastagi or script; `ami_port` instead of Asterisk's own.

        Without `ears` no detector runs.
        """
        self.folder = folder
        self.pbx = pbx
        self.socket = folder / "control.sock"
        self.config = folder / "dialerd.toml"
        verdict = pbx.folder / "verdict"
        self.config.write_text(
            CONFIG.format(
                folder=folder,
                sounds=pbx.folder / "sounds" / folder.name,
                recordings=pbx.folder / "recordings",
                ami=ami_port or pbx.ports.ami,
                secret=pbx.configuration.ami_secret,
                agi=agi,
                agi_port=free_port(),
                ears="true" if ears else "false",
                ears_port=free_port(),
                script=pbx.folder / "agi-bin/dialerd-amd.agi",
                verdict=verdict / "verdict.sock",
            )
        )
        self.config.chmod(0o600)
        self.process: subprocess.Popen[bytes] | None = None

    # -- the daemon

    def start(self) -> None:
        """Start dialerd and wait until it is connected to Asterisk."""
        with (self.folder / "dialerd.log").open("ab") as log:
            self.process = subprocess.Popen([PROGRAMS / "dialerd", "--config", self.config], stderr=log)
        self.wait(lambda: self.socket.exists() and self.healthy(), 20, "dialerd connected to Asterisk")

    def healthy(self) -> bool:
        """`dialerctl status` says that everything is up."""
        return self.run("status").returncode == 0

    def stop(self) -> int:
        """SIGTERM; return the exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def freeze(self) -> None:
        """SIGSTOP: alive, but mute."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End dialerd whatever its state."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)

    def log(self) -> str:
        """dialerd's log so far."""
        return (self.folder / "dialerd.log").read_text()

    # -- dialerctl

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """dialerctl with these words."""
        return subprocess.run(
            [PROGRAMS / "dialerctl", "--socket", self.socket, *words], capture_output=True, text=True, timeout=60
        )

    def ctl(self, *words: str) -> str:
        """dialerctl with these words; fail the test when it fails."""
        done = self.run(*words)
        assert done.returncode == 0, f"dialerctl {' '.join(words)}: exit {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout

    def json(self, *words: str) -> Any:
        """The JSON answer of dialerctl."""
        return json.loads(self.ctl(*words, "-o", "json"))

    # -- what is in the store

    def rows(self, sql: str, *params: Any) -> list[dict[str, Any]]:
        """Rows of the store, read beside the running daemon."""
        with sqlite3.connect(f"file:{self.folder / 'dialerd.db'}?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, params)]

    def attempts(self, number: str = "") -> list[dict[str, Any]]:
        """Attempts in the order they were made, of one number or of all."""
        if number:
            return self.rows("SELECT * FROM call_log WHERE number = ? ORDER BY id", number)
        return self.rows("SELECT * FROM call_log ORDER BY id")

    def closed(self, number: str, count: int = 1) -> bool:
        """That many attempts to a number are finished."""
        done = self.rows("SELECT id FROM call_log WHERE number = ? AND closed_at IS NOT NULL", number)
        return len(done) >= count

    # -- set-up

    def campaign(self, name: str, abandon: str, *options: str) -> None:
        """Add a campaign that may call round the clock."""
        self.ctl(
            "campaign", "add", name, "--trunk", "main", "--caller-id", "+390612345678", "--abandon-message",
            abandon, "--daily-start", "00:00", "--daily-end", "23:59", "--call-days", "mon-sun",
            "--timezone", open_zone(), "--rule-set", "none", *options,
        )  # fmt: skip

    def agents(self, campaign: str, *names: str, leg_mode: str = "nailed_up") -> None:
        """Add agents whose phones are the far end's."""
        for name in names:
            self.ctl(
                "agent", "add", name, "--endpoint", f"PJSIP/{name}", "--campaign", campaign, "--leg-mode", leg_mode
            )

    def leads(self, campaign: str, *numbers: str) -> None:
        """Import leads."""
        path = self.folder / f"leads-{time.monotonic_ns()}.csv"
        with path.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["number", "name", "timezone"])
            rows.writerows([number, f"Lead {number}", open_zone()] for number in numbers)
        self.ctl("lead", "import", str(path), "--campaign", campaign)

    def agent_state(self, name: str) -> str:
        """An agent's live state."""
        return str(next(row["state"] for row in self.agent_rows() if row["name"] == name))

    def agent_rows(self) -> list[dict[str, Any]]:
        """`agent list` as rows."""
        answer = self.json("agent", "list")
        return list(rows_of(answer))

    def wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Wait until something is true, or fail the test with the log's end."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if condition():
                return
            if self.process is not None and self.process.poll() not in (None, -9, 0):
                break
            time.sleep(0.05)
        tail = "\n".join(self.log().splitlines()[-25:])
        raise AssertionError(f"not within {timeout_s} s: {what}\n{tail}")


def rows_of(answer: Any) -> Sequence[dict[str, Any]]:
    """The list inside a versioned JSON answer of dialerctl."""
    if isinstance(answer, list):
        return answer
    return next(value for value in answer.values() if isinstance(value, list))


def open_zone() -> str:
    """A zone where it is about noon now: tests run at any hour."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def wall(monotonic_s: float) -> float:
    """Epoch seconds of a far end's monotonic time."""
    return monotonic_s + time.time() - time.monotonic()


def free_port() -> int:
    """A TCP port nobody listens on."""

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
