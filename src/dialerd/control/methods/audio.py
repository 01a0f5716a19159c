"""Owns the methods on voice files. What a file must be is said in audio/, which campaign plays it by the store."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from dialerd.control.context import Context, ParamsInvalid
from dialerd.control.methods.campaigns import STORABLE
from dialerd.control.methods.dnc import Note
from dialerd.control.ports import Row
from dialerd.control.ports_audio import Sound
from dialerd.control.protocol import MAX_SOUND_PART
from dialerd.core.errors import Conflict, NotFound, hint
from dialerd.core.sounds import Sounds

Upload = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{8,64}\Z")]
SoundName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=STORABLE)]
SETTINGS = ("abandon_message", "voicemail_file")
"""The columns of a campaign that name sounds."""


class SendParams(msgspec.Struct, frozen=True):
    """A part of a file, in base64; `offset` 0 begins it."""

    upload: Upload
    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 30)]
    data: Annotated[str, msgspec.Meta(max_length=-(-MAX_SOUND_PART // 3) * 4)]


class PutParams(msgspec.Struct, frozen=True):
    """A file that was sent, and the name it is to have; `source` is the file's name at home."""

    name: SoundName
    upload: Upload
    replace: bool = False
    note: Note = ""
    source: Note = ""
    keep_level: bool = False
    keep_silence: bool = False


class NameParams(msgspec.Struct, frozen=True):
    """`name`."""

    name: SoundName


class CheckParams(msgspec.Struct, frozen=True):
    """One sound, or all."""

    name: SoundName | None = None


async def send(context: Context, params: SendParams) -> Row:
    """audio.send: a part of a file on its way to audio.put."""
    try:
        data = base64.b64decode(params.data, validate=True)
    except (binascii.Error, ValueError):
        raise ParamsInvalid("data: is not base64") from None
    shelf = context.services.sounds
    return {"received": shelf.uploads.receive(context.peer.uid, params.upload, params.offset, data)}


async def put(context: Context, params: PutParams) -> Row:
    """audio.put: check the file that was sent, trim it, bring it to the usual level, deploy it."""
    shelf = context.services.sounds
    data = shelf.uploads.take(context.peer.uid, params.upload)
    about = {
        "source": params.source,
        "note": params.note,
        "by": context.peer.user,
        "at": context.services.now().isoformat(timespec="seconds"),
    }
    added = await shelf.add(
        params.name,
        data,
        about,
        replaces=params.replace,
        keep_level=params.keep_level,
        keep_silence=params.keep_silence,
    )
    done = added.done
    return {
        **_row(added.sound, shelf.sounds, await _users(context)),
        "replaced": added.replaced,
        "trimmed_start_s": done.trimmed_start_s,
        "trimmed_end_s": done.trimmed_end_s,
        "gain_db": done.gain_db,
        "warnings": list(done.warnings),
    }


async def list_all(context: Context, _: object) -> list[Row]:
    """audio.list."""
    shelf = context.services.sounds
    found, users = await shelf.look(), await _users(context)
    return [_row(sound, shelf.sounds, users) for sound in found]


async def check(context: Context, params: CheckParams) -> list[Row]:
    """audio.check: every sound read anew, and those that a campaign names and are missing; `problem` empty: sound."""
    shelf = context.services.sounds
    found, users = await shelf.look(fresh=True), await _users(context)
    rows = [_row(sound, shelf.sounds, users) for sound in found]
    there = {sound.name for sound in found}
    rows += [
        {"name": name, "use_as": f"{shelf.sounds.prefix}/{name}", "problem": "there is no such sound", "used_by": used}
        for name, used in sorted(users.items())
        if name not in there
    ]
    if params.name is None:
        return rows
    wanted = [row for row in rows if row["name"] == params.name]
    if not wanted:
        raise NotFound(f"there is no sound {params.name}{hint(params.name, sorted(there))}")
    return wanted


async def remove(context: Context, params: NameParams) -> Row:
    """audio.remove: refused while a campaign names it."""
    used = (await _users(context)).get(params.name)
    if used:
        by = ", ".join(f"campaign {use['campaign']} ({use['as']})" for use in used)
        raise Conflict(f"sound {params.name} is used by {by}: give it another one first (dialerctl campaign edit)")
    await context.services.sounds.remove(params.name)
    return {"name": params.name, "removed": True}


async def _users(context: Context) -> dict[str, list[Row]]:
    """Managed sound → which campaigns name it, and as what; campaigns in any state."""
    users: dict[str, list[Row]] = {}
    for campaign in await context.records.campaigns():
        for setting in SETTINGS:
            for name in dict.fromkeys(context.services.sounds.sounds.managed(str(campaign.get(setting) or ""))):
                users.setdefault(name, []).append({"campaign": campaign["name"], "as": setting})
    return users


def _row(sound: Sound, sounds: Sounds, users: Mapping[str, Sequence[Row]]) -> Row:
    about: Mapping[str, Any] = sound.about
    return {
        "name": sound.name,
        "use_as": f"{sounds.prefix}/{sound.name}",
        **{key: about.get(key) for key in ("length_s", "level_dbfs", "source", "note", "by", "at", "sha256")},
        "problem": sound.problem,
        "used_by": list(users.get(sound.name, ())),
    }
