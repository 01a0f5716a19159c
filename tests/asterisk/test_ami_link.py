"""The life of the link against a fake AMI on TCP. Defects by stack.md 1.2 number."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from dialerd.asterisk.ami_link import AmiLink
from dialerd.asterisk.ami_manager import LinkSettings
from dialerd.core.messages import OriginateFailed, PbxConnected, PbxLost

from .fake_ami import FakeAmi, event, fake_ami, until
from .rig import ATTEMPT_CHANNEL, ORIGINATE, rig


async def test_1_an_originate_is_never_sent_twice() -> None:
    async with rig() as pbx:
        pbx.ami.reactions["Originate"] = lambda action, writer: writer.transport.abort()
        pbx.node.carry_out(ORIGINATE)
        failed = await pbx.next(OriginateFailed)
        assert failed.channel_id == ATTEMPT_CHANNEL and not failed.certain
        await pbx.next(PbxConnected, 2)
        await asyncio.sleep(0.1)
        assert len(pbx.ami.of("Originate")) == 1 and len(pbx.of(PbxLost)) == 1


async def test_4_an_originate_without_answer_is_uncertain_and_the_link_is_renewed() -> None:
    async with rig(action_timeout_s=0.3) as pbx:
        pbx.ami.reactions["Originate"] = lambda action, writer: None
        pbx.node.carry_out(ORIGINATE)
        failed = await pbx.next(OriginateFailed)
        assert not failed.certain and "in time" in failed.reason
        await pbx.next(PbxConnected, 2)
        assert "in time" in pbx.of(PbxLost)[0].reason and len(pbx.ami.of("Originate")) == 1


async def test_7_a_mute_peer_is_found_by_its_missing_pongs() -> None:
    async with rig(ping_interval_s=0.1, ping_timeout_s=0.2) as pbx:
        await until(lambda: pbx.node.counters["ping_microseconds"], "a pong")
        pbx.ami.mute = True
        lost = await pbx.next(PbxLost)
        assert "mute" in lost.reason and not pbx.node.connected
        pbx.ami.mute = False
        await pbx.next(PbxConnected, 2)


async def test_7_events_alone_keep_the_link_while_pongs_lag() -> None:
    async with rig(ping_interval_s=0.05, ping_timeout_s=0.2) as pbx:
        pbx.ami.reactions["Ping"] = lambda action, writer: None
        for _ in range(30):
            pbx.ami.push(event("Hangup", Uniqueid="foreign", Cause="16"))
            await asyncio.sleep(0.03)
        assert not pbx.of(PbxLost)


async def test_10_nothing_connects_after_stop() -> None:
    async with rig(first_retry_s=0.2) as pbx:
        pbx.ami.cut()
        await pbx.next(PbxLost)
        await pbx.node.stop()
        connections = len(pbx.ami.connections)
        await asyncio.sleep(0.6)
        assert len(pbx.ami.connections) == connections and not pbx.node.connected


async def test_11_a_wrong_password_is_said_clearly_and_not_hammered() -> None:
    told = FakeAmi()
    told.secret = "other"
    async with rig(connected=False, ami=told, refused_retry_s=30.0) as pbx:
        lost = await pbx.next(PbxLost)
        assert "refused the AMI login of user 'dialerd'" in lost.reason and "Authentication failed" in lost.reason
        assert "right" not in lost.reason and "right" not in repr(pbx.node.settings)  # the secret
        await asyncio.sleep(0.5)
        assert len(pbx.ami.of("Login")) == 1 and len(pbx.of(PbxLost)) == 1
        assert pbx.node.status()["reason"] == lost.reason


async def test_12_asterisk_may_start_later() -> None:
    async with fake_ami() as other:
        port = other.port
    async with rig(connected=False, port=port) as pbx:
        assert "cannot connect" in (await pbx.next(PbxLost)).reason
        pbx.node.carry_out(ORIGINATE)
        assert (await pbx.next(OriginateFailed)).certain
        late = FakeAmi()
        await late.start(port)
        try:
            await pbx.next(PbxConnected)
            assert len(pbx.of(PbxLost)) == 1 and not late.of("Originate")
        finally:
            await pbx.node.stop()
            await late.stop()


async def test_18_a_server_that_closes_at_once_is_tried_again() -> None:
    async with rig() as pbx:
        for n in range(5):
            pbx.ami.cut()
            await pbx.next(PbxConnected, n + 2)
        assert len(pbx.of(PbxLost)) == 5


async def test_20_shutdown_is_told_as_the_reason() -> None:
    async with rig() as pbx:
        pbx.ami.push(event("Shutdown", Shutdown="Cleanly", Restart="True"))
        assert (await pbx.next(PbxLost)).reason == "Asterisk is shutting down to restart"
        await pbx.next(PbxConnected, 2)
        assert len(pbx.of(PbxLost)) == 1


async def test_6_without_fullybooted_no_call_is_placed_and_the_reason_is_said() -> None:
    told = FakeAmi()
    told.boots = False
    async with rig(connected=False, ami=told, action_timeout_s=0.1) as pbx:
        assert "FullyBooted" in (await pbx.next(PbxLost)).reason
        pbx.node.carry_out(ORIGINATE)
        assert (await pbx.next(OriginateFailed)).certain and not pbx.ami.of("Originate")


async def test_21_a_flood_is_read_and_filtered() -> None:
    async with rig() as pbx:
        flood = event("Newexten", Uniqueid="x", AppData="y" * 300) * 200
        for _ in range(60):  # about 4.6 MB
            pbx.ami.push(flood)
        pbx.ami.push(event("Hangup", Uniqueid=ATTEMPT_CHANNEL, Cause="16"))
        await until(lambda: pbx.node.counters["events_dropped"] == 12_000, "the flood", 20)
        await until(lambda: pbx.events[-1:] and type(pbx.events[-1]).__name__ == "CallEnded", "the event behind it")


async def test_the_record_gets_the_raw_stream_and_may_fail() -> None:
    async with fake_ami() as server:
        pieces: list[bytes] = []
        done = asyncio.Event()

        async def session() -> None:
            done.set()

        def record(data: bytes) -> None:
            pieces.append(data)
            raise OSError("disk full")

        link = link_to(server, session, record=record)
        task = asyncio.create_task(link.run())
        await asyncio.wait_for(done.wait(), 5)
        assert b"".join(pieces).startswith(b"Asterisk Call Manager/") and b"FullyBooted" in b"".join(pieces)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_session_that_fails_renews_the_link() -> None:
    async with fake_ami() as server:
        times = 0
        reasons: list[str] = []

        async def session() -> None:
            nonlocal times
            times += 1
            if times < 3:
                raise RuntimeError("odd answer")

        task = asyncio.create_task(link_to(server, session, reasons.append).run())
        await until(lambda: times == 3, "third session")
        assert reasons == ["the state of Asterisk could not be read: odd answer"] * 2
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("random", "factor"), [(0.0, 0.5), (0.5, 1.0), (1.0, 1.5)])
async def test_the_pause_grows_to_its_limit_and_is_spread(random: float, factor: float) -> None:
    async def session() -> None:
        """Nothing."""

    link = link_to(FakeAmi(), session, random=random)
    pauses = [link._pause(False) / factor for _ in range(10)]
    assert pauses == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30])
    assert link_to(FakeAmi(), session, random=random)._pause(True) == pytest.approx(60 * factor)


def link_to(
    server: FakeAmi,
    session: object,
    lost: object = lambda reason: None,
    *,
    random: float = 0.0,
    record: object = None,
) -> AmiLink:
    return AmiLink(
        LinkSettings(host="127.0.0.1", port=server.port, username="u", secret="right"),
        wanted=frozenset(),
        on_event=lambda one: None,
        on_session=session,  # type: ignore[arg-type]
        on_lost=lost,  # type: ignore[arg-type]
        random=lambda: random,
        counters=Counter(),
        record=record,  # type: ignore[arg-type]
    )
