"""Owns finished calls that AMD judged, for tests: one keyword says how each went. Knows no figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from dialerd.core.call import Attempt, Status

from .world import World

PARAMETERS = "2500,1500,800,5000,100,50,3,256,5000"


@dataclass(frozen=True)
class Judged:
    """One call. `said`: AMD's status; `got`: machine, agent, nobody; `disposition`: an agent's; `review`: a reviewer's.

    `token` decides the place in the queue; `more` are further fields of the attempt.
    """

    said: str
    got: str
    disposition: str = ""
    review: str = ""
    sample: bool = False
    verdict_s: float = 1.5
    parameters: str = PARAMETERS
    token: str = ""
    more: dict[str, Any] = field(default_factory=dict)


_RESULT = {"HUMAN": "human", "MACHINE": "machine", "NOTSURE": "unsure", "HANGUP": "hangup", "": ""}


def place(world: World, campaign_id: int, calls: Iterable[Judged]) -> list[int]:
    """Finish these calls, a second apart and all at the world's present time; return their ids."""
    wanted = list(calls)
    leads = world.claim(campaign_id, len(wanted)).leads
    assert len(leads) == len(wanted), "the campaign has too few leads"
    attempts, _ = world.open_attempts(leads)
    world.submit(*(_closed(world, attempt, call) for attempt, call in zip(attempts, wanted, strict=True)))
    for attempt, call in zip(attempts, wanted, strict=True):
        if call.token:
            world.run("UPDATE call_log SET token = ? WHERE id = ?", (call.token, attempt.id))
        if call.review:
            world.run(
                "INSERT INTO amd_review (attempt_id, heard, reviewed_by, reviewed_at) VALUES (?, ?, 'sue', 0)",
                (attempt.id, call.review),
            )
    return [attempt.id for attempt in attempts]


def _closed(world: World, attempt: Attempt, call: Judged) -> Any:
    answered = world.now
    fields: dict[str, Any] = {
        "answered_at": answered,
        "verdict_at": answered + timedelta(seconds=call.verdict_s),
        "amd_status": call.said,
        "amd_result": _RESULT[call.said],
        "amd_parameters": call.parameters,
        "amd_sample_file": f"/samples/{attempt.id}.wav" if call.sample else "",
    }
    match call.got:
        case "machine":
            status, fields["amd_action"] = Status.MACHINE, "hangup"
        case "agent":
            status, fields["amd_action"] = Status.ANSWERED, "connect"
            fields["live_answer"] = call.disposition != "machine"  # as the core has it
            fields["bridged_at"] = fields["verdict_at"]
        case _:
            status = Status.CUSTOMER_HANGUP
    disposition = call.disposition or ("no_disposition" if status is Status.ANSWERED else status.value)
    return world.end(attempt, status, disposition, **{**fields, **call.more})
