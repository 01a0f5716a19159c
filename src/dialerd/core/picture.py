"""Owns the live picture of the floor behind `status`: counts, campaigns, the original's dialer status object. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeAlias

from dialerd.core.agent import AgentState
from dialerd.core.amd.delay import late_verdicts, possible_delay
from dialerd.core.call import AttemptState
from dialerd.core.campaign import CampaignState, DialMode
from dialerd.core.dialling_flow import DiallingFlow
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.messages import Shortage
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit
from dialerd.core.pacing.ledger import Standing
from dialerd.core.readiness import uncounted
from dialerd.core.why import why

Row: TypeAlias = dict[str, Any]

_CALL_KEYS = {
    AttemptState.INTENDED: "dialing",
    AttemptState.DIALING: "dialing",
    AttemptState.RINGING: "ringing",
    AttemptState.ANSWERED: "answered",
    AttemptState.WAITING: "waiting",
    AttemptState.CONNECTING: "waiting",
    AttemptState.TALKING: "connected",
    AttemptState.MACHINE: "machine",
    AttemptState.ABANDONING: "abandoning",
}


def picture(floor: Floor, dialling: DiallingFlow, now: Moment) -> Row:
    """The live part of `status` (docs/control-protocol.md); rates in percent, times aware UTC."""
    return {
        "stopping": floor.stopping,
        "asterisk": [
            {
                "node": link.node,
                "connected": link.connected,
                "version": link.version,
                "since": link.since.wall if link.since else None,
                "reason": link.reason,
            }
            for link in floor.links.values()
        ],
        "agents": agent_counts(floor),
        "calls": _call_counts(floor),
        "trunks": [
            {"name": t.name, "in_use": floor.trunk_used(t.name), "max_channels": t.max_channels}
            for t in floor.settings.trunks.values()
        ],
        "campaigns": [
            campaign_picture(floor, dialling, run, now)
            for run in sorted(floor.campaigns.values(), key=lambda r: r.campaign.name)
        ],
    }


def agent_counts(floor: Floor, campaign_id: int | None = None) -> Row:
    """Agents by state; `available`, `busy` as the original's monitoring counted them."""
    seats = [s for s in floor.roster if campaign_id is None or s.serves(campaign_id)]
    by = Counter(seat.state for seat in seats)
    return {
        "total": len(seats),
        "logged_in": len(seats) - by[AgentState.LOGGED_OUT],
        **{state.value: by[state] for state in AgentState if state is not AgentState.LOGGED_OUT},
        "available": by[AgentState.READY],
        "busy": by[AgentState.RESERVED] + by[AgentState.ON_CALL],
    }


def _call_counts(floor: Floor) -> Row:
    counts: Row = dict.fromkeys(_CALL_KEYS.values(), 0)
    for call in floor.calls.values():
        key = _CALL_KEYS.get(call.attempt.state)
        if key:
            counts[key] += 1
    return counts


def campaign_picture(floor: Floor, dialling: DiallingFlow, run: CampaignRun, now: Moment) -> Row:
    """One campaign: why it dials or not, and the original's status object with its keys."""
    campaign = run.campaign
    dials, sentence = why(floor, dialling, run, now)
    ledger = run.standing(now)
    metrics = _metrics(floor, run, now)
    health, warnings = _health(run, metrics, ledger, run.hour.last(60, now.mono).calls)
    return {
        "name": campaign.name,
        "state": campaign.state.value,
        "dial_mode": campaign.dial_mode.value,
        "priority": campaign.priority,
        "why": sentence,
        "start_problems": dialling.may_not_start(run),
        "dials_now": dials,
        "fault": run.fault,
        "leads": _shortage(run.shortage),
        "refused": dict(run.refused),
        "live_answers": ledger.live,
        "abandoned": ledger.abandoned,
        "abandon_rate": round(100 * ledger.rate, 2),
        "pacing": _pacing(run, ledger),
        "amd": _amd(run),
        "target_abandon_rate": 100 * campaign.target_abandon_rate,
        "campaign_id": campaign.id,
        "campaign_name": campaign.name,
        "timestamp": now.wall,
        "health": health,
        "warnings": warnings,
        "metrics": metrics,
        "previews": _previews(floor, campaign.id),
        "dialing": {
            "dial_ratio": _ratio(run),
            "calls_to_dial": run.decision.calls if run.decision else 0,
            "mode": campaign.dial_mode.value,
            "amd_enabled": campaign.amd_enabled,
        },
        "config": {
            "target_abandon_rate": 100 * campaign.target_abandon_rate,
            "max_abandon_rate": 100 * campaign.max_abandon_rate,
            "min_dial_ratio": campaign.min_dial_ratio,
            "max_dial_ratio": campaign.max_dial_ratio,
        },
    }


def _pacing(run: CampaignRun, ledger: Standing) -> Row:
    """What pacing rests on: the ledger, what was learned since the start, and the last decision."""
    pacer, decision = run.pacer, run.decision
    plan = decision.inputs.plan if decision is not None else None
    asked = decision is not None and decision.limit is not Limit.LEADS  # without a lead there is no next call
    return {
        "abandon_window": run.campaign.abandon_window.value,
        "live_answers": ledger.live,
        "abandoned": ledger.abandoned,
        "unfinished": dict(zip(("live_answers", "abandoned"), run.unfinished, strict=True)),
        "machines": ledger.machines,
        "amd_losses": round(ledger.losses, 2),
        "amd_losses_inside": ledger.losses_inside,
        "abandon_credit": round(ledger.credit, 2),
        "calls_seen": pacer.answers.rate.seen,
        "answer_rate": round(100 * pacer.answers.rate.mean, 1),
        "talk_time_s": round(pacer.talk.mean_s, 1),
        "wrapup_time_s": round(pacer.wrap.mean_s, 1),
        "predicted_abandons": round(pacer.budget.predicted, 1),
        "realised_abandons": pacer.budget.realised,
        "risk_allowed": round(100 * plan.threshold, 2) if plan is not None else None,
        "risk_of_next_call": round(100 * plan.next_risk, 2) if plan is not None and asked else None,
        "decision": decision.text() if decision is not None else "",
        "totals": _totals(run),
    }


def _amd(run: CampaignRun) -> Row | None:
    """How long AMD takes with people, against the limit; None without AMD. Times null before the first verdict."""
    campaign = run.campaign
    if not campaign.amd_enabled:
        return None
    answer, spent = run.verdicts.from_answer(), run.verdicts.against_limit(campaign.abandon_measured_from)
    return {
        "verdicts": answer.calls if answer else 0,
        "median_s": round(answer.median_s, 3) if answer else None,
        "p95_s": round(answer.p95_s, 3) if answer else None,
        "p95_of_limit_s": round(spent.p95_s, 3) if spent else None,
        "p95_is_more": bool(spent and spent.cut),
        "limit_s": campaign.abandon_after_s,
        "measured_from": campaign.abandon_measured_from.value,
        "over_limit": run.verdicts.over_limit(campaign),
    }


def _totals(run: CampaignRun) -> Row:
    """Counts since dialerd started, for metrics: they only grow."""
    totals, budget = run.history.totals, run.pacer.budget
    return {
        "decisions_total": totals.decisions,
        "calls_placed_total": totals.calls,
        "limited_total": {limit.value: totals.limited[limit.value] for limit in Limit},
        "expected_abandons_total": round(budget.predicted, 3),
        "live_total": totals.live,
        "abandoned_total": budget.realised,
    }


def _previews(floor: Floor, campaign_id: int) -> Row:
    """Leads that agents look at, and leads that wait for their call."""
    shown = [s.preview for s in floor.roster if s.preview and s.preview.lead.campaign_id == campaign_id]
    accepted = sum(1 for preview in shown if preview.accepted is not None)
    return {"shown": len(shown) - accepted, "accepted": accepted}


def _ratio(run: CampaignRun) -> float:
    if run.decision is not None:
        return round(run.decision.ratio, 2)
    return run.campaign.dial_ratio if run.campaign.dial_mode is DialMode.POWER else 1.0


def _shortage(shortage: Shortage | None) -> Row:
    s = shortage or Shortage()
    return {
        "due": s.due,
        "waiting": s.waiting,
        "finished": s.finished,
        "next_due_at": s.next_due_at,
        "blocked": dict(s.blocked),
    }


def _metrics(floor: Floor, run: CampaignRun, now: Moment) -> Row:
    """The original's metrics: rates over the last hour, talk and ring over 15 minutes.

    Two of its defects are not kept (original-system.md 1.7): calls already talking are not "in progress", and the
    abandon rate divides by live answers. With no data the original's fall-backs stand in.
    """
    agents = agent_counts(floor, run.campaign.id)
    hour, recent = run.hour.last(60, now.mono), run.hour.last(15, now.mono)
    total = agents["logged_in"]
    calls = [c for c in floor.calls.values() if c.attempt.campaign_id == run.campaign.id]
    waiting = sum(1 for c in calls if c.attempt.state in (AttemptState.WAITING, AttemptState.CONNECTING))
    return {
        "agents_available": agents["ready"],
        "agents_busy": agents["busy"],
        "agents_wrapup": agents["wrap_up"],
        "agents_total": total,
        "agent_utilization": round(100 * agents["on_call"] / total, 1) if total else 0.0,
        "calls_in_progress": floor.in_flight(run.campaign.id),
        "calls_in_queue": waiting,
        "answer_rate": round(100 * hour.answered / hour.calls, 1) if hour.calls else 30.0,
        "abandon_rate": round(100 * hour.abandoned / hour.live, 2) if hour.live else 0.0,
        "amd_rate": round(100 * hour.machines / hour.calls, 1) if hour.calls else 15.0,
        "avg_talk_time": round(recent.talk_s / recent.talks, 1) if recent.talks else run.campaign.avg_talk_time_s,
        "avg_wrapup_time": run.campaign.wrapup_time_s,
    }


FEWEST_CALLS = 20
"""A rate of fewer calls than this is chance: no warning."""


def _health(run: CampaignRun, metrics: Row, ledger: Standing, calls: int) -> tuple[str, list[str]]:
    """The original's health and warnings; its thresholds (utilisation below 50 %, answers below 20 %) are kept."""
    target, most = 100 * run.campaign.target_abandon_rate, 100 * run.campaign.max_abandon_rate
    warnings = []
    health = "good"
    if run.fault:
        health = "critical"
        warnings.append(f"pacing failed: {run.fault}")
    ledger_rate = 100 * ledger.rate
    if ledger_rate > target:
        health = "critical" if ledger_rate > most or health == "critical" else "warning"
        warnings.append(f"abandon rate {ledger_rate:.1f} % is above the target of {target:g} %")
    for sentence in (
        uncounted(run.campaign),
        late_verdicts(run.campaign, run.verdicts),
        possible_delay(run.campaign, run.verdicts),
    ):
        if sentence:
            warnings.append(sentence)
    if run.campaign.state is CampaignState.ACTIVE:
        if metrics["agent_utilization"] < 50 and metrics["agents_available"] > 2:
            warnings.append(
                f"agents are used {metrics['agent_utilization']:g} % with {metrics['agents_available']} free"
            )
        if metrics["answer_rate"] < 20 and calls >= FEWEST_CALLS:
            warnings.append(f"answer rate is only {metrics['answer_rate']:g} %")
    return health, warnings
