"""The end of spoken greetings with beeps of every kind: all found, none too early, told a quarter second after."""

from __future__ import annotations

import shutil
from itertools import product

import numpy as np
import pytest
from tests.amd_corpus.greetings import greeting
from tests.amd_corpus.mailboxes import BEEPS, GREETINGS, NO_BEEP, mailbox
from tests.amd_corpus.tones import RATE_HZ
from tests.end_to_end.ulaw import decoded

from dialerd.detector.greeting_end import Cue, GreetingEnd

from .sounds import ends

pytestmark = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("sox")), reason="espeak-ng and sox make the voices"
)
AFTERWARDS = np.zeros(4 * RATE_HZ, np.int16)


def judged(kinds: list[tuple[str, str]], numbers: range, seed: int) -> list[tuple[str, Cue | None, float]]:
    """Name, cue and seconds from the end of beep or greeting to the cue."""
    found = []
    for (spoken, beep), number in product(kinds, numbers):
        made = mailbox(spoken, beep, number, seed=seed)
        cue, at = ends(np.concatenate([decoded(made.samples), AFTERWARDS]))
        found.append((made.name, cue, at - made.over_s))
    return found


def test_every_kind_of_beep_and_greeting() -> None:
    for name, cue, after_s in judged(list(product(GREETINGS, BEEPS)), range(1), seed=11):
        assert (cue, 0.18 <= after_s <= 0.35) == (Cue.BEEP, True), f"{name}: {cue}, {after_s:.2f} s"
    for name, cue, after_s in judged([(spoken, NO_BEEP) for spoken in GREETINGS], range(2), seed=11):
        assert (cue, 1.5 <= after_s <= 2.6) == (Cue.SILENCE, True), f"{name}: {cue}, {after_s:.2f} s"


@pytest.mark.soak
def test_hundreds_of_mailboxes(capsys: pytest.CaptureFixture[str]) -> None:
    found = judged(list(product(GREETINGS, BEEPS)), range(15), seed=12)
    late = sorted(after_s for _, cue, after_s in found if cue is Cue.BEEP and after_s > 0)
    wrong = [each for each in found if each[1] is not Cue.BEEP or each[2] <= 0]
    with capsys.disabled():
        print(f"\n{len(found)} mailboxes with a beep: {len(late)} found, {len(wrong)} not or too early: {wrong}")
        print(f"told after its end: p50 {late[len(late) // 2]:.2f} s, longest {late[-1]:.2f} s")
    assert len(wrong) <= len(found) / 200
    assert late[-1] < 0.4


@pytest.mark.parametrize(("kind", "wanted"), [("fax", {Cue.FAX, Cue.BEEP}), ("carrier", {Cue.SIT})])
def test_fax_machines_and_announcements(kind: str, wanted: set[Cue]) -> None:
    for number in range(6):
        made = greeting(kind, number, 1)
        cue, _ = ends(np.concatenate([decoded(made.samples), AFTERWARDS]))
        assert cue in wanted, f"{made.name}: {cue}"


def test_people_do_not_beep() -> None:
    for kind, number in product(("hello", "business", "noisy", "two-hellos"), range(5)):
        made = greeting(kind, number, 1)
        assert ends(decoded(made.samples), end=GreetingEnd(silence_s=60.0))[0] is not Cue.BEEP, made.name
