"""Voice files on the real Asterisk: what dialerctl adds is exactly what a person hears who meets no agent."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import pytest

from .farend import FarEnd
from .farend.audio import LINEAR, RATE_HZ, with_pilot
from .farend.speech import spoken
from .floor import CAMPAIGN, Floor, numbers, person
from .product import Product

pytestmark = pytest.mark.real_asterisk

PILOT_HZ = 700
SORRY = "This is Example Limited. We are sorry that nobody was free for you. Good bye."


def recorded(folder: Path, pilot_hz: int) -> Path:
    """A file as an operator has it: 16 kHz, stereo, too quiet, a second of silence before and behind."""
    samples = [LINEAR[code] for code in with_pilot(spoken(SORRY), pilot_hz)]
    padded = [0] * RATE_HZ + [sample // 4 for sample in samples] + [0] * RATE_HZ
    path = folder / "recorded.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(2 * RATE_HZ)
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) * 4 for sample in padded))
    return path


def test_who_meets_no_agent_hears_the_file_that_was_added(product: Product, farend: FarEnd, tmp_path: Path) -> None:
    floor = Floor(product, farend)
    folder = product.pbx.folder / "sounds" / product.folder.name
    name = str(folder / "sorry")
    product.campaign(CAMPAIGN, name, "--dial-mode", "power", "--dial-ratio", "3", "--wrapup-time", "1",
                     "--max-lines", "30", "--calls-per-second", "30", "--retry-delay", "3600")  # fmt: skip
    refused = product.run("campaign", "start", CAMPAIGN)
    assert refused.returncode == 6 and "dialerctl audio add FILE --name sorry" in refused.stderr, refused.stderr
    assert product.run("audio", "check").returncode == 1

    added = product.json("audio", "add", str(recorded(tmp_path, PILOT_HZ)), "--name", "sorry")
    assert added["use_as"] == name and added["trimmed_start_s"] > 0.5 and added["gain_db"] > 0
    product.ctl("audio", "check")
    floor.log_in({"1001": 1000})
    product.ctl("campaign", "start", CAMPAIGN)
    taker, *late = numbers("81", 3)
    floor.dial({taker: person(1500, hangs_up_after_s=12), **{n: person(1600, answers_after_s=1.0) for n in late}})
    stored = (folder / "sorry.ulaw").read_bytes()
    for number in late:
        row, call = floor.attempt(number), floor.call(number)
        assert row["status"] == "abandoned" and row["message_ended_at"], row
        heard = b"".join(payload for _, payload in call.frames)
        assert stored[400:-400] in heard, "byte by byte what dialerd stored: nothing was transcoded"
        assert call.tone_seconds(PILOT_HZ) > 0.7 * added["length_s"]

    # somebody removes it behind our back: nobody else is called
    (folder / "sorry.ulaw").unlink()
    assert product.run("audio", "check").returncode == 1
    status = product.run("status")
    assert status.returncode == 1 and "sorry.ulaw is missing" in status.stdout, status.stdout
    (silent,) = numbers("82", 1)
    product.leads(CAMPAIGN, silent)
    time.sleep(2)  # eight ticks
    assert not product.attempts(silent)
    refused = product.run("audio", "remove", "sorry", "--yes")
    assert refused.returncode == 6 and f"campaign {CAMPAIGN} (abandon_message)" in refused.stderr
    product.ctl("audio", "add", str(recorded(tmp_path, PILOT_HZ)), "--name", "sorry", "--replace")
    farend.behaves(silent, person(1700, hangs_up_after_s=4))
    product.wait(lambda: product.closed(silent), 30, "it dials again by itself")
