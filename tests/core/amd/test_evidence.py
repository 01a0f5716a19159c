"""What counts of judged calls show: by numbers worked out by hand, and by what must hold whatever was heard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dialerd.core.amd.evidence import FEWEST_REVIEWS, Findings, Heard, Judged, Range, Tally, rows
from dialerd.core.amd.report import estimate, figures, matrix, together
from dialerd.core.intervals import wilson


def tally(calls: int, heard: str = "", *, got: str = "machine", said: str = "", **more: Any) -> Tally:
    values = {"said": said or {"machine": "machine"}.get(got, "human"), "drawn": True, "stratum": "a", **more}
    return Tally(got=got, heard=heard, calls=calls, **values)


def test_what_was_heard_stands_for_what_was_not() -> None:
    heard = Heard.of([tally(4, "person"), tally(36, "machine"), tally(160)], by_lot=True)
    assert (heard.calls, heard.unknown, heard.weighed) == (200, 160, 40)
    assert heard.people.value == pytest.approx(20), "one in ten of those heard, so of all"
    low, high = wilson(4, 40)
    assert (heard.people.low, heard.people.high) == pytest.approx((4 + 160 * low, 4 + 160 * high))
    assert heard.share.value == pytest.approx(0.1) and heard.machines.value == pytest.approx(180)


def test_strata_are_weighed_by_their_size() -> None:
    """Half of a small stratum was heard, a fiftieth of a large one: pooled they would say a half."""
    heard = Heard.of(
        [
            tally(50, "person", stratum="a"), tally(0, "machine", stratum="a"), tally(50, stratum="a"),
            tally(50, "machine", stratum="b"), tally(2450, stratum="b"),
        ],
        by_lot=True,
    )  # fmt: skip
    assert heard.people.value == pytest.approx(100), "all of the small one, nobody of the large one"
    # 50 calls of weight 1 and 50 of weight 49: (50 + 2450)² / (50·1 + 50·49²)
    assert heard.weighed == pytest.approx(2500**2 / (50 + 50 * 49**2))


def test_a_stratum_without_reviews_is_taken_for_the_mean_of_the_others() -> None:
    heard = Heard.of([tally(1, "person"), tally(3, "machine"), tally(96, stratum="new")], by_lot=True)
    assert heard.people.value == pytest.approx(25) and heard.weighed == pytest.approx(4)


def test_an_unheard_stratum_weighs_as_those_heard_were_heard() -> None:
    """10 heard of 20 and 10 of 1010 in two strata, 1000 unheard in a third: that one is like all 20 heard together."""
    heard = Heard.of(
        [
            tally(5, "person", stratum="a"), tally(5, "machine", stratum="a"), tally(10, stratum="a"),
            tally(10, "machine", stratum="b"), tally(1000, stratum="b"), tally(1000, stratum="c"),
        ],
        by_lot=True,
    )  # fmt: skip
    assert heard.people.value == pytest.approx(5 + 10 * 0.5 + 1000 * 0 + 1000 * 5 / 20)
    # ten calls stand for 10/10 + 1000/20 others each, ten for 1000/10 + 1000/20
    assert heard.weighed == pytest.approx((10 * 51 + 10 * 150) ** 2 / (10 * 51**2 + 10 * 150**2))


def test_who_complains_counts_but_stands_for_nobody() -> None:
    drawn = [tally(10, "machine"), tally(90)]
    heard = Heard.of([*drawn, tally(5, "person", drawn=False)], by_lot=True)
    assert heard.people.value == pytest.approx(5)
    assert Heard.of([tally(5, "person", drawn=False), tally(95)], by_lot=True).people.value is None


def test_nothing_heard_leaves_everything_open() -> None:
    found = Findings.of([tally(10), tally(10, got="agent")])
    assert found.lost == Range(None, 0.0, 1.0) and found.leaked == Range(None, 0.0, 1.0)
    assert not found.as_machines.enough
    assert Findings.of([]).lost == Range(None, 0.0, 1.0)


def test_everything_heard_leaves_nothing_open() -> None:
    found = Findings.of(
        [
            tally(2, "person"), tally(38, "machine"),
            tally(90, "person", got="agent"), tally(10, "machine", got="agent"),
            tally(7, got="nobody"),
        ]
    )  # fmt: skip
    assert found.lost == Range(2 / 92, 2 / 92, 2 / 92)
    assert found.leaked == Range(10 / 48, 10 / 48, 10 / 48)
    assert found.as_machines.enough, "all of few calls is enough"


def test_the_interval_of_a_share_takes_the_worst_ends_together() -> None:
    found = Findings.of([tally(4, "person"), tally(36, "machine"), tally(160), tally(80, "person", got="agent")])
    people = found.as_machines.people
    assert found.lost.value == pytest.approx(20 / 100)
    assert found.lost.low == pytest.approx(people.low / (people.low + 80))
    assert found.lost.high == pytest.approx(people.high / (people.high + 80))


def test_the_ledgers_estimate_is_never_nothing_while_calls_are_unheard() -> None:
    judged = Judged((tally(FEWEST_REVIEWS, "machine"), tally(900)), {})
    found = estimate(judged)
    assert found["enough"] and found["heard"] == 100 and found["of"] == 1000 and found["wanted"] == 100
    # (0 + z²/2) / (100 + z²) of the 900 that nobody heard
    assert found["amd_false_positive_rate"] == pytest.approx(0.9 * 1.9207 / 103.8415, abs=1e-4)
    assert not estimate(Judged((tally(FEWEST_REVIEWS - 1, "machine"), tally(900)), {}))["enough"]
    assert estimate(Judged((tally(8, "machine"), tally(2, "person")), {}))["amd_false_positive_rate"] == 0.2
    assert estimate(Judged((), {}))["amd_false_positive_rate"] == 0.0


TALLIES = st.builds(
    Tally,
    said=st.sampled_from(["human", "machine", "unsure", "none"]),
    got=st.sampled_from(["machine", "agent", "nobody"]),
    heard=st.sampled_from(["person", "machine", ""]),
    drawn=st.booleans(),
    stratum=st.sampled_from("abc"),
    calls=st.integers(1, 500),
)


@given(st.lists(TALLIES, max_size=20))
def test_figures_stay_within_what_is_possible(tallies: list[Tally]) -> None:
    found = Findings.of(tallies)
    for heard in (found.as_machines, found.to_agents, *rows(tallies).values()):
        assert heard.known_people + heard.known_machines + heard.unknown == heard.calls
        for figure, most in ((heard.people, heard.calls), (heard.machines, heard.calls), (heard.share, 1)):
            assert -1e-9 <= figure.low <= figure.high <= most + 1e-9
            assert figure.value is None or figure.low - 1e-9 <= figure.value <= figure.high + 1e-9
        assert heard.known_people - 1e-9 <= heard.people.low
        assert -1e-9 <= heard.reasoned_share <= 1 + 1e-9
    for share in (found.lost, found.leaked):
        assert 0 <= share.low <= share.high <= 1
        assert share.value is None or share.low - 1e-9 <= share.value <= share.high + 1e-9
    assert sum(row["calls"] for row in matrix(Judged(tuple(tallies), {}))) == sum(one.calls for one in tallies)


@given(st.lists(TALLIES, max_size=12), st.integers(0, 12))
def test_parts_make_up_the_whole(tallies: list[Tally], cut: int) -> None:
    delays = {"human": {1200: 2}, "machine": {900: 1}}
    parts = [Judged(tuple(tallies[:cut]), delays), Judged(tuple(tallies[cut:]), delays)]
    whole = figures(together(parts))
    doubled = {said: {ms: 2 * n for ms, n in seen.items()} for said, seen in delays.items()}
    assert whole == figures(Judged(tuple(tallies), doubled))


def test_delays_in_seconds_and_those_of_people_together() -> None:
    judged = Judged((), {"human": {1000: 18, 1500: 1}, "unsure": {5000: 1}, "machine": {700: 5}})
    delay = figures(judged)["delay"]
    assert delay["to_people"] == {"calls": 20, "median_s": 1.0, "p95_s": 1.5, "max_s": 5.0}
    assert delay["machine"]["max_s"] == 0.7 and delay["unsure"]["calls"] == 1
