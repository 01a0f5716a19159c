"""Owns JSON-RPC 2.0: from a line to the answer's line. Checks request, role and parameters before a method runs.

Knows no sockets. Whatever happens, the peer gets a typed error with one sentence, and never a traceback.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from dialerd.config_problems import did_you_mean
from dialerd.control.audit import AuditTrail
from dialerd.control.context import Context, Method, ParamsInvalid, Services
from dialerd.control.framing import NotJson, decode, encode, encode_plain
from dialerd.control.json_values import jsonable
from dialerd.control.metrics import Registry
from dialerd.control.peer import Peer
from dialerd.control.protocol import MAX_BATCH, MAX_LINE_BYTES, ErrorCode
from dialerd.core.errors import Conflict, DialerError, Forbidden, Invalid, NotFound, Unavailable

logger = logging.getLogger(__name__)

LONG_LINE_BYTES = 4096
"""Longer lines are parsed one in each round of the event loop: many clients together must not stall it."""
MOST_AT_ONCE = 50  # items of a list
_NO_ID = object()


class ProtocolMismatch(DialerError):
    """Client and daemon speak different versions of the protocol."""


CODES: dict[type[Exception], ErrorCode] = {
    NotFound: ErrorCode.NOT_FOUND,
    Conflict: ErrorCode.CONFLICT,
    Invalid: ErrorCode.INVALID,
    Unavailable: ErrorCode.UNAVAILABLE,
    Forbidden: ErrorCode.FORBIDDEN,
    ProtocolMismatch: ErrorCode.PROTOCOL_MISMATCH,
    ParamsInvalid: ErrorCode.INVALID_PARAMS,
}


class RequestError(Exception):
    """A request that cannot be carried out: code and sentence of its answer."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        """Given code and sentence."""
        super().__init__(message)
        self.code = code


class Dispatcher:
    """Answers lines. One instance serves all connections; it keeps no state of a peer."""

    def __init__(
        self,
        methods: Mapping[str, Method],
        services: Services,
        *,
        request_timeout_s: float = 30.0,
        metrics: Registry | None = None,
    ) -> None:
        """Given the method table and the daemon's parts."""
        self._methods = methods
        self._services = services
        self._timeout_s = request_timeout_s
        self._audit = AuditTrail(services.records, services.pause)
        self._turn = asyncio.Lock()
        registry = metrics if metrics is not None else Registry()
        self._requests = registry.counter(
            "dialerd_control_requests_total", "Requests on the control socket by outcome.", ("outcome",)
        )

    async def respond(self, line: bytes, peer: Peer) -> bytes | None:
        """Given one line and who sent it, return the line of the answer; None when nothing is owed (notification)."""
        try:
            payload = await self._decoded(line)
        except NotJson as error:
            return encode(error_answer(None, ErrorCode.PARSE, f"not JSON: {error}"))
        if not isinstance(payload, list):
            answer = await self._one(payload, peer)
            return None if answer is None else await _fitting(answer)
        if not 0 < len(payload) <= MAX_BATCH:
            text = f"a batch has 1 to {MAX_BATCH} requests, not {len(payload)}"
            return encode(error_answer(None, ErrorCode.INVALID_REQUEST, text))
        answers = []
        for request in payload:
            answer = await self._one(request, peer)
            if answer is not None:
                answers.append(answer)
            await asyncio.sleep(0)  # a batch is no way to get more than one's turn
        return await _fitting(answers) if answers else None

    async def _decoded(self, line: bytes) -> Any:
        if len(line) < LONG_LINE_BYTES:
            return decode(line)
        async with self._turn:
            await asyncio.sleep(0)  # whoever came in the same round waits for the lock
            return decode(line)

    async def _one(self, request: Any, peer: Peer) -> dict[str, Any] | None:
        try:
            identity, name, params = _parsed(request)
        except RequestError as error:
            return error_answer(_usable_id(request), error.code, str(error))
        outcome = "ok"
        answer: dict[str, Any]
        try:
            result = await self._call(name, params, peer)
            # inside the try: a result without JSON form is a fault of ours, told as one
            plain = jsonable(result) if _is_short(result) else await asyncio.to_thread(jsonable, result)
            answer = {"jsonrpc": "2.0", "id": identity, "result": plain}
        except Exception as error:
            code, message = self._explained(error, name)
            outcome = code.kind
            answer = error_answer(identity, code, message)
        self._requests.inc(outcome)
        return None if identity is _NO_ID else answer

    async def _call(self, name: str, params: Any, peer: Peer) -> Any:
        method = self._methods.get(name)
        if method is None:
            raise RequestError(
                ErrorCode.METHOD_NOT_FOUND, f"no method {name[:60]!r}{did_you_mean(name, self._methods)}"
            )
        if method.roles and not method.roles & peer.roles:
            needed = " or ".join(sorted(role.value for role in method.roles))
            text = f"{name} needs role {needed}; user {peer.user} has role {peer.role} (see [roles] in dialerd.toml)"
            await self._audit.write(peer, name, params, f"refused: {text}")
            raise Forbidden(text)
        if not isinstance(params, dict):
            raise ParamsInvalid(f"{name} takes its parameters by name: send an object, not a list")
        bound = method.bind(params)
        context = Context(services=self._services, peer=peer)
        try:
            async with asyncio.timeout(self._timeout_s):
                result = await method.handler(context, bound)
        except Exception as error:
            if method.changes:
                _, message = self._explained(error, name, log=False)
                outcome = "refused" if isinstance(error, Forbidden) else "failed"
                await self._audit.write(peer, name, params, f"{outcome}: {message}")
            raise
        if method.changes:
            await self._audit.write(peer, name, params, "done")
        return result

    def _explained(self, error: Exception, name: str, *, log: bool = True) -> tuple[ErrorCode, str]:
        """Given an exception, return code and sentence for the peer."""
        if isinstance(error, RequestError):
            return error.code, str(error)
        for kind, code in CODES.items():
            if isinstance(error, kind):
                return code, str(error)
        if isinstance(error, DialerError):
            return ErrorCode.FAILED, str(error)
        if isinstance(error, TimeoutError):
            text = f"{name} was not done within {self._timeout_s:g} s and may still happen: look before you repeat it"
            return ErrorCode.UNAVAILABLE, text
        if log:
            logger.error("unexpected error in method=%s", name, exc_info=error)
        return ErrorCode.FAILED, f"unexpected error in {name}: the journal has the details (journalctl -u dialerd)"


def error_answer(identity: Any, code: ErrorCode, message: str) -> dict[str, Any]:
    """The error object of the protocol."""
    data = {"kind": code.kind, "exit": int(code.exit_code)}
    return {"jsonrpc": "2.0", "id": identity, "error": {"code": int(code), "message": message, "data": data}}


def _parsed(request: Any) -> tuple[Any, str, Any]:
    """Given a decoded request, return (id or _NO_ID, method, params); raise RequestError when it is none."""
    if not isinstance(request, dict) or request.get("jsonrpc") != "2.0":
        raise RequestError(ErrorCode.INVALID_REQUEST, 'not a JSON-RPC request: an object with "jsonrpc": "2.0" is')
    identity = request.get("id", _NO_ID)
    if identity is not _NO_ID and _usable_id(request) is None and identity is not None:
        raise RequestError(ErrorCode.INVALID_REQUEST, "id must be a text or a whole number")
    name = request.get("method")
    if not isinstance(name, str):
        raise RequestError(ErrorCode.INVALID_REQUEST, "method must be a text")
    params = request.get("params")
    if params is not None and not isinstance(params, dict | list):
        raise RequestError(ErrorCode.INVALID_REQUEST, "params must be an object")
    return identity, name, {} if params in (None, []) else params


def _usable_id(request: Any) -> str | int | None:
    identity = request.get("id") if isinstance(request, dict) else None
    if isinstance(identity, str) and len(identity) <= 200:
        return identity
    return identity if isinstance(identity, int) and not isinstance(identity, bool) else None


def _is_short(result: Any) -> bool:
    """False for long lists: they are put into JSON in a thread, so that no call waits for somebody's screen."""
    if isinstance(result, dict):
        return all(len(value) <= MOST_AT_ONCE for value in result.values() if isinstance(value, list | dict))
    return not isinstance(result, list) or len(result) <= MOST_AT_ONCE


async def _fitting(answer: Any) -> bytes:
    """The answer's line, or a sentence when it is longer than the client accepts."""
    short = isinstance(answer, dict) and _is_short(answer.get("result"))
    line = encode_plain(answer) if short else await asyncio.to_thread(encode_plain, answer)
    if len(line) <= MAX_LINE_BYTES:
        return line
    identity = answer["id"] if isinstance(answer, dict) else None
    text = f"the answer has {len(line)} bytes, more than {MAX_LINE_BYTES}: ask for less at a time (limit, offset)"
    return encode(error_answer(identity, ErrorCode.INVALID, text))
