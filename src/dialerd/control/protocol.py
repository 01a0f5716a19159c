"""Owns the names of the control protocol: version, error codes, exit codes, limits. Stdlib only, light to import.

This is the one module of dialerd that dialerctl imports at start-up. It must not import anything else of dialerd.
The prose is docs/control-protocol.md.
"""

from __future__ import annotations

from enum import IntEnum

PROTOCOL_VERSION = 1
DEFAULT_SOCKET = "/run/dialerd/control.sock"
DEFAULT_CONFIG = "/etc/dialerd/dialerd.toml"

MAX_LINE_BYTES = 1 << 20
"""Longest request or answer line that either side accepts, the newline included."""

MAX_BATCH = 100
"""Most requests in one JSON-RPC batch."""

MAX_IMPORT_ROWS = 1000
"""Most lead rows in one `lead.import` request."""

MAX_DNC_NUMBERS = 20_000
"""Most numbers in one request of `dnc.*`."""

MAX_SOUND_PART = 600_000
"""Most bytes of a sound file in one `audio.send` request: in base64 they fit into a line."""

MAX_LIST_ROWS = 1000
"""Most rows one list request answers with; `offset` fetches the next."""


class ExitCode(IntEnum):
    """Exit codes of both programs."""

    OK = 0
    FAILED = 1  # the operation failed; unexpected error
    USAGE = 2  # wrong usage (click's own code too)
    NOT_RUNNING = 3  # the daemon does not run (LSB `status`)
    FORBIDDEN = 4  # no permission: on the socket, or by role
    NOT_FOUND = 5  # no such campaign, lead, agent, call
    CONFLICT = 6  # the object's state does not allow it
    TEMPORARY = 75  # time-out, busy, Asterisk not connected (EX_TEMPFAIL)
    CONFIG = 78  # configuration invalid (EX_CONFIG)
    INTERRUPTED = 130


class ErrorCode(IntEnum):
    """Codes in `error.code`, each with its `kind` and the exit code of dialerctl."""

    kind: str
    exit_code: ExitCode

    def __new__(cls, code: int, kind: str, exit_code: ExitCode) -> ErrorCode:
        """Make the member: the integer is the JSON-RPC code."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.kind = kind
        member.exit_code = exit_code
        return member

    PARSE = -32700, "protocol", ExitCode.FAILED
    INVALID_REQUEST = -32600, "protocol", ExitCode.FAILED
    METHOD_NOT_FOUND = -32601, "usage", ExitCode.USAGE
    INVALID_PARAMS = -32602, "usage", ExitCode.USAGE
    FAILED = 1000, "failed", ExitCode.FAILED
    NOT_FOUND = 1001, "not_found", ExitCode.NOT_FOUND
    CONFLICT = 1002, "conflict", ExitCode.CONFLICT
    INVALID = 1003, "invalid", ExitCode.USAGE
    UNAVAILABLE = 1004, "unavailable", ExitCode.TEMPORARY
    FORBIDDEN = 1005, "forbidden", ExitCode.FORBIDDEN
    PROTOCOL_MISMATCH = 1006, "protocol_mismatch", ExitCode.FAILED


def exit_code_of(code: int) -> int:
    """Given `error.code` of an answer, return the exit code of dialerctl; 1 for a code this version does not know."""
    try:
        return int(ErrorCode(code).exit_code)  # type: ignore[call-arg]
    except ValueError:
        return int(ExitCode.FAILED)
