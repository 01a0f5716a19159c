"""The methods on the evidence of AMD: who may review which call, and which files dialerd finds."""

from __future__ import annotations

from pathlib import Path

from dialerd.core.amd.evidence import Cell, Judged, Tally

from .rig import ADMIN, AGENT, AUDITOR, SUPERVISOR, Rig


async def test_agents_review_their_own_calls_only(tmp_path: Path) -> None:
    rig = Rig()
    rig.records.amd.agent = "1001"
    answer = await rig.call("call.review", {"call": 7, "heard": "machine", "note": "a beep"}, AGENT)
    assert answer["reviewed_by"] == "alice" and rig.records.amd.written == [(7, "machine", "alice", "a beep")]
    rig.records.amd.agent = "1002"
    kind, text = await rig.error("call.review", {"call": 7, "heard": "machine"}, AGENT)
    assert kind == "forbidden" and "agent 1001 only" in text
    rig.records.amd.agent = None  # nobody had it
    assert (await rig.error("call.review", {"call": 7, "heard": "machine"}, AGENT))[0] == "forbidden"
    assert "result" not in await rig.call("call.review", {"call": 7, "heard": "person"}, SUPERVISOR)
    assert (await rig.error("call.review", {"call": 7, "heard": "person"}, AUDITOR))[0] == "forbidden"


async def test_each_word_is_in_the_audit_log() -> None:
    rig = Rig()
    for heard in ("machine", "person"):
        await rig.call("call.review", {"call": 7, "heard": heard}, SUPERVISOR)
    told = [(method, params["heard"], outcome) for _, _, method, params, outcome in rig.records.audited]
    assert told == [("call.review", "machine", "done"), ("call.review", "person", "done")]


async def test_what_is_wrong_is_said() -> None:
    kind, text = await Rig().error("call.review", {"call": 0, "heard": "robot"}, ADMIN)
    assert kind == "usage" and "call" in text and "person, machine" in text
    kind, text = await Rig().error(
        "amd.samples", {"name": "spring", "since": "2026-03-02T12:00:00+00:00", "until": "2026-03-01T12:00:00+00:00"}
    )
    assert kind == "usage" and "not before until" in text


async def test_files_that_dialerd_does_not_find_are_told_apart(tmp_path: Path) -> None:
    rig = Rig()
    there, gone = tmp_path / "1.wav", tmp_path / "2.wav"
    there.write_bytes(b"RIFF")
    rig.records.amd.files = [str(there), str(gone)]
    answer = await rig.call("amd.samples", {"name": "spring"}, AUDITOR)
    assert (answer["total"], answer["unseen"]) == (2, 1)
    assert [row["file"] for row in answer["samples"]] == [str(there)]
    queue = await rig.call("amd.queue", {}, AUDITOR)
    assert [row["seen"] for row in queue["calls"]] == [True, False]
    assert all("place" not in row for row in queue["calls"]), "a part of the token stays inside"


def judged(calls: int, heard: str, got: str = "machine", said: str = "machine") -> Judged:
    tally = Tally(said=said, got=got, heard=heard, drawn=True, stratum="p", calls=calls)
    return Judged((tally,), {said: {1200: calls}})


async def test_the_report_is_of_all_parts_together_and_of_each() -> None:
    rig = Rig()
    rig.records.amd.parts = {"main": judged(30, "machine"), "second": judged(10, "person", "agent", "human")}
    answer = await rig.call("amd.report", {"name": "spring", "by": "trunk"}, AUDITOR)
    assert (answer["calls"], answer["waiting"], answer["by"]) == (40, 3, "trunk")
    assert [(part["key"], part["calls"]) for part in answer["parts"]] == [("main", 30), ("second", 10)]
    assert answer["people_lost"]["share"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert answer["delay"]["to_people"]["p95_s"] == 1.2
    assert answer["estimate"] == {
        "amd_false_positive_rate": 0.0, "enough": True, "heard": 30, "of": 30, "wanted": 30,
    }  # fmt: skip
    rig.records.amd.parts = {"": judged(3, "")}
    whole = await rig.call("amd.report", {"name": "spring"}, AUDITOR)
    assert whole["parts"] == [] and whole["people_lost"]["share"]["value"] is None


async def test_the_calls_behind_a_cell() -> None:
    rig = Rig()
    asked = {"name": "spring", "by": "hour", "key": "09", "said": "machine", "heard": "unknown", "limit": 2}
    answer = await rig.call("amd.calls", asked, AUDITOR)
    assert answer["total"] == 7 and [row["call"] for row in answer["calls"]] == [1, 2]
    assert rig.records.amd.cells == [("hour", Cell(said="machine", heard="unknown", key="09"))]
    kind, text = await rig.error("amd.calls", {"name": "spring", "key": "09"})
    assert kind == "usage" and "goes with by" in text
    kind, text = await rig.error("amd.report", {"name": "spring", "by": "weather"})
    assert kind == "usage" and "trunk" in text
