"""Owns a call in progress: its attempt and what only the running dialer knows of it. Pure; knows no floor.

Where it is counted (`tally`) follows each change by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dialerd.core.call import Attempt, AttemptMove, AttemptState, next_attempt_state
from dialerd.core.campaign import AbandonAction, AmdAction, Campaign
from dialerd.core.moment import Moment
from dialerd.core.pacing.answers import Segment
from dialerd.core.tally import Tally

LONGEST_VOICEMAIL_S = 300.0
"""A voice file that plays longer is cut off: mailboxes record a few minutes at most."""
LONGEST_TRANSFER_S = 4 * 3600.0
"""A machine that was sent elsewhere is hung up on after that: nobody talks to it for so long."""

LEFT_ALONE = frozenset({AttemptState.ANSWERED, AttemptState.WAITING, AttemptState.CONNECTING})
"""States in which a person whom dialerd hangs up on has met nobody."""


@dataclass(slots=True, kw_only=True)
class LiveCall:
    """An attempt in progress with what only the running dialer needs to know of it."""

    attempt: Attempt
    campaign: Campaign
    is_test: bool = False
    answered: Moment | None = None
    limit_from: Moment | None = None  # where the silence limit starts
    request_id: int | None = None  # the AGI that waits for a verdict
    agent_id: int | None = None  # reserved or talking
    variables: tuple[tuple[str, str], ...] = ()  # attributes of the lead for the dialplan
    promised_to: int | None = None  # the agent this person was promised a call from
    failed_agents: frozenset[int] = frozenset()
    cancelled: bool = False  # ended before an answer because somebody wanted it so
    hangup_sent: bool = False  # Asterisk was told to hang it up
    trace_key: str = ""  # the dialplan acted alone and left this durable trace
    no_drop: str = ""  # why nothing may be left on this lead's machine; empty: it may
    callback_at: datetime | None = None  # the agent's promise to call again
    callback_own: bool = False  # … and to do it in person
    segment: Segment = ()  # what its lead has in common with others, for the pacer
    sent_mono: float | None = None  # when it was sent to Asterisk
    settled: bool = False  # the pacer knows whether a person has answered
    tally: Tally | None = field(default=None, repr=False)  # where this call is counted, while it is on the floor

    @property
    def transfer_to(self) -> str:
        """The extension that this person is sent to after the abandon message; empty: nowhere."""
        wanted = self.campaign.abandon_action is AbandonAction.TRANSFER and not self.is_test
        return self.campaign.abandon_transfer_extension if wanted else ""

    @property
    def handed_over(self) -> bool:
        """Whether the call may go on as long as it likes: after the message it is somebody else's."""
        return bool(self.transfer_to) and self.attempt.state is AttemptState.ABANDONING and not self.hangup_sent

    @property
    def elsewhere(self) -> bool:
        """Whether it is somebody else's by now: a person after the message, a machine that was transferred."""
        if self.attempt.state is AttemptState.MACHINE:
            return self.attempt.amd_action == AmdAction.TRANSFER.value
        return self.handed_over and self.attempt.message_ended_at is not None

    @property
    def machine_takes_s(self) -> float:
        """Seconds that what a machine gets may take at most; 0 for everybody else."""
        if self.attempt.state is not AttemptState.MACHINE or self.hangup_sent:
            return 0.0
        if self.attempt.amd_action == AmdAction.VOICEMAIL.value:
            return self.campaign.voicemail_wait_s + LONGEST_VOICEMAIL_S
        if self.attempt.amd_action == AmdAction.TRANSFER.value:
            return LONGEST_TRANSFER_S
        return self.campaign.amd_min_call_s

    @property
    def abandoned(self) -> bool:
        """Whether it is certain, though the call may go on, that a person met no agent in time."""
        attempt = self.attempt
        if attempt.status is not None or not attempt.live_answer:
            return attempt.abandoned
        hung_up_on = self.hangup_sent and attempt.state in LEFT_ALONE
        return hung_up_on or attempt.state is AttemptState.ABANDONING

    @property
    def machine(self) -> bool:
        """Whether AMD took the far end for a machine, and nothing has overruled it."""
        attempt = self.attempt
        if attempt.status is not None:
            return attempt.machine
        return attempt.state is AttemptState.MACHINE and not attempt.live_answer and attempt.answered_at is not None

    def enter(self, state: AttemptState) -> None:
        """Change the attempt's state. `advance` does it by the table; only what Asterisk shows may overrule that."""
        self._count(-1)
        self.attempt.state = state
        self._count(1)

    def give_to(self, agent_id: int | None) -> None:
        """Reserve this call for an agent, or for nobody any more."""
        self._count(-1)
        self.agent_id = agent_id
        self._count(1)

    def put_on(self, tally: Tally | None) -> None:
        """Begin to be counted there (None: no longer anywhere)."""
        self._count(-1)
        self.tally = tally
        self._count(1)

    def _count(self, by: int) -> None:
        if self.tally is not None:
            a = self.attempt
            self.tally.count(by, a.state, a.campaign_id, a.trunk, agent_id=self.agent_id, is_test=self.is_test)


def advance(call: LiveCall, step: AttemptMove) -> bool:
    """Take a call through the attempt's table; False (and nothing changed) for a late or repeated event."""
    state = next_attempt_state(call.attempt.state, step)
    if state is None:
        return False
    call.enter(state)
    return True
