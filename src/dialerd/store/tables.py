"""Owns the tables of what operators set up: campaigns, lists, leads, agents. Knows nothing of how they are filled.

Models are bound to no database: a query is executed on the one given (`query.execute(db)`), so that several stores
live in one process and no thread can bind another's models away (docs/decisions/0005-store-unbound-models.md).
Instants are microseconds UTC, money is micro-units, rates are percent, durations are seconds, as in the original.
"""

from __future__ import annotations

from peewee import SQL, BigAutoField, BigIntegerField, BooleanField, DoubleField, IntegerField, Model, Node, TextField


def reference(table: str) -> list[Node]:
    """The column constraint of a foreign key to `table`, whose column is named `id`."""
    return [SQL(f"REFERENCES {table} (id)")]


class Table(Model):
    """A table that is bound to no database."""


class Campaign(Table):
    """One campaign with every setting (docs/control-protocol.md, campaign columns)."""

    id = BigAutoField()
    name = TextField(unique=True)
    state = TextField(default="stopped")
    dial_mode = TextField(default="predictive")
    rule_set = TextField(default="")
    priority = IntegerField(default=50)
    trunk = TextField(default="")
    caller_id = TextField(default="")
    caller_name = TextField(default="")
    dial_ratio = DoubleField(default=1.0)
    min_dial_ratio = DoubleField(default=1.0)
    max_dial_ratio = DoubleField(default=3.0)
    safety_factor = DoubleField(default=0.85)
    target_abandon_rate = DoubleField(default=3.0)
    max_abandon_rate = DoubleField(default=5.0)
    avg_talk_time = IntegerField(default=180)
    wrapup_time = IntegerField(default=30)
    max_lines = IntegerField(default=10)
    calls_per_second = DoubleField(default=5.0)
    dial_timeout = IntegerField(default=30)
    preview_time = IntegerField(default=60)
    preview_on_timeout = TextField(default="skip")
    abandon_after = DoubleField(default=2.0)
    abandon_measured_from = TextField(default="greeting_end")
    abandon_window = TextField(default="rule_set")
    abandon_message = TextField(default="")
    abandon_message_version = TextField(default="")
    opt_out_key = TextField(default="9")
    abandon_action = TextField(default="hangup")
    abandon_transfer_extension = TextField(default="")
    amd_enabled = BooleanField(default=False)
    amd_initial_silence = IntegerField(default=2500)
    amd_greeting = IntegerField(default=1500)
    amd_after_greeting_silence = IntegerField(default=800)
    amd_total_analysis_time = IntegerField(default=5000)
    amd_min_word_length = IntegerField(default=100)
    amd_between_words_silence = IntegerField(default=50)
    amd_max_words = IntegerField(default=3)
    amd_silence_threshold = IntegerField(default=256)
    amd_max_word_length = IntegerField(default=5000)
    amd_action = TextField(default="hangup")
    amd_false_positive_rate = DoubleField(default=0.0)  # 0-1: people among the calls that AMD called machines
    amd_unsure = TextField(default="agent")
    amd_not_run = TextField(default="agent")
    amd_min_call = DoubleField(default=0.0)
    amd_over_limit = BooleanField(default=False)
    amd_sample = DoubleField(default=0.0)  # percent
    voicemail_wait = IntegerField(default=45)
    voicemail_file = TextField(default="")
    amd_transfer_extension = TextField(default="")
    daily_start = TextField(default="09:00")
    daily_end = TextField(default="17:00")
    call_days = TextField(default="mon-sun")
    timezone = TextField(default="UTC")
    max_attempts = IntegerField(default=3)
    max_attempts_per_day = IntegerField(default=3)
    max_attempts_per_window = IntegerField(default=0)
    attempt_window_days = IntegerField(default=30)
    max_attempts_per_number = IntegerField(default=0)
    retry_delay = IntegerField(default=3600)
    lead_order = TextField(default="down")
    closing_zones_first = BooleanField(default=False)
    abandoned_first = BooleanField(default=True)
    callback_tolerance = IntegerField(default=900)
    lead_filter = TextField(default="")
    channel_variables = TextField(default="")  # attributes of the lead for the dialplan, joined by commas
    default_disposition = TextField(default="no_disposition")
    recording_enabled = BooleanField(default=False)
    on_hook_ring_timeout = DoubleField(default=15.0)
    cost_per_minute = BigIntegerField(default=30_000)
    revenue_per_sale = BigIntegerField(default=100_000_000)
    agent_hourly_cost = BigIntegerField(default=15_000_000)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        table_name = "campaign"


class LeadList(Table):
    """A list of leads of one campaign. A list that is not active is never dialled from (`test-calls` is one)."""

    id = BigAutoField()
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    name = TextField()
    active = BooleanField(default=True)
    hidden = BooleanField(default=False)
    weight = IntegerField(default=1)  # share of the calls among lists of one campaign
    created_at = BigIntegerField()

    class Meta:
        table_name = "lead_list"
        indexes = ((("campaign_id", "name"), True),)


class DialClass(Table):
    """Leads that the law sees alike: same zones, regions and class of consent. One answer serves them all."""

    id = BigAutoField()
    zones = TextField()
    regions = TextField()
    consent_class = TextField()

    class Meta:
        table_name = "dial_class"
        indexes = ((("zones", "regions", "consent_class"), True),)


class RetryRule(Table):
    """What a campaign does after an outcome: a status or a disposition code. Delays in seconds."""

    id = BigAutoField()
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    outcome = TextField()
    delay = IntegerField(default=3600)
    growth = DoubleField(default=1.0)  # each further delay is this much longer
    max_delay = IntegerField(default=604_800)
    max_attempts = IntegerField(default=0)  # with this outcome; 0: as many as the campaign allows
    next_number = BooleanField(default=False)
    stop = BooleanField(default=False)

    class Meta:
        table_name = "retry_rule"
        indexes = ((("campaign_id", "outcome"), True),)


class Lead(Table):
    """A person to call. `next_attempt_at` is 0 for at once and NULL in a final state.

    `number` is the lead's identity in its list; `dial_number` is the one to dial now, with its zones and regions.
    """

    id = BigAutoField()
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    list_id = BigIntegerField(constraints=reference("lead_list"))
    number = TextField()
    dial_number = TextField(default="")
    number_index = IntegerField(default=0)  # of dial_number in alternates
    alternates = TextField(default="[]")  # JSON: every number of the lead, the first one too; empty: it has one
    name = TextField(default="")
    zones = TextField(default="")  # IANA names joined by commas; every one must allow the call
    regions = TextField(default="")  # ISO 3166 joined by commas: US-FL where the state is known, else US
    class_id = BigIntegerField(null=True, constraints=reference("dial_class"))
    person = TextField(default="")  # leads with one value are one person (or debt) to the caps; empty: the lead alone
    rank = IntegerField(default=0)
    postal_code = TextField(default="")
    attributes = TextField(default="{}")  # JSON object
    priority = IntegerField(default=50)  # higher is dialled first
    state = TextField(default="new")
    claimed_from = TextField(default="")  # the state to go back to when the claim is given up
    claimed_at = BigIntegerField(null=True)
    next_attempt_at = BigIntegerField(null=True, default=0)
    call_count = IntegerField(default=0)
    last_attempt_at = BigIntegerField(null=True)
    blocked_rule = TextField(default="")  # the rule that refused this lead last, empty once it was allowed
    consent_id = TextField(default="")
    consent_class = TextField(default="")
    consent_date = TextField(default="")  # ISO date
    abandoned_at = BigIntegerField(null=True)  # this person met no agent last time
    callback_agent_id = BigIntegerField(null=True, constraints=reference("agent"))
    created_at = BigIntegerField()

    class Meta:
        table_name = "lead"
        indexes = (
            (("list_id", "number"), True),
            (("campaign_id", "state", "next_attempt_at", "class_id", "list_id"), False),
            (("number",), False),
            (("dial_number",), False),
        )


class Agent(Table):
    """An agent: the profile, and the present state for a restart."""

    id = BigAutoField()
    name = TextField(unique=True)
    full_name = TextField(default="")
    endpoint = TextField(default="")
    leg_mode = TextField(default="nailed_up")
    node = TextField(default="")
    active = BooleanField(default=True)
    state = TextField(default="logged_out")
    state_reason = TextField(default="")
    state_since = BigIntegerField(null=True)
    state_campaign_id = BigIntegerField(null=True)
    state_attempt_id = BigIntegerField(null=True)
    leg_id = TextField(default="")
    created_at = BigIntegerField()

    class Meta:
        table_name = "agent"


class AgentCampaign(Table):
    """Which agents work for which campaigns."""

    id = BigAutoField()
    agent_id = BigIntegerField(constraints=reference("agent"))
    campaign_id = BigIntegerField(constraints=reference("campaign"))

    class Meta:
        table_name = "agent_campaign"
        indexes = ((("agent_id", "campaign_id"), True), (("campaign_id",), False))
