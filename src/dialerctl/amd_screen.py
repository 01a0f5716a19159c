"""Owns how the evidence of answering-machine detection looks. Must not know how it is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dialerctl import output
from dialerctl.output import Column, local_time

Values = Mapping[str, Any]

MATRIX = (
    Column("said", "AMD said"),
    Column("got", "given to"),
    Column("calls", kind="number"),
    Column("person", kind="number"),
    Column("machine", kind="number"),
    Column("unknown", kind="number"),
    Column("people", whole=True),
)
PARTS = (
    Column("key", whole=True),
    Column("calls", kind="number"),
    Column("people_lost", "people lost", whole=True),
    Column("machines_leaked", "machines leaked", whole=True),
    Column("heard", kind="number"),
    Column("median_s", "median s", "number"),
    Column("p95_s", "p95 s", "number"),
)
CALLS = (
    Column("call", kind="number"),
    Column("at", "started", "time"),
    Column("said", "AMD said"),
    Column("got", "given to"),
    Column("heard"),
    Column("told_by", "told by"),
    Column("amd_cause", "cause"),
    Column("delay_s", "verdict s", "number"),
    Column("file"),
)


def report_text(values: Values, colour: bool, *, limit: int = 0) -> str:
    """The report for a person; `limit`: widest line (0: as wide as it likes)."""
    text = output.pairs(_figures(values), colour=colour, limit=limit)
    if not values["calls"]:
        return text
    rows = [{**row, "people": interval(row["people"], " %")} for row in values["matrix"]]
    text = f"{text}\n\n{output.table(rows, MATRIX, colour=colour, limit=limit)}"
    if values["parts"]:
        text = f"{text}\n\n{output.table(_parts(values), PARTS, colour=colour, limit=limit)}"
    return text


def _figures(values: Values) -> list[tuple[str, str]]:
    entries = [("campaign", f"{values['campaign']}, {_period(values)}"), ("judged calls", str(values["calls"]))]
    if not values["calls"]:
        return [*entries, ("", "no finished call of this time was made with answering-machine detection")]
    machines, lost, leaked = values["as_machines"], values["people_lost"], values["machines_leaked"]
    heard = machines["calls"] - machines["unknown"]
    entries += [
        ("people lost", f"{interval(lost['share'], ' %')} of the people: {interval(lost['number'])} people"),
        (
            "machines leaked",
            f"{interval(leaked['share'], ' %')} of the machines: {interval(leaked['number'])} machines",
        ),
        (
            "taken for machines",
            f"{machines['calls']} calls, {heard} of them heard: {machines['person']} people, "
            f"{machines['machine']} machines; people among all {interval(machines['people'], ' %')}",
        ),
    ]
    entries += [
        (f"verdict on {name}", _delay(values["delay"][said]))
        for said, name in (("to_people", "people"), ("machine", "machines"))
        if values["delay"].get(said, {}).get("calls")
    ]
    if values["voicemail"]["started"]:
        entries.append(("voicemail", _drops(values["voicemail"])))
    return [*entries, ("estimate", _estimate(values))]


def _period(values: Values) -> str:
    since, until = values.get("since"), values.get("until")
    if not since and not until:
        return "all its calls"
    begin = f"calls from {local_time(since)}" if since else "calls"
    return f"{begin} to {local_time(until)}" if until else begin


def interval(found: Values, unit: str = "") -> str:
    """A figure with its interval: `1.5 % (0.4–3.6)`; `unknown (0–100 %)` when nothing is known."""
    if found["value"] is None:
        return f"unknown ({_short(found['low'])}–{_short(found['high'])}{unit})"
    if found["low"] == found["high"]:
        return f"{_short(found['value'])}{unit}"
    return f"{_short(found['value'])}{unit} ({_short(found['low'])}–{_short(found['high'])})"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _delay(found: Values) -> str:
    return (
        f"{found['median_s']:.2f} s after the answer (median), {found['p95_s']:.2f} s for 95 of 100, "
        f"{found['max_s']:.2f} s at the longest"
    )


def _drops(found: Values) -> str:
    cues = ", ".join(f"{cue} {count}" for cue, count in found["cues"].items())
    return f"{found['started']} messages begun, {found['to_the_end']} heard to the end (after: {cues})"


def _estimate(values: Values) -> str:
    found = values["estimate"]
    rate, now = found["amd_false_positive_rate"], values["amd_false_positive_rate"]
    if found["enough"]:
        return f"amd_false_positive_rate {rate:g} (the campaign has {now:g}): set it with --apply-estimate"
    name = values["campaign"]
    if not found["of"]:
        return "none: no call was taken for a machine"
    wanted = f"{found['heard']} machine calls heard, {found['wanted']} wanted"
    return f"none yet: {wanted}: dialerctl call review --campaign {name}"


def _parts(values: Values) -> list[dict[str, Any]]:
    return [
        {
            "key": name_of(values["by"], part["key"]),
            "calls": part["calls"],
            "people_lost": interval(part["people_lost"]["share"], " %"),
            "machines_leaked": interval(part["machines_leaked"]["share"], " %"),
            "heard": part["as_machines"]["calls"] - part["as_machines"]["unknown"],
            "median_s": part["delay"]["to_people"]["median_s"],
            "p95_s": part["delay"]["to_people"]["p95_s"],
        }
        for part in values["parts"]
    ]


def name_of(by: str, key: str) -> str:
    """How a part is called on the screen."""
    if by == "hour":
        return f"{key}:00"
    return key or "-"


def flat(values: Values) -> list[dict[str, Any]]:
    """What a spreadsheet gets: the parts when there are any, else the matrix; a figure's interval beside it."""
    rows: Sequence[Values] = values["parts"] or values["matrix"]
    return [_flat("", row) for row in rows]


def _flat(name: str, values: Values) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        full = f"{name}{key}"
        found.update(_flat(f"{full}_", value) if isinstance(value, Mapping) else {full: value})
    return found
