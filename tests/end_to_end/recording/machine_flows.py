"""Recorded flows: what a machine gets: message, transfer, a held line. Knows no test."""

from __future__ import annotations

from ..farend import Behaviour
from ..farend.audio import silence, tone
from ..farend.speech import spoken
from ..pbx.agi import verdict
from ..pbx.originate import Attempt
from .studio import AMD, Studio


def _mailbox() -> bytes:
    return silence(0.3) + spoken("You have reached the mailbox of Example Limited, please leave a message.")


def _machine(studio: Studio, number: str, says: str, **variables: str) -> Attempt:
    attempt = studio.attempt(number, verdict(says), amd=AMD, guard_from="verdict")
    attempt.extra.update(variables)
    studio.call(attempt, timeout_s=25)
    return attempt


def machine_voicemail(studio: Studio) -> None:
    """Verdict voicemail: the greeting ends in silence, the message is left, hang-up."""
    studio.farend.behaves("5556000", Behaviour(plays=_mailbox() + tone(1000, 0.4)))
    attempt = _machine(studio, "5556000", "voicemail", DLR_VOICEMAIL=studio.message, DLR_VOICEMAIL_S="20")
    studio.save_agi("machine_voicemail", attempt, "FastAGI: AMD MACHINE, verdict voicemail")


def machine_voicemail_cut(studio: Studio) -> None:
    """Verdict voicemail, the mailbox hangs up in the message: start without end."""
    greeting = _mailbox()
    studio.farend.behaves("5556001", Behaviour(plays=greeting, hangs_up_after_s=len(greeting) / 8000 + 2.8))
    _machine(studio, "5556001", "voicemail", DLR_VOICEMAIL=studio.message, DLR_VOICEMAIL_S="20")


def machine_voicemail_endless(studio: Studio) -> None:
    """Verdict voicemail, the greeting goes on for longer than DLR_VOICEMAIL_S: nothing is played."""
    studio.farend.behaves("5556002", Behaviour(plays=_mailbox(), then=tone(400)))
    _machine(studio, "5556002", "voicemail", DLR_VOICEMAIL=studio.message, DLR_VOICEMAIL_S="3")


def machine_voicemail_no_file(studio: Studio) -> None:
    """Verdict voicemail without DLR_VOICEMAIL: nothing to play."""
    studio.farend.behaves("5556003", Behaviour(plays=_mailbox()))
    _machine(studio, "5556003", "voicemail")


def machine_transfer(studio: Studio) -> None:
    """Verdict transfer: extension 700 of dialerd-transfer plays the message and hangs up."""
    studio.farend.behaves("5556004", Behaviour(plays=_mailbox()))
    _machine(studio, "5556004", "transfer", DLR_MACHINE_TO="700")


def machine_transfer_nowhere(studio: Studio) -> None:
    """Verdict transfer to an extension that dialerd-transfer has not."""
    studio.farend.behaves("5556005", Behaviour(plays=_mailbox()))
    _machine(studio, "5556005", "transfer", DLR_MACHINE_TO="701")


def machine_held(studio: Studio) -> None:
    """Verdict machine with DLR_MACHINE_MS: the line is held in silence, then hang-up."""
    studio.farend.behaves("5556006", Behaviour(plays=_mailbox()))
    _machine(studio, "5556006", "machine", DLR_MACHINE_MS="4000")


FLOWS = (
    machine_voicemail, machine_voicemail_cut, machine_voicemail_endless, machine_voicemail_no_file, machine_transfer,
    machine_transfer_nowhere, machine_held,
)  # fmt: skip
