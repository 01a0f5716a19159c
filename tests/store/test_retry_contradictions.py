"""A retry rule that contradicts itself is refused, also when it was said in two steps."""

from __future__ import annotations

from typing import Any

import pytest
from tests.store.world import World

from dialerd.core.errors import Invalid


@pytest.mark.parametrize(
    ("first", "then", "why"),
    [
        ({"next_number": True}, {"stop": True}, "stop: a rule that ends a lead cannot go on"),
        ({"stop": True}, {"next_number": True}, "stop: a rule that ends a lead cannot go on"),
        ({"delay": 300}, {"max_delay": 10}, "max_delay: 10 s is shorter than the delay of 300 s"),
        ({"delay": 5, "max_delay": 10}, {"delay": 300}, "max_delay: 10 s is shorter than the delay of 300 s"),
    ],
)
async def test_the_rule_stays_as_it_was(world: World, first: dict[str, Any], then: dict[str, Any], why: str) -> None:
    world.campaign("spring")
    book = world.store.records.book
    before = await book.set_retry_rule("spring", "busy", first)
    with pytest.raises(Invalid, match=why):
        await book.set_retry_rule("spring", "busy", then)
    assert await book.retry_rules("spring") == [before]


async def test_what_stood_in_the_way_can_be_taken_back_with_it(world: World) -> None:
    world.campaign("spring")
    book = world.store.records.book
    await book.set_retry_rule("spring", "busy", {"next_number": True})
    rule = await book.set_retry_rule("spring", "busy", {"next_number": False, "stop": True})
    assert (rule["next_number"], rule["stop"]) == (False, True)
