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


class PacingSeries:
    """What pacing decides, by campaign: totals since dialerd started, and where it stands."""

    def __init__(self, registry: Registry) -> None:
        of = ("campaign",)
        self._credit = registry.gauge("dialerd_pacing_abandon_credit", "Abandons that the ledger still allows.", of)
        self._ratio = registry.gauge("dialerd_pacing_dial_ratio", "Dial ratio in force.", of)
        self._answers = registry.gauge("dialerd_pacing_answer_ratio", "Calls that people answer, as learned.", of)
        self._counters = {
            key: registry.counter(f"dialerd_pacing_{key}", help, of)
            for key, help in (
                ("decisions_total", "Pacing decisions."),
                ("calls_placed_total", "Calls that decisions placed."),
                ("expected_abandons_total", "Abandons that the forecast expected of the calls it placed."),
                ("live_total", "People who answered, by the end of their calls."),
                ("abandoned_total", "Those of them who met no agent in time."),
            )
        }
        what = "Decisions by what kept them from more calls (budget: the abandon ledger)."
        self._limited = registry.counter("dialerd_pacing_limited_total", what, ("campaign", "limit"))
        self._told: dict[tuple[str, str], float] = {}

    def refresh(self, campaign: Row) -> None:
        """Given a campaign of the live picture, set its series."""
        name, pacing = campaign["name"], campaign["pacing"]
        self._credit.set(pacing["abandon_credit"], name)
        self._ratio.set(campaign["dialing"]["dial_ratio"], name)
        self._answers.set(pacing["answer_rate"] / 100, name)
        for key, counter in self._counters.items():
            counter.inc(name, by=self._more(name, key, pacing["totals"][key]))
        for limit, total in pacing["totals"]["limited_total"].items():
            more = self._more(name, limit, total)
            if more:
                self._limited.inc(name, limit, by=more)

    def _more(self, name: str, key: str, total: float) -> float:
        """By how much a total of the picture has grown since it was looked at last."""
        before = self._told.get((name, key), 0.0)
        self._told[name, key] = total
        return max(0.0, total - before)


class AmdSeries:
    """How long AMD takes with people, by campaign, of the last calls; nothing where AMD is off or has not judged."""

    def __init__(self, registry: Registry) -> None:
        what = "From the answer to AMD's verdict on people, of the last calls."
        self._delay = registry.gauge("dialerd_amd_verdict_seconds", what, ("campaign", "quantile"))
        spent = "Of the silence limit, the part that is over at AMD's verdict (95 of 100 people)."
        self._spent = registry.gauge("dialerd_amd_limit_used_seconds", spent, ("campaign",))
        self._limit = registry.gauge(
            "dialerd_amd_limit_seconds", "The silence limit of campaigns with AMD.", ("campaign",)
        )

    def refresh(self, campaign: Row) -> None:
        """Given a campaign of the live picture, set its series."""
        name, amd = campaign["name"], campaign["amd"]
        if amd is None:
            return
        self._limit.set(amd["limit_s"], name)
        if amd["verdicts"]:
            self._delay.set(amd["median_s"], name, "0.5")
            self._delay.set(amd["p95_s"], name, "0.95")
            self._spent.set(amd["p95_of_limit_s"], name)


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
        self._pacing = PacingSeries(registry)
        self._amd = AmdSeries(registry)
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
            self._pacing.refresh(campaign)
            self._amd.refresh(campaign)
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
