"""Owns what the daemon tells Prometheus of itself, from the live picture. No HTTP: the registry writes a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

from dialerd.control.metrics import Registry
from dialerd.core.picture import Row
from dialerd.engine import Engine

log = logging.getLogger("dialerd.telemetry")

AGENT_STATES = ("logged_in", "ready", "reserved", "on_call", "wrap_up", "paused")


FINE_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5)
"""Seconds; 0.05 is the promise for 99 of 100 events."""


class Timings:
    """How soon the engine acts."""

    def __init__(self, registry: Registry) -> None:
        what = "From an event's arrival in the engine's queue until its commands were carried out."
        self.handled = registry.histogram("dialerd_event_seconds", what, buckets=FINE_BUCKETS).observe
        late = "How late the pacing tick came."
        self.tick_late = registry.histogram("dialerd_tick_late_seconds", late, buckets=FINE_BUCKETS).observe


class Telemetry:
    """Gauges of the live picture and totals of the engine's counters, refreshed on demand."""

    def __init__(self, registry: Registry, engine: Engine) -> None:
        self._registry = registry
        self._engine = engine
        self._calls = registry.gauge("dialerd_calls", "Calls in progress by state.", ("state",))
        self._agents = registry.gauge("dialerd_agents", "Agents by state.", ("state",))
        self._link = registry.gauge("dialerd_asterisk_connected", "1 while the AMI link is up.", ("node",))
        self._backlog = registry.gauge("dialerd_store_backlog", "Commands not yet committed.")
        self._active = registry.gauge("dialerd_campaign_dials", "1 while the campaign dials.", ("campaign",))
        self._abandon = registry.gauge("dialerd_campaign_abandon_ratio", "Abandoned of live answers.", ("campaign",))
        self._totals = {
            name: registry.counter(f"dialerd_{name}_total", f"The engine's {name.replace('_', ' ')}.")
            for name in engine.counters
        }
        self._told: Mapping[str, int] = dict.fromkeys(engine.counters, 0)

    def refresh(self) -> None:
        """Set every metric from the present picture."""
        picture: Row = self._engine.status()
        for state, count in picture["calls"].items():
            self._calls.set(count, state)
        for state in AGENT_STATES:
            self._agents.set(picture["agents"][state], state)
        for link in picture["asterisk"]:
            self._link.set(int(link["connected"]), link["node"])
        self._backlog.set(picture["store"]["backlog"])
        for campaign in picture["campaigns"]:
            self._active.set(int(campaign["dials_now"]), campaign["name"])
            self._abandon.set(campaign["abandon_rate"] / 100, campaign["name"])
        now = dict(self._engine.counters)
        for name, total in now.items():
            self._totals[name].inc(by=total - self._told[name])
        self._told = now

    async def write(self, path: Path, interval_s: float) -> None:
        """Write the text file every `interval_s` seconds until cancelled; a failure is logged once, not fatal."""
        told = ""
        while True:
            self.refresh()
            try:
                await asyncio.to_thread(self._registry.write_textfile, path)
                told = ""
            except OSError as error:
                if told != str(error):
                    told = str(error)
                    log.warning("metrics cannot be written to %s: %s", path, error)
            await asyncio.sleep(interval_s)
