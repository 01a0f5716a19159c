"""Owns "all or nothing": a list of its own takes the leads and becomes the wanted one when all are in. Knows no file.

The list is made paused and under another name, so nothing is ever dialled from half an import, whatever ends it: an
error, Ctrl-C, kill -9 or a power cut. What a killed import leaves behind is removed by the next one. A list that was
there before is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from dialerctl.failure import Failure
from dialerctl.importing.counts import Counts, grouped
from dialerctl.session import Session
from dialerd.control.protocol import ExitCode

ENDING = ".importing"
LONGEST = 64  # characters of a list's name
REMOVAL_TIMEOUT_S = 60.0
REMOVAL_TRIES = 20  # each goes on where the last one was cut off


def staging_name(name: str) -> str:
    """The name of the list while it is filled."""
    return name[: LONGEST - len(ENDING)] + ENDING


@contextmanager
def staged(session: Session, campaign: str, name: str, counts: Counts) -> Iterator[str]:
    """The list to import into; it becomes `name`, and is dialled from, when the block ends well; else it is removed.

    `counts.added` is compared with what is in the list in the end: two imports at once must not mix. Failure when the
    campaign has a list `name` already.
    """
    there = _lists(session, campaign)
    if name in there:
        raise Failure(
            f"campaign {campaign} has a list {name} already, and all or nothing makes a list of its own: "
            "name a new one with --list",
            ExitCode.CONFLICT,
        )
    staging = staging_name(name)
    if staging in there:
        _remove(session, campaign, staging)
    try:
        yield staging
        found = _lists(session, campaign).get(staging, 0)
        if found != counts.added:
            raise Failure(
                f"list {staging} holds {grouped(found)} leads, not the {grouped(counts.added)} of this import "
                "(another import of it?): nothing was imported, try again"
            )
        if found:
            changes = {"name": name, "active": True}
            session.call("list.edit", campaign=campaign, list=staging, changes=changes)
            return
    except BaseException:
        with suppress(Failure):  # the first failure is the one to tell; nothing is dialled from what is left
            _remove(session, campaign, staging)
        raise
    _remove(session, campaign, staging)  # every number was a lead already: an empty list would only confuse


def _lists(session: Session, campaign: str) -> dict[str, int]:
    return {row["list"]: row["leads"] for row in session.call("list.list", campaign=campaign)}


def _remove(session: Session, campaign: str, name: str) -> None:
    """Remove a list that nothing was dialled from; a long one takes more than one request."""
    for tries_left in reversed(range(REMOVAL_TRIES)):
        try:
            session.client().call("list.remove", {"campaign": campaign, "list": name}, timeout_s=REMOVAL_TIMEOUT_S)
            return
        except Failure as failure:
            if failure.exit_code == ExitCode.NOT_FOUND:
                return
            if failure.exit_code != ExitCode.TEMPORARY or not tries_left:
                raise
