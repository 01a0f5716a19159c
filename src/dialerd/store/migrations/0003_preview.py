"""Owns the third schema: preview mode's settings and the log of skipped leads. Frozen."""

from __future__ import annotations

from typing import Any

COLUMNS = (
    ("campaign", "preview_time INTEGER NOT NULL DEFAULT 60"),
    ("campaign", "preview_on_timeout TEXT NOT NULL DEFAULT 'skip'"),
)

TABLES = (
    """
    CREATE TABLE lead_skip (
        id {auto},
        lead_id BIGINT NOT NULL REFERENCES lead (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        agent_id BIGINT NOT NULL REFERENCES agent (id),
        reason TEXT NOT NULL DEFAULT '',
        at BIGINT NOT NULL,
        entry TEXT NOT NULL
    )
    """,
)

INDEXES = (
    "CREATE UNIQUE INDEX lead_skip_entry ON lead_skip (entry)",
    "CREATE INDEX lead_skip_lead_id ON lead_skip (lead_id)",
    "CREATE INDEX lead_skip_campaign_id_at ON lead_skip (campaign_id, at)",
)


def up(migrator: Any, db: Any) -> None:
    """Add what is new."""
    auto = "BIGSERIAL NOT NULL PRIMARY KEY" if db.param == "%s" else "INTEGER NOT NULL PRIMARY KEY"
    for statement in TABLES:
        db.execute_sql(statement.format(auto=auto))
    for table, column in COLUMNS:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in INDEXES:
        db.execute_sql(statement)
