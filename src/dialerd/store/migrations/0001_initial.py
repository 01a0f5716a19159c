"""Owns the first schema, frozen: later changes are later migrations. Must not read today's models."""

from __future__ import annotations

from typing import Any

TABLES = (
    """
    CREATE TABLE campaign (
        id {auto},
        name TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'stopped',
        dial_mode TEXT NOT NULL DEFAULT 'predictive',
        priority INTEGER NOT NULL DEFAULT 50,
        trunk TEXT NOT NULL DEFAULT '',
        caller_id TEXT NOT NULL DEFAULT '',
        caller_name TEXT NOT NULL DEFAULT '',
        dial_ratio DOUBLE PRECISION NOT NULL DEFAULT 1.0,
        min_dial_ratio DOUBLE PRECISION NOT NULL DEFAULT 1.0,
        max_dial_ratio DOUBLE PRECISION NOT NULL DEFAULT 3.0,
        safety_factor DOUBLE PRECISION NOT NULL DEFAULT 0.85,
        target_abandon_rate DOUBLE PRECISION NOT NULL DEFAULT 3.0,
        max_abandon_rate DOUBLE PRECISION NOT NULL DEFAULT 5.0,
        avg_talk_time INTEGER NOT NULL DEFAULT 180,
        wrapup_time INTEGER NOT NULL DEFAULT 30,
        max_lines INTEGER NOT NULL DEFAULT 10,
        calls_per_second DOUBLE PRECISION NOT NULL DEFAULT 5.0,
        dial_timeout INTEGER NOT NULL DEFAULT 30,
        abandon_after DOUBLE PRECISION NOT NULL DEFAULT 2.0,
        abandon_measured_from TEXT NOT NULL DEFAULT 'greeting_end',
        abandon_message TEXT NOT NULL DEFAULT '',
        abandon_message_version TEXT NOT NULL DEFAULT '',
        opt_out_key TEXT NOT NULL DEFAULT '9',
        amd_enabled BOOLEAN NOT NULL DEFAULT FALSE,
        amd_initial_silence INTEGER NOT NULL DEFAULT 2500,
        amd_greeting INTEGER NOT NULL DEFAULT 1500,
        amd_after_greeting_silence INTEGER NOT NULL DEFAULT 800,
        amd_total_analysis_time INTEGER NOT NULL DEFAULT 5000,
        amd_min_word_length INTEGER NOT NULL DEFAULT 100,
        amd_between_words_silence INTEGER NOT NULL DEFAULT 50,
        amd_max_words INTEGER NOT NULL DEFAULT 3,
        amd_silence_threshold INTEGER NOT NULL DEFAULT 256,
        amd_max_word_length INTEGER NOT NULL DEFAULT 5000,
        amd_action TEXT NOT NULL DEFAULT 'hangup',
        voicemail_file TEXT NOT NULL DEFAULT '',
        amd_transfer_extension TEXT NOT NULL DEFAULT '',
        daily_start TEXT NOT NULL DEFAULT '09:00',
        daily_end TEXT NOT NULL DEFAULT '17:00',
        call_days TEXT NOT NULL DEFAULT 'mon-sun',
        timezone TEXT NOT NULL DEFAULT 'UTC',
        max_attempts INTEGER NOT NULL DEFAULT 3,
        max_attempts_per_day INTEGER NOT NULL DEFAULT 3,
        retry_delay INTEGER NOT NULL DEFAULT 3600,
        default_disposition TEXT NOT NULL DEFAULT 'no_disposition',
        recording_enabled BOOLEAN NOT NULL DEFAULT FALSE,
        on_hook_ring_timeout DOUBLE PRECISION NOT NULL DEFAULT 15.0,
        cost_per_minute BIGINT NOT NULL DEFAULT 30000,
        revenue_per_sale BIGINT NOT NULL DEFAULT 100000000,
        agent_hourly_cost BIGINT NOT NULL DEFAULT 15000000,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE lead_list (
        id {auto},
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        name TEXT NOT NULL,
        active BOOLEAN NOT NULL DEFAULT TRUE,
        hidden BOOLEAN NOT NULL DEFAULT FALSE,
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE lead (
        id {auto},
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        list_id BIGINT NOT NULL REFERENCES lead_list (id),
        number TEXT NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        zones TEXT NOT NULL DEFAULT '',
        postal_code TEXT NOT NULL DEFAULT '',
        attributes TEXT NOT NULL DEFAULT '{{}}',
        priority INTEGER NOT NULL DEFAULT 50,
        state TEXT NOT NULL DEFAULT 'new',
        claimed_from TEXT NOT NULL DEFAULT '',
        claimed_at BIGINT,
        next_attempt_at BIGINT DEFAULT 0,
        call_count INTEGER NOT NULL DEFAULT 0,
        last_attempt_at BIGINT,
        blocked_rule TEXT NOT NULL DEFAULT '',
        consent_id TEXT NOT NULL DEFAULT '',
        consent_class TEXT NOT NULL DEFAULT '',
        consent_date TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE agent (
        id {auto},
        name TEXT NOT NULL,
        full_name TEXT NOT NULL DEFAULT '',
        endpoint TEXT NOT NULL DEFAULT '',
        leg_mode TEXT NOT NULL DEFAULT 'nailed_up',
        node TEXT NOT NULL DEFAULT '',
        active BOOLEAN NOT NULL DEFAULT TRUE,
        state TEXT NOT NULL DEFAULT 'logged_out',
        state_reason TEXT NOT NULL DEFAULT '',
        state_since BIGINT,
        state_campaign_id BIGINT,
        state_attempt_id BIGINT,
        leg_id TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE agent_campaign (
        id {auto},
        agent_id BIGINT NOT NULL REFERENCES agent (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id)
    )
    """,
    """
    CREATE TABLE call_log (
        id {key} NOT NULL PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        list_id BIGINT NOT NULL REFERENCES lead_list (id),
        lead_id BIGINT NOT NULL REFERENCES lead (id),
        number TEXT NOT NULL,
        node TEXT NOT NULL DEFAULT '',
        trunk TEXT NOT NULL DEFAULT '',
        channel_id TEXT NOT NULL DEFAULT '',
        token TEXT NOT NULL DEFAULT '',
        dial_mode TEXT NOT NULL DEFAULT '',
        created_at BIGINT NOT NULL,
        caller_id TEXT NOT NULL DEFAULT '',
        caller_name TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'intended',
        attempt_number INTEGER NOT NULL DEFAULT 1,
        rule_set TEXT NOT NULL DEFAULT '',
        rule_verdict TEXT NOT NULL DEFAULT '',
        zones TEXT NOT NULL DEFAULT '',
        consent_id TEXT NOT NULL DEFAULT '',
        pacing_decision TEXT NOT NULL DEFAULT '',
        message_version TEXT NOT NULL DEFAULT '',
        dialed_at BIGINT,
        ringing_at BIGINT,
        answered_at BIGINT,
        verdict_at BIGINT,
        bridged_at BIGINT,
        message_started_at BIGINT,
        message_ended_at BIGINT,
        ended_at BIGINT,
        closed_at BIGINT,
        agent_id BIGINT REFERENCES agent (id),
        agent_channel TEXT NOT NULL DEFAULT '',
        amd_status TEXT NOT NULL DEFAULT '',
        amd_cause TEXT NOT NULL DEFAULT '',
        amd_result TEXT NOT NULL DEFAULT '',
        amd_action TEXT NOT NULL DEFAULT '',
        live_answer BOOLEAN NOT NULL DEFAULT FALSE,
        status TEXT,
        disposition TEXT NOT NULL DEFAULT '',
        hangup_cause INTEGER,
        sip_cause INTEGER,
        hung_up_by TEXT NOT NULL DEFAULT '',
        hold_us BIGINT NOT NULL DEFAULT 0,
        recording_file TEXT NOT NULL DEFAULT '',
        approximate BOOLEAN NOT NULL DEFAULT FALSE,
        note TEXT NOT NULL DEFAULT '',
        ring_duration INTEGER,
        wait_duration INTEGER,
        talk_duration INTEGER,
        hold_duration INTEGER,
        quality_score DOUBLE PRECISION,
        chain_seq BIGINT,
        prev_hash TEXT NOT NULL DEFAULT '',
        record_hash TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE disposition (
        code TEXT NOT NULL PRIMARY KEY,
        label TEXT NOT NULL DEFAULT '',
        is_system BOOLEAN NOT NULL DEFAULT FALSE,
        is_contact BOOLEAN NOT NULL DEFAULT FALSE,
        is_sale BOOLEAN NOT NULL DEFAULT FALSE,
        is_callback BOOLEAN NOT NULL DEFAULT FALSE,
        is_dnc BOOLEAN NOT NULL DEFAULT FALSE,
        retry BOOLEAN NOT NULL DEFAULT FALSE,
        invalid_number BOOLEAN NOT NULL DEFAULT FALSE
    )
    """,
    """
    CREATE TABLE do_not_call (
        id {auto},
        number TEXT NOT NULL,
        campaign_id BIGINT REFERENCES campaign (id),
        list_name TEXT NOT NULL DEFAULT 'do-not-call',
        source TEXT NOT NULL DEFAULT '',
        attempt_id BIGINT,
        added_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE callback (
        id {auto},
        attempt_id BIGINT NOT NULL REFERENCES call_log (id),
        lead_id BIGINT NOT NULL REFERENCES lead (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        agent_id BIGINT REFERENCES agent (id),
        due_at BIGINT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending',
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE call_quality_score (
        id {auto},
        call_id BIGINT NOT NULL REFERENCES call_log (id),
        duration_score DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        hold_score DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        disposition_score DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        resolution_score DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        total_score DOUBLE PRECISION NOT NULL DEFAULT 0.0,
        category TEXT NOT NULL DEFAULT 'average',
        flagged_for_review BOOLEAN NOT NULL DEFAULT FALSE,
        flag_reason TEXT NOT NULL DEFAULT '',
        reviewed_by TEXT NOT NULL DEFAULT '',
        reviewed_at BIGINT,
        review_notes TEXT NOT NULL DEFAULT '',
        review_score DOUBLE PRECISION,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE abandon_ledger (
        attempt_id {key} NOT NULL PRIMARY KEY REFERENCES call_log (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        at BIGINT NOT NULL,
        abandoned BOOLEAN NOT NULL,
        message_played BOOLEAN NOT NULL
    )
    """,
    """
    CREATE TABLE blocked_attempt (
        id {auto},
        lead_id BIGINT NOT NULL REFERENCES lead (id),
        campaign_id BIGINT NOT NULL REFERENCES campaign (id),
        attempt_id BIGINT,
        rule TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '',
        at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE agent_state_log (
        id {auto},
        agent_id BIGINT NOT NULL REFERENCES agent (id),
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        campaign_id BIGINT,
        attempt_id BIGINT,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        entry TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE supervisor_monitor_log (
        id {auto},
        supervisor TEXT NOT NULL,
        agent_id BIGINT NOT NULL REFERENCES agent (id),
        call_id BIGINT REFERENCES call_log (id),
        mode TEXT NOT NULL DEFAULT 'listen',
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        duration INTEGER,
        notes TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE audit_log (
        id {auto},
        at BIGINT NOT NULL,
        uid INTEGER NOT NULL,
        user_name TEXT NOT NULL DEFAULT '',
        method TEXT NOT NULL,
        params TEXT NOT NULL DEFAULT '{{}}',
        outcome TEXT NOT NULL DEFAULT ''
    )
    """,
    """
    CREATE TABLE event_log (
        id {auto},
        at BIGINT NOT NULL,
        level TEXT NOT NULL,
        text TEXT NOT NULL,
        campaign_id BIGINT,
        entry TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE store_mark (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL DEFAULT ''
    )
    """,
)

INDEXES = (
    "CREATE UNIQUE INDEX campaign_name ON campaign (name)",
    "CREATE UNIQUE INDEX lead_list_campaign_id_name ON lead_list (campaign_id, name)",
    "CREATE UNIQUE INDEX lead_number_once_per_list ON lead (list_id, number)",
    "CREATE INDEX lead_campaign_id_state_next_attempt_at ON lead (campaign_id, state, next_attempt_at)",
    "CREATE INDEX lead_number ON lead (number)",
    "CREATE UNIQUE INDEX agent_name ON agent (name)",
    "CREATE UNIQUE INDEX agent_campaign_agent_id_campaign_id ON agent_campaign (agent_id, campaign_id)",
    "CREATE INDEX agent_campaign_campaign_id ON agent_campaign (campaign_id)",
    "CREATE INDEX call_log_number_created_at ON call_log (number, created_at)",
    "CREATE INDEX call_log_campaign_id_created_at ON call_log (campaign_id, created_at)",
    "CREATE INDEX call_log_agent_id_created_at ON call_log (agent_id, created_at)",
    "CREATE INDEX call_log_created_at ON call_log (created_at)",
    "CREATE INDEX call_log_lead_id ON call_log (lead_id)",
    "CREATE UNIQUE INDEX call_log_chain_seq ON call_log (chain_seq)",
    "CREATE UNIQUE INDEX callback_attempt_id ON callback (attempt_id)",
    "CREATE INDEX callback_campaign_id_state_due_at ON callback (campaign_id, state, due_at)",
    "CREATE INDEX callback_lead_id ON callback (lead_id)",
    "CREATE UNIQUE INDEX call_quality_score_call_id ON call_quality_score (call_id)",
    "CREATE INDEX abandon_ledger_campaign_id_at ON abandon_ledger (campaign_id, at)",
    "CREATE INDEX blocked_attempt_campaign_id_at ON blocked_attempt (campaign_id, at)",
    "CREATE INDEX blocked_attempt_lead_id ON blocked_attempt (lead_id)",
    "CREATE UNIQUE INDEX agent_state_log_entry ON agent_state_log (entry)",
    "CREATE INDEX agent_state_log_agent_id_started_at ON agent_state_log (agent_id, started_at)",
    "CREATE INDEX supervisor_monitor_log_agent_id_started_at ON supervisor_monitor_log (agent_id, started_at)",
    "CREATE INDEX audit_log_at ON audit_log (at)",
    "CREATE UNIQUE INDEX event_log_entry ON event_log (entry)",
    "CREATE INDEX event_log_at ON event_log (at)",
    "CREATE UNIQUE INDEX call_log_one_open_per_number ON call_log (number) WHERE ended_at IS NULL",
    "CREATE INDEX call_log_unfinished ON call_log (id) WHERE closed_at IS NULL",
    "CREATE INDEX lead_due ON lead (campaign_id, priority, next_attempt_at, id)"
    " WHERE state IN ('new', 'retry', 'callback')",
    "CREATE INDEX lead_claimed ON lead (id) WHERE state = 'claimed'",
    "CREATE UNIQUE INDEX do_not_call_everywhere ON do_not_call (number) WHERE campaign_id IS NULL",
    "CREATE UNIQUE INDEX do_not_call_campaign ON do_not_call (number, campaign_id)",
    "CREATE INDEX agent_state_log_present ON agent_state_log (agent_id) WHERE ended_at IS NULL",
)


def up(migrator: Any, db: Any) -> None:
    """Create every table and index."""
    postgresql = db.param == "%s"
    types = {
        "auto": "BIGSERIAL NOT NULL PRIMARY KEY" if postgresql else "INTEGER NOT NULL PRIMARY KEY",
        "key": "BIGINT" if postgresql else "INTEGER",  # INTEGER makes it SQLite's row id
    }
    for statement in TABLES:
        db.execute_sql(statement.format(**types))
    for statement in INDEXES:
        db.execute_sql(statement)
