"""What a size wants of a book that may hold more than that."""

from __future__ import annotations

import pytest
from benchmarks.pacing_lab.presets import headline
from benchmarks.pacing_lab.sizes import Wanted, standard

from .test_gates import row

WANTED = Wanted(headline(5), ("dialerd", "cisco"), 3)


@pytest.mark.parametrize(
    ("law", "seed", "wanted"),
    [
        ("dialerd", 3, True),
        ("dialerd", 4, False),
        ("dialerd@cisco", 3, True),
        ("dialerd@cisco", 4, False),
        ("dialerd-blind", 1, False),
        ("cisco", 1, True),
    ],
)
def test_runs_of_a_cell_are_told_by_law_and_seed(law: str, seed: int, wanted: bool) -> None:
    assert WANTED.has(row(law=law, seed=seed)) is wanted


def test_each_cell_of_the_standard_size_stands_once_and_has_what_it_is_compared_with() -> None:
    cells = standard().cells
    assert len({one.cell.name for one in cells}) == len(cells)
    assert all("dialerd" in one.laws and len(one.laws) > 1 and one.seeds > 1 for one in cells)
    assert sum(one.cell.name.startswith("cube-") for one in cells) == 24
