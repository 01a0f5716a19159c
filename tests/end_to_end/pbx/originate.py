"""Originates customers and agents' legs exactly as the contract says, in place of dialerd. Knows no test."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass, field

from .ami import AmiClient

# one sequence for the whole test run: traces in AstDB and recordings of different tests never mix
_ATTEMPTS = itertools.count(1001)
_AGENTS = itertools.count(1)


@dataclass(frozen=True)
class Attempt:
    """One origination: what the dialplan gets. `number` is dialled on `trunk`; `channel` overrides that."""

    number: str
    agi: str
    amd: str = ""
    guard_from: str = "answer"
    guard_s: str = "1.9"
    message: str = ""
    record: str = ""
    optout: str = "9"
    timeout_ms: int = 20_000
    channel: str = ""
    caller_id: str = "390612345678"
    extra: dict[str, str] = field(default_factory=dict)
    attempt: str = field(default_factory=lambda: str(next(_ATTEMPTS)))
    nonce: str = field(default_factory=lambda: secrets.token_hex(4))
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def channel_id(self) -> str:
        """The called party's Uniqueid."""
        return f"dlr-{self.attempt}-{self.nonce}"


def call_customer(ami: AmiClient, attempt: Attempt) -> str:
    """Send the Originate of a customer's leg; return its ActionID."""
    variables = {
        "DLR_ATTEMPT": attempt.attempt,
        "DLR_TOKEN": attempt.token,
        "DLR_AMD": attempt.amd,
        "DLR_GUARD_FROM": attempt.guard_from,
        "DLR_GUARD_S": attempt.guard_s,
        "DLR_AGI": attempt.agi,
        "DLR_MESSAGE": attempt.message,
        "DLR_RECORD": attempt.record,
        "DLR_OPTOUT": attempt.optout,
        **attempt.extra,
    }
    return ami.send(
        "Originate",
        [
            ("Channel", attempt.channel or f"PJSIP/{attempt.number}@trunk"),
            ("Context", "dialerd-outbound"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", str(attempt.timeout_ms)),
            ("CallerID", f'"" <{attempt.caller_id}>'),
            ("ChannelId", attempt.channel_id),
            ("OtherChannelId", f"{attempt.channel_id}-b"),
            ("Async", "true"),
            *(("Variable", f"{name}={value}") for name, value in variables.items()),
        ],
    )


@dataclass(frozen=True)
class AgentLeg:
    """An agent's nailed-up leg."""

    agent: str
    phone: str
    channel_id: str


def log_in_agent(ami: AmiClient, phone: str = "1001") -> AgentLeg:
    """Originate an agent's leg to a phone and return it once it waits in its holding bridge."""
    agent = str(next(_AGENTS))
    leg = AgentLeg(agent, phone, f"agt-{agent}-{secrets.token_hex(4)}")
    ami.send(
        "Originate",
        [
            ("Channel", f"PJSIP/{phone}"),
            ("Context", "dialerd-agent"),
            ("Exten", "s"),
            ("Priority", "1"),
            ("Timeout", "20000"),
            ("ChannelId", leg.channel_id),
            ("OtherChannelId", f"{leg.channel_id}-b"),
            ("Async", "true"),
            ("Variable", f"DLR_AGENT={agent}"),
        ],
    )
    ami.event("BridgeEnter", Uniqueid=leg.channel_id)
    return leg
