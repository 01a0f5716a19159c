"""Our framing and translation on what a real Asterisk said (tests/fixtures/ami)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.asterisk.channel_book import Heard, OriginateEnded, TraceLeft
from dialerd.core.call import HungUpBy
from dialerd.core.messages import CallBridged, CallEnded, CallUnbridged, LegEnded, OptOutTrace

from .transcripts import FOLDER, heard_in, server_pieces

TALK = ["LegUp", "CallRinging", "CallAnswered", "CallBridged", "CallUnbridged"]
FLOWS = {
    "abandon": ["CallRinging", "CallAnswered", "MessageStarted", "MessageEnded", "CallEnded"],
    "abandon_customer_hangs_up": ["CallRinging", "CallAnswered", "MessageStarted", "CallEnded"],
    "agent_leg_lost": [*TALK, "CallEnded"],
    "agent_login": ["LegUp", "LegEnded"],
    "agent_login_refused": ["LegEnded"],
    "bridged_agent_phone_hangs_up": [*TALK, "LegEnded", "CallEnded"],
    "bridged_agent_star": [*TALK, "CallEnded"],
    "bridged_ami_hangup": [*TALK, "CallEnded"],
    "core_show_channels": ["LegUp", "LegUp", "CallRinging", "CallRinging", "CallAnswered", "CallBridged"],
    "customer_hangs_up_waiting": ["CallRinging", "CallAnswered", "CallEnded"],
    "guard_during_amd": ["CallRinging", "CallAnswered", "AmdCutOff", "MessageStarted", "MessageEnded", "TraceLeft"],
    "inbound": ["OptOutTrace"],
    "login": [],
    "login_refused": [],
    "no_answer": ["CallRinging", "CallEnded"],
    "no_such_trunk": [],
    "optout": ["CallRinging", "CallAnswered", "MessageStarted", "OptOutTrace", "CallEnded"],
    "originate_human_bridged": [*TALK, "CallEnded"],
    "originate_machine": ["CallRinging", "CallAnswered", "CallEnded"],
    "refused_actions": [],
    "ringing_ami_hangup": ["CallRinging", "CallEnded"],
    "shutdown": ["LegUp", "LegEnded"],
    "unattended": ["CallRinging", "CallAnswered", "MessageStarted", "MessageEnded", "TraceLeft"],
    "unattended_hangup": ["CallRinging", "CallAnswered", "TraceLeft"],
    "unattended_timeout": ["CallRinging", "CallAnswered", "MessageStarted", "MessageEnded", "TraceLeft"],
}


def names(heard: list[Heard]) -> list[str]:
    return [type(one).__name__ for one in heard if not isinstance(one, OriginateEnded)]


@pytest.mark.parametrize("flow", sorted(FLOWS))
async def test_flow(flow: str) -> None:
    assert names(heard_in(server_pieces(flow))) == FLOWS[flow]


@pytest.mark.parametrize(
    ("flow", "hangup_cause", "sip"),
    [
        ("busy_486", 17, 486),
        ("busy_everywhere_600", 17, 600),
        ("congestion_503", 34, 503),
        ("incomplete_484", 28, 484),
        ("invalid_404", 1, 404),
        ("not_acceptable_488", 58, 488),
        ("rejected_603", 21, 603),
        ("unavailable_480", 19, 480),
        ("no_answer", 19, 480),
    ],
)
async def test_causes_of_unanswered_calls(flow: str, hangup_cause: int, sip: int) -> None:
    heard = heard_in(server_pieces(flow))
    [ended] = [one for one in heard if isinstance(one, CallEnded)]
    assert (ended.hangup_cause, ended.sip_cause) == (hangup_cause, sip)
    assert [one.success for one in heard if isinstance(one, OriginateEnded)] == [False]


@pytest.mark.parametrize(
    ("flow", "by"),
    [
        ("originate_human_bridged", HungUpBy.CUSTOMER),
        ("bridged_agent_star", HungUpBy.AGENT),
        ("bridged_agent_phone_hangs_up", HungUpBy.AGENT),
    ],
)
async def test_who_ended_the_talk(flow: str, by: HungUpBy) -> None:
    heard = heard_in(server_pieces(flow))
    [bridged] = [one for one in heard if isinstance(one, CallBridged)]
    [unbridged] = [one for one in heard if isinstance(one, CallUnbridged)]
    assert unbridged == CallUnbridged(attempt_id=bridged.attempt_id, agent_id=bridged.agent_id, by=by)


async def test_refused_leg_and_opt_out_keep_what_they_bring() -> None:
    [leg] = [one for one in heard_in(server_pieces("agent_login_refused")) if isinstance(one, LegEnded)]
    assert (leg.agent_id, leg.hangup_cause, leg.sip_cause) == (99, 17, 486)
    [opt_out] = [one for one in heard_in(server_pieces("inbound")) if isinstance(one, OptOutTrace)]
    assert (opt_out.number, opt_out.source, opt_out.key) == ("+393331234567", "callback", "optout-+393331234567")


async def test_every_recorded_flow_is_understood() -> None:
    for flow in sorted(path.stem for path in FOLDER.glob("*.txt")):
        heard_in(server_pieces(flow))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
async def test_bytes_cut_anywhere_mean_the_same(data: st.DataObject) -> None:
    flow = data.draw(st.sampled_from(sorted(FLOWS)))
    whole = b"".join(server_pieces(flow))
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=60).map(sorted))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert heard_in(pieces) == heard_in([whole])


async def test_byte_by_byte_means_the_same() -> None:
    whole = b"".join(server_pieces("originate_human_bridged"))
    heard = heard_in(whole[i : i + 1] for i in range(len(whole)))
    assert heard == heard_in([whole]) and not any(isinstance(one, TraceLeft) for one in heard)
