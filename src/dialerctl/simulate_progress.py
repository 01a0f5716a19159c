"""Owns how progress is shown: on stderr a bar with the time left, or lines in a log. Knows no simulation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from dialerctl.terminal import is_terminal


@contextmanager
def progress_told(total: float, wanted: bool | None) -> Iterator[Callable[[float], None]]:
    """What to tell of each part of `total` that is done; `wanted` None: a bar only where a person watches stderr."""
    if not (is_terminal(sys.stderr) if wanted is None else wanted):
        yield lambda _: None
        return
    whole = max(1, round(total))
    if not is_terminal(sys.stderr):
        yield _lines(whole)
        return
    with click.progressbar(length=whole, label="Simulating", file=sys.stderr, show_eta=True, width=30) as bar:
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


def _lines(whole: int) -> Callable[[float], None]:
    """For a log: a line for each tenth that is done."""
    done, said = 0.0, 0

    def tell(part: float) -> None:
        nonlocal done, said
        done += part
        tenths = min(10, int(10 * (done + 1e-6 * whole) / whole))
        if tenths > said:
            said = tenths
            click.echo(f"Simulating: {10 * tenths} %", err=True)

    return tell
