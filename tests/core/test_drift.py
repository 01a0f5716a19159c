"""The operator's comparison with Asterisk: what differs is named, what agrees is not, and nothing is changed."""

from __future__ import annotations

from dialerd.core.drift import drift
from dialerd.core.messages import ChannelSeen

from .stage import Stage
from .values import NODE, agent, campaign


def differences(stage: Stage, *channels: ChannelSeen) -> list[tuple[str, str, str, str]]:
    said = len(stage.said)
    rows = drift(stage.dialer.floor, NODE, channels)
    assert len(stage.said) == said and not stage.dialer.floor.take_outbox(), "looking changed something"
    return [(row["kind"], row["name"], row["here"], row["asterisk"]) for row in rows]


def test_what_agrees_is_not_named() -> None:
    stage = Stage(campaign(), agents=[agent(1), agent(2)])
    stage.wait(1)
    talk, ringing = list(stage.dialer.floor.calls)
    stage.meet(talk)
    agent_of = stage.dialer.floor.calls[talk].agent_id or 0
    legs = [stage.leg(n, bridge="b7" if n == agent_of else "h") for n in (1, 2)]
    assert differences(stage, *legs, stage.channel(talk, bridge="b7"), stage.channel(ringing, up=False)) == []


def test_what_differs_is_named() -> None:
    stage = Stage(campaign(), agents=[agent(1), agent(2)])
    stage.wait(1)
    talk, ringing = list(stage.dialer.floor.calls)
    stage.meet(talk)
    agent_of = stage.dialer.floor.calls[talk].agent_id or 0
    other = stage.leg(3 - agent_of)
    stray = ChannelSeen(unique_id="dlr-99-0badcafe", name="PJSIP/out-9", up=True)
    assert differences(stage, other, stage.channel(ringing), stray) == [
        ("call", str(talk), "talking", "no channel"),
        ("call", str(ringing), "dialing", "answered"),
        ("agent", str(1000 + agent_of), "on_call", "no leg"),
        ("channel", "PJSIP/out-9", "unknown", "up"),
    ]
    lonely = [stage.leg(n) for n in (1, 2)]
    assert differences(stage, *lonely, stage.channel(talk), stage.channel(ringing, up=False)) == [
        ("call", str(talk), "talking", "talks with nobody")
    ]
    legs = [stage.leg(agent_of, bridge="b7"), stage.leg(3 - agent_of, bridge="b8")]
    found = differences(stage, *legs, stage.channel(talk, bridge="b7"), stage.channel(ringing, bridge="b8"))
    assert found == [("call", str(ringing), "dialing", "talks with an agent")]
