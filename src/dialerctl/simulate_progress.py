"""Owns how a long computation goes on before its result: progress on stderr, and its end when it is told to stop.

Knows no simulation.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from dialerctl.terminal import is_terminal


@contextmanager
def progress_told(total: float, wanted: bool | None, doing: str = "Simulating") -> Iterator[Callable[[float], None]]:
    """What to tell of each part of `total` that is done; `wanted` None: a bar only where a person watches stderr."""
    if not (is_terminal(sys.stderr) if wanted is None else wanted):
        yield lambda _: None
        return
    whole = max(1, round(total))
    if not is_terminal(sys.stderr):
        yield _lines(whole, doing)
        return
    with click.progressbar(length=whole, label=doing, file=sys.stderr, show_eta=True, width=30) as bar:
        done = shown = 0.0

        def tell(part: float) -> None:
            nonlocal done, shown
            done += part
            step = int(min(done, whole) - shown)
            if step > 0:
                bar.update(step)
                shown += step

        yield tell
        if shown < whole:
            bar.update(int(whole - shown))


@contextmanager
def ended_in_order() -> Iterator[None]:
    """SIGTERM and SIGHUP end the block with exit status 128 + their number, as a shell reports them.

    It unwinds, so that processes and semaphores go with it: else multiprocessing's watcher complains on stderr of what
    a killed process left behind.
    """

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    wanted = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for number in wanted:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in wanted:
            signal.signal(number, signal.SIG_DFL)


def _lines(whole: int, doing: str) -> Callable[[float], None]:
    """For a log: a line for each tenth that is done."""
    done, said = 0.0, 0

    def tell(part: float) -> None:
        nonlocal done, said
        done += part
        tenths = min(10, int(10 * (done + 1e-6 * whole) / whole))
        if tenths > said:
            said = tenths
            with suppress(OSError):  # a log that cannot be written must not cost the result
                click.echo(f"{doing}: {10 * tenths} %", err=True)

    return tell
