"""Owns what the core knows of managed sounds: which can be played, and what a campaign lacks. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dialerd.core.campaign import AmdAction, Campaign

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
NAME_RULE = "1 to 64 letters, digits, _ and -, the first a letter or digit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """The managed sounds as they were found last: name → what is wrong with it, empty for one that can be played.

    `prefix`: a campaign names a managed sound as `prefix/NAME`. Empty: none is managed. Every other name is the
    operator's and is not looked at.
    """

    prefix: str = ""
    found: Mapping[str, str] = field(default_factory=dict)

    def managed(self, setting: str) -> list[str]:
        """Given a sound setting (`a&b` plays both), return the names of the managed sounds in it, in order."""
        if not self.prefix:
            return []
        start = self.prefix + "/"
        return [part.removeprefix(start) for part in setting.split("&") if part.startswith(start)]

    def problems(self, campaign: Campaign) -> list[str]:
        """What a campaign's settings name and cannot be played: one sentence each, with the cure."""
        return [
            problem
            for column, setting in played(campaign).items()
            for name in dict.fromkeys(self.managed(setting))
            if (problem := self._problem(column, name))
        ]

    def _problem(self, column: str, name: str) -> str:
        wrong = self.found.get(name)
        if wrong is None and not NAME.fullmatch(name):
            return (
                f"{column} names {self.prefix}/{name}, and {name!r} is not a sound's name ({NAME_RULE}): "
                "dialerctl audio list shows what to use"
            )
        if wrong is None:
            return (
                f"{column} names {self.prefix}/{name}, and there is no such sound: "
                f"use dialerctl audio add FILE --name {name}"
            )
        if wrong:
            return (
                f"{column} names {self.prefix}/{name}, which cannot be relied on ({wrong}): "
                f"use dialerctl audio add FILE --name {name} --replace"
            )
        return ""


NO_SOUNDS = Sounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundsChanged:
    """Event: the managed sounds are these from now on."""

    sounds: Sounds


def played(campaign: Campaign) -> dict[str, str]:
    """The settings of a campaign whose sounds may be played, by column: a drop is made with AMD only."""
    settings = {"abandon_message": campaign.abandon_message}
    if campaign.amd_enabled and campaign.amd_action is AmdAction.VOICEMAIL:
        settings["voicemail_file"] = campaign.voicemail_file
    return settings
