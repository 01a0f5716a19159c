"""Owns a dialerd that kills itself at one chosen point: python -m tests.crashes.dying_daemon POINT [dialerd's options].

Production code knows nothing of it: the seams between its parts are wrapped here, before its main is called.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from tests.crashes.steps import AFTER, ARRIVE, BEFORE, COMMIT, HANDLED, SUBMIT, Point

from dialerd import main as production
from dialerd.asterisk.ami_link import AmiLink
from dialerd.asterisk.fastagi import SafeRequest
from dialerd.asterisk.node import AsteriskNode
from dialerd.engine import Engine
from dialerd.store.batch import Batch, Entry
from dialerd.store.store import Store
from dialerd.store.writer import Writer


class Trap:
    """Counts what passes and springs once."""

    def __init__(self, point: Point) -> None:
        """`point`: where."""
        self._point = point
        self._passed = 0

    @property
    def kind(self) -> str:
        """The type of command or event it waits for."""
        return self._point.kind

    def pass_by(self, when: str, kind: str) -> None:
        """Something has come to a point: die here if it is the one."""
        if (when, kind) == (self._point.when, self._point.kind):
            self._passed += 1
            if self._passed >= self._point.n:
                os.kill(os.getpid(), signal.SIGKILL)


def set_trap(trap: Trap) -> None:
    """Wrap the seams."""
    _wrap_store(trap)
    _wrap_asterisk(trap)
    handle = Engine._handle

    def handled(self: Engine, item: Any, future: Any) -> None:
        trap.pass_by(ARRIVE, type(item).__name__)
        handle(self, item, future)
        trap.pass_by(HANDLED, type(item).__name__)

    Engine._handle = handled  # type: ignore[method-assign]


def _wrap_store(trap: Trap) -> None:
    submit, carry_out, heal = Store.submit, Batch.carry_out, Writer._heal
    written: list[str] = []

    def submitted(self: Store, command: Any) -> None:
        trap.pass_by(SUBMIT, type(command).__name__)
        submit(self, command)

    def carried_out(self: Batch, entries: Sequence[Entry]) -> None:
        written[:] = [type(entry.command).__name__ for entry in entries]
        carry_out(self, entries)
        if "ClaimLeads" in written and trap.kind == "ReleaseLeads":
            time.sleep(0.3)  # leads are only given back when the campaign is paused before the claim is answered

    def committed(self: Writer) -> None:  # the first thing after a commit
        names = list(written)
        written.clear()
        for name in names:
            trap.pass_by(COMMIT, name)
        heal(self)

    Store.submit = submitted  # type: ignore[method-assign]
    Batch.carry_out = carried_out  # type: ignore[method-assign]
    Writer._heal = committed  # type: ignore[method-assign]


def _wrap_asterisk(trap: Trap) -> None:
    carry_out, ask, set_variable = AsteriskNode.carry_out, AmiLink.ask, SafeRequest.set_variable

    def carried_out(self: AsteriskNode, command: Any) -> None:
        trap.pass_by(BEFORE, type(command).__name__)
        carry_out(self, command)

    async def asked(self: AmiLink, action: Any, **options: Any) -> Any:
        answer = await ask(self, action, **options)
        name = command_of(str(action))
        if name:
            trap.pass_by(AFTER, name)
        return answer

    async def variable_set(self: SafeRequest, name: str, value: str) -> None:
        await set_variable(self, name, value)
        if name == "DLR_VERDICT":
            trap.pass_by(AFTER, "SendVerdict")

    AsteriskNode.carry_out = carried_out  # type: ignore[method-assign]
    AmiLink.ask = asked  # type: ignore[method-assign]
    SafeRequest.set_variable = variable_set  # type: ignore[method-assign]


def command_of(action: str) -> str:
    """Which command an AMI action was made from; empty for the link's own actions."""
    if "dialerd-forget" in action:
        return "ForgetTraces"
    if "dialerd-agent" in action:
        return "RingAgent"
    if "dialerd-outbound" in action:
        return "Originate"
    return "Hangup" if "'Hangup'" in action else ""


if __name__ == "__main__":
    set_trap(Trap(Point.parse(sys.argv.pop(1))))
    production.main()
