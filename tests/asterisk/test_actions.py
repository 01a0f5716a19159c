"""Actions: hostile values never leave their field, and never reach Asterisk at all."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dialerd.asterisk.actions import (
    ActionRefused,
    Trunks,
    check_agi,
    forget_trace,
    hangup,
    lead_variables,
    originate_agent,
    originate_customer,
)
from dialerd.asterisk.ami_headers import HeaderRefused, checked_headers, parse_headers
from dialerd.core.campaign import MeasuredFrom
from dialerd.core.machine_messages import MachineOrders
from dialerd.core.messages import Originate

from .rig import LEG, ORIGINATE, RING, TRUNKS
from .transcripts import Listener

AGI = "agi://127.0.0.1:4573/verdict"
WICKED = [
    "1\r\nAction: Command",
    "1\n",
    "1\x00",
    "1,2",
    "${SHELL(id)}",
    "1&PJSIP/2",
    '"',
    "x;y",
    "١٢٣",
    "a" * 2000,
    "\u202e321",
    "\u2028",
    "\ud800",
]
FIELDS = [
    "number",
    "token",
    "channel_id",
    "trunk",
    "caller_id",
    "message",
    "opt_out_key",
    "recording_file",
    "sample_file",
    "transfer_to",
]


def changed(field: str, value: Any) -> Originate:
    return replace(ORIGINATE, **{field: value})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", WICKED)
def test_wicked_values_are_refused(field: str, value: str) -> None:
    if field == "message" and value == "1&PJSIP/2":
        value = "1|2"  # `&` and `/` are what sound names are made of
    with pytest.raises(ActionRefused) as caught:
        originate_customer(changed(field, value), Trunks(TRUNKS), AGI)
    assert value not in str(caught.value) or field == "trunk"


@pytest.mark.parametrize("value", [*WICKED, "<1>", "a\\b", "$x", "{", "|"])
def test_wicked_caller_names_are_refused(value: str) -> None:
    if value not in ("1,2", "1&PJSIP/2", "١٢٣"):  # harmless in a name: CallerID is not cut at commas
        with pytest.raises(ActionRefused):
            originate_customer(replace(ORIGINATE, caller_name=value), Trunks(TRUNKS), AGI)


@settings(max_examples=400, deadline=None)
@given(
    field=st.sampled_from([*FIELDS, "caller_name"]),
    value=st.text(max_size=60) | st.text(alphabet="0123456789+*#abc/&.-\r\n,;${}\"'<>= ", max_size=40),
)
async def test_whatever_passes_stays_in_its_header(field: str, value: str) -> None:
    command = changed(field, value)
    try:
        headers = originate_customer(command, Trunks(TRUNKS), AGI)
    except ActionRefused:
        return
    listener = Listener()
    listener.protocol.send(headers)
    lines = bytes(listener.transport.written)[:-4].decode().split("\r\n")
    usual = originate_customer(ORIGINATE, Trunks(TRUNKS), AGI)
    names = sorted(line.partition(": ")[0] for line in lines)
    expected = sorted(name for name in usual for _ in (usual[name] if isinstance(usual[name], list) else [0]))
    assert names in (expected, [name for name in expected if name != "CallerID"])
    assert parse_headers("\r\n".join(lines).encode())["Action"] == "Originate"
    assert all("," not in line for line in lines if line.startswith("Variable: "))


@settings(max_examples=300)
@given(st.text(max_size=40) | st.text(alphabet="agt-dlr0123456789abcdef%*/.", max_size=40))
def test_hangup_takes_our_exact_ids_only(channel: str) -> None:
    try:
        assert hangup(channel) == {"Action": "Hangup", "Channel": channel}
    except ActionRefused:
        return
    assert channel[:4] in ("dlr-", "agt-") and channel.isascii()


@pytest.mark.parametrize("key", ["unattended-1\n", "optout-x", "optout-", "/etc", "unattended-1@other", "optout-+1/n"])
def test_only_traces_are_forgotten(key: str) -> None:
    with pytest.raises(ActionRefused):
        forget_trace(key, "forget-1")


@pytest.mark.parametrize(
    "change",
    [
        {"ring_timeout_s": 0.0},
        {"ring_timeout_s": float("nan")},
        {"ring_timeout_s": float("inf")},
        {"ring_timeout_s": 601.0},
        {"guard_s": -1.0},
        {"guard_s": float("nan")},
        {"attempt_id": 13},
        {"message": "../../etc/passwd"},
        {"message": "a&../b"},
        {"recording_file": "/var/../etc/x"},
        {"recording_file": "relative.wav"},
        {"recording_file": "/a|b.wav"},
        {"sample_file": "/var/../etc/x"},
        {"sample_file": "/a),System(x.wav"},
    ],
)
def test_impossible_values_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ActionRefused):
        originate_customer(replace(ORIGINATE, **change), Trunks(TRUNKS), AGI)


def test_guard_and_amd_as_the_contract_writes_them() -> None:
    command = replace(
        ORIGINATE, guard_from=MeasuredFrom.ANSWER, guard_s=2.0, amd=None, recording_file="", sample_file="", message=""
    )
    variables = originate_customer(command, Trunks(TRUNKS), "/usr/share/dialerd/agi-bin/dialerd-amd.agi")["Variable"]
    assert {"DLR_GUARD_FROM=answer", "DLR_GUARD_S=2", "DLR_AMD=", "DLR_RECORD=", "DLR_SAMPLE=", "DLR_MESSAGE="} <= set(
        variables
    )
    assert "DLR_AGI=/usr/share/dialerd/agi-bin/dialerd-amd.agi" in variables


def test_what_a_machine_gets_goes_with_the_call() -> None:
    def sent(orders: MachineOrders | None) -> set[str]:
        variables = originate_customer(replace(ORIGINATE, machine=orders), Trunks(TRUNKS), AGI)["Variable"]
        return {text for text in variables if text.startswith(("DLR_VOICEMAIL", "DLR_MACHINE"))}

    assert sent(None) == sent(MachineOrders()) == set()
    drop = MachineOrders(voicemail_file="/srv/sounds/a&custom/b", voicemail_wait_s=45.0, min_call_s=6.5)
    assert sent(drop) == {"DLR_VOICEMAIL=/srv/sounds/a&custom/b", "DLR_VOICEMAIL_S=45", "DLR_MACHINE_MS=6500"}
    assert sent(MachineOrders(extension="*70")) == {"DLR_MACHINE_TO=*70"}


def test_where_a_machines_sound_may_be_sent_goes_with_what_is_left_on_it_alone() -> None:
    def ears(orders: MachineOrders, where: str) -> list[str]:
        variables = originate_customer(replace(ORIGINATE, machine=orders), Trunks(TRUNKS), AGI, where)["Variable"]
        return [text for text in variables if text.startswith("DLR_EARS")]

    drop = MachineOrders(voicemail_file="a", voicemail_wait_s=45.0)
    assert ears(drop, "ears.example:4574") == ["DLR_EARS=ears.example:4574"]
    assert ears(drop, "") == ears(MachineOrders(extension="70"), "127.0.0.1:4574") == []
    for where in WICKED:
        with pytest.raises(ActionRefused, match="detector"):
            ears(drop, where)


@pytest.mark.parametrize(
    "orders",
    [
        *(MachineOrders(voicemail_file=value, voicemail_wait_s=45.0) for value in WICKED if value != "1&PJSIP/2"),
        *(MachineOrders(extension=value) for value in WICKED),
        MachineOrders(voicemail_file="a&../b", voicemail_wait_s=45.0),
        MachineOrders(voicemail_file="a", voicemail_wait_s=0.0),
        MachineOrders(voicemail_file="a", voicemail_wait_s=float("nan")),
        MachineOrders(min_call_s=float("inf")),
        MachineOrders(min_call_s=-1.0),
    ],
)
def test_impossible_orders_for_machines_are_refused(orders: MachineOrders) -> None:
    with pytest.raises(ActionRefused):
        originate_customer(replace(ORIGINATE, machine=orders), Trunks(TRUNKS), AGI)


def test_local_dial_strings_are_not_optimised_away() -> None:
    headers = originate_customer(replace(ORIGINATE, trunk="local"), Trunks(TRUNKS), AGI)
    assert headers["Channel"] == "Local/+390612345678@far/n"
    assert headers["OtherChannelId"] == f"{ORIGINATE.channel_id}-b"
    own = Trunks({"local": "Local/{number}@far/nj"})
    assert originate_customer(replace(ORIGINATE, trunk="local"), own, AGI)["Channel"] == "Local/+390612345678@far/nj"


def test_agent_legs() -> None:
    assert originate_agent(replace(RING, endpoint="Local/7@agents"))["OtherChannelId"] == f"{LEG}-b"
    assert "CallerID" not in originate_agent(RING)
    changes: list[dict[str, Any]] = [{"endpoint": "1001"}, {"endpoint": "SIP/1&SIP/2"}, {"leg_id": "agt-8-0badcafe"}]
    for change in changes:
        with pytest.raises(ActionRefused):
            originate_agent(replace(RING, **change))


@pytest.mark.parametrize(
    "template", ["PJSIP/1@x", "PJSIP/{number}{number}@x", "{number}", "SIP/{number},x", "A/{number}\n"]
)
def test_impossible_templates_are_refused_at_once(template: str) -> None:
    with pytest.raises(ActionRefused, match="trunk carrier"):
        Trunks({"carrier": template})


@pytest.mark.parametrize(
    "agi", ["agi://h:1/other", "agi://h/verdict,x", "x.agi", "/a/../b.agi", "/a/b.sh", "agi:async"]
)
def test_impossible_agis_are_refused(agi: str) -> None:
    with pytest.raises(ActionRefused):
        check_agi(agi)


def test_everything_built_passes_the_last_check_too() -> None:
    builders: list[Callable[[], Any]] = [
        lambda: originate_customer(ORIGINATE, Trunks(TRUNKS), AGI),
        lambda: originate_agent(RING),
        lambda: forget_trace("optout-+39061", "forget-1"),
        lambda: hangup(LEG),
    ]
    for build in builders:
        checked_headers(build())
    with pytest.raises(HeaderRefused):
        checked_headers({**hangup(LEG), "Channel": "x\ny"})


@given(st.lists(st.tuples(st.text(max_size=90), st.text(max_size=200)), max_size=5))
def test_attributes_of_a_lead_become_harmless_variables(pairs: list[tuple[str, str]]) -> None:
    for name, value in lead_variables(pairs).items():
        assert re.fullmatch(r"DLR_LEAD_[A-Z0-9_]{1,40}", name)
        assert len(value) <= 80 and not set(value) & set("\r\n\0,;$\"'{}()[]|&=<>\\%!`~^*?#") and value == value.strip()


def test_attributes_keep_what_a_dialplan_may_see() -> None:
    pairs = [("Date of birth", "1990-01-02"), ("city", "Köln, ${EVAL(x)}"), ("CITY", "second"), ("-", "nothing")]
    assert lead_variables(pairs) == {"DLR_LEAD_DATE_OF_BIRTH": "1990-01-02", "DLR_LEAD_CITY": "Köln EVAL x"}
