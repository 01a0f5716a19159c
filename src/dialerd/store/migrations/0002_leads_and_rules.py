"""Owns the second schema: rule sets, selection, alternate numbers, retry rules, large do-not-call lists. Frozen."""

from __future__ import annotations

from typing import Any

COLUMNS = (
    ("campaign", "rule_set TEXT NOT NULL DEFAULT ''"),
    ("campaign", "max_attempts_per_window INTEGER NOT NULL DEFAULT 0"),
    ("campaign", "attempt_window_days INTEGER NOT NULL DEFAULT 30"),
    ("campaign", "max_attempts_per_number INTEGER NOT NULL DEFAULT 0"),
    ("campaign", "lead_order TEXT NOT NULL DEFAULT 'down'"),
    ("campaign", "closing_zones_first BOOLEAN NOT NULL DEFAULT FALSE"),
    ("campaign", "abandoned_first BOOLEAN NOT NULL DEFAULT TRUE"),
    ("campaign", "callback_tolerance INTEGER NOT NULL DEFAULT 900"),
    ("campaign", "lead_filter TEXT NOT NULL DEFAULT ''"),
    ("campaign", "channel_variables TEXT NOT NULL DEFAULT ''"),
    ("lead_list", "weight INTEGER NOT NULL DEFAULT 1"),
    ("lead", "dial_number TEXT NOT NULL DEFAULT ''"),
    ("lead", "number_index INTEGER NOT NULL DEFAULT 0"),
    ("lead", "alternates TEXT NOT NULL DEFAULT '[]'"),
    ("lead", "regions TEXT NOT NULL DEFAULT ''"),
    ("lead", "class_id BIGINT REFERENCES dial_class (id)"),
    ("lead", "person TEXT NOT NULL DEFAULT ''"),
    ("lead", "rank INTEGER NOT NULL DEFAULT 0"),
    ("lead", "abandoned_at BIGINT"),
    ("lead", "callback_agent_id BIGINT REFERENCES agent (id)"),
    ("disposition", "is_refusal BOOLEAN NOT NULL DEFAULT FALSE"),
)

TABLES = (
    """
    CREATE TABLE dial_class (
        id {auto},
        zones TEXT NOT NULL,
        regions TEXT NOT NULL,
        consent_class TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE blocked_class (
        id {auto},
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        class_id BIGINT NOT NULL REFERENCES dial_class (id),
        rule TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '',
        at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE retry_rule (
        id {auto},
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        outcome TEXT NOT NULL,
        delay INTEGER NOT NULL DEFAULT 3600,
        growth DOUBLE PRECISION NOT NULL DEFAULT 1.0,
        max_delay INTEGER NOT NULL DEFAULT 604800,
        max_attempts INTEGER NOT NULL DEFAULT 0,
        next_number BOOLEAN NOT NULL DEFAULT FALSE,
        stop BOOLEAN NOT NULL DEFAULT FALSE
    )
    """,
    """
    CREATE TABLE dnc_list (
        id {auto},
        name TEXT NOT NULL,
        data_date TEXT NOT NULL,
        imported_at BIGINT NOT NULL,
        entries BIGINT NOT NULL DEFAULT 0,
        complete BOOLEAN NOT NULL DEFAULT FALSE
    )
    """,
    """
    CREATE TABLE dnc_number (
        number BIGINT NOT NULL,
        list_id BIGINT NOT NULL REFERENCES dnc_list (id),
        PRIMARY KEY (number, list_id)
    ){without_rowid}
    """,
    """
    CREATE TABLE dnc_prefix (
        id {auto},
        prefix TEXT NOT NULL,
        campaign_id BIGINT REFERENCES campaign (id),
        source TEXT NOT NULL DEFAULT '',
        added_at BIGINT NOT NULL
    )
    """,
    # as before, but for appointments that somebody makes without a call, and for those that are over
    """
    CREATE TABLE callback_new (
        id {auto},
        attempt_id BIGINT REFERENCES call_log (id),
        lead_id BIGINT NOT NULL REFERENCES lead (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        agent_id BIGINT REFERENCES agent (id),
        due_at BIGINT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending',
        note TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        ended_at BIGINT
    )
    """,
)

MOVES = (
    "INSERT INTO callback_new (id, attempt_id, lead_id, campaign_id, agent_id, due_at, state, created_at)"
    " SELECT id, attempt_id, lead_id, campaign_id, agent_id, due_at, state, created_at FROM callback",
    "DROP TABLE callback",
    "ALTER TABLE callback_new RENAME TO callback",
    "UPDATE lead SET dial_number = number",
    "INSERT INTO dial_class (zones, regions, consent_class) SELECT DISTINCT zones, '', consent_class FROM lead",
    "UPDATE lead SET class_id = (SELECT id FROM dial_class WHERE dial_class.zones = lead.zones"
    " AND dial_class.consent_class = lead.consent_class)",
    "UPDATE disposition SET is_refusal = (code IN ('not_interested', 'dnc'))",
    "DROP INDEX lead_due",
    "DROP INDEX lead_campaign_id_state_next_attempt_at",
)

INDEXES = (
    "CREATE UNIQUE INDEX dial_class_once ON dial_class (zones, regions, consent_class)",
    "CREATE INDEX blocked_class_campaign_id_at ON blocked_class (campaign_id, at)",
    "CREATE UNIQUE INDEX retry_rule_campaign_id_outcome ON retry_rule (campaign_id, outcome)",
    "CREATE INDEX dnc_list_name ON dnc_list (name)",
    "CREATE UNIQUE INDEX dnc_prefix_everywhere ON dnc_prefix (prefix) WHERE campaign_id IS NULL",
    "CREATE UNIQUE INDEX dnc_prefix_campaign ON dnc_prefix (prefix, campaign_id)",
    "CREATE UNIQUE INDEX callback_attempt_id ON callback (attempt_id)",
    "CREATE INDEX callback_campaign_id_state_due_at ON callback (campaign_id, state, due_at)",
    "CREATE INDEX callback_lead_id ON callback (lead_id)",
    "CREATE INDEX lead_dial_number ON lead (dial_number)",
    "CREATE INDEX lead_person ON lead (person) WHERE person <> ''",
    "CREATE INDEX lead_counts ON lead (campaign_id, state, next_attempt_at, class_id, list_id)",
    "CREATE INDEX lead_new ON lead (list_id, priority, id, class_id, next_attempt_at) WHERE state = 'new'",
    "CREATE INDEX lead_again ON lead (list_id, next_attempt_at, class_id) WHERE state = 'retry'",
    "CREATE INDEX lead_promised ON lead (campaign_id, next_attempt_at) WHERE state = 'callback'",
    "CREATE INDEX lead_abandoned ON lead (campaign_id, next_attempt_at)"
    " WHERE state = 'retry' AND abandoned_at IS NOT NULL",
)


def up(migrator: Any, db: Any) -> None:
    """Add what is new and carry over what is there."""
    postgresql = db.param == "%s"
    types = {
        "auto": "BIGSERIAL NOT NULL PRIMARY KEY" if postgresql else "INTEGER NOT NULL PRIMARY KEY",
        "without_rowid": "" if postgresql else " WITHOUT ROWID",
    }
    for statement in TABLES:
        db.execute_sql(statement.format(**types))
    for table, column in COLUMNS:
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    for statement in MOVES:
        db.execute_sql(statement)
    if postgresql:  # the new table's ids go on where the old one's ended
        db.execute_sql(
            "SELECT setval(pg_get_serial_sequence('callback', 'id'),"
            " (SELECT COALESCE(MAX(id), 0) + 1 FROM callback), false)"
        )
    for statement in INDEXES:
        db.execute_sql(statement)
