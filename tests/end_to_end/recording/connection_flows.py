"""Recorded flows: the AMI session itself, agents' legs, listings, traces. Knows no test."""

from __future__ import annotations

import socket
import time

from ..farend import RING_FOREVER, Behaviour, rejecting
from ..farend.audio import tone
from ..pbx.agi import verdict
from ..pbx.originate import AgentLeg, call_customer
from ..pbx.transcript import Recording
from .studio import DISPLAYED, NOBODY, Studio, forget


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
    attempt = studio.attempt("5554004", agi=NOBODY)
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


def shutdown(studio: Studio) -> None:
    """Asterisk is stopped with an agent logged in: Hangup, Shutdown, end of the connection. Keep it the last."""
    studio.agent()
    studio.pbx.stop()
    time.sleep(0.3)


FLOWS = (
    login, login_refused, agent_login, agent_login_refused, core_show_channels, dbgettree, inbound, refused_actions,
)  # fmt: skip
