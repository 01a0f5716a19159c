"""Proofs on the real Asterisk: a sample holds what AMD heard, no more than the verdict's wait, and does no harm."""

from __future__ import annotations

import time
import wave
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.amd_corpus.corpus import ready_corpus

from dialerd.core.amd.frames import FRAME_MS, FRAME_SAMPLES, frames
from dialerd.core.amd.model import judge
from dialerd.core.amd.presets import PRESETS

from . import Prompts
from .amd_calls import Heard, Switchboard, Wanted
from .farend import Behaviour, FarEnd
from .farend.speech import human_hello, voicemail_greeting
from .pbx.agi import AgiServer, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import Attempt, call_customer
from .ulaw import decoded

pytestmark = pytest.mark.real_asterisk

AMD = "2500:1500:800:5000:100:50:3:256:5000"
AGI_FRAMES = 40  # the AGI answers at once; a busy machine takes its time
LATE_FRAMES = 25  # as many frames a busy Asterisk reads before its dialplan begins; it is one, seldom


def read(file: str) -> NDArray[np.int16]:
    """The samples of a file that Asterisk has closed."""
    deadline = time.monotonic() + 5
    while True:
        try:
            with wave.open(file, "rb") as sound:
                assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000), file
                found = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2").astype(np.int16)
            if len(found):
                return found
        except (FileNotFoundError, EOFError, wave.Error):
            pass
        assert time.monotonic() < deadline, f"{file} is missing or empty"
        time.sleep(0.05)


def late(sample: NDArray[np.int16], sent: NDArray[np.int16]) -> int | None:
    """How many frames the sample begins after what the far end sent; None: it is something else."""
    goes_on = np.concatenate([sent, np.zeros(len(sample) + LATE_FRAMES * FRAME_SAMPLES, dtype=np.int16)])
    for lost in range(LATE_FRAMES):
        begin = lost * FRAME_SAMPLES
        if np.array_equal(sample, goes_on[begin : begin + len(sample)]):
            return lost
    return None


def test_the_sample_is_what_amd_judged(pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer) -> None:
    """The model on each sample says what Asterisk said in the call, to the last digit."""
    folder = pbx.folder / "recordings/amd/20261201"  # MixMonitor makes it
    wanted = [
        Wanted(each, PRESETS[name], sample=f"{folder}/{number}-{name}.wav")
        for number, each in enumerate(ready_corpus(80))
        for name in ("original", "human-first")
    ]
    heard = Switchboard(farend, ami, agi).heard(wanted, timeout_s=120)
    assert len(heard) == len(wanted)
    samples = [(each, read(each.wanted.sample)) for each in heard]
    differ = [_line(each, sample) for each, sample in samples if not _agrees(each, sample)]
    assert not differ, "\n".join(differ)
    more = [len(sample) / FRAME_SAMPLES - _judged(each, sample) for each, sample in samples]
    assert min(more) >= 0 and max(more) <= AGI_FRAMES, f"frames beyond the judged ones: {min(more)} to {max(more)}"
    lost = Counter(late(sample, decoded(each.wanted.greeting.samples)) for each, sample in samples)
    print(f"\n{len(heard)} samples agree; frames behind the judged {Counter(more)}; lost at the start {lost}")
    assert None not in lost, "a sample holds what the far end did not send"
    assert lost[0] >= 0.8 * len(heard)


def _agrees(heard: Heard, sample: NDArray[np.int16]) -> bool:
    found = judge(frames(sample), heard.wanted.parameters)
    return (found.status, found.cause) == (heard.status, heard.cause)


def _judged(heard: Heard, sample: NDArray[np.int16]) -> float:
    return judge(frames(sample), heard.wanted.parameters).after_ms / FRAME_MS


def _line(heard: Heard, sample: NDArray[np.int16]) -> str:
    found = judge(frames(sample), heard.wanted.parameters)
    return f"{heard.wanted.greeting.name}: Asterisk {heard.cause}, model on the sample {found.cause}"


def test_the_limit_ends_the_sample_too(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    """AMD is cut off by the limit from the answer: nothing of the abandon message's time is recorded."""
    file = pbx.folder / "recordings/amd/20261202/cut.wav"
    farend.behaves("5551401", Behaviour(plays=voicemail_greeting()))
    attempt = Attempt(
        "5551401",
        agi.url,
        amd="5000:5000:3000:5000:100:50:9:256:5000",
        guard_s="0.9",
        message=prompts.abandon,
        extra={"DLR_SAMPLE": str(file)},
    )
    call_customer(ami, attempt)
    ami.event("UserEvent", UserEvent="DialerdMessage", Attempt=attempt.attempt, Stage="start")
    time.sleep(1.0)
    farend.hang_up(farend.wait_for_call("5551401"))
    ami.event("Hangup", Uniqueid=attempt.channel_id)
    assert 0.7 < len(read(str(file))) / 8000 < 1.2


def test_a_machines_sample_goes_on_until_the_hang_up_or_the_message(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer, prompts: Prompts
) -> None:
    folder = pbx.folder / "recordings/amd/20261204"
    held = {"DLR_SAMPLE": f"{folder}/held.wav", "DLR_MACHINE_MS": "4500"}
    dropped = {"DLR_SAMPLE": f"{folder}/dropped.wav", "DLR_VOICEMAIL": prompts.abandon, "DLR_VOICEMAIL_S": "30"}
    greeting = voicemail_greeting()
    for number, verdict_, extra in (("5551403", "machine", held), ("5551404", "voicemail", dropped)):
        farend.behaves(number, Behaviour(plays=greeting))
        attempt = Attempt(number, agi.url, amd=AMD, guard_from="verdict", extra=extra)
        agi.scripts[attempt.attempt] = verdict(verdict_)
        call_customer(ami, attempt)
        ami.event("Hangup", Uniqueid=attempt.channel_id, timeout_s=40)
    assert 4.3 < len(read(held["DLR_SAMPLE"])) / 8000 < 4.7, "as long as the line was held"
    heard_s, greeting_s = len(read(dropped["DLR_SAMPLE"])) / 8000, len(greeting) / 8000
    assert greeting_s + 1.5 < heard_s < greeting_s + 3, "the greeting and the silence that ends it, not the message"


def test_a_folder_that_cannot_be_made_costs_the_sample_only(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    farend.behaves("5551405", Behaviour(plays=human_hello()))
    attempt = Attempt("5551405", agi.url, amd=AMD, guard_from="verdict", extra={"DLR_SAMPLE": "/proc/nowhere/x.wav"})
    agi.scripts[attempt.attempt] = verdict("hangup")
    call_customer(ami, attempt)
    ami.event("VarSet", Uniqueid=attempt.channel_id, Variable="AMDSTATUS", Value="HUMAN")
    ami.event("Hangup", Uniqueid=attempt.channel_id)


def test_a_pbx_without_mixmonitor_still_reaches_the_verdict(
    pbx: Asterisk, farend: FarEnd, ami: AmiClient, agi: AgiServer
) -> None:
    farend.behaves("5551402", Behaviour(plays=human_hello()))
    file = pbx.folder / "recordings/amd/20261203/none.wav"
    attempt = Attempt("5551402", agi.url, amd=AMD, guard_from="verdict", extra={"DLR_SAMPLE": str(file)})
    agi.scripts[attempt.attempt] = verdict("hangup")
    pbx.cli("module unload app_mixmonitor.so")
    try:
        call_customer(ami, attempt)
        ami.event("VarSet", Uniqueid=attempt.channel_id, Variable="AMDSTATUS", Value="HUMAN")
        ami.event("Hangup", Uniqueid=attempt.channel_id)
    finally:
        pbx.cli("module load app_mixmonitor.so")
    assert not Path(file).exists()
