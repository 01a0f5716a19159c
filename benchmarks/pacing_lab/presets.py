"""Owns the scenarios with a name: headline cells, VICIdial's world, shocks and faults. Knows nothing of laws."""

from __future__ import annotations

from .durations import Constant, Exponential, Lognormal, Uniform
from .scenario import Breaks, Outcome, Scenario, Segment, StaffChange
from .shared import Shared

HEADLINE_AGENTS = (3, 5, 10, 30, 100)


def headline(agents: int, answer_rate: float = 0.2, talk_s: float = 150.0, limit: float = 0.03) -> Scenario:
    """Return the cell in which pacing laws are usually compared (pacing.md 2.3)."""
    usual = (answer_rate, talk_s) == (0.2, 150.0)
    return Scenario(
        name=f"headline-{agents}" if usual else f"p{answer_rate:g}-t{talk_s:.0f}-{agents}",
        agents=agents,
        answer_rate=answer_rate,
        talk=Lognormal(talk_s, 1.0),
        abandon_limit=limit,
        hours=min(120.0, max(8.0, 480.0 / agents)),
    )


def vicidial_reference(agents: int) -> Scenario:
    """Return the world in which VICIdial's reference numbers were computed (pacing.md 1.8 of section 8)."""
    others = (Outcome("busy", 1 / 8, Constant(3.0)), Outcome("no_answer", 7 / 8, Constant(26.0)))
    return Scenario(
        name=f"vicidial-{agents}",
        agents=agents,
        answer_rate=0.2,
        answer_after=Uniform(5.0, 20.0),
        others=others,
        talk=Exponential(120.0),
        wrap=Exponential(20.0),
        grace_s=5.7,
        connect_s=0.3,
        calls_per_second=5.0,
        hours=8.0,
        warm_up_s=0.0,
        tick_s=0.5,
    )


def markov(agents: int) -> Scenario:
    """Return the world whose optimum can be computed (markov.py): exponential times, no grace, one way to ring."""
    ring = Exponential(12.0)
    return headline(agents).but(
        f"markov-{agents}",
        answer_after=ring,
        others=(Outcome("no_answer", 1.0, ring),),
        talk=Exponential(170.0),
        wrap=Constant(0.0),
        grace_s=0.0,
    )


def stepped(agents: int, factor: float, at_s: float = 2 * 3600.0, hours: float = 4.0) -> Scenario:
    """Return a headline cell whose answer rate is multiplied in mid-run."""
    return headline(agents).but(f"step-x{factor:g}-{agents}", steps=((at_s, factor),), hours=hours)


def a_third_leaves(agents: int, at_s: float = 2 * 3600.0, hours: float = 4.0) -> Scenario:
    """Return a headline cell of which 30 % leave at once, unannounced."""
    leave = StaffChange(at_s, -round(0.3 * agents))
    return headline(agents).but(f"leave-30%-{agents}", staffing=(leave,), hours=hours)


def with_breaks(agents: int, hours: float = 8.0) -> Scenario:
    """Return a headline cell whose agents log in over ten minutes and take breaks, half of them announced."""
    return headline(agents).but(f"breaks-{agents}", breaks=Breaks(), log_in_over_s=600.0, hours=hours)


def mixed_leads(agents: int, hours: float = 8.0) -> Scenario:
    """Return a headline cell whose leads differ by segment, hour and attempt; about a fifth of them answer."""
    segments = (
        Segment(0.25, (0.46, 0.40, 0.52, 0.40), 0.8, attempts=3),
        Segment(0.35, (0.24, 0.20, 0.16, 0.20), 0.8, attempts=3),
        Segment(0.40, (0.06, 0.10, 0.08, 0.08), 0.8, attempts=3),
    )
    return headline(agents).but(f"mixed-{agents}", segments=segments, hours=hours)


def few_lines(agents: int, lines_per_agent: float = 2.0, hours: float = 8.0) -> Scenario:
    """Return a headline cell with a trunk limit."""
    name = f"lines-{lines_per_agent:g}-{agents}"
    return headline(agents).but(name, lines=round(lines_per_agent * agents), calls_per_second=2.0, hours=hours)


def with_amd(agents: int, hours: float = 8.0) -> Scenario:
    """Return a headline cell with an answering machine detection that takes its time and errs."""
    return headline(agents).but(f"amd-{agents}", amd_delay_s=2.0, amd_lost=0.05, amd_passed=0.1, hours=hours)


def late_events(agents: int, hours: float = 8.0) -> Scenario:
    """Return a headline cell where one event in ten is up to 1.5 s late."""
    return headline(agents).but(f"late-{agents}", late_share=0.1, hours=hours)


def clumped(agents: int, hours: float = 8.0) -> Scenario:
    """Return a headline cell whose answers come in clumps of a hundred leads."""
    return headline(agents).but(f"clumps-{agents}", clumps=(100, 0.4), hours=hours)


def shared(agents: int, hours: float = 12.0) -> Shared:
    """Return a floor whose agents take the calls of two campaigns, one with few and short talks."""
    one = headline(agents).but("longer", hours=hours)
    other = headline(agents, answer_rate=0.1, talk_s=80.0).but("shorter", hours=hours)
    return Shared(f"shared-{agents}", (one, other))
