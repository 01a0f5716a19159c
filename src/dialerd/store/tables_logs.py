"""Owns the tables of logs: agents' states, supervisors' sessions, audit, pacing, events, and the store's own marks."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, DoubleField, IntegerField, TextField

from dialerd.store.tables import Table, reference


class AgentStateLog(Table):
    """One interval in one state; `ended_at` NULL is the present one."""

    id = BigAutoField()
    agent_id = BigIntegerField(constraints=reference("agent"))
    state = TextField()
    reason = TextField(default="")
    campaign_id = BigIntegerField(null=True)
    attempt_id = BigIntegerField(null=True)
    started_at = BigIntegerField()
    ended_at = BigIntegerField(null=True)
    entry = TextField(unique=True)  # which submitted command wrote it: a repeated one changes nothing

    class Meta:
        table_name = "agent_state_log"
        indexes = ((("agent_id", "started_at"), False),)


class SupervisorMonitorLog(Table):
    """One supervisor's session on one agent (the original's SupervisorMonitorLog); duration in seconds."""

    id = BigAutoField()
    supervisor = TextField()
    agent_id = BigIntegerField(constraints=reference("agent"))
    call_id = BigIntegerField(null=True, constraints=reference("call_log"))
    mode = TextField(default="listen")
    started_at = BigIntegerField()
    ended_at = BigIntegerField(null=True)
    duration = IntegerField(null=True)
    notes = TextField(default="")

    class Meta:
        table_name = "supervisor_monitor_log"
        indexes = ((("agent_id", "started_at"), False),)


class AuditLog(Table):
    """One request that changed something, or was refused."""

    id = BigAutoField()
    at = BigIntegerField()
    uid = IntegerField()
    user = TextField(default="", column_name="user_name")
    method = TextField()
    params = TextField(default="{}")  # JSON object
    outcome = TextField(default="")

    class Meta:
        table_name = "audit_log"
        indexes = ((("at",), False),)


class LeadSkip(Table):
    """One lead that an agent was shown and did not want called, or did not answer in time."""

    id = BigAutoField()
    lead_id = BigIntegerField(constraints=reference("lead"))
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    agent_id = BigIntegerField(constraints=reference("agent"))
    reason = TextField(default="")
    at = BigIntegerField()
    entry = TextField(unique=True)  # which submitted command wrote it: a repeated one changes nothing

    class Meta:
        table_name = "lead_skip"
        indexes = ((("lead_id",), False), (("campaign_id", "at"), False))


class PacingSlot(Table):
    """What one campaign's pacing decided in some seconds: sums over its decisions (core/pacing/history.py, Slot)."""

    id = BigAutoField()
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    start_at = BigIntegerField()
    until_at = BigIntegerField()
    mode = TextField(default="")
    obstacle = TextField(default="")
    decisions = IntegerField(default=0)
    stopped = IntegerField(default=0)
    calls = IntegerField(default=0)
    ready = IntegerField(default=0)
    staffed = IntegerField(default=0)
    occupied = IntegerField(default=0)
    in_flight = IntegerField(default=0)
    lines_used = IntegerField(default=0)
    planned = IntegerField(default=0)
    live = IntegerField(default=0)
    abandoned = IntegerField(default=0)
    forecast_live = IntegerField(default=0)
    forecast_abandoned = IntegerField(default=0)
    limit_none = IntegerField(default=0)
    limit_agents = IntegerField(default=0)
    limit_no_agents = IntegerField(default=0)
    limit_lines = IntegerField(default=0)
    limit_trunk = IntegerField(default=0)
    limit_rate = IntegerField(default=0)
    limit_leads = IntegerField(default=0)
    limit_budget = IntegerField(default=0)
    ratio = DoubleField(default=0)
    expected_free = DoubleField(default=0)
    expected_answers = DoubleField(default=0)
    chance = DoubleField(default=0)
    threshold = DoubleField(default=0)
    expected_abandons = DoubleField(default=0)
    credit = DoubleField(default=0)
    entry = TextField(unique=True)  # which submitted command wrote it: a repeated one changes nothing

    class Meta:
        table_name = "pacing_slot"
        indexes = ((("campaign_id", "start_at"), False),)


class EventLog(Table):
    """Something an operator would tell a colleague."""

    id = BigAutoField()
    at = BigIntegerField()
    level = TextField()
    text = TextField()
    campaign_id = BigIntegerField(null=True)
    entry = TextField(unique=True)  # which submitted command wrote it: a repeated one changes nothing

    class Meta:
        table_name = "event_log"
        indexes = ((("at",), False),)


class StoreMark(Table):
    """The store's own marks, such as the last write that proved it writable."""

    name = TextField(primary_key=True)
    value = TextField(default="")

    class Meta:
        table_name = "store_mark"
