"""Owns how the daemon writes its log: one line per event, journal priorities, nothing that forges a line."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NUMBER = re.compile(r"(?<![\w.-])\+[0-9]{3,13}(?=[0-9]{2}(?![0-9]))")


class LineFormatter(logging.Formatter):
    """`<priority>name: text` for journald, `time level name: text` elsewhere."""

    def __init__(self, *, journal: bool, mask_numbers: bool) -> None:
        super().__init__("%(name)s: %(message)s" if journal else "%(asctime)s %(levelname)s %(name)s: %(message)s")
        self.journal = journal
        self.mask_numbers = mask_numbers

    def format(self, record: logging.LogRecord) -> str:
        """One record as text: control characters replaced, telephone numbers masked when that is the policy."""
        text = _CONTROL.sub("?", super().format(record))
        if self.mask_numbers:
            text = _NUMBER.sub(lambda found: "+" + "*" * (len(found.group()) - 1), text)
        if not self.journal:
            return text
        priority = _PRIORITY.get(record.levelno, 6)
        return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


def set_up(level: str, *, mask_numbers: bool, environ: Mapping[str, str]) -> None:
    """Log to stderr at `level`; under systemd (JOURNAL_STREAM) with priorities and without timestamps."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(journal="JOURNAL_STREAM" in environ, mask_numbers=mask_numbers))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("apscheduler", "asyncio", "panoramisk"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
