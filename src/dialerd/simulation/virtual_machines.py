"""Owns what a machine gets in virtual time: the dialplan's context dialerd-machine with dialerd's detector at work.

Knows nothing of verdict requests, agents and lines.
"""

from __future__ import annotations

from collections.abc import Callable

from dialerd.core.machine_messages import (
    GREETING_TOO_LONG,
    MachineActionFailed,
    MachineOrders,
    VoicemailEnded,
    VoicemailStarted,
)
from dialerd.core.messages import PbxEvent
from dialerd.simulation.agenda import Agenda, Appointment
from dialerd.simulation.virtual_calls import VirtualCall

SILENCE_S = 2.0  # by which the end of a greeting without a beep is known


class VirtualMachines:
    """Answered machines from the verdict on; the calls themselves belong to the telephony that made this."""

    def __init__(
        self,
        agenda: Agenda,
        post: Callable[[PbxEvent], None],
        later: Callable[[VirtualCall, float, Callable[[], None]], Appointment],
        calm: Callable[[VirtualCall], None],
        end: Callable[[VirtualCall, str, int, int | None], None],
        *,
        voicemail_s: float,
    ) -> None:
        """`later`, `calm` and `end` are the telephony's; `voicemail_s` is the length of what is left on machines."""
        self._agenda, self._post = agenda, post
        self._later, self._calm, self._end = later, calm, end
        self._voicemail_s = voicemail_s

    def met(self, call: VirtualCall, verdict: str) -> None:
        """Do what a verdict about a machine says. No guard; the machine hangs up when it has recorded enough."""
        if call.guard is not None:
            call.guard.cancel()
        orders, since_s = call.order.machine or MachineOrders(), self._since_answer_s(call)
        if verdict == "voicemail":
            silent_s = max(0.0, call.fate.greeting_s - since_s) + (0.0 if call.fate.beeps else SILENCE_S)
            if silent_s > orders.voicemail_wait_s:
                self._later(call, orders.voicemail_wait_s, lambda: self._no_end_heard(call))
            else:
                self._later(call, silent_s, lambda: self._drop(call))
        elif verdict == "transfer":
            call.truth.transferred_to = orders.extension  # the call lasts until the machine ends it
        else:
            self._later(call, max(0.0, orders.min_call_s - since_s), lambda: self._end(call, "dialer", 16, None))

    def _drop(self, call: VirtualCall) -> None:
        call.truth.voicemail_started_at = self._epoch()
        cue = "beep" if call.fate.beeps else "silence"
        self._post(VoicemailStarted(attempt_id=call.order.attempt_id, cue=cue))
        if call.fate.is_person:  # taken for a machine: listens as to any message
            self._calm(call)
            self._later(call, call.fate.listens_s, lambda: self._end(call, "customer", 0, None))
        self._later(call, self._voicemail_s, lambda: self._dropped(call))

    def _dropped(self, call: VirtualCall) -> None:
        call.truth.voicemail_ended_at = self._epoch()
        self._post(VoicemailEnded(attempt_id=call.order.attempt_id))
        self._end(call, "dialplan", 16, None)

    def _no_end_heard(self, call: VirtualCall) -> None:
        self._post(MachineActionFailed(attempt_id=call.order.attempt_id, why=GREETING_TOO_LONG))
        self._end(call, "dialplan", 16, None)

    def _since_answer_s(self, call: VirtualCall) -> float:
        if call.answered_at is None:
            raise ValueError("a verdict for a call that nobody answered")
        return (self._agenda.now.wall - call.answered_at).total_seconds()

    def _epoch(self) -> float:
        return self._agenda.now.wall.timestamp()
