"""Owns the command tree's mechanics: import a command when it is called, say what was meant. Knows no command."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from dialerctl.failure import Failure
from dialerd.control.protocol import ExitCode

CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})
"""What stdout says when it is a file on a full or failing disk."""


class Noun(click.Group):
    """A group that names the command you may have meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command or raise a usage error with the nearest known one."""
        word = args[0] if args else ""
        if word and not word.startswith("-") and self.get_command(ctx, word) is None and not ctx.resilient_parsing:
            hint = self._meant(ctx, word)
            where = f"{ctx.command_path} --help"
            ctx.fail(f"no such command {word!r}. " + (f"Did you mean {hint!r}?" if hint else f"See: {where}"))
        return super().resolve_command(ctx, args)

    def _meant(self, ctx: click.Context, word: str) -> str:
        import difflib

        near = difflib.get_close_matches(word.lower(), self.list_commands(ctx), n=1, cutoff=0.6)
        return f"{ctx.command_path} {near[0]}" if near else ""


class LazyGroup(Noun):
    """A group whose commands are imported when called: name → (module, attribute, short help)."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, without importing anything."""
        return [*self.lazy, *sorted(super().list_commands(ctx))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is asked for."""
        if cmd_name not in self.lazy:
            return super().get_command(ctx, cmd_name)
        module, attribute, _ = self.lazy[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands from the static short helps."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.lazy[name][2]) for name in self.lazy])

    def _meant(self, ctx: click.Context, word: str) -> str:
        for noun in self.lazy:  # a verb without its noun: `dialerctl start`
            group = self.get_command(ctx, noun)
            if isinstance(group, click.Group) and word.lower() in group.commands:
                return f"{ctx.command_path} {noun} {word.lower()}"
        return super()._meant(ctx, word)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run and exit: every ending has its documented status, and no traceback reaches the operator."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        sys.exit(self._run(args, prog_name, complete_var, **extra))

    def _run(self, args: Sequence[str] | None, prog_name: str | None, complete_var: str | None, **extra: Any) -> int:
        try:
            status = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
            return status if isinstance(status, int) else 0
        except click.ClickException as error:
            error.show()
            return int(error.exit_code)
        except (click.Abort, KeyboardInterrupt):
            click.echo("dialerctl: interrupted", err=True)
            return ExitCode.INTERRUPTED
        except BrokenPipeError:
            # The reader (head, less) has seen enough. Keep the interpreter from complaining at its end.
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
            return 0
        except Exception as error:
            if os.environ.get("DIALERCTL_TRACE"):
                raise
            if isinstance(error, OSError) and error.errno in CANNOT_WRITE:
                sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (what is left in the buffer has nowhere to go)
                Failure(f"cannot write the result: {error.strerror}").show()
                return ExitCode.FAILED
            Failure(
                f"unexpected error ({type(error).__name__}: {error}); this is a fault in dialerctl: "
                "please report it with the output of the same command under DIALERCTL_TRACE=1"
            ).show()
            return ExitCode.FAILED
