"""Asterisk, the network and the machine break around a running daemon: floods, lag, sleep, no AGI, nothing but 503."""

from __future__ import annotations

import threading
import time

from tests.faults.conftest import MakePlant
from tests.faults.plant import ROOT, Plant, free_port

AGENTS = 3
FOREIGN = (
    b"Event: Newstate\r\nPrivilege: call,all\r\nChannel: PJSIP/other-%08x\r\nChannelState: 6\r\n"
    b"ChannelStateDesc: Up\r\nCallerIDNum: 5550\r\nUniqueid: 17.%d\r\nLinkedid: 17.%d\r\n\r\n"
)
UNWANTED = b"Event: RTCPSent\r\nPrivilege: reporting,all\r\nSSRC: 0x%08x\r\nReport0SourceSSRC: %d\r\nPT: %d\r\n\r\n"


def events(count: int) -> bytes:
    """That many events as a busy Asterisk sends them: half of them must be parsed, none is about our calls."""
    return b"".join((FOREIGN, UNWANTED)[n % 2] % (n, n, n) for n in range(count))


def all_talk(plant: Plant) -> None:
    plant.wait(lambda: len(plant.world.talking()) == AGENTS, 15, "everybody talks")


def test_a_flood_of_events_neither_stops_dialling_nor_loses_the_link(make_plant: MakePlant) -> None:
    plant = make_plant(filters=())
    plant.people.talk_s = 1.0
    plant.campaign(AGENTS, 200)
    batch, sent, stop = events(1500), 0, threading.Event()

    def flood() -> None:
        nonlocal sent
        while not stop.is_set():
            if plant.world.unread() < 1_000_000:  # as fast as it is read, never so fast that the PBX gives up on it
                sent += 1500 * plant.world.flood(batch)
            else:
                time.sleep(0.002)

    thread = threading.Thread(target=flood)
    before = len(plant.people.dialled)
    began = time.monotonic()
    thread.start()
    try:
        slowest = 0.0
        while time.monotonic() < began + 5:
            asked = time.monotonic()
            assert plant.status()["healthy"]
            slowest = max(slowest, time.monotonic() - asked)
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join()
    rate = sent / 5
    assert rate > 10_000, f"{rate:.0f} events/s are no flood"
    assert len(plant.people.dialled) > before + AGENTS, "calls are placed in the midst of it"
    assert slowest < 1.0, f"an operator waited {slowest:.2f} s"
    assert "not connected" not in plant.log()
    plant.settled()
    assert all(t.silence_s is None or t.silence_s < 2.1 for t in plant.world.truths())


def test_a_reader_that_asterisk_has_dropped_comes_back_and_finds_its_calls(make_plant: MakePlant) -> None:
    """dialerd hangs while Asterisk talks on: more than 4 MB behind, Asterisk cuts the connection."""
    plant = make_plant(filters=())
    plant.campaign(AGENTS, 50)
    all_talk(plant)
    up, dialled = plant.world.talking(), len(plant.people.dialled)
    plant.freeze()
    batch = events(5000)
    for _ in range(40):
        if not plant.world.flood(batch):
            break
        time.sleep(0.02)
    plant.wait(lambda: not plant.world.flood(b""), 5, "the PBX has dropped the reader")
    plant.world.hang_up(min(up))  # an ending that nobody told dialerd of
    plant.thaw()
    plant.wait(lambda: "is not connected" in plant.log() or "lost" in plant.log(), 10, "the loss is noticed")
    plant.wait(lambda: bool(plant.status()["healthy"]), 15, "connected again")
    assert up - {min(up)} <= plant.world.talking(), "calls that are up stay up"
    plant.wait(lambda: len(plant.people.dialled) > dialled, 10, "dialling goes on")
    all_talk(plant)
    plant.settled()
    rows = plant.rows(f"SELECT status, approximate FROM call_log WHERE channel_id = '{min(up)}'")
    assert rows == [{"status": "answered", "approximate": 1}], rows


def test_a_machine_that_slept(make_plant: MakePlant) -> None:
    """Stopped for four seconds with phones ringing: nobody is left in silence, nothing is dialled on old knowledge."""
    plant = make_plant()
    plant.campaign(AGENTS, 50)
    all_talk(plant)
    up = plant.world.talking()
    plant.people.answer_after_s = 1.0
    plant.world.hang_up(up.pop())
    plant.wait(lambda: len(plant.people.dialled) == AGENTS + 1, 5, "a phone rings")
    plant.freeze()
    dialled = len(plant.people.dialled)
    time.sleep(4.0)
    assert len(plant.people.dialled) == dialled
    plant.thaw()
    assert up <= plant.world.talking()
    plant.wait(lambda: "the pacing tick is late" in plant.log(), 5, "it is told")
    plant.wait(lambda: bool(plant.status()["healthy"]), 10, "healthy")
    plant.wait(lambda: len(plant.people.dialled) > dialled, 15, "dialling goes on")
    all_talk(plant)
    plant.settled()
    (met_nobody,) = [t for t in plant.world.truths() if t.unattended]
    assert met_nobody.silence_s is not None and met_nobody.silence_s < 2.1, "the dialplan alone kept the limit"
    rows = plant.rows(f"SELECT status, live_answer FROM call_log WHERE id = {met_nobody.attempt}")
    assert rows == [{"status": "abandoned", "live_answer": 1}]


def test_an_agi_port_that_asterisk_does_not_reach(make_plant: MakePlant) -> None:
    plant = make_plant(agi_url=f"agi://127.0.0.1:{free_port()}/verdict")
    plant.campaign(1, 100)
    plant.wait(lambda: plant.problem("the AGI is not reached", "pbx"), 30, "status names it")
    dialled = len(plant.people.dialled)
    assert 3 <= dialled <= 4, "three people, and the one who was called meanwhile"
    assert "the AGI is not reached" in plant.why() and "agi_url" in plant.status()["next_step"]
    plant.watch(5, lambda: len(plant.people.dialled) <= 4, "nobody else is called to hear a message")
    plant.settled()
    heard = [t for t in plant.world.truths() if t.answered_at]
    assert len(heard) == len(plant.people.dialled)
    assert all(t.unattended == "refused" and t.message_ended_at and (t.silence_s or 9) < 2.1 for t in heard), heard
    rows = plant.rows("SELECT status, live_answer, note FROM call_log")
    assert {(r["status"], r["live_answer"]) for r in rows} == {("abandoned", 1)} and "by itself" in rows[0]["note"]
    assert len(plant.rows("SELECT 1 FROM abandon_ledger WHERE abandoned = 1")) == len(heard), "each one counts"


def test_a_trunk_that_answers_nothing_but_503(make_plant: MakePlant) -> None:
    plant = make_plant("refuses")
    plant.campaign(AGENTS, 500, dial_mode="power", dial_ratio=3, max_attempts=1)
    plant.wait(lambda: plant.problem("trunk main refuses every call", "503"), 20, "status names it")
    assert "trunk main refuses every call" in plant.why() and "dialerctl call test" in plant.status()["next_step"]
    plant.watch(4, lambda: len(plant.people.dialled) <= 10 + 9 + 1, "the list is not burned through")
    assert plant.status()["campaigns"][0]["leads"]["due"] > 450
    plant.people.mood = "answers"
    plant.people.talk_s = 0.5
    before = len(plant.people.dialled)
    plant.wait(lambda: bool(plant.status()["healthy"]), 25, "a probe got through")
    plant.wait(lambda: len(plant.people.dialled) > before + 10, 10, "dialling as before")
    assert plant.log().count("refuses every call") == 1, "told once"
    plant.settled()


def test_every_row_of_the_page_names_a_test_that_exists() -> None:
    """docs/errors.md: each row ends with the test that proves it."""
    rows = [
        line for line in (ROOT / "docs/errors.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| what breaks", "|---"))
    ]  # fmt: skip
    assert len(rows) >= 15
    for row in rows:
        named = [word for word in row.replace("`", " ").split() if "::" in word]
        assert named, f"no test: {row[:80]}"
        for name in named:
            path, _, test = name.rstrip(",;|").partition("::")
            assert f"def {test}(" in (ROOT / "tests" / path).read_text(), name
