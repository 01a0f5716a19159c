"""Spoken test audio, made once with espeak-ng and sox and kept in the cache. Knows nothing of calls."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

from ..pbx.host import cache_folder, ensure_programs
from .audio import silence

VOICEMAIL = (
    "Hello, you have reached the voice mailbox of Maria Rossi. I am not able to take your call right now. "
    "Please leave your name, your number and a short message after the tone, and I will call you back."
)
ABANDON = "Example Limited, one two three. Press nine to opt out."
INBOUND = "Example Limited called you. Press nine and we stop."


def spoken(text: str, *, voice: str = "en-us", words_per_minute: int = 160) -> bytes:
    """Return the text spoken as 8 kHz u-law without leading and trailing silence; deterministic.

    Raises HarnessUnavailable when espeak-ng or sox cannot be installed.
    """
    folder = cache_folder() / "speech"
    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(f"2|{voice}|{words_per_minute}|{text}".encode()).hexdigest()[:24]
    cached = folder / f"{name}.ul"
    if cached.exists():
        return cached.read_bytes()
    ensure_programs("espeak-ng", "sox")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        wave, raw = Path(scratch, "speech.wav"), Path(scratch, "speech.ul")
        subprocess.run(
            ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", str(wave), text],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        # -R: the dither is the same in every run
        trim = ["silence", "1", "0.02", "1%", "reverse", "silence", "1", "0.02", "1%", "reverse"]
        subprocess.run(
            ["sox", "-R", str(wave), "-r", "8000", "-c", "1", "-e", "u-law", "-t", "ul", str(raw), "norm", "-3", *trim],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        os.replace(raw, cached)
    return cached.read_bytes()


def human_hello() -> bytes:
    """Return what a person says on picking up: 0.6 s of silence, a short hello, 1.5 s of waiting. AMD says HUMAN."""
    return silence(0.6) + spoken("Hello?") + silence(1.5)


def voicemail_greeting() -> bytes:
    """Return a voicemail greeting of about nine seconds. AMD says MACHINE."""
    return silence(0.3) + spoken(VOICEMAIL)


def abandon_message() -> bytes:
    """Return the spoken message with name and number for calls without an agent."""
    return spoken(ABANDON)


def inbound_message() -> bytes:
    """Return the spoken message for who calls the displayed number back."""
    return spoken(INBOUND)
