"""Owns reading the files: TOML syntax, conf.d order, merging, where each value came from. Knows no defaults or types.

Every value keeps its file and line, so that a mistake found later can be shown where it stands.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialerd.config_problems import Problem, did_you_mean
from dialerd.config_schema import AGENT_USERS, ALL_TABLES, LISTS, TABLES

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]#]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")
_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)\Z")
_MAX_FILE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody wrote it, and where."""

    value: Any
    file: str
    line: int = 0

    @property
    def origin(self) -> str:
        """FILE:LINE for `config show`."""
        return f"{self.file}:{self.line}" if self.line else self.file


Entry = dict[str, Given]


@dataclass(slots=True)
class Merged:
    """What all files say together, before any check of keys and values."""

    main: str
    tables: dict[str, Entry] = field(default_factory=dict)
    lists: dict[str, list[Entry]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    complete: bool = True  # no file was unreadable or broken: what is missing is missing indeed


def read_all(main: Path, problems: list[Problem]) -> Merged:
    """Given the main file, read it and `conf.d/*.toml` beside it in name order; a later value wins.

    Mistakes are appended to `problems`; what could be read is returned all the same, to find more of them.
    """
    merged = Merged(main=str(main))
    extra = sorted((main.parent / "conf.d").glob("*.toml"))
    for file in (main, *extra):
        text = read_text(file, problems)
        if text is None:
            continue
        merged.files.append(str(file))
        before = len(problems)
        document = parse(str(file), text, problems)
        merged.complete = merged.complete and len(problems) == before
        _merge(merged, str(file), document, lines_of(text), problems)
    return merged


def read_text(file: Path, problems: list[Problem]) -> str | None:
    """The text of a file, or None and a problem that says why not."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES:
            problems.append(Problem(str(file), "is larger than 1 MiB; this is no configuration file"))
            return None
        return content.decode("utf-8")
    except FileNotFoundError:
        text = "no such file: write one (the annotated sample is docs/dialerd.toml.sample) or name another by --config"
        problems.append(Problem(str(file), text))
    except UnicodeDecodeError as error:
        problems.append(Problem(str(file), f"is not UTF-8 text (byte {error.start})"))
    except IsADirectoryError:
        problems.append(Problem(str(file), "is a folder: name the file in it, like dialerd.toml"))
    except OSError as error:
        problems.append(Problem(str(file), f"cannot be read: {error.strerror}; run this as root or as user dialerd"))
    return None


def parse(file: str, text: str, problems: list[Problem]) -> dict[str, Any]:
    """Given TOML text, return its tables; a syntax error becomes a problem with its line and an empty result."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        problems.append(Problem(file, "is nested too deeply to be a configuration file"))
    except ValueError as error:  # TOMLDecodeError, and int() on thousands of digits
        words = str(error)
        at = _AT_LINE.search(words)
        line = int(at[1]) if at else 0
        problems.append(Problem(file, f"syntax error: {_AT_LINE.sub('', words)}", line=line))
    return {}


def lines_of(text: str) -> dict[tuple[str, int, str], int]:
    """Given TOML text, return (table, index in its list, key) → line; key '' is the header itself.

    tomllib tells lines of syntax errors only, so this reads headers and keys once more. A key it overlooks
    merely has no line.
    """
    found: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, index = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = header[2].strip()
            index = counts[table] = counts.get(table, -1) + 1 if header[1] == "[[" else 0
            found.setdefault((table, index, ""), number)
        elif key := _KEY.match(line):
            name = key[1].strip("\"'")
            first, dot, rest = name.partition(".")
            place = (table, index, name) if table or not dot else (first.strip(), 0, rest.strip())
            found.setdefault(place, number)
    return found


def _merge(
    merged: Merged,
    file: str,
    document: dict[str, Any],
    lines: dict[tuple[str, int, str], int],
    problems: list[Problem],
) -> None:
    for table, content in document.items():
        line = lines.get((table, 0, ""), 0) or lines.get(("", 0, table), 0)
        if table not in ALL_TABLES:
            what = "table" if isinstance(content, dict | list) else "key outside any table"
            near = did_you_mean(table, ALL_TABLES)
            problems.append(Problem(file, f"unknown {what}{near}", table=f"[{table}]", line=line))
        elif table in LISTS:
            _merge_list(merged, file, table, content, lines, problems)
        elif not isinstance(content, dict):
            how = f"is a table: write [{table}] and its keys below"
            problems.append(Problem(file, how, table=f"[{table}]", line=line))
        else:
            entry = merged.tables.setdefault(table, {})
            for key, value in content.items():
                entry[key] = Given(value, file, lines.get((table, 0, key), 0))


def _merge_list(
    merged: Merged,
    file: str,
    table: str,
    content: Any,
    lines: dict[tuple[str, int, str], int],
    problems: list[Problem],
) -> None:
    """Entries with the name of an earlier file's entry change that entry; others are added."""
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        line = lines.get((table, 0, ""), 0)
        how = f"is a list: write [[{table}]] with double brackets, once for each"
        problems.append(Problem(file, how, table=f"[{table}]", line=line))
        return
    entries = merged.lists.setdefault(table, [])
    earlier = {str(entry["name"].value): entry for entry in entries if "name" in entry}
    for index, given in enumerate(content):
        new = {key: Given(value, file, lines.get((table, index, key), 0)) for key, value in given.items()}
        new.setdefault("", Given(None, file, lines.get((table, index, ""), 0)))
        known = earlier.get(str(given.get("name", "")))
        if known is None:
            entries.append(new)
        else:
            known.update({key: value for key, value in new.items() if key != ""})


def label(table: str, name: str = "") -> str:
    """How a table is written in a problem: `[store]`, `[[trunk]] carrier`."""
    if table in LISTS:
        return f"[[{table}]] {name}".strip()
    return f"[{table}]"


KNOWN_KEYLESS = frozenset({AGENT_USERS})
"""Tables whose keys are the operator's own."""

assert set(TABLES).isdisjoint(LISTS)
