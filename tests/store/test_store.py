"""Tests of dialerd.store.store: the path of a call through the façade."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.store.world import World

from dialerd.core.call import AttemptState, Status
from dialerd.core.errors import Unavailable
from dialerd.core.messages import AttemptsOpened, SaveAttempt
from dialerd.store import Store


async def test_a_lead_is_claimed_dialled_saved_and_closed(world: World) -> None:
    campaign_id = world.campaign_with_leads(3)
    claimed = world.claim(campaign_id, 2)
    assert len(claimed.leads) == 2 and claimed.shortage is None

    attempts, events = world.open_attempts(claimed.leads)
    assert events == [AttemptsOpened(attempt_ids=(attempts[0].id, attempts[1].id))]

    progress = attempts[0].snapshot()
    progress.state, progress.dialed_at = AttemptState.RINGING, world.now
    progress.ringing_at = world.now + timedelta(seconds=1)
    world.submit(SaveAttempt(attempt=progress))
    state = world.store.load_restart_state()
    assert [(a.id, a.state, a.ringing_at) for a in state.open_attempts] == [
        (attempts[0].id, AttemptState.RINGING, progress.ringing_at),
        (attempts[1].id, AttemptState.INTENDED, None),
    ]
    assert state.next_attempt_id == attempts[1].id + 1

    world.pass_time(seconds=20)
    world.submit(world.end(progress, Status.NO_ANSWER), world.end(attempts[1], Status.BUSY))
    state = world.store.load_restart_state()
    assert state.open_attempts == () and state.unfinished_attempts == ()
    leads = world.rows("SELECT state, call_count FROM lead ORDER BY id")
    assert [(row["state"], row["call_count"]) for row in leads] == [("retry", 1), ("retry", 1), ("new", 0)]
    report = await world.store.verify_chain()
    assert report.checked == 2 and report.intact


async def test_a_second_dialerd_on_the_same_store_is_refused_and_takes_nothing_away(world: World) -> None:
    campaign_id = world.campaign_with_leads(1)
    world.claim(campaign_id, 1)
    second = Store(world.url, post=lambda event: None, rule_sets={})
    with pytest.raises(Unavailable, match="one store has one dialerd"):
        second.open()
    assert world.rows("SELECT state FROM lead") == [{"state": "claimed"}]
