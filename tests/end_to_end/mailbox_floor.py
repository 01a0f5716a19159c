"""A campaign that calls mailboxes, and what each of them got. Knows no particular test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.amd_corpus.mailboxes import NO_BEEP, Mailbox

from .farend import Behaviour, CallLog, FarEnd
from .floor import CAMPAIGN, Floor, numbers
from .mailbox_calls import Message, Recorded, answering, recorded
from .product import Product, wall
from .prompts import Prompts

# whoever does not say one short word and then nothing for four seconds is a machine
EVERYBODY_A_MACHINE = (
    "--amd-enabled", "--amd-after-greeting-silence", "4000", "--amd-over-limit", "--amd-max-words", "1",
    "--amd-unsure", "machine",
)  # fmt: skip


@dataclass(frozen=True)
class Left:
    """One mailbox that was called: its call, its record, and what it recorded."""

    mailbox: Mailbox
    call: CallLog
    row: dict[str, Any]
    heard: Recorded

    @property
    def delay_s(self) -> float:
        """From the end of the greeting and its beep to the message."""
        assert self.heard.began_at is not None, self.mailbox.name
        return self.heard.began_at - self.call.sent_until(self.mailbox.over_s)

    @property
    def cue(self) -> str:
        """What must have told the end: the beep, where there was one to hear after the verdict."""
        return "silence" if self.mailbox.beep == NO_BEEP or self.judged_late else "beep"

    @property
    def judged_late(self) -> bool:
        """Whether AMD came to its verdict only when the greeting was over."""
        return self.row["verdict_at"] / 1e6 > wall(self.call.sent_until(self.mailbox.over_s))


class Mailboxes:
    """A campaign that takes everybody for a machine."""

    def __init__(self, product: Product, farend: FarEnd, prompts: Prompts, *options: str) -> None:
        self.floor = Floor(product, farend)
        self.product = product
        product.campaign(
            CAMPAIGN, prompts.abandon, "--dial-mode", "power", "--dial-ratio", "10", "--dial-timeout", "4",
            "--max-lines", "40", "--calls-per-second", "20", "--retry-delay", "3600", *EVERYBODY_A_MACHINE, *options,
        )  # fmt: skip
        self.floor.log_in({"1001": 1000, "1002": 1150})
        product.ctl("campaign", "start", CAMPAIGN)

    def edit(self, *options: str) -> None:
        """Change the campaign."""
        self.product.ctl("campaign", "edit", CAMPAIGN, *options)

    def call(self, scripts: dict[str, Behaviour], timeout_s: float = 60) -> list[tuple[dict[str, Any], CallLog]]:
        """Call these numbers and return record and far end of each, in their order."""
        self.floor.dial(scripts, timeout_s)
        return [(self.floor.attempt(number), self.floor.call(number)) for number in scripts]

    def left(self, prefix: str, boxes: list[Mailbox], message: Message, timeout_s: float = 60) -> list[Left]:
        """Call mailboxes and return what each got."""
        scripts = {n: answering(box) for n, box in zip(numbers(prefix, len(boxes)), boxes, strict=True)}
        found = self.call(scripts, timeout_s)
        return [Left(box, call, row, recorded(call, message)) for box, (row, call) in zip(boxes, found, strict=True)]
