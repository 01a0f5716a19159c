"""Owns what a campaign must have before it may start. Pure; knows trunks as names only, no rules of calling times."""

from __future__ import annotations

from collections.abc import Collection

from dialerd.core.amd.delay import certain_problem
from dialerd.core.campaign import AbandonAction, AmdAction, Campaign, DialMode
from dialerd.core.errors import hint
from dialerd.core.sounds import NO_SOUNDS, Sounds

_UNATTENDED_MODES = frozenset({DialMode.PREDICTIVE, DialMode.PROGRESSIVE, DialMode.POWER})
"""Modes in which a person may answer and no agent be free: that person must hear a name and a number
(16 CFR 310.4(b)(4)(iii), 47 CFR 64.1200(a)(7))."""


def start_problems(
    campaign: Campaign,
    trunks: Collection[str],
    *,
    allowed_caller_ids: Collection[str] = (),
    recording_folder: str = "",
    sounds: Sounds = NO_SOUNDS,
) -> list[str]:
    """Given a campaign and the names of the trunks, return what forbids its start: one sentence each, with the cure.

    `allowed_caller_ids` are those of the campaign's trunk (empty: any); `recording_folder`: where Asterisk records
    (empty: nowhere); `sounds`: the managed ones. No problems: an empty list.
    """
    problems = []
    trunk = _trunk_problem(campaign.trunk, trunks)
    if trunk:
        problems.append(trunk)
    if not campaign.caller_id:
        problems.append("no caller ID is set, so nobody could call back: use --caller-id NUMBER")
    elif not trunk and allowed_caller_ids and campaign.caller_id not in allowed_caller_ids:
        problems.append(
            f"caller ID {campaign.caller_id} is not allowed on trunk {campaign.trunk}: use --caller-id with one of "
            f"{', '.join(sorted(allowed_caller_ids))}, or add it to caller_ids of [[trunk]] {campaign.trunk}"
        )
    if not campaign.abandon_message and campaign.dial_mode in _UNATTENDED_MODES:
        problems.append(
            "no abandon message is set, and a person who meets no agent must hear your name and number: "
            "use --abandon-message SOUND"
        )
    if campaign.abandon_action is AbandonAction.TRANSFER and not campaign.abandon_transfer_extension:
        problems.append(
            "abandon_action is transfer, and it is not said where to: use --abandon-transfer-extension EXTENSION"
        )
    problems += _machine_problems(campaign)
    problems += sounds.problems(campaign)
    problems += _law_problems(campaign, trunk_known=not trunk, allowed_caller_ids=allowed_caller_ids)
    if slow := certain_problem(campaign):
        problems.append(slow)
    if campaign.amd_enabled and campaign.amd_sample > 0 and not recording_folder:
        problems.append(
            f"amd_sample is {100 * campaign.amd_sample:g} %, and there is no folder for the samples: set folder in "
            "[recording] of dialerd.toml, or use --amd-sample 0"
        )
    if campaign.max_lines < 1:
        problems.append(f"max_lines is {campaign.max_lines}, so no call fits: use --max-lines 1 or more")
    return problems


def _machine_problems(campaign: Campaign) -> list[str]:
    """What is missing for what a machine is to get."""
    if not campaign.amd_enabled:
        return []
    if campaign.amd_action is AmdAction.VOICEMAIL and not campaign.voicemail_file:
        return ["amd_action is voicemail, and it is not said what to leave: use --voicemail-file SOUND"]
    if campaign.amd_action is AmdAction.TRANSFER and not campaign.amd_transfer_extension:
        return ["amd_action is transfer, and it is not said where to: use --amd-transfer-extension EXTENSION"]
    return []


def uncounted(campaign: Campaign) -> str:
    """The sentence about abandons that the law counts and nobody has estimated; empty when there are none.

    A warning and no problem: the estimate comes from listening to calls, so a campaign must be able to start without.
    """
    law = campaign.rules.law
    if law is None or not (campaign.amd_losses_inside and campaign.amd_enabled) or campaign.amd_false_positive_rate:
        return ""
    return (
        f"{law.name} counts people whom AMD took for machines as abandoned, and amd_false_positive_rate is not set, so "
        f"none are counted: record samples (--amd-sample PERCENT), listen (dialerctl call review --campaign "
        f"{campaign.name}), then dialerctl amd report {campaign.name} --apply-estimate"
    )


def _law_problems(campaign: Campaign, *, trunk_known: bool, allowed_caller_ids: Collection[str]) -> list[str]:
    """What the campaign's rule set demands of its settings and they are not."""
    law = campaign.rules.law
    if law is None:
        return [
            "no rule set is chosen, so nobody may be called: use --rule-set NAME (dialerctl rules list; none: no law)"
        ]
    problems = []
    for demand in law.campaign_demands():
        wants = f"and {law.name} wants"
        match demand.key:
            case "min_ring_seconds" if campaign.ring_timeout_s < demand.value:
                problems.append(
                    f"dial_timeout is {campaign.ring_timeout_s:g} s, {wants} {demand.value:g} s of ringing:"
                    f" use --dial-timeout {demand.value:g}"
                )
            case "max_wait_seconds" if campaign.abandon_after_s > demand.value:
                problems.append(
                    f"abandon_after is {campaign.abandon_after_s:g} s, {wants} at most {demand.value:g} s:"
                    f" use --abandon-after {demand.value:g}"
                )
            case "max_abandon_percent" if 100 * campaign.target_abandon_rate > demand.value + 1e-9:
                problems.append(
                    f"target_abandon_rate is {100 * campaign.target_abandon_rate:g} %, {wants} at most"
                    f" {demand.value:g} %: use --target-abandon-rate {demand.value:g}"
                )
            case "caller_id_owned" if demand.value and trunk_known and not allowed_caller_ids:
                problems.append(
                    f"trunk {campaign.trunk} names no caller IDs as ours, {wants} it:"
                    f" add caller_ids to [[trunk]] {campaign.trunk}"
                )
    return problems


def _trunk_problem(trunk: str, trunks: Collection[str]) -> str:
    """The sentence about a campaign's trunk, empty if it is known."""
    if not trunks:
        return "no trunk is configured: add a [[trunk]] to dialerd.toml and restart dialerd, then use --trunk NAME"
    known = ", ".join(sorted(trunks))
    if not trunk:
        return f"no trunk is set: use --trunk NAME (known: {known})"
    if trunk in trunks:
        return ""
    meant = hint(trunk, sorted(trunks), f"known: {known}")
    return f"trunk {trunk} is not in the configuration: use --trunk NAME{meant}"
