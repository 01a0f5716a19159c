"""Owns what a machine gets: the hang-up, the voicemail drop, the transfer, and what is known of it afterwards.

Who is a machine is decided in `amd/status.py` and `verdict_flow.py`; how a greeting's end is heard it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dialerd.core.amd.status import AmdResult
from dialerd.core.call import AttemptMove, AttemptState, HungUpBy
from dialerd.core.campaign import AmdAction, Campaign
from dialerd.core.compliance import consented
from dialerd.core.deadlines import Wait
from dialerd.core.floor import Floor
from dialerd.core.lead import Lead
from dialerd.core.live_call import LiveCall, advance
from dialerd.core.machine_messages import (
    GREETING_TOO_LONG,
    MACHINE_VERDICTS,
    VOICEMAIL_CUES,
    AwaitGreetingEnd,
    GreetingEnded,
    MachineActionFailed,
    MachineOrders,
    VoicemailEnded,
    VoicemailStarted,
)
from dialerd.core.moment import Moment
from dialerd.core.rule_set import Purpose

BEFORE_ITS_END = "no voicemail drop: the call was over before the end of the greeting was heard"
HELD_S = 0.5  # a call held so much shorter than it should have been was ended by the machine


def machine_orders(campaign: Campaign) -> MachineOrders | None:
    """What goes with the call so that a verdict is carried out without asking again."""
    if not campaign.amd_enabled:
        return None
    drops, transfers = campaign.amd_action is AmdAction.VOICEMAIL, campaign.amd_action is AmdAction.TRANSFER
    return MachineOrders(
        voicemail_file=campaign.voicemail_file if drops else "",
        voicemail_wait_s=campaign.voicemail_wait_s if drops else 0.0,
        extension=campaign.amd_transfer_extension if transfers else "",
        min_call_s=campaign.amd_min_call_s,
    )


def no_drop(campaign: Campaign, lead: Lead, now: Moment) -> str:
    """Why the law lets nothing be left on this lead's machine; empty when it does.

    A voicemail drop is a prerecorded call, with its own consent (FCC 22-85; docs/rules.md).
    """
    if campaign.amd_action is not AmdAction.VOICEMAIL:
        return ""
    verdict = consented(lead, Purpose.PRERECORDED, campaign.rules, now.wall)
    if verdict is None:
        return ""
    law = campaign.rules.law
    return f"{law.name}: {verdict.detail}" if law is not None else verdict.detail


def no_drop_after_restart(campaign: Campaign) -> str:
    """The same for a call that was under way when dialerd started: the lead's consent is not at hand any more."""
    law = campaign.rules.law
    wanted = law is None or any(consent.purpose is Purpose.PRERECORDED for consent in law.consents)
    return "dialerd was restarted during the call, and the lead's consent is not at hand" if wanted else ""


def ended_by(call: LiveCall, now: Moment) -> HungUpBy:
    """Who ended a machine's call that ends now, from what is known of it."""
    attempt = call.attempt
    if attempt.amd_action == AmdAction.TRANSFER.value:
        return HungUpBy.UNKNOWN  # the operator's own dialplan had it
    if attempt.amd_action == AmdAction.VOICEMAIL.value:
        return HungUpBy.CUSTOMER if attempt.voicemail_ended_at is None else HungUpBy.DIALER
    return HungUpBy.CUSTOMER if _held_for_s(call, now) > HELD_S else HungUpBy.DIALER


def unfinished(call: LiveCall) -> str:
    """What the record must say of a machine's call that ends now: why there was no message; empty otherwise."""
    attempt = call.attempt
    dropping = attempt.state is AttemptState.MACHINE and attempt.amd_action == AmdAction.VOICEMAIL.value
    return BEFORE_ITS_END if dropping and attempt.voicemail_started_at is None else ""


def _held_for_s(call: LiveCall, now: Moment) -> float:
    """Seconds for which this machine's call must still be held; 0 and less: it may end."""
    attempt = call.attempt
    lasted_s = (now.wall - attempt.answered_at).total_seconds() if attempt.answered_at is not None else 0.0
    return call.campaign.amd_min_call_s - lasted_s


NO_MAILBOX: Mapping[str, tuple[AmdResult | None, str]] = {
    "fax": (AmdResult.FAX, "no voicemail drop: a fax machine answered"),
    "sit": (AmdResult.SIT, "no voicemail drop: the network's information tones were heard"),
    "timeout": (None, GREETING_TOO_LONG),
}
"""What the detector may hear instead of a greeting's end: what that makes of AMD's result, and the note."""


class MachineFlow:
    """Handlers from the verdict on a machine to the end of what it gets."""

    def __init__(self, floor: Floor, hang_up: Callable[[LiveCall, HungUpBy, Moment], None]) -> None:
        self.floor = floor
        self.hang_up = hang_up

    def met(self, call: LiveCall, now: Moment) -> None:
        """Nobody is there, by AMD's word or by the campaign's: settle what this machine gets and tell the dialplan."""
        attempt, action = call.attempt, call.campaign.amd_action
        obstacle = self._obstacle(call, action)
        if obstacle:
            action, attempt.note = AmdAction.HANGUP, obstacle
        attempt.amd_action = action.value
        advance(call, AttemptMove.MACHINE)
        self.floor.settle(call, False, now)
        self.floor.save(call)  # before the verdict: see Engine.carry_out
        if action is AmdAction.VOICEMAIL:
            longest_s = call.campaign.voicemail_wait_s
            self.floor.emit(AwaitGreetingEnd(attempt_id=attempt.id, token=attempt.token, longest_s=longest_s))
        self.floor.answer_agi(call, MACHINE_VERDICTS[action])
        self.floor.expect_end(call, now)

    @staticmethod
    def _obstacle(call: LiveCall, action: AmdAction) -> str:
        """Why this machine is hung up on instead; empty when the campaign's action can be carried out."""
        if action is AmdAction.VOICEMAIL and call.no_drop:
            return f"no voicemail drop: {call.no_drop}"
        if action is AmdAction.VOICEMAIL and not call.campaign.voicemail_file:
            return "no voicemail drop: the campaign has no voicemail_file"
        if action is AmdAction.TRANSFER and not call.campaign.amd_transfer_extension:
            return "no transfer: the campaign has no amd_transfer_extension"
        return ""

    def greeting_ended(self, event: GreetingEnded, now: Moment) -> None:
        """The detector has heard how the greeting ended: in a cue, and the dialplan plays; or nothing will be left."""
        call = self._dropping(event.attempt_id)
        if call is None:
            return
        if event.cue in VOICEMAIL_CUES:  # Asterisk's word of the start may have been faster
            call.attempt.voicemail_cue = call.attempt.voicemail_cue or event.cue
        elif event.cue in NO_MAILBOX and call.attempt.voicemail_started_at is None:
            heard, note = NO_MAILBOX[event.cue]
            call.attempt.amd_action = AmdAction.HANGUP.value
            call.attempt.amd_result = heard.value if heard is not None else call.attempt.amd_result
            call.attempt.note = call.attempt.note or note
            self._end(call, now)
            self.floor.save(call)

    def _end(self, call: LiveCall, now: Moment) -> None:
        """Hang up by AMI, at once or when the call has lasted long enough."""
        left_s = _held_for_s(call, now)
        if left_s <= 0:
            self.hang_up(call, HungUpBy.DIALER, now)
        else:  # what happens then: CallFlow.ending_overdue
            self.floor.deadlines.set(Wait.ENDING, call.attempt.id, now.mono + left_s)

    def voicemail_started(self, event: VoicemailStarted, now: Moment) -> None:
        """The greeting is over, the file plays."""
        call = self._dropping(event.attempt_id)
        if call is not None and call.attempt.voicemail_started_at is None:
            call.attempt.voicemail_started_at = now.wall
            call.attempt.voicemail_cue = call.attempt.voicemail_cue or event.cue
            self.floor.save(call)

    def voicemail_ended(self, event: VoicemailEnded, now: Moment) -> None:
        """The file was played to its end: only then was the message left."""
        call = self._dropping(event.attempt_id)
        if call is not None and call.attempt.voicemail_started_at is not None:
            call.attempt.voicemail_ended_at = now.wall
            self.floor.save(call)

    def failed(self, event: MachineActionFailed, now: Moment) -> None:
        """The dialplan could not do it and hangs up instead: the record says so, and why."""
        call = self._met(event.attempt_id)
        if call is None:
            return
        attempt = call.attempt
        if attempt.amd_action == AmdAction.HANGUP.value or attempt.voicemail_ended_at is not None:
            return  # nothing was to be done, or it is done
        attempt.amd_action = AmdAction.HANGUP.value
        attempt.note = attempt.note or event.why
        self.floor.save(call)
        self.floor.expect_end(call, now)

    def _met(self, attempt_id: int) -> LiveCall | None:
        """This call while a machine is on it."""
        call = self.floor.calls.get(attempt_id)
        return call if call is not None and call.attempt.state is AttemptState.MACHINE else None

    def _dropping(self, attempt_id: int) -> LiveCall | None:
        """This call while something is to be left on its machine, or is being left."""
        call = self._met(attempt_id)
        return call if call is not None and call.attempt.amd_action == AmdAction.VOICEMAIL.value else None
