"""Recorded flows: calls to customers, from busy to bridged. Knows no test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from ..farend import RING_FOREVER, Behaviour, rejecting
from ..farend.audio import tone
from ..farend.speech import human_hello, voicemail_greeting
from ..pbx.agi import verdict
from ..pbx.originate import Attempt, call_customer
from .studio import AMD, Studio


def _bridged(studio: Studio, end: Callable[[], None]) -> Attempt:
    leg = studio.agent()
    studio.farend.behaves("5551000", Behaviour(plays=human_hello(), then=tone(1400)))
    attempt = studio.attempt("5551000", verdict("agent", agent_leg=leg.channel_id), amd=AMD, guard_from="verdict")
    studio.call(attempt, until="BridgeEnter")
    time.sleep(0.7)
    end()
    studio.ami.event("Hangup", Uniqueid=attempt.channel_id)
    time.sleep(0.3)
    return attempt


def originate_human_bridged(studio: Studio) -> None:
    """Agent logs in; customer answers, AMD says HUMAN, bridge, the customer hangs up first; the leg is back."""
    farend = studio.farend
    attempt = _bridged(studio, lambda: farend.hang_up(farend.calls_to("5551000")[-1]))
    studio.save_agi("human_agent", attempt, "FastAGI: AMD HUMAN, verdict agent")


def bridged_agent_star(studio: Studio) -> None:
    """As originate_human_bridged, but the agent ends the call with the * key."""
    _bridged(studio, lambda: studio.farend.press(studio.farend.calls_to("1001")[-1], "*"))


def bridged_agent_phone_hangs_up(studio: Studio) -> None:
    """As originate_human_bridged, but the agent's phone hangs up: leg and customer end."""
    _bridged(studio, lambda: studio.farend.hang_up(studio.farend.calls_to("1001")[-1]))


def bridged_ami_hangup(studio: Studio) -> None:
    """As originate_human_bridged, but the customer's channel is ended by the AMI action Hangup."""

    def end() -> None:
        (customer,) = (m["Uniqueid"] for m in studio.ami.events("BridgeEnter") if m["Uniqueid"].startswith("dlr-"))
        studio.ami.action("Hangup", [("Channel", customer), ("Cause", "16")])

    _bridged(studio, end)


def originate_machine(studio: Studio) -> None:
    """A voicemail greeting: AMD says MACHINE, verdict machine, hang-up."""
    studio.farend.behaves("5552000", Behaviour(plays=voicemail_greeting()))
    attempt = studio.attempt("5552000", verdict("machine"), amd=AMD, guard_from="verdict")
    studio.call(attempt)
    studio.save_agi("machine_hangup", attempt, "FastAGI: AMD MACHINE, verdict machine")


def originate_notsure(studio: Studio) -> None:
    """Silence until the analysis ends: AMD says NOTSURE, verdict hangup."""
    wanted = "5000:1500:800:1200:100:50:3:256:5000"
    attempt = studio.attempt("5552001", verdict("hangup"), amd=wanted, guard_from="verdict")
    studio.call(attempt)
    studio.save_agi("notsure_hangup", attempt, "FastAGI: AMD NOTSURE, verdict hangup")


def _rejected(code: int) -> Callable[[Studio], None]:
    def flow(studio: Studio) -> None:
        studio.farend.behaves("5553000", rejecting(code))
        studio.call(studio.attempt("5553000"))

    flow.__doc__ = f"The carrier rejects the call with {code}."
    return flow


def no_answer(studio: Studio) -> None:
    """Rings until Originate's Timeout (1.5 s)."""
    studio.farend.behaves("5553001", RING_FOREVER)
    attempt = studio.attempt("5553001")
    studio.call(replace(attempt, timeout_ms=1500))


def ringing_ami_hangup(studio: Studio) -> None:
    """The AMI action Hangup ends a call that is ringing; a second Hangup finds no channel."""
    studio.farend.behaves("5553001", RING_FOREVER)
    attempt = studio.attempt("5553001")
    call_customer(studio.ami, attempt)
    studio.ami.event("DialState", DestUniqueid=attempt.channel_id)
    studio.ami.action("Hangup", [("Channel", attempt.channel_id), ("Cause", "16")])
    studio.ami.event("Hangup", Uniqueid=attempt.channel_id)
    studio.ami.action("Hangup", [("Channel", attempt.channel_id), ("Cause", "16")])


def no_such_trunk(studio: Studio) -> None:
    """The dial string names no endpoint: OriginateResponse Failure and no Hangup event at all."""
    attempt = studio.attempt("5553002")
    made = replace(attempt, channel="PJSIP/5553002@nosuch")
    action_id = call_customer(studio.ami, made)
    studio.ami.event("OriginateResponse", ActionID=action_id)
    time.sleep(0.5)


REJECTIONS = {
    "busy_486": _rejected(486),
    "congestion_503": _rejected(503),
    "invalid_404": _rejected(404),
    "incomplete_484": _rejected(484),
    "rejected_603": _rejected(603),
    "unavailable_480": _rejected(480),
    "busy_everywhere_600": _rejected(600),
    "not_acceptable_488": _rejected(488),
}
FLOWS = (
    originate_human_bridged, bridged_agent_star, bridged_agent_phone_hangs_up, bridged_ami_hangup, originate_machine,
    originate_notsure, no_answer, ringing_ami_hangup, no_such_trunk,
)  # fmt: skip
