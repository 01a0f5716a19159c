"""Owns one crash run from set-up to judgement: a busy campaign, deaths of the daemon, the drain, the evidence."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.crashes.control_line import ControlLine, LineLost, Refused
from tests.crashes.evidence import Evidence, collect, rows
from tests.crashes.findings import findings
from tests.crashes.pbx_glance import Glance, glance
from tests.crashes.staff import Staff
from tests.crashes.steps import BREAKS, LOGOUTS, PAUSES, Point
from tests.crashes.telling import complaint, figures
from tests.crashes.worksite import Worksite

CAMPAIGN = "ordeal"
NAILED_UP, ON_HOOK = 20, 4
SETTINGS = {
    "name": CAMPAIGN, "dial_mode": "power", "dial_ratio": 1.5, "trunk": "main", "caller_id": "+390612345678",
    "abandon_message": "dialerd/abandon", "max_lines": 70, "calls_per_second": 60, "dial_timeout": 25,
    "wrapup_time": 2, "target_abandon_rate": 100, "max_abandon_rate": 100, "abandon_after": 2.0,
    "abandon_measured_from": "answer", "daily_start": "00:00", "daily_end": "23:59",
    "call_days": "mon,tue,wed,thu,fri,sat,sun", "max_attempts": 900, "max_attempts_per_day": 900, "retry_delay": 2,
    "on_hook_ring_timeout": 1.5, "amd_enabled": True, "rule_set": "none",
}  # fmt: skip


class Ordeal:
    """A campaign on a worksite, and everything that is done to it."""

    def __init__(self, folder: Path, seed: int, leads: int = 600) -> None:
        """`seed` decides the world, the staff and every instant of death."""
        self.site = Worksite(folder, seed)
        self.seed = seed
        self.rng = random.Random(f"ordeal/{seed}")
        self.staff = Staff(self.site.socket, seed)
        self.complaints: list[str] = []  # found on the way
        self.seen_live: Counter[str] = Counter()  # states of attempts that were cut by a death
        self.idle_deaths = 0  # without a single call in the PBX
        self._leads = leads

    # -- set-up and end

    def begin(self) -> None:
        """PBX, daemon, campaign, leads, agents; return when the first calls are up."""
        self.site.start_pbx()
        self.site.start()
        line = self.wait_ready()
        line.ask("campaign.add", **SETTINGS)
        zone = noon_zone()
        people = [{"number": f"+39061{n:07d}", "name": f"Lead {n}", "zones": [zone]} for n in range(self._leads)]
        for start in range(0, len(people), 500):
            line.ask("lead.import", campaign=CAMPAIGN, list="people", rows=people[start : start + 500])
        for n in range(NAILED_UP + ON_HOOK):
            mode = "nailed_up" if n < NAILED_UP else "on_hook"
            name = str(1001 + n)
            line.ask("agent.add", name=name, endpoint=f"PJSIP/{name}", leg_mode=mode, campaigns=[CAMPAIGN])
        self.staff.start()
        until(20, "agents are logged in", lambda: self.staff.logins >= NAILED_UP + ON_HOOK)
        line.ask("campaign.start", name=CAMPAIGN)
        until(20, "calls are up", lambda: len(glance(self.site.ami_port).calls) > 5)
        line.close()

    def wait_ready(self, timeout_s: float = 30.0) -> ControlLine:
        """A line to a daemon that is connected to the PBX."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                line = ControlLine(self.site.socket)
                try:
                    if line.ask("status")["healthy"]:
                        return line
                except (LineLost, Refused):
                    pass
                line.close()
            except LineLost:
                pass
            time.sleep(0.05)
        raise AssertionError(f"dialerd is not healthy within {timeout_s} s\n{self.site.log_end()}")

    def die(self, why: str = "kill -9") -> None:
        """kill -9, and look at once: what the PBX has must be in the store already."""
        self.site.kill(why)
        self.look_at_the_dead()

    def die_at(self, point: Point, within_s: float) -> bool:
        """Start a dialerd that kills itself at a point, and see to it that it comes there; False when it does not."""
        self.site.start(("tests.crashes.dying_daemon", str(point)))
        assert self.site.daemon is not None
        line: ControlLine | None = None
        end = time.monotonic() + within_s
        while time.monotonic() < end and self.site.daemon.poll() is None:
            try:
                line = line or ControlLine(self.site.socket)
                self._stir(line, point)
            except Refused:
                pass
            except LineLost:
                if line is not None:
                    line.close()
                line = None
            time.sleep(0.1)
        if line is not None:
            line.close()
        reached = self.site.daemon.poll() is not None
        self.site.kill(str(point) if reached else f"{point} not reached")
        self.look_at_the_dead()
        return reached

    def _stir(self, line: ControlLine, point: Point) -> None:
        """Do what leads to the point, and keep the campaign running."""
        state = line.ask("campaign.show", name=CAMPAIGN)["state"]
        if state == "paused":
            line.ask("campaign.resume", name=CAMPAIGN)
        elif point.kind in PAUSES and len(glance(self.site.ami_port).calls) > 3:
            line.ask("campaign.pause", name=CAMPAIGN)
        if point.kind in LOGOUTS:
            line.ask("agent.logout", name=str(1001 + self.rng.randrange(NAILED_UP)))
        if point.kind in BREAKS and not self.staff.resting and len(glance(self.site.ami_port).calls) > 10:
            self.staff.rest(2.5)
            for n in range(NAILED_UP + ON_HOOK):
                with contextlib.suppress(Refused):
                    line.ask("agent.pause", name=str(1001 + n), reason="everybody at once")

    def look_at_the_dead(self) -> None:
        """Every call that lives in the PBX has its row on the disk, before any other daemon could write it."""
        calls = glance(self.site.ami_port).calls
        stored = {
            row["channel_id"]: row
            for row in rows(self.site.database, "SELECT channel_id, state FROM call_log WHERE closed_at IS NULL")
        }
        closed = {row["channel_id"] for row in rows(self.site.database, "SELECT channel_id FROM call_log")}
        for channel in calls - closed:
            self.complaints.append(f"run {self.site.runs}: {channel} was dialled before it was written")
        self.seen_live.update(row["state"] for row in stored.values())
        self.idle_deaths += not calls

    def settle(self, timeout_s: float = 60.0) -> Evidence:
        """Stop the campaign, wait until nothing is in progress, and collect the evidence."""
        line = self.wait_ready()
        try:
            with contextlib.suppress(Refused):  # it may have been stopped
                line.ask("campaign.stop", name=CAMPAIGN)
            until(timeout_s, "no attempt is open", lambda: not self._in_progress(line), self._what_is_open)
            time.sleep(0.3)  # the last writes
            until(10, "the traces are collected", lambda: not glance(self.site.ami_port).database, self._what_is_open)
            until(15, "agents are idle", lambda: not self._busy_agents(line), lambda: str(self._busy_agents(line)))
            self.staff.stop()
            live = line.ask("agent.list")
        finally:
            line.close()
        return collect(self.site, self._last_glance(), live, self.staff.given)

    def _in_progress(self, line: ControlLine) -> bool:
        unfinished = rows(self.site.database, "SELECT 1 FROM call_log WHERE closed_at IS NULL LIMIT 1")
        return bool(unfinished or line.ask("call.list", live=True) or glance(self.site.ami_port).calls)

    def _busy_agents(self, line: ControlLine) -> list[dict[str, Any]]:
        return [
            row
            for row in line.ask("agent.list")
            if row["state"] in ("reserved", "on_call", "wrap_up") or row.get("leg") == "ringing"
        ]

    def _what_is_open(self) -> str:
        found = rows(
            self.site.database,
            "SELECT id, state, status, created_at, dialed_at, answered_at, bridged_at, ended_at, agent_id, channel_id"
            " FROM call_log WHERE closed_at IS NULL",
        )
        return f"{found}\nPBX: {glance(self.site.ami_port)}\n{self.site.log_end()}"

    def _last_glance(self) -> Glance:
        return glance(self.site.ami_port)

    # -- the verdict

    def judge(self, evidence: Evidence) -> None:
        """Fail with seed, deaths and every complaint, unless all rules held."""
        found = self.complaints + self.staff.faults + findings(evidence)
        if "Traceback" in self.site.log():
            found.append(f"a traceback in dialerd's log: {self.site.log().partition('Traceback')[2][:2000]}")
        if found:
            raise AssertionError(complaint(found, evidence, self.seed, self.site.folder))

    def summary(self, evidence: Evidence) -> str:
        """One line of figures."""
        return figures(evidence, self.seen_live, self.idle_deaths)


@contextmanager
def ordeal(folder: Path, seed: int, leads: int = 600) -> Iterator[Ordeal]:
    """An ordeal that has begun; its processes are gone afterwards."""
    run = Ordeal(folder, seed, leads)
    try:
        run.begin()
        yield run
    finally:
        run.staff.stop()
        run.site.close()


def until(timeout_s: float, what: str, condition: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    """Wait until something is true, or fail saying what was not."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"not within {timeout_s} s: {what} {told()}"
        time.sleep(0.05)


def noon_zone() -> str:
    """A zone where it is about noon now: tests run at any hour."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
