"""Owns the question before something is removed. A script that nobody can answer for must say --yes."""

from __future__ import annotations

import sys

import click

from dialerctl.terminal import is_terminal


def ask(yes: bool, question: str) -> None:
    """Return when the answer is yes, or was given by --yes; abort otherwise, a usage error where nobody can answer."""
    if yes:
        return
    if not is_terminal(sys.stdin):
        raise click.UsageError(f"{question} Nobody is there to answer: say --yes")
    click.confirm(question, abort=True, err=True)
