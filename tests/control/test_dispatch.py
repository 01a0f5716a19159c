"""JSON-RPC 2.0, each error code, roles, and the audit row of each change and each refusal."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dialerd.control.methods.table import METHODS
from dialerd.control.peer import Peer, Role
from dialerd.core.errors import Conflict, DialerError, Forbidden, Invalid, NotFound, Unavailable

from .rig import ADMIN, AGENT, AUDITOR, NOBODY, SUPERVISOR, Rig

PEERS = {"admin": ADMIN, "supervisor": SUPERVISOR, "auditor": AUDITOR, "agent": AGENT, "nobody": NOBODY}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 200_000, -32700),
        ([], -32600),
        ([1] * 101, -32600),
        (1, -32600),
        ({}, -32600),
        ({"jsonrpc": "1.0", "id": 1, "method": "version"}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": 5}, -32600),
        ({"jsonrpc": "2.0", "id": {}, "method": "version"}, -32600),
        ({"jsonrpc": "2.0", "id": True, "method": "version"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "version", "params": "x"}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "verson"}, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "version", "params": [1]}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "campaign.show", "params": {"nme": "x"}}, -32602),
        ({"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {"protocol": 2}}, 1006),
        ({"jsonrpc": "2.0", "id": 1, "method": "campaign.show", "params": {"name": "x"}}, 1001),
    ],
)
async def test_codes(payload: Any, code: int) -> None:
    answer = await Rig().raw(payload)
    assert answer["jsonrpc"] == "2.0"
    assert answer["error"]["code"] == code
    assert answer["error"]["data"].keys() == {"kind", "exit"}
    assert "Traceback" not in answer["error"]["message"]


@pytest.mark.parametrize(
    ("error", "kind", "exit_code"),
    [
        (NotFound("n"), "not_found", 5),
        (Conflict("c"), "conflict", 6),
        (Invalid("i"), "invalid", 2),
        (Unavailable("u"), "unavailable", 75),
        (Forbidden("f"), "forbidden", 4),
        (DialerError("d"), "failed", 1),
    ],
)
async def test_errors_of_the_daemon_keep_their_sentence(error: DialerError, kind: str, exit_code: int) -> None:
    rig = Rig()
    rig.records.fail = error
    answer = await rig.call("campaign.list")
    assert answer["error"]["message"] == str(error)
    assert answer["error"]["data"] == {"kind": kind, "exit": exit_code}


async def test_an_unexpected_exception_is_for_the_journal(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.records.fail = ZeroDivisionError("secret detail")
    kind, message = await rig.error("campaign.list")
    assert kind == "failed" and "journalctl" in message and "secret detail" not in message
    assert "ZeroDivisionError" in caplog.text


async def test_a_result_without_json_form_is_ours_to_answer_for(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.records.campaigns_by_name["spring"]["x"] = object()
    assert (await rig.error("campaign.list"))[0] == "failed"
    assert "no agreed form" in caplog.text


async def test_a_late_handler_is_told_as_temporary() -> None:
    rig = Rig(request_timeout_s=0.02)
    rig.records.delay_s = 5.0
    kind, message = await rig.error("campaign.list")
    assert kind == "unavailable" and "look before you repeat it" in message


async def test_an_answer_that_is_too_long_is_a_sentence() -> None:
    rig = Rig()
    rig.records.campaigns_by_name["spring"]["note"] = "x" * (1 << 20)
    kind, message = await rig.error("campaign.list")
    assert kind == "invalid" and "ask for less" in message


async def test_batch_notification_and_ids() -> None:
    rig = Rig()
    call = {"jsonrpc": "2.0", "method": "hello", "params": {"protocol": 1}}
    assert await rig.raw(call) is None
    assert await rig.raw([call, call]) is None
    answers = await rig.raw([{**call, "id": "a"}, call, {**call, "id": 2}, 7])
    assert [answer["id"] for answer in answers] == ["a", 2, None]
    assert answers[0]["result"]["role"] == "admin"
    assert answers[2]["error"]["code"] == -32600
    assert (await rig.raw({**call, "id": None}))["result"]["protocol"] == 1


async def test_every_wrong_field_is_named_with_the_nearest() -> None:
    message = (await Rig().error("lead.import", {"campaign": 1, "lst": "a", "rows": [1]}))[1]
    assert message == (
        "lst: unknown parameter (did you mean 'list'?); campaign: must be a text, not a whole number; "
        "list: is missing; rows[0]: must be an object, not a whole number"
    )
    message = (await Rig().error("lead.list", {"state": "nw", "limit": 0, "offset": True}))[1]
    assert "state: must be one of new, claimed" in message
    assert "limit: must be a whole number of at least 1" in message
    assert "offset: must be a whole number, not true or false" in message
    message = (await Rig().error("campaign.show", {f"k{n}": 1 for n in range(10_000)}))[1]
    assert "and 9996 more" in message and len(message) < 1000


async def test_ten_thousand_columns() -> None:
    kind, message = await Rig().error("campaign.add", {"name": "x", **{f"k{n}": 1 for n in range(10_000)}})
    assert kind == "usage" and "10001 parameters are too many" in message


ALLOWED = {
    "hello": "admin supervisor auditor agent nobody",
    "version": "admin supervisor auditor agent nobody",
    "disposition.list": "admin supervisor auditor agent",
    "config.show": "admin",
    "campaign.add": "admin",
    "campaign.edit": "admin",
    "lead.import": "admin",
    "agent.add": "admin",
    **dict.fromkeys(
        (
            "lead.add",
            "lead.edit",
            "lead.remove",
            "list.remove",
            "retry.set",
            "retry.remove",
            "dnc.remove",
            "dnc.remove_list",
            "dnc.begin",
            "dnc.add_chunk",
            "dnc.finish",
        ),
        "admin",
    ),
    **dict.fromkeys(("list.edit", "list.recycle", "callback.cancel"), "admin supervisor"),
    **dict.fromkeys(("list.list", "list.show", "retry.list", "dnc.list", "dnc.lists"), "admin supervisor auditor"),
    **dict.fromkeys(("callback.list", "dnc.check"), "admin supervisor auditor agent"),
    **dict.fromkeys(("callback.add", "dnc.add", "call.review"), "admin supervisor agent"),
    "call.test": "admin",
    **dict.fromkeys(
        (
            "status",
            "campaign.list",
            "campaign.show",
            "lead.list",
            "lead.explain",
            "campaign.explain",
            "campaign.ledger",
            "campaign.replay",
        ),
        "admin supervisor auditor",
    ),
    **dict.fromkeys(("amd.queue", "amd.samples", "amd.report", "amd.calls"), "admin supervisor auditor"),
    **dict.fromkeys(("lead.show", "call.list", "call.show", "pacing.show"), "admin supervisor auditor"),
    **dict.fromkeys(("campaign.start", "campaign.pause", "campaign.resume", "campaign.stop"), "admin supervisor"),
    **dict.fromkeys(("call.hangup", "call.reconcile"), "admin supervisor"),
    **dict.fromkeys(("audio.send", "audio.put", "audio.remove"), "admin supervisor"),
    **dict.fromkeys(("audio.list", "audio.check"), "admin supervisor auditor agent"),
    **dict.fromkeys(("agent.login", "agent.logout", "agent.pause", "agent.unpause"), "admin supervisor agent"),
    "agent.dispose": "admin supervisor agent",
    **dict.fromkeys(("agent.accept", "agent.skip"), "admin supervisor agent"),
    **dict.fromkeys(("agent.list", "agent.preview"), "admin supervisor auditor agent"),
}


def test_the_table_of_roles_is_complete() -> None:
    assert ALLOWED.keys() == METHODS.keys()


@pytest.mark.parametrize("who", PEERS)
@pytest.mark.parametrize("method", ALLOWED)
async def test_roles(method: str, who: str) -> None:
    rig = Rig()
    answer = await rig.call(method, {"never": {}}, PEERS[who])  # refused parameters: no handler runs
    refused = answer["error"]["data"]["kind"] == "forbidden"
    assert refused == (who not in ALLOWED[method].split())
    audits = [row[:3] for row in rig.records.audited]
    assert audits == ([(PEERS[who].uid, PEERS[who].user, method)] if refused else [])


def test_an_auditor_changes_nothing() -> None:
    assert not [m.name for m in METHODS.values() if m.changes and Role.AUDITOR in m.roles]
    assert all(m.roles for m in METHODS.values() if m.changes)


async def test_an_agent_acts_on_the_own_name_only() -> None:
    rig = Rig()
    assert await rig.call("agent.pause", {"name": "1001", "reason": "lunch"}, AGENT) == {
        "name": "1001",
        "state": "ready",
        "reason": "lunch",
    }
    for name in ("1002", "nobody"):  # an agent does not learn which names exist
        kind, message = await rig.error("agent.logout", {"name": name}, AGENT)
        assert kind == "forbidden" and "agent 1001 only" in message
    assert rig.records.audited[-1][4].startswith("refused: ")
    unknown = Peer(uid=5, user="bob", roles=frozenset({Role.AGENT}))
    assert "[agent_users]" in (await rig.error("agent.login", {"name": "1001"}, unknown))[1]


async def test_each_change_is_audited_with_its_outcome() -> None:
    rig = Rig()
    await rig.call("campaign.pause", {"name": "spring"}, SUPERVISOR)
    await rig.error("campaign.pause", {"name": "nothing"}, SUPERVISOR)
    rows = [{"number": f"+1555{n:07}"} for n in range(200)]
    await rig.call("lead.import", {"campaign": "spring", "list": "a", "rows": rows})
    await rig.call("campaign.list")
    assert rig.records.audited == [
        (1001, "sue", "campaign.pause", {"name": "spring"}, "done"),
        (1001, "sue", "campaign.pause", {"name": "nothing"}, "failed: no campaign nothing"),
        (0, "root", "lead.import", {"campaign": "spring", "list": "a", "rows": "200 items"}, "done"),
    ]


async def test_without_the_store_the_journal_is_the_audit_log(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.records.fail = Unavailable("store busy")
    with caplog.at_level(logging.ERROR):
        assert (await rig.call("campaign.stop", {"name": "spring"}))["state"] == "stopped"
    assert "method=campaign.stop" in caplog.text and "user=root" in caplog.text


COLUMNS = ["name", "changes", "campaign", "list", "rows", "state", "lead", "limit", "call", "number", "timezone"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(
    method=st.sampled_from(sorted(METHODS)) | st.text(max_size=10),
    params=st.dictionaries(
        st.sampled_from(
            [
                "name",
                "changes",
                "campaign",
                "list",
                "rows",
                "state",
                "lead",
                "limit",
                "call",
                "number",
                "timezone",
                "protocol",
            ]
        )
        | st.text(max_size=5),
        JSON,
        max_size=5,
    ),
)
async def test_no_parameters_are_an_unexpected_error(method: str, params: dict[str, Any]) -> None:
    answer = await Rig().raw(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode())
    if "error" in answer:
        assert answer["error"]["data"]["kind"] != "failed", answer
        assert "\n" not in answer["error"]["message"]
