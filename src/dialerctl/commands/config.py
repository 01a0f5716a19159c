"""Owns `dialerctl config …`. Must not import dialerd.config before a command that needs it is called (offline.py)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from dialerctl.failure import Failure
from dialerctl.lazy_group import Noun
from dialerctl.output import Column
from dialerctl.session import Session, output_options
from dialerd.control.protocol import DEFAULT_CONFIG, ExitCode

SETTINGS = (Column("table"), Column("key"), Column("value"), Column("origin"))
PROBLEMS = (Column("file"), Column("line", kind="number"), Column("table"), Column("key"), Column("problem"))


@click.group(cls=Noun)
def config() -> None:
    """dialerd's configuration files. Needs no running dialerd."""


@config.command()
@click.argument("file", default=DEFAULT_CONFIG, required=False)
@output_options
def check(session: Session, file: str) -> None:
    """Check FILE, the conf.d folder, the secrets beside it and your own rule sets; print every problem with its place.

    Exit status 0 when dialerd can start with it, 78 when not.

    \b
    Examples:
      dialerctl config check
      dialerctl config check /etc/dialerd/dialerd.toml && sudo systemctl restart dialerd
    """
    from dialerd import config as configuration

    problems = configuration.check(file, environ=os.environ)
    _report(session, file, problems)
    if not problems:
        _check_rules(configuration.load(file, environ=os.environ, need_credentials=False).dialerd.rules_dir)
        session.say(f"{file}: no problems found.")


@config.command()
@click.option("--config", "file", default=DEFAULT_CONFIG, show_default=True, metavar="FILE", help="The main file.")
@click.option("--running", is_flag=True, help="What the running dialerd uses, instead of what the files say.")
@output_options
def show(session: Session, file: str, running: bool) -> None:
    """Show every setting with its value and where it comes from; secrets are masked.

    \b
    Examples:
      dialerctl config show
      dialerctl config show --config ./dialerd.toml -o json
      dialerctl config show --running
    """
    if running:
        rows = session.call("config.show")
    else:
        from dialerd import config as configuration

        try:
            settings = configuration.load(file, environ=os.environ, need_credentials=False)
        except configuration.ConfigInvalid as error:
            _report(session, file, list(error.problems))
            return
        rows = configuration.effective(settings)
    session.show_list("settings", rows, SETTINGS, "No settings.")


def _check_rules(folder: str) -> None:
    """Rule sets of one's own stop dialerd from starting just as a wrong setting does."""
    from dialerd.core.errors import Invalid
    from dialerd.rule_files import load_rule_sets

    try:
        load_rule_sets(datetime.now(UTC).date(), Path(folder))
    except Invalid as error:
        raise Failure(str(error), ExitCode.CONFIG) from None


def _report(session: Session, file: str, problems: list[Any]) -> None:
    """Print the problems and end with exit status 78; an empty list is shown as such and goes on."""
    rows = [
        {
            "file": problem.file,
            "line": problem.line,
            "table": problem.table,
            "key": problem.key,
            "problem": problem.text,
        }
        for problem in problems
    ]
    if session.form != "table" or session.target:
        session.show_list("problems", rows, PROBLEMS, "")
    else:
        for problem in problems:
            click.echo(str(problem), err=True)
    if problems:
        session.say(f"{file}: {len(problems)} problem{'s' if len(problems) != 1 else ''} found.")
        click.get_current_context().exit(ExitCode.CONFIG)
