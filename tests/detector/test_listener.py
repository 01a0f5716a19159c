"""The server over real sockets: who is listened to, what Asterisk is told, who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.amd_corpus.tones import silence, tone

from dialerd.detector import listener as module
from dialerd.detector.audiosocket import HANG_UP
from dialerd.detector.lines import Await, Heard, Line, Trouble
from dialerd.detector.listener import Listener

from .asterisk_side import Call, until
from .sounds import chatter, through_telephone

TOKEN = "0123456789abcdef0123456789abcdef"
BEEP = through_telephone(chatter(1.0), silence(0.3), tone(1000, 0.3, -20), silence(1.0))


def awaited(attempt: int, token: str = TOKEN, longest_s: float = 30.0) -> Await:
    return Await(attempt=attempt, token=token, silence_s=2.0, longest_s=longest_s)


@asynccontextmanager
async def listening(**options: int) -> AsyncIterator[tuple[Listener, int, list[Line]]]:
    told: list[Line] = []
    listener = Listener(told.append, **options)
    port = await listener.start("127.0.0.1", 0)
    try:
        yield listener, port, told
    finally:
        await listener.finish()


async def test_the_end_of_a_greeting_is_told_to_both_sides() -> None:
    async with listening() as (listener, port, told):
        await listener.take(awaited(7))
        call = await Call.to(port, TOKEN)
        call.plays(BEEP)
        assert await call.answer() == HANG_UP
        (heard,) = told
        assert isinstance(heard, Heard)
        assert (heard.attempt, heard.cue, heard.hz) == (7, "beep", pytest.approx((1000,), abs=5))


async def test_a_connection_may_be_faster_than_dialerds_word_of_it() -> None:
    async with listening() as (listener, port, told):
        call = await Call.to(port, TOKEN)
        call.plays(BEEP)
        await asyncio.sleep(0.3)
        assert not told
        await listener.take(awaited(7))
        assert await call.answer() == HANG_UP


async def test_when_nothing_may_be_played_asterisk_is_not_told_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HUNG_UP_WITHIN_S", 0.3)
    async with listening() as (listener, port, told):
        await listener.take(awaited(7, longest_s=2.0))
        call = await Call.to(port, TOKEN)
        call.plays(through_telephone(chatter(3.0)))
        assert await call.answer() in (b"", b"reset")
        assert [(each.attempt, each.cue) for each in told if isinstance(each, Heard)] == [(7, "timeout")]


async def test_strangers_are_refused_and_a_call_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANNOUNCED_WITHIN_S", 0.2)
    async with listening() as (listener, port, told):
        await listener.take(awaited(7))
        stranger = await Call.to(port, "00" * 16)
        stranger.plays(BEEP)
        assert await stranger.answer() in (b"", b"reset")
        first, second = await Call.to(port, TOKEN), await Call.to(port, TOKEN)
        for call in (first, second):
            call.plays(BEEP)
        answers = [await call.answer() for call in (first, second)]
        assert sorted(answer == HANG_UP for answer in answers) == [False, True]
        assert sum(isinstance(each, Heard) for each in told) == 1
        assert sum(isinstance(each, Trouble) for each in told) == 2


async def test_calls_whose_sound_never_came_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANNOUNCED_WITHIN_S", 0.2)
    monkeypatch.setattr(module, "COMES_WITHIN_S", 0.0)
    async with listening() as (listener, port, told):
        for attempt, token in enumerate(("ee" * 16, "dd" * 16), start=1):
            await listener.take(awaited(attempt, token))
        late = await Call.to(port, "ee" * 16)
        assert await late.answer() in (b"", b"reset")
        assert [type(each) for each in told] == [Trouble]


async def test_a_call_that_ends_before_its_greeting() -> None:
    async with listening() as (listener, port, told):
        await listener.take(awaited(7))
        call = await Call.to(port, TOKEN)
        call.plays(through_telephone(chatter(1.0)))
        call.send(0x00, b"")
        call.writer.close()
        await until(lambda: told)
        assert isinstance(told[0], Heard)
        assert told[0].cue == "gone"


async def test_no_more_streams_than_allowed() -> None:
    async with listening(most_streams=2) as (listener, port, told):
        tokens = [f"{number:032x}" for number in range(3)]
        calls = []
        for number, token in enumerate(tokens):
            await listener.take(awaited(number + 1, token))
            calls.append(await Call.to(port, token))
            await asyncio.sleep(0.05)
        assert await calls[2].answer() in (b"", b"reset")
        assert isinstance(told[0], Trouble)
        for call in calls[:2]:
            call.plays(BEEP)
            assert await call.answer() == HANG_UP


async def test_many_at_once() -> None:
    async with listening() as (listener, port, told):
        tokens = [f"{number:032x}" for number in range(40)]
        for number, token in enumerate(tokens):
            await listener.take(awaited(number + 1, token))
        calls = await asyncio.gather(*(Call.to(port, token) for token in tokens))
        for call in calls:
            call.plays(BEEP)
        assert set(await asyncio.gather(*(call.answer() for call in calls))) == {HANG_UP}
        assert {each.attempt for each in told if isinstance(each, Heard)} == set(range(1, 41))
