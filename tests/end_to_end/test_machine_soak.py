"""Every action for many greetings, and many drops for each kind of beep, on the real Asterisk. Minutes: soak only.

python -m pytest -s -m soak tests/end_to_end/test_machine_soak.py
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.amd_corpus.corpus import ready_corpus
from tests.amd_corpus.greetings import KINDS
from tests.amd_corpus.mailboxes import BEEPS, GREETINGS, NO_BEEP, mailbox

from .farend import Behaviour, CallLog, FarEnd
from .floor import CAMPAIGN, Floor, numbers
from .mailbox_calls import Message, recorded, write_message
from .mailbox_floor import Left, Mailboxes
from .pbx.asterisk import Asterisk
from .product import Product, wall
from .prompts import Prompts
from .ulaw import coded

pytestmark = [pytest.mark.real_asterisk, pytest.mark.soak]

AGENTS = {str(1000 + n): 1300 for n in range(1, 11)}
EACH = 3  # greetings of each kind of the corpus
DROPS = 10  # for each kind of beep
WITHIN_S = 0.5
STAYS_S = 24.0  # a far end hangs up then, in whatever state the call is


@dataclass(frozen=True)
class Caller:
    """One greeting: its name, what it is, and the far end's script."""

    name: str
    party: str
    script: Behaviour


def callers() -> list[Caller]:
    """People, machines, carriers, fax, dead air: at least sixty different greetings."""
    found = [
        Caller(each.name, each.party, Behaviour(0.3, plays=coded(each.samples), hangs_up_after_s=STAYS_S))
        for each in ready_corpus(EACH * len(KINDS))
        if each.party != "signal"
    ]
    found += [
        Caller(box.name, "machine", Behaviour(0.3, plays=coded(box.samples), hangs_up_after_s=STAYS_S))
        for box in (mailbox(greeting, beep, 7) for greeting in GREETINGS for beep in (*BEEPS, NO_BEEP))
    ]
    assert len({caller.script.plays for caller in found}) == len(found) >= 60
    return found


class Judge:
    """Holds what a far end heard against the record of its call."""

    def __init__(self, prompts: Prompts, message: Message, action: str) -> None:
        self._prompts, self._message, self._action = prompts, message, action

    def faults(self, row: dict[str, Any], call: CallLog) -> Iterable[str]:
        """Everything that is not as the action promises."""
        heard, moved = recorded(call, self._message), call.tone_seconds(self._prompts.inbound_hz) > 2
        if row["amd_status"] in ("HUMAN", "NOTSURE"):
            if (row["amd_action"], row["live_answer"]) != ("connect", 1):
                yield f"taken for a person, and got {row['amd_action']}"
            if heard.times or moved:
                yield "taken for a person, and heard what machines get"
            if call.tone_seconds(1300) < 0.3 and not call.heard_tone(self._prompts.abandon_hz):
                yield "taken for a person, and met neither agent nor message"
        elif row["amd_status"] == "MACHINE":
            yield from self._machine(row, call, heard.times, heard.whole, moved)
        else:
            yield f"AMD said {row['amd_status']!r}"

    def _machine(self, row: dict[str, Any], call: CallLog, times: int, whole: bool, moved: bool) -> Iterable[str]:
        if row["status"] != "machine" or row["live_answer"] or call.tone_seconds(1300) > 0.3:
            yield "taken for a machine, and met an agent"
        if abs(row["ended_at"] / 1e6 - wall(call.ended_at or 0)) > 0.5 or row["hangup_cause"] is None:
            yield "the end is recorded without cause or at another time"
        if moved is not (self._action == "transfer"):
            yield f"the transfer extension was {'heard' if moved else 'not heard'}"
        if self._action != "voicemail":
            if times:
                yield "a message that nobody ordered"
            if row["amd_action"] != self._action:
                yield f"got {row['amd_action']}"
        elif bool(times) is not (row["voicemail_started_at"] is not None) or times > 1:
            yield f"heard the message {times} times, started at {row['voicemail_started_at']}"
        elif whole is not (row["voicemail_ended_at"] is not None):
            yield f"message {'whole' if whole else 'not whole'}, ended at {row['voicemail_ended_at']}"
        elif not times and not row["note"] and call.ended_by == "pbx":
            yield "no message, and no note why"


def test_every_action_for_many_greetings(pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts) -> None:
    message = write_message(pbx.folder / "sounds")
    floor = Floor(product, farend)
    product.campaign(
        CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "3", "--dial-timeout", "4", "--max-lines",
        "40", "--calls-per-second", "20", "--retry-delay", "3600", "--wrapup-time", "1", "--amd-enabled",
        "--amd-over-limit", "--voicemail-file", message.sound, "--voicemail-wait", "15",
        "--amd-transfer-extension", "700", "--max-abandon-rate", "100", "--target-abandon-rate", "100",
    )  # fmt: skip
    floor.log_in(AGENTS)
    product.ctl("campaign", "start", CAMPAIGN)
    known = callers()
    found: list[str] = []
    for prefix, action in (("70", "hangup"), ("71", "transfer"), ("72", "voicemail")):
        product.ctl("campaign", "edit", CAMPAIGN, "--amd-action", action)
        to = dict(zip(numbers(prefix, len(known)), known, strict=True))
        floor.dial({number: caller.script for number, caller in to.items()}, 400)
        judge, seen = Judge(prompts, message, action), Counter[str]()
        for number, caller in to.items():
            row, call = floor.attempt(number), floor.call(number)
            cue = row["voicemail_cue"] or row["note"] or row["hung_up_by"]
            seen[f"{caller.party}: {row['amd_result'] or '-'} → {row['amd_action'] or '-'} ({cue})"] += 1
            found += [f"{action} {caller.name}: {fault}" for fault in judge.faults(row, call)]
        print(f"\n{action}, {len(known)} greetings:")
        print("\n".join(f"  {count:3d} {what}" for what, count in sorted(seen.items())))
    assert not found, "\n".join(found)


def test_ten_drops_for_each_kind_of_beep(pbx: Asterisk, product: Product, farend: FarEnd, prompts: Prompts) -> None:
    """Each message is heard once, whole; within half a second after the beep for nine of ten of each kind at least."""
    message = write_message(pbx.folder / "sounds")
    calls = Mailboxes(product, farend, prompts, "--amd-action", "voicemail", "--voicemail-file", message.sound)
    kinds = [*BEEPS, NO_BEEP]
    ways = list(GREETINGS)
    boxes = [mailbox(ways[n % len(ways)], beep, 20 + n) for beep in kinds for n in range(DROPS)]
    left = calls.left("80", boxes, message, timeout_s=500)
    print(f"\n{'beep':8} {'drops':>5} {'in time':>7}  seconds from the beep's end to the message: least, median, most")
    in_time: dict[str, int] = {}
    for beep in kinds:
        mine = [each for each in left if each.mailbox.beep == beep]
        delays = [each.delay_s for each in mine if each.heard.times and not each.judged_late]
        in_time[beep] = sum(0 <= delay <= WITHIN_S for delay in delays)
        spread = f"{min(delays):5.2f} {statistics.median(delays):5.2f} {max(delays):5.2f}" if delays else "-"
        cues = dict(Counter(each.row["voicemail_cue"] for each in mine))
        print(f"{beep:8} {len(mine):5d} {in_time[beep]:7d}  {spread}  cues {cues}")
    of_beeps = [each for each in left if each.mailbox.beep != NO_BEEP and each.heard.times]
    delays = [each.delay_s for each in of_beeps if not each.judged_late]
    late = len(of_beeps) - len(delays)
    print(f"{len(delays)} beeps, p0 p5 p50 p95 p100: {np.percentile(delays, [0, 5, 50, 95, 100]).round(2)}")
    print(f"AMD came to its verdict after the beep: {late}")
    for each in of_beeps:
        if not each.judged_late and not 0 <= each.delay_s <= WITHIN_S:
            print(f"{each.mailbox.name}: {each.delay_s:.2f} s after the beep (cue {each.row['voicemail_cue']})")
    wrong = [text for each in left if (text := _wrong(each))]
    assert not wrong, "\n".join(wrong)
    assert all(each.delay_s >= 0 for each in of_beeps), "never into the beep"
    assert all(in_time[beep] + _late(left, beep) >= DROPS - 1 for beep in BEEPS), in_time


def _late(left: Iterable[Left], beep: str) -> int:
    return sum(each.judged_late for each in left if each.mailbox.beep == beep)


def _wrong(each: Left) -> str:
    """What is wrong with one drop; empty when it was heard once, whole, and the record says so."""
    name, row = each.mailbox.name, each.row
    if (each.heard.times, each.heard.whole) != (1, True):
        why = row["note"] or row["hung_up_by"]
        return f"{name}: heard {each.heard.times} times, {'whole' if each.heard.whole else 'not whole'} ({why})"
    return "" if row["voicemail_ended_at"] is not None else f"{name}: heard to the end, and the record does not say so"
