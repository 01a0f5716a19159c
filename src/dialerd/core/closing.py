"""Owns the finishing of a record: final status, disposition, statistics and ledger. Knows nothing of agents."""

from __future__ import annotations

from dialerd.core.call import Status
from dialerd.core.campaign import DialMode
from dialerd.core.dispositions import TEST_CALL, system_disposition
from dialerd.core.floor import Floor
from dialerd.core.live_call import LiveCall
from dialerd.core.messages import CloseAttempt, ForgetTraces
from dialerd.core.moment import Moment


def close_call(floor: Floor, call: LiveCall, now: Moment) -> None:
    """Given an ended call whose disposition is final, write its finished record and forget the call."""
    attempt = call.attempt
    if attempt.status is None:
        attempt.status = Status.LOST
    if call.is_test:
        attempt.disposition, attempt.live_answer = TEST_CALL, False
    elif not attempt.disposition:
        attempt.disposition = system_disposition(attempt.status, call.campaign.default_disposition)
    attempt.closed_at = now.wall
    run = floor.campaigns.get(attempt.campaign_id)
    if run is not None and not call.is_test:
        run.hour.add(attempt, now.mono)
        run.record(attempt)
        if attempt.live_answer:
            run.pacer.budget.realised += attempt.abandoned
            run.history.answered(
                abandoned=attempt.abandoned,
                forecast=attempt.dial_mode == DialMode.PREDICTIVE.value,
                credit=run.standing(now).credit,
                at_s=now.wall.timestamp(),
            )
    floor.forget_call(attempt.id)
    floor.emit(CloseAttempt(attempt=attempt.snapshot(), callback_at=call.callback_at, callback_own=call.callback_own))
    if call.trace_key:
        floor.emit(ForgetTraces(node=attempt.node, keys=(call.trace_key,)))
