"""Plays greetings into calls that a real Asterisk analyses with AMD, many at once. Knows nothing of the model.

The way of each greeting: 16-bit samples → u-law → RTP of the far end → Asterisk → AMD() of the shipped dialplan.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tests.amd_corpus.greetings import Greeting

from dialerd.core.amd.frames import FRAME_MS, After
from dialerd.core.campaign import AmdParameters

from .farend import Behaviour, FarEnd
from .farend.audio import SILENCE
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.originate import Attempt, call_customer
from .ulaw import coded

_APART_S = 0.03  # calls begin one after the other, as a dialer's do
_TRIES = 3


@dataclass(frozen=True)
class Wanted:
    """One call to place: a greeting, the parameters of AMD, and what the far end sends after the greeting.

    `sample`: the file in which Asterisk keeps what AMD hears; empty: none.
    """

    greeting: Greeting
    parameters: AmdParameters
    after: After = After.SILENCE
    sample: str = ""


@dataclass(frozen=True)
class Heard:
    """What Asterisk said of a call.

    `status` and `cause` are its AMDSTATUS and AMDCAUSE, `elapsed_ms` is from the far end's answer to AMD's verdict,
    `frames_sent` what the far end had sent by then; `stalled` counts the calls before this one that stalled.
    """

    wanted: Wanted
    status: str
    cause: str
    elapsed_ms: float
    frames_sent: int
    stalled: int


def has_stalled(wanted: Wanted, cause: str) -> bool:
    """Return whether AMD's clock ended the analysis before its count of frames did: frames came too late.

    With frames in time the count is at the end first and says so: TOOLONG with the whole analysis time, in whole frames
    (a number between two frames is the clock's: 5001 was seen on a busy machine). Of a far end that stops sending
    nothing can be told: there the clock ends calls that did not stall, too.
    """
    word, _, counted = cause.partition("-")
    if wanted.after is not After.SILENCE or word != "TOOLONG":
        return False
    return int(counted) < wanted.parameters.total_analysis_time or bool(int(counted) % FRAME_MS)


@dataclass
class _Placed:
    wanted: Wanted
    number: str
    stalled: int
    status: str = ""


class Switchboard:
    """Places calls and collects AMD's verdicts; on one thread, with at most `at_once` calls."""

    def __init__(self, farend: FarEnd, ami: AmiClient, agi: AgiServer, *, at_once: int = 24) -> None:
        """`agi` gets the script that hangs up after AMD."""
        self._farend, self._ami, self._agi = farend, ami, agi
        self._at_once = at_once
        self._on_line: dict[str, _Placed] = {}
        self._seen = len(ami.messages)
        self._numbers = 0

    def heard(self, wanted: Iterable[Wanted], *, timeout_s: float) -> list[Heard]:
        """Place the calls and return what AMD said, in any order; a stalled call is placed again, three times in all.

        AssertionError when the verdicts are not all there in time.
        """
        waiting = deque(_Placed(each, "", 0) for each in wanted)
        found: list[Heard] = []
        deadline = time.monotonic() + timeout_s
        while waiting or self._on_line:
            assert time.monotonic() < deadline, f"{len(waiting)} calls not placed, {len(self._on_line)} without verdict"
            if waiting and len(self._on_line) < self._at_once:
                self._place(waiting.popleft())
            for placed, heard in self._verdicts():
                if has_stalled(placed.wanted, heard.cause) and placed.stalled + 1 < _TRIES:
                    waiting.append(_Placed(placed.wanted, "", placed.stalled + 1))
                else:
                    found.append(heard)
            time.sleep(_APART_S)
        return found

    def _place(self, placed: _Placed) -> None:
        self._numbers += 1
        placed.number = f"557{self._numbers:06d}"
        then = SILENCE if placed.wanted.after is After.SILENCE else None
        self._farend.behaves(placed.number, Behaviour(plays=coded(placed.wanted.greeting.samples), then=then))
        amd = placed.wanted.parameters.arguments().replace(",", ":")
        sampled = {"DLR_SAMPLE": placed.wanted.sample}
        attempt = Attempt(placed.number, self._agi.url, amd=amd, guard_from="verdict", extra=sampled)
        self._agi.scripts[attempt.attempt] = verdict("hangup")
        self._on_line[attempt.channel_id] = placed
        call_customer(self._ami, attempt)

    def _verdicts(self) -> list[tuple[_Placed, Heard]]:
        news = self._ami.messages[self._seen :]
        self._seen += len(news)
        found: list[tuple[_Placed, Heard]] = []
        for event in news:
            placed = self._on_line.get(event["Uniqueid"])
            if event["Event"] != "VarSet" or placed is None:
                continue
            if event["Variable"] == "AMDSTATUS":
                placed.status = event["Value"]
            elif event["Variable"] == "AMDCAUSE":
                del self._on_line[event["Uniqueid"]]
                (call,) = self._farend.calls_to(placed.number)
                assert call.answered_at is not None
                elapsed_ms = (event.at - call.answered_at) * 1000
                said = (placed.status, event["Value"], elapsed_ms, call.sent_frames, placed.stalled)
                found.append((placed, Heard(placed.wanted, *said)))
        return found
