"""Owns the disposition definitions and what each makes of a lead. Knows nothing of where they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dialerd.core.call import Attempt, Status
from dialerd.core.lead import FINAL_STATES, LeadOutcome, LeadState
from dialerd.core.retry import RetryRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """One code an attempt can end with. `retry` = dial this lead again after the campaign's delay."""

    code: str
    label: str
    is_system: bool = False
    is_contact: bool = False
    is_sale: bool = False
    is_callback: bool = False
    is_dnc: bool = False
    is_refusal: bool = False  # the person said no: some laws want quiet after it
    retry: bool = False
    invalid_number: bool = False


TEST_CALL = "test_call"
"""What a test call is disposed of as: it counts nowhere."""

MACHINE = Status.MACHINE.value
"""What a machine's call is disposed of as, by AMD's word or by the agent's who met it."""

BUILT_IN: tuple[Disposition, ...] = (
    Disposition(code="sale", label="Sale", is_contact=True, is_sale=True),
    Disposition(code="callback", label="Callback", is_contact=True, is_callback=True),
    Disposition(code="not_interested", label="Not interested", is_contact=True, is_refusal=True),
    Disposition(code="dnc", label="Do not call again", is_contact=True, is_dnc=True, is_refusal=True),
    Disposition(code="wrong_person", label="Wrong person", is_contact=True),
    Disposition(code="no_disposition", label="No disposition", is_contact=True, is_system=True),
    Disposition(code="abandoned", label="Abandoned: no agent", is_system=True, retry=True),
    Disposition(code="customer_hangup", label="Hung up while waiting", is_system=True, retry=True),
    Disposition(code=MACHINE, label="Answering machine", is_system=True, retry=True),
    Disposition(code="no_answer", label="No answer", is_system=True, retry=True),
    Disposition(code="busy", label="Busy", is_system=True, retry=True),
    Disposition(code="congestion", label="Congestion", is_system=True, retry=True),
    Disposition(code="invalid_number", label="Invalid number", is_system=True, invalid_number=True),
    Disposition(code="rejected", label="Rejected", is_system=True, retry=True),
    Disposition(code="failed", label="Failed", is_system=True, retry=True),
    Disposition(code="cancelled", label="Cancelled before answer", is_system=True, retry=True),
    Disposition(code=TEST_CALL, label="Test call", is_system=True, retry=True),
    Disposition(code="lost", label="Ending not seen", is_system=True, retry=True),
)
"""Shipped with every store. A system code of the same name as a Status is that status's disposition."""


def lead_outcome(
    attempt: Attempt,
    disposition: Disposition,
    *,
    attempts_so_far: int,
    max_attempts: int,
    retry_delay_s: float,
    rule: RetryRule | None = None,
    times: int = 1,
    more_numbers: bool = False,
    callback_at: datetime | None = None,
) -> LeadOutcome:
    """Given a closed attempt and its disposition, say what becomes of the lead.

    `attempts_so_far` includes this attempt when it counts; `times` says how often it ended with this outcome, this
    one included; `more_numbers`: the lead has another number that is neither invalid nor worn out. A
    cancelled attempt never reached the person: it does not count, and the lead is due again at once unless the phone
    has rung. `rule` is the campaign's for this outcome (None: the disposition's own word and `retry_delay_s`).
    """
    ended = attempt.ended_at or attempt.created_at
    counts = attempt.status is not Status.CANCELLED
    wait = rule.delay(times) if rule is not None else timedelta(seconds=retry_delay_s)
    worn_out = rule is not None and 0 < rule.max_attempts <= times
    state, due, onward = LeadState.RETRY, ended + wait, rule is not None and rule.next_number
    if disposition.is_dnc:
        state = LeadState.DNC
    elif disposition.is_callback:
        state, due = LeadState.CALLBACK, callback_at or due
    elif not counts:
        due, onward = (due if attempt.ringing_at else ended), False  # nobody's phone is rung twice in a row
    elif rule.stop if rule is not None else not (disposition.retry or disposition.invalid_number):
        state = LeadState.COMPLETED
    elif attempts_so_far >= max_attempts and not (disposition.invalid_number and not more_numbers):
        state = LeadState.EXHAUSTED
    elif disposition.invalid_number or worn_out:
        if more_numbers:
            due, onward = ended, True  # nothing was wrong with the person: the next number may be dialled at once
        else:
            state = LeadState.INVALID if disposition.invalid_number else LeadState.EXHAUSTED
    return LeadOutcome(
        lead_id=attempt.lead_id,
        state=state,
        next_attempt_at=None if state in FINAL_STATES else due,
        counts_as_attempt=counts,
        next_number=onward and state is LeadState.RETRY,
    )


def agents_may_give(disposition: Disposition) -> bool:
    """Whether an agent may dispose of a call with it: any but the system's own, and `machine`, as AMD lets some by."""
    return not disposition.is_system or disposition.code == MACHINE


def system_disposition(status: Status, campaign_default: str) -> str:
    """The disposition code of an attempt that no agent disposed of."""
    return campaign_default if status is Status.ANSWERED else status.value


def definitions(extra: tuple[Disposition, ...] = ()) -> Mapping[str, Disposition]:
    """Every known disposition by code: the built-in ones, then an operator's own (which may not hide them)."""
    return {d.code: d for d in (*extra, *BUILT_IN)}
