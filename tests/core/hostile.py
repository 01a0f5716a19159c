"""Events that nobody in their right mind would send: late, foreign, forged."""

from __future__ import annotations

from dialerd.core.call import AttemptState
from dialerd.core.compliance import GateVerdict
from dialerd.core.machine_messages import AmdCutOff, MachineActionFailed, VoicemailEnded, VoicemailStarted
from dialerd.core.messages import (
    AttemptRefused,
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    Event,
    LegEnded,
    LegUp,
    MessageEnded,
    MessageStarted,
    OriginateFailed,
    VerdictAbandoned,
    VerdictAsked,
)

from .model_shell import Model


def hostile_events(m: Model, pick: int, leg: int) -> list[Event]:
    """One of each kind, for a call and a leg picked by number. What the store says of its own rows is believed."""
    ids = [*m.dialer.floor.calls, *list(m.closed)[:2], 999_999]
    of = ids[pick % len(ids)]
    legs = [*m.legs, "agt-1-ffffffff"]
    leg_id, agent_id = legs[leg % len(legs)], 1 + leg % 5
    call = m.dialer.floor.calls.get(of)
    refusal = GateVerdict(allowed=False, rule="do_not_call")
    m.next_request += 1
    events: list[Event] = [
        CallRinging(attempt_id=of),
        CallAnswered(attempt_id=of),
        CallBridged(attempt_id=of, agent_id=agent_id, leg_id=leg_id),
        CallUnbridged(attempt_id=of, agent_id=agent_id),
        AmdCutOff(attempt_id=of),
        MessageStarted(attempt_id=of),
        MessageEnded(attempt_id=of),
        VerdictAbandoned(request_id=m.next_request, attempt_id=of),
        VoicemailStarted(attempt_id=of, cue="nonsense"),
        VoicemailEnded(attempt_id=of),
        MachineActionFailed(attempt_id=of, why="invented"),
        LegEnded(agent_id=agent_id, leg_id=leg_id),
        LegUp(agent_id=agent_id, leg_id="agt-9-eeeeeeee"),
        VerdictAsked(request_id=m.next_request, attempt_id=of, token="f" * 32, amd_status="", amd_cause=""),
        OriginateFailed(channel_id=call.attempt.channel_id if call else "dlr-1-0", reason="late", certain=True),
    ]
    if call is None or call.attempt.state is not AttemptState.INTENDED:
        events.append(AttemptRefused(attempt_id=of, verdict=refusal))
        events.append(CallEnded(attempt_id=of))
    return events
