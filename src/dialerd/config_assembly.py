"""Owns what concerns several keys or tables at once: derived defaults, secrets, nodes of trunks. Reads no TOML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from dialerd.config_files import Entry, Merged, label
from dialerd.config_problems import Problem, did_you_mean
from dialerd.config_schema import (
    AGENT_USERS,
    LISTS,
    TABLES,
    AsteriskSettings,
    DaemonSettings,
    Settings,
    StoreSettings,
    TrunkSettings,
    options_of,
)
from dialerd.config_secrets import SecretPlaces, find_secret, refuse_open_file
from dialerd.config_values import build, unique_names

T = TypeVar("T")


def assemble(merged: Merged, places: SecretPlaces, problems: list[Problem]) -> Settings:
    """Given what the files say, return the settings; they are for use only when no problem was added."""
    origins: dict[tuple[str, str], str] = {}
    single = {table: _one_table(shape, table, merged, origins, problems) for table, shape in TABLES.items()}
    daemon: DaemonSettings = single["dialerd"]
    known = {"state_dir": daemon.state_dir, "runtime_dir": daemon.runtime_dir}
    store = _store(_derived(single["store"], "store", known, merged.main, problems), merged, places, origins, problems)
    nodes: list[AsteriskSettings] = []
    for entry in merged.lists.get("asterisk", []):
        nodes.append(_asterisk(entry, merged.main, places, known, origins, problems))
    trunks: list[TrunkSettings] = []
    for entry in merged.lists.get("trunk", []):
        trunk, found = build(TrunkSettings, "trunk", entry, merged.main, problems)
        trunks.append(trunk)
        origins.update({(f"trunk.{trunk.name}", key): origin for key, origin in found.items()})
    for table in LISTS:
        unique_names(table, merged.lists.get(table, []), problems)
    _check_nodes(merged, nodes, trunks, problems)
    if nodes:
        trunks = [trunk if trunk.node else replace(trunk, node=nodes[0].name) for trunk in trunks]
    return Settings(
        dialerd=daemon,
        store=store,
        control=_derived(single["control"], "control", known, merged.main, problems),
        roles=single["roles"],
        agent_users=_agent_users(merged, origins, problems),
        asterisk=tuple(nodes),
        trunks=tuple(trunks),
        recording=single["recording"],
        detector=_derived(single["detector"], "detector", {"listen": single["detector"].listen}, merged.main, problems),
        audio=_derived(single["audio"], "audio", {"folder": single["audio"].folder}, merged.main, problems),
        metrics=single["metrics"],
        origins=origins,
    )


def _one_table(
    shape: type[Any], table: str, merged: Merged, origins: dict[tuple[str, str], str], problems: list[Problem]
) -> Any:
    part, found = build(shape, table, merged.tables.get(table, {}), merged.main, problems)
    origins.update({(table, key): origin for key, origin in found.items()})
    return part


def _derived(part: T, table: str, known: Mapping[str, str], main: str, problems: list[Problem]) -> T:
    """Fill the keys whose default follows from other keys."""
    for key, _, option in options_of(type(part)):
        if not option.derived or getattr(part, key):
            continue
        value = option.derived.format_map(known)
        try:
            value = option.check(value) if option.check is not None else value
        except ValueError as error:
            text = f"its default follows from other keys ({option.derived}) and {error}"
            problems.append(Problem(main, text, label(table), key))
        part = replace(part, **{key: value})  # type: ignore[type-var]
    return part


def _store(
    store: StoreSettings,
    merged: Merged,
    places: SecretPlaces,
    origins: dict[tuple[str, str], str],
    problems: list[Problem],
) -> StoreSettings:
    entry = merged.tables.get("store", {})
    password, origin = find_secret("store", entry, places, problems)
    parts = urlsplit(store.url)
    if parts.password is not None and "url" in entry:
        refuse_open_file(Path(entry["url"].file), "[store]", "url", problems)
    if not password:
        return store
    given = entry.get("url") or entry.get("password") or entry.get("password_file") or entry["credential"]
    if parts.scheme == "sqlite" or parts.password is not None or not parts.username:
        why = {True: "SQLite has no password"}.get(parts.scheme == "sqlite", "")
        why = why or ("the URL has a password already" if parts.password is not None else "the URL names no user")
        problems.append(Problem(given.file, f"a password is set, but {why}", "[store]", "url", given.line))
        return store
    user, _, where = parts.netloc.rpartition("@")
    url = urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{where}"))
    origins["store", "password"] = origin
    return replace(store, url=url, password=password)


def _asterisk(
    entry: Entry,
    main: str,
    places: SecretPlaces,
    known: Mapping[str, str],
    origins: dict[tuple[str, str], str],
    problems: list[Problem],
) -> AsteriskSettings:
    node, found = build(AsteriskSettings, "asterisk", entry, main, problems)
    table = f"asterisk.{node.name}"
    origins.update({(table, key): origin for key, origin in found.items()})
    before = len(problems)
    secret, origin = find_secret("asterisk", entry, places, problems)
    if not origin and len(problems) == before:
        head = entry[""]
        text = f"is missing: put it into secrets.toml beside this file as [asterisk.{node.name}] secret = …"
        problems.append(Problem(head.file, text, label("asterisk", node.name), "secret", head.line))
    if origin:
        origins[table, "secret"] = origin
    node = replace(node, secret=secret)
    return _derived(node, "asterisk", {**known, "agi_listen": node.agi_listen}, main, problems)


def _check_nodes(
    merged: Merged, nodes: list[AsteriskSettings], trunks: list[TrunkSettings], problems: list[Problem]
) -> None:
    if not nodes and merged.files and merged.complete:
        text = "is missing: dialerd needs one Asterisk to dial through (host, username, secret)"
        problems.append(Problem(merged.main, text, "[[asterisk]]"))
    for entry, node in list(zip(merged.lists.get("asterisk", []), nodes, strict=True))[1:]:
        head = entry[""]
        text = "several Asterisk nodes are not supported yet: remove this entry or run a second dialerd for it"
        problems.append(Problem(head.file, text, label("asterisk", node.name), line=head.line))
    names = [node.name for node in nodes]
    for entry, trunk in zip(merged.lists.get("trunk", []), trunks, strict=True):
        if trunk.node and trunk.node not in names:
            given = entry["node"]
            text = f"no [[asterisk]] entry has the name {trunk.node!r}" + did_you_mean(trunk.node, names)
            problems.append(Problem(given.file, text, label("trunk", trunk.name), "node", given.line))


def _agent_users(merged: Merged, origins: dict[tuple[str, str], str], problems: list[Problem]) -> dict[str, str]:
    users: dict[str, str] = {}
    for user, given in merged.tables.get(AGENT_USERS, {}).items():
        if not isinstance(given.value, str) or not given.value or not given.value.isprintable():
            text = f'must be the name of an agent in quotes (example: {user} = "1001")'
            problems.append(Problem(given.file, text, f"[{AGENT_USERS}]", user, given.line))
        else:
            users[user] = given.value
            origins[AGENT_USERS, user] = given.origin
    return users
