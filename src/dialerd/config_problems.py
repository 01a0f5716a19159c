"""Owns how a mistake in the configuration is told: file, line, table, key, one sentence. Knows no schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dialerd.core.errors import DialerError


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` 0 = not known; `table` as it stands in the file (`[store]`, `[[trunk]] carrier`)."""

    file: str
    text: str
    table: str = ""
    key: str = ""
    line: int = 0

    def __str__(self) -> str:
        """`FILE:LINE: [table] key: text`, less the parts that are not known."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        inside = " ".join(part for part in (self.table, self.key) if part)
        return f"{where}: {inside}: {self.text}" if inside else f"{where}: {self.text}"


class ConfigInvalid(DialerError):
    """The configuration cannot be used. `problems` holds every mistake that was found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Given at least one problem, make the error whose text is one line for each."""
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Given an unknown word, return ` (did you mean 'x'?)`, or the known words when they are few."""
    names = sorted(known)
    near = get_close_matches(word.lower()[:100], names, n=1, cutoff=0.6)
    if near:
        return f" (did you mean {near[0]!r}?)"
    return f" (known: {', '.join(names)})" if 0 < len(names) <= 16 else ""
