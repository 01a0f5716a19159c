"""Owns what every command shares: its options (-o, --to, -q …), the connection, printing a result. Knows no command."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from dialerctl import output
from dialerctl.client import Client, find_socket
from dialerctl.failure import Failure
from dialerctl.numbers_list import NumberRange
from dialerctl.output import Column
from dialerctl.terminal import clean, wants_colour

Command = Callable[..., Any]


@dataclass
class Session:
    """One run of dialerctl: where the daemon is and how the caller wants the answer."""

    socket: str | None = None
    no_color: bool = False
    timeout_s: float = 10.0
    form: str = "table"
    target: str | None = None
    quiet: bool = False
    _client: Client | None = field(default=None, repr=False)

    @property
    def colour(self) -> bool:
        """True when the result goes to a terminal that wants colour."""
        return self.target is None and wants_colour(sys.stdout, forbidden=self.no_color)

    def client(self) -> Client:
        """The connection to dialerd, opened at first use; raises Failure with exit status 3 or 4."""
        if self._client is None:
            self._client = Client(find_socket(self.socket), timeout_s=self.timeout_s)
            click.get_current_context().call_on_close(self.close)
        return self._client

    def close(self) -> None:
        """Hang up, if there is a connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def call(self, method: str, **params: Any) -> Any:
        """One request to dialerd; parameters that are None are left out."""
        return self.client().call(method, params)

    def say(self, message: str) -> None:
        """A remark for the person at the keyboard, on stderr; nothing with -q."""
        if not self.quiet:
            click.echo(clean(message), err=True)

    def show_list(self, name: str, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], empty: str) -> None:
        """Print rows: JSON under the key `name`; `empty` is the sentence for a table without rows."""
        if self.form == "json":
            self._write(output.as_json({name: list(rows)}))
        elif self.form == "csv":
            self._write(output.as_csv(rows))
        elif rows:
            limit = output.screen_limit(self.target)
            self._write(output.table(rows, columns, colour=self.colour, limit=limit))
        elif self.target:
            self._write("")
        else:
            self.say(empty)

    def show_object(self, values: Mapping[str, Any], text: str) -> None:
        """Print one object: its keys at the top of the JSON, one CSV row, or `text`."""
        if self.form == "json":
            self._write(output.as_json(values))
        elif self.form == "csv":
            self._write(output.as_csv([values]))
        else:
            self._write(text)

    def show_done(self, values: Mapping[str, Any], sentence: str) -> None:
        """Print what was done: the daemon's answer as JSON or CSV, else a sentence (nothing with -q)."""
        if self.form != "table" or self.target:
            self.show_object(values, clean(sentence))
        elif not self.quiet:
            click.echo(clean(sentence))

    def for_each(self, names: Iterable[str], act: Callable[[str], tuple[Mapping[str, Any], str]]) -> None:
        """Do `act` for each name; one failure does not stop the others; the first failure gives the exit status.

        `act` returns the daemon's answer and the sentence for it.
        """
        results: list[dict[str, Any]] = []
        sentences: list[str] = []
        status = 0
        for name in dict.fromkeys(names):
            try:
                values, sentence = act(name)
            except Failure as failure:
                if self._client is None:  # no connection: the same sentence for every name would help nobody
                    raise
                failure.show()
                status = status or failure.exit_code
                results.append({"name": name, "error": failure.message, "exit": int(failure.exit_code)})
            else:
                results.append(dict(values))
                sentences.append(clean(sentence))
        if self.form == "json":
            self._write(output.as_json({"results": results}))
        elif self.form == "csv":
            self._write(output.as_csv(results))
        elif sentences and (self.target or not self.quiet):
            self._write("\n".join(sentences))
        if status:
            click.get_current_context().exit(status)

    def _write(self, text: str) -> None:
        output.write(text, self.target)


def current_session(context: click.Context) -> Session:
    """The run's session, made at first use (shell completion has no root callback)."""
    root = context.find_root()
    if not isinstance(root.obj, Session):
        root.obj = Session(socket=root.params.get("socket"))
    return root.obj


def connection_options(command: Command) -> Command:
    """--socket, --no-color, --timeout: shown in `dialerctl --help`, accepted after the command too."""
    for option in (
        click.option("--timeout", type=NumberRange(min=0.1), metavar="SECONDS", hidden=True),
        click.option("--no-color", is_flag=True, hidden=True),
        click.option("--socket", metavar="PATH", hidden=True),
    ):
        command = option(command)
    return command


def output_options(command: Command) -> Command:
    """Give a command -o, --json, --to and -q, and call it with the Session as its first argument."""

    @click.option("-q", "--quiet", is_flag=True, help="No remarks, only results and errors.")
    @click.option("--to", "target", metavar="FILE", help="Write the result to FILE (whole or not at all).")
    @click.option("--json", "json_form", is_flag=True, help="Short for -o json.")
    @click.option(
        "-o", "--output", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True,
        help="How to print the result.",
    )  # fmt: skip
    @connection_options
    @click.pass_context
    @functools.wraps(command)
    def with_session(context: click.Context, /, **given: Any) -> Any:
        session = current_session(context)
        session.form = "json" if given.pop("json_form") else given["form"]
        del given["form"]
        session.target = given.pop("target")
        session.quiet = given.pop("quiet")
        session.socket = given.pop("socket") or session.socket
        session.no_color = given.pop("no_color") or session.no_color
        session.timeout_s = given.pop("timeout") or session.timeout_s
        if session.target == "-":
            session.target = None
        elif session.target:  # before anything is done: a missing folder must not be found out afterwards
            from pathlib import Path

            from dialerctl.whole_file import check_target

            check_target(Path(session.target).absolute())
        return command(session, **given)

    return with_session
