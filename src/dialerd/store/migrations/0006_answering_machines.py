"""Owns the sixth schema: what a machine gets, what AMD heard and who has listened to it. Frozen.

Campaigns that are there already go on as before: who AMD is not sure of gets an agent, nothing is recorded.
"""

from __future__ import annotations

from typing import Any

COLUMNS = (
    ("campaign", "amd_unsure TEXT NOT NULL DEFAULT 'agent'"),
    ("campaign", "amd_not_run TEXT NOT NULL DEFAULT 'agent'"),
    ("campaign", "amd_min_call DOUBLE PRECISION NOT NULL DEFAULT 0"),
    ("campaign", "amd_over_limit BOOLEAN NOT NULL DEFAULT {no}"),
    ("campaign", "amd_sample DOUBLE PRECISION NOT NULL DEFAULT 0"),
    ("campaign", "voicemail_wait INTEGER NOT NULL DEFAULT 45"),
    ("call_log", "amd_parameters TEXT NOT NULL DEFAULT ''"),
    ("call_log", "amd_sample_file TEXT NOT NULL DEFAULT ''"),
    ("call_log", "voicemail_cue TEXT NOT NULL DEFAULT ''"),
    ("call_log", "voicemail_started_at BIGINT NULL"),
    ("call_log", "voicemail_ended_at BIGINT NULL"),
)

TABLE = """
    CREATE TABLE amd_review (
        attempt_id BIGINT NOT NULL PRIMARY KEY REFERENCES call_log (id),
        heard TEXT NOT NULL,
        reviewed_by TEXT NOT NULL DEFAULT '',
        reviewed_at BIGINT NOT NULL,
        note TEXT NOT NULL DEFAULT ''
    )
    """


def up(migrator: Any, db: Any) -> None:
    """Add what is new."""
    no = "FALSE" if db.param == "%s" else "0"
    for table, column in COLUMNS:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column.format(no=no)}")
    db.execute_sql(TABLE)
