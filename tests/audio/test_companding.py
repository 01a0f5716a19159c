"""u-law and A-law: what another program decodes is what was encoded, to within the codes' own steps."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dialerd.audio.companding import alaw, ulaw

EVERY = np.arange(-32_768, 32_768, dtype=np.int32).astype(np.int16)


def decoded_by_sox(data: bytes, kind: str, folder: Path) -> NDArray[np.int16]:
    code, raw = folder / "code", folder / "raw"
    code.write_bytes(data)
    source = ["-t", kind, "-r", "8000", "-c", "1", str(code)]
    target = ["-t", "raw", "-e", "signed-integer", "-b", "16", "-L", str(raw)]
    subprocess.run(["sox", "-D", *source, *target], check=True)
    return np.frombuffer(raw.read_bytes(), dtype="<i2")


@pytest.mark.parametrize(("encode", "kind", "least"), [(ulaw, "ul", 4), (alaw, "al", 8)])
def test_every_sample_comes_back_within_half_a_step(encode, kind, least, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    back = decoded_by_sox(encode(EVERY), kind, tmp_path).astype(np.int32)
    sample = EVERY.astype(np.int32)
    allowed = np.maximum(np.abs(sample) // 32 + 4, least) + 1  # 16 steps a segment, the error is half of one
    loud = np.abs(sample) > 32_635  # u-law's end of the scale
    assert np.all((np.abs(back - sample) <= allowed) | loud)
    assert np.all(np.abs(back[loud] - sample[loud]) <= 1100)
    assert np.all(np.diff(back) >= 0), "louder in, louder out"


def test_known_codes() -> None:
    """ITU-T G.711: silence and the two ends of the scale."""
    few = np.array([0, 32_767, -32_768], dtype=np.int16)
    assert ulaw(few) == bytes([0xFF, 0x80, 0x00])
    assert alaw(few) == bytes([0xD5, 0xAA, 0x2A])
