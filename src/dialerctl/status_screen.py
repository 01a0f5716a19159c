"""Owns the one screen of `dialerctl status`. Pure: the daemon's status object in, text out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from dialerctl import output
from dialerctl.output import Column, local_time, show_value

Style = Callable[..., str]

CAMPAIGNS = (
    Column("name", "campaign"),
    Column("state", kind="state"),
    Column("dial_mode", "mode"),
    Column("abandon", "abandoned (limit)"),
    Column("due", "leads due", kind="number"),
    Column("waiting", kind="number"),
    Column("dials", "dials now"),
)
AGENT_STATES = ("ready", "reserved", "on_call", "wrap_up", "paused")
CALL_STATES = ("dialing", "ringing", "answered", "waiting", "connected", "machine", "abandoning")


def screen(values: Mapping[str, Any], *, colour: bool = False) -> str:
    """The whole picture: daemon, Asterisk, store, agents, calls, trunks, campaigns with their reasons, next step."""

    def style(text: str, **how: Any) -> str:
        return click.style(text, **how) if colour else text

    healthy = bool(values.get("healthy"))
    verdict = "stopping" if values.get("stopping") else "healthy" if healthy else "needs attention"
    head = f"dialerd {show_value(values.get('version'))}, up {uptime(values.get('uptime_s'))}: "
    lines = [head + style(verdict, fg="green" if healthy else "red", bold=True)]
    entries = [_node(node, style) for node in _rows(values, "asterisk")]
    entries.append(("Store", _store(values.get("store") or {}, style)))
    agents, calls = values.get("agents") or {}, values.get("calls") or {}
    logged_in = f"{agents.get('logged_in', 0)} of {agents.get('total', 0)} logged in"
    entries.append(("Agents", logged_in + _counts(agents, AGENT_STATES)))
    entries.append(("Calls", _counts(calls, CALL_STATES).removeprefix(": ") or "none"))
    trunks = ", ".join(
        f"{show_value(t.get('name'))} {t.get('in_use', 0)} of {show_value(t.get('max_channels'))} lines"
        for t in _rows(values, "trunks")
    )
    if trunks:
        entries.append(("Trunks", trunks))
    lines.append(output.pairs(entries, colour=colour))
    campaigns = _rows(values, "campaigns")
    if campaigns:
        lines += ["", *_campaigns(campaigns, colour, style)]
    problems = [show_value(problem) for problem in values.get("problems") or []]
    if problems:
        lines += ["", *(style("! ", fg="red", bold=True) + problem for problem in problems)]
    if values.get("next_step"):
        lines += ["", style("Next: ", bold=True) + show_value(values["next_step"])]
    return "\n".join(lines)


def uptime(seconds: Any) -> str:
    """Seconds as the two largest units: `3 d 4 h`, `2 h 5 min`, `42 s`."""
    if not isinstance(seconds, int | float):
        return "-"
    whole = int(seconds)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def _rows(values: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    return [row for row in values.get(key) or [] if isinstance(row, Mapping)]


def _node(node: Mapping[str, Any], style: Style) -> tuple[str, str]:
    name = "Asterisk" + (f" {show_value(node['node'])}" if node.get("node") else "")
    since = f" since {local_time(node['since'])}" if node.get("since") else ""
    if node.get("connected"):
        return name, style("connected", fg="green") + f", version {show_value(node.get('version'))}{since}"
    why = f": {show_value(node['reason'])}" if node.get("reason") else ""
    return name, style("not connected", fg="red") + since + why


def _store(store: Mapping[str, Any], style: Style) -> str:
    backlog = store.get("backlog") or 0
    waiting = f", {backlog} writes waiting" if backlog else ""
    if store.get("ok"):
        return style("ok", fg="green") + waiting
    return style("failing", fg="red") + f": {show_value(store.get('what'))}{waiting}"


def _counts(counts: Mapping[str, Any], names: Sequence[str]) -> str:
    parts = [f"{counts[name]} {name.replace('_', ' ')}" for name in names if counts.get(name)]
    return ": " + ", ".join(parts) if parts else ""


def _campaigns(campaigns: Sequence[Mapping[str, Any]], colour: bool, style: Style) -> list[str]:
    rows = []
    for campaign in campaigns:
        leads = campaign.get("leads") or {}
        rate, target = campaign.get("abandon_rate"), campaign.get("target_abandon_rate")
        limit = f" ({target:g} %)" if isinstance(target, int | float) else ""
        rows.append(
            {
                **campaign,
                "abandon": show_value(rate, "rate") + limit,
                "due": leads.get("due"),
                "waiting": leads.get("waiting"),
                "dials": bool(campaign.get("dials_now")),
            }
        )
    lines = output.table(rows, CAMPAIGNS, colour=colour).split("\n")
    told = [lines[0]]
    for campaign, line in zip(campaigns, lines[1:], strict=True):  # the reason below its campaign: it is a sentence
        told.append(line)
        if campaign.get("fault"):
            told.append("  " + style("fault: " + show_value(campaign["fault"]), fg="red"))
        told += ["  " + text for text in _reasons(campaign)]
    return told


def _reasons(campaign: Mapping[str, Any]) -> list[str]:
    leads = campaign.get("leads") or {}
    reasons = [show_value(campaign["why"])] if campaign.get("why") else []
    blocked = leads.get("blocked") or {}
    if blocked:
        reasons.append("held back: " + ", ".join(f"{count} by {show_value(rule)}" for rule, count in blocked.items()))
    if leads.get("next_due_at"):
        reasons.append(f"next lead due {local_time(leads['next_due_at'])}")
    amd = campaign.get("amd") or {}
    if amd.get("verdicts"):
        reasons.append(
            f"AMD: verdict {amd['median_s']:.1f} s after the answer, p95 {amd['p95_s']:.1f} s; "
            f"{amd['p95_of_limit_s']:.1f} of {amd['limit_s']:g} s of silence are over by then"
        )
    return reasons + [f"warning: {show_value(warning)}" for warning in campaign.get("warnings") or []]
