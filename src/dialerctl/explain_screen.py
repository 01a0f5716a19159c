"""Owns how explanations look: a lead's rules in order, a campaign's leads by what holds them back. Knows no socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from dialerctl import output
from dialerctl.output import Column, local_time, show_value
from dialerctl.terminal import clean

BAR = 40
BLOCKED = (Column("rule"), Column("leads", kind="number"), Column("next_time", "from", "time"))
_BLOCKS = (" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉")


def lead_screen(values: Mapping[str, Any], colour: bool) -> str:
    """The answer of lead.explain: who, every rule with what it saw, and the sentence that answers the question."""
    head = [
        ("lead", f"{values['lead']}, {values['number']}, list {values['list']} of campaign {values['campaign']}"),
        ("state", show_value(values.get("state"))),
        ("zones", ", ".join(values.get("zones") or []) or "unknown"),
        ("regions", ", ".join(values.get("regions") or []) or "unknown"),
        ("rule set", show_value(values.get("rule_set"))),
    ]
    lines = [output.pairs(head, colour=colour), ""]
    first = next((rule["rule"] for rule in values.get("rules") or [] if not rule["ok"]), None)
    for rule in values.get("rules") or []:
        mark = "ok" if rule["ok"] else ("BLOCKS" if rule["rule"] == first else "blocks")
        text = f"  {mark:<7} {rule['rule']:<24} {clean(rule['inputs'] if rule['ok'] else rule['detail'])}"
        if not rule["ok"] and rule.get("next_time"):
            text += f" (until {local_time(rule['next_time'])})"
        lines.append(click.style(text, fg="red") if colour and rule["rule"] == first else text.rstrip())
    lines += ["", _lead_answer(values)]
    lines += [f"Also: {clean(sentence)}." for sentence in values.get("obstacles") or []]
    if values.get("same_number"):
        lines.append(f"Other leads with this number: {', '.join(map(str, values['same_number']))}")
    return "\n".join(lines)


def _lead_answer(values: Mapping[str, Any]) -> str:
    when = values.get("next_time")
    if values.get("verdict") != "dial":
        blocked = f"Blocked by {values['verdict']}: {clean(values['detail'])}."
        return f"{blocked} It can be dialled from {local_time(when)}." if when else f"{blocked} No time is foreseen."
    if values.get("waits_until"):
        return f"It waits for its next attempt: it can be dialled from {local_time(when)}." if when else "It waits."
    return "Every rule allows it now."


def campaign_screen(values: Mapping[str, Any], colour: bool) -> str:
    """The answer of campaign.explain: the sentence, leads by what holds them back, a chart of the next hours."""
    total = sum(int(values.get(key) or 0) for key in ("dialable_now", "waiting", "claimed", "finished"))
    head = [
        ("campaign", f"{values['campaign']}, {values.get('state')}"),
        ("rule set", show_value(values.get("rule_set"))),
        ("why", show_value(values.get("why"))),
        ("leads", f"{total}: {values['dialable_now']} may be dialled now, {values['waiting']} later, "
                  f"{values['claimed']} claimed, {values['finished']} finished"),
        ("next due", local_time(values["next_due_at"]) if values.get("next_due_at") else "-"),
    ]  # fmt: skip
    if values.get("pacing"):
        head += _pacing(values["pacing"])
    if values.get("amd"):
        head.append(("AMD", amd_delay(values["amd"])))
    head += [("warning", clean(str(warning))) for warning in values.get("warnings") or []]
    blocks = [output.pairs(head, colour=colour)]
    if values.get("blocked"):
        blocks.append(output.table(values["blocked"], BLOCKED, colour=colour))
    blocks.append("Leads that may be dialled, by hour:\n" + hours_chart(values.get("hours") or []))
    return "\n\n".join(blocks)


def amd_delay(amd: Mapping[str, Any]) -> str:
    """How long AMD takes with people, against the silence limit."""
    since = "the answer" if amd["measured_from"] == "answer" else "the end of the greeting"
    limit = f"limit {amd['limit_s']:g} s from {since}"
    if not amd["verdicts"]:
        return f"no verdict on a person yet; {limit}"
    more = "more than " if amd["p95_is_more"] else ""
    return (
        f"verdict {amd['median_s']:.2f} s after the answer (median), {amd['p95_s']:.2f} s p95 of the last "
        f"{amd['verdicts']} people; {more}{amd['p95_of_limit_s']:.2f} s of the {limit} are over by then (p95)"
    )


def _losses(pacing: Mapping[str, Any]) -> str:
    """The people taken for machines, where the campaign estimates them."""
    if not pacing.get("amd_losses"):
        return ""
    return f", {pacing['amd_losses']:g} AMD losses {'inside' if pacing.get('amd_losses_inside') else 'apart'}"


def _pacing(pacing: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the pacer has learned, what the ledger still allows, and how well the forecast was kept."""
    rows = [
        ("ledger", f"{pacing['abandoned']} of {pacing['live_answers']} live answers abandoned in the window "
                   f"{pacing['abandon_window']}{_losses(pacing)}; credit {pacing['abandon_credit']:g} abandons"),
        ("learned", f"{pacing['answer_rate']:g} % answer, talk {pacing['talk_time_s']:.0f} s, wrap-up "
                    f"{pacing['wrapup_time_s']:.0f} s (from {pacing['calls_seen']} calls)"),
    ]  # fmt: skip
    if pacing.get("risk_allowed") is not None:
        next_call = pacing.get("risk_of_next_call")
        rows.append(
            ("risk", f"{pacing['risk_allowed']:g} % allowed"
                     + (f", {next_call:g} % for one more call" if next_call is not None else "")
                     + f"; forecast {pacing['predicted_abandons']:g} abandons, {pacing['realised_abandons']} happened")
        )  # fmt: skip
    return rows


def hours_chart(hours: Sequence[Mapping[str, Any]]) -> str:
    """One bar for each hour; hours that are like the one before are drawn all the same: a gap is what one looks for."""
    most = max((hour["leads"] for hour in hours), default=0)
    rows = []
    for hour in hours:
        eighths = round(8 * BAR * hour["leads"] / most) if most else 0
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
        rows.append(f"  {_clock(hour['at'])}  {bar:<{BAR}}  {hour['leads']}")
    return "\n".join(rows)


def _clock(at: Any) -> str:
    """Local day and hour."""
    return local_time(at)[5:16]
