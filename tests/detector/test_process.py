"""The detector as a process: it hears, dies, comes back on the same port, and never outlives dialerd."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.amd_corpus.tones import silence, tone

from dialerd.detector.audiosocket import HANG_UP
from dialerd.detector.lines import Heard
from dialerd.detector.process import Detector

from .asterisk_side import Call, until
from .sounds import chatter, through_telephone

BEEP = through_telephone(chatter(1.0), silence(0.3), tone(1000, 0.3, -20), silence(1.0))


def running(pid: int) -> bool:
    """Whether this process is there and no zombie (whose parent has not looked yet)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def a_call(detector: Detector, attempt: int, heard: list[Heard]) -> None:
    token = f"{attempt:032x}"
    detector.wait_for(attempt, token, silence_s=2.0, longest_s=30.0)
    call = await Call.to(detector.port, token)
    call.plays(BEEP)
    assert await call.answer() == HANG_UP
    await until(lambda: any(each.attempt == attempt for each in heard))


async def test_it_hears_dies_and_comes_back(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Heard] = []
    detector = Detector("127.0.0.1", 0, heard.append)
    await detector.start()
    try:
        port = detector.port
        await a_call(detector, 1, heard)
        assert detector._process is not None
        killed = detector._process.pid
        os.kill(killed, signal.SIGKILL)
        await until(lambda: not detector.port and detector._process is None)
        detector.wait_for(2, "22" * 16, silence_s=2.0, longest_s=30.0)  # nobody there: nothing happens
        await until(lambda: detector.port)
        assert detector.port == port
        assert "the detector ended" in caplog.text
        await a_call(detector, 3, heard)
        last = detector._process.pid
    finally:
        await detector.stop()
    assert detector.port == 0
    assert not running(killed) and not running(last)


async def test_a_port_that_is_taken(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialerd.detector.process.STARTED_WITHIN_S", 2.0)
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    detector = Detector("127.0.0.1", port, lambda heard: None)
    await detector.start()
    await detector.stop()
    server.close()
    assert detector.port == 0
    assert f"cannot listen on 127.0.0.1:{port}" in caplog.text


async def test_a_greeting_is_heard_out_when_dialerd_stops_meanwhile() -> None:
    heard: list[Heard] = []
    detector = Detector("127.0.0.1", 0, heard.append)
    await detector.start()
    token, port = "33" * 16, detector.port
    detector.wait_for(3, token, longest_s=30.0)
    call = await Call.to(port, token)
    call.plays(BEEP[:8000])
    await asyncio.sleep(0.3)
    assert detector._process is not None
    pid = detector._process.pid
    await detector.stop()
    again = Detector("127.0.0.1", port, heard.append)
    await again.start()
    assert again.port == port, "the port is free for the next one"
    await again.stop()
    call.plays(BEEP[8000:])
    assert await call.answer() == HANG_UP
    await until(lambda: not running(pid), within_s=15)
