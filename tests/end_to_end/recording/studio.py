"""The PBX, far end and connections that the recorded flows share. Knows no flow."""

from __future__ import annotations

from pathlib import Path

from ..farend import Behaviour, FarEnd
from ..farend.audio import tone, with_pilot
from ..farend.speech import spoken
from ..pbx.agi import AgiScript, AgiServer, AgiSession
from ..pbx.ami import AmiClient
from ..pbx.asterisk import Asterisk
from ..pbx.originate import AgentLeg, Attempt, call_customer, log_in_agent

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
AMD = "2500:1500:800:5000:100:50:3:256:5000"
SECRET = "test-secret"
DISPLAYED = "390612345678"
NOBODY = "agi://127.0.0.1:1/verdict"


class Studio:
    """The PBX and far end of a recording, and what each flow needs of them."""

    def __init__(self, pbx: Asterisk, farend: FarEnd) -> None:
        """Write the prompt (two seconds of speech) and the inbound number."""
        self.pbx, self.farend = pbx, farend
        self.message = str(pbx.folder / "sounds/message")
        (pbx.folder / "sounds/message.ulaw").write_bytes(with_pilot(spoken("Example Limited called you."), 600))
        pbx.write_test_dialplan(
            f"[from-trunk]\nexten => {DISPLAYED},1,Set(DLR_MESSAGE={self.message})\n"
            " same => n,Goto(dialerd-inbound,s,1)\n"
            f"[dialerd-transfer]\nexten => 700,1,Playback({self.message})\n same => n,Hangup()\n"
        )
        self.agi = AgiServer()
        self.ami: AmiClient

    def attempt(self, number: str, script: AgiScript | None = None, **wanted: str) -> Attempt:
        """Return an attempt whose FastAGI request runs the script."""
        made = Attempt(number, wanted.pop("agi", self.agi.url), message=self.message, **wanted)  # type: ignore[arg-type]
        if script is not None:
            self.agi.scripts[made.attempt] = script
        return made

    def call(self, attempt: Attempt, *, until: str = "Hangup", timeout_s: float = 15.0) -> None:
        """Originate and wait for an event of the attempt's channel."""
        call_customer(self.ami, attempt)
        self.ami.event(until, timeout_s=timeout_s, Uniqueid=attempt.channel_id)

    def agent(self, phone: str = "1001") -> AgentLeg:
        """Log an agent in."""
        self.farend.behaves(phone, Behaviour(then=tone(1000)))
        return log_in_agent(self.ami, phone)

    def save_agi(self, name: str, attempt: Attempt, comment: str) -> None:
        """Write the AGI connection of an attempt."""
        self.agi.requests(attempt.attempt)[-1].recording.save(FIXTURES / "agi" / f"{name}.txt", comment)


def forget(studio: Studio, key: str) -> None:
    """Remove a trace as dialerd does and wait for its success."""
    action_id = studio.ami.send(
        "Originate",
        [
            ("Channel", f"Local/{key}@dialerd-forget"), ("Context", "dialerd-forget"), ("Exten", "s"),
            ("Priority", "1"), ("Timeout", "5000"), ("Async", "true"),
        ],
    )  # fmt: skip
    studio.ami.event("OriginateResponse", ActionID=action_id)


def mute(session: AgiSession) -> None:
    """An AGI script that never answers."""
    session.wait_for_end(6)
