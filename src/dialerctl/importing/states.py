"""Owns the table of US states: name, time zones, ZIP prefixes; and of Australian states by postcode. Knows no number.

Sources: the IANA time zone database (zone1970.tab and its comments) for zones; the Postal Service's list of three-digit
ZIP prefixes; Australia Post's ranges. Where a state lies in several zones all are named: each must allow a call.
"""

from __future__ import annotations

from functools import lru_cache

_EASTERN, _CENTRAL, _MOUNTAIN, _PACIFIC = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
)  # fmt: skip
_BOTH_EAST, _PLAINS = (_EASTERN, _CENTRAL), (_CENTRAL, _MOUNTAIN)

US_STATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "AL": ("Alabama", (_CENTRAL,)), "AK": ("Alaska", ("America/Anchorage", "America/Adak")),
    "AZ": ("Arizona", ("America/Phoenix", _MOUNTAIN)), "AR": ("Arkansas", (_CENTRAL,)),
    "CA": ("California", (_PACIFIC,)), "CO": ("Colorado", (_MOUNTAIN,)), "CT": ("Connecticut", (_EASTERN,)),
    "DE": ("Delaware", (_EASTERN,)), "DC": ("District of Columbia", (_EASTERN,)), "FL": ("Florida", _BOTH_EAST),
    "GA": ("Georgia", (_EASTERN,)), "HI": ("Hawaii", ("Pacific/Honolulu",)),
    "ID": ("Idaho", ("America/Boise", _PACIFIC)), "IL": ("Illinois", (_CENTRAL,)),
    "IN": ("Indiana", ("America/Indiana/Indianapolis", _CENTRAL)), "IA": ("Iowa", (_CENTRAL,)),
    "KS": ("Kansas", _PLAINS), "KY": ("Kentucky", _BOTH_EAST), "LA": ("Louisiana", (_CENTRAL,)),
    "ME": ("Maine", (_EASTERN,)), "MD": ("Maryland", (_EASTERN,)), "MA": ("Massachusetts", (_EASTERN,)),
    "MI": ("Michigan", ("America/Detroit", _CENTRAL)), "MN": ("Minnesota", (_CENTRAL,)),
    "MS": ("Mississippi", (_CENTRAL,)), "MO": ("Missouri", (_CENTRAL,)), "MT": ("Montana", (_MOUNTAIN,)),
    "NE": ("Nebraska", _PLAINS), "NV": ("Nevada", (_PACIFIC, _MOUNTAIN)), "NH": ("New Hampshire", (_EASTERN,)),
    "NJ": ("New Jersey", (_EASTERN,)), "NM": ("New Mexico", (_MOUNTAIN,)), "NY": ("New York", (_EASTERN,)),
    "NC": ("North Carolina", (_EASTERN,)), "ND": ("North Dakota", _PLAINS), "OH": ("Ohio", (_EASTERN,)),
    "OK": ("Oklahoma", (_CENTRAL,)), "OR": ("Oregon", (_PACIFIC, "America/Boise")),
    "PA": ("Pennsylvania", (_EASTERN,)), "RI": ("Rhode Island", (_EASTERN,)), "SC": ("South Carolina", (_EASTERN,)),
    "SD": ("South Dakota", _PLAINS), "TN": ("Tennessee", _BOTH_EAST), "TX": ("Texas", _PLAINS),
    "UT": ("Utah", (_MOUNTAIN,)), "VT": ("Vermont", (_EASTERN,)), "VA": ("Virginia", (_EASTERN,)),
    "WA": ("Washington State", (_PACIFIC,)), "WV": ("West Virginia", (_EASTERN,)), "WI": ("Wisconsin", (_CENTRAL,)),
    "WY": ("Wyoming", (_MOUNTAIN,)),
}  # fmt: skip
"""Postal abbreviation → name (as phonenumbers' geocoder writes it) and zones."""

_ZIP = (
    "005 NY 010-027 MA 028-029 RI 030-038 NH 039-049 ME 050-054 VT 055 MA 056-059 VT 060-069 CT 070-089 NJ 100-149 NY"
    " 150-196 PA 197-199 DE 200 DC 201 VA 202-205 DC 206-219 MD 220-246 VA 247-268 WV 270-289 NC 290-299 SC 300-319 GA"
    " 320-339 FL 341-349 FL 350-369 AL 370-385 TN 386-397 MS 398-399 GA 400-427 KY 430-459 OH 460-479 IN 480-499 MI"
    " 500-528 IA 530-549 WI 550-567 MN 569 DC 570-577 SD 580-588 ND 590-599 MT 600-629 IL 630-658 MO 660-679 KS"
    " 680-693 NE 700-714 LA 716-729 AR 730-732 OK 733 TX 734-749 OK 750-799 TX 800-816 CO 820-831 WY 832-838 ID"
    " 840-847 UT 850-865 AZ 870-884 NM 885 TX 889-898 NV 900-961 CA 967-968 HI 970-979 OR 980-994 WA 995-999 AK"
)
_AU = (
    "0200-0299 ACT 0800-0999 NT 1000-2599 NSW 2600-2619 ACT 2620-2899 NSW 2900-2920 ACT 2921-2999 NSW 3000-3999 VIC"
    " 4000-4999 QLD 5000-5999 SA 6000-6999 WA 7000-7999 TAS 8000-8999 VIC 9000-9999 QLD"
)
AU_ZONES: dict[str, tuple[str, ...]] = {
    "ACT": ("Australia/Sydney",), "NSW": ("Australia/Sydney", "Australia/Broken_Hill"), "NT": ("Australia/Darwin",),
    "QLD": ("Australia/Brisbane",), "SA": ("Australia/Adelaide",), "TAS": ("Australia/Hobart",),
    "VIC": ("Australia/Melbourne",), "WA": ("Australia/Perth", "Australia/Eucla"),
}  # fmt: skip


@lru_cache(maxsize=1)
def _ranges() -> dict[str, list[tuple[int, int, str]]]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for country, text in (("US", _ZIP), ("AU", _AU)):
        words = text.split()
        for span, state in zip(words[::2], words[1::2], strict=True):
            first, _, last = span.partition("-")
            found.setdefault(country, []).append((int(first), int(last or first), state))
    return found


def state_of_postal_code(country: str, code: str) -> str:
    """The state (FL, NSW) of a postal code; empty when none is known."""
    digits = code.strip()[:5] if country == "US" else code.strip()[:4]
    wanted = {"US": 5, "AU": 4}.get(country)
    if wanted is None or len(digits) != wanted or not (digits.isascii() and digits.isdigit()):
        return ""
    key = int(digits[:3]) if country == "US" else int(digits)
    return next((state for first, last, state in _ranges()[country] if first <= key <= last), "")


def zones_of_state(country: str, state: str) -> tuple[str, ...]:
    """Every zone of a state; empty for one that is not known."""
    if country == "US":
        return US_STATES[state][1] if state in US_STATES else ()
    return AU_ZONES.get(state, ()) if country == "AU" else ()


@lru_cache(maxsize=1)
def us_names() -> dict[str, str]:
    """State names, as written in full, to abbreviations."""
    return {name.casefold(): code for code, (name, _) in US_STATES.items()} | {"washington": "WA"}
