"""The recorded messages of the end-to-end tests, with pilot tones to recognise them by. Knows no call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .farend.audio import RATE_HZ, with_pilot
from .farend.speech import abandon_message, inbound_message

ABANDON_PILOT_HZ = 600
INBOUND_PILOT_HZ = 850


@dataclass(frozen=True)
class Prompts:
    """Sound names as Asterisk takes them (absolute, without suffix), their pilot tones and length in seconds."""

    abandon: str
    inbound: str
    abandon_s: float
    abandon_hz: int = ABANDON_PILOT_HZ
    inbound_hz: int = INBOUND_PILOT_HZ


def write_prompts(folder: Path) -> Prompts:
    """Make the messages and write them as u-law files into a folder that Asterisk can read."""
    abandon, inbound = abandon_message(), inbound_message()
    (folder / "abandon.ulaw").write_bytes(with_pilot(abandon, ABANDON_PILOT_HZ))
    (folder / "inbound.ulaw").write_bytes(with_pilot(inbound, INBOUND_PILOT_HZ))
    return Prompts(str(folder / "abandon"), str(folder / "inbound"), len(abandon) / RATE_HZ)
