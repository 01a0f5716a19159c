"""What a pacer learns at a start from the calls before it, and what it must not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.core.stage import START, Stage
from tests.core.values import agent, campaign

from dialerd.core.agent import AgentProfile
from dialerd.core.call import Attempt, Status
from dialerd.core.campaign import DialMode
from dialerd.core.messages import Originate
from dialerd.core.pacing.predictive import PredictivePacer
from dialerd.core.predictive_flow import lead_segment
from dialerd.core.remembered import Remembered, teach
from dialerd.core.restored import Restored, RestoredAgent

NOON = START.wall


def attempt(n: int, *, ago_s: float = 600.0, status: Status | None = Status.NO_ANSWER, **fields: Any) -> Attempt:
    """One that was dialled some time before the start and rang for twenty seconds in vain."""
    dialled = NOON - timedelta(seconds=ago_s)
    values: dict[str, Any] = {
        "id": n, "campaign_id": 1, "list_id": 7, "lead_id": n, "number": f"+39{n}", "created_at": dialled,
        "dialed_at": dialled, "ringing_at": dialled, "ended_at": dialled + timedelta(seconds=20), "status": status,
        "zones": ("Europe/Rome",), "node": "pbx", "trunk": "carrier", "channel_id": f"c{n}", "token": f"t{n}",
        "dial_mode": DialMode.PREDICTIVE,
    }  # fmt: skip
    return Attempt(**values | fields)


def answered(n: int, *, ago_s: float = 600.0, **fields: Any) -> Attempt:
    at = NOON - timedelta(seconds=ago_s - 8)
    values: dict[str, Any] = {"live_answer": True, "answered_at": at, "verdict_at": at, "status": Status.ANSWERED}
    return attempt(n, ago_s=ago_s, **values | fields)


LAST = attempt(99, ago_s=1.0)  # dialled just before the stop


def learned(*attempts: Attempt) -> tuple[int, float]:
    """How many calls a pacer took in, and the answer rate that it believes in."""
    pacer = PredictivePacer()
    teach(pacer, Remembered(attempts=(*attempts, LAST)))
    return pacer.answers.rate.seen, pacer.answers.rate.mean


def test_answers_and_calls_in_vain_are_learned() -> None:
    calls = [answered(n) if n % 4 == 0 else attempt(n) for n in range(400)]
    assert learned(*calls) == (400, pytest.approx(0.25, abs=0.03))


@pytest.mark.parametrize(
    "silent",
    [
        attempt(1, status=Status.CANCELLED),
        attempt(1, status=Status.LOST),
        attempt(1, status=Status.CONGESTION, ringing_at=None),
        attempt(1, status=None, ended_at=None),
        attempt(1, dialed_at=None),
    ],
    ids=["cancelled", "lost", "refused by the trunk", "not over", "never sent"],
)
def test_what_tells_nothing_of_the_person_is_not_learned(silent: Attempt) -> None:
    assert learned(silent)[0] == 0


def test_a_talk_that_goes_on_has_been_answered() -> None:
    assert learned(answered(1, status=None, ended_at=None))[0] == 1


def test_of_the_calls_just_before_the_stop_none_counts() -> None:
    """The answered ones are known, those that rang in vain are not: together they would look like a better hour."""
    calls = [answered(n, ago_s=2.0 + n) for n in range(30)]
    assert learned(*calls)[0] == 0
    assert learned(*calls, answered(50, ago_s=60.0))[0] == 1


def test_a_lead_is_judged_as_if_it_had_been_learned_live() -> None:
    stage = Stage(campaign(), agents=[agent()], leads=1)
    (lead,) = stage.leads[1]
    pacer = PredictivePacer()
    calls = tuple(
        answered(n, list_id=lead.list_id, zones=lead.zones, attempt_number=lead.attempts + 1, ago_s=60.0)
        for n in range(60)
    )
    teach(pacer, Remembered(attempts=(*calls, *(attempt(100 + n) for n in range(200)), LAST)))
    assert pacer.answers.chance(lead_segment(lead, NOON - timedelta(seconds=60))) > 1.5 * pacer.answers.rate.mean


def test_talks_and_wrap_ups_are_learned_without_any_call() -> None:
    pacer = PredictivePacer()
    teach(pacer, Remembered(talks_s=(40.0,) * 300, wrap_ups_s=(9.0,) * 300))
    assert pacer.talk.mean_s == pytest.approx(40, abs=5) and pacer.wrap.mean_s == pytest.approx(9, abs=1)
    assert pacer.answers.rate.seen == 0


def test_restarted_in_a_busy_hour_it_dials_ahead_at_once() -> None:
    """Without memory the first thirty calls would be held to what the ledger allows."""
    calls = tuple(answered(n) if n % 10 == 0 else attempt(n) for n in range(500))
    one = campaign(dial_mode=DialMode.PREDICTIVE, max_lines=200, max_dial_ratio=20.0)
    profiles: list[AgentProfile] = [agent(i) for i in range(1, 11)]

    def placed(**memory: Any) -> int:
        start = Restored(campaigns=(one,), agents=tuple(RestoredAgent(profile=p) for p in profiles), **memory)
        stage = Stage(one, agents=profiles, leads=400, restored=start)
        stage.wait(2)
        return len(stage.all(Originate))

    assert placed(remembered={1: Remembered(attempts=(*calls, LAST))}) > 1.5 * placed()
