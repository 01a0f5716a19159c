"""Owns the checks of single configuration texts: paths, addresses, dial strings. Knows no tables and no files.

Each takes a text and returns it (cleaned where that is harmless) or raises ValueError with the rest of a sentence.
Patterns use \\A and \\Z: `$` would let a trailing newline through.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_NAME = re.compile(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")
_ACCOUNT = re.compile(r"\A[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?\Z")
_HOST = re.compile(r"\A[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?\Z|\A::\Z|\A::1\Z")
_CALLER_ID = re.compile(r"\A\+?[0-9]{2,15}\Z")
_DIAL_STRING = re.compile(r"\A[A-Za-z0-9]+/[A-Za-z0-9_.+@/:-]*\{number\}[A-Za-z0-9_.+@/:-]*\Z")
_RECORDING_FOLDER = re.compile(r"\A(?:/[A-Za-z0-9_.-]{1,100}){1,9}\Z")  # three more are amd/, the day and the file
_SOUND_PREFIX = re.compile(r"\A/?[A-Za-z0-9_.-]{1,100}(?:/[A-Za-z0-9_.-]{1,100}){0,9}\Z")
_SOCKET_PATH_BYTES = 107  # sun_path of unix(7), less its final zero byte


def absolute_path(text: str) -> str:
    """An absolute path without `..`."""
    if not text.startswith("/"):
        raise ValueError(f"{text!r} must be an absolute path")
    if ".." in text.split("/"):
        raise ValueError(f"{text!r} must not contain '..'")
    return text


def folder(text: str) -> str:
    """An absolute folder, without its last slash."""
    cleaned = absolute_path(text).rstrip("/")
    if not cleaned:
        raise ValueError("'/' cannot be used: name a folder of its own")
    return cleaned


def recording_folder(text: str) -> str:
    """A folder whose files Asterisk can be told: what `asterisk/actions.py` would refuse failed every recorded call."""
    cleaned = folder(text)
    if not _RECORDING_FOLDER.match(cleaned) or "." in cleaned.split("/") or len(cleaned) > 400:
        raise ValueError(f"{text!r} must be at most nine folders of letters, digits and _ . -, 400 characters in all")
    return cleaned


def sound_prefix(text: str) -> str:
    """What stands before `/NAME` where Asterisk is told a sound: the rules of a campaign's sound settings hold."""
    cleaned = text.rstrip("/")
    if not _SOUND_PREFIX.match(cleaned) or {".", ".."} & set(cleaned.split("/")) or len(cleaned) > 300:
        raise ValueError(f"{text!r} must be a path of letters, digits and _ . -, 300 characters in all")
    return cleaned


def some_path(text: str) -> str:
    """A path, absolute or beside the configuration file; may be empty."""
    return text


def socket_path(text: str) -> str:
    """An absolute path short enough for a Unix socket, with room for the temporary name it is bound under."""
    if len(absolute_path(text).encode()) > _SOCKET_PATH_BYTES - 8:
        raise ValueError(f"is {len(text.encode())} bytes long; a socket's path may have {_SOCKET_PATH_BYTES - 8}")
    if text.endswith("/"):
        raise ValueError(f"{text!r} names a folder, not a socket")
    return text


def prom_file(text: str) -> str:
    """Empty, or an absolute *.prom file: node_exporter reads no other names."""
    if text and not absolute_path(text).endswith(".prom"):
        raise ValueError(f"{text!r} must end in .prom, or node_exporter will not read it")
    return text


def file_name(text: str) -> str:
    """A bare name, as of a systemd credential; may be empty."""
    if text and not _NAME.match(text):
        raise ValueError(f"{text!r} is not a credential's name (letters, digits, '_', '.', '-')")
    return text


def short_name(text: str) -> str:
    """A name for nodes and trunks."""
    if not _NAME.match(text):
        raise ValueError(f"{text!r} is not a name (1 to 64 letters, digits, '_', '.', '-', no space)")
    return text


def short_name_or_empty(text: str) -> str:
    """A short name, or nothing."""
    return short_name(text) if text else text


def account(text: str) -> str:
    """The name of a user or group."""
    if not _ACCOUNT.match(text):
        raise ValueError(f"{text!r} is not a user or group name")
    return text


def member(text: str) -> str:
    """A user name, or `@` and a group name."""
    if not _ACCOUNT.match(text.removeprefix("@")):
        raise ValueError(f"{text!r} is neither a user name nor '@' and a group name")
    return text


def host(text: str) -> str:
    """A host name or IP address."""
    if not _HOST.match(text):
        raise ValueError(f"{text!r} is not a host name or address")
    return text


def address(text: str) -> str:
    """HOST:PORT; an IPv6 address stands in brackets."""
    name, separator, port = text.rpartition(":")
    if not separator or not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= 65535):
        raise ValueError(f"{text!r} is not ADDRESS:PORT (example: 127.0.0.1:4573)")
    if ":" in name and not (name.startswith("[") and name.endswith("]")):
        raise ValueError(f"{text!r}: an IPv6 address stands in brackets (example: [::1]:4573)")
    host(name.removeprefix("[").removesuffix("]"))
    return text


def split_address(text: str) -> tuple[str, int]:
    """Given a checked HOST:PORT, return host (no brackets) and port."""
    name, _, port = text.rpartition(":")
    return name.removeprefix("[").removesuffix("]"), int(port)


def agi_url(text: str) -> str:
    """agi://HOST:PORT/verdict."""
    if not re.match(r"\Aagi://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9_-]+\Z", text):
        raise ValueError(f"{text!r} is not an AGI address (example: agi://10.0.0.5:4573/verdict)")
    return text


def header_value(text: str) -> str:
    """A value that may stand in an AMI header."""
    if not text or text != text.strip():
        raise ValueError(f"{text!r} is empty or has spaces around it")
    return text


def caller_id(text: str) -> str:
    """A number as shown to the called party."""
    if not _CALLER_ID.match(text):
        raise ValueError(f"{text!r} is not a number (example: +15550100)")
    return text


def dial_string(text: str) -> str:
    """TECHNOLOGY/…{number}… with {number} exactly once and nothing that Asterisk would take for syntax."""
    count = text.count("{number}")
    if count != 1:
        how = "lacks {number}" if count == 0 else f"has {{number}} {count} times"
        raise ValueError(f"{text!r} {how}; it must stand there once (example: PJSIP/{{number}}@carrier)")
    if not _DIAL_STRING.match(text):
        raise ValueError(
            f"{text!r} is not a dial string: TECHNOLOGY/, then letters, digits and _.+@/:- around {{number}} "
            "(examples: PJSIP/{number}@carrier, Local/{number}@outbound)"
        )
    return text


def store_url(text: str) -> str:
    """sqlite:///PATH or postgresql://USER@HOST/NAME.

    The path is absolute whether three or four slashes stand before it (a daemon has no folder of its own); it is
    returned with four, as SQLAlchemy and playhouse.db_url read an absolute path.
    """
    if text.startswith("sqlite:///"):
        path = "/" + text.removeprefix("sqlite:///").lstrip("/")
        if path == "/" or path.endswith("/"):
            raise ValueError(f"{text!r} names no database file (example: sqlite:///var/lib/dialerd/dialerd.db)")
        return f"sqlite:///{absolute_path(path)}"
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and (parts.port or 1)
    except ValueError:
        known = False
    if not known:
        # the text itself may hold a password: it is not repeated
        raise ValueError("is neither sqlite:///PATH nor postgresql://USER@HOST:PORT/NAME")
    return text
