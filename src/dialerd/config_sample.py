"""Owns the annotated sample file and the tables of docs/configuration.md, both made from the schema.

`python -m dialerd.config_sample sample|docs` prints one; a test keeps the files in docs/ in step.
"""

from __future__ import annotations

import sys
import textwrap
from typing import Any

from dialerd.config_schema import AGENT_USERS, LISTS, TABLES, Option, options_of

_ALL_SHAPES = (*TABLES.values(), *LISTS.values())
_HEAD = """\
# /etc/dialerd/dialerd.toml: how dialerd runs. Campaigns, agents and leads are data: see dialerctl.
# Keys behind a '#' show their default, lists an example; `dialerctl config check FILE` finds every mistake at once.
# Files in conf.d/*.toml beside this one are read after it, in name order; a later value wins.
# Secrets belong in secrets.toml beside this file, mode 0640, owner root, group dialerd:
#     [asterisk.pbx]
#     secret = "…"
#     [store]
#     password = "…"
"""

_DOCS_HEAD = """\
# The configuration

`/etc/dialerd/dialerd.toml`, or the file given by `--config`. Files `conf.d/*.toml` beside it are read after it in
name order: a later value wins; an `[[asterisk]]` or `[[trunk]]` entry with a known `name` changes that entry, another
is added. `dialerctl config check FILE` prints every mistake with file, line, table and key; `dialerctl config show`
prints what the running daemon uses and where each value was set. The annotated sample is
[dialerd.toml.sample](dialerd.toml.sample).
An unknown key is a mistake. A wrong configuration ends dialerd with exit code 78, and systemd does not restart it.

## Secrets
One of these for each secret; the file must not be open to everybody (`chmod 0640`, owner root, group dialerd):
- `secrets.toml` beside the main file: `[asterisk.NAME]` `secret`, `[store]` `password`;
- `secret_file` / `password_file`: a file that holds the secret alone;
- `credential`: a systemd credential (`LoadCredential=` in the unit);
- the key itself, when the whole file is closed to others.

## Tables
"""


def sample() -> str:
    """The annotated sample file."""
    parts = [_HEAD]
    for table, shape in TABLES.items():
        parts.append(_sample_table(f"[{table}]", shape))
    parts.append(
        f"# [{AGENT_USERS}]: user name = agent name. Such a user may act as this agent.\n"
        f'[{AGENT_USERS}]\n#alice = "1001"\n'
    )
    for table, shape in LISTS.items():
        parts.append(_sample_table(f"[[{table}]]", shape))
    return "\n".join(parts)


def documentation() -> str:
    """docs/configuration.md."""
    parts = [_DOCS_HEAD]
    for table, shape in TABLES.items():
        parts.append(_docs_table(f"[{table}]", shape))
    parts.append(
        f"### `[{AGENT_USERS}]`\nuser name = agent name: this user may act as that agent and has role `agent`.\n"
    )
    for table, shape in LISTS.items():
        parts.append(_docs_table(f"[[{table}]]", shape))
    return "\n".join(parts)


def _sample_table(header: str, shape: type[Any]) -> str:
    lines = [f"# {(shape.__doc__ or '').strip()}", header]
    for key, _, option in options_of(shape):
        lines += textwrap.wrap(f"{option.help}{_limits(option)}", 110, initial_indent="# ", subsequent_indent="# ")
        if option.required:
            lines.append(f"{key} = {option.example}")
        else:
            shown = option.example or _toml(option.default)
            lines.append(f"#{key} = {_toml(_resolved(option)) if option.derived else shown}")
    return "\n".join(lines) + "\n"


def _docs_table(header: str, shape: type[Any]) -> str:
    about = (shape.__doc__ or "").strip().partition(": ")[2]
    lines = [f"### `{header}`", about, "", "| key | default | meaning |", "|---|---|---|"]
    for key, _, option in options_of(shape):
        default = "required" if option.required else f"`{_toml(option.derived or option.default)}`"
        lines.append(f"| `{key}` | {default} | {option.help}{_limits(option)} |".replace("[[", "\\[\\["))
    return "\n".join(lines) + "\n"


def _resolved(option: Option) -> str:
    """A derived default as it is while the keys it follows from have their own defaults."""
    known = {key: found.default for shape in _ALL_SHAPES for key, _, found in options_of(shape)}
    return option.derived.format_map(known)


def _limits(option: Option) -> str:
    if option.choices:
        return f" One of: {', '.join(option.choices)}."
    if option.low is not None and option.high is not None:
        return f" From {option.low:g} to {option.high:g}."
    return ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


if __name__ == "__main__":
    sys.stdout.write(documentation() if sys.argv[1:] == ["docs"] else sample())
