"""Owns `dialerctl rules …`: works without a daemon, on the files. Must not judge anything (the core does)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dialerctl import output
from dialerctl.failure import Failure
from dialerctl.lazy_group import Noun
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerd.control.protocol import ExitCode

if TYPE_CHECKING:
    from dialerd.core.rule_set import RuleSet

DEFAULT_DIR = "/etc/dialerd/rules"
LIST = (
    Column("name"),
    Column("version"),
    Column("in_force", "in force"),
    Column("countries"),
    Column("title"),
)
RULES = (Column("kind"), Column("where"), Column("rule"), Column("source"), Column("note"))
dir_option = click.option(
    "--rules-dir", type=click.Path(path_type=Path), metavar="DIR", default=DEFAULT_DIR, show_default=True,
    help="Your own rule sets ([dialerd] rules_dir); it need not exist.",
)  # fmt: skip


@click.group(cls=Noun)
def rules() -> None:
    """Rule sets: what a country's law demands of each call, with sources. No legal advice: your counsel decides."""


@rules.command("list")
@dir_option
@output_options
def list_rules(session: Session, rules_dir: Path) -> None:
    """List the rule sets that campaigns can choose (campaign edit NAME --rule-set …).

    \b
    Examples:
      dialerctl rules list
      dialerctl rules list -o json
    """
    today = datetime.now(UTC).date()
    rows = [
        {
            "name": law.name,
            "version": law.version,
            "in_force": law.in_force(today),
            "countries": ", ".join(law.countries) or "any",
            "title": law.title,
        }
        for law in _load(rules_dir).values()
    ]
    session.show_list("rule_sets", rows, LIST, "No rule sets.")


@rules.command()
@click.argument("name")
@click.option("--region", metavar="CODE", help="Only what holds for a lead there, like US-FL.")
@dir_option
@output_options
def show(session: Session, name: str, region: str | None, rules_dir: Path) -> None:
    """Show every rule of a set with its source. Where a lead's state is unknown, those of all states hold.

    \b
    Examples:
      dialerctl rules show us-telemarketing
      dialerctl rules show us-telemarketing --region US-FL
      dialerctl rules show fr -o json
    """
    from dialerd.core.rule_set import ledger_rules

    sets = _load(rules_dir)
    if name not in sets:
        from dialerd.core.errors import hint

        meant = hint(name, sets, f"known: {', '.join(sorted(sets))}")
        raise Failure(f"there is no rule set {name!r}{meant}", ExitCode.NOT_FOUND)
    values = rule_set_values(sets[name], region)
    head = output.pairs([(key, str(values[key])) for key in ("name", "version", "title", "countries", "in_force_from")])
    if told := ledger_rules(sets[name]):
        head += "\n" + told
    table = output.table(values["rules"], RULES, colour=session.colour, limit=output.screen_limit(session.target))
    notes = "\n".join(f"Note: {note}" for note in values["notes"])
    session.show_object(values, "\n\n".join(part for part in (head, table if values["rules"] else "", notes) if part))


@rules.command()
@click.argument("file", type=click.Path(path_type=Path))
@output_options
def check(session: Session, file: Path) -> None:
    """Check a rule set of your own: all problems at once. Exit status 78 when there are any.

    The format: docs/rules.md. Put the file into rules_dir and restart dialerd.

    \b
    Example:
      dialerctl rules check my-rules.toml
    """
    from dialerd.core.errors import Invalid
    from dialerd.rule_files import read_rule_set

    try:
        law = read_rule_set(file, datetime.now(UTC).date())
    except Invalid as error:
        raise Failure("\n".join(f"{file}: {problem}" for problem in str(error).split("; ")), ExitCode.CONFIG) from None
    session.show_done({"name": law.name, "rules": len(law.demands)}, f"{file}: rule set {law.label} is fine.")


def rule_set_values(law: RuleSet, region: str | None = None) -> dict[str, Any]:
    """A rule set as JSON and tables show it; with `region` only what holds for a lead there."""
    from dialerd.core.rule_set import describe

    found: list[Mapping[str, str]] = [
        {
            "kind": demand.KIND,
            "where": ", ".join(demand.regions) or "everywhere",
            "rule": describe(demand),
            "source": demand.source,
            "note": demand.note,
        }
        for demand in law.demands
        if region is None or demand.concerns((region.upper(),))
    ]
    return {
        "name": law.name,
        "version": law.version,
        "title": law.title,
        "countries": ", ".join(law.countries) or "any",
        "in_force_from": law.effective_from.isoformat(),
        "in_force_until": law.effective_until.isoformat() if law.effective_until else None,
        "abandon_window": law.abandon_window.value if law.abandon_window is not None else None,
        "amd_losses_inside": law.amd_losses_inside,
        "rules": found,
        "notes": list(law.notes),
    }


def _load(rules_dir: Path) -> Mapping[str, RuleSet]:
    from dialerd.core.errors import Invalid
    from dialerd.rule_files import load_rule_sets

    try:
        return load_rule_sets(datetime.now(UTC).date(), rules_dir)
    except Invalid as error:
        raise Failure(str(error), ExitCode.CONFIG) from None
