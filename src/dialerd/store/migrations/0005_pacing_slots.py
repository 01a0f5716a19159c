"""Owns the fifth schema: what pacing decided, in slots of some seconds. Frozen. Needs nothing of the fourth."""

from __future__ import annotations

from typing import Any

INTEGERS = (
    "decisions", "stopped", "calls", "ready", "staffed", "occupied", "in_flight", "lines_used", "planned", "live",
    "abandoned", "forecast_live", "forecast_abandoned", "limit_none", "limit_agents", "limit_no_agents", "limit_lines",
    "limit_trunk", "limit_rate", "limit_leads", "limit_budget",
)  # fmt: skip
FLOATS = ("ratio", "expected_free", "expected_answers", "chance", "threshold", "expected_abandons", "credit")

TABLE = """
    CREATE TABLE pacing_slot (
        id {auto},
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        start_at BIGINT NOT NULL,
        until_at BIGINT NOT NULL,
        mode TEXT NOT NULL DEFAULT '',
        obstacle TEXT NOT NULL DEFAULT '',
        {numbers},
        entry TEXT NOT NULL
    )
    """

INDEXES = (
    "CREATE UNIQUE INDEX pacing_slot_entry ON pacing_slot (entry)",
    "CREATE INDEX pacing_slot_campaign_id_start_at ON pacing_slot (campaign_id, start_at)",
)


def up(migrator: Any, db: Any) -> None:
    """Add what is new."""
    auto = "BIGSERIAL NOT NULL PRIMARY KEY" if db.param == "%s" else "INTEGER NOT NULL PRIMARY KEY"
    numbers = [f"{name} INTEGER NOT NULL DEFAULT 0" for name in INTEGERS]
    numbers += [f"{name} DOUBLE PRECISION NOT NULL DEFAULT 0" for name in FLOATS]
    db.execute_sql(TABLE.format(auto=auto, numbers=",\n        ".join(numbers)))
    for statement in INDEXES:
        db.execute_sql(statement)
