"""The audit trail: everything that was done, a few refusals a minute for each user, the others counted."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dialerd.control.audit import MOST_REFUSALS, AuditTrail, summarised
from dialerd.control.framing import decode
from dialerd.control.peer import Peer

from .rig import ADMIN, AUDITOR, NOBODY, SUPERVISOR, FakeRecords, Rig


class Minutes:
    """A pause that ends when the test says so."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def pause(self, seconds: float) -> None:
        await self.over.wait()

    async def pass_by(self) -> None:
        self.over.set()
        for _ in range(5):
            await asyncio.sleep(0)
        self.over = asyncio.Event()


async def refuse(trail: AuditTrail, peer: Peer, times: int) -> None:
    for n in range(times):
        await trail.write(peer, "campaign.add", {"name": f"x{n}"}, "refused: no role")


async def test_a_flood_of_refusals_becomes_a_few_rows_and_a_count() -> None:
    records, minutes = FakeRecords(), Minutes()
    trail = AuditTrail(records, minutes.pause)  # type: ignore[arg-type]
    await refuse(trail, NOBODY, 5000)
    assert len(records.audited) == MOST_REFUSALS
    await refuse(trail, AUDITOR, 2)  # another user has the own share
    assert len(records.audited) == MOST_REFUSALS + 2
    await trail.write(NOBODY, "agent.pause", {}, "done")  # what was done is always written
    assert records.audited[-1][4] == "done"
    await minutes.pass_by()
    (counted,) = [row for row in records.audited if row[2] == "(several)"]
    assert counted[0] == NOBODY.uid and counted[3] == {"count": 5000 - MOST_REFUSALS}
    await refuse(trail, NOBODY, 1)  # a new minute
    assert records.audited[-1][4] == "refused: no role"
    await minutes.pass_by()
    assert len([row for row in records.audited if row[2] == "(several)"]) == 1, "nothing to count"


async def test_the_count_is_told_by_the_journal_when_the_daemon_ends(caplog: pytest.LogCaptureFixture) -> None:
    records, minutes = FakeRecords(), Minutes()
    trail = AuditTrail(records, minutes.pause)  # type: ignore[arg-type]
    await refuse(trail, NOBODY, 100)
    await asyncio.sleep(0)
    for task in list(trail._closing):
        task.cancel()
    await asyncio.gather(*trail._closing, return_exceptions=True)
    assert "95 more refused" in caplog.text


async def test_failures_are_limited_through_the_dispatcher_too() -> None:
    rig = Rig()
    minutes = Minutes()
    rig.dispatcher._audit = AuditTrail(rig.records, minutes.pause)  # type: ignore[arg-type]
    for _ in range(50):
        await rig.error("campaign.start", {"name": "nonesuch"}, SUPERVISOR)
        await rig.error("campaign.add", {"name": "x"}, SUPERVISOR)
    assert len(rig.records.audited) == MOST_REFUSALS
    await rig.call("campaign.pause", {"name": "spring"}, SUPERVISOR)
    assert rig.records.audited[-1][4] == "done"


@pytest.mark.parametrize(
    "params",
    [
        {"rows": [{"a": "b" * 10} for _ in range(30_000)]},
        {"changes": {f"k{n}": "x" for n in range(50_000)}},
        {"a": "x" * 900_000, "b": 10**4000, **{f"k{n}": n for n in range(10_000)}},
        {"deep": [[[[["x" * 1000] * 5] * 5] * 5] * 5]},
    ],
)
def test_a_summary_is_short_and_quick(params: dict[str, Any]) -> None:
    began = time.thread_time()
    shown = summarised(params)
    assert time.thread_time() - began < 0.02
    assert len(json.dumps(shown)) < 60 * 1200 and len(shown) <= 60
    assert summarised({"rows": [1, 2], "name": "n"}) == {"rows": [1, 2], "name": "n"}


def _heavy() -> list[tuple[str, Any]]:
    keys = {f"key{n}": n for n in range(40_000)}
    changes = {**keys, "bad": 1}
    ask = {"jsonrpc": "2.0", "id": 1}
    zone = {"campaign": "spring", "number": "+12345", "timezone": "Europe/Berln"}
    return [
        ("unknown parameters", {**ask, "method": "hello", "params": keys}),
        ("unknown columns", {**ask, "method": "campaign.edit", "params": {"name": "spring", "changes": changes}}),
        ("a column of columns", {**ask, "method": "campaign.add", "params": keys}),
        ("a batch", [{**ask, "method": "hello", "params": {f"k{n}": n for n in range(400)}} for _ in range(100)]),
        ("a batch of zones", [{**ask, "method": "call.test", "params": zone} for _ in range(100)]),
        ("half a million values", [0] * 500_000),
        ("many rows", {**ask, "method": "lead.import", "params": {"campaign": "spring", "list": "x",
                                                                  "rows": [{"k": 1}] * 40_000}}),
    ]  # fmt: skip


MOST_LINES = 4
"""What one round of the loop may cost, in decodings of the heaviest line: 40 ms where that takes 10."""


@pytest.mark.parametrize("payload", [p for _, p in _heavy()], ids=[name for name, _ in _heavy()])
async def test_no_request_stalls_the_loop(payload: Any) -> None:
    """Ten clients at once with the heaviest lines there are: no round of the loop costs much more than one such line.

    CPU time of the loop's thread, against what decoding costs on this machine just then. The best of some tries: what
    is too much work at once is too much every time.
    """
    rig = Rig()
    line = json.dumps(payload, separators=(",", ":")).encode()
    assert len(line) <= 1 << 20
    await rig.dispatcher.respond(line, ADMIN)  # what is cached is cached
    tries: list[float] = []
    with _without_collector():
        while len(tries) < 5 and min(tries, default=MOST_LINES) >= MOST_LINES:
            tries.append(await _longest_round(rig, line) / _one_line())
    assert min(tries) < MOST_LINES, [f"{one:.1f} lines" for one in tries]


@contextmanager
def _without_collector() -> Iterator[None]:
    """A full collection walks over all that other tests have left in memory: no work of a request (main.py freezes)."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _one_line() -> float:
    """CPU seconds to decode a line of as many values as are taken."""
    line = json.dumps([0] * 100_000).encode()
    began = time.thread_time()
    decode(line)
    return time.thread_time() - began


async def _longest_round(rig: Rig, line: bytes) -> float:
    """CPU seconds of the loop's longest round while ten clients send this line."""
    worst = 0.0

    async def watch() -> None:
        nonlocal worst
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            worst = max(worst, time.thread_time() - began)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(rig.dispatcher.respond(line, ADMIN) for _ in range(10)))
    watching.cancel()
    return worst


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "x\0y"])
@pytest.mark.parametrize(
    ("method", "field"),
    [("campaign.start", "name"), ("lead.show", "lead"), ("call.list", "campaign"), ("agent.pause", "reason")],
)
async def test_what_no_database_can_store_is_refused_in_a_sentence(method: str, field: str, text: str) -> None:
    """Half of a surrogate pair, and NUL in what is looked up: no unexpected error, no traceback in the journal."""
    rig = Rig()
    params = {"name": "1001", field: text} if method.startswith("agent") else {field: text}
    answer = await rig.call(method, params)
    if field == "reason":
        assert "error" not in answer, "the store makes free texts storable"
    else:
        assert answer["error"]["data"]["kind"] == "usage" and field in answer["error"]["message"], answer


async def test_a_wrong_value_is_not_sent_back_whole() -> None:
    kind, message = await Rig().error("lead.list", {"state": "x" * 65_536})
    assert kind == "usage" and message.startswith("state: must be one of") and len(message) < 400
