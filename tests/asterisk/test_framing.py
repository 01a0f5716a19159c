"""The AMI byte stream: limits, filters, answers, and headers that never become two. Defects by stack.md 1.2 number."""

from __future__ import annotations

import asyncio
import gc

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.asterisk.ami_headers import HeaderRefused, checked_headers, parse_headers
from dialerd.asterisk.ami_protocol import LONGEST_MESSAGE_BYTES, MOST_UNSENT_BYTES, AmiClosed, SafeProtocol

from .fake_ami import BANNER, event, message
from .transcripts import Listener

# ---------------------------------------------------------------- headers out


@given(st.text(max_size=50), st.sampled_from("\r\n\x00\x0b\x1b\x7f\x85\u2028"), st.text(max_size=50))
def test_13_a_control_character_anywhere_is_refused(before: str, bad: str, after: str) -> None:
    with pytest.raises(HeaderRefused):
        checked_headers({"Action": "Originate", "Variable": ["A=1", before + bad + after]})


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["CallerID", "Channel", "Data", "Account"]), st.text(max_size=1200)), st.text())
async def test_13_whatever_is_sent_is_one_action_with_these_headers(values: dict[str, str], name: str) -> None:
    listener = Listener()
    headers = {"Action": "Originate", "ActionID": "x1", **values, name: "v"}
    try:
        listener.protocol.send(headers)
    except HeaderRefused:
        assert not listener.transport.written
        return
    wire = bytes(listener.transport.written)
    assert wire.endswith(b"\r\n\r\n") and wire.count(b"\r\n\r\n") == 1
    assert wire.count(b"\r\n") == len(headers) + 1 and wire.count(b"\n") == wire.count(b"\r") == len(headers) + 1
    assert parse_headers(wire[:-4]) == headers


def test_too_long_and_too_many_headers_are_refused() -> None:
    checked_headers({"Data": "x" * 994})
    with pytest.raises(HeaderRefused, match="longer"):
        checked_headers({"Data": "x" * 995})
    with pytest.raises(HeaderRefused, match="longer"):
        checked_headers({"Data": "é" * 498})
    checked_headers({"Action": "Originate", "Variable": ["A=1"] * 99})
    with pytest.raises(HeaderRefused, match="101"):
        checked_headers({"Action": "Originate", "Variable": ["A=1"] * 100})
    with pytest.raises(HeaderRefused):
        checked_headers({"Data": "\ud800"})
    with pytest.raises(HeaderRefused):
        checked_headers({"Action: x\r\nY": "1"})


# ---------------------------------------------------------------- bytes in


async def test_14_a_character_split_over_two_reads_arrives_whole() -> None:
    listener = Listener(frozenset({"Hangup"}))
    raw = BANNER + event("Hangup", CallerIDName="Zoë Ωμέγα 电话")
    cut = raw.index("ë".encode()) + 1
    listener.protocol.data_received(raw[:cut])
    listener.protocol.data_received(raw[cut:])
    assert listener.events[0]["CallerIDName"] == "Zoë Ωμέγα 电话"


async def test_17_an_empty_last_header_is_there() -> None:
    listener = Listener(frozenset({"Hangup"}))
    listener.protocol.data_received(BANNER + event("Hangup", Value=""))
    assert listener.events == [{"Event": "Hangup", "Value": ""}]


async def test_bytes_that_are_no_utf8_do_no_harm() -> None:
    listener = Listener(frozenset({"Hangup"}))
    listener.protocol.data_received(BANNER + b"Event: Hangup\r\nX: a\xffb\r\n\r\n" + event("Hangup", X="2"))
    assert [one["X"] for one in listener.events] == ["a\ufffdb", "2"]


async def test_only_wanted_events_are_parsed() -> None:
    listener = Listener(frozenset({"Hangup"}))
    listener.protocol.data_received(BANNER + event("Newexten", A="1") * 3 + event("Hangup") + event("HangupRequest"))
    assert [one["Event"] for one in listener.events] == ["Hangup"]
    assert listener.counters["events_dropped"] == 4 and listener.counters["events_seen"] == 5


async def test_8_an_exception_of_a_handler_costs_one_event_only(caplog: pytest.LogCaptureFixture) -> None:
    listener = Listener(frozenset({"Hangup"}))
    taken: list[str] = []

    def handler(one: dict[str, str]) -> None:
        if one["N"] == "1":
            raise RuntimeError("bad event")
        taken.append(one["N"])

    listener.protocol._on_event = handler
    listener.protocol.data_received(BANNER + b"".join(event("Hangup", N=str(n)) for n in range(3)))
    assert taken == ["0", "2"] and not listener.lost
    assert listener.counters["handler_errors"] == 1 and "could not be handled" in caplog.text


async def test_9_events_keep_their_order_and_make_no_tasks() -> None:
    listener = Listener(frozenset({"Hangup"}))
    before = len(asyncio.all_tasks())
    listener.protocol.data_received(BANNER + b"".join(event("Hangup", N=str(n)) for n in range(500)))
    assert [int(one["N"]) for one in listener.events] == list(range(500))
    assert len(asyncio.all_tasks()) == before


async def test_a_message_without_end_closes_the_link() -> None:
    listener = Listener()
    listener.protocol.data_received(BANNER)
    for _ in range(LONGEST_MESSAGE_BYTES // 65536 + 1):
        listener.protocol.data_received(b"x" * 65536)
    assert listener.lost and "longer than" in listener.lost[0] and listener.transport.aborted
    assert not listener.protocol._buffer


@pytest.mark.parametrize("banner", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"Asterisk Call Manager/" + b"9" * 300])
async def test_what_is_no_asterisk_manager_is_not_talked_to(banner: bytes) -> None:
    listener = Listener()
    listener.protocol.data_received(banner)
    assert len(listener.lost) == 1 and "no Asterisk manager" in listener.lost[0]


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=200), max_size=8))
async def test_garbage_never_raises(pieces: list[bytes]) -> None:
    listener = Listener()
    listener.protocol.data_received(BANNER)
    for piece in pieces:
        if not listener.protocol.closed:
            listener.protocol.data_received(piece)
    listener.protocol.data_received(b"\r\n\r\n" + event("Hangup", N="1"))
    assert listener.events[-1]["N"] == "1"


# ---------------------------------------------------------------- answers


async def test_5_a_passed_deadline_leaves_nothing_behind() -> None:
    listener = Listener()
    for n in range(100):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await listener.protocol.send({"Action": "Ping", "ActionID": f"p{n}"})
    await asyncio.sleep(0)
    assert not listener.protocol.responses
    listener.protocol.data_received(BANNER + message(("Response", "Success"), ("ActionID", "p5")))
    assert listener.counters["answers_late"] == 1


async def test_3_every_pending_action_fails_when_the_link_ends_and_none_complains_later() -> None:
    listener = Listener()
    futures = [listener.protocol.send({"Action": "Originate", "ActionID": f"o{n}"}) for n in range(50)]
    problems: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    listener.protocol.connection_lost(None)
    for future in futures[:25]:
        with pytest.raises(AmiClosed) as caught:
            await future
        assert caught.value.sent
    del futures, future, caught
    gc.collect()
    await asyncio.sleep(0)
    assert not listener.protocol.responses and not problems and len(listener.lost) == 1


async def test_2_nothing_is_accepted_without_a_link() -> None:
    listener = Listener()
    listener.protocol.close()
    with pytest.raises(AmiClosed) as caught:
        listener.protocol.send({"Action": "Originate"})
    assert not caught.value.sent and not listener.transport.written and not listener.lost


async def test_15_an_originate_response_reaches_the_events_not_the_answer() -> None:
    listener = Listener()
    answer = listener.protocol.send({"Action": "Originate", "ActionID": "o1", "Async": "true"})
    listener.protocol.data_received(BANNER + event("OriginateResponse", ActionID="o1", Response="Failure"))
    assert not answer.done()
    listener.protocol.data_received(message(("Response", "Success"), ("ActionID", "o1"), ("Message", "queued")))
    assert (await answer).response == "Success"
    listener.protocol.data_received(event("OriginateResponse", ActionID="o1", Response="Failure"))
    # 16: what panoramisk calls a success on any event is read from the header itself
    assert [one["Response"] for one in listener.events] == ["Failure", "Failure"]


async def test_the_same_action_id_twice_is_refused() -> None:
    listener = Listener()
    listener.protocol.send({"Action": "Originate", "ActionID": "o1"})
    with pytest.raises(AmiClosed, match="under way"):
        listener.protocol.send({"Action": "Originate", "ActionID": "o1"})


async def test_a_peer_that_does_not_read_is_given_up() -> None:
    listener = Listener()
    listener.transport.unsent = MOST_UNSENT_BYTES + 1
    with pytest.raises(AmiClosed):
        listener.protocol.send({"Action": "Ping"})
    assert listener.lost and isinstance(listener.protocol, SafeProtocol) and listener.protocol.closed


async def test_list_answers_end_and_errors_of_lists_too() -> None:
    listener = Listener()
    rows = listener.protocol.send({"Action": "CoreShowChannels", "ActionID": "c"}, as_list=None)
    nothing = listener.protocol.send({"Action": "DBGetTree", "ActionID": "d"}, as_list=None)
    id_ = ("ActionID", "c")
    listener.protocol.data_received(
        BANNER
        + message(("Response", "Success"), id_, ("EventList", "start"), ("Message", "will follow"))
        + message(("Event", "CoreShowChannel"), id_, ("Uniqueid", "u"))
        + message(("Event", "CoreShowChannelsComplete"), id_)
        + message(("Response", "Error"), ("ActionID", "d"), ("Message", "Database entry not found"))
    )
    assert [row.event for row in await rows] == ["", "CoreShowChannel", "CoreShowChannelsComplete"]
    assert (await nothing).response == "Error" and not listener.protocol.responses
