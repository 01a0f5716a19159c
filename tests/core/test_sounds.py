"""A campaign that names a managed sound which cannot be played does not start, and stops when it runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from dialerd.core.campaign import AmdAction, Campaign, CampaignState, CampaignVerb, DialMode
from dialerd.core.errors import Conflict
from dialerd.core.health import next_step, problems
from dialerd.core.messages import CampaignOrder, CampaignSaved, LogEvent
from dialerd.core.readiness import start_problems
from dialerd.core.sounds import Sounds, SoundsChanged
from dialerd.core.why import why

from .test_start import GOOD, dialer_with

THERE = Sounds(prefix="/s", found={"sorry": "", "bad": "bad.ulaw has been changed"})


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("/s/sorry", []),
        ("custom/other", []),
        ("/sx/other", []),
        (
            "/s/gone",
            ["abandon_message names /s/gone, and there is no such sound: use dialerctl audio add FILE --name gone"],
        ),
        ("/s/bad", ["abandon_message names /s/bad, which cannot be relied on (bad.ulaw has been changed)"]),
        ("/s/sorry&/s/gone&custom/x&/s/bad&/s/gone", ["/s/gone", "/s/bad"]),
        ("/s/sorry.wav", ["'sorry.wav' is not a sound's name"]),
        ("/s/below/sorry", ["'below/sorry' is not a sound's name"]),
        ("/s//sorry", ["'/sorry' is not a sound's name"]),
    ],
)
def test_each_managed_part_of_a_setting_is_looked_at(setting: str, words: list[str]) -> None:
    found = start_problems(replace(GOOD, abandon_message=setting), ["carrier"], sounds=THERE)
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True)), found
    assert start_problems(replace(GOOD, abandon_message=setting), ["carrier"]) == [], "nothing is managed"


def test_the_voicemail_file_counts_only_where_it_may_be_played() -> None:
    drops = replace(GOOD, amd_enabled=True, amd_action=AmdAction.VOICEMAIL, voicemail_file="/s/gone")
    assert any("voicemail_file names /s/gone" in told for told in start_problems(drops, ["carrier"], sounds=THERE))
    for other in (replace(drops, amd_enabled=False), replace(drops, amd_action=AmdAction.HANGUP)):
        assert not any("voicemail_file" in told for told in start_problems(other, ["carrier"], sounds=THERE))


def test_a_preview_campaign_may_do_without_a_message_but_not_with_one_that_is_missing() -> None:
    preview = replace(GOOD, dial_mode=DialMode.PREVIEW, abandon_message="")
    assert start_problems(preview, ["carrier"], sounds=THERE) == []
    assert start_problems(replace(preview, abandon_message="/s/gone"), ["carrier"], sounds=THERE)


@given(st.lists(st.sampled_from(["/s/a", "/s/b", "x", "/sx/c", "s/d"]), max_size=6))
def test_managed_names_are_those_below_the_prefix(parts: list[str]) -> None:
    assert Sounds(prefix="/s").managed("&".join(parts)) == [part[3:] for part in parts if part in ("/s/a", "/s/b")]
    assert Sounds().managed("&".join(parts)) == []


def started(campaign: Campaign) -> CampaignOrder:
    return CampaignOrder(campaign_id=campaign.id, verb=CampaignVerb.START)


def test_a_running_campaign_whose_message_disappears_stops_and_goes_on_when_it_is_back() -> None:
    campaign = replace(GOOD, abandon_message="/s/sorry")
    dialer, now = dialer_with(campaign)
    dialer.handle(SoundsChanged(sounds=replace(THERE, found={})), now)
    with pytest.raises(Conflict, match="cannot start: abandon_message names /s/sorry, and there is no such sound"):
        dialer.handle(started(campaign), now)
    dialer.handle(SoundsChanged(sounds=THERE), now)
    dialer.handle(started(campaign), now)
    run = dialer.floor.run(campaign.id)
    assert dialer.dialling.obstacle(run, now) == "" and not problems(dialer.floor)

    dialer.handle(SoundsChanged(sounds=replace(THERE, found={"sorry": "sorry.wav is missing"})), now)
    dials, sentence = why(dialer.floor, dialer.dialling, run, now)
    assert not dials and "sorry.wav is missing" in sentence and "--replace" in sentence
    assert run.campaign.state is CampaignState.ACTIVE, "it dials again by itself"
    assert any("sorry.wav is missing" in problem for problem in problems(dialer.floor))
    assert next_step(dialer.floor, dialer.dialling).startswith("dialerctl audio check")
    told = [command.text for command in dialer.tick(now) if isinstance(command, LogEvent)]
    assert len(told) == 1 and "spring does not dial: abandon_message" in told[0]

    dialer.handle(SoundsChanged(sounds=THERE), now)
    assert dialer.dialling.obstacle(run, now) == "" and not problems(dialer.floor)


def test_sounds_of_other_campaigns_are_none_of_its_business() -> None:
    dialer, now = dialer_with(replace(GOOD, abandon_message="custom/sorry"))
    dialer.handle(started(GOOD), now)
    dialer.handle(CampaignSaved(campaign=replace(GOOD, id=2, name="polls", abandon_message="/s/gone")), now)
    dialer.handle(SoundsChanged(sounds=THERE), now)
    assert problems(dialer.floor) == [], "a stopped campaign is no problem yet"
