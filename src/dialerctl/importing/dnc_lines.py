"""Owns one line of a do-not-call file: which cell is the number, and its E.164 digits. Knows no file and no dialerd.

A number that is read differently from the lead's would be called although it is on the list. So phonenumbers has the
last word here as for leads; as it takes 75 µs a number, forms that leave it no choice are read without it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

from dialerctl.importing.headings import USUAL, fold
from dialerctl.importing.numbers import NumberError, read

DELIMITERS = ",;\t|"
_AREA = frozenset({"area", "areacode", "npa", "vorwahl"})
_NOISE = str.maketrans("", "", " ()-\u00a0")  # no full stop: 30231250.0 is a spreadsheet's 30231250
_LIKE_A_NUMBER = re.compile(r"(?:[0-9][\s().\-/]*){5}")


class LayoutError(ValueError):
    """The number's column cannot be told for sure; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file has its numbers: found out from its first line that is not empty."""

    delimiter: str = ""  # empty: one number a line
    column: int = 0
    joined: bool = False  # area code and number stand in two columns
    heading: bool = False

    @classmethod
    def of(cls, line: str) -> Layout:
        """Given that line, return the layout; raise LayoutError when more than one column could be meant."""
        delimiter = max(DELIMITERS, key=line.count)
        if delimiter not in line:
            return cls(heading=not _LIKE_A_NUMBER.search(line))
        cells = _cells(line.strip(), delimiter)
        numbers = [i for i, cell in enumerate(cells) if _LIKE_A_NUMBER.search(cell)]
        if not numbers:
            return cls._headed(cells, delimiter)
        if _is_area(cells):
            return cls(delimiter, joined=True)
        if len(numbers) > 1:
            raise LayoutError(
                "more than one column could be the number: add a first line with headings, one of them `number`"
            )
        return cls(delimiter, numbers[0])

    @classmethod
    def _headed(cls, cells: list[str], delimiter: str) -> Layout:
        folded = [fold(cell) for cell in cells]
        if len(cells) > 1 and folded[0] in _AREA:
            return cls(delimiter, joined=True, heading=True)
        column = next((folded.index(word) for word in USUAL["number"] if word in folded), None)
        if column is None:
            shown = ", ".join(filter(None, cells))[:200]
            raise LayoutError(f"no column looks like the telephone number; headings: {shown}. Head one `number`")
        return cls(delimiter, column, heading=True)

    def number(self, line: str) -> str:
        """The text of the number in a line; empty when the line is not laid out so."""
        if not self.delimiter:
            return "" if any(mark in line for mark in DELIMITERS) else line
        cells = _cells(line, self.delimiter)
        if self.joined:
            return cells[0] + cells[1] if _is_area(cells) else ""
        return cells[self.column] if self.column < len(cells) else ""


def _cells(line: str, delimiter: str) -> list[str]:
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter), [])


def _is_area(cells: list[str]) -> bool:
    """The form of the US register: area code of three digits, number of seven."""
    return len(cells) > 1 and [len(c.strip()) for c in cells[:2]] == [3, 7] and "".join(cells[:2]).strip().isdigit()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a country writes its numbers, as phonenumbers has it."""

    code: str
    general: re.Pattern[str]  # a national number without prefix
    stripped: re.Pattern[str] | None  # what phonenumbers takes off its front
    prefix: str  # of national calls, when what is taken off is never put back in another form
    abroad: re.Pattern[str] | None  # what is dialled before a country's code

    def national(self, digits: str) -> str:
        """The E.164 digits of a number written without +; empty when only phonenumbers can tell."""
        if self.abroad is not None and self.abroad.match(digits):
            return ""
        if self.general.fullmatch(digits):
            return self._unchanged(digits)
        if digits.startswith(self.code) and self.general.fullmatch(digits, len(self.code)):
            return self._unchanged(digits[len(self.code) :])
        front = self.stripped.match(digits) if self.prefix and self.stripped is not None else None
        if front and front.group() == self.prefix and self.general.fullmatch(digits, front.end()):
            return self._unchanged(digits[front.end() :])
        return ""

    def international(self, digits: str) -> str:
        """The same for what was written after +, which begins with this plan's code."""
        rest = digits[len(self.code) :]
        return self._unchanged(rest) if self.general.fullmatch(rest) else ""

    def _unchanged(self, national: str) -> str:
        taken_off = self.stripped.match(national) if self.stripped is not None else None
        return "" if taken_off and taken_off.end() else self.code + national


def digits_of(text: str, region: str | None) -> int:
    """Given a number as lists write it and the country (ISO code) of numbers without +: its E.164 digits; 0: none.

    Without a country a number needs its +: 2025550123 would be one in Egypt.
    """
    written = text.strip().translate(_NOISE)
    plus = written.startswith("+")
    digits = written[1:] if plus else written
    found = ""
    if digits.isascii() and digits.isdigit():
        if plus:
            plan = _plan_of_code(digits[:3])
            found = plan.international(digits) if plan is not None else ""
        elif region is not None:
            plan = _plan(region)
            found = plan.national(digits) if plan is not None else ""
    if not found:
        found = _asked(text, region)
    return int(found) if 5 <= len(found) <= 15 else 0


def _asked(text: str, region: str | None) -> str:
    """What phonenumbers makes of it. A number too many on a list does no harm: it need be possible, not in use."""
    from phonenumbers import is_possible_number

    from dialerctl.importing.numbers import e164

    try:
        parsed = read(text, region)
    except NumberError:
        return ""
    return e164(parsed)[1:] if is_possible_number(parsed) else ""


@cache
def _plan(region: str) -> Plan | None:
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region.upper())
    if data is None or data.general_desc is None or not data.general_desc.national_number_pattern:
        return None
    stripped, prefix = data.national_prefix_for_parsing, data.national_prefix or ""
    return Plan(
        str(data.country_code),
        re.compile(data.general_desc.national_number_pattern),
        re.compile(stripped) if stripped else None,
        "" if data.national_prefix_transform_rule else prefix,
        re.compile(data.international_prefix) if data.international_prefix else None,
    )


@cache
def _plan_of_code(start: str) -> Plan | None:
    """The plan of the country whose code a number begins with."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, region_code_for_country_code

    for length in (1, 2, 3):
        if len(start) >= length and int(start[:length]) in COUNTRY_CODE_TO_REGION_CODE and start[0] != "0":
            return _plan(region_code_for_country_code(int(start[:length])))
    return None
