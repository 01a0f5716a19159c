"""Owns what the page says in short: the headline, the best rivals in every cell, what is not reached. Runs nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from .gates import AIM, HEADLINE, against_the_best_oracle, keeps
from .matching import at_equal_abandons
from .registry import BOUNDS, LAWS
from .runs import Row
from .table import Difference, Summary

Cells = Mapping[str, Mapping[str, list[Row]]]


def in_short(cells: Cells, ours: str, missed: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the section, in Markdown; `missed`: the sentences of the gates."""
    yield from _headline(cells, ours)
    yield from _equal(cells, ours)
    yield from _tuned(cells, ours)
    yield "### Gates that were missed"
    yield ""
    yield from (f"- {sentence}" for sentence in missed) if missed else ("None.",)
    yield ""


def _headline(cells: Cells, ours: str) -> Iterator[str]:
    """The cells of the issue: what was wanted, what came out, who else comes near within the limit."""
    yield "### The headline cells"
    yield ""
    yield "| cell | limit | dialerd | abandoned | gate | aim | best tuned by oracle | best other on line |"
    yield "|---|---|---|---|---|---|---|---|"
    for cell, laws in cells.items():
        if not cell.startswith("headline-") or ours not in laws:
            continue
        mine, limit = Summary.of(laws[ours]), laws[ours][0].limit
        gate, aim = HEADLINE.get((cell, limit)), AIM.get(cell)
        yield (
            f"| {cell} | {100 * limit:g} % | **{mine.occupancy:.1f} %** | {mine.abandon_percent:.2f} % |"
            f" {_percent(gate)} | {_percent(aim)} | {_best(laws, tuned=True)} | {_best(laws, tuned=False)} |"
        )
    yield ""
    yield "*Best*: among the laws that keep within 1.1 times the limit on the seeds shown."
    yield ""


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:g} %"


def _best(laws: Mapping[str, list[Row]], tuned: bool) -> str:
    """The busiest law of a kind that keeps the limit, with its occupancy and abandons."""
    kind = [law for law in laws if law in LAWS and (LAWS[law].tuned if tuned else LAWS[law].baseline)]
    kept = {law: Summary.of(laws[law]) for law in kind if law not in BOUNDS and keeps(laws[law])}
    if not kept:
        return "none keeps it" if kind else ""
    law = max(kept, key=lambda name: kept[name].occupancy)
    return f"{kept[law].occupancy:.1f} % ({law}, {kept[law].abandon_percent:.2f} %)"


def _equal(cells: Cells, ours: str) -> Iterator[str]:
    """Against each on-line rival at no more abandons than that one realised."""
    by_law: dict[str, list[tuple[str, Difference]]] = defaultdict(list)
    for cell, laws in cells.items():
        for law, gap in at_equal_abandons(laws, ours):
            by_law[law].append((cell, gap))
    if not by_law:
        return
    yield "### At equal abandons"
    yield ""
    yield "In each cell: the on-line laws that no other on-line law outdoes in both occupancy and abandons, against"
    yield "dialerd with the abandon rate which that law realised as its limit (of a law that abandoned nobody: half an"
    yield "abandon in all its runs)."
    yield ""
    yield "| law | cells | mean difference | least | its cell |"
    yield "|---|---|---|---|---|"
    for law, gaps in sorted(by_law.items(), key=lambda item: -len(item[1])):
        cell, least = min(gaps, key=lambda one: one[1].low)
        mean = sum(gap.mean for _, gap in gaps) / len(gaps)
        yield f"| {law} | {len(gaps)} | {mean:+.1f} | {least} | {cell} |"
    every = [gap.mean for gaps in by_law.values() for _, gap in gaps]
    yield f"| all | {len(every)} | {sum(every) / len(every):+.1f} | | |"
    yield ""


def _tuned(cells: Cells, ours: str) -> Iterator[str]:
    """Against the best tuned law of each stationary cell."""
    gaps = {
        cell: gap
        for cell, laws in cells.items()
        if ours in laws and (gap := against_the_best_oracle(laws, ours)) is not None
    }
    if not gaps:
        return
    mean = sum(gap.mean for gap in gaps.values()) / len(gaps)
    least = min(gaps, key=lambda cell: gaps[cell].mean)
    yield "### Against laws tuned by an oracle"
    yield ""
    yield f"{len(gaps)} stationary cells, in each the best tuned law that keeps the limit:"
    yield f"{mean:+.1f} points on average, at least {gaps[least]} ({least})."
    yield ""
