"""Records the AMI and AGI transcripts in tests/fixtures from a real Asterisk. Run by hand, as root:

    python -m tests.end_to_end.record_transcripts [flow …]

Knows the flows, not who reads the transcripts.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .farend import RING_FOREVER, Behaviour, FarEnd
from .farend.audio import tone, with_pilot
from .farend.behaviour import rejecting
from .farend.speech import human_hello, spoken, voicemail_greeting
from .pbx.agi import AgiScript, AgiServer, AgiSession, verdict
from .pbx.ami import AmiClient
from .pbx.asterisk import Asterisk
from .pbx.originate import AgentLeg, Attempt, call_customer, log_in_agent
from .pbx.transcript import Recording, decode, encode

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
AMD = "2500:1500:800:5000:100:50:3:256:5000"
SECRET = "test-secret"
DISPLAYED = "390612345678"


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


def login(studio: Studio) -> None:
    """Login, FullyBooted, Ping, Logoff."""
    studio.ami.event("FullyBooted")
    studio.ami.action("Ping")
    studio.ami.action("Logoff")


def login_refused(studio: Studio) -> None:
    """Login with a wrong secret: an error, then the connection is closed."""
    studio.ami.recording = recording = Recording()
    with socket.create_connection(("127.0.0.1", studio.pbx.ports.ami), 5) as connection:
        data = b"Action: Login\r\nActionID: t1\r\nUsername: dialerd\r\nSecret: wrong\r\n\r\n"
        recording.add("client", data)
        connection.sendall(data)
        while piece := connection.recv(4096):
            recording.add("server", piece)


def agent_login(studio: Studio) -> None:
    """An agent's leg is originated, waits in its holding bridge, and its phone hangs up."""
    leg = studio.agent()
    time.sleep(0.5)
    studio.farend.hang_up(studio.farend.calls_to("1001")[-1])
    studio.ami.event("Hangup", Uniqueid=leg.channel_id)


def agent_login_refused(studio: Studio) -> None:
    """An agent's phone rejects the leg (486)."""
    studio.farend.behaves("1001", rejecting(486))
    leg = AgentLeg("99", "1001", "agt-99-0badcafe")
    studio.ami.send(
        "Originate",
        [
            ("Channel", "PJSIP/1001"), ("Context", "dialerd-agent"), ("Exten", "s"), ("Priority", "1"),
            ("Timeout", "20000"), ("ChannelId", leg.channel_id), ("OtherChannelId", f"{leg.channel_id}-b"),
            ("Async", "true"), ("Variable", "DLR_AGENT=99"),
        ],
    )  # fmt: skip
    studio.ami.event("Hangup", Uniqueid=leg.channel_id)


def _bridged(studio: Studio, end: Callable[[], None]) -> Attempt:
    leg = studio.agent()
    studio.farend.behaves("5551000", Behaviour(plays=human_hello(), then=tone(1400)))
    attempt = studio.attempt("5551000", verdict("agent", agent_leg=leg.channel_id), amd=AMD, guard_from="verdict")
    studio.call(attempt, until="BridgeEnter")
    time.sleep(0.7)
    end()
    studio.ami.event("Hangup", Uniqueid=attempt.channel_id)
    time.sleep(0.3)
    return attempt


def originate_human_bridged(studio: Studio) -> None:
    """Agent logs in; customer answers, AMD says HUMAN, bridge, the customer hangs up first; the leg is back."""
    farend = studio.farend
    attempt = _bridged(studio, lambda: farend.hang_up(farend.calls_to("5551000")[-1]))
    studio.save_agi("human_agent", attempt, "FastAGI: AMD HUMAN, verdict agent")


def bridged_agent_star(studio: Studio) -> None:
    """As originate_human_bridged, but the agent ends the call with the * key."""
    _bridged(studio, lambda: studio.farend.press(studio.farend.calls_to("1001")[-1], "*"))


def bridged_agent_phone_hangs_up(studio: Studio) -> None:
    """As originate_human_bridged, but the agent's phone hangs up: leg and customer end."""
    _bridged(studio, lambda: studio.farend.hang_up(studio.farend.calls_to("1001")[-1]))


def bridged_ami_hangup(studio: Studio) -> None:
    """As originate_human_bridged, but the customer's channel is ended by the AMI action Hangup."""
    _bridged(
        studio,
        lambda: [
            studio.ami.action("Hangup", [("Channel", m["Uniqueid"]), ("Cause", "16")])
            for m in studio.ami.events("BridgeEnter")
            if m["Uniqueid"].startswith("dlr-")
        ]
        and None,
    )


def originate_machine(studio: Studio) -> None:
    """A voicemail greeting: AMD says MACHINE, verdict machine, hang-up."""
    studio.farend.behaves("5552000", Behaviour(plays=voicemail_greeting()))
    attempt = studio.attempt("5552000", verdict("machine"), amd=AMD, guard_from="verdict")
    studio.call(attempt)
    studio.save_agi("machine_hangup", attempt, "FastAGI: AMD MACHINE, verdict machine")


def originate_notsure(studio: Studio) -> None:
    """Silence until the analysis ends: AMD says NOTSURE, verdict hangup."""
    wanted = "5000:1500:800:1200:100:50:3:256:5000"
    attempt = studio.attempt("5552001", verdict("hangup"), amd=wanted, guard_from="verdict")
    studio.call(attempt)
    studio.save_agi("notsure_hangup", attempt, "FastAGI: AMD NOTSURE, verdict hangup")


def _rejected(code: int) -> Callable[[Studio], None]:
    def flow(studio: Studio) -> None:
        studio.farend.behaves("5553000", rejecting(code))
        studio.call(studio.attempt("5553000"))

    flow.__doc__ = f"The carrier rejects the call with {code}."
    return flow


def no_answer(studio: Studio) -> None:
    """Rings until Originate's Timeout (1.5 s)."""
    studio.farend.behaves("5553001", RING_FOREVER)
    attempt = studio.attempt("5553001")
    studio.call(replace(attempt, timeout_ms=1500))


def ringing_ami_hangup(studio: Studio) -> None:
    """The AMI action Hangup ends a call that is ringing; a second Hangup finds no channel."""
    studio.farend.behaves("5553001", RING_FOREVER)
    attempt = studio.attempt("5553001")
    call_customer(studio.ami, attempt)
    studio.ami.event("DialState", DestUniqueid=attempt.channel_id)
    studio.ami.action("Hangup", [("Channel", attempt.channel_id), ("Cause", "16")])
    studio.ami.event("Hangup", Uniqueid=attempt.channel_id)
    studio.ami.action("Hangup", [("Channel", attempt.channel_id), ("Cause", "16")])


def no_such_trunk(studio: Studio) -> None:
    """The dial string names no endpoint: OriginateResponse Failure and no Hangup event at all."""
    attempt = studio.attempt("5553002")
    made = replace(attempt, channel="PJSIP/5553002@nosuch")
    action_id = call_customer(studio.ami, made)
    studio.ami.event("OriginateResponse", ActionID=action_id)
    time.sleep(0.5)


def customer_hangs_up_waiting(studio: Studio) -> None:
    """dialerd holds the verdict (DLR_ATTENDED set) and the customer hangs up: no trace."""
    def script(session: AgiSession) -> None:
        session.get_variable("AMDSTATUS")
        session.get_variable("AMDCAUSE")
        session.set_variable("DLR_ATTENDED", "1")
        session.wait_for_end(5)

    studio.farend.behaves("5554000", Behaviour(hangs_up_after_s=0.6))
    attempt = studio.attempt("5554000", script)
    studio.call(attempt)
    time.sleep(0.2)
    studio.save_agi("hangup_while_waiting", attempt, "FastAGI: the customer hangs up while the verdict is held")


def abandon(studio: Studio) -> None:
    """Verdict abandon: message start, end, hang-up."""
    attempt = studio.attempt("5554001", verdict("abandon", after_s=0.3))
    studio.call(attempt)
    studio.save_agi("abandon", attempt, "FastAGI: no AMD, verdict abandon after 0.3 s")


def abandon_customer_hangs_up(studio: Studio) -> None:
    """Verdict abandon, the customer hangs up in the message: start without end."""
    studio.farend.behaves("5554002", Behaviour(hangs_up_after_s=0.8))
    studio.call(studio.attempt("5554002", verdict("abandon")))


def optout(studio: Studio) -> None:
    """Verdict abandon, the customer presses 9 in the message."""
    studio.farend.behaves("5554003", Behaviour(digits=((0.5, "9"),)))
    studio.call(studio.attempt("5554003", verdict("abandon")))


def unattended(studio: Studio) -> None:
    """The FastAGI port refuses: the dialplan acts alone; afterwards the trace is read and removed."""
    attempt = studio.attempt("5554004", agi="agi://127.0.0.1:1/verdict")
    studio.call(attempt)
    studio.ami.listing("DBGetTree", [("Family", "dialerd")])
    forget(studio, f"unattended-{attempt.attempt}")
    studio.ami.listing("DBGetTree", [("Family", "dialerd")])


def unattended_timeout(studio: Studio) -> None:
    """FastAGI accepts and never answers: TIMEOUT(absolute) sends the call to the message."""
    attempt = studio.attempt("5554005", lambda session: session.wait_for_end(6) and None)
    studio.call(attempt)
    studio.save_agi("guard_timeout", attempt, "FastAGI: never answered; the guard's HANGUP comes twice")


def unattended_hangup(studio: Studio) -> None:
    """FastAGI accepts and never answers, the customer hangs up during the wait: trace with the reason hangup."""
    studio.farend.behaves("5554006", Behaviour(hangs_up_after_s=0.5))
    studio.call(studio.attempt("5554006", lambda session: session.wait_for_end(6) and None))


def guard_during_amd(studio: Studio) -> None:
    """The limit from the answer ends while AMD listens: VarSet AMDSTATUS=HANGUP though nobody hung up."""
    studio.farend.behaves("5554007", Behaviour(plays=voicemail_greeting()))
    studio.call(studio.attempt("5554007", amd=AMD, guard_s="1.0"))


def agent_leg_lost(studio: Studio) -> None:
    """Verdict agent with a leg that is gone: asked again, then a living leg, bridge."""
    leg = studio.agent()

    def script(session: AgiSession) -> None:
        first = len(studio.agi.requests(session.attempt)) == 1
        verdict("agent", agent_leg="agt-1-00000000" if first else leg.channel_id)(session)

    studio.farend.behaves("5554008", Behaviour(then=tone(1400), hangs_up_after_s=1.0))
    studio.call(studio.attempt("5554008", script))
    time.sleep(0.3)


def core_show_channels(studio: Studio) -> None:
    """CoreShowChannels with an agent waiting, a bridged call and a ringing one; Status of one channel."""
    waiting = studio.agent("1002")
    leg = studio.agent()
    studio.farend.behaves("5555000", Behaviour(then=tone(1400)))
    studio.farend.behaves("5555001", RING_FOREVER)
    call_customer(studio.ami, ringing := studio.attempt("5555001"))
    studio.ami.event("DialState", DestUniqueid=ringing.channel_id)
    studio.call(studio.attempt("5555000", verdict("agent", agent_leg=leg.channel_id)), until="BridgeEnter")
    studio.ami.listing("CoreShowChannels")
    studio.ami.listing("Status", [("Channel", waiting.channel_id)])
    studio.ami.action("Getvar", [("Channel", waiting.channel_id), ("Variable", "DLR_AGENT")])


def dbgettree(studio: Studio) -> None:
    """DBGetTree with an unattended trace and two opt-outs, then with nothing left; removal of each."""
    attempt = studio.attempt("5554004", agi="agi://127.0.0.1:1/verdict")
    studio.farend.behaves("5554004", Behaviour(digits=((0.5, "9"),)))
    studio.call(attempt)
    inbound(studio)
    for response in studio.ami.listing("DBGetTree", [("Family", "dialerd")]):
        kind, key = response["Key"].split("/")[2:4]
        forget(studio, f"{kind}-{key}")
    studio.ami.listing("DBGetTree", [("Family", "dialerd")])


def inbound(studio: Studio) -> None:
    """Somebody calls the displayed number back and presses 9."""
    call = studio.farend.dial(
        studio.pbx.ports.sip, caller="+393331234567", number=DISPLAYED, behaviour=Behaviour(digits=((1.2, "9"),))
    )
    studio.ami.event("UserEvent", UserEvent="DialerdOptOut", Source="callback")
    studio.farend.wait_until(lambda: call.over, 5, "end of the inbound call")


def refused_actions(studio: Studio) -> None:
    """Actions that the shipped user may not use, and one with a channel that does not exist."""
    studio.ami.action("Command", [("Command", "core show version")])
    studio.ami.action("DBDel", [("Family", "dialerd"), ("Key", "unattended/1")])
    studio.ami.action(
        "Originate",
        [("Channel", "Local/s@dialerd-forget"), ("Application", "System"), ("Data", "true"), ("Async", "true")],
    )
    studio.ami.action("Hangup", [("Channel", "dlr-1-00000000")])


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


def shutdown(studio: Studio) -> None:
    """Asterisk is stopped with an agent logged in: Hangup, Shutdown, end of the connection. Keep it the last."""
    studio.agent()
    studio.pbx.stop()
    time.sleep(0.3)


FLOWS: dict[str, Callable[[Studio], None]] = {
    flow.__name__: flow
    for flow in (
        login, login_refused, agent_login, agent_login_refused, originate_human_bridged, bridged_agent_star,
        bridged_agent_phone_hangs_up, bridged_ami_hangup, originate_machine, originate_notsure, no_answer,
        ringing_ami_hangup, no_such_trunk, customer_hangs_up_waiting, abandon, abandon_customer_hangs_up, optout,
        unattended, unattended_timeout, unattended_hangup, guard_during_amd, agent_leg_lost, core_show_channels,
        dbgettree, inbound, refused_actions,
    )
}  # fmt: skip
for _name, _code in (
    ("busy_486", 486), ("congestion_503", 503), ("invalid_404", 404), ("incomplete_484", 484),
    ("rejected_603", 603), ("unavailable_480", 480), ("busy_everywhere_600", 600), ("not_acceptable_488", 488),
):  # fmt: skip
    FLOWS[_name] = _rejected(_code)
FLOWS["shutdown"] = shutdown


def main(names: list[str]) -> int:
    """Record the named flows, or all."""
    with FarEnd() as farend, Asterisk.for_farend(farend.sip_port) as pbx:
        studio = Studio(pbx, farend)
        for name, flow in FLOWS.items():
            if names and name not in names:
                continue
            farend.forget()
            for key in pbx.database():
                pbx.cli(f"database del {key[1:].replace('/', ' ', 1)}")
            with AmiClient(pbx.ports.ami, secret=SECRET) as studio.ami:
                flow(studio)
                said = (flow.__doc__ or "").strip()
                studio.ami.recording.save(FIXTURES / "ami" / f"{name}.txt", said, pbx.version if pbx.running() else "")
            farend.hang_up_all()
            time.sleep(0.2)
            print(name)
        studio.agi.close()
        _without_machine_paths(str(pbx.folder))
    return 0


def _without_machine_paths(folder: str) -> None:
    """Replace this machine's folder names in what was recorded (lengths are written anew)."""
    for path in FIXTURES.glob("a*i/*.txt"):
        raw = path.read_bytes()
        if folder.encode() in raw:
            comments = [line[2:].decode() for line in raw.split(b"\n--- ")[0].splitlines() if line.startswith(b"# ")]
            pieces = [p._replace(data=p.data.replace(folder.encode(), b"/srv/pbx")) for p in decode(raw)]
            path.write_bytes(encode(pieces, *comments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
