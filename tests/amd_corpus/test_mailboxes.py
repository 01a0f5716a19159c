"""Whole mailboxes: each differs, is made the same again, and says where its beep is over."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from .mailboxes import BEEPS, GREETINGS, NO_BEEP, mailbox
from .tones import level

pytestmark = pytest.mark.skipif(
    not (shutil.which("espeak-ng") and shutil.which("sox")), reason="espeak-ng and sox make the voices"
)


def test_every_mailbox_is_another_and_the_same_again() -> None:
    made = [mailbox(greeting, beep, 0) for greeting in GREETINGS for beep in (*BEEPS, NO_BEEP)]
    assert len({box.samples.tobytes() for box in made}) == len({box.name for box in made}) == len(made)
    again = mailbox(made[5].greeting, made[5].beep, 0)
    assert np.array_equal(again.samples, made[5].samples)
    assert not np.array_equal(mailbox("long", "1000", 1).samples, mailbox("long", "1000", 0).samples)


def test_the_beep_is_the_last_sound() -> None:
    for beep in BEEPS:
        box = mailbox("short", beep, 1)
        assert box.over_s == pytest.approx(len(box.samples) / 8000)
        end = box.samples[-int(0.1 * 8000) :].astype(float)
        assert level(end) > -40, box.name
