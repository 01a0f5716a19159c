"""Owns how dialerctl fails: one sentence for the operator, one exit status for the script. Knows no command."""

from __future__ import annotations

from typing import IO, Any

import click

from dialerctl.terminal import clean


class Failure(click.ClickException):
    """Something that ends a command: `message` is one sentence (what, where, what to do), `exit_code` its status."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click 8.5 calls it a class variable

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence on stderr, control characters removed (it may quote a lead's name)."""
        click.echo(f"dialerctl: {clean(self.message)}", file=file, err=file is None)
