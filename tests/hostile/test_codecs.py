"""Every codec under bytes of bad will: an answer or a refusal, never an exception, never something kept for ever."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.control.rig import ADMIN, AGENT, NOBODY, SUPERVISOR, Rig
from tests.hostile import malice
from tests.hostile.counting import SENT

from dialerd.asterisk.ami_protocol import SafeProtocol
from dialerd.asterisk.channel_book import ChannelBook
from dialerd.asterisk.fastagi import SafeApplication
from dialerd.asterisk.node import utc_now
from dialerd.asterisk.translate import WANTED_EVENTS, Translator
from dialerd.asterisk.verdict import WaitingVerdicts
from dialerd.asterisk.verdict_socket import VerdictSocket
from dialerd.control.audit import MOST_REFUSALS, AuditTrail
from dialerd.control.framing import LineBuffer, LineTooLong

ERRORS = {-32700, -32600, -32601, -32602, 1000, 1001, 1002, 1003, 1004, 1005, 1006}
SEEDS = st.integers(min_value=0, max_value=2**63)
TIERS = [pytest.param(60, id="gate"), pytest.param(2500, id="soak", marks=pytest.mark.soak)]
"""Examples for each codec; each holds ten requests."""


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def pieces(rng: random.Random, whole: bytes) -> list[bytes]:
    """The stream cut anywhere."""
    cuts = sorted(rng.randrange(len(whole) + 1) for _ in range(rng.randrange(6)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


@pytest.mark.parametrize("count", TIERS)
def test_control_lines_and_dispatch(count: int) -> None:
    @examples(count)
    @given(SEEDS)
    def play(seed: int) -> None:
        rng = random.Random(seed)
        lines = [malice.control_line(rng) for _ in range(10)]
        SENT["codec: control framing and dispatch"] += len(lines)
        asyncio.run(_answered(rng, lines))

    play()


async def _answered(rng: random.Random, lines: list[bytes]) -> None:
    rig, buffer = Rig(), LineBuffer()
    # the rig's pauses end at once: in its minute of no length every refusal would be the first
    rig.dispatcher._audit = AuditTrail(rig.records, lambda _: asyncio.Event().wait())  # type: ignore[arg-type,return-value]
    peer = rng.choice((ADMIN, SUPERVISOR, AGENT, NOBODY))
    whole: list[bytes] = []
    for line in lines:
        try:
            whole += [found for piece in pieces(rng, line) for found in buffer.feed(piece)]
        except LineTooLong:
            buffer = LineBuffer()
    for line in whole:
        raw = await rig.dispatcher.respond(line, peer)
        if raw is None:
            continue
        assert raw.endswith(b"\n") and raw.count(b"\n") == 1 and len(raw) <= 1 << 20
        for answer in answers if isinstance(answers := json.loads(raw), list) else [answers]:
            if "error" in answer:
                assert answer["error"]["code"] in ERRORS
                assert "unexpected" not in answer["error"]["message"], (line[:500], answer)
                assert len(answer["error"]["message"]) < 4000
    refused = [row for row in rig.records.audited if row[-1] != "done"]
    assert len(refused) <= MOST_REFUSALS, "nobody fills the audit log by asking"


class Ear:
    """A writer that keeps nothing."""

    def __init__(self) -> None:
        self.sent = 0

    def write(self, data: bytes) -> None:
        assert data.count(b"\n") == 1, "one AGI command is one line"
        self.sent += len(data)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("count", TIERS)
def test_agi_conversations(count: int) -> None:
    @examples(count)
    @given(SEEDS)
    def play(seed: int) -> None:
        rng = random.Random(seed)
        SENT["codec: AGI environment and answers"] += 10
        asyncio.run(_conversed(rng))

    play()


async def _conversed(rng: random.Random) -> None:
    counters: Counter[str] = Counter()
    asked: list[Any] = []
    verdicts = WaitingVerdicts(asked.append, attends=lambda _: True, longest_wait_s=0.02, counters=counters)
    application = SafeApplication(verdicts, counters=counters, environment_timeout_s=0.02, command_timeout_s=0.02)

    async def converse() -> None:
        reader = asyncio.StreamReader(limit=16_384)
        for piece in pieces(rng, malice.environment(rng) + malice.agi_answers(rng)):
            reader.feed_data(piece)
        if rng.random() < 0.8:
            reader.feed_eof()
        await application._conversations.serve(reader, Ear())  # type: ignore[arg-type]

    async with asyncio.timeout(5):
        await asyncio.gather(*(converse() for _ in range(10)))
    assert counters["handler_errors"] == 0 and len(verdicts) == 0 and not application._conversations
    for event in asked:
        assert event.attempt_id > 0


@pytest.mark.parametrize("count", TIERS)
def test_verdict_requests(count: int, tmp_path: Path) -> None:
    @examples(count)
    @given(SEEDS)
    def play(seed: int) -> None:
        rng = random.Random(seed)
        SENT["codec: verdict socket"] += 10
        asyncio.run(_refused(rng, tmp_path))

    play()


async def _refused(rng: random.Random, folder: Path) -> None:
    counters: Counter[str] = Counter()
    verdicts = WaitingVerdicts(lambda event: None, attends=lambda _: True, longest_wait_s=0.01, counters=counters)
    served = VerdictSocket(verdicts, folder / "none", counters=counters, request_timeout_s=0.02)

    async def ask() -> None:
        reader = asyncio.StreamReader(limit=4096)
        for piece in pieces(rng, malice.verdict_line(rng)):
            reader.feed_data(piece)
        if rng.random() < 0.5:
            reader.feed_eof()
        await served._conversations.serve(reader, Ear())  # type: ignore[arg-type]

    async with asyncio.timeout(5):
        await asyncio.gather(*(ask() for _ in range(10)))
    assert counters["handler_errors"] == 0 and len(verdicts) == 0 and not served._conversations


class Wire:
    """A transport that is only closed."""

    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes) -> None:
        pass


@pytest.mark.parametrize("count", TIERS)
def test_ami_messages(count: int) -> None:
    @examples(count)
    @given(SEEDS)
    def play(seed: int) -> None:
        rng = random.Random(seed)
        SENT["codec: AMI messages"] += 10
        asyncio.run(_listened(rng))

    play()


async def _listened(rng: random.Random) -> None:
    counters: Counter[str] = Counter()
    translator = Translator(ChannelBook())
    lost: list[str] = []
    heard: list[Any] = []
    protocol = SafeProtocol(
        wanted=WANTED_EVENTS,
        on_event=lambda event: heard.extend(translator.translate(event, utc_now())),
        on_lost=lost.append,
        counters=counters,
    )
    protocol.connection_made(Wire())
    protocol.closed = False
    protocol.data_received(b"Asterisk Call Manager/9.0.0\r\n")
    for piece in pieces(rng, b"".join(malice.ami_message(rng) for _ in range(10))):
        protocol.data_received(piece)
    assert counters["handler_errors"] == 0, "an exception in a handler"
    assert not lost and len(protocol._buffer) < 1 << 20
