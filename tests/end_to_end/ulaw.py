"""u-law for whole recordings at once, by the far end's own tables. Knows nothing of calls and files."""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

from .farend.audio import LINEAR, to_ulaw

_CODES = np.frombuffer(to_ulaw(array("h", range(-32768, 32768))), dtype=np.uint8)
_LINEAR = np.array(LINEAR, dtype=np.int16)


def coded(samples: NDArray[np.int16]) -> bytes:
    """Return samples as u-law, as they go into the call."""
    return _CODES[samples.astype(np.int32) + 32768].tobytes()


def decoded(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Return samples as they come out of the call: u-law has 8 bits."""
    return _LINEAR[np.frombuffer(coded(samples), dtype=np.uint8)]
