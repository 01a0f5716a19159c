"""Owns the processes of a crash run and their files: a simulated PBX that lives on, and dialerd, which is killed."""

from __future__ import annotations

import grp
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEED = 10.0
NODE = "pbx"
CONFIG = """\
[dialerd]
state_dir = "{folder}"
runtime_dir = "{folder}"
tick_s = 0.25
calls_per_second = 60
[control]
group = "{group}"
[[asterisk]]
name = "pbx"
port = {ami}
secret = "simulated"
agi_listen = "127.0.0.1:{agi}"
verdict_socket = "{folder}/verdict.sock"
verdict_group = "{group}"
[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@main"
max_channels = 80
calls_per_second = 60
"""
SCENARIO = """\
name = "crashes"
message_s = 5.0
[outcomes]
person = 0.45
machine = 0.10
busy = 0.10
no_answer = 0.20
congestion = 0.03
invalid = 0.02
rejected = 0.05
failed = 0.05
[network.post_dial_delay]
shape = "uniform"
min_s = 0.3
max_s = 2.0
[people]
opt_out_share = 0.25
[people.ring]
shape = "lognormal"
mean_s = 5.0
cv = 0.6
min_s = 0.3
max_s = 20.0
[people.talk]
shape = "lognormal"
mean_s = 18.0
cv = 1.2
min_s = 0.5
max_s = 120.0
"""
"""Many short calls: at speed 10 something happens every few milliseconds. The rest is the ordinary world."""


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Death:
    """One end of the daemon: which run of it, when, how long it had lived, and what ended it."""

    run: int
    at: float
    lived_s: float
    why: str


@dataclass(slots=True)
class Worksite:
    """One folder with PBX, daemon, store and truth. `folder` must be short: Unix sockets live in it."""

    folder: Path
    seed: int
    deaths: list[Death] = field(default_factory=list)
    runs: int = 0
    ami_port: int = field(default_factory=free_port)
    agi_port: int = field(default_factory=free_port)
    pbx: subprocess.Popen[bytes] | None = None
    daemon: subprocess.Popen[bytes] | None = None
    _started: float = 0.0

    def __post_init__(self) -> None:
        """Write configuration and scenario."""
        group = grp.getgrgid(os.getgid()).gr_name
        self.config.write_text(CONFIG.format(folder=self.folder, group=group, ami=self.ami_port, agi=self.agi_port))
        self.config.chmod(0o600)
        (self.folder / "scenario.toml").write_text(SCENARIO)

    @property
    def config(self) -> Path:
        """dialerd's configuration."""
        return self.folder / "dialerd.toml"

    @property
    def socket(self) -> Path:
        """dialerd's control socket."""
        return self.folder / "control.sock"

    @property
    def database(self) -> Path:
        """dialerd's store."""
        return self.folder / "dialerd.db"

    @property
    def truth(self) -> Path:
        """What the simulated far ends saw."""
        return self.folder / "truth.jsonl"

    def start_pbx(self) -> None:
        """Start the PBX and wait until it listens."""
        self.pbx = subprocess.Popen(
            [
                sys.executable, "-m", "dialerd.simulation.pbx", "--ami-port", str(self.ami_port), "--seed",
                str(self.seed), "--speed", f"{SPEED:g}", "--scenario", self.folder / "scenario.toml", "--truth",
                self.truth,
            ],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self.pbx.stdout is not None
        assert b"AMI on" in self.pbx.stdout.readline(), "the simulated PBX did not start"

    def start(self, entry: Sequence[str] = ("dialerd.main",), environ: Mapping[str, str] | None = None) -> None:
        """Start dialerd; `entry` is the module to run with its arguments before dialerd's own."""
        module, *arguments = entry
        with (self.folder / "dialerd.log").open("ab") as log:
            log.write(f"--- run {self.runs + 1}\n".encode())
            log.flush()
            self.daemon = subprocess.Popen(
                [sys.executable, "-m", module, *arguments, "--config", self.config],
                stderr=log,
                cwd=ROOT,
                env={**os.environ, **(environ or {})},
            )
        self.runs += 1
        self._started = time.monotonic()

    def kill(self, why: str = "kill -9") -> None:
        """kill -9, now."""
        assert self.daemon is not None
        if self.daemon.poll() is None:
            self.daemon.kill()
        self.reap(why)

    def reap(self, why: str) -> None:
        """Take note of a daemon that has been killed or has killed itself."""
        assert self.daemon is not None
        status = self.daemon.wait(10)
        self.deaths.append(Death(self.runs, time.time(), time.monotonic() - self._started, why))
        assert status == -signal.SIGKILL, f"dialerd ended by itself with status {status}:\n{self.log_end()}"

    def close(self) -> None:
        """End both processes whatever their state."""
        for process in (self.daemon, self.pbx):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait(10)
        if self.pbx is not None and self.pbx.stdout is not None:
            self.pbx.stdout.close()

    def log(self) -> str:
        """dialerd's log over all its runs."""
        return (self.folder / "dialerd.log").read_text(errors="replace")

    def log_end(self, lines: int = 25) -> str:
        """The log's last lines."""
        return "\n".join(self.log().splitlines()[-lines:])
