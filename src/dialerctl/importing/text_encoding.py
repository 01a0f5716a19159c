"""Owns finding out a text file's encoding without a guessing library. Must not know CSV."""

from __future__ import annotations

import codecs
from pathlib import Path

from dialerctl.failure import Failure

BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(path: Path) -> str:
    """Return UTF-8, UTF-16, UTF-32 (by their marks or zero bytes), else Windows-1252; raise Failure when none fits.

    UTF-8 is tried on the whole file: text in another encoding practically never passes for it.
    """
    with open(path, "rb") as file:
        begin = file.read(4096)
    for mark, name in _MARKS:
        if begin.startswith(mark):
            return name
    even, odd = begin[::2].count(0), begin[1::2].count(0)
    if even + odd > len(begin) * 0.3:  # Latin text in UTF-16 without a mark: every other byte is zero
        if odd > 4 * even:
            return "utf-16-le"
        if even > 4 * odd:
            return "utf-16-be"
    for name in ("utf-8", "cp1252"):
        if _decodes(path, name):
            return name
    raise Failure(
        f"the text encoding of {path} is neither UTF-8, UTF-16 nor Windows-1252: "
        "name it with --encoding (like iso-8859-2), or save the file as UTF-8"
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with open(path, "rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(name: str) -> bool:
    """True when Python can decode text by this name."""
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return False
    return getattr(codec, "_is_text_encoding", True)
