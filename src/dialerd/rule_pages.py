"""Owns the generated part of docs/rules.md: a table for each shipped rule set.

`python -m dialerd.rule_pages docs/rules.md` renews it; a test fails while page and files differ.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

from dialerd.core.rule_set import RuleSet, describe, ledger_rules
from dialerd.rule_files import load_rule_sets

BEGIN, END = "<!-- generated: python -m dialerd.rule_pages docs/rules.md -->", "<!-- end of the generated part -->"


def table(law: RuleSet) -> str:
    """One rule set as a Markdown table."""
    lines = [f"### {law.name} ({law.version})", "", f"{law.title}. In force from {law.effective_from}."]
    counted = ledger_rules(law)
    lines += [f"{counted[0].upper()}{counted[1:]}."] if counted else []
    lines += list(law.notes)
    if law.demands:
        lines += ["", "| kind | where | rule | source | note |", "|---|---|---|---|---|"]
    for demand in law.demands:
        where = ", ".join(demand.regions) or "everywhere"
        lines.append(f"| {demand.KIND} | {where} | {describe(demand)} | {demand.source} | {demand.note} |")
    return "\n".join(lines)


def updated(page: str, today: date) -> str:
    """The page with its generated part renewed; ValueError when it has no marks for it."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page lacks the marks of its generated part")
    tables = "\n\n".join(table(law) for law in load_rule_sets(today).values())
    return f"{head}{BEGIN}\n\n{tables}\n\n{END}{tail}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(updated(target.read_text(encoding="utf-8"), datetime.now(UTC).date()), encoding="utf-8")
