"""Owns the fourth schema: the legal window of the abandon rate, what AMD may cost, what follows the message. Frozen.

Campaigns that are there already keep the window that was counted until now.
"""

from __future__ import annotations

from typing import Any

COLUMNS = (
    ("campaign", "abandon_window TEXT NOT NULL DEFAULT 'rule_set'"),
    ("campaign", "abandon_action TEXT NOT NULL DEFAULT 'hangup'"),
    ("campaign", "abandon_transfer_extension TEXT NOT NULL DEFAULT ''"),
    ("campaign", "amd_false_positive_rate DOUBLE PRECISION NOT NULL DEFAULT 0"),
)


def up(migrator: Any, db: Any) -> None:
    """Add what is new."""
    for table, column in COLUMNS:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    db.execute_sql("UPDATE campaign SET abandon_window = 'rolling_30_days'")
    db.execute_sql("CREATE INDEX call_log_machine ON call_log (campaign_id, answered_at) WHERE status = 'machine'")
