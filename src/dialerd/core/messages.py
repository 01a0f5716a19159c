"""Owns the vocabulary: every event that reaches the dialer and every command it answers with.

Events come from the edges (Asterisk, store, control) through one queue; commands go back to them in order.
Parts of it stand apart: orders of operators and agents (events too) in `orders.py`, what Asterisk shows after a
(re)connect in `pbx_memory.py`, how leads are claimed in `lead_commands.py`, how a ledger is read in
`ledger_messages.py`, what a machine gets in `machine_messages.py`. What happens then: `dialer.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from dialerd.core.agent import AgentState
from dialerd.core.call import Attempt, HungUpBy
from dialerd.core.campaign import AmdParameters, MeasuredFrom
from dialerd.core.compliance import GateVerdict
from dialerd.core.lead import Lead
from dialerd.core.lead_commands import (
    ClaimLeads as ClaimLeads,
    ReleaseLeads as ReleaseLeads,
    SkipLead as SkipLead,
)
from dialerd.core.ledger_messages import LedgerLoaded as LedgerLoaded, LoadLedger as LoadLedger
from dialerd.core.machine_messages import AwaitGreetingEnd, MachineEvent, MachineOrders
from dialerd.core.orders import (
    AgentAccept as AgentAccept,
    AgentDispose as AgentDispose,
    AgentLogin as AgentLogin,
    AgentLogout as AgentLogout,
    AgentPause as AgentPause,
    AgentSaved as AgentSaved,
    AgentSkip as AgentSkip,
    AgentUnpause as AgentUnpause,
    CampaignOrder as CampaignOrder,
    CampaignSaved as CampaignSaved,
    HangupAttempt as HangupAttempt,
    LeadsAdded as LeadsAdded,
    Order as Order,
    ShutdownBegan as ShutdownBegan,
    TestCall as TestCall,
)
from dialerd.core.pacing.history import Slot
from dialerd.core.pbx_memory import (
    ChannelSeen as ChannelSeen,
    OptOutTrace as OptOutTrace,
    UnattendedTrace as UnattendedTrace,
)
from dialerd.core.sounds import SoundsChanged

# ---------------------------------------------------------------- events from the store


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsClaimed:
    """Answer to ClaimLeads: these leads are ours now. When there are fewer than asked for, `shortage` says why.

    A claim is answered once, after its commit: every lead in here is taken for one that nobody else has.
    """

    campaign_id: int
    leads: tuple[Lead, ...]
    shortage: Shortage | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Why a campaign got no (more) leads: what is left and which rule holds the rest back."""

    due: int = 0  # due leads left after this claim
    waiting: int = 0  # leads whose next attempt lies in the future
    next_due_at: datetime | None = None
    finished: int = 0
    blocked: Mapping[str, int] = field(default_factory=dict)  # rule → leads that it holds back (large lists: just now)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsOpened:
    """These attempts are committed to disk: they may be sent to Asterisk."""

    attempt_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRefused:
    """The gate, asked inside the transaction, or the unique index forbade this attempt. Nothing was dialled."""

    attempt_id: int
    verdict: GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFailed:
    """A write failed: no new calls until StoreRecovered. `what` is for the operator."""

    what: str
    attempt_ids: tuple[int, ...] = ()  # intents that were not committed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRecovered:
    """The store accepts writes again."""


# ---------------------------------------------------------------- events from Asterisk


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxConnected:
    """The AMI link is up; `channels` are all channels of ours that live there, `traces` what it kept for us."""

    node: str
    version: str
    channels: tuple[ChannelSeen, ...]
    unattended: tuple[UnattendedTrace, ...] = ()
    opt_outs: tuple[OptOutTrace, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxLost:
    """The AMI link is gone or mute: no new calls; calls that are up stay up."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateFailed:
    """Asterisk refused the Originate (`certain`), or the link died before it answered (not certain: reconcile)."""

    channel_id: str
    reason: str
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging:
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAsked:
    """The AGI asks what to do with an answered call. The answer goes to `request_id` by SendVerdict."""

    request_id: int
    attempt_id: int
    token: str
    amd_status: str
    amd_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictAbandoned:
    """The AGI that asked is gone (hang-up, timeout of the dialplan): its request needs no answer any more."""

    request_id: int
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBridged:
    attempt_id: int
    agent_id: int
    leg_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallUnbridged:
    """The customer left the bridge with the agent (the channel itself may live on for a moment)."""

    attempt_id: int
    agent_id: int
    by: HungUpBy = HungUpBy.UNKNOWN  # whose leg left first: the side that ended the talk


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """The customer's channel is gone."""

    attempt_id: int
    hangup_cause: int | None = None
    sip_cause: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStarted:
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEnded:
    attempt_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegUp:
    """An agent's leg was answered and stands in its holding bridge."""

    agent_id: int
    leg_id: str
    channel_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded:
    """An agent's leg is gone, or was never answered."""

    agent_id: int
    leg_id: str
    hangup_cause: int | None = None
    sip_cause: int | None = None


# ---------------------------------------------------------------- commands to the store


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempts:
    """Commit these intents (synchronous=FULL) after asking the gate in the same transaction.

    Answered by AttemptsOpened for those committed and AttemptRefused for each of the others.
    """

    attempts: tuple[Attempt, ...]
    leads: tuple[Lead, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveAttempt:
    """Keep the progress of an open attempt (batched, may be lost by a crash without harm)."""

    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAttempt:
    """Finish the record: final disposition, ledger row, hash chain; the lead's outcome follows from it."""

    attempt: Attempt
    callback_at: datetime | None = None
    callback_own: bool = False  # promised by the agent in person


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveCampaignState:
    campaign_id: int
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveAgentState:
    """One row of the agent state log; also the agent's present state for a restart."""

    agent_id: int
    state: AgentState
    reason: str
    at: datetime
    campaign_id: int | None = None
    attempt_id: int | None = None
    leg_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDoNotCall:
    """Somebody opted out by key: on the global do-not-call list at once."""

    number: str
    source: str
    at: datetime
    attempt_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePacingSlot:
    """What a campaign's decisions were in some seconds that are over (batched; a crash may lose the last ones)."""

    campaign_id: int
    slot: Slot


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent:
    """Something an operator would tell a colleague; level is warning or info."""

    level: str
    text: str
    campaign_id: int | None = None


# ---------------------------------------------------------------- commands to Asterisk


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate:
    """Place the call of a committed attempt. The edge turns this into one AMI action, values checked."""

    node: str
    attempt_id: int
    channel_id: str
    token: str
    number: str
    trunk: str
    caller_id: str
    caller_name: str
    ring_timeout_s: float
    amd: AmdParameters | None
    guard_from: MeasuredFrom
    guard_s: float
    message: str
    opt_out_key: str
    recording_file: str
    sample_file: str = ""  # what AMD hears is written there; empty: not this call
    machine: MachineOrders | None = None  # None: no detection, so no machine
    transfer_to: str = ""  # extension for who hears the abandon message to its end; empty: hung up
    lead_variables: tuple[tuple[str, str], ...] = ()  # name and value as imported: the edge makes them harmless


@dataclass(frozen=True, slots=True, kw_only=True)
class RingAgent:
    """Call an agent's phone into its holding bridge. Ends in LegUp or LegEnded."""

    node: str
    agent_id: int
    leg_id: str
    endpoint: str
    ring_timeout_s: float
    caller_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """Hang up one channel by its exact unique id."""

    node: str
    channel_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendVerdict:
    """Answer a waiting AGI: `agent` (with the leg), `machine`, `abandon` or `hangup`."""

    request_id: int
    verdict: str
    leg_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetTraces:
    """Remove durable traces from Asterisk. Carried out only after everything written before it is committed."""

    node: str
    keys: tuple[str, ...]


StoreEvent: TypeAlias = LeadsClaimed | AttemptsOpened | AttemptRefused | LedgerLoaded | StoreFailed | StoreRecovered
PbxEvent: TypeAlias = (
    PbxConnected
    | PbxLost
    | OriginateFailed
    | CallRinging
    | CallAnswered
    | VerdictAsked
    | VerdictAbandoned
    | CallBridged
    | CallUnbridged
    | CallEnded
    | MessageStarted
    | MessageEnded
    | MachineEvent
    | LegUp
    | LegEnded
    | OptOutTrace
    | UnattendedTrace
)
Event: TypeAlias = StoreEvent | PbxEvent | SoundsChanged | Order
StoreCommand: TypeAlias = (
    ClaimLeads
    | ReleaseLeads
    | SkipLead
    | OpenAttempts
    | SaveAttempt
    | CloseAttempt
    | LoadLedger
    | SaveCampaignState
    | SaveAgentState
    | AddDoNotCall
    | SavePacingSlot
    | LogEvent
)
PbxCommand: TypeAlias = Originate | RingAgent | Hangup | SendVerdict | ForgetTraces
Command: TypeAlias = StoreCommand | PbxCommand | AwaitGreetingEnd
