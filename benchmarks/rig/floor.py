"""Owns a whole floor for a benchmark: simulated PBX and dialerd as processes of their own, agents, leads, a campaign.

It knows dialerd by its programs, its socket and its table of calls only.
"""

from __future__ import annotations

import contextlib
import grp
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROTOCOL = 1
CONFIG = """\
[dialerd]
state_dir = "{folder}"
runtime_dir = "{sockets}"
log_level = "warning"
calls_per_second = 500
drain_timeout_s = 0

[control]
group = "{group}"

[metrics]
textfile = "{folder}/dialerd.prom"
interval_s = 1

[[asterisk]]
name = "simulated"
port = {ami_port}
secret = "simulated"
agi_listen = "127.0.0.1:{agi_port}"
agi_url = "agi://127.0.0.1:{agi_port}/verdict"
verdict_group = "{group}"

[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@main"
max_channels = 10000
calls_per_second = 500
"""
# Most attempts reach nobody and soon, talks are short: so 500 agents are enough for 200 attempts a second.
SCENARIO = """\
message_s = 2.0
[outcomes]
person = 0.08
machine = 0.10
busy = 0.42
no_answer = 0.30
congestion = 0.04
invalid = 0.03
rejected = 0.02
failed = 0.01
[network]
post_dial_delay = {shape = "uniform", min_s = 0.2, max_s = 0.6}
refusal_delay = {shape = "uniform", min_s = 0.3, max_s = 1.0}
gives_up_share = 0.8
gives_up_after = {shape = "uniform", min_s = 1.5, max_s = 4.0}
[people]
ring = {shape = "uniform", min_s = 1.0, max_s = 3.0}
patience = {shape = "uniform", min_s = 20.0, max_s = 40.0}
talk = {shape = "uniform", min_s = 2.0, max_s = 8.0}
[machines]
ring = {shape = "uniform", min_s = 1.0, max_s = 3.0}
[agents]
phone_answer = {shape = "uniform", min_s = 0.2, max_s = 1.0}
"""


class Client:
    """One connection to the control socket."""

    def __init__(self, path: Path) -> None:
        """Connect and say hello."""
        self._id = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(60)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rb")
        self.ask("hello", {"protocol": PROTOCOL})

    def ask(self, method: str, params: dict[str, Any] | None = None, *, strict: bool = True) -> Any:
        """One request; its result. A refusal raises RuntimeError, or gives None when not `strict`."""
        self._id += 1
        request = {"jsonrpc": "2.0", "id": self._id, "method": method, "params": params or {}}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self._lines.readline())
        if strict and "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer.get("result")


@dataclass(slots=True)
class Floor:
    """A running floor."""

    folder: Path
    daemon: subprocess.Popen[bytes]
    pbx: subprocess.Popen[bytes]
    agi_port: int
    socket: Path
    client: Client
    agents: list[str] = field(default_factory=list)

    def set_up(
        self, *, agents: int, leads: int, calls_per_second: float, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Campaign, leads, agents; everybody logged in. `settings`: what the campaign has otherwise than usual here."""
        ask = self.client.ask
        usual = {
            "name": "bench", "dial_mode": "power", "dial_ratio": 10.0, "trunk": "main", "caller_id": "+15550100",
            "abandon_message": "dialerd/abandon", "amd_enabled": True, "max_lines": 10000, "wrapup_time": 4,
            "calls_per_second": calls_per_second, "dial_timeout": 5, "daily_start": "00:00", "daily_end": "24:00",
            "call_days": "mon-sun", "timezone": "UTC", "rule_set": "none",
            "target_abandon_rate": 50.0, "max_abandon_rate": 60.0,
        }  # fmt: skip
        ask("campaign.add", {**usual, **(settings or {})})
        for start in range(0, leads, 1000):
            rows = [
                {"number": f"+1{2000000000 + n}", "name": f"Lead {n}", "zones": ["UTC"]}
                for n in range(start, min(leads, start + 1000))
            ]
            done = ask("lead.import", {"campaign": "bench", "list": "bench", "rows": rows})
            assert done["added"] == len(rows), done
        self.agents = [f"{1001 + n}" for n in range(agents)]
        for name in self.agents:
            ask("agent.add", {"name": name, "endpoint": f"PJSIP/{name}", "campaigns": ["bench"]})
        for name in self.agents:
            ask("agent.login", {"name": name})
        self.wait_for(lambda: ask("status")["agents"]["ready"] == agents, 60, "agents to log in")

    def start(self) -> None:
        """Begin to dial."""
        self.client.ask("campaign.start", {"name": "bench"})

    def dispose(self) -> None:
        """What CRM and supervisor's screen do each second: the list of agents; who wraps up gives a disposition."""
        for row in self.client.ask("agent.list"):
            if row.get("state") == "wrap_up":
                self.client.ask("agent.dispose", {"name": row["name"], "disposition": "not_interested"}, strict=False)

    def wait_for(self, done: Any, at_most_s: float, what: str) -> None:
        """Wait until `done()`; RuntimeError after `at_most_s` seconds."""
        end = time.monotonic() + at_most_s
        while not done():
            if time.monotonic() > end or self.daemon.poll() is not None:
                raise RuntimeError(f"waited in vain for {what}: {(self.folder / 'dialerd.log').read_text()[-2000:]}")
            time.sleep(0.05)

    def attempts(self) -> int:
        """How many attempts have been written so far."""
        return int(self._one("SELECT COALESCE(MAX(id), 0) FROM call_log"))

    def endings(self) -> dict[str, int]:
        """Finished attempts by status."""
        with contextlib.closing(self.database()) as database:
            return dict(
                database.execute("SELECT status, COUNT(*) FROM call_log WHERE closed_at IS NOT NULL GROUP BY status")
            )

    def _one(self, sql: str) -> Any:
        with contextlib.closing(self.database()) as database:
            return database.execute(sql).fetchone()[0]

    def database(self) -> sqlite3.Connection:
        """The daemon's store, to be read."""
        return sqlite3.connect(f"file:{self.folder}/dialerd.db?mode=ro", uri=True, timeout=10)

    def histogram(self, name: str) -> dict[float, float]:
        """A histogram of the metrics file: upper bound → how many lay below."""
        found = {}
        for line in (self.folder / "dialerd.prom").read_text().split("\n"):
            match = re.match(rf'{name}_bucket{{le="([^"]+)"}} (\S+)', line)
            if match:
                found[float(match[1])] = float(match[2])
        return found


@contextlib.contextmanager
def floor(
    parent: Path | None = None,
    *,
    daemon_words: tuple[str, ...] = (),
    nice: int = 0,
    scenario: str = SCENARIO,
    seed: int = 1,
) -> Iterator[Floor]:
    """A simulated PBX and a dialerd connected to it, in a temporary folder; both ended afterwards.

    `scenario` (TOML) and `seed`: the telephone world. `daemon_words`: what stands before the daemon's command line (a
    profiler). `nice` below 0 (root) keeps others on
    the same machine from taking the cores of the two.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a benchmark that is ended ends its processes too
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name, tempfile.TemporaryDirectory() as sockets:
        folder, world = Path(name), Path(name) / "scenario.toml"
        world.write_text(scenario)
        first = ["nice", "-n", str(nice)] if nice else []
        with contextlib.ExitStack() as ended:
            pbx = subprocess.Popen(
                [
                    *first,
                    sys.executable,
                    "-m",
                    "dialerd.simulation.pbx",
                    "--ami-port=0",
                    "--scenario",
                    world,
                    f"--seed={seed}",
                ],
                stdout=subprocess.PIPE,
            )
            ended.callback(_end, pbx)
            assert pbx.stdout is not None
            match = re.search(rb"127.0.0.1:(\d+)", pbx.stdout.readline())
            assert match is not None, "the simulated PBX did not start"
            agi_port = _free_port()
            config = folder / "dialerd.toml"
            group = grp.getgrgid(os.getgid()).gr_name
            config.write_text(
                CONFIG.format(folder=folder, sockets=sockets, group=group, ami_port=int(match[1]), agi_port=agi_port)
            )
            config.chmod(0o600)
            log = ended.enter_context((folder / "dialerd.log").open("wb"))
            daemon = subprocess.Popen(
                [*first, *(daemon_words or (sys.executable,)), "-m", "dialerd.main", "--config", config], stderr=log
            )
            ended.callback(_end, daemon)
            path = Path(sockets) / "control.sock"
            end = time.monotonic() + 20
            while not path.exists():
                if daemon.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"dialerd did not start: {(folder / 'dialerd.log').read_text()}")
                time.sleep(0.05)
            client = Client(path)
            running = Floor(folder, daemon, pbx, agi_port, path, client)
            running.wait_for(lambda: all(n["connected"] for n in client.ask("status")["asterisk"]), 20, "the AMI link")
            yield running


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
