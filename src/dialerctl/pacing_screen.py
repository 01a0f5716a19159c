"""Owns how `dialerctl pacing show` looks: the answer of pacing.show in, one screen out. Knows no socket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dialerctl.output import local_time, show_value
from dialerctl.sparkline import sparkline
from dialerctl.terminal import clean, pad, shorten, wrap

COLUMNS = 100
NARROWEST = 60
INDENT = 14
PLOTTED = 60
NUMBER = 8
LOST_BY_WRAPPING = 20
MOST_LIMITS = 4
MOST_OBSTACLES = 2


@dataclass(frozen=True, slots=True)
class _Chart:
    """A row of the screen: the key of a point, its name, how many decimals, whether its picture stands on zero."""

    key: str
    name: str
    digits: int = 1
    from_zero: bool = True


CHARTS = (
    _Chart("in_flight", "in flight"),
    _Chart("dial_ratio", "dial ratio", 2, from_zero=False),
    _Chart("occupancy", "occupancy %"),
    _Chart("answer_chance", "answers %"),
    _Chart("credit", "credit", from_zero=False),
    _Chart("abandoned", "abandoned", 0),
)
LIMITS = {
    "agents": "every free agent has its calls on the way",
    "none": "all calls that its agents can take were placed",
    "no_agents": "nobody is staffed",
    "lines": "max_lines of the campaign",
    "trunk": "no free channel on its trunk, or the trunk rests",
    "rate": "calls per second of campaign, trunk or dialerd",
    "leads": "no lead may be dialled",
    "budget": "the abandon budget: little credit, or fewer than 30 calls are over",
}
"""What each limit means. Another one is shown by its name."""
PREVIEW_LIMITS = {**LIMITS, "agents": "no agent had accepted another lead", "none": "all accepted leads were called"}
STOPPED = "no decision at all, see below"
FITS = {
    "too_few": "too few to judge the forecast",
    "as_forecast": "as forecast",
    "more": "more than the forecast explains",
    "fewer": "fewer than the forecast explains",
}


def plotted(columns: int) -> int:
    """How many points a picture has on a screen so wide: with its border inside a part, a period has one part more."""
    return min(PLOTTED, max(NARROWEST, columns) - INDENT - 3 * NUMBER - 1)


def screen(values: Mapping[str, Any], *, blocks: bool, columns: int = COLUMNS) -> str:
    """Headline, pictures of the period, what limited the campaign, forecast against what happened."""
    columns = max(NARROWEST, columns)
    points: Sequence[Mapping[str, Any]] = values.get("points") or []
    head = _head(values, columns)
    if not points:
        return "\n".join([*head, "", *wrap(_nothing(values), columns)])
    charts = _charts(values, points, blocks, plotted(columns))
    blocks_of = [head, charts, _limits(values, columns), _abandons(values, columns)]
    return "\n\n".join("\n".join(block) for block in blocks_of if block)


def _head(values: Mapping[str, Any], columns: int) -> list[str]:
    mode, state = show_value(values.get("dial_mode")), show_value(values.get("state"))
    entries = [("campaign", f"{show_value(values.get('campaign'))}: {mode}, {state}")]
    if values.get("target_abandon_rate") is not None:
        entries[0] = ("campaign", entries[0][1] + f"; at most {values['target_abandon_rate']:g} % abandoned is the aim")
    if values.get("why"):
        entries.append(("now", clean(str(values["why"]))))
    pacing = values.get("pacing") or {}
    if pacing:
        seen = pacing.get("calls_seen") or 0
        learned = (
            f"{pacing['answer_rate']:g} % answer"
            + (f" (of {seen} calls)" if seen else " (assumed: no forecast has been made yet)")
            + f", talk {pacing['talk_time_s']:.0f} s, wrap-up {pacing['wrapup_time_s']:.0f} s"
        )
        entries.append(("learned", learned))
    return [line for name, text in entries for line in _wrapped(name, text, columns)]


def _wrapped(name: str, text: str, columns: int, indent: int = INDENT) -> list[str]:
    """A name and its text, lines after the first below the text."""
    parts = wrap(text, columns - indent)
    return [(pad(name if number == 0 else "", indent) + part).rstrip() for number, part in enumerate(parts)]


def _nothing(values: Mapping[str, Any]) -> str:
    """Why there is nothing to draw."""
    period = f"from {local_time(values.get('since'))} to {local_time(values.get('until'))}"
    last = values.get("last_at")
    if values.get("state") == "active" and not last:
        return f"No decision {period}. They appear after ten seconds, after a minute while nothing is up."
    told = f"the last one was made {local_time(last)}" if last else "it has made none yet"
    state = values.get("state")
    resting = f" while the campaign is {clean(str(state))}" if state in ("paused", "stopped") else ""
    return f"No decision {period}: {told}{'; none is made' + resting if resting else ''}."


# -- pictures


def _charts(values: Mapping[str, Any], points: Sequence[Mapping[str, Any]], blocks: bool, size: int) -> list[str]:
    step = int(values["step_s"])
    since, until = local_time(values["since"]), local_time(values["until"])
    period = f"{since} to {until if until[:10] != since[:10] else until[11:]}, {_span(step)} a column"
    bins = _bins(values, points, step)
    wide = max(size, len(bins))
    rows = []
    for chart in CHARTS:
        known = [float(point[chart.key]) for point in points if point.get(chart.key) is not None]
        if not known:
            continue
        drawn = [None if point is None or point.get(chart.key) is None else float(point[chart.key]) for point in bins]
        picture = sparkline(drawn, from_zero=chart.from_zero, blocks=blocks)
        mean = (values.get("total") or {}).get(chart.key)
        if chart.key in ("credit", "abandoned") or mean is None:  # of a total: the last credit, and the sum
            mean = sum(known) / len(known)
        numbers = "".join(
            f"{number:>{NUMBER}.{digits}f}"
            for number, digits in (
                (min(known), chart.digits),
                (mean, max(1, chart.digits)),
                (max(known), chart.digits),
            )
        )
        rows.append(pad(chart.name, INDENT) + pad(picture, wide) + numbers)
    names = "".join(f"{name:>{NUMBER}}" for name in ("min", "mean", "max"))
    if len(period) > wide:
        return [pad("", INDENT) + period, pad("", INDENT + wide) + names, *rows]
    return [pad(pad("", INDENT) + period, INDENT + wide) + names, *rows]


def _bins(values: Mapping[str, Any], points: Sequence[Mapping[str, Any]], step: int) -> list[Mapping[str, Any] | None]:
    """The points by column; None where there is none. A point that lasted longer fills the empty columns after it."""
    first = int(_posix(values["since"]) // step)
    count = max(1, -(-int(_posix(values["until"])) // step) - first)
    bins: list[Mapping[str, Any] | None] = [None] * count
    for point in points:
        begin, end = int(_posix(point["at"]) // step) - first, -(-int(_posix(point["until"])) // step) - first
        for column in range(begin, min(end, count)):
            if column >= 0 and (column == begin or bins[column] is None):
                bins[column] = point
    return bins


def _posix(at: Any) -> float:
    return datetime.fromisoformat(str(at)).timestamp()


def _span(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


# -- words


def _limits(values: Mapping[str, Any], columns: int) -> list[str]:
    """What limited it, by share of the decisions; what stopped it altogether counts, too."""
    total = values.get("total") or {}
    stopped = int(total.get("stopped") or 0)
    counts = {**(total.get("limits") or {}), **({"stopped": stopped} if stopped else {})}
    everything = sum(counts.values())
    if not everything:
        return []
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    shown, rest = ranked[:MOST_LIMITS], sum(count for _, count in ranked[MOST_LIMITS:])
    meanings = PREVIEW_LIMITS if values.get("dial_mode") == "preview" else LIMITS
    lines = [f"What limited it, of {everything} decisions with {total.get('calls', 0)} calls:"]
    for name, count in [*shown, *([("other", rest)] if rest else [])]:
        words = {"stopped": STOPPED, "other": ""}.get(name, meanings.get(name, ""))
        shown_name = "nothing" if name == "none" else clean(name).replace("_", " ")
        share = f"  {pad(shown_name, INDENT - 4)}{100 * count / everything:6.1f} %  "
        lines += _wrapped(share, words, columns, indent=len(share))
    for row in (values.get("obstacles") or [])[:MOST_OBSTACLES]:
        until = local_time(row["until"])
        if until[:10] == local_time(values["until"])[:10]:
            until = until[11:]
        times = f" ({'once' if row['times'] == 1 else str(row['times']) + ' times'}, until {until})"
        room = columns - INDENT - len(times)
        if columns < COLUMNS:  # a second line
            room += columns - INDENT - LOST_BY_WRAPPING
        lines += _wrapped("  stopped", shorten(clean(str(row["obstacle"])), room) + times, columns)
    return lines


def _abandons(values: Mapping[str, Any], columns: int) -> list[str]:
    total = values.get("total") or {}
    live, abandoned = int(total.get("live_answers") or 0), int(total.get("abandoned") or 0)
    share = f" ({100 * abandoned / live:.1f} %)" if live else ""
    entries = [("answered", f"{live} {'person' if live == 1 else 'people'}, {abandoned} of them abandoned{share}")]
    fit = values.get("calibration")
    if fit:
        entries.append((
            "forecast",
            f"{fit['expected']:.1f} abandons, {fit['happened']} happened "
            f"({fit['low']} to {fit['high']} is plausible): {FITS.get(str(fit['fit']), show_value(fit['fit']))}",
        ))  # fmt: skip
    return [line for name, text in entries for line in _wrapped(name, text, columns)]
