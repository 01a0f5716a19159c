"""Recorded flows: nobody free, nobody there: abandon, opt-out, unattended, lost agents. Knows no test."""

from __future__ import annotations

import time

from ..farend import Behaviour
from ..farend.audio import tone
from ..farend.speech import voicemail_greeting
from ..pbx.agi import AgiSession, verdict
from .studio import AMD, NOBODY, Studio, forget, mute


def customer_hangs_up_waiting(studio: Studio) -> None:
    """dialerd holds the verdict (DLR_ATTENDED set) and the customer hangs up: no trace."""

    def script(session: AgiSession) -> None:
        session.get_variable("AMDSTATUS")
        session.get_variable("AMDCAUSE")
        session.set_variable("DLR_ATTENDED", "1")
        session.wait_for_end(5)

    studio.farend.behaves("5554000", Behaviour(hangs_up_after_s=0.6))
    attempt = studio.attempt("5554000", script)
    studio.call(attempt)
    time.sleep(0.2)
    studio.save_agi("hangup_while_waiting", attempt, "FastAGI: the customer hangs up while the verdict is held")


def abandon(studio: Studio) -> None:
    """Verdict abandon: message start, end, hang-up."""
    attempt = studio.attempt("5554001", verdict("abandon", after_s=0.3))
    studio.call(attempt)
    studio.save_agi("abandon", attempt, "FastAGI: no AMD, verdict abandon after 0.3 s")


def abandon_customer_hangs_up(studio: Studio) -> None:
    """Verdict abandon, the customer hangs up in the message: start without end."""
    studio.farend.behaves("5554002", Behaviour(hangs_up_after_s=0.8))
    studio.call(studio.attempt("5554002", verdict("abandon")))


def optout(studio: Studio) -> None:
    """Verdict abandon, the customer presses 9 in the message."""
    studio.farend.behaves("5554003", Behaviour(digits=((0.5, "9"),)))
    studio.call(studio.attempt("5554003", verdict("abandon")))


def unattended(studio: Studio) -> None:
    """The FastAGI port refuses: the dialplan acts alone; afterwards the trace is read and removed."""
    attempt = studio.attempt("5554004", agi=NOBODY)
    studio.call(attempt)
    studio.ami.listing("DBGetTree", [("Family", "dialerd")])
    forget(studio, f"unattended-{attempt.attempt}")
    studio.ami.listing("DBGetTree", [("Family", "dialerd")])


def unattended_timeout(studio: Studio) -> None:
    """FastAGI accepts and never answers: TIMEOUT(absolute) sends the call to the message."""
    attempt = studio.attempt("5554005", mute)
    studio.call(attempt)
    studio.save_agi("guard_timeout", attempt, "FastAGI: never answered; the guard's HANGUP comes twice")


def unattended_hangup(studio: Studio) -> None:
    """FastAGI accepts and never answers, the customer hangs up during the wait: trace with the reason hangup."""
    studio.farend.behaves("5554006", Behaviour(hangs_up_after_s=0.5))
    studio.call(studio.attempt("5554006", mute))


def guard_during_amd(studio: Studio) -> None:
    """The limit from the answer ends while AMD listens: VarSet AMDSTATUS=HANGUP though nobody hung up."""
    studio.farend.behaves("5554007", Behaviour(plays=voicemail_greeting()))
    studio.call(studio.attempt("5554007", amd=AMD, guard_s="1.0"))


def agent_leg_lost(studio: Studio) -> None:
    """Verdict agent with a leg that is gone: asked again, then a living leg, bridge."""
    leg = studio.agent()

    def script(session: AgiSession) -> None:
        first = len(studio.agi.requests(session.attempt)) == 1
        verdict("agent", agent_leg="agt-1-00000000" if first else leg.channel_id)(session)

    studio.farend.behaves("5554008", Behaviour(then=tone(1400), hangs_up_after_s=1.0))
    studio.call(studio.attempt("5554008", script))
    time.sleep(0.3)


FLOWS = (
    customer_hangs_up_waiting, abandon, abandon_customer_hangs_up, optout, unattended, unattended_timeout,
    unattended_hangup, guard_during_amd, agent_leg_lost,
)  # fmt: skip
