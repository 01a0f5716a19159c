"""Owns what a campaign learns at a start from the calls before it. Pure; knows neither store nor when it was stopped.

Without it a restart in a busy hour would pace by a new campaign's guesses for minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dialerd.core.amd.delay import PersonsVerdict
from dialerd.core.call import Attempt, tells_who_answers
from dialerd.core.pacing.answers import Segment
from dialerd.core.pacing.predictive import PredictivePacer
from dialerd.core.predictive_flow import segment_of

CALLS_WITHIN = timedelta(hours=1)  # who answered earlier says little of who answers now
SPANS_WITHIN = timedelta(days=1)  # talks and wrap-ups change slowly
VERDICTS_WITHIN = timedelta(days=30)  # AMD's times depend on its parameters and on the people, hardly on the day
MOST_CALLS, MOST_SPANS = 600, 400
SET_UP_S = 15.0  # beyond the ring timeout: by then a call's end is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One campaign's last calls, in the order of dialling, its agents' talks and wrap-ups, and AMD's verdicts."""

    attempts: tuple[Attempt, ...] = ()
    talks_s: tuple[float, ...] = ()
    wrap_ups_s: tuple[float, ...] = ()
    verdicts: tuple[PersonsVerdict, ...] = ()  # of AMD with the campaign's present parameters, oldest first


def teach(pacer: PredictivePacer, remembered: Remembered) -> None:
    """Let a pacer that knows nothing yet learn from them.

    The last calls before the stop are left out, whatever came of them: of those that rang in vain the end is not known,
    and learned alone the answered ones would look like a better hour.
    """
    dialled = [attempt.dialed_at for attempt in remembered.attempts if attempt.dialed_at is not None]
    if dialled:
        until = max(dialled) - timedelta(seconds=pacer.ring_timeout_s + SET_UP_S)
        told = (_told(attempt) for attempt in remembered.attempts if attempt.dialed_at and attempt.dialed_at < until)
        pacer.remember([call for call in told if call is not None])
    for seconds in remembered.talks_s:
        pacer.talk_ended(seconds)
    for seconds in remembered.wrap_ups_s:
        pacer.wrap_up_ended(seconds)


def _told(attempt: Attempt) -> tuple[bool, float, Segment] | None:
    """Whether a person answered, and after how many seconds it was known; None: it does not tell.

    A talk that still goes on, or whose record is not finished, has been answered all the same.
    """
    known = attempt.verdict_at or (attempt.answered_at if attempt.live_answer else attempt.ended_at)
    if attempt.dialed_at is None or known is None:
        return None
    if not attempt.live_answer and (attempt.status is None or not tells_who_answers(attempt, attempt.status)):
        return None
    segment = segment_of(attempt.list_id, attempt.attempt_number, attempt.zones, attempt.created_at)
    return attempt.live_answer, max(0.0, (known - attempt.dialed_at).total_seconds()), segment
