"""How many calls can the detector hear at once on one core? Prints a table; run it on an idle machine.

    .venv/bin/python benchmarks/detector.py

One minute of sound of a call, in 20 ms messages as Asterisk sends them: only cut into messages, then heard in full.
A second of sound takes so many milliseconds of a core; a core hears the reciprocal, less what sockets cost.
"""

from __future__ import annotations

import time

import numpy as np

from dialerd.detector.audiosocket import Kind, Messages
from dialerd.detector.greeting_end import GreetingEnd
from dialerd.detector.stream import Stream

SECONDS = 60
ROUNDS = 5


def main() -> None:
    """Measure both and print the ratio."""
    random = np.random.default_rng(1)
    loud = np.repeat(random.uniform(300, 6000, SECONDS * 8), 1000)  # syllables
    sound = (random.standard_normal(SECONDS * 8000) * loud).clip(-32768, 32767).astype("<i2").tobytes()
    wire = [bytes([Kind.AUDIO]) + (320).to_bytes(2, "big") + sound[at : at + 320] for at in range(0, len(sound), 320)]
    cut = min(_cut_only(wire) for _ in range(ROUNDS))
    heard = min(_heard(wire) for _ in range(ROUNDS))
    print(f"{'':24} ms per second of sound   calls per core")
    print(f"{'messages cut only':24} {cut * 1000:23.3f} {1 / cut:16,.0f}")
    print(f"{'heard in full':24} {heard * 1000:23.3f} {1 / heard:16,.0f}   {heard / cut:.1f} times as much")


def _cut_only(wire: list[bytes]) -> float:
    messages, begun = Messages(), time.process_time()
    for piece in wire:
        for _ in messages.feed(piece):
            pass
    return (time.process_time() - begun) / SECONDS


def _heard(wire: list[bytes]) -> float:
    messages, stream = Messages(), Stream(end=GreetingEnd(silence_s=1e9, longest_s=1e9))
    stream.identity = "0" * 32
    begun = time.process_time()
    for piece in wire:
        for message in messages.feed(piece):
            stream.take(message)
    return (time.process_time() - begun) / SECONDS


if __name__ == "__main__":
    main()
