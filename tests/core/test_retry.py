"""Retry rules: delays, their growth and end, and what they make of a lead."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, strategies as st

from dialerd.core.call import Status
from dialerd.core.dispositions import definitions, lead_outcome
from dialerd.core.lead import FINAL_STATES, LeadState
from dialerd.core.retry import LONGEST_DELAY_S, RetryRule, rule_for

from .test_values_and_sums import ended

RULES = st.builds(
    RetryRule, outcome=st.just("busy"), delay_s=st.floats(0, 1e7), growth=st.floats(1, 50),
    max_delay_s=st.floats(0, 1e8), max_attempts=st.integers(0, 5), next_number=st.booleans(), stop=st.booleans(),
)  # fmt: skip


@given(RULES, st.integers(1, 10_000))
def test_delays_grow_never_above_the_longest(rule: RetryRule, times: int) -> None:
    now, then = rule.delay(times), rule.delay(times + 1)
    assert (
        timedelta(0)
        <= now
        <= then
        <= timedelta(seconds=min(rule.max_delay_s, LONGEST_DELAY_S)) + timedelta(microseconds=1)
    )
    assert rule.delay(1) == timedelta(seconds=min(rule.delay_s, rule.max_delay_s))


def test_the_growth_is_a_power() -> None:
    rule = RetryRule(outcome="busy", delay_s=10, growth=2)
    assert [rule.delay(n).total_seconds() for n in (1, 2, 3, 4)] == [10, 20, 40, 80]


@given(
    code=st.sampled_from(sorted(definitions())), status=st.sampled_from(list(Status)), so_far=st.integers(0, 9),
    rule=st.one_of(st.none(), RULES), times=st.integers(1, 9), more=st.booleans(),
)  # fmt: skip
def test_a_lead_that_has_ended_waits_for_nothing_and_one_that_has_not_waits_for_something(
    code: str, status: Status, so_far: int, rule: RetryRule | None, times: int, more: bool
) -> None:
    disposition = definitions()[code]
    attempt = ended(status)
    outcome = lead_outcome(
        attempt, disposition, attempts_so_far=so_far, max_attempts=3, retry_delay_s=60, rule=rule, times=times,
        more_numbers=more,
    )  # fmt: skip
    final = outcome.state in FINAL_STATES
    assert (outcome.next_attempt_at is None) is final
    assert outcome.next_attempt_at is None or outcome.next_attempt_at >= attempt.ended_at
    assert not (final and outcome.next_number)
    if disposition.is_dnc:
        assert outcome.state is LeadState.DNC
    elif not disposition.is_callback and status is not Status.CANCELLED:
        if rule is not None and rule.stop:
            assert outcome.state is LeadState.COMPLETED
        elif so_far >= 3 and not disposition.invalid_number:
            assert outcome.state in (LeadState.EXHAUSTED, LeadState.COMPLETED)
    if outcome.next_number:
        assert more or (rule is not None and rule.next_number)


def test_a_dispositions_rule_comes_before_its_statuses() -> None:
    busy, answered = RetryRule(outcome="sale"), RetryRule(outcome="answered")
    rules = {"sale": busy, "answered": answered}
    assert rule_for(rules, "sale", "answered") is busy and rule_for(rules, "callback", "answered") is answered
    assert rule_for(rules, "busy", "busy") is None
