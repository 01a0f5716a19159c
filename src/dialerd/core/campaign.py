"""Owns the campaign: its settings as the core reads them and its states. Knows nothing of tables or files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import Enum
from types import MappingProxyType

from dialerd.core.abandon_window import DEFAULT_WINDOW, AbandonWindow, WindowClock
from dialerd.core.compliance_rules import CallingRules
from dialerd.core.errors import Conflict


class DialMode(Enum):
    """How calls are paced (names of the original system)."""

    PREDICTIVE = "predictive"
    PROGRESSIVE = "progressive"
    POWER = "power"
    PREVIEW = "preview"


class OnTimeout(Enum):
    """What becomes of a preview that its agent neither accepts nor skips in time."""

    SKIP = "skip"
    DIAL = "dial"


class CampaignState(Enum):
    """`active` is the original's word for a campaign that dials."""

    STOPPED = "stopped"
    ACTIVE = "active"
    PAUSED = "paused"


class CampaignVerb(Enum):
    """What an operator does to a campaign."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


CAMPAIGN_TRANSITIONS: dict[tuple[CampaignState, CampaignVerb], CampaignState] = {
    (CampaignState.STOPPED, CampaignVerb.START): CampaignState.ACTIVE,
    (CampaignState.ACTIVE, CampaignVerb.PAUSE): CampaignState.PAUSED,
    (CampaignState.PAUSED, CampaignVerb.RESUME): CampaignState.ACTIVE,
    (CampaignState.ACTIVE, CampaignVerb.STOP): CampaignState.STOPPED,
    (CampaignState.PAUSED, CampaignVerb.STOP): CampaignState.STOPPED,
}


def next_campaign_state(name: str, state: CampaignState, verb: CampaignVerb) -> CampaignState:
    """The state after `verb`; raise Conflict with a sentence when the table does not allow it."""
    try:
        return CAMPAIGN_TRANSITIONS[state, verb]
    except KeyError:
        usable = ", ".join(v.value for (s, v) in CAMPAIGN_TRANSITIONS if s is state)
        raise Conflict(f"campaign {name} is {state.value}: cannot {verb.value} it (possible: {usable})") from None


class MeasuredFrom(Enum):
    """Where the silence limit starts (16 CFR 310.4(b)(1)(iv): the completed greeting)."""

    ANSWER = "answer"
    GREETING_END = "greeting_end"


class AbandonAction(Enum):
    """What becomes of a person without an agent after the message and the key to opt out. It counts all the same."""

    HANGUP = "hangup"
    TRANSFER = "transfer"


class AmdAction(Enum):
    """What happens to a machine."""

    HANGUP = "hangup"
    VOICEMAIL = "voicemail"
    TRANSFER = "transfer"


class AmdPolicy(Enum):
    """Who gets a call about which AMD says nothing certain."""

    AGENT = "agent"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmdParameters:
    """The nine parameters of Asterisk's AMD() in its order; milliseconds but for words and threshold.

    Defaults are the original system's (`AMD(2500,1500,800,5000,100,50,3,256,5000)`).
    """

    initial_silence: int = 2500
    greeting: int = 1500
    after_greeting_silence: int = 800
    total_analysis_time: int = 5000
    minimum_word_length: int = 100
    between_words_silence: int = 50
    maximum_number_of_words: int = 3
    silence_threshold: int = 256
    maximum_word_length: int = 5000

    def arguments(self) -> str:
        """The argument text for AMD(): nine integers joined by commas."""
        return ",".join(str(value) for value in self.columns().values())

    def columns(self) -> dict[str, int]:
        """The values by campaign column, in AMD()'s order."""
        return {column: getattr(self, name) for name, column in AMD_COLUMNS.items()}

    @classmethod
    def of_columns(cls, row: Mapping[str, int]) -> AmdParameters:
        """The parameters that a campaign's row holds; it may hold other columns, too."""
        return cls(**{name: row[column] for name, column in AMD_COLUMNS.items()})


AMD_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "initial_silence": "amd_initial_silence",
        "greeting": "amd_greeting",
        "after_greeting_silence": "amd_after_greeting_silence",
        "total_analysis_time": "amd_total_analysis_time",
        "minimum_word_length": "amd_min_word_length",
        "between_words_silence": "amd_between_words_silence",
        "maximum_number_of_words": "amd_max_words",
        "silence_threshold": "amd_silence_threshold",
        "maximum_word_length": "amd_max_word_length",
    }
)
"""Each parameter's field in AmdParameters and its campaign column, in AMD()'s order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as the core needs it. Rates are 0–1, times in seconds (units in the names)."""

    id: int
    name: str
    state: CampaignState = CampaignState.STOPPED
    dial_mode: DialMode = DialMode.PREDICTIVE
    priority: int = 50
    trunk: str = ""
    caller_id: str = ""
    caller_name: str = ""
    # pacing
    dial_ratio: float = 1.0
    min_dial_ratio: float = 1.0
    max_dial_ratio: float = 3.0
    safety_factor: float = 0.85
    target_abandon_rate: float = 0.03
    max_abandon_rate: float = 0.05
    avg_talk_time_s: float = 180.0
    wrapup_time_s: float = 30.0
    max_lines: int = 10
    calls_per_second: float = 5.0
    ring_timeout_s: float = 30.0
    preview_time_s: float = 60.0
    preview_on_timeout: OnTimeout = OnTimeout.SKIP
    # a person without an agent
    abandon_after_s: float = 2.0
    abandon_measured_from: MeasuredFrom = MeasuredFrom.GREETING_END
    abandon_window: AbandonWindow = DEFAULT_WINDOW
    zone: tzinfo = UTC  # the campaign's own: where its calendar days and months begin
    abandon_message: str = ""
    abandon_message_version: str = ""
    opt_out_key: str = "9"
    abandon_action: AbandonAction = AbandonAction.HANGUP
    abandon_transfer_extension: str = ""
    # answering machines
    amd_enabled: bool = False
    amd: AmdParameters = field(default_factory=AmdParameters)
    amd_action: AmdAction = AmdAction.HANGUP
    amd_unsure: AmdPolicy = AmdPolicy.AGENT  # NOTSURE
    amd_not_run: AmdPolicy = AmdPolicy.AGENT  # an empty status
    amd_min_call_s: float = 0.0  # a machine's call is held this long from the answer: some carriers fine short ones
    amd_transfer_extension: str = ""
    amd_over_limit: bool = False  # dial although AMD's p95 exceeds the silence limit: the operator says so
    amd_sample: float = 0.0  # share of calls of which the sound that AMD hears is kept
    voicemail_file: str = ""
    voicemail_wait_s: float = 45.0  # longest wait for the end of a mailbox's greeting
    amd_false_positive_rate: float = 0.0  # people among the calls that AMD called machines
    amd_losses_inside: bool = False  # they count as abandoned: the rule set says so
    # agents and records
    default_disposition: str = "no_disposition"
    recording_enabled: bool = False
    on_hook_ring_timeout_s: float = 15.0
    rules: CallingRules = field(default_factory=CallingRules)

    @property
    def window_clock(self) -> WindowClock:
        """When the legal window of the abandon rate begins and ends."""
        return WindowClock(self.abandon_window, self.zone)
