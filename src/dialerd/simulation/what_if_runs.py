"""Owns carrying out many what-ifs at once: one process for each processor, progress, and a clean end when interrupted.

Knows no command line; what a case is and how it runs is what_if.py's.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from multiprocessing.synchronize import Event
from typing import Any

from dialerd.simulation.measures import Measures
from dialerd.simulation.scenario import Scenario
from dialerd.simulation.what_if import Case, run_case

Told = Callable[[float], None]
"""Told the virtual agent seconds that have been simulated since it was told last."""
ALONE_BELOW_S = 40 * 3600.0  # agent seconds: less than this is done sooner than a process has started
LOOK_EVERY_S = 0.2

_worker: dict[str, Any] = {}
"""Set once in each worker process: the queue of progress, and the event that ends it."""


class Stopped(Exception):
    """The run was ended from outside."""


def work_s(case: Case) -> float:
    """Agent seconds of a case: what its running time goes with."""
    return case.for_s * max(1.0, case.team.mean(case.for_s))


def run_cases(cases: Sequence[Case], told: Told | None = None, *, processes: int | None = None) -> list[Measures]:
    """The measures of each case in order; `processes` None: as many as there are processors and work for them.

    An exception of a case, and KeyboardInterrupt, end all others before they are raised.
    """
    tell = told or (lambda _: None)
    wanted = min(len(cases), processes or len(os.sched_getaffinity(0)))
    if wanted <= 1 or (processes is None and sum(work_s(case) for case in cases) < ALONE_BELOW_S):
        return [run_case(case, _scaled(case, tell)) for case in cases]
    return _side_by_side(cases, tell, wanted)


def _scaled(case: Case, tell: Told) -> Told:
    """From virtual seconds of a case to agent seconds."""
    agents = work_s(case) / case.for_s
    return lambda seconds: tell(seconds * agents)


def _side_by_side(cases: Sequence[Case], tell: Told, processes: int) -> list[Measures]:
    context = multiprocessing.get_context("spawn")  # a fork would inherit the caller's threads and terminal
    news: multiprocessing.Queue[float] = context.Queue()
    stop = context.Event()
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(news, stop))
    try:
        longest_first = sorted(range(len(cases)), key=lambda place: -work_s(cases[place]))
        running = {place: pool.submit(_one, _portable(cases[place])) for place in longest_first}
        heard = _watch(list(running.values()), news, tell)
        tell(max(0.0, sum(work_s(case) for case in cases) - heard))  # the last news may come after the result
        return [running[place].result() for place in range(len(cases))]
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        news.close()


def _portable(case: Case) -> Case:
    """The case without what no process can hand to another."""
    if isinstance(case.world, Scenario):
        return replace(case, world=replace(case.world, numbers=dict(case.world.numbers)))
    return case


def _watch(running: Sequence[Future[Measures]], news: multiprocessing.Queue[float], tell: Told) -> float:
    """Until all have ended or one has failed; returns what was heard of."""
    heard = 0.0
    while True:
        done, others = wait(running, timeout=LOOK_EVERY_S, return_when=FIRST_EXCEPTION)
        while True:
            try:
                part = news.get_nowait()
                heard += part
                tell(part)
            except queue.Empty:
                break
        if not others or any(one.exception() is not None for one in done):
            return heard


def _begin(news: multiprocessing.Queue[float], stop: Event) -> None:
    """In the worker: Ctrl-C is the parent's business, which sets `stop`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker.update(news=news, stop=stop)


def _one(case: Case) -> Measures:
    def report(agent_seconds: float) -> None:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            os._exit(1)  # killed: nobody waits for an answer, nor would this process ever hear so
        if _worker["stop"].is_set():
            raise Stopped
        _worker["news"].put(agent_seconds)

    return run_case(case, _scaled(case, report))


__all__ = ["Stopped", "run_cases", "work_s"]
