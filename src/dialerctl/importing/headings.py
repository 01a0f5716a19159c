"""Owns which column is what: usual names in several languages, and --map. Pure; knows no file."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PLAIN_FIELDS = ("priority", "rank", "person", "postal_code", "consent_id", "consent_class", "consent_date")
"""Handed on as they are: dialerd checks them."""

FIELDS = ("number", "name", "first_name", "last_name", "timezone", "state", *PLAIN_FIELDS)
ALTERNATE = "alternate"

USUAL: Mapping[str, tuple[str, ...]] = {
    "number": (
        "number", "phonenumber", "phone", "telephone", "telephonenumber", "phoneno", "tel", "msisdn", "e164",
        "telefonnummer", "telefon", "rufnummer", "numero", "numerodetelephone", "telefono", "telefoonnummer",
        "phone1", "telefon1", "primaryphone", "mobile", "mobilephone", "mobilenumber", "cell", "cellphone",
        "handy", "handynummer", "mobil", "mobiltelefon", "portable", "movil", "celular",
    ),
    "name": (
        "name", "fullname", "contact", "contactname", "customer", "customername", "kunde", "ansprechpartner", "nombre",
    ),
    "state": ("state", "statecode", "province", "bundesland", "stateprovince"),
    "first_name": ("firstname", "givenname", "forename", "vorname", "prenom"),
    "last_name": ("lastname", "surname", "familyname", "nachname", "familienname", "apellido", "apellidos"),
    "rank": ("rank", "rang"),
    "person": ("person", "personid", "debt", "debtid", "account", "accountnumber"),
    "priority": ("priority", "prioritat", "priorite", "prioridad"),
    "postal_code": ("postalcode", "postcode", "zip", "zipcode", "plz", "postleitzahl", "codepostal", "codigopostal"),
    "consent_id": ("consentid",),
    "consent_class": ("consentclass",),
    "consent_date": ("consentdate",),
    "timezone": ("timezone", "tz", "zone", "zeitzone", "fuseauhoraire", "zonahoraria"),
}  # fmt: skip
ALSO_NUMBERED = ("phone", "phonenumber", "telefon", "telephone", "tel", "altphone", "mobile", "number")
ALSO = ("altphone", "alternatephone", "secondaryphone", "workphone", "homephone", "officephone", "otherphone")
"""Headings of further numbers, besides those of the first."""
"""Names as `fold` leaves them, the most telling first: of two that match, the earlier wins."""


class HeadingError(ValueError):
    """The headings or the mapping cannot be used; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands (index of the column), the headings of all others, kept as attributes, and the columns
    that hold further numbers of the person."""

    fields: Mapping[str, int]
    attributes: Mapping[int, str]
    count: int
    alternates: tuple[int, ...] = ()


def fold(heading: str) -> str:
    """A heading without case, accents, spaces and punctuation, for comparing."""
    plain = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(char for char in plain if char.isalnum())


def find_columns(headings: Sequence[str], mapping: Sequence[str] = ()) -> Columns:
    """Given the headings and `field=heading` wishes, say which column is which; raise HeadingError.

    What --map names wins over the usual names. Without a column for the number nothing can be imported.
    """
    names = [" ".join(heading.replace("\ufeff", "").split()) for heading in headings]
    doubles = [name for name, count in Counter(name.casefold() for name in names if name).items() if count > 1]
    if doubles:
        raise HeadingError(f"the heading {doubles[0]!r} stands over more than one column: give each its own")
    fields = _mapped(names, mapping)
    taken = set(fields.values())
    folded = [fold(name) for name in names]
    for field, usual in USUAL.items():
        if field not in fields:
            found = next((folded.index(word) for word in usual if word in folded), None)
            if found is not None and found not in taken:
                fields[field] = found
                taken.add(found)
    if "number" not in fields:
        shown = ", ".join(name for name in names if name)[:200] or "(all empty)"
        raise HeadingError(
            f"no column looks like the telephone number; headings: {shown}. "
            "Say which with --map number=HEADING, or --no-header if the first row is a lead"
        )
    further = _alternates(names, mapping, folded, taken)
    rest = {i: name or f"column_{i + 1}" for i, name in enumerate(names) if i not in taken and i not in further}
    return Columns(fields, rest, len(names), further)


def _alternates(
    names: Sequence[str], mapping: Sequence[str], folded: Sequence[str], taken: set[int]
) -> tuple[int, ...]:
    """Columns with further numbers: those that --map alternate=… names, else those with a number's usual heading."""
    wished = [wish.partition("=")[2].strip() for wish in mapping if wish.partition("=")[0].strip() == ALTERNATE]
    if wished:
        found = []
        for heading in wished:
            index = _index(names, heading)
            if index is None or index in taken:
                raise HeadingError(f"--map alternate={heading}: no column of its own is headed so")
            found.append(index)
        return tuple(dict.fromkeys(found))
    usual = {*USUAL["number"], *(f"{word}{n}" for word in ALSO_NUMBERED for n in range(1, 10)), *ALSO}
    return tuple(i for i, word in enumerate(folded) if word in usual and i not in taken)


def _mapped(names: Sequence[str], mapping: Sequence[str]) -> dict[str, int]:
    fields: dict[str, int] = {}
    for wish in mapping:
        field, equals, heading = (part.strip() for part in wish.partition("="))
        if field == ALTERNATE and equals and heading:
            continue
        if not equals or not heading:
            raise HeadingError(f"--map {wish}: write it as FIELD=HEADING, like number=Telefon")
        if field not in FIELDS:
            raise HeadingError(f"--map {wish}: there is no field {field!r}; fields: {', '.join((*FIELDS, ALTERNATE))}")
        if field in fields:
            raise HeadingError(f"--map {wish}: the field {field!r} is mapped twice")
        index = _index(names, heading)
        if index is None:
            near = difflib.get_close_matches(heading, names, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else "headings: " + ", ".join(filter(None, names))[:200]
            raise HeadingError(f"--map {wish}: no column is headed {heading!r}; {hint}")
        if index in fields.values():
            raise HeadingError(f"--map {wish}: the column {heading!r} is mapped twice")
        fields[field] = index
    return fields


def _index(names: Sequence[str], heading: str) -> int | None:
    for same in (str, str.casefold, fold):
        for i, name in enumerate(names):
            if name and same(name) == same(heading):
                return i
    return None
