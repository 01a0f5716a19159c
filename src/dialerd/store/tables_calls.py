"""Owns the tables of what happened: calls, their dispositions, scores, callbacks and ledgers. Knows no rules."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, DoubleField, IntegerField, TextField

from dialerd.store.tables import Table, reference


class CallLog(Table):
    """One attempt (the original's CallLog): every field of `core.call.Attempt`, durations, score, hash chain.

    `*_duration` columns are whole seconds as in the original; the exact ones follow from the instants.
    `id` is given by the dialer. A record is finished, and never changed again but for its score, once
    `record_hash` is set.
    """

    id = BigIntegerField(primary_key=True)
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    list_id = BigIntegerField(constraints=reference("lead_list"))
    lead_id = BigIntegerField(constraints=reference("lead"))
    number = TextField()
    node = TextField(default="")
    trunk = TextField(default="")
    channel_id = TextField(default="")
    token = TextField(default="")
    dial_mode = TextField(default="")
    created_at = BigIntegerField()
    caller_id = TextField(default="")
    caller_name = TextField(default="")
    state = TextField(default="intended")
    attempt_number = IntegerField(default=1)
    rule_set = TextField(default="")
    rule_verdict = TextField(default="")
    zones = TextField(default="")
    consent_id = TextField(default="")
    pacing_decision = TextField(default="")
    message_version = TextField(default="")
    dialed_at = BigIntegerField(null=True)
    ringing_at = BigIntegerField(null=True)
    answered_at = BigIntegerField(null=True)
    verdict_at = BigIntegerField(null=True)
    bridged_at = BigIntegerField(null=True)
    message_started_at = BigIntegerField(null=True)
    message_ended_at = BigIntegerField(null=True)
    voicemail_started_at = BigIntegerField(null=True)
    voicemail_ended_at = BigIntegerField(null=True)
    ended_at = BigIntegerField(null=True)
    closed_at = BigIntegerField(null=True)
    agent_id = BigIntegerField(null=True, constraints=reference("agent"))
    agent_channel = TextField(default="")
    amd_status = TextField(default="")
    amd_cause = TextField(default="")
    amd_result = TextField(default="")
    amd_action = TextField(default="")
    amd_parameters = TextField(default="")
    amd_sample_file = TextField(default="")
    voicemail_cue = TextField(default="")
    live_answer = BooleanField(default=False)
    status = TextField(null=True)
    disposition = TextField(default="")
    hangup_cause = IntegerField(null=True)
    sip_cause = IntegerField(null=True)
    hung_up_by = TextField(default="")
    hold_us = BigIntegerField(default=0)
    recording_file = TextField(default="")
    approximate = BooleanField(default=False)
    note = TextField(default="")
    ring_duration = IntegerField(null=True)
    wait_duration = IntegerField(null=True)
    talk_duration = IntegerField(null=True)
    hold_duration = IntegerField(null=True)
    quality_score = DoubleField(null=True)
    chain_seq = BigIntegerField(null=True)
    prev_hash = TextField(default="")
    record_hash = TextField(default="")

    class Meta:
        table_name = "call_log"
        indexes = (
            (("number", "created_at"), False),
            (("campaign_id", "created_at"), False),
            (("agent_id", "created_at"), False),
            (("created_at",), False),
            (("lead_id",), False),
            (("chain_seq",), True),
        )


class Disposition(Table):
    """One code an attempt can end with; seeded from core.dispositions.BUILT_IN."""

    code = TextField(primary_key=True)
    label = TextField(default="")
    is_system = BooleanField(default=False)
    is_contact = BooleanField(default=False)
    is_sale = BooleanField(default=False)
    is_callback = BooleanField(default=False)
    is_dnc = BooleanField(default=False)
    is_refusal = BooleanField(default=False)
    retry = BooleanField(default=False)
    invalid_number = BooleanField(default=False)

    class Meta:
        table_name = "disposition"


class DoNotCall(Table):
    """A number nobody may dial; `campaign_id` NULL means no campaign may."""

    id = BigAutoField()
    number = TextField()
    campaign_id = BigIntegerField(null=True, constraints=reference("campaign"))
    list_name = TextField(default="do-not-call")
    source = TextField(default="")
    attempt_id = BigIntegerField(null=True)
    added_at = BigIntegerField()

    class Meta:
        table_name = "do_not_call"
        indexes = ((("number", "campaign_id"), True),)


class Callback(Table):
    """An appointment: asked for on a call (one per attempt), or made by hand. States: pending, done, cancelled."""

    id = BigAutoField()
    attempt_id = BigIntegerField(null=True, unique=True, constraints=reference("call_log"))
    lead_id = BigIntegerField(constraints=reference("lead"))
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    agent_id = BigIntegerField(null=True, constraints=reference("agent"))
    due_at = BigIntegerField()
    state = TextField(default="pending")
    note = TextField(default="")
    created_at = BigIntegerField()
    ended_at = BigIntegerField(null=True)

    class Meta:
        table_name = "callback"
        indexes = ((("campaign_id", "state", "due_at"), False), (("lead_id",), False))


class CallQualityScore(Table):
    """The parts of a call's score (the original's CallQualityScore, one per call)."""

    id = BigAutoField()
    call_id = BigIntegerField(unique=True, constraints=reference("call_log"))
    duration_score = DoubleField(default=0.0)
    hold_score = DoubleField(default=0.0)
    disposition_score = DoubleField(default=0.0)
    resolution_score = DoubleField(default=0.0)
    total_score = DoubleField(default=0.0)
    category = TextField(default="average")
    flagged_for_review = BooleanField(default=False)
    flag_reason = TextField(default="")
    reviewed_by = TextField(default="")
    reviewed_at = BigIntegerField(null=True)
    review_notes = TextField(default="")
    review_score = DoubleField(null=True)
    created_at = BigIntegerField()
    updated_at = BigIntegerField()

    class Meta:
        table_name = "call_quality_score"


class AmdReview(Table):
    """What somebody heard who listened to a call that AMD judged: `person` or `machine`; the last word counts."""

    attempt_id = BigIntegerField(primary_key=True, constraints=reference("call_log"))
    heard = TextField()
    reviewed_by = TextField(default="")
    reviewed_at = BigIntegerField()
    note = TextField(default="")

    class Meta:
        table_name = "amd_review"


class AbandonLedger(Table):
    """One row per call answered by a person: what proves the abandon rate."""

    attempt_id = BigIntegerField(primary_key=True, constraints=reference("call_log"))
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    at = BigIntegerField()
    abandoned = BooleanField()
    message_played = BooleanField()

    class Meta:
        table_name = "abandon_ledger"
        indexes = ((("campaign_id", "at"), False),)


class BlockedAttempt(Table):
    """A rule began to block a lead (not one row for each time it was asked)."""

    id = BigAutoField()
    lead_id = BigIntegerField(constraints=reference("lead"))
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    attempt_id = BigIntegerField(null=True)
    rule = TextField()
    detail = TextField(default="")
    at = BigIntegerField()

    class Meta:
        table_name = "blocked_attempt"
        indexes = ((("campaign_id", "at"), False), (("lead_id",), False))


class BlockedClass(Table):
    """A rule began to block all leads of one class of a campaign (a zone's night, a missing consent)."""

    id = BigAutoField()
    campaign_id = BigIntegerField(constraints=reference("campaign"))
    class_id = BigIntegerField(constraints=reference("dial_class"))
    rule = TextField()
    detail = TextField(default="")
    at = BigIntegerField()

    class Meta:
        table_name = "blocked_class"
        indexes = ((("campaign_id", "at"), False),)
