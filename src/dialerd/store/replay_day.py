"""Owns gathering what a day of a campaign's real calls shows, for a simulation of them. Reads only; knows no threads.

An hour at a time, so that no single query or list is long; values above SAMPLE_CAP are thinned to as many that have the
same distribution. No number, name or agent leaves here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dialerd.core.agent import STAFFED_STATES, AgentState
from dialerd.core.call import Status
from dialerd.core.errors import Invalid
from dialerd.store.call_records import read_instant
from dialerd.store.session import Session, marks
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import instant, micros

Row = dict[str, Any]
HOUR_US = 3_600_000_000
QUARTER_US = HOUR_US // 4
LONGEST_US = 26 * HOUR_US  # a day with the hour that winter time adds, and some
SAMPLE_CAP = 150  # values of each kind and hour
MARGIN_US = 24 * HOUR_US  # an agent's state that began longer ago than this is not looked for

OUTCOMES = {
    Status.ANSWERED: "person",
    Status.ABANDONED: "person",
    Status.CUSTOMER_HANGUP: "person",
    Status.MACHINE: "machine",
    Status.NO_ANSWER: "no_answer",
    Status.BUSY: "busy",
    Status.CONGESTION: "congestion",
    Status.INVALID_NUMBER: "invalid",
    Status.REJECTED: "rejected",
    Status.FAILED: "failed",
}
"""What the world did. Calls that dialerd cancelled, or lost sight of, say nothing about it and are left out."""
_SAMPLE_OF = {"person": "answer_s", "machine": "machine_s", "no_answer": "unanswered_s"}
_STAFFED = tuple(state.value for state in AgentState if state in STAFFED_STATES)

_SPAN = (
    "SELECT MIN(created_at), MAX(COALESCE(ended_at, created_at)) FROM call_log"
    " WHERE campaign_id = ? AND created_at >= ? AND created_at < ?"
)
_CALLS = (
    "SELECT status, dialed_at, answered_at, verdict_at, bridged_at, ended_at, amd_status, agent_id FROM call_log"
    " WHERE campaign_id = ? AND created_at >= ? AND created_at < ? AND dialed_at IS NOT NULL AND status IS NOT NULL"
    " AND list_id NOT IN (SELECT id FROM lead_list WHERE hidden)"
)


def replay_day(session: Session, name: str, since: str, until: str, now: datetime) -> Row:
    """What the campaign's calls begun from `since` to `until` (ISO 8601 instants, at most 26 h apart) show, by hour.

    Times are seconds with two decimals. Agents count between the first call and the end of the last (and not after
    `now`): whom a stopped dialerd left logged in was not at work all night. NotFound for an unknown campaign; a day
    without calls is no error.
    """
    begin, end = read_instant(since, "since"), read_instant(until, "until")
    if not 0 < end - begin <= LONGEST_US:
        raise Invalid("until: must be after since, by 26 hours at most")
    campaign_id = int(campaign_row(session, name)["id"])
    hours: list[Row] = []
    agents: set[int] = {
        row[0] for row in session.rows("SELECT agent_id FROM agent_campaign WHERE campaign_id = ?", (campaign_id,))
    }
    calls = left_out = 0
    for start in range(begin, end, HOUR_US):
        counted, ignored, seen = _hour(session, campaign_id, start, min(end, start + HOUR_US))
        hours.append(counted)
        calls += sum(counted["outcomes"].values())
        left_out += ignored
        agents |= seen
    first, last = session.rows(_SPAN, (campaign_id, begin, end))[0]
    at_work = (begin, begin) if first is None else (first, min(end, last, micros(now)))
    staffed, wrap_ups = _agents(session, campaign_id, sorted(agents), (begin, end), at_work)
    for hour, values in zip(hours, wrap_ups, strict=True):
        hour["wrap_up_s"] = thinned(values)
    return {
        "campaign": name,
        "since": instant(begin),
        "until": instant(end),
        "calls": calls,
        "left_out": left_out,
        "hours": hours,
        "staffed": staffed,
    }


def _hour(session: Session, campaign_id: int, begin: int, end: int) -> tuple[Row, int, set[int]]:
    outcomes: Counter[str] = Counter()
    samples: dict[str, list[float]] = {
        name: [] for name in ("answer_s", "machine_s", "unanswered_s", "refused_s", "talk_s", "amd_s")
    }
    agents: set[int] = set()
    ignored = 0
    for status, dialed, answered, verdict, bridged, ended, amd, agent_id in session.rows(
        _CALLS, (campaign_id, begin, end)
    ):
        outcome = OUTCOMES.get(Status(status))
        if outcome is None:
            ignored += 1
            continue
        outcomes[outcome] += 1
        until = answered if outcome in ("person", "machine") else ended
        if until is not None:
            samples[_SAMPLE_OF.get(outcome, "refused_s")].append(_seconds(until - dialed))
        if bridged is not None and ended is not None:
            samples["talk_s"].append(_seconds(ended - bridged))
        if amd and answered is not None and verdict is not None:
            samples["amd_s"].append(_seconds(verdict - answered))
        if agent_id is not None:
            agents.add(agent_id)
    thin = {name: thinned(values) for name, values in samples.items()}
    return {"at": instant(begin), "outcomes": dict(outcomes), **thin}, ignored, agents


def _agents(
    session: Session, campaign_id: int, agents: Sequence[int], day: tuple[int, int], at_work: tuple[int, int]
) -> tuple[list[float], list[list[float]]]:
    """Agents at work, mean of each quarter of an hour; and the lengths of their wrap-ups by hour.

    `day` and `at_work`: from and until, microseconds; who is staffed counts within `at_work`. Who also serves other
    campaigns counts in full while free, and not while with a call of another one.
    """
    (begin, end), (first, last) = day, at_work
    quarters = [0] * -(-(end - begin) // QUARTER_US)
    wrap_ups: list[list[float]] = [[] for _ in range(-(-(end - begin) // HOUR_US))]
    for agent_id in agents:
        for state, campaign, started, ended in session.rows(
            "SELECT state, campaign_id, started_at, ended_at FROM agent_state_log"
            f" WHERE agent_id = ? AND started_at >= ? AND started_at < ? AND state IN ({marks(len(_STAFFED))})",
            (agent_id, begin - MARGIN_US, end, *_STAFFED),
        ):
            if campaign is not None and campaign != campaign_id:
                continue
            _spread(quarters, max(first, started) - begin, (last if ended is None else min(last, ended)) - begin)
            if state == AgentState.WRAP_UP.value and ended is not None and started >= begin:
                wrap_ups[(started - begin) // HOUR_US].append(_seconds(ended - started))
    return [round(busy / QUARTER_US, 2) for busy in quarters], wrap_ups


def _spread(quarters: list[int], begin: int, end: int) -> None:
    """Add the time from `begin` to `end` (microseconds) to the quarters of an hour it lies in."""
    while begin < end:
        place = begin // QUARTER_US
        border = min(end, (place + 1) * QUARTER_US)
        quarters[place] += border - begin
        begin = border


def _seconds(us: int) -> float:
    return round(max(0, us) / 1_000_000, 2)


def thinned(values: Sequence[float], cap: int = SAMPLE_CAP) -> list[float]:
    """The values in order; of more than `cap`, so many at even steps of their order: the same distribution."""
    ordered = sorted(values)
    if len(ordered) <= cap:
        return ordered
    return [ordered[int((place + 0.5) * len(ordered) / cap)] for place in range(cap)]
