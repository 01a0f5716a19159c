"""What a called party, a phone or a caller does: the script of one call. Knows nothing of SIP and RTP."""

from __future__ import annotations

from dataclasses import dataclass

from .audio import SILENCE


@dataclass(frozen=True)
class Behaviour:
    """One call's script; times in seconds.

    `answers_after_s`: from the INVITE to the answer (or rejection); None rings until the PBX gives up.
    `rings`: send 180 at once. `rejects_with`: a SIP code ≥ 300 in place of the answer; `reason` its Reason header.
    `plays` once from the answer on, then `then` over and over (u-law 8 kHz); None sends no packet any more, and the
    last one of `plays` may be short.
    `hangs_up_after_s` and `digits` ((seconds, keys) pairs, RFC 4733) count from the answer.
    """

    answers_after_s: float | None = 0.05
    rings: bool = True
    rejects_with: int | None = None
    reason: str = ""
    plays: bytes = b""
    then: bytes | None = SILENCE
    hangs_up_after_s: float | None = None
    digits: tuple[tuple[float, str], ...] = ()


RING_FOREVER = Behaviour(answers_after_s=None)


def rejecting(code: int, *, after_s: float = 0.05, reason: str = "") -> Behaviour:
    """Return the script of a call that ends with a SIP code, e.g. 486 busy."""
    return Behaviour(answers_after_s=after_s, rejects_with=code, rings=False, reason=reason)
