"""Tests of dialerd.store.backlog: order, what goes together, and the limit."""

from __future__ import annotations

import threading
import time

from dialerd.core.messages import ClaimLeads, LogEvent, ReleaseLeads
from dialerd.store.backlog import Backlog, Job
from dialerd.store.batch import Entry


def log(name: str) -> Entry:
    return Entry(name, LogEvent(level="info", text=name))


def claim(name: str) -> Entry:
    return Entry(name, ClaimLeads(campaign_id=1, count=1))


def names(taken: list[Entry] | Job | None) -> list[str]:
    assert isinstance(taken, list)
    return [entry.name for entry in taken]


def test_an_urgent_command_takes_everything_before_it_along_at_once() -> None:
    backlog = Backlog(limit=100, batch=100, wait_s=3600)
    for item in (log("a"), log("b"), claim("c")):
        backlog.put(item)
    assert names(backlog.take()) == ["a", "b", "c"]


def test_deferrable_commands_gather_until_their_time_or_a_full_batch() -> None:
    backlog = Backlog(limit=100, batch=3, wait_s=0.05)
    began = time.monotonic()
    backlog.put(log("a"))
    backlog.put(log("b"))
    assert names(backlog.take()) == ["a", "b"]
    assert time.monotonic() - began >= 0.04
    slow = Backlog(limit=100, batch=3, wait_s=3600)
    for name in "abcd":
        slow.put(log(name))
    assert names(slow.take()) == ["a", "b", "c"]


def test_an_urgent_command_wakes_a_writer_that_waits_for_more() -> None:
    backlog = Backlog(limit=100, batch=100, wait_s=3600)
    backlog.put(log("a"))
    taken: list[list[str]] = []
    thread = threading.Thread(target=lambda: taken.append(names(backlog.take())))
    thread.start()
    backlog.put(claim("b"))
    thread.join(timeout=10)
    assert taken == [["a", "b"]]


def test_a_job_stands_alone_and_in_its_place() -> None:
    backlog = Backlog(limit=100, batch=100, wait_s=3600)
    job = Job(lambda session: None)
    for item in (log("a"), job, log("b"), claim("c")):
        backlog.put(item)
    assert names(backlog.take()) == ["a"]
    assert backlog.take() is job
    assert names(backlog.take()) == ["b", "c"]


def test_only_what_does_no_harm_is_dropped_when_the_queue_is_full() -> None:
    backlog = Backlog(limit=2, batch=100, wait_s=0)
    release = Entry("r", ReleaseLeads(lead_ids=(1,)))
    accepted = [backlog.put(item) for item in (log("a"), log("b"), log("c"), release, claim("d"))]
    assert accepted == [True, True, False, True, True] and backlog.dropped == 1
    assert names(backlog.take()) == ["a", "b", "r", "d"]


def test_a_closed_queue_gives_out_what_it_has_and_takes_no_more() -> None:
    backlog = Backlog(limit=100, batch=100, wait_s=3600)
    backlog.put(log("a"))
    backlog.close()
    assert not backlog.put(log("b"))
    assert names(backlog.take()) == ["a"]
    assert backlog.take() is None
