"""Owns the public holidays of countries and their subdivisions, from the `holidays` library. Knows no rule.

Imported by `rule_files` alone, when a rule set asks for a calendar: the library takes 0.2 s to import.
"""

from __future__ import annotations

from datetime import date

YEARS_BACK, YEARS_AHEAD = 1, 5
"""Known around today. A daemon that runs for longer fails closed on holidays: restart it once in five years."""


def public_holidays(calendar: str, today: date) -> tuple[frozenset[date], frozenset[int]]:
    """Given `US` or `US-AL`, return its holidays and the years they are known for; LookupError when there is none.

    Days on which a holiday is observed (the Monday after a Sunday) count as holidays, too.
    """
    import holidays

    country, _, subdivision = calendar.partition("-")
    years = range(today.year - YEARS_BACK, today.year + YEARS_AHEAD + 1)
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=years)
    except NotImplementedError:
        raise LookupError(calendar) from None
    return frozenset(found), frozenset(years)
