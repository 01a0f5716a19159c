"""Owns the last lines of `status`: what is wrong, and the next step. Pure: reads the status picture, nothing else."""

from __future__ import annotations

from typing import Any

from dialerd.control.ports import Row


def problems_of(picture: Row) -> list[str]:
    """Given the status picture, return one sentence for each thing that somebody must act on."""
    found = []
    for node in picture.get("asterisk", ()):
        if not node.get("connected"):
            reason = f" ({node['reason']})" if node.get("reason") else ""
            found.append(f"Asterisk {node.get('node', '')} is not connected{reason}")
    store: dict[str, Any] = picture.get("store") or {}
    if not store.get("ok", True):
        found.append(f"the database does not take writes: {store.get('what') or 'the journal has the reason'}")
    for campaign in picture.get("campaigns", ()):
        if campaign.get("fault"):
            found.append(f"campaign {campaign.get('name', '')} is halted by a fault: {campaign['fault']}")
    return found


def next_step(picture: Row) -> str:
    """Given the status picture, return one sentence: what an operator would do next."""
    if picture.get("stopping"):
        return "dialerd is stopping: calls in progress end first"
    if problems_of(picture):
        return "see the problems above; the journal has details: journalctl -u dialerd"
    campaigns = list(picture.get("campaigns", ()))
    if not campaigns:
        return "no campaign yet: dialerctl campaign add NAME --help"
    agents: dict[str, Any] = picture.get("agents") or {}
    if not agents.get("total", 1):
        return "no agent yet: dialerctl agent add NAME --endpoint PJSIP/…"
    active = [campaign for campaign in campaigns if campaign.get("state") == "active"]
    if not active:
        return f"no campaign is active: dialerctl campaign start {campaigns[0].get('name', 'NAME')}"
    if not agents.get("logged_in", 1):
        return "no agent is logged in: dialerctl agent login NAME"
    waiting = [campaign for campaign in active if not campaign.get("dials_now", True)]
    if len(waiting) == len(active) and waiting[0].get("why"):
        return f"nothing is dialled now: {waiting[0].get('name', '')}: {waiting[0]['why']}"
    return "all is well: dialerctl call list --live shows the calls"
