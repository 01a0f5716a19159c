"""Owns `dialerd --simulated-pbx`: the simulated world in this process, and the settings that point at it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from dialerd.config import Settings
from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.scenario import Scenario, load_scenario

SECRET = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedOptions:
    """What the command line says about the simulated world."""

    speed: float = 1.0
    seed: int = 1
    scenario: Path | None = None
    truth: Path | None = None


@contextlib.asynccontextmanager
async def simulated_pbx(settings: Settings, options: SimulatedOptions) -> AsyncIterator[Settings]:
    """Run a simulated PBX; give the settings with the first [[asterisk]] pointing at it (free ports everywhere)."""
    scenario = load_scenario(options.scenario) if options.scenario else Scenario()
    with contextlib.ExitStack() as files:
        # opened once before the first call: nothing waits for it
        sink = files.enter_context(options.truth.open("a")) if options.truth else None
        pbx = SimulatedPbx(scenario=scenario, seed=options.seed, speed=options.speed, secret=SECRET, truth_sink=sink)
        await pbx.start()
        try:
            node = replace(
                settings.asterisk[0],
                host="127.0.0.1",
                port=pbx.ami_port,
                username="dialerd",
                secret=SECRET,
                agi="fastagi",
                agi_listen="127.0.0.1:0",
                agi_url="",
            )
            # a simulated call has no sound
            yield replace(settings, asterisk=(node,), detector=replace(settings.detector, enabled=False))
        finally:
            await pbx.stop()
