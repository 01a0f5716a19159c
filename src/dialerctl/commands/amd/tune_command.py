"""Owns `dialerctl amd tune` and `dialerctl amd presets`. Must not judge sound: the core's model of AMD does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dialerctl.asking import ask
from dialerctl.commands.amd.recordings import LABELS, Labelled, of_folder, of_samples, told, unlabelled
from dialerctl.commands.amd.tuned import Row, Tuned, as_values, tuned
from dialerctl.failure import Failure
from dialerctl.known_names import campaign_names
from dialerctl.moments import Moment
from dialerctl.numbers_list import NumberRange
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerctl.simulate_progress import progress_told
from dialerd.control.protocol import MAX_LIST_ROWS, ExitCode

POLICIES = click.Choice(["agent", "machine"])


@click.command()
@click.argument("source", metavar="FOLDER|CAMPAIGN", shell_complete=campaign_names)
@click.option(
    "--lost-limit", type=NumberRange(0, 100), default=5.0, show_default=True, metavar="PERCENT",
    help="People that may be taken for machines.",
)  # fmt: skip
@click.option("--delay-limit", type=NumberRange(0.5, 10), metavar="SECONDS", help="p95 of AMD's time for a person.")
@click.option("--unsure", type=POLICIES, help="Who gets NOTSURE; default: as the campaign says, else agent.")
@click.option(
    "--held-out", type=NumberRange(10, 90), default=50.0, show_default=True, metavar="PERCENT",
    help="Recordings that are not searched on, but measured on.",
)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Splits and searches.")
@click.option("--since", type=Moment(), metavar="WHEN", help="A campaign's calls that began at or after: 7d.")
@click.option("--until", type=Moment(end_of_day=True), metavar="WHEN", help="Its calls that began before then.")
@click.option("--careful", is_flag=True, help="Keep the limit in cross-validation over groups, too.")
@click.option("--apply", "apply_", is_flag=True, help="Set what is proposed (a campaign).")
@click.option("--yes", is_flag=True, help="Do not ask before it is set.")
@click.option("--progress/--no-progress", default=None, help="Show progress on stderr; default: on a terminal.")
@output_options
def tune(session: Session, source: str, **asked: Any) -> None:
    """Find AMD's parameters for your calls: fewest machines to agents at a limit on lost people.

    From a folder of wav files with labels.csv (columns file,label; label is person or machine), without dialerd; or
    from a campaign's own recorded samples whose calls are known (call review, dispositions). The recordings are judged
    by a model of Asterisk's AMD() that says what AMD says; one part is searched on, the other measured on.

    A setting that just keeps the limit where it was found loses more people elsewhere. With --careful the proposal is
    stricter: it keeps the limit in cross-validation as well. Name voices or sources in a column group for that.

    \b
    Exit status 6: the limit can only be kept by sending most machines to agents, so nothing is proposed.

    \b
    Examples:
      dialerctl amd tune recordings/ --lost-limit 10
      dialerctl amd tune spring --since 30d --apply
    """
    folder = Path(source)
    present: Mapping[str, Any] | None = None
    if folder.is_dir():
        if asked["apply_"]:
            raise click.UsageError("--apply needs a campaign: a folder has no settings to change")
        labelled, what = of_folder(folder), f"folder {source}"
        if left := unlabelled(folder, labelled):
            session.say(f"(not in {LABELS}, left out: {told(left)})")
    else:
        if "/" in source or source.endswith(".wav"):
            raise Failure(f"there is no folder {source}", ExitCode.NOT_FOUND)
        present = session.call("campaign.show", name=source)
        labelled, what = _of_campaign(session, source, asked["since"], asked["until"]), f"campaign {source}"
    unsure = asked["unsure"] or (present["amd_unsure"] if present else "agent")
    found = _tuned(session, labelled, unsure, present, asked)
    name = source if present else "NAME"
    session.show_object(_values(found, what, unsure, asked), _screen(found, what, unsure, name))
    if found.refusal:
        raise Failure(f"nothing is proposed: {found.refusal}", ExitCode.CONFLICT)
    if asked["apply_"] and present is not None:
        changes = {column: value for column, value in found.columns.items() if present[column] != value}
        if not changes:
            session.say(f"Campaign {source} has these parameters already.")
            return
        change = ", ".join(f"{column} {present[column]} to {value}" for column, value in changes.items())
        ask(asked["yes"], f"Change campaign {source}: {change}?")
        session.call("campaign.edit", name=source, changes=changes)
        session.say(f"Campaign {source} is changed.")


@click.command()
@output_options
def presets(session: Session) -> None:
    """List the named parameter sets: campaign edit NAME --amd-preset human-first.

    \b
    Examples:
      dialerctl amd presets
    """
    from dialerd.core.amd.presets import PRESETS
    from dialerd.core.campaign import AMD_COLUMNS

    rows = [{"name": name, **parameters.columns()} for name, parameters in PRESETS.items()]
    shown = [Column(each, each.removeprefix("amd_").replace("_", " "), "number") for each in AMD_COLUMNS.values()]
    session.show_list("presets", rows, [Column("name"), *shown], "")


def _of_campaign(session: Session, name: str, since: str | None, until: str | None) -> list[Labelled]:
    samples: list[Mapping[str, Any]] = []
    unseen = offset = 0
    while True:
        answer = session.call(
            "amd.samples", name=name, since=since, until=until, limit=MAX_LIST_ROWS, offset=offset or None
        )
        samples += answer["samples"]
        unseen += answer["unseen"]
        offset += MAX_LIST_ROWS  # of all rows: a page has fewer samples than rows where dialerd does not find files
        if offset >= answer["total"]:
            break
    if unseen and samples:
        session.say(f"(left out: {unseen} samples that are not where dialerd looks for them)")
    labelled, problems = of_samples(samples)
    for problem in problems[:5]:
        session.say(f"(left out: {problem})")
    if samples and not labelled:
        raise Failure(f"none of the {len(samples)} recorded samples of campaign {name} can be read: {problems[0]}")
    if not labelled:
        raise Failure(
            f"campaign {name} has no recorded samples whose calls are known: set --amd-sample PERCENT, "
            f"and listen with dialerctl call review --campaign {name}"
            + (f" ({unseen} more are not where dialerd looks for them)" if unseen else "")
        )
    return labelled


def _tuned(
    session: Session, labelled: list[Labelled], unsure: str, present: Mapping[str, Any] | None, asked: Mapping[str, Any]
) -> Tuned:
    begun = time.monotonic()
    with progress_told(100, False if session.quiet else asked["progress"], "Searching") as tell:
        shown = 0.0

        def tried(done: int, of: int) -> None:
            nonlocal shown
            part = 100 * done / of
            if part - shown >= 1 and time.monotonic() - begun > 1:
                tell(part - shown)
                shown = part

        return tuned(
            labelled,
            lost_limit=asked["lost_limit"] / 100,
            delay_limit_s=asked["delay_limit"],
            unsure=unsure,
            held_out=asked["held_out"] / 100,
            seed=asked["seed"],
            present=present,
            tried=tried,
            carefully=asked["careful"],
        )


def _values(found: Tuned, what: str, unsure: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": what,
        "lost_limit": asked["lost_limit"] / 100,
        "delay_limit_s": asked["delay_limit"],
        "unsure": unsure,
        "searched": {"people": found.searched[0], "machines": found.searched[1]},
        "presets": [as_values(row) for row in found.presets],
        "present": as_values(found.present),
        "frontier": [as_values(row) for row in found.frontier],
        "proposal": None if found.refusal else as_values(found.proposal),
        "columns": dict(found.columns),
        "careful": asked["careful"],
        "refusal": found.refusal,
        "warning": found.warning,
    }


def _screen(found: Tuned, what: str, unsure: str, name: str) -> str:
    held = found.presets[0]
    lines = [
        f"{what}: searched on {found.searched[0]} people and {found.searched[1]} machines,"
        f" measured on {held.people} and {held.machines} others",
        f"NOTSURE goes to {'an agent' if unsure == 'agent' else 'the machines'}; in brackets 95 % intervals (Wilson)",
        "",
        f"{'':18} {'people lost':>20} {'machines to agents':>22} {'delay p50/p95':>15}  AMD()",
    ]
    lines += [_line(row) for row in (*found.presets, *([found.present] if found.present else []))]
    lines += ["", "Fewest machines to agents at a limit on lost people:"]
    lines += [_line(row) for row in found.frontier]
    if found.warning:
        lines += ["", f"Note: {found.warning}."]
    if not found.refusal and found.proposal is not None:
        options = " ".join(f"--{column.replace('_', '-')} {value}" for column, value in found.columns.items())
        lines += ["", "Proposed:", _line(found.proposal), "", f"dialerctl campaign edit {name} {options}"]
    return "\n".join(lines)


def _line(row: Row) -> str:
    delay = "-" if row.delay_p95_s is None else f"{row.delay_median_s:.1f}/{row.delay_p95_s:.1f} s"
    lost, leaked = _share(row.lost_share, row.lost_interval), _share(row.leaked_share, row.leaked_interval)
    return f"{row.name:18} {lost:>20} {leaked:>22} {delay:>15}  {row.arguments}"


def _share(share: float, interval: tuple[float, float]) -> str:
    return f"{100 * share:.1f} % ({100 * interval[0]:.1f}-{100 * interval[1]:.1f})"
