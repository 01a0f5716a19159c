"""Owns what a crash run tells people: one line of figures, or complaints with seed, deaths and the rows they name."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.crashes.evidence import Evidence


def complaint(found: Sequence[str], evidence: Evidence, seed: int, folder: Path) -> str:
    """Everything that helps to find the cause; log, store and truth are kept."""
    deaths = "\n".join(
        f"  run {death.run}: {datetime.fromtimestamp(death.at, UTC):%H:%M:%S.%f} after {death.lived_s:.3f} s"
        f" ({death.why})"
        for death in evidence.deaths
    )
    rows = "\n".join(offenders(evidence, found))
    kept = keep(folder)
    listed = "\n".join(found[:60])
    return f"{len(found)} complaints, seed {seed}:\n{listed}\n{rows}\ndeaths:\n{deaths}\nkept in {kept}"


def offenders(evidence: Evidence, found: Sequence[str]) -> list[str]:
    """The rows of the attempts that the complaints name, and what the PBX says of them."""
    named = list(dict.fromkeys(int(one) for text in found for one in re.findall(r"attempt (\d+)", text)))[:8]
    told = []
    for attempt_id in named:
        row = {key: value for key, value in evidence.calls.get(attempt_id, {}).items() if value not in ("", None)}
        truth = [call for call in evidence.truth if call["attempt"] == str(attempt_id)]
        told.append(f"--- attempt {attempt_id}\n  store {row}\n  PBX   {truth}")
    return told


def keep(folder: Path) -> Path:
    """Copy log, store and truth of a failed run to where they outlive it."""
    kept = Path(tempfile.mkdtemp(prefix="dialerd-crash-"))
    for name in ("dialerd.log", "dialerd.db", "dialerd.db-wal", "truth.jsonl"):
        if (folder / name).exists():
            shutil.copy(folder / name, kept)
    return kept


def figures(evidence: Evidence, cut: Counter[str], idle: int) -> str:
    """One line. `cut`: states of the attempts that were open at a death; `idle`: deaths without a call up."""
    truth = evidence.truth
    ledger = [row["abandoned"] for row in evidence.ledger.values()]
    records = evidence.calls.values()
    open_then = ", ".join(f"{count} {state}" for state, count in cut.most_common())
    return (
        f"{len(evidence.deaths)} deaths ({idle} without a call up), "
        f"{len(truth)} calls ({sum(1 for c in truth if c['answered_at'])} answered, "
        f"{sum(1 for c in truth if c['bridged_at'])} met an agent, "
        f"{sum(1 for c in truth if c['message_started_at'])} heard the message, "
        f"{sum(1 for c in truth if c['unattended'])} handled by the dialplan alone), "
        f"ledger {len(ledger)} live / {sum(ledger)} abandoned, "
        f"{sum(1 for c in records if c['approximate'])} approximate endings, "
        f"{sum(1 for c in records if c['status'] == 'lost')} lost, "
        f"longest silence {max((c['silence_s'] or 0 for c in truth), default=0):.2f} s, "
        f"{len(evidence.given)} dispositions, attempts open at a death: {open_then}"
    )
