"""Owns which columns a report of calls has, what they are called and mean. Must not know a file format.

Keys are the columns of `call.list` (the original system's names); CSV has them all, sheets and pages a choice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column. `kind`: text, time, duration (seconds), number, flag, list."""

    key: str
    heading: str
    kind: str = "text"
    width: int = 14
    sheet: bool = False
    page: bool = False
    meaning: str = ""

    def value(self, row: Row) -> Any:
        """This column's raw value in `row`, None when there is none."""
        return row.get(self.key)


def _both(key: str, heading: str, kind: str = "text", width: int = 14, meaning: str = "") -> ReportColumn:
    return ReportColumn(key, heading, kind, width, sheet=True, page=True, meaning=meaning)


def _sheet(key: str, heading: str, kind: str = "text", width: int = 14, meaning: str = "") -> ReportColumn:
    return ReportColumn(key, heading, kind, width, sheet=True, meaning=meaning)


CALL_COLUMNS: tuple[ReportColumn, ...] = (
    _both("id", "Call", "number", 9, "Number of the attempt; dialerctl call show CALL tells everything about it."),
    _both("created_at", "Started", "time", 19, "When dialerd decided to place the call."),
    _both("campaign", "Campaign", width=16),
    _both("number", "Number", width=17, meaning="The called number in E.164."),
    ReportColumn("lead_id", "Lead", "number"),
    _sheet("attempt_number", "Attempt", "number", 9, "Which attempt for this lead it was."),
    _both("agent", "Agent", width=12),
    _both("status", "Status", width=16, meaning="How the network and dialerd saw the call end."),
    _both("disposition", "Disposition", width=17, meaning="How the agent, else dialerd, disposed of the call."),
    _both("ring_duration", "Ring", "duration", 10, "From the first ringing to the answer or the end."),
    _both("wait_duration", "Wait", "duration", 10, "From the answer to the agent, the message or the end."),
    _both("talk_duration", "Talk", "duration", 10, "In one bridge with the agent."),
    _sheet("hold_duration", "Hold", "duration", 10, "On hold during the talk."),
    _sheet("live_answer", "Person", "flag", 9, "A person answered: counts in the abandon rate's denominator."),
    _sheet("amd_result", "AMD", width=11, meaning="What answering-machine detection took it for."),
    ReportColumn("amd_status", "AMD status"),
    ReportColumn("amd_cause", "AMD cause"),
    ReportColumn("amd_action", "AMD action"),
    ReportColumn("amd_parameters", "AMD parameters"),
    ReportColumn("voicemail_cue", "Voicemail cue"),
    ReportColumn("voicemail_started_at", "Voicemail from", "time"),
    ReportColumn("voicemail_ended_at", "Voicemail to", "time"),
    _sheet("quality_score", "Quality", "number", 10, "Score of the call, 0 to 100."),
    _sheet("hung_up_by", "Hung up by", width=12),
    _sheet("hangup_cause", "Cause", "number", 8, "Q.850 cause of the hang-up."),
    _sheet("sip_cause", "SIP", "number", 8, "SIP cause of the hang-up."),
    _sheet("caller_id", "Caller ID", width=17, meaning="Number that was shown."),
    _sheet("trunk", "Trunk", width=12),
    ReportColumn("node", "Node"),
    _sheet("dial_mode", "Mode", width=12),
    ReportColumn("pacing_decision", "Pacing decision"),
    ReportColumn("rule_set", "Rule set"),
    ReportColumn("rule_verdict", "Rule verdict"),
    ReportColumn("zones", "Zones", "list"),
    ReportColumn("consent_id", "Consent"),
    ReportColumn("message_version", "Message version"),
    ReportColumn("dialed_at", "Dialled", "time"),
    ReportColumn("ringing_at", "Ringing", "time"),
    _sheet("answered_at", "Answered", "time", 19, "When the channel was answered, by whomever."),
    ReportColumn("verdict_at", "Verdict", "time"),
    _sheet("bridged_at", "Agent at", "time", 19, "When the agent was in the bridge."),
    ReportColumn("message_started_at", "Message from", "time"),
    ReportColumn("message_ended_at", "Message to", "time"),
    _sheet("ended_at", "Ended", "time", 19, "When the channel was gone."),
    ReportColumn("closed_at", "Closed", "time"),
    ReportColumn("channel_id", "Channel"),
    ReportColumn("agent_channel", "Agent channel"),
    _sheet("recording_file", "Recording", width=24),
    _sheet("approximate", "Approximate", "flag", 12, "The ending was not seen; it is taken from Asterisk's trace."),
    _sheet("note", "Note", width=30, meaning="The agent's note."),
    ReportColumn("record_hash", "Record hash"),
)
SHEET_COLUMNS = tuple(column for column in CALL_COLUMNS if column.sheet)
PAGE_COLUMNS = tuple(column for column in CALL_COLUMNS if column.page)


def local_naive(value: Any) -> datetime | None:
    """Given an ISO instant, return it in this machine's zone without zone (spreadsheets know none); else None."""
    try:
        return datetime.fromisoformat(str(value)).astimezone().replace(tzinfo=None, microsecond=0)
    except (ValueError, OverflowError):
        return None


def zone_name() -> str:
    """This machine's time zone, as well as it can be named."""
    name = os.environ.get("TZ", "").lstrip(":")
    if "/" not in name:
        name = os.path.realpath("/etc/localtime").rpartition("zoneinfo/")[2]
    if "/" not in name or name.startswith("/"):
        name = datetime.now().astimezone().tzname() or "local time"
    return "UTC" if name.upper() in {"ETC/UTC", "UTC"} else name


def words(text: Any) -> str:
    """A code as words: `no_answer` → `no answer`; nothing → `(none)`."""
    return str(text).replace("_", " ") if text else "(none)"
