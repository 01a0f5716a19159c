"""Owns the counts of an import and how counts are written. Knows neither files nor dialerd."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counts:
    """What became of the rows."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    duplicates_in_file: int = 0
    duplicates_known: int = 0
    acceptable: int = 0
    seen: set[str] = field(default_factory=set)

    @property
    def duplicates(self) -> int:
        """All duplicates: within the file and of leads that dialerd has."""
        return self.duplicates_in_file + self.duplicates_known


def grouped(number: int) -> str:
    """A number with spaces between thousands: 12 480."""
    return f"{number:,}".replace(",", " ")


def counted(number: int, word: str) -> str:
    """`3 rows`, `1 row`."""
    return f"{grouped(number)} {word}" + ("" if number == 1 else "s")
