"""Owns `make demo`: the programs as an operator uses them, against the simulated PBX, to a finished report.

It knows the two programs' command lines and the control protocol's names only; everything it does an operator can do.
Nobody in it is real: numbers are from ranges kept for fiction, names are made up from a seed.
"""

from __future__ import annotations

import argparse
import csv
import grp
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from dialerd.simulation.demo_floor import DemoFloor

CAMPAIGN = "demo"
MARK = "truth.jsonl"  # a folder with this file is the demo's own and may be emptied
AGENTS = [str(1001 + n) for n in range(10)]
CONFIG = """\
[dialerd]
state_dir = "{folder}"
runtime_dir = "{sockets}"
log_level = "info"

[control]
group = "{group}"

[[asterisk]]
name = "simulated"
secret = "simulated"
verdict_group = "{group}"

[[trunk]]
name = "main"
dial_string = "PJSIP/{{number}}@main"
max_channels = 60
"""
FIRST = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gina", "Hugo", "Ida", "Jon", "Kim", "Lea", "Max", "Nora", "Otto")
LAST = ("Amber", "Birch", "Cedar", "Dale", "Elm", "Fern", "Glen", "Hazel", "Iris", "Juniper", "Lake", "Maple", "Olive")


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; return 0 when it ends with its report, 1 with one sentence otherwise."""
    parser = argparse.ArgumentParser(prog="make demo", description=main.__doc__)
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="where the report goes")
    parser.add_argument("--leads", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the campaign dials")
    parser.add_argument("--speed", type=float, default=10.0, help="simulated seconds per second")
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="dialerd-demo-") as sockets:
            return Demo(chosen.output.resolve(), Path(sockets), chosen.seed, chosen.speed).run(
                chosen.leads, chosen.seconds
            )
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


class Demo:
    """One run of the demo in one folder."""

    def __init__(self, folder: Path, sockets: Path, seed: int, speed: float) -> None:
        """`folder` receives everything; `sockets` is a short path, because a Unix socket's name must be short."""
        self.folder, self.sockets = folder, sockets
        self.seed, self.speed = seed, speed
        self.socket = sockets / "control.sock"
        self.programs = Path(sys.executable).parent

    def run(self, leads: int, seconds: float) -> int:
        """Set up, dial, report."""
        if self.folder.exists():
            if any(self.folder.iterdir()) and not (self.folder / MARK).is_file():
                raise DemoFailed(f"{self.folder} holds files of yours: name an empty or a new folder with --output")
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        (self.folder / MARK).touch()
        config = self.folder / "dialerd.toml"
        config.write_text(
            CONFIG.format(folder=self.folder, sockets=self.sockets, group=grp.getgrgid(os.getgid()).gr_name)
        )
        zone = noon_zone(datetime.now(UTC))
        config.chmod(0o600)
        write_leads(self.folder / "leads.csv", leads, zone, self.seed)
        print(f"dialerd demo: {len(AGENTS)} agents, {leads} invented leads, a simulated telephone network\n")
        with (self.folder / "dialerd.log").open("w") as log_file:
            daemon = subprocess.Popen(
                [self.programs / "dialerd", "--config", config, "--simulated-pbx", f"--speed={self.speed:g}",
                 f"--seed={self.seed}", "--truth", self.folder / "truth.jsonl"],
                stderr=log_file,
            )  # fmt: skip
            try:
                self._wait_for_socket(daemon)
                self._campaign()
                self._dial(seconds)
                return self._report()
            finally:
                daemon.terminate()
                try:
                    daemon.wait(60)
                except subprocess.TimeoutExpired:
                    daemon.kill()

    def _wait_for_socket(self, daemon: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 20
        while not self.socket.exists():
            if daemon.poll() is not None or time.monotonic() > deadline:
                text = (self.folder / "dialerd.log").read_text().strip().split("\n")[-1]
                raise DemoFailed(f"dialerd did not start: {text}")
            time.sleep(0.1)

    def _campaign(self) -> None:
        self.show("config", "check", str(self.folder / "dialerd.toml"))
        self.show(
            "campaign", "add", CAMPAIGN, "--dial-mode", "progressive", "--rule-set", "none", "--trunk", "main",
            "--caller-id", "+15550100",
            "--abandon-message", "dialerd/abandon", "--amd-enabled", "--max-lines", "40", "--wrapup-time", "5",
            "--daily-start", "09:00", "--daily-end", "17:00", "--call-days", "mon-sun", "--timezone", "UTC",
        )  # fmt: skip
        self.show("lead", "import", str(self.folder / "leads.csv"), "--campaign", CAMPAIGN, "--region", "US")
        for name in AGENTS:
            self.quiet("agent", "add", name, "--endpoint", f"PJSIP/{name}", "--campaign", CAMPAIGN)
        print(f"$ dialerctl agent add 1001 --endpoint PJSIP/1001 --campaign {CAMPAIGN}   (and nine more)")
        self.show("status", allowed=(0, 1))
        self.show("agent", "login", *AGENTS, "--wait", "20")
        self.show("campaign", "start", CAMPAIGN)

    def _dial(self, seconds: float) -> None:
        """Let the campaign run: the invented agents wrap up, the status is on the screen."""
        floor = DemoFloor(self.socket, AGENTS, self.seed, self.speed)
        live = sys.stdout.isatty()
        end, next_look = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            floor.step()
            if time.monotonic() >= next_look:
                left = max(0, round(end - time.monotonic()))
                if live:
                    print("\x1b[2J\x1b[H", end="")
                print(floor.line() if not live else f"{self.quiet('status')}\n({left} s to go)", flush=True)
                next_look = time.monotonic() + (1.0 if live else 10.0)
            time.sleep(0.1)
        print()
        self.show("campaign", "stop", CAMPAIGN)
        for call in floor.until_quiet(30):  # a long talk: the report shall be finished
            self.show("call", "hangup", str(call))
        floor.until_quiet(10)

    def _report(self) -> int:
        self.show("status")
        self.show("call", "list", "--campaign", CAMPAIGN, "--limit", "8")
        xlsx, page = self.folder / "calls.xlsx", self.folder / "calls.html"
        self.show("call", "export", "--campaign", CAMPAIGN, "--format", "xlsx", "--to", str(xlsx))
        self.show("call", "export", "--campaign", CAMPAIGN, "--format", "html", "--to", str(page))
        print(f"the calls as a workbook:  {xlsx}\nthe calls as a page:      {page}")
        print(f"dialerd's log:            {self.folder / 'dialerd.log'}")
        print(f"what the far ends saw:    {self.folder / 'truth.jsonl'}")
        return 0

    def show(self, *words: str, allowed: tuple[int, ...] = (0,)) -> None:
        """Run dialerctl as an operator would and show command and answer."""
        print(f"$ dialerctl {' '.join(words)}")
        print(self.quiet(*words, allowed=allowed) + "\n", flush=True)

    def quiet(self, *words: str, allowed: tuple[int, ...] = (0,)) -> str:
        """Run dialerctl and return what it printed; raise DemoFailed when it fails."""
        done = subprocess.run(
            [self.programs / "dialerctl", "--socket", self.socket, *words],
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode not in allowed:
            raise DemoFailed(f"dialerctl {' '.join(words)} (exit {done.returncode}): {done.stderr.strip()}")
        return (done.stdout + done.stderr).rstrip()


def noon_zone(now: datetime) -> str:
    """A zone in which it is about noon, so that the demo's leads may be called at whatever hour it runs."""
    ahead = 12 - now.astimezone(UTC).hour  # POSIX sign: Etc/GMT-3 is three hours ahead of UTC
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


def write_leads(path: Path, count: int, zone: str, seed: int) -> None:
    """Write a list of invented people; some live where it is night, some numbers are wrong, one comes twice."""
    rng = random.Random(seed)
    night = noon_zone(datetime.now(UTC).replace(hour=(datetime.now(UTC).hour + 11) % 24))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["phone", "name", "timezone", "customer_id"])
        for n in range(count):
            number = "not a number" if n == 17 else f"+1202555{max(0, n - (n == 23)):04d}"
            name = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
            rows.writerow([number, name, night if n % 20 == 19 else zone, f"C{n:05d}"])


if __name__ == "__main__":
    sys.exit(main())
