"""Owns `dialerctl audio …`. Must not know what a voice file must be: dialerd checks it, sox reads it (sox.py)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from dialerctl.asking import ask
from dialerctl.known_names import sound_names
from dialerctl.lazy_group import Noun
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerd.control.protocol import MAX_SOUND_PART, ExitCode

PATIENCE_S = 60.0
LIST = (
    Column("name"),
    Column("length_s", "seconds", "number"),
    Column("level_dbfs", "dBFS", "number"),
    Column("used_by", "used by"),
    Column("use_as", "use as", whole=True),
    Column("at", "added", "time"),
    Column("problem"),
)
CHECKED = (Column("name"), Column("verdict", "state"), Column("used_by", "used by"))


@click.group(cls=Noun)
def audio() -> None:
    """Voice files: what people hear without an agent, and what is left on a mailbox."""


@audio.command()
@click.argument("file", metavar="FILE")
@click.option("--name", required=True, metavar="NAME", help="Letters, digits, _ and -.", shell_complete=sound_names)
@click.option("--replace", is_flag=True, help="Replace the sound of that name; a call that plays it goes on.")
@click.option("--note", metavar="TEXT", help="What is said in it, or who spoke it.")
@click.option("--keep-level", is_flag=True, help="Leave it as loud as it is; by default it is brought to -18 dBFS.")
@click.option("--keep-silence", is_flag=True, help="Leave the silence before and behind it.")
@output_options
def add(session: Session, file: str, **given: Any) -> None:
    """Convert a sound file with sox and give it to dialerd, which checks it and puts it where Asterisk plays it.

    Any format that sox reads. A message has 0.3 s to 5 minutes. It is stored as 8 kHz WAV, u-law and A-law.

    \b
    Examples:
      dialerctl audio add recorded.wav --name sorry --note "Maria, 2026-11"
      dialerctl audio add recorded.wav --name sorry --replace
      dialerctl campaign edit spring --abandon-message /var/lib/dialerd-sounds/sorry
    """
    from dialerctl.sox import converted

    sound = converted(file)
    client, patience = session.client(), max(PATIENCE_S, session.timeout_s)
    upload = secrets.token_hex(16)
    for offset in range(0, len(sound.wav), MAX_SOUND_PART):
        data = base64.b64encode(sound.wav[offset : offset + MAX_SOUND_PART]).decode()
        client.call("audio.send", {"upload": upload, "offset": offset, "data": data}, timeout_s=patience)
    source = Path(file).name.encode(errors="replace").decode()[:200]
    values = client.call("audio.put", {**given, "upload": upload, "source": source}, timeout_s=patience)
    session.show_done(values, _added(values))
    for warning in values["warnings"]:
        session.say(f"Note: {warning}.")
    if sound.clipped:
        session.say(f"Note: {file} is clipped, which is heard: record it more quietly.")


@audio.command("list")
@output_options
def list_sounds(session: Session) -> None:
    """List the sounds with length, level and the campaigns that use them.

    \b
    Examples:
      dialerctl audio list
      dialerctl audio list --json
    """
    rows = session.call("audio.list")
    session.show_list("sounds", _shown(session, rows), LIST, "No sounds: dialerctl audio add FILE --name NAME")


@audio.command()
@click.argument("name", required=False, metavar="[NAME]", shell_complete=sound_names)
@output_options
def check(session: Session, name: str | None) -> None:
    """Read every sound anew: is it there, readable, unchanged, used? Exit status 1 when one is not as it must be.

    A sound that a campaign names and that is missing is told, too. A sound that nobody uses is no mistake.

    \b
    Examples:
      dialerctl audio check
      dialerctl audio check sorry
    """
    rows = session.client().call("audio.check", {"name": name}, timeout_s=max(PATIENCE_S, session.timeout_s))
    told = [{**row, "verdict": row["problem"] or ("good" if row["used_by"] else "good, not used")} for row in rows]
    session.show_list("sounds", _shown(session, told), CHECKED, "No sounds, and no campaign names one.")
    if any(row["problem"] for row in rows):
        click.get_current_context().exit(ExitCode.FAILED)


@audio.command()
@click.argument("name", shell_complete=sound_names)
@click.option("--yes", is_flag=True, help="Do not ask.")
@output_options
def remove(session: Session, name: str, yes: bool) -> None:
    """Remove a sound. Refused while a campaign uses it.

    \b
    Example:
      dialerctl audio remove sorry --yes
    """
    ask(yes, f"Remove sound {name}?")
    values = session.call("audio.remove", name=name)
    session.show_done(values, f"Sound {name} is removed.")


def _added(values: Mapping[str, Any]) -> str:
    done = []
    if values["trimmed_start_s"] or values["trimmed_end_s"]:
        done.append(f"silence taken off: {values['trimmed_start_s']:g} s before, {values['trimmed_end_s']:g} s behind")
    if values["gain_db"]:
        done.append(f"level changed by {values['gain_db']:+.1f} dB")
    what = "replaced" if values["replaced"] else "added"
    return (
        f"Sound {values['name']} is {what}: {values['length_s']:.1f} s at {values['level_dbfs']:.1f} dBFS"
        + (f" ({'; '.join(done)})" if done else "")
        + f". Use it as {values['use_as']}, for example: "
        f"dialerctl campaign edit CAMPAIGN --abandon-message {values['use_as']}"
    )


def _shown(session: Session, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows for a table or CSV say their users in words; JSON keeps the daemon's."""
    if session.form == "json":
        return list(rows)
    used = [", ".join(f"{use['campaign']} ({use['as']})" for use in row["used_by"]) for row in rows]
    return [
        {**{key: value for key, value in row.items() if key != "sha256"}, "used_by": words}
        for row, words in zip(rows, used, strict=True)
    ]
