"""Owns the running of cells x laws x seeds on several processes, and the file of what is done already.

One JSON line per run, keyed by cell (with a digest of all of it), law and seed: a run that is there is not run again.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from .oracle import tune
from .registry import AT, LAWS
from .shared import Cell, campaigns_of
from .together import run_cell

SETTLED_S = 600.0  # so long after a change a large floor must be back under the limit


class Job(NamedTuple):
    """One run that is wanted; `limit` overrides the cell's, so that a law can be given what another one realised."""

    cell: Cell
    law: str
    seed: int
    value: float = 0.0
    limit: float | None = None
    name: str = ""  # under which the row stands, where it is not the law's


@dataclass(frozen=True, slots=True)
class Row:
    """What one run gave: occupancy and idle times of the floor, the rest of its campaign (the worse, where several)."""

    cell: str
    digest: str
    law: str
    seed: int
    agents: int
    stationary: bool
    limit: float
    value: float
    occupancy: float
    talk_minutes: float
    live: int
    abandoned: int
    windows_above: int
    windows: int
    worst: float
    first: float  # abandon rate of the first 200 live answers
    after_shift: float  # … of the 200 after the world changed (0: it does not)
    settled: float  # … of the 200 from ten minutes after that
    doubled: bool  # the change is that more people answer
    idle_mean_s: float
    idle_p90_s: float
    wait_mean_s: float
    dials_per_contact: float
    without_staff: int
    decision_us: float
    longest_decision_ms: float
    cpu_s: float
    campaigns: int = 1
    least_share: float = 1.0  # of the agents' busy time, that of the campaign with least of it

    @property
    def key(self) -> tuple[str, str, int]:
        """Say which run this is."""
        return self.digest, self.law, self.seed


def digest(cell: Cell) -> str:
    """Return a short name for everything a cell is made of."""
    return hashlib.sha256(repr(cell).encode()).hexdigest()[:12]


def do(job: Job) -> Row:
    """Run a job."""
    cell = job.cell if job.limit is None else job.cell.but(abandon_limit=job.limit)
    entry = LAWS[job.law]
    outcome = run_cell(cell, lambda one: entry.make(one, job.value), job.seed, entry.calls_per_agent)
    results, result = outcome.results, outcome.worse
    above, windows = outcome.windows_above(job.cell.abandon_limit)
    shift_s = min([at for at, _ in cell.steps] + [change.at_s for change in cell.staffing], default=0.0)
    return Row(
        cell=cell.name,
        digest=digest(job.cell),
        law=job.name or job.law,
        seed=job.seed,
        agents=cell.agents,
        stationary=cell.stationary,
        limit=cell.abandon_limit,
        value=job.value,
        occupancy=result.occupancy,
        talk_minutes=result.talk_minutes,
        live=result.live,
        abandoned=result.abandoned,
        windows_above=above,
        windows=windows,
        worst=max(one.worst() for one in results),
        first=max(one.after(0.0) for one in results),
        after_shift=max(one.after(shift_s) for one in results) if shift_s else 0.0,
        settled=max(one.after(shift_s + SETTLED_S) for one in results) if shift_s else 0.0,
        doubled=any(factor > 1 for _, factor in cell.steps),
        idle_mean_s=result.idle_mean_s,
        idle_p90_s=result.idle_p90_s,
        wait_mean_s=float(result.waits.mean()) if result.live else 0.0,
        dials_per_contact=result.dials_per_contact,
        without_staff=sum(one.dials_without_staff for one in results),
        decision_us=1e6 * result.decision_s,
        longest_decision_ms=1e3 * max(one.longest_decision_s for one in results),
        cpu_s=result.cpu_s,
        campaigns=len(results),
        least_share=outcome.least_share,
    )


class Tuning(NamedTuple):
    """A law's number that is sought in a cell of one campaign: for two at once there is no one best number."""

    cell: Cell
    law: str


def find(tuning: Tuning) -> tuple[str, str, float]:
    """Return the number which the oracle finds for a law in a cell."""
    entry = LAWS[tuning.law]
    assert entry.between is not None
    low, high = entry.between
    (cell,) = campaigns_of(tuning.cell)
    made = tune(lambda value: entry.make(cell, value), cell, cell.abandon_limit, low, high)
    return digest(cell), tuning.law, made.value


J = TypeVar("J", Job, Tuning)


class Book:
    """The file of rows and of the oracle's numbers."""

    def __init__(self, path: Path, forget: Iterable[str] = ()) -> None:
        self.path = path
        self.rows: dict[tuple[str, str, int], Row] = {}
        self.values: dict[tuple[str, str], float] = {}
        forgotten = set(forget)
        for line in path.read_text().splitlines() if path.exists() else ():
            entry = json.loads(line)
            if entry["law"].partition(AT)[0] in forgotten:
                continue
            if "tuned" in entry:
                self.values[entry["digest"], entry["law"]] = entry["tuned"]
            else:
                row = Row(**entry)
                self.rows[row.key] = row

    def run(self, jobs: Iterable[Job], processes: int, say: Callable[[str], None]) -> None:
        """Run what is not in the book yet, the oracle's tunings first; each result is written at once."""
        wanted = [job for job in jobs if (digest(job.cell), job.name or job.law, job.seed) not in self.rows]
        tunings = {
            (digest(job.cell), job.law): Tuning(job.cell, job.law)
            for job in wanted
            if LAWS[job.law].tuned and (digest(job.cell), job.law) not in self.values
        }
        with multiprocessing.get_context("fork").Pool(processes) as pool, self.path.open("a") as file:
            for key, law, value in pool.imap_unordered(find, _longest_first(tunings.values()), chunksize=1):
                self.values[key, law] = value
                print(json.dumps({"digest": key, "law": law, "tuned": value}), file=file, flush=True)
                say(f"tuned {law}: {value:.3f}")
            ready = [job._replace(value=self.values.get((digest(job.cell), job.law), 0.0)) for job in wanted]
            for number, row in enumerate(pool.imap_unordered(do, _longest_first(ready), chunksize=1), 1):
                self.rows[row.key] = row
                print(json.dumps(asdict(row)), file=file, flush=True)
                say(f"{number}/{len(ready)} {row.cell} {row.law} seed {row.seed}: {100 * row.occupancy:.1f} %")


def _longest_first(jobs: Iterable[J]) -> list[J]:
    return sorted(jobs, key=lambda job: -job.cell.hours * job.cell.agents)
