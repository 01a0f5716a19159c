"""Owns how the abandon ledger looks, and paging through its calls until they are all there. Knows no socket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dialerctl import output
from dialerctl.output import Column, local_time
from dialerctl.session import Session

PAGE_ROWS = 250  # a page stays well below the protocol's longest line
LEDGER_TIMEOUT_S = 60.0
CALLS = (
    Column("id", "call", "number"),
    Column("at", "answered", "time"),
    Column("number", whole=True),
    Column("outcome", kind="state"),
    Column("wait_s", "wait s"),
    Column("message"),
    Column("agent"),
)


def ledger_of(session: Session, name: str, span: Mapping[str, str | None]) -> dict[str, Any]:
    """The figures of a campaign's ledger."""
    return dict(_ask(session, {"name": name, **span}))


def calls_of(session: Session, name: str, span: Mapping[str, str | None], figures: Mapping[str, Any]) -> Iterator[Any]:
    """The calls behind the figures, page by page: of the same snapshot and end, so that they add up to them."""
    asked = {"name": name, **span, "until": figures["until"], "snapshot": figures["snapshot"], "calls": True}
    offset = 0
    while True:
        page = _ask(session, {**asked, "limit": PAGE_ROWS, "offset": offset or None})["calls"]
        yield from page
        if len(page) < PAGE_ROWS:
            return
        offset += PAGE_ROWS


def _ask(session: Session, params: Mapping[str, Any]) -> Any:
    patience = max(LEDGER_TIMEOUT_S, session.timeout_s)
    wanted = {key: value for key, value in params.items() if value is not None}
    return session.client().call("campaign.ledger", wanted, timeout_s=patience)


def ledger_text(values: Mapping[str, Any], colour: bool, *, limit: int = 0) -> str:
    """The figures for a person; no line is wider than `limit` (0: as wide as it likes)."""
    legal = values.get("credit") is not None
    window = f"{values['window']} ({values['window_from']})" if legal else "chosen with --since"
    ends = f", the next begins {local_time(values['next_since'])}" if values.get("next_since") else ""
    losses = (
        f"{values['amd_losses']:g} estimated ({values['amd_false_positive_rate']:g} of {values['machines']} machines)"
    )
    entries = [
        ("campaign", str(values["campaign"])),
        ("window", f"{window}: {local_time(values['since'])} to {local_time(values['until'])}{ends}"),
        ("live answers", str(values["live_answers"])),
        ("abandoned", str(values["abandoned"])),
        ("machines", f"{values['machines']} hung up by AMD, not among the live answers"),
        ("AMD losses", f"{losses}, {'counted as abandoned' if values['amd_losses_inside'] else 'counted apart'}"),
        (
            "abandon rate",
            f"{values['abandon_rate']:.2f} % (target {values['target_abandon_rate']:g} %,"
            f" max {values['max_abandon_rate']:g} %)",
        ),
    ]
    if legal:
        entries.append(("credit", f"{values['credit']:g} abandons{_stopped(values)}"))
    unfinished = values.get("unfinished") or {}
    if any(unfinished.values()):
        entries.append(("in progress", _in_progress(unfinished)))
    entries += [("warning", output.show_value(warning)) for warning in values.get("warnings") or []]
    return output.pairs(entries, colour=colour, limit=limit)


def _in_progress(unfinished: Mapping[str, Any]) -> str:
    live, abandoned = unfinished["live_answers"], unfinished["abandoned"]
    answers = f"{live} more live answer{'' if live == 1 else 's'}, {abandoned} abandoned"
    return f"{answers}: pacing counts them already, their records will follow"


def _stopped(values: Mapping[str, Any]) -> str:
    if values.get("over_max"):
        return ": above max_abandon_rate, dialling has stopped itself"
    return ": one call per free agent until there is credit again" if values["credit"] < 1 else ""
