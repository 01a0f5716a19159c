"""Owns where secrets come from: the key itself, secrets.toml, a file of their own, a systemd credential.

It must not put a secret's text into any message.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialerd.config_files import Entry, Given, Merged, label, lines_of, parse, read_text
from dialerd.config_problems import Problem, did_you_mean
from dialerd.config_schema import DEFAULT_NODE

SECRET_KEYS = {"asterisk": "secret", "store": "password"}
"""Table → its secret key. The other places are `<key>_file` and `credential`."""


@dataclass(frozen=True, slots=True)
class SecretPlaces:
    """Where to look. `credentials` is $CREDENTIALS_DIRECTORY (None: not started by systemd with LoadCredential=).

    With `need_credentials` False a named credential that cannot be looked up is not a problem: `config check`
    runs outside the unit.
    """

    folder: Path
    credentials: Path | None
    need_credentials: bool = True


def merge_secrets_file(merged: Merged, file: Path, problems: list[Problem]) -> None:
    """Given all that the open files say, add `secrets.toml`: [asterisk.NAME] secret, [store] password."""
    if not file.exists():
        return
    text = read_text(file, problems)
    if text is None:
        return
    refuse_open_file(file, "", "", problems)
    lines = lines_of(text)
    for table, content in parse(str(file), text, problems).items():
        wanted = SECRET_KEYS.get(table)
        if wanted is None or not isinstance(content, dict):
            known = "[asterisk.NAME] and [store]"
            problems.append(Problem(str(file), f"has no place here; known are {known}", f"[{table}]"))
        elif table == "store":
            entry = merged.tables.setdefault("store", {})
            _take(entry, table, table, wanted, content, file, lines, problems)
        else:
            _merge_named(merged, table, wanted, content, file, lines, problems)


def _merge_named(
    merged: Merged,
    table: str,
    wanted: str,
    content: dict[str, Any],
    file: Path,
    lines: dict[tuple[str, int, str], int],
    problems: list[Problem],
) -> None:
    by_name = {str(e["name"].value) if "name" in e else DEFAULT_NODE: e for e in merged.lists.get(table, [])}
    for name, inner in content.items():
        place = f"{table}.{name}"
        if name not in by_name:
            text = f"no [[{table}]] entry has the name {name!r}" + did_you_mean(name, by_name)
            problems.append(Problem(str(file), text, f"[{place}]", line=lines.get((place, 0, ""), 0)))
        elif not isinstance(inner, dict):
            text = f"is a table: write [{table}.NAME] and {wanted} = … below"
            problems.append(Problem(str(file), text, f"[{table}]", name))
        else:
            _take(by_name[name], table, place, wanted, inner, file, lines, problems)


def _take(
    entry: Entry,
    table: str,
    place: str,
    wanted: str,
    content: dict[str, Any],
    file: Path,
    lines: dict[tuple[str, int, str], int],
    problems: list[Problem],
) -> None:
    for key, value in content.items():
        line = lines.get((place, 0, key), 0)
        if key != wanted:
            text = f"only {wanted!r} may stand here" + did_you_mean(key, [wanted])
            problems.append(Problem(str(file), text, f"[{place}]", key, line))
        elif wanted in entry and entry[wanted].value != "":
            text = f"is set in {entry[wanted].origin} too: keep one of the two"
            problems.append(Problem(str(file), text, f"[{place}]", key, line))
        else:
            entry[wanted] = Given(value, str(file), line)


def find_secret(table: str, entry: Entry, places: SecretPlaces, problems: list[Problem]) -> tuple[str, str]:
    """Given an entry of a table with a secret, return (secret, origin); ('', '') when none is configured.

    Exactly one place may be used. A file that holds a secret must not be readable by everybody.
    """
    key = SECRET_KEYS[table]
    name = str(entry["name"].value) if "name" in entry else ""
    used = [k for k in (key, f"{key}_file", "credential") if k in entry and entry[k].value != ""]
    if not used:
        return "", ""
    given = entry[used[0]]

    def report(text: str) -> tuple[str, str]:
        problems.append(Problem(given.file, text, label(table, name), used[0], given.line))
        return "", ""

    if len(used) > 1:
        return report(f"only one of {', '.join(used)} may be set")
    if not isinstance(given.value, str):
        return "", ""  # the wrong type is reported with the other values
    if used[0] == key:
        refuse_open_file(Path(given.file), label(table, name), key, problems)
        return given.value, given.origin
    if used[0] == "credential":
        if places.credentials is None:
            if places.need_credentials:
                return report(f"dialerd was not given credentials: add LoadCredential={given.value}:… to its unit")
            return "", f"credential {given.value}"
        return _whole_file(places.credentials / given.value, report), f"credential {given.value}"
    file = places.folder / given.value
    refuse_open_file(file, label(table, name), used[0], problems)
    return _whole_file(file, report), str(file)


def _whole_file(file: Path, report: Any) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(4096).decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        report(f"{file} cannot be read: {error.strerror}")
        return ""
    except UnicodeDecodeError:
        report(f"{file} is not UTF-8 text")
        return ""
    if not text or not text.isprintable():
        report(f"{file} must hold the secret on one line and nothing else")
        return ""
    return text


def refuse_open_file(file: Path, table: str, key: str, problems: list[Problem]) -> None:
    """Report a file with a secret that everybody may read or write (once for each file)."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return  # that it cannot be read is reported where it is read
    if mode & (stat.S_IROTH | stat.S_IWOTH) and not any(p.file == str(file) and "chmod" in p.text for p in problems):
        text = f"holds a secret and is open to everybody (mode {stat.S_IMODE(mode):04o}): chmod 0640 {file}"
        problems.append(Problem(str(file), text, table, key))


def credentials_folder(environ: Mapping[str, str]) -> Path | None:
    """$CREDENTIALS_DIRECTORY of systemd, if set."""
    found = environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(found) if found else None
