"""Owns the sentence that answers "why is this campaign (not) dialling?". Pure; reads the floor, changes nothing."""

from __future__ import annotations

from dialerd.core.agent import AgentState
from dialerd.core.amd.delay import late_verdicts
from dialerd.core.campaign import CampaignState, DialMode
from dialerd.core.compliance import NEVER_AGAIN
from dialerd.core.dialling_flow import DiallingFlow
from dialerd.core.floor import CampaignRun, Floor
from dialerd.core.messages import Shortage
from dialerd.core.moment import Moment
from dialerd.core.pacing import Limit, PacingDecision, PacingInputs
from dialerd.core.pacing.predictive import FIRST_OUTCOMES


def why(floor: Floor, dialling: DiallingFlow, run: CampaignRun, now: Moment) -> tuple[bool, str]:
    """Given a campaign, return (it dials or has calls up, the sentence for the operator)."""
    name = run.campaign.name
    if run.campaign.state is CampaignState.STOPPED:
        problems = dialling.may_not_start(run)
        return False, f"stopped: dialerctl campaign start {name}" if not problems else "; ".join(
            ["stopped, and cannot start yet", *problems]
        )
    if run.campaign.state is CampaignState.PAUSED:
        return False, f"paused: dialerctl campaign resume {name}"
    if run.fault:
        return False, f"fault: pacing failed and is tried again every tick ({run.fault})"
    obstacle = dialling.obstacle(run, now)
    if obstacle:
        return False, obstacle
    if run.decision is None:
        return False, "starting: the first pacing decision comes with the next tick"
    dials, sentence = _by_limit(floor, run, run.decision, now)
    late = late_verdicts(run.campaign, run.verdicts)
    return dials, f"{sentence}; {late}" if late else sentence


def _by_limit(floor: Floor, run: CampaignRun, decision: PacingDecision, now: Moment) -> tuple[bool, str]:
    i = decision.inputs
    trouble = _trouble(floor, run)
    if trouble and decision.limit is not Limit.NO_AGENTS:
        return False, trouble
    previewing = _previewing(floor, run, now) if run.campaign.dial_mode is DialMode.PREVIEW else None
    match decision.limit:
        case Limit.NO_AGENTS:
            return False, _no_agents(floor, run)
        case Limit.NONE | Limit.AGENTS | Limit.LEADS if previewing is not None:
            return previewing
        case Limit.AGENTS if i.plan is not None and i.in_flight:
            return True, _by_forecast(i)
        case Limit.AGENTS if i.ready == 0 and floor.roster.ready_for(run.campaign.id):
            return bool(i.in_flight), _with_others(floor, run)
        case Limit.BUDGET if i.ready == 0 or i.in_flight:
            return bool(i.in_flight), (
                f"held by the abandon budget: {_calls_allowed(i)} "
                f"(credit {run.standing(now).credit:.1f} abandons; dialerctl campaign ledger {run.campaign.name})"
            )
        case Limit.AGENTS if i.plan is not None:
            return False, _by_forecast(i)
        case Limit.AGENTS if i.ready == 0:
            return False, f"every agent is busy ({_states(floor, run)})"
        case Limit.AGENTS:
            return True, f"dialling: {_calls(i.in_flight)} on the way for {_agents(i.ready)} ready"
        case Limit.LEADS:
            return False, _leads(run)
        case Limit.LINES:
            return True, f"held by max_lines: {i.lines_used} of {i.max_lines} lines in use"
        case Limit.TRUNK:
            return True, f"held by trunk {run.campaign.trunk}: {max(0, i.trunk_free)} channels free"
        case Limit.RATE:
            return True, "held by calls per second: more calls in the next second"
        case _:
            return True, f"dialling: {_calls(decision.calls)} just placed for {_agents(i.ready)} ready"


def _calls_allowed(i: PacingInputs) -> str:
    """What the ledger leaves of the mode's wish, and until when."""
    more = f" and {i.abandon_allowance} more" if i.abandon_allowance else ""
    learning = i.plan is not None and i.plan.credit >= 1.0
    until = (
        f"{FIRST_OUTCOMES} calls have shown how many are answered" if learning else "more live answers have been served"
    )
    return f"one call for each free agent{more} until {until}"


def _previewing(floor: Floor, run: CampaignRun, now: Moment) -> tuple[bool, str] | None:
    """What agents do with the leads they are shown; None when there is no such lead and no call."""
    campaign_id = run.campaign.id
    previews = [s.preview for s in floor.roster if s.preview and s.preview.lead.campaign_id == campaign_id]
    looking = [now.seconds_since(preview.since) for preview in previews if preview.accepted is None]
    calls = floor.lines_used(campaign_id) + len(previews) - len(looking)
    if not calls and not looking:
        return None
    look = f"{_agents(len(looking))} looking at a lead, the longest for {max(looking, default=0):.0f} s"
    if calls:
        return True, f"dialling: {_calls(calls)} that agents asked for" + (f"; {look}" if looking else "")
    skipped = f"; the last {run.unwanted} leads shown were skipped or ran out of time" if run.unwanted else ""
    return False, f"no call until an agent accepts: {look}{skipped}"


def _by_forecast(i: PacingInputs) -> str:
    """What the predictive pacer waits for."""
    plan = i.plan
    assert plan is not None
    doing = f"dialling: {_calls(i.in_flight)} on the way" if i.in_flight else "waiting for agents: no call on the way"
    return (
        f"{doing}, {_agents(i.ready)} ready, {plan.expected_free:.1f} free soon; "
        f"one more would meet no agent with a chance of {100 * plan.next_risk:.1f} %, "
        f"{100 * plan.threshold:.1f} % is allowed now"
    )


def _with_others(floor: Floor, run: CampaignRun) -> str:
    """Which campaigns the ready agents are counted for instead."""
    ready, mine = floor.roster.ready_for(run.campaign.id), run.campaign.priority
    parts = []
    for other in floor.campaigns.values():
        counted = other.decision is not None and other.decision.inputs.ready > 0
        if other is run or not counted or not ready & floor.roster.ready_for(other.campaign.id):
            continue
        theirs = other.campaign.priority
        reason = "equal priority: shared equally" if theirs == mine else f"priority {theirs}, here {mine}"
        parts.append(f"campaign {other.campaign.name} ({reason})")
    return f"its ready agents are counted on by {', '.join(parts) or 'other campaigns'}"


def _trouble(floor: Floor, run: CampaignRun) -> str:
    trunk = floor.settings.trunks[run.campaign.trunk]
    return floor.trunk_problem(trunk.name) or floor.agi_problem(trunk.node)


def _calls(n: int) -> str:
    return "1 call" if n == 1 else f"{n} calls"


def _agents(n: int) -> str:
    return "1 agent" if n == 1 else f"{n} agents"


def _states(floor: Floor, run: CampaignRun) -> str:
    seats = [seat for seat in floor.roster if seat.serves(run.campaign.id)]
    parts = [
        f"{n} {state.value.replace('_', ' ')}"
        for state in AgentState
        if (n := sum(1 for seat in seats if seat.state is state))
    ]
    return ", ".join(parts)


def _no_agents(floor: Floor, run: CampaignRun) -> str:
    if not any(seat.serves(run.campaign.id) for seat in floor.roster):
        command = f"dialerctl agent add NAME --endpoint PJSIP/… --campaign {run.campaign.name}"
        return f"no agent belongs to this campaign: {command}"
    seats = [seat for seat in floor.roster if seat.serves(run.campaign.id)]
    verb = "login" if all(seat.state is not AgentState.PAUSED for seat in seats) else "unpause"
    return f"no agent is staffed ({_states(floor, run)}): dialerctl agent {verb} NAME"


def _leads(run: CampaignRun) -> str:
    if run.shortage is None:
        return "fetching leads"
    return leads_sentence(run.shortage, run.campaign.name)


def leads_sentence(shortage: Shortage, campaign: str) -> str:
    """Why there is no lead to dial: blocked by rules, waiting for their time, or none left."""
    parts = [f"{n} blocked by {rule}" for rule, n in sorted(shortage.blocked.items())]
    for_good = sum(n for rule, n in shortage.blocked.items() if rule in NEVER_AGAIN)
    waiting = shortage.waiting - (sum(shortage.blocked.values()) - for_good)
    if waiting > 0:
        parts.append(f"{waiting} wait for their next attempt")
    if shortage.finished > for_good:
        parts.append(f"{shortage.finished - for_good} finished")
    if not parts and not shortage.due:
        return f"no leads: dialerctl lead import FILE --campaign {campaign}"
    when = f"; the next is due {shortage.next_due_at:%a %d %b %H:%M} UTC" if shortage.next_due_at else ""
    return f"no lead may be dialled now ({', '.join(parts) or f'{shortage.due} due are being checked'}){when}"
