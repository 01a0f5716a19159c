"""Owns the process that the crash test kills: a busy store that tells each committed intent on its output."""

from __future__ import annotations

import random
import sys
from datetime import timedelta

from tests.store.world import World

from dialerd.core.call import AttemptState, Status
from dialerd.core.messages import AttemptsOpened, ClaimLeads, LeadsClaimed, LogEvent, OpenAttempts, SaveAttempt

STATUSES = (Status.NO_ANSWER, Status.BUSY, Status.CANCELLED, Status.ABANDONED, Status.ANSWERED)


def main(url: str, campaign_id: int, seed: int) -> None:
    """Claim, open, save and close as fast as the store can, for ever. Prints `opened ID`, as Originate would go out."""
    world = World(url)
    world.open()
    chance = random.Random(seed)
    state = world.store.load_restart_state()
    world._next_attempt = state.next_attempt_id
    for attempt in (*state.open_attempts, *state.unfinished_attempts):
        world.store.submit(world.end(attempt, Status.LOST))
    # every restart is a day later: the caps of 24 hours do not run dry
    world.now += timedelta(days=seed)
    while True:
        (claimed,) = world.submit(ClaimLeads(campaign_id=campaign_id, count=5))
        assert isinstance(claimed, LeadsClaimed)
        world.pass_time(minutes=30)
        if not claimed.leads:
            continue
        attempts = [world.attempt(lead) for lead in claimed.leads]
        for event in world.submit(OpenAttempts(attempts=tuple(attempts), leads=claimed.leads)):
            if isinstance(event, AttemptsOpened):
                print(*(f"opened {attempt_id}" for attempt_id in event.attempt_ids), sep="\n", flush=True)
        for attempt in attempts:
            attempt.state, attempt.dialed_at = AttemptState.RINGING, world.now
            world.store.submit(SaveAttempt(attempt=attempt.snapshot()))
            world.store.submit(LogEvent(level="info", text=f"attempt {attempt.id}"))
            if chance.random() < 0.7:
                live = chance.random() < 0.5
                world.store.submit(world.end(attempt, chance.choice(STATUSES), live_answer=live))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
