"""SIP messages and SDP as values: parse and build. Knows nothing of sockets and calls."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}


@dataclass(frozen=True)
class SipMessage:
    """One request or response; header names as received, in their order."""

    first_line: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @property
    def method(self) -> str:
        """The request's method, or that of the CSeq for a response."""
        if self.is_response:
            return self.value("cseq").split()[-1]
        return self.first_line.split(" ", 1)[0]

    @property
    def is_response(self) -> bool:
        """Whether this is a response."""
        return self.first_line.startswith("SIP/2.0")

    @property
    def status(self) -> int:
        """The response's code; 0 for a request."""
        return int(self.first_line.split(" ")[1]) if self.is_response else 0

    def value(self, name: str) -> str:
        """Return the first header of a name (lower case), or an empty string."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """Return all headers of a name (lower case)."""
        return [value for key, value in self.headers if _COMPACT.get(key.lower(), key.lower()) == name]

    def user_of(self, name: str) -> str:
        """Return the user part of the URI in a header (or of the request line for `request`)."""
        text = self.first_line if name == "request" else self.value(name)
        found = re.search(r"sips?:([^@>;\s]*)@", text)
        return found.group(1) if found else ""

    def encode(self) -> bytes:
        """Return the message as it goes over the wire, with its Content-Length."""
        lines = [self.first_line, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def parse(datagram: bytes) -> SipMessage | None:
    """Return the message in a datagram, or None for keep-alives and garbage."""
    head, separator, body = datagram.decode("utf-8", "replace").partition("\r\n\r\n")
    lines = head.split("\r\n")
    if not separator or "SIP/2.0" not in lines[0]:
        return None
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip(), value.strip()))
    return SipMessage(lines[0], tuple(headers), body)


PHRASES = {
    100: "Trying", 180: "Ringing", 200: "OK", 404: "Not Found", 480: "Temporarily Unavailable",
    481: "Call Does Not Exist", 484: "Address Incomplete", 486: "Busy Here", 487: "Request Terminated",
    503: "Service Unavailable", 603: "Decline",
}  # fmt: skip


def response(
    request: SipMessage, code: int, *, tag: str, extra: tuple[tuple[str, str], ...] = (), body: str = ""
) -> SipMessage:
    """Return the response to a request; `tag` is put on To where it has none."""
    headers: list[tuple[str, str]] = [("Via", via) for via in request.values("via")]
    to = request.value("to")
    if ";tag=" not in to and code != 100:
        to += f";tag={tag}"
    headers += [("From", request.value("from")), ("To", to), ("Call-ID", request.value("call-id"))]
    headers += [("CSeq", request.value("cseq")), *extra]
    if body:
        headers.append(("Content-Type", "application/sdp"))
    return SipMessage(f"SIP/2.0 {code} {PHRASES.get(code, 'Rejected')}", tuple(headers), body)


def sdp(rtp_port: int, event_type: int) -> str:
    """Return our SDP: u-law and telephone events on 127.0.0.1."""
    return (
        "v=0\r\no=far 1 1 IN IP4 127.0.0.1\r\ns=far\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {rtp_port} RTP/AVP 0 {event_type}\r\na=rtpmap:0 PCMU/8000\r\n"
        f"a=rtpmap:{event_type} telephone-event/8000\r\na=fmtp:{event_type} 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def media_of(body: str) -> tuple[int, int] | None:
    """Return (RTP port, payload type of telephone events) that an SDP names, or None without audio."""
    audio = re.search(r"(?m)^m=audio (\d+) ", body)
    if audio is None:
        return None
    event = re.search(r"(?m)^a=rtpmap:(\d+) telephone-event/8000", body)
    return int(audio.group(1)), int(event.group(1)) if event else 101
