"""Owns the fourth schema: the legal window of the abandon rate, and what AMD may cost. Frozen.

Campaigns that are there already keep the window that was counted until now.
"""

from __future__ import annotations

from typing import Any

COLUMNS = (
    ("campaign", "abandon_window TEXT NOT NULL DEFAULT 'rule_set'"),
    ("campaign", "amd_false_positive_rate DOUBLE PRECISION NOT NULL DEFAULT 0"),
)


def up(migrator: Any, db: Any) -> None:
    """Add what is new."""
    for table, column in COLUMNS:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.execute_sql("UPDATE campaign SET abandon_window = 'rolling_30_days'")
    db.execute_sql("CREATE INDEX call_log_machine ON call_log (campaign_id, answered_at) WHERE status = 'machine'")
