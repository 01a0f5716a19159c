"""Does the way through AMI, AGI and store cost anything? The same core and world, once in real, once in virtual time.

    .venv/bin/python benchmarks/pacing_real_time.py [--minutes 15] [--agents 30] [--seed 1] [--others 12]

In real time: dialerd and the simulated PBX as processes of their own, over sockets, the store on the disk, agents who
wrap up through the control socket. In virtual time: the core alone. Both start from nothing, with the same numbers,
fates and wrap-ups. Other seeds in virtual time tell by how much such a quarter of an hour varies by chance.

Must show: occupancy within 2 points of the virtual run's, abandons within the 95 % interval of what it expects.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rig.floor import Floor, floor

from dialerd.core.agent import OCCUPIED_STATES, STAFFED_STATES, AgentProfile, AgentState
from dialerd.core.campaign import Campaign, CampaignVerb, DialMode
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.dialer import Dialer
from dialerd.core.lead import Lead
from dialerd.core.messages import CampaignOrder, CampaignSaved, PbxConnected
from dialerd.core.rule_set import RuleSet
from dialerd.core.settings import DialerSettings, Trunk
from dialerd.simulation.agents import AgentModel
from dialerd.simulation.memory_store import MemoryStore
from dialerd.simulation.scenario import Scenario, parse_scenario
from dialerd.simulation.virtual import SeededIdentity, VirtualShell
from dialerd.simulation.virtual_staff import VirtualStaff
from dialerd.simulation.world import World

WORLD = """\
message_s = 5.0
[outcomes]
person = 0.2
machine = 0.0
busy = 0.1
no_answer = 0.7
congestion = 0.0
invalid = 0.0
rejected = 0.0
failed = 0.0
[network]
post_dial_delay = {shape = "uniform", min_s = 1.0, max_s = 3.0}
gives_up_share = 0.0
[people]
ring = {shape = "lognormal", mean_s = 9.0, cv = 0.5, min_s = 1.0, max_s = 20.0}
patience = {shape = "fixed", mean_s = 60.0}
talk = {shape = "lognormal", mean_s = 60.0, cv = 1.0, min_s = 2.0, max_s = 1800.0}
[agents]
wrap_up = {shape = "lognormal", mean_s = 20.0, cv = 0.6, min_s = 1.0, max_s = 300.0}
"""
STORED_PER_S = 1_000_000  # the store keeps instants in microseconds
LIMIT, MOST, RING_S, WRAP_UP_S, TRUNK, MOST_CHANNELS, PER_S = 0.03, 0.5, 22, 300, "main", 500, 50.0


class Interval(NamedTuple):
    """An agent in one state, in seconds of the run."""

    state: AgentState
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave. `expected`: abandons that the forecast expected of the calls placed."""

    occupancy: float
    dials: int
    live: int
    abandoned: int
    expected: float

    def row(self, name: str) -> str:
        """One line of the table."""
        return (
            f"{name:26}{100 * self.occupancy:11.2f}{self.dials:8}{self.live:8}{self.abandoned:11}{self.expected:11.1f}"
        )


def number(n: int) -> str:
    """The n-th lead's number."""
    return f"1{2000000000 + n}"


def occupancy(intervals: Iterable[Interval], seconds: float) -> float:
    """(Talk + wrap-up) ÷ staffed time from the campaign's start until `seconds` later (0–1)."""
    busy = staffed = 0.0
    for one in intervals:
        inside = max(0.0, min(one.end_s, seconds) - max(one.begin_s, 0.0))
        staffed += inside * (one.state in STAFFED_STATES)
        busy += inside * (one.state in OCCUPIED_STATES)
    return busy / staffed


def virtual(seed: int, agents: int, seconds: float, leads: int, scenario: Scenario) -> Outcome:
    """The core in virtual time."""
    trunk = Trunk(name=TRUNK, node="pbx", max_channels=MOST_CHANNELS, calls_per_second=PER_S)
    core = Dialer(
        DialerSettings(trunks={TRUNK: trunk}, nodes=("pbx",), default_node="pbx", calls_per_second=PER_S),
        SeededIdentity(seed),
    )
    campaign = Campaign(
        id=1, name="bench", dial_mode=DialMode.PREDICTIVE, trunk=TRUNK, caller_id="15550100",
        abandon_message="dialerd/abandon", max_lines=MOST_CHANNELS, calls_per_second=PER_S, ring_timeout_s=RING_S,
        wrapup_time_s=WRAP_UP_S, target_abandon_rate=LIMIT, max_abandon_rate=MOST, max_dial_ratio=10.0,
        rules=CallingRules(law=RuleSet(name="none", version="1", title="no rules of law")),
    )  # fmt: skip
    people = [Lead(id=n + 1, campaign_id=1, list_id=1, number=number(n), zones=("UTC",)) for n in range(leads)]
    staff = [
        AgentProfile(id=n, name=str(1000 + n), endpoint=f"PJSIP/{1000 + n}", campaign_ids=frozenset({1}))
        for n in range(1, agents + 1)
    ]
    model = AgentModel(scenario, seed)
    shell = VirtualShell(
        core, MemoryStore([campaign], people), World(scenario, seed), model, message_s=scenario.message_s
    )
    shell.staff = VirtualStaff(staff, model, shell.agenda, shell.post, login_every_s=0.05)
    shell.post(PbxConnected(node="pbx", version="virtual", channels=()))
    shell.post(CampaignSaved(campaign=campaign))
    shell.staff.begin()
    shell.run(10.0)
    shell.post(CampaignOrder(campaign_id=1, verb=CampaignVerb.START))
    start = shell.agenda.now.wall.timestamp()
    result = shell.run(seconds)
    last: dict[int, tuple[AgentState, float]] = {}
    intervals = []
    for row in result.agent_log:
        at = row.at.timestamp() - start
        if row.agent_id in last:
            intervals.append(Interval(*last[row.agent_id], at))
        last[row.agent_id] = (row.state, at)
    intervals += [Interval(state, since, seconds) for state, since in last.values()]
    run = core.floor.campaigns[1]
    ledger = run.ledger.standing(result.ended.wall.timestamp())
    dials = len(result.attempts) + len(result.open_attempts)
    return Outcome(occupancy(intervals, seconds), dials, ledger.live, ledger.abandoned, run.pacer.budget.predicted)


class WrapUps:
    """The agents' side of wrap-up in real time: each disposes after the time that agents.py gives it."""

    def __init__(self, running: Floor, model: AgentModel) -> None:
        self.running, self.model = running, model
        self.calls: dict[str, int] = {}
        self.due: dict[str, tuple[float, str]] = {}

    def step(self) -> None:
        """Look at the agents; dispose of what is due."""
        now = time.monotonic()
        for row in self.running.client.ask("agent.list"):
            name = row["name"]
            if row.get("state") != "wrap_up":
                self.due.pop(name, None)
            elif name not in self.due:
                self.calls[name] = self.calls.get(name, 0) + 1
                after = self.model.after_call(int(name) - 1000, self.calls[name])
                self.due[name] = (now + after.wrap_up_s, after.code)
        for name, (at, code) in list(self.due.items()):
            if now >= at:
                params: dict[str, Any] = {"name": name, "disposition": code}
                self.running.client.ask("agent.dispose", params, strict=False)
                del self.due[name]


def real(seed: int, agents: int, seconds: float, leads: int, scenario: Scenario, folder: Path) -> Outcome:
    """dialerd and the simulated PBX in real time."""
    settings = {
        "dial_mode": "predictive", "amd_enabled": False, "max_lines": MOST_CHANNELS, "wrapup_time": WRAP_UP_S,
        "dial_timeout": RING_S, "target_abandon_rate": 100 * LIMIT, "max_abandon_rate": 100 * MOST,
        "max_dial_ratio": 10.0,
    }  # fmt: skip
    with floor(folder, scenario=WORLD, seed=seed) as running:
        running.set_up(agents=agents, leads=leads, calls_per_second=PER_S, settings=settings)
        wraps = WrapUps(running, AgentModel(scenario, seed))
        running.start()
        start_wall, end = time.time(), time.monotonic() + seconds
        while time.monotonic() < end:
            wraps.step()
            if running.daemon.poll() is not None:
                raise RuntimeError((running.folder / "dialerd.log").read_text()[-3000:])
            time.sleep(0.2)
        pacing = running.client.ask("campaign.explain", {"name": "bench"})["pacing"]
        time.sleep(1.0)  # what the store has been given is written
        with contextlib.closing(running.database()) as database:
            rows = database.execute("SELECT state, started_at, ended_at FROM agent_state_log").fetchall()
            until = round((start_wall + seconds) * STORED_PER_S)
            (dials,) = database.execute("SELECT COUNT(*) FROM call_log WHERE created_at < ?", (until,)).fetchone()
            live, abandoned = database.execute(
                "SELECT COUNT(*), COALESCE(SUM(abandoned), 0) FROM abandon_ledger WHERE at < ?", (until,)
            ).fetchone()
    intervals = [
        Interval(AgentState(state), begin / STORED_PER_S - start_wall, (ended or until) / STORED_PER_S - start_wall)
        for state, begin, ended in rows
    ]
    return Outcome(occupancy(intervals, seconds), dials, live, abandoned, pacing["predicted_abandons"])


def interval(expected: float) -> tuple[int, int]:
    """The 95 % interval of a count that is expected to be so many (Poisson, exact: two tails of 2.5 %)."""
    low, high, below, term, count = 0, 0, 0.0, math.exp(-expected), 0
    while below + term < 0.975:
        below += term
        count += 1
        term *= expected / count
        if below < 0.025:
            low = count
    high = count
    return low, high


def main() -> int:
    """Print the table; 1 when real and virtual time differ by more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--agents", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--others", type=int, default=12, help="other seeds in virtual time")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where the store lies while it runs")
    chosen = parser.parse_args()
    seconds, agents = 60 * chosen.minutes, chosen.agents
    leads = round(agents * seconds / 80 / 0.2 * 1.5) + 500
    scenario = parse_scenario(WORLD, "world")
    print(f"{agents} agents, {chosen.minutes:g} minutes from a cold start, 3 %; talk 60 s, wrap-up 20 s, 20 % answer")
    print(f"{'':26}{'occupancy %':>11}{'dials':>8}{'live':>8}{'abandoned':>11}{'forecast':>11}", flush=True)
    same = virtual(chosen.seed, agents, seconds, leads, scenario)
    print(same.row(f"virtual time, seed {chosen.seed}"), flush=True)
    others = [virtual(chosen.seed + n, agents, seconds, leads, scenario) for n in range(1, chosen.others + 1)]
    if others:
        shares = [100 * one.occupancy for one in others]
        dials, live, abandoned = (
            round(statistics.mean(getattr(one, name) for one in others)) for name in ("dials", "live", "abandoned")
        )
        expected = statistics.mean(one.expected for one in others)
        mean = Outcome(statistics.mean(shares) / 100, dials, live, abandoned, expected)
        print(mean.row(f"{len(others)} other seeds, mean"))
        print(f"{'  from … to':26}{min(shares):11.2f} … {max(shares):.2f}", flush=True)
    lived = real(chosen.seed, agents, seconds, leads, scenario, chosen.folder)
    print(lived.row(f"real time, seed {chosen.seed}"))
    gap = 100 * (lived.occupancy - same.occupancy)
    low, high = interval(lived.expected)
    print(f"occupancy {gap:+.2f} points of the virtual run's; abandons {lived.abandoned}, forecast {low} to {high}")
    return 0 if abs(gap) <= 2.0 and low <= lived.abandoned <= high else 1


if __name__ == "__main__":
    sys.exit(main())
