"""The daemon as a process, as systemd and an operator see it: readiness, watchdog, exit status, a second start."""

from __future__ import annotations

import grp
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PROGRAMS = Path(sys.executable).parent
CONFIG = """\
[dialerd]
state_dir = "{folder}"
runtime_dir = "{folder}"
tick_s = 0.25
[control]
group = "{group}"
[metrics]
textfile = "{folder}/dialerd.prom"
interval_s = 1
[[asterisk]]
secret = "simulated"
agi_listen = "127.0.0.1:45730"
verdict_group = "{group}"
[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@main"
"""


class Daemon:
    """dialerd against the simulated PBX, with a service manager's socket in front of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "dialerd.toml"
        self.config.write_text(CONFIG.format(folder=folder, group=grp.getgrgid(os.getgid()).gr_name))
        self.config.chmod(0o600)
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(folder / "notify"))
        self.notified.settimeout(15)
        self.processes: list[subprocess.Popen[str]] = []

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [PROGRAMS / "dialerd", "--config", self.config, "--simulated-pbx"],
            env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def told(self, word: str) -> str:
        """The next message to the service manager that holds `word`."""
        while True:
            message = self.notified.recv(4096).decode()
            if word in message:
                return message

    def ctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [PROGRAMS / "dialerctl", "--socket", self.folder / "control.sock", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=30)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.notified.close()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with TemporaryDirectory(prefix="dlr") as folder:  # short: a Unix socket's path has 108 bytes
        made = Daemon(Path(folder))
        yield made
        made.close()


def test_ready_watchdog_metrics_and_an_orderly_end(daemon: Daemon) -> None:
    process = daemon.start()
    assert "READY=1" in daemon.told("READY=1")
    first = time.monotonic()
    for _ in range(4):
        daemon.told("WATCHDOG=1")
    assert time.monotonic() - first < 5, "the tick feeds the watchdog"
    deadline = time.monotonic() + 10
    while daemon.ctl("status").returncode != 0:
        assert time.monotonic() < deadline, daemon.ctl("status").stdout
        time.sleep(0.2)
    status = json.loads(daemon.ctl("status", "-o", "json").stdout)
    assert status["healthy"] and status["asterisk"][0]["version"].endswith("simulated")
    time.sleep(1.2)
    metrics = (daemon.folder / "dialerd.prom").read_text()
    assert 'dialerd_asterisk_connected{node="pbx"} 1' in metrics and "dialerd_ticks_total" in metrics
    assert (daemon.folder / "dialerd.db").stat().st_mode & 0o007 == 0, "records are not for everybody"
    process.send_signal(signal.SIGTERM)
    assert "STOPPING=1" in daemon.told("STOPPING=1")
    assert process.wait(15) == 0
    assert daemon.ctl("status").returncode == 3


def test_a_second_daemon_is_refused_with_a_sentence(daemon: Daemon) -> None:
    daemon.start()
    daemon.told("READY=1")
    second = daemon.start()
    _, errors = second.communicate(timeout=15)
    assert second.returncode == 75
    assert "another dialerd uses the store" in errors and "Traceback" not in errors
    assert daemon.ctl("version").returncode == 0, "the first one is not disturbed"


def test_a_wrong_configuration_is_78_and_says_everything_at_once(daemon: Daemon) -> None:
    daemon.config.write_text(daemon.config.read_text().replace("tick_s", "tick_x").replace("[[trunk]]", "[[trunks]]"))
    process = daemon.start()
    _, errors = process.communicate(timeout=15)
    assert process.returncode == 78
    assert "tick_x" in errors and "did you mean 'tick_s'?" in errors and "trunks" in errors
    assert "Traceback" not in errors


def test_a_state_folder_that_cannot_be_used_is_one_sentence(daemon: Daemon) -> None:
    daemon.config.write_text(
        daemon.config.read_text().replace(f'state_dir = "{daemon.folder}"', 'state_dir = "/proc/nowhere"')
    )
    process = daemon.start()
    _, errors = process.communicate(timeout=15)
    assert process.returncode in (1, 75) and "/proc/nowhere" in errors and "Traceback" not in errors
