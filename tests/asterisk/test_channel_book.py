"""The channels' book and the translation around it: once each, in order, bounded, whatever comes."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given, settings, strategies as st

from dialerd.asterisk import channel_book
from dialerd.asterisk.channel_book import ChannelBook, Heard, TraceLeft
from dialerd.asterisk.resync import unattended_trace
from dialerd.asterisk.translate import WANTED_EVENTS, Translator, sip_cause
from dialerd.core.call import HungUpBy
from dialerd.core.machine_messages import MachineActionFailed, VoicemailEnded, VoicemailStarted
from dialerd.core.messages import (
    CallAnswered,
    CallBridged,
    CallEnded,
    CallRinging,
    CallUnbridged,
    ChannelSeen,
    LegEnded,
    LegUp,
)

from .rig import ATTEMPT_CHANNEL as CUSTOMER, LEG
from .transcripts import NOW


def play(*events: Mapping[str, str], book: ChannelBook | None = None) -> list[Heard]:
    translator = Translator(ChannelBook() if book is None else book)
    return [one for event in events for one in translator.translate(event, NOW)]


def ami(name: str, channel: str = "", bridge: str = "", **headers: str) -> dict[str, str]:
    made = {"Event": name, **headers}
    if channel:
        made["DestUniqueid" if name.startswith("Dial") else "Uniqueid"] = channel
    if bridge:
        made["BridgeUniqueid"] = bridge
    return made


def test_each_thing_is_told_once() -> None:
    ringing = ami("DialState", CUSTOMER, DialStatus="RINGING")
    progress = ami("DialState", CUSTOMER, DialStatus="PROGRESS")
    answers = (
        ami("DialEnd", CUSTOMER, DialStatus="ANSWER"),
        ami("Newstate", CUSTOMER, ChannelState="6"),
        ami("OriginateResponse", CUSTOMER, Response="Success"),
    )
    end = ami("Hangup", CUSTOMER, Cause="16")
    heard = play(ringing, ringing, progress, *answers, ringing, end, end, *answers, ringing)
    told = [one for one in heard if isinstance(one, CallRinging | CallAnswered | CallEnded)]
    assert [type(one) for one in told] == [CallRinging, CallAnswered, CallEnded]


def test_a_failed_originate_is_no_answer_and_a_progressing_call_no_ringing() -> None:
    assert not [
        one
        for one in play(
            ami("OriginateResponse", CUSTOMER, Response="Failure"),
            ami("DialState", CUSTOMER, DialStatus="PROCEEDING"),
            ami("DialEnd", CUSTOMER, DialStatus="BUSY"),
            ami("Newstate", CUSTOMER, ChannelState="4"),
        )
        if isinstance(one, CallRinging | CallAnswered)
    ]


def test_foreign_channels_second_halves_and_forgeries_are_nobodys() -> None:
    for id_ in (f"{CUSTOMER}-b", "1700000000.17", "dlr-0-0badcafe", "dlr-12-0BADCAFE", "dlr-12-0badcafe\n", "agt--1-x"):
        book = ChannelBook()
        events = [ami(name, id_, "b", DialStatus="ANSWER", Cause="16", ChannelState="6") for name in WANTED_EVENTS]
        assert [one for one in play(*events, book=book) if type(one).__name__ != "OriginateEnded"] == []
        assert len(book) == 0


def test_the_sip_cause_behind_a_local_channel() -> None:
    heard = play(
        ami("DialState", CUSTOMER, DialStatus="RINGING"),
        ami("Hangup", "1700000000.5", Linkedid=CUSTOMER, Cause="17", TechCause="486"),
        ami("Hangup", f"{CUSTOMER}-b", Linkedid=CUSTOMER, Cause="17"),
        ami("Hangup", CUSTOMER, Linkedid=CUSTOMER, Cause="17"),
    )
    assert heard[-1] == CallEnded(attempt_id=12, hangup_cause=17, sip_cause=486)


def test_bridge_ends_in_whatever_way_unbridge_once() -> None:
    together = (ami("BridgeEnter", CUSTOMER, "b"), ami("BridgeEnter", LEG, "b"))
    for ways, by in (
        ((ami("BridgeLeave", CUSTOMER, "b"), ami("BridgeLeave", LEG, "b")), HungUpBy.CUSTOMER),
        ((ami("BridgeLeave", LEG, "b"), ami("BridgeLeave", CUSTOMER, "b")), HungUpBy.AGENT),
        ((ami("Hangup", CUSTOMER), ami("BridgeLeave", CUSTOMER, "b")), HungUpBy.CUSTOMER),
        ((ami("Hangup", LEG), ami("Hangup", CUSTOMER)), HungUpBy.AGENT),
        ((ami("BridgeEnter", LEG, "hold"), ami("BridgeLeave", LEG, "b")), HungUpBy.AGENT),
    ):
        heard = play(*together, *ways)
        assert [one for one in heard if isinstance(one, CallBridged)] == [
            CallBridged(attempt_id=12, agent_id=7, leg_id=LEG)
        ]
        assert [one for one in heard if isinstance(one, CallUnbridged)] == [
            CallUnbridged(attempt_id=12, agent_id=7, by=by)
        ]
    ended = play(*together, ami("BridgeDestroy", "", "b"), ami("Hangup", CUSTOMER))
    assert len([one for one in ended if isinstance(one, CallUnbridged)]) == 1


def test_a_trace_is_read_at_the_end_or_at_once_when_the_call_is_over() -> None:
    told = ami("UserEvent", UserEvent="DialerdUnattended", Attempt="12", Reason="timeout")
    alive = play(ami("DialEnd", CUSTOMER, DialStatus="ANSWER"), told, ami("Hangup", CUSTOMER))
    assert [type(one) for one in alive] == [CallAnswered, TraceLeft]
    assert alive[-1] == TraceLeft(attempt_id=12, reason="the call is over", ended=CallEnded(attempt_id=12))
    assert play(ami("Hangup", CUSTOMER), told)[-1] == TraceLeft(attempt_id=12, reason="timeout")


def test_what_a_machine_gets_is_told_by_the_dialplan() -> None:
    def told(stage: str, detail: str = "") -> list[Heard]:
        return play(ami("UserEvent", UserEvent="DialerdMachine", Attempt="12", Stage=stage, Detail=detail))

    assert told("start", "silence") == [VoicemailStarted(attempt_id=12, cue="silence")]
    assert told("start", "${CHANNEL}") == [VoicemailStarted(attempt_id=12, cue="")]
    assert told("end") == [VoicemailEnded(attempt_id=12)]
    for detail, says in (
        ("greeting", "did not end"),
        ("playback", "could not play"),
        ("extension", "dialerd-transfer"),
    ):
        (failed,) = told("failed", detail)
        assert isinstance(failed, MachineActionFailed) and says in failed.why
    (failed,) = told("failed", "<b>odd</b>")
    assert isinstance(failed, MachineActionFailed) and "odd" not in failed.why


def test_user_events_with_wrong_contents_mean_nothing() -> None:
    for headers in (
        {"UserEvent": "DialerdMachine", "Attempt": "12", "Stage": "begin"},
        {"UserEvent": "DialerdMachine", "Attempt": "0", "Stage": "end"},
        {"UserEvent": "DialerdMessage", "Attempt": "x", "Stage": "start"},
        {"UserEvent": "DialerdMessage", "Attempt": "12", "Stage": ""},
        {"UserEvent": "DialerdMessage", "Attempt": "1" * 30, "Stage": "start"},
        {"UserEvent": "DialerdOptOut", "Attempt": "", "Source": "abandon"},
        {"UserEvent": "DialerdOptOut", "Attempt": "", "Source": "callback", "Number": "anonymous"},
        {"UserEvent": "Other", "Attempt": "12"},
        {},
    ):
        assert play(ami("UserEvent", **headers)) == []


def test_adopting_remembers_bridges_and_drops_what_is_gone() -> None:
    book = ChannelBook()
    book.known("dlr-99-0badcafe")
    book.adopt(
        [
            ChannelSeen(unique_id=CUSTOMER, name="P/1", up=True, bridge_id="b"),
            ChannelSeen(unique_id=LEG, name="P/2", up=True, bridge_id="b"),
        ]
    )
    assert not book.attends(99) and book.attends(12)
    heard = play(ami("BridgeEnter", LEG, "b"), ami("BridgeLeave", CUSTOMER, "b"), ami("Hangup", CUSTOMER), book=book)
    assert [type(one) for one in heard] == [CallUnbridged, CallEnded]


def test_nothing_grows_with_calls_seen() -> None:
    book = ChannelBook()
    for n in range(1, channel_book.REMEMBERED_ENDINGS + 500):
        id_ = f"dlr-{n}-0badcafe"
        play(ami("DialEnd", id_, DialStatus="ANSWER"), ami("BridgeEnter", id_, f"b{n}"), ami("Hangup", id_), book=book)
    assert len(book) == 0 and not book._bridges and not book._attempts
    assert len(book._ended) == channel_book.REMEMBERED_ENDINGS


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.builds(
            lambda name, channel, bridge, state: ami(
                name, channel, bridge, DialStatus=state, ChannelState="6", Cause="16", Response="Success"
            ),
            st.sampled_from(sorted(WANTED_EVENTS)),
            st.sampled_from([CUSTOMER, LEG, "dlr-13-0badcafe", "agt-8-0badcafe", "foreign", ""]),
            st.sampled_from(["b", "hold", ""]),
            st.sampled_from(["RINGING", "ANSWER", "BUSY"]),
        ),
        max_size=40,
    )
)
def test_any_order_of_events_keeps_the_rules(events: list[dict[str, str]]) -> None:
    heard = play(*events)
    for attempt_id in (12, 13):
        mine = [one for one in heard if getattr(one, "attempt_id", None) == attempt_id]
        kinds = [type(one) for one in mine]
        assert max(kinds.count(kind) for kind in (CallRinging, CallAnswered, CallEnded)) <= 1
        if CallEnded in kinds:
            assert kinds[-1] is CallEnded
        talks = [kind for kind in kinds if kind in (CallBridged, CallUnbridged)]
        assert talks == [CallBridged, CallUnbridged] * (len(talks) // 2) + [CallBridged] * (len(talks) % 2)
        if CallEnded in kinds:
            assert len(talks) % 2 == 0
    for leg in (LEG, "agt-8-0badcafe"):
        ups = [type(one) for one in heard if isinstance(one, LegUp | LegEnded) and one.leg_id == leg]
        assert ups in ([], [LegUp], [LegEnded], [LegUp, LegEnded])


def test_sip_causes() -> None:
    assert [sip_cause(text) for text in ("486", "SIP 603 Decline", "", "16", "1486", "sip:x@1.2.3.4")] == [
        486, 603, None, None, None, None,
    ]  # fmt: skip


@given(st.text(max_size=80))
def test_a_damaged_trace_is_still_a_trace(value: str) -> None:
    trace = unattended_trace(5, value)
    assert trace.attempt_id == 5 and trace.key == "unattended-5"
