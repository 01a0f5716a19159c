"""Owns the AGIs that wait for a verdict: questions out, answers back by request id. Checks forms, never tokens."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dialerd.asterisk.actions import AGENT_CHANNEL, TOKEN
from dialerd.core.machine_messages import MACHINE_VERDICTS
from dialerd.core.messages import PbxEvent, SendVerdict, VerdictAbandoned, VerdictAsked

VERDICTS = frozenset({"agent", "abandon", "hangup", "refused", *MACHINE_VERDICTS.values()})
"""`refused` (wrong token, unknown attempt) is nothing to the dialplan: it acts as if nobody had answered."""
_ATTEMPT = re.compile(r"\A[1-9][0-9]{0,18}\Z")
_AMD_STATUS = re.compile(r"\A[A-Z]{0,16}\Z")
_AMD_CAUSE = re.compile(r"\A[A-Z0-9-]{0,64}\Z")


class QuestionRefused(ValueError):
    """A question that is no question of ours; the sentence is fit for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an AGI asks, form checked."""

    attempt_id: int
    token: str
    amd_status: str
    amd_cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer: one of VERDICTS; `agent` comes with the leg's channel id."""

    request_id: int
    attempt_id: int
    verdict: str
    agent_leg: str = ""


def checked_question(attempt: str, token: str, amd_status: str, amd_cause: str) -> Question:
    """Check the form of each part and return the question; raises QuestionRefused."""
    for pattern, value, what in (
        (_ATTEMPT, attempt, "attempt id"),
        (TOKEN, token, "token"),
        (_AMD_STATUS, amd_status, "AMD status"),
        (_AMD_CAUSE, amd_cause, "AMD cause"),
    ):
        if not pattern.match(value):
            raise QuestionRefused(f"the {what} has a wrong form")
    return Question(attempt_id=int(attempt), token=token, amd_status=amd_status, amd_cause=amd_cause)


class WaitingVerdicts:
    """The questions that wait for the dialer's answer, whichever way they came."""

    def __init__(
        self,
        post: Callable[[PbxEvent], None],
        *,
        attends: Callable[[int], bool],
        longest_wait_s: float,
        counters: Counter[str],
        request_ids: Iterator[int] | None = None,
        most_waiting: int = 5000,
    ) -> None:
        """`attends`: whether an attempt is dialerd's living call. Nodes that share a dialer share `request_ids`."""
        self._post = post
        self.attends = attends
        self._longest_wait_s = longest_wait_s
        self._counters = counters
        self._request_ids = request_ids or itertools.count(1)
        self._most_waiting = most_waiting
        self._waiting: dict[int, tuple[Question, asyncio.Future[Verdict]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def ask(self, question: Question, gone: asyncio.Future[None]) -> Verdict | None:
        """Post VerdictAsked and wait for the answer; None when there is none.

        `gone` is done when whoever asked went away: then, after `longest_wait_s` seconds, and when this is cancelled,
        VerdictAbandoned is posted. Raises QuestionRefused when too many wait already.
        """
        if len(self._waiting) >= self._most_waiting:
            raise QuestionRefused(f"{self._most_waiting} questions wait already")
        request_id = next(self._request_ids)
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = question, answer
        self._counters["verdicts_asked"] += 1
        try:
            self._post(
                VerdictAsked(
                    request_id=request_id,
                    attempt_id=question.attempt_id,
                    token=question.token,
                    amd_status=question.amd_status,
                    amd_cause=question.amd_cause,
                )
            )
            waits: set[asyncio.Future[None] | asyncio.Future[Verdict]] = {answer, gone}
            await asyncio.wait(waits, timeout=self._longest_wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            del self._waiting[request_id]
            if not answer.done():
                self._counters["verdicts_abandoned"] += 1
                self._post(VerdictAbandoned(request_id=request_id, attempt_id=question.attempt_id))
        return answer.result() if answer.done() else None

    def answer(self, command: SendVerdict) -> bool:
        """Hand the dialer's verdict to whoever asked; False when nobody waits under this request id any more."""
        waiting = self._waiting.get(command.request_id)
        if waiting is None or waiting[1].done():
            self._counters["verdicts_late"] += 1
            return False
        if command.verdict not in VERDICTS:
            raise ValueError(f"{command.verdict!r} is no verdict")
        if command.verdict == "agent" and not AGENT_CHANNEL.match(command.leg_id):
            raise ValueError("a verdict for an agent needs the leg's channel id")
        leg = command.leg_id if command.verdict == "agent" else ""
        question, answer = waiting
        answer.set_result(
            Verdict(
                request_id=command.request_id,
                attempt_id=question.attempt_id,
                verdict=command.verdict,
                agent_leg=leg,
            )
        )
        self._counters["verdicts_sent"] += 1
        return True

    def not_delivered(self, verdict: Verdict) -> None:
        """Asterisk did not take it: the channel is gone, or the dialplan acts alone. Posts VerdictAbandoned."""
        self._counters["verdicts_undelivered"] += 1
        self._post(VerdictAbandoned(request_id=verdict.request_id, attempt_id=verdict.attempt_id))
