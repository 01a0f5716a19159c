"""Owns reading rule sets: those shipped in core/rules and an operator's own. Knows no campaign.

An edge: the core gets the values. `dialerctl rules` and `config check` use it without a daemon.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

from dialerd.core.errors import Invalid
from dialerd.core.rule_set import RuleSet
from dialerd.core.rule_set_parsing import parse_rule_set
from dialerd.public_holidays import public_holidays

SHIPPED = Path(__file__).parent / "core" / "rules"
LARGEST_FILE = 1 << 20


def load_rule_sets(today: date, own: Path | None = None) -> Mapping[str, RuleSet]:
    """Every rule set by name: the shipped ones and those of the folder `own` (it need not exist).

    Invalid lists every problem, each with its file; a set may not have a shipped one's name.
    """
    sets: dict[str, RuleSet] = {}
    problems: list[str] = []
    for path in _files(own):
        try:
            found = read_rule_set(path, today)
            if found.name in sets:
                raise Invalid(f"name: {found.name} is the name of another rule set: choose your own")
            sets[found.name] = found
        except Invalid as error:
            problems += [f"{path}: {problem}" for problem in str(error).split("; ")]
    if problems:
        raise Invalid("\n".join(problems))
    return sets


def _files(own: Path | None) -> Iterator[Path]:
    yield from sorted(SHIPPED.glob("*.toml"))
    if own is not None and own.is_dir():
        yield from sorted(own.glob("*.toml"))


def read_rule_set(path: Path, today: date) -> RuleSet:
    """One file as a rule set; Invalid with every problem of it."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise Invalid(f"is larger than {LARGEST_FILE >> 20} MiB: this is no rule set")
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(f"cannot be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"is not TOML: {error}") from None
    return parse_rule_set(data, lambda calendar: _holidays(calendar, today))


@lru_cache(maxsize=64)
def _holidays(calendar: str, today: date) -> tuple[frozenset[date], frozenset[int]]:
    return public_holidays(calendar, today)
