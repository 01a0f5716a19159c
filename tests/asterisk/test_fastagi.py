"""The FastAGI server: the conversation with Asterisk, and peers that mean no good. stack.md 1.6."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from dialerd.asterisk.fastagi import SafeApplication
from dialerd.asterisk.verdict import WaitingVerdicts
from dialerd.core.messages import PbxEvent, SendVerdict, VerdictAbandoned, VerdictAsked

from .fake_ami import until
from .rig import LEG, TOKEN

# Generous: a stalled loop (the stock server at end of file) stalls for ever; a loaded machine for some tenths.
LONGEST_STALL_S = 1.0


@dataclass
class Agi:
    """A server, what it posted, and who it takes for attended."""

    port: int
    counters: Counter[str]
    verdicts: WaitingVerdicts
    events: list[PbxEvent] = field(default_factory=list)
    attended: set[int] = field(default_factory=set)


@asynccontextmanager
async def agi(**limits: float) -> AsyncIterator[Agi]:
    made = Agi(0, Counter(), None)  # type: ignore[arg-type]
    made.verdicts = WaitingVerdicts(
        made.events.append,
        attends=lambda attempt_id: attempt_id in made.attended,
        longest_wait_s=limits.pop("longest_wait_s", 5.0),
        counters=made.counters,
    )
    server = SafeApplication(made.verdicts, counters=made.counters, **limits)  # type: ignore[arg-type]
    made.port = await server.start("127.0.0.1", 0)
    try:
        yield made
    finally:
        await server.stop()
        await asyncio.sleep(0.01)


class Asterisk:
    """Asterisk's side of one conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.variables = {"AMDSTATUS": "HUMAN", "AMDCAUSE": "HUMAN-800-800"}
        self.commands: list[str] = []

    @classmethod
    async def call(cls, port: int, attempt: str = "12", token: str = TOKEN, script: str = "verdict") -> Asterisk:
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        made.writer.write(
            f"agi_network: yes\nagi_network_script: {script}\nagi_request: agi://x/{script}\n"
            f"agi_uniqueid: dlr-12-0badcafe\nagi_arg_1: {attempt}\nagi_arg_2: {token}\n\n".encode()
        )
        return made

    async def run(self) -> dict[str, str]:
        """Answer commands until the server closes; the variables afterwards."""
        while line := (await self.reader.readline()).decode().rstrip("\n"):
            self.commands.append(line)
            verb, what, name, *value = line.split(" ", 3)
            if (verb, what) == ("GET", "VARIABLE"):
                known = self.variables.get(name)
                self.writer.write((f"200 result=1 ({known})\n" if known is not None else "200 result=0\n").encode())
            else:
                assert (verb, what) == ("SET", "VARIABLE")
                self.variables[name] = value[0].strip('"')
                self.writer.write(b"200 result=1\n")
        self.close()
        return self.variables

    def close(self) -> None:
        self.writer.close()


async def asked(served: Agi, count: int = 1) -> VerdictAsked:
    questions: list[VerdictAsked] = []

    def enough() -> bool:
        questions[:] = [one for one in served.events if isinstance(one, VerdictAsked)]
        return len(questions) >= count

    await until(enough, "VerdictAsked")
    return questions[count - 1]


# ---------------------------------------------------------------- the contract


@pytest.mark.parametrize("status", ["HUMAN", "NOTSURE", ""])
async def test_question_and_verdict(status: str) -> None:
    async with agi() as served:
        served.attended.add(12)
        call = await Asterisk.call(served.port)
        call.variables = {"AMDSTATUS": status, "AMDCAUSE": "HUMAN-800-800"} if status else {}
        running = asyncio.create_task(call.run())
        question = await asked(served)
        assert (question.attempt_id, question.token, question.amd_status) == (12, TOKEN, status)
        assert call.commands[0] == 'SET VARIABLE DLR_ATTENDED "1"'
        assert served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="agent", leg_id=LEG))
        variables = await running
        assert variables["DLR_VERDICT"] == "agent" and variables["DLR_AGENT_LEG"] == LEG
        assert call.commands[-1] == 'SET VARIABLE DLR_VERDICT "agent"'  # the leg is there before the verdict
        assert len(served.events) == 1 and len(served.verdicts) == 0


async def test_a_call_that_dialerd_does_not_attend_is_not_marked() -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        running = asyncio.create_task(call.run())
        question = await asked(served)
        served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="machine"))
        variables = await running
        assert "DLR_ATTENDED" not in variables and variables["DLR_VERDICT"] == "machine"


async def hung_up(call: Asterisk) -> None:
    call.writer.write(b"HANGUP\n")
    await call.writer.drain()


async def closed(call: Asterisk) -> None:
    call.close()


async def reset(call: Asterisk) -> None:
    call.writer.transport.abort()


@pytest.mark.parametrize("leave", [hung_up, closed, reset])
async def test_who_leaves_while_waiting_is_told_and_needs_no_verdict(
    leave: Callable[[Asterisk], Awaitable[None]],
) -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        running = asyncio.create_task(call.run())
        question = await asked(served)
        await leave(call)
        await until(lambda: len(served.events) == 2, "VerdictAbandoned")
        assert served.events[1] == VerdictAbandoned(request_id=question.request_id, attempt_id=12)
        assert not served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="machine"))
        with suppress(ConnectionError):
            assert "DLR_VERDICT" not in await running
        call.close()


async def test_no_verdict_in_time_sets_nothing() -> None:
    async with agi(longest_wait_s=0.1) as served:
        call = await Asterisk.call(served.port)
        assert "DLR_VERDICT" not in await call.run()
        assert [type(one) for one in served.events] == [VerdictAsked, VerdictAbandoned]


async def test_stop_closes_who_waits() -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        running = asyncio.create_task(call.run())
        await asked(served)
    assert "DLR_VERDICT" not in await running
    assert isinstance(served.events[-1], VerdictAbandoned)


@pytest.mark.parametrize(
    ("attempt", "token", "script"),
    [
        ("12\r", TOKEN, "verdict"),
        ("-1", TOKEN, "verdict"),
        ("१२", TOKEN, "verdict"),
        ("12", "short", "verdict"),
        ("12", TOKEN.upper(), "verdict"),
        ("12", TOKEN, "other"),
    ],
)
async def test_what_is_no_question_gets_no_answer(attempt: str, token: str, script: str) -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port, attempt, token, script)
        assert await call.run() == {"AMDSTATUS": "HUMAN", "AMDCAUSE": "HUMAN-800-800"}
        assert not call.commands and not served.events and served.counters["agi_refused"] == 1


@pytest.mark.parametrize("value", ["hangup", "MACHINE) (x", "a" * 100, "é", "HUMAN\tX"])
async def test_a_strange_amd_status_is_refused_not_believed(value: str) -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        call.variables["AMDSTATUS"] = value
        await call.run()
        assert not served.events and served.counters["agi_refused"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"",  # end of file in the middle of a command
        b"200 resu",
        b"511 Command Not Permitted on a dead channel\n",
        b"510 Invalid or unknown command\n",
        b"520-Invalid command syntax.  Proper usage follows:\nUsage: x\n520 End of proper usage.\n",
        b"\xff\xfe\n" * 100,
        b"x" * 200_000,
        b"HANGUP\n",
    ],
)
async def test_answers_that_are_none_end_the_conversation(answer: bytes) -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        await call.reader.readline()
        call.writer.write(answer)
        with suppress(ConnectionError):
            if call.writer.can_write_eof():
                call.writer.write_eof()
            assert await asyncio.wait_for(call.reader.read(), 3) == b""
        call.close()
        await until(lambda: served.counters["agi_broken"] == 1, "broken")
        assert not served.events and not served.counters["handler_errors"]


@pytest.mark.parametrize("answer", [b"HANGUP\nHANGUP\n", b"200 result=0\n", b"511 dead\n", b""])
async def test_a_verdict_that_asterisk_did_not_take_is_told(answer: bytes) -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        for _ in range(2):
            await call.reader.readline()
            call.writer.write(b"200 result=0\n")
        question = await asked(served)
        served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="machine"))
        assert await call.reader.readline() == b'SET VARIABLE DLR_VERDICT "machine"\n'
        call.writer.write(answer)
        call.close()
        await until(lambda: len(served.events) == 2, "told")
        assert served.events[1] == VerdictAbandoned(request_id=question.request_id, attempt_id=12)
        assert served.counters["verdicts_undelivered"] == 1


async def test_provisional_answers_are_waited_through() -> None:
    async with agi() as served:
        call = await Asterisk.call(served.port)
        for value in (b"MACHINE", b"MAXWORDS-3-2"):
            await call.reader.readline()
            call.writer.write(b"100 result=0 Trying...\n200 result=1 (" + value + b")\n")
        question = await asked(served)
        assert (question.amd_status, question.amd_cause) == ("MACHINE", "MAXWORDS-3-2")
        call.close()


# ---------------------------------------------------------------- peers that mean no good


async def _probe(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def _half_environment(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"agi_network: yes\nagi_network_scr")
    await writer.drain()
    writer.close()


async def _garbage(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        writer.write(bytes(range(1, 10)) * 22_000)
        await writer.drain()
    writer.close()


async def _many_lines(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        writer.write(b"agi_x: y\n" * 22_000)
        await writer.drain()
    writer.close()


@pytest.mark.parametrize("attack", [_probe, _half_environment, _garbage, _many_lines])
async def test_attacks_do_not_stall_the_loop(attack: Callable[[int], Awaitable[None]]) -> None:
    async with agi() as served, stall_watch() as stalls:
        await asyncio.wait_for(asyncio.gather(*(attack(served.port) for _ in range(50))), 20)
        await until(lambda: served.counters["agi_broken"] >= 50, "all broken", 10)
        call = await Asterisk.call(served.port)
        running = asyncio.create_task(call.run())
        question = await asked(served)
        served.verdicts.answer(SendVerdict(request_id=question.request_id, verdict="hangup"))
        assert (await running)["DLR_VERDICT"] == "hangup"
    assert max(stalls) < LONGEST_STALL_S and not served.counters["handler_errors"]


async def test_a_slow_peer_is_cut_at_the_deadline() -> None:
    async with agi(environment_timeout_s=0.3) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)

        async def drip() -> None:
            with suppress(ConnectionError):
                while True:
                    writer.write(b"a")
                    await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        with suppress(ConnectionResetError):  # a reset is a cut as well: our bytes were on the way
            assert await asyncio.wait_for(reader.read(), 3) == b""
        assert dripping.done() or writer.transport.is_closing() or reader.at_eof() or reader.exception()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
        writer.close()


async def test_500_at_once_and_no_more_than_the_limit() -> None:
    async with agi(most_connections=500) as served, stall_watch() as stalls:
        calls = [await Asterisk.call(served.port, str(n + 1)) for n in range(500)]
        running = [asyncio.create_task(call.run()) for call in calls]
        await asked(served, 500)
        extra = await Asterisk.call(served.port, "999")
        with suppress(ConnectionError):
            assert await extra.run() == {"AMDSTATUS": "HUMAN", "AMDCAUSE": "HUMAN-800-800"}
        for event in list(served.events):
            assert isinstance(event, VerdictAsked)
            served.verdicts.answer(SendVerdict(request_id=event.request_id, verdict="abandon"))
        assert {variables["DLR_VERDICT"] for variables in await asyncio.gather(*running)} == {"abandon"}
        assert served.counters["agi_refused"] == 1
    assert max(stalls) < LONGEST_STALL_S


@asynccontextmanager
async def stall_watch() -> AsyncIterator[list[float]]:
    """The pauses of the loop beyond 10 ms, in seconds, while the block runs."""
    stalls = [0.0]
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(0.01)
            stalls.append(loop.time() - before - 0.01)

    task = asyncio.create_task(watch())
    try:
        yield stalls
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
