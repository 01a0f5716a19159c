"""The AMI server of the simulated PBX: login, lists, filters, unknown and hostile input; and the program itself."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from dialerd.simulation.pbx import SimulatedPbx
from dialerd.simulation.pbx.__main__ import main
from dialerd.simulation.pbx.actions import dialed_number
from dialerd.simulation.pbx.session import DIALERD_FILTERS
from dialerd.simulation.scenario import Outcome
from dialerd.simulation.world import CallFate

from .conftest import PERSON, QUICK, AmiClient, Script, agent_leg, customer, value

MANAGER_CONF = Path(__file__).resolve().parents[2] / "asterisk-config" / "manager_dialerd.conf"


def test_filters_are_the_shipped_ones() -> None:
    shipped = re.findall(r"(?m)^eventfilter\s*=\s*(.+?)\s*$", MANAGER_CONF.read_text())
    assert tuple(shipped) == DIALERD_FILTERS


@pytest.mark.parametrize(
    ("dial_string", "number"),
    [
        ("PJSIP/390612345678@trunk", "390612345678"),
        ("PJSIP/+390612345678@carrier2", "+390612345678"),
        ("Local/390612345678@from-dialer/n", "390612345678"),
        ("PJSIP/trunk/sip:390612345678@10.20.30.40", "390612345678"),
        ("PJSIP/1001", "1001"),
        ("PJSIP/", ""),
    ],
)
def test_number_in_the_dial_string(dial_string: str, number: str) -> None:
    assert dialed_number(dial_string) == number


async def test_login_ping_logoff(pbx: SimulatedPbx) -> None:
    client = await AmiClient.connect(pbx.ami_port)
    assert client.banner == b"Asterisk Call Manager/11.0.0\r\n"
    assert value(await client.ask(Action="Ping", ActionID="a"), "Message") == "Permission denied"
    assert value(await client.login(ActionID="b"), "ActionID") == "b"
    await client.until("FullyBooted")
    pong = await client.ask(Action="PING", ActionID="c")
    assert [name for name, _ in pong] == ["Response", "ActionID", "Ping", "Timestamp"]
    assert value(await client.ask(Action="Logoff"), "Response") == "Goodbye"
    assert await client.reader.read() == b""
    await client.close()


async def test_login_by_challenge(pbx: SimulatedPbx) -> None:
    client = await AmiClient.connect(pbx.ami_port)
    challenge = value(await client.ask(Action="Challenge", AuthType="MD5"), "Challenge")
    key = hashlib.md5((challenge + "simulated").encode()).hexdigest()
    answer = await client.ask(Action="Login", AuthType="MD5", Username="dialerd", Key=key)
    assert value(answer, "Response") == "Success"
    await client.close()


@pytest.mark.parametrize(("user", "secret"), [("dialerd", "wrong"), ("nobody", "simulated"), ("", "")])
async def test_wrong_login_is_closed(pbx: SimulatedPbx, user: str, secret: str) -> None:
    client = await AmiClient.connect(pbx.ami_port)
    answer = await client.ask(Action="Login", Username=user, Secret=secret)
    assert (value(answer, "Response"), value(answer, "Message")) == ("Error", "Authentication failed")
    assert await client.reader.read() == b""
    await client.close()


async def test_unknown_and_forbidden_actions(ami: AmiClient) -> None:
    assert value(await ami.ask(Action="Frobnicate"), "Message") == "Invalid/unknown command"
    assert value(await ami.ask(Action="Command", Command="core stop now"), "Message") == "Permission denied"
    assert value(await ami.ask(NoAction="x"), "Message") == "Missing action in request"
    assert value(await ami.ask(Action="Hangup", Channel="dlr-1-00000000"), "Message") == "No such channel"


async def test_refused_originates(pbx: SimulatedPbx, ami: AmiClient) -> None:
    for headers, message in [
        ({"Channel": "", "Context": "dialerd-agent", "Exten": "s"}, "Channel not specified"),
        ({"Channel": "PJSIP", "Context": "dialerd-agent", "Exten": "s"}, "Invalid channel"),
        ({"Channel": "PJSIP/1", "Context": "elsewhere", "Exten": "s"}, "Extension does not exist."),
        ({"Channel": "PJSIP/1", "Application": "System", "Data": "rm"}, "Originate Access Forbidden"),
    ]:
        answer = await ami.ask(Action="Originate", **headers)
        assert value(answer, "Response") == "Error" and message in value(answer, "Message")
    ami.send(agent_leg(7))
    await ami.until("BridgeEnter")
    again = await ami.ask(*agent_leg(7))
    assert "Unique ID" in value(again, "Message")
    assert len(pbx.switch.channels) == 1


async def test_settings_status_and_variables(pbx: SimulatedPbx, ami: AmiClient) -> None:
    assert value(await ami.ask(Action="CoreSettings"), "AsteriskVersion").startswith("22.")
    ami.send(agent_leg(7))
    await ami.until("BridgeEnter")
    assert value(await ami.ask(Action="CoreStatus"), "CoreCurrentCalls") == "1"
    leg = "agt-7-0badcafe"
    assert value(await ami.ask(Action="Getvar", Channel=leg, Variable="DLR_AGENT"), "Value") == "7"
    await ami.ask(Action="Setvar", Channel=leg, Variable="X", Value="y")
    assert value(await ami.ask(Action="Getvar", Channel=leg, Variable="X"), "Value") == "y"


async def test_variables_are_cut_at_the_first_comma_as_asterisk_does(pbx: SimulatedPbx, ami: AmiClient) -> None:
    ami.send([*agent_leg(7), ("Variable", "LIST=1,2,3")])
    await ami.until("BridgeEnter")
    assert value(await ami.ask(Action="Getvar", Channel="agt-7-0badcafe", Variable="LIST"), "Value") == "1"


async def test_one_database_entry(pbx: SimulatedPbx, ami: AmiClient) -> None:
    pbx.switch.database["/dialerd/unattended/5"] = "t|1|2||empty"
    await ami.ask(Action="DBGet", Family="dialerd", Key="unattended/5", ActionID="q")
    found = await ami.until("DBGetResponse", ActionID="q")
    assert (value(found, "Key"), value(found, "Val")) == ("unattended/5", "t|1|2||empty")
    assert value(await ami.ask(Action="DBGet", Family="dialerd", Key="no"), "Response") == "Error"


async def test_events_can_be_chosen(pbx: SimulatedPbx) -> None:
    client = await AmiClient.connect(pbx.ami_port)
    await client.login(Events="off")
    client.send(agent_leg(7))
    await client.read()  # the answer to Originate
    await asyncio.sleep(0.1)
    assert value(await client.ask(Action="Events", EventMask="system,user"), "Events") == "On"
    assert client.events == []
    await client.close()


async def test_filter_added_at_run_time_hides_the_rest(pbx: SimulatedPbx, ami: AmiClient) -> None:
    assert value(await ami.ask(Action="Filter", Operation="Add", Filter="Event: Hangup"), "Response") == "Success"
    assert value(await ami.ask(Action="Filter", Operation="Add", Filter="(("), "Response") == "Error"
    seen = len(ami.events)
    ami.send(agent_leg(7))
    await asyncio.sleep(0.1)
    pbx.lose_agent_leg(7)
    await ami.until("Hangup")
    assert [value(e, "Event") for e in ami.events[seen:]] == ["Hangup"]


async def test_injected_header_becomes_a_header_as_in_asterisk(ami: AmiClient) -> None:
    answer = await ami.ask(Action="Getvar", Channel="x\r\nActionID: second")
    assert value(answer, "ActionID") == "second"


async def test_line_too_long_is_an_error_and_the_session_lives(ami: AmiClient) -> None:
    for length in (1100, 200_000):
        answer = await ami.ask(Action="Ping", Filler="x" * length)
        assert value(answer, "Response") == "Error"
        assert value(await ami.ask(Action="Ping"), "Ping") == "Pong"


@pytest.mark.parametrize(
    "garbage",
    [b"\r\n\r\n\r\n", b"\x00\xff\xfe\r\n\r\n", b":::\r\n: \r\n\r\n", b"Action\r\n\r\n", b"A" * 70_000, b"\n" * 999],
)
async def test_garbage_disturbs_nobody(pbx: SimulatedPbx, ami: AmiClient, garbage: bytes) -> None:
    stranger = await AmiClient.connect(pbx.ami_port)
    stranger.writer.write(garbage)
    await asyncio.sleep(0.02)
    await stranger.close()
    assert value(await ami.ask(Action="Ping"), "Ping") == "Pong"


async def test_links_can_be_cut_while_calls_go_on(pbx: SimulatedPbx, ami: AmiClient) -> None:
    ami.send(agent_leg(7))
    await ami.until("BridgeEnter")
    await pbx.drop_links()
    assert await ami.reader.read() == b""
    again = await AmiClient.connect(pbx.ami_port)
    await again.login()
    await again.ask(Action="CoreShowChannels", ActionID="l")
    row = await again.until("CoreShowChannel", ActionID="l")
    assert (value(row, "Uniqueid"), value(row, "Application")) == ("agt-7-0badcafe", "BridgeWait")
    await again.close()


async def test_speed_shortens_the_world_but_not_the_limit() -> None:
    ring = CallFate(outcome=Outcome.NO_ANSWER, ring_after_s=0.5)
    pbx = SimulatedPbx(scenario=QUICK, world=Script({"1": ring, "2": PERSON}), speed=10)
    await pbx.start()
    client = await AmiClient.connect(pbx.ami_port)
    await client.login()
    loop, order = asyncio.get_running_loop(), customer("1", 1, 1)
    begun = loop.time()
    client.send([(k, "2000" if k == "Timeout" else v) for k, v in order])
    await client.until("Hangup")
    assert 0.19 < loop.time() - begun < 1.0
    await client.close()
    await pbx.stop()


def test_bad_arguments_end_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = tmp_path / "odd.toml"
    odd.write_text("[outcomes]\npersn = 1\n")
    assert main(["--scenario", str(odd)]) == 2
    assert "persn" in capsys.readouterr().err
    assert main(["--speed", "0", "--ami-port", "0"]) == 2


async def test_the_program_runs_and_writes_the_truth(tmp_path: Path) -> None:
    scenario, truth = tmp_path / "s.toml", tmp_path / "truth.jsonl"
    scenario.write_text("[numbers]\n'39055' = 'busy'\n")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialerd.simulation.pbx", "--ami-port", "0", "--speed", "50", "--seed", "4",
        "--scenario", str(scenario), "--truth", str(truth), stdout=asyncio.subprocess.PIPE, env=dict(os.environ),
    )  # fmt: skip
    assert program.stdout is not None
    line = (await asyncio.wait_for(program.stdout.readline(), 20)).decode()
    found = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert found is not None
    client = await AmiClient.connect(int(found[1]))
    await client.login()
    client.send([(k, "20000" if k == "Timeout" else v) for k, v in customer("39055", 1, 1)])
    await client.until("Hangup", Cause="17")
    await client.close()
    program.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(program.wait(), 10) == 0
    (call,) = [json.loads(text) for text in truth.read_text().splitlines()]
    assert (call["number"], call["outcome"], call["hangup_cause"], call["sip_cause"]) == ("39055", "busy", 17, 486)
