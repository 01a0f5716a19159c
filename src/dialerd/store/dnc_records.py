"""Owns our own do-not-call entries and prefixes, and the answer to "on which lists is this number?". Asks no rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from dialerd.core.errors import Invalid
from dialerd.store.closing import forbid_number
from dialerd.store.dnc_import import Import, counting
from dialerd.store.facts import listed
from dialerd.store.lead_rows import checked_number
from dialerd.store.readable import readable
from dialerd.store.session import Session
from dialerd.store.setup_records import campaign_row
from dialerd.store.units import micros

Row = dict[str, Any]
AT_ONCE = 200  # numbers in one transaction: each looks for the leads that have it


def checked(session: Session, numbers: Sequence[str], prefixes: Sequence[str], campaign: str | None) -> None:
    """Invalid or NotFound unless all of it can be put on a list."""
    if campaign is not None:
        campaign_row(session, campaign)
    for number in numbers:
        _number(number)
    for prefix in prefixes:
        digits = prefix.removeprefix("+")
        if not prefix.startswith("+") or not (digits.isascii() and digits.isdigit() and 1 <= len(digits) <= 15):
            raise Invalid(f"prefix: {prefix[:40]!r} is not + and 1 to 15 digits")


def add_numbers(session: Session, numbers: Sequence[str], campaign: str | None, source: str, now: datetime) -> int:
    """Put numbers on the list of all campaigns or of one; return how many were new. Their due leads end at once."""
    campaign_id = _campaign_id(session, campaign)
    return sum(forbid_number(session, number, source, now, campaign_id=campaign_id) for number in numbers)


def _campaign_id(session: Session, campaign: str | None) -> int | None:
    return int(campaign_row(session, campaign)["id"]) if campaign is not None else None


def _number(text: str) -> None:
    try:
        checked_number(text)
    except ValueError as error:
        raise Invalid(str(error)) from None


def add_prefix(session: Session, prefix: str, campaign: str | None, source: str, now: datetime) -> bool:
    """Forbid all numbers with a prefix (`+3490`); True when it is new. Leads are refused when they are looked at."""
    campaign_id = _campaign_id(session, campaign)
    return bool(
        session.insert(
            "INSERT INTO dnc_prefix (prefix, campaign_id, source, added_at)",
            [(prefix, campaign_id, source, micros(now))],
            "ON CONFLICT DO NOTHING",
        )
    )


def entries(session: Session, campaign: str | None, limit: int, offset: int) -> list[Row]:
    """Our own numbers and prefixes, newest first: `number` (a prefix ends in …), `campaign`, `source`, `added_at`."""
    where, params = "", list[Any]()
    if campaign is not None:
        where, params = " WHERE campaign.name = ?", [campaign_row(session, campaign)["name"]]
    return [
        readable(row)
        for row in session.dicts(
            "SELECT number, campaign.name AS campaign, source, attempt_id AS call, added_at FROM do_not_call"
            f" LEFT JOIN campaign ON campaign.id = campaign_id{where}"
            " UNION ALL SELECT prefix || '…', campaign.name, source, NULL, added_at FROM dnc_prefix"
            f" LEFT JOIN campaign ON campaign.id = campaign_id{where} ORDER BY added_at DESC, number LIMIT ? OFFSET ?",
            (*params, *params, limit, offset),
        )
    ]


def lists(session: Session, today: date) -> list[Row]:
    """The imported lists as they count now, with age in days; and those that some campaign's law wants and lacks.

    `problem` is empty, or says that the list is missing or too old and for whom.
    """
    found = {name: _list_row(name, one, today) for name, one in counting(session).items()}
    for name, law_name in session.rows("SELECT name, rule_set FROM campaign ORDER BY name"):
        law = session.rule_sets.get(law_name)
        for wanted in law.lists if law is not None else ():
            row = found.setdefault(wanted.name, _list_row(wanted.name, None, today))
            if row["data_date"] is None:
                row["problem"] = f"never imported, and campaign {name} ({law_name}) needs it"
            elif row["age_days"] > wanted.max_age.days:
                row["problem"] = f"older than {wanted.max_age.days} days, and campaign {name} ({law_name}) needs it"
    return [readable(row) for row in found.values()]


def _list_row(name: str, one: Import | None, today: date) -> Row:
    return {
        "list": name,
        "data_date": one.data_date.isoformat() if one is not None else None,
        "entries": one.entries if one is not None else 0,
        "imported_at": one.imported_at if one is not None else None,
        "age_days": (today - one.data_date).days if one is not None else None,
        "problem": "",
    }


def check(session: Session, numbers: Sequence[str], today: date) -> list[Row]:
    """For each number where it is listed: `{number, listed, on: [sentence …]}`; imported lists with their age."""
    for number in numbers:
        _number(number)
    own = session.where_in(
        "SELECT number, campaign.name, list_name, source, added_at FROM do_not_call"
        " LEFT JOIN campaign ON campaign.id = campaign_id WHERE number IN ({in})",
        list(dict.fromkeys(numbers)),
    )
    prefixes = session.rows(
        "SELECT prefix, campaign.name FROM dnc_prefix LEFT JOIN campaign ON campaign.id = campaign_id"
    )
    dates = {name: one.data_date for name, one in counting(session).items()}
    national = listed(session, numbers, dates)
    result = []
    for number in numbers:
        on = [
            f"{name}, {'campaign ' + campaign if campaign else 'all campaigns'}" + (f" ({source})" if source else "")
            for listed_number, campaign, name, source, _ in own
            if listed_number == number
        ]
        on += [
            f"prefix {prefix}, {'campaign ' + campaign if campaign else 'all campaigns'}"
            for prefix, campaign in prefixes
            if number.startswith(prefix)
        ]
        for name in sorted(national.get(number, ())):
            on.append(f"{name}, data of {dates[name]} ({(today - dates[name]).days} days old)")
        result.append({"number": number, "listed": bool(on), "on": on})
    return result


def remove(session: Session, numbers: Sequence[str], campaign: str | None) -> int:
    """Take numbers, or prefixes written `+3490…`, off our own lists; return how many entries went.

    Leads that had ended as `dnc` stay ended: `list recycle` makes them due again on purpose.
    """
    campaign_id = _campaign_id(session, campaign)
    of_campaign = "campaign_id IS NULL" if campaign_id is None else "campaign_id = ?"
    params = () if campaign_id is None else (campaign_id,)
    removed = 0
    for number in dict.fromkeys(numbers):
        if number.endswith(("…", "...")):
            prefix = number.rstrip("….")
            removed += session.run(f"DELETE FROM dnc_prefix WHERE prefix = ? AND {of_campaign}", (prefix, *params))
        else:
            _number(number)
            removed += session.run(f"DELETE FROM do_not_call WHERE number = ? AND {of_campaign}", (number, *params))
    return removed
