"""Owns `dialerctl completion …`: click's own completion scripts. Needs no daemon."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dialerctl.failure import Failure
from dialerctl.session import Session, output_options

WHERE = {
    "bash": "/usr/share/bash-completion/completions/dialerctl",
    "zsh": "/usr/share/zsh/vendor-completions/_dialerctl",
    "fish": "/usr/share/fish/vendor_completions.d/dialerctl.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(WHERE)))
@output_options
def completion(session: Session, shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      eval "$(dialerctl completion bash)"
      dialerctl completion bash --to /usr/share/bash-completion/completions/dialerctl
      dialerctl completion zsh --to /usr/share/zsh/vendor-completions/_dialerctl
      dialerctl completion fish --to ~/.config/fish/completions/dialerctl.fish
    """
    kind = get_completion_class(shell)
    root = click.get_current_context().find_root().command
    if kind is None:
        raise Failure(f"this version of click has no completion for {shell}")
    script = _script(kind(root, {}, "dialerctl", "_DIALERCTL_COMPLETE"))
    session.show_object({"shell": shell, "script": script}, script.rstrip("\n"))


def _script(maker: click.shell_completion.ShellComplete) -> str:
    # source() of the bash maker runs bash to look at its version; the template itself needs no bash installed.
    return maker.source_template % maker.source_vars()
