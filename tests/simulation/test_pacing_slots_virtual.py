"""Over a whole virtual campaign the slots of pacing say what the attempts say: calls, people, abandons, occupancy."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from dialerd.core.campaign import DialMode
from dialerd.core.messages import SavePacingSlot, StoreCommand, StoreEvent
from dialerd.core.pacing.history import Slot
from dialerd.simulation.memory_store import MemoryStore
from dialerd.simulation.virtual import run_virtual

from .floor import agents, campaign, dialer, leads
from .test_predictive_virtual import WORLD


@pytest.mark.parametrize("mode", [DialMode.PREDICTIVE, DialMode.POWER, DialMode.PROGRESSIVE])
def test_slots_and_attempts_agree(mode: DialMode, monkeypatch: pytest.MonkeyPatch) -> None:
    slots: list[Slot] = []
    carry_out = MemoryStore.carry_out

    def kept(self: MemoryStore, command: StoreCommand, now: datetime) -> list[StoreEvent]:
        if isinstance(command, SavePacingSlot):
            slots.append(command.slot)
        return carry_out(self, command, now)

    monkeypatch.setattr(MemoryStore, "carry_out", kept)
    core = dialer(3)
    result = run_virtual(
        core,
        campaigns=[campaign(dial_mode=mode, max_dial_ratio=8.0, dial_ratio=1.5)],
        agents=agents(12),
        leads=leads(4000),
        seed=3,
        for_s=3600.0,
        scenario=WORLD,
    )
    run = core.floor.campaigns[1]
    slots += run.history.take(0.0, everything=True)

    def total(name: str) -> Any:
        return sum(getattr(slot, name) for slot in slots)

    people = [attempt for attempt in result.attempts if attempt.live_answer]
    assert total("calls") == len(result.attempts) + len(result.open_attempts) > 500
    assert total("live") == len(people) > 100
    assert total("abandoned") == sum(attempt.abandoned for attempt in people) == run.pacer.budget.realised
    assert total("expected_abandons") == pytest.approx(run.pacer.budget.predicted)
    forecast = mode is DialMode.PREDICTIVE
    assert (total("planned"), total("forecast_live")) == ((total("decisions"), len(people)) if forecast else (0, 0))
    assert total("occupied") / total("staffed") == pytest.approx(result.occupancy(), abs=0.06)
    assert all(before.until_s <= after.start_s for before, after in pairwise(slots))
    assert run.history.totals.decisions == total("decisions")
