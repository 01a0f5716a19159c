"""Owns what an attacker sends: texts, control requests, AGI and AMI bytes, all from one seeded source of chance."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from dialerd.control.methods.table import METHODS

TEXTS: tuple[str, ...] = (
    "",
    "x\r\nAction: Originate\r\nChannel: PJSIP/evil@main",
    "x\nVariable: DLR_MESSAGE=evil",
    "a\0b",
    "'; DROP TABLE lead; --",
    "' OR '1'='1",
    '"),(1,2,3);--',
    "${SHELL(touch /tmp/owned)}",
    "${SYSTEM(reboot)}${CHANNEL(state)}",
    "$(reboot)`id`",
    "$[1/0]",
    '=HYPERLINK("http://evil","x")',
    "+1+1|cmd",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    "<script>alert(1)</script>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "{{ 7*7 }}{% raw %}",
    "../../../../etc/passwd",
    "a,b;c,d",
    "Zoë \u202eevil\u202c",
    "\u2066x\u2069\u200f\u200e",
    "\ufeffbom\u2028line\u2029par",
    "\x1b[2J\x1b]0;owned\x07",
    "\ud800",
    "٣٤٥",
    "ａｂｃ",
    "%s%n%x{0}{__class__}",
    "null",
    "x" * 65_536,
    "é" * 65_536,
)
"""One of each kind that has broken a dialer, a spreadsheet or a terminal before."""

KNOWN = sorted(METHODS.keys() - {"call.reconcile"})
"""call.reconcile needs no parameter: from an admin it is no attack but an order, and it drops the link to compare."""

NAMES = ("name", "campaign", "list", "rows", "lead", "call", "number", "timezone", "protocol", "changes", "limit",
         "offset", "since", "until", "live", "note", "reason", "disposition", "callback_at", "endpoint", "campaigns",
         "leg_mode", "full_name", "force", "status", "agent", "state", "trunk", "caller_name")  # fmt: skip


def text(rng: random.Random) -> str:
    """A hostile text."""
    kind = rng.random()
    if kind < 0.7:
        return rng.choice(TEXTS)
    if kind < 0.9:
        return "".join(chr(rng.choice((rng.randrange(0x20), rng.randrange(0x250), rng.randrange(0x2000, 0x2070))))
                       for _ in range(rng.randrange(40)))  # fmt: skip
    return rng.choice(string.ascii_letters) * rng.choice((1, 63, 64, 65, 100, 101, 1000, 65_536))


def value(rng: random.Random, depth: int = 0) -> Any:
    """Any JSON value, mostly of the wrong kind."""
    kind = rng.randrange(10 if depth < 4 else 7)
    match kind:
        case 0 | 1 | 2:
            return text(rng)
        case 3:
            return rng.choice((0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400))
        case 4:
            return rng.choice((0.5, -0.0, 1e308, 5e-324, 1e16))
        case 5:
            return rng.choice((True, False))
        case 6:
            return None
        case 7 | 8:
            return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
        case _:
            return {text(rng)[:200]: value(rng, depth + 1) for _ in range(rng.randrange(4))}


def request(rng: random.Random) -> Any:
    """Something like a JSON-RPC request: a real method with hostile parameters, or hardly one at all."""
    method = rng.choice([*KNOWN, *KNOWN, text(rng)[:5000]])
    params: Any = {rng.choice(NAMES): value(rng) for _ in range(rng.randrange(5))}
    if rng.random() < 0.1:
        params = value(rng)
    asked = {"jsonrpc": "2.0", "id": rng.choice((1, "a", None, 10**30, 1.5, [], text(rng)[:300])), "method": method}
    asked["params"] = params
    if rng.random() < 0.1:
        asked.pop(rng.choice(list(asked)))
    return asked


def control_line(rng: random.Random) -> bytes:
    """One line for the control socket, its newline included; some are no JSON, some no text, some of 1 MB."""
    kind = rng.random()
    if kind < 0.75:
        return json.dumps(request(rng)).encode() + b"\n"
    if kind < 0.80:
        return json.dumps([request(rng) for _ in range(rng.randrange(8))]).encode() + b"\n"
    if kind < 0.85:
        return json.dumps(request(rng), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    if kind < 0.95:
        return rng.randbytes(rng.randrange(200)).replace(b"\n", b"") + b"\n"
    return rng.choice(
        (
            b"[" * 100_000 + b"\n",
            b'{"a":' * 50_000 + b"\n",
            b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 900_000 + b'"}\n',
            b'{"jsonrpc":"2.0","id":1,"method":"status","params":{"a":' + b"9" * 900_000 + b"}}\n",
            b"[" + b"0," * 400_000 + b"0]\n",
            b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":NaN}}\n',
        )
    )


def environment(rng: random.Random) -> bytes:
    """An AGI environment, or what somebody takes for one."""
    kind = rng.random()
    attempt = rng.choice(("1", "12", "0", "-1", "9" * 30, "1e3", text(rng)[:300]))
    token = rng.choice(("0" * 32, "f" * 32, "F" * 32, "", text(rng)[:300]))
    script = rng.choice(("verdict", "verdict", "verdict", "", "evil", text(rng)[:100]))
    lines = [f"agi_network_script: {script}", f"agi_arg_1: {attempt}", f"agi_arg_2: {token}"]
    lines += [f"agi_{text(rng)[:50]}: {text(rng)[:300]}" for _ in range(rng.randrange(4))]
    rng.shuffle(lines)
    whole = ("\n".join(lines) + "\n\n").encode("utf-8", "replace")
    if kind < 0.7:
        return whole
    if kind < 0.8:
        return whole[: rng.randrange(len(whole))]
    if kind < 0.9:
        return rng.randbytes(rng.randrange(400))
    return rng.choice((b"agi_x: y\n" * 5000, b"x" * 70_000, b"\n" * 30_000, b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"))


def agi_answers(rng: random.Random) -> bytes:
    """What a peer answers to our AGI commands."""
    some = (
        b"200 result=1 (HUMAN)\n", b"200 result=0\n", b"200 result=1\n", b"100 Trying\n", b"HANGUP\n", b"510 no\n",
        b"520-Invalid\n", b"520 End\n", b"200 result=" + b"9" * 5000 + b"\n", b"200 result=1 (" + b"(" * 9000 + b")\n",
        b"\n", b"\0\0\n", b"200 result=1 (MACHINE\r\nSET VARIABLE X)\n", b"200 result=-1\n", b"x" * 40_000,
    )  # fmt: skip
    return b"".join(rng.choice(some) for _ in range(rng.randrange(8)))


def verdict_line(rng: random.Random) -> bytes:
    """One request of the stand-alone script's socket."""
    params: Any = {
        "attempt": rng.choice((1, 0, -5, 10**30, "1", None)),
        "token": rng.choice(("0" * 32, text(rng)[:500])),
        "amd_status": rng.choice(("HUMAN", "", text(rng)[:200])),
    }
    asked: Any = {"jsonrpc": "2.0", "id": rng.choice((1, "a", 10**25, None)), "method": "verdict", "params": params}
    kind = rng.random()
    if kind < 0.2:
        asked[rng.choice(list(asked))] = value(rng)
    if kind > 0.9:
        return rng.choice((b"[" * 4000, b"{" * 5000, b'"' * 3000, rng.randbytes(2000), b"x" * 100_000)) + b"\n"
    return json.dumps(asked).encode() + b"\n"


EVENTS = ("DialState", "DialEnd", "Newstate", "OriginateResponse", "BridgeEnter", "BridgeLeave", "BridgeDestroy",
          "Hangup", "UserEvent", "FullyBooted", "VarSet", "Bogus")  # fmt: skip
HEADERS = ("Uniqueid", "DestUniqueid", "Linkedid", "Channel", "ChannelState", "DialStatus", "Response", "Reason",
           "ActionID", "BridgeUniqueid", "Cause", "TechCause", "UserEvent", "Attempt", "Token", "Stage", "Number",
           "Source", "Privilege", "CallerIDName")  # fmt: skip


VALUES = ("agt-1-0badcafe", "6", "5", "ANSWER", "RINGING", "17", "Success", "DialerdUnattended", "DialerdOptOut",
          "DialerdMessage", "abandon", "callback", "1", "bridge-1")  # fmt: skip


def ami_message(rng: random.Random) -> bytes:
    """One AMI message, more or less; CR, LF and NUL stand in values as Asterisk itself would never send them."""
    kind = rng.random()
    if kind < 0.05:
        return rng.randbytes(rng.randrange(600)) + b"\r\n\r\n"
    if kind < 0.08:
        return b"Event: Newstate\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n"
    if kind < 0.10:
        return b"Response: Success\r\nActionID: " + text(rng)[:100].encode("utf-8", "replace") + b"\r\n\r\n"
    lines = [f"Event: {rng.choice(EVENTS)}"]
    for _ in range(rng.randrange(9)):
        name = rng.choice(HEADERS)
        ids = f"dlr-{rng.choice((1, 2, 3, rng.randrange(10**9)))}-0badcafe"
        said = rng.choice((ids, *VALUES, text(rng)[:400]))
        lines.append(f"{name}: {said}")
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n\r\n"
