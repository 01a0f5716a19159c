"""What a machine got, in words, and where it stands in `call show`."""

from __future__ import annotations

from typing import Any

import pytest

from dialerctl.machine_words import AMD_KEYS, in_order, machine_got

T = "2026-12-01T10:00:{:06.3f}+00:00"
MACHINE: dict[str, Any] = {
    "id": 1, "state": "ended", "amd_status": "MACHINE", "amd_cause": "MAXWORDS-4-3", "amd_result": "machine",
    "amd_action": "voicemail", "status": "machine", "verdict_at": T.format(2), "ended_at": T.format(30),
    "note": "", "approximate": False, "amd_parameters": "1", "voicemail_cue": "", "voicemail_started_at": None,
    "voicemail_ended_at": None,
}  # fmt: skip
BEGUN = {"voicemail_cue": "beep", "voicemail_started_at": T.format(9)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({**BEGUN, "voicemail_ended_at": T.format(29.5)}, "message left to its end after the beep, 20.5 s"),
        (BEGUN, "message cut off after the beep, 21.0 s"),
        ({**BEGUN, "voicemail_cue": "", "approximate": True}, "message begun, its end was not seen"),
        ({}, "no message: the call was over before the greeting"),
        ({"state": "machine", "status": "", "ended_at": None}, "waiting for the end of the greeting"),
        ({**BEGUN, "state": "machine", "status": "", "ended_at": None}, "message plays after the beep"),
        ({"amd_action": "hangup"}, "hung up"),
        ({"amd_action": "hangup", "state": "machine", "status": "", "ended_at": None}, "the line is held"),
        ({"amd_action": "transfer"}, "sent to the transfer extension, 28.0 s"),
        ({"amd_action": "transfer", "ended_at": None, "state": "machine"}, "sent to the transfer extension"),
        ({"status": "answered"}, ""),
        ({"status": None, "state": "ringing"}, ""),
    ],
)  # fmt: skip
def test_words(change: dict[str, Any], says: str) -> None:
    assert machine_got({**MACHINE, **change}) == says


def test_what_belongs_together_stands_together_and_nothing_is_lost() -> None:
    shown = in_order(MACHINE)
    keys = list(shown)
    assert set(keys) == {*MACHINE, "machine_got"}
    at = keys.index("amd_status")
    assert [key for key in keys[at:] if key in AMD_KEYS] == [key for key in AMD_KEYS if key in MACHINE]
    assert keys[at : at + len(MACHINE) - 6] == [*[key for key in AMD_KEYS if key in MACHINE], "machine_got"]
    assert keys[:at] == ["id", "state"] and keys[-4:] == ["verdict_at", "ended_at", "note", "approximate"]
    other = in_order({"id": 2, "status": "busy"})
    assert other == {"id": 2, "status": "busy"}
