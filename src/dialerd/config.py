"""Owns the configuration: `load` for the daemon, `check` and `effective` for dialerctl. Must not know store or PBX.

Files: dialerd.toml (or --config FILE), `conf.d/*.toml` beside it in name order, `secrets.toml` beside it.
All mistakes are found at once; see config_schema.py for what may stand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dialerd.config_assembly import assemble
from dialerd.config_display import effective, masked_url
from dialerd.config_files import read_all
from dialerd.config_problems import ConfigInvalid, Problem
from dialerd.config_schema import (
    AsteriskSettings,
    AudioSettings,
    ControlSettings,
    DaemonSettings,
    DetectorSettings,
    MetricsSettings,
    RecordingSettings,
    RoleSettings,
    Settings,
    StoreSettings,
    TrunkSettings,
)
from dialerd.config_secrets import SecretPlaces, credentials_folder, merge_secrets_file
from dialerd.control.protocol import DEFAULT_CONFIG

__all__ = [
    "DEFAULT_CONFIG",
    "AsteriskSettings",
    "AudioSettings",
    "ConfigInvalid",
    "ControlSettings",
    "DaemonSettings",
    "DetectorSettings",
    "MetricsSettings",
    "Problem",
    "RecordingSettings",
    "RoleSettings",
    "Settings",
    "StoreSettings",
    "TrunkSettings",
    "check",
    "effective",
    "load",
    "masked_url",
]


def load(path: str | Path = DEFAULT_CONFIG, *, environ: Mapping[str, str], need_credentials: bool = True) -> Settings:
    """Given the main file and the environment (for $CREDENTIALS_DIRECTORY), return the settings.

    Raise ConfigInvalid with every mistake. `need_credentials` False: see config_secrets.SecretPlaces.
    """
    main = Path(path)
    problems: list[Problem] = []
    merged = read_all(main, problems)
    if not merged.files:
        raise ConfigInvalid(problems)
    merge_secrets_file(merged, main.parent / "secrets.toml", problems)
    places = SecretPlaces(main.parent, credentials_folder(environ), need_credentials)
    settings = assemble(merged, places, problems)
    if problems:
        raise ConfigInvalid(sorted(set(problems), key=lambda p: (p.file != str(main), p.file, p.line)))
    return settings


def check(path: str | Path = DEFAULT_CONFIG, *, environ: Mapping[str, str]) -> list[Problem]:
    """Given the main file, return every mistake (none: an empty list). Credentials need not be at hand."""
    try:
        load(path, environ=environ, need_credentials=False)
    except ConfigInvalid as error:
        return list(error.problems)
    return []
