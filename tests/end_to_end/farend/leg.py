"""One SIP call of the far end as a state machine. Knows nothing of sockets and threads: it is handed both."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from typing import Literal, Protocol

from .behaviour import Behaviour
from .call_log import CallLog
from .rtp import RtpStream
from .sip import SipMessage, media_of, response, sdp

Address = tuple[str, int]


class Network(Protocol):
    """What a leg needs of its surroundings."""

    sip_port: int
    rtp_port: int

    def send_sip(self, message: SipMessage, to: Address) -> None:
        """Send a message."""

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` on the far end's thread later."""

    def media(self, leg: Leg, port: int | None) -> None:
        """Start (or with None stop) the RTP of a leg with the PBX's port."""


class Leg:
    """A call from the INVITE to its end; runs on the far end's thread only."""

    def __init__(self, network: Network, behaviour: Behaviour, log: CallLog, peer: Address, call_id: str) -> None:
        """`peer` is the PBX's SIP address."""
        self.log = log
        self.call_id = call_id
        self._network = network
        self._behaviour = behaviour
        self._peer = peer
        self._tag = secrets.token_hex(4)
        self._invite: SipMessage | None = None  # theirs (called) or ours (calling)
        self._last_answer: SipMessage | None = None
        self._local = self._remote = self._target = ""
        self._sequence = 1
        self.stream = RtpStream(log, ssrc=secrets.randbits(32), event_type=101)

    # --- called by the PBX ------------------------------------------------------------------------------
    def invited(self, invite: SipMessage) -> None:
        """Take the PBX's INVITE (also a repeated one, and a re-INVITE)."""
        if self._invite is not None:
            if ";tag=" in invite.value("to"):  # re-INVITE: nothing changes
                self._answer(invite, 200, body=self._own_sdp())
            elif self._last_answer is not None:
                self._network.send_sip(self._last_answer, self._peer)
            return
        self._invite = invite
        self._remote, self._local = invite.value("from"), f"{invite.value('to')};tag={self._tag}"
        self._target = _uri(invite.value("contact"))
        media = media_of(invite.body)
        if media:
            self.stream.event_type = media[1]
        script = self._behaviour
        if script.rings:
            self.log.rang_at = time.monotonic()
            self._answer(invite, 180)
        else:
            self._answer(invite, 100)
        if script.answers_after_s is not None:
            self._network.after(script.answers_after_s, self._decide)

    def _decide(self) -> None:
        if self.log.over or self._invite is None:
            return
        code = self._behaviour.rejects_with
        if code is not None:
            extra = (("Reason", self._behaviour.reason),) if self._behaviour.reason else ()
            self._answer(self._invite, code, extra=extra)
            self.log.final_code = code
            self._over("farend")
            return
        self._answer(self._invite, 200, body=self._own_sdp())
        media = media_of(self._invite.body)
        self._answered(media[0] if media else None)

    def _answered(self, media_port: int | None) -> None:
        self.log.answered_at = time.monotonic()
        self.log.final_code = 200
        script = self._behaviour
        self.stream.play(script.plays, script.then)
        self._network.media(self, media_port)
        for at_s, keys in script.digits:
            self._network.after(at_s, lambda keys=keys: self.stream.press(keys))  # type: ignore[misc]
        if script.hangs_up_after_s is not None:
            self._network.after(script.hangs_up_after_s, self.hang_up)

    def cancelled(self, cancel: SipMessage) -> None:
        """Take a CANCEL."""
        self._network.send_sip(response(cancel, 200, tag=self._tag), self._peer)
        if self._invite is not None and self.log.final_code is None:
            self.log.reasons += cancel.values("reason")
            self.log.cancelled = True
            self.log.final_code = 487
            self._answer(self._invite, 487)
            self._over("pbx")

    def bye(self, request: SipMessage) -> None:
        """Take a BYE."""
        self._network.send_sip(response(request, 200, tag=self._tag), self._peer)
        self.log.reasons += request.values("reason")
        self._over("pbx")

    # --- calling the PBX --------------------------------------------------------------------------------
    def call(self) -> None:
        """Send our INVITE to the number in the log."""
        here, there = f"127.0.0.1:{self._network.sip_port}", f"{self._peer[0]}:{self._peer[1]}"
        self._target = f"sip:{self.log.number}@{there}"
        self._local = f"<sip:{self.log.caller}@{here}>;tag={self._tag}"
        self._remote = f"<{self._target}>"
        self._invite = self._request("INVITE", body=self._own_sdp())
        self._network.send_sip(self._invite, self._peer)

    def responded(self, answer: SipMessage) -> None:
        """Take a response of the PBX to one of our requests."""
        if answer.method != "INVITE" or self.log.to_farend or answer.status < 180:
            return
        if answer.status < 200:
            self.log.rang_at = self.log.rang_at or time.monotonic()
            return
        self._remote = answer.value("to")
        if answer.status >= 300:
            self._network.send_sip(self._request("ACK", like=self._invite), self._peer)
            self.log.final_code = answer.status
            self.log.reasons += answer.values("reason")
            self._over("pbx")
            return
        self._target = _uri(answer.value("contact")) or self._target
        self._network.send_sip(self._request("ACK"), self._peer)
        if self.log.answered_at is None and not self.log.over:
            media = media_of(answer.body)
            if media:
                self.stream.event_type = media[1]
            self._answered(media[0] if media else None)

    # --- both -------------------------------------------------------------------------------------------
    def hang_up(self) -> None:
        """End the call from this side: BYE, CANCEL for our own ringing call, 486 for theirs."""
        if self.log.over or self._invite is None:
            return
        if self.log.answered_at is not None:
            self._sequence += 1
            self._network.send_sip(self._request("BYE"), self._peer)
        elif self.log.to_farend:
            self._answer(self._invite, 486)
            self.log.final_code = 486
        else:
            self._network.send_sip(self._request("CANCEL", like=self._invite), self._peer)
        self._over("farend")

    def _over(self, by: Literal["pbx", "farend"]) -> None:
        if not self.log.over:
            self.log.ended_at = time.monotonic()
            self.log.ended_by = by
            self._network.media(self, None)

    def _own_sdp(self) -> str:
        return sdp(self._network.rtp_port, self.stream.event_type)

    def _answer(
        self, request: SipMessage, code: int, *, body: str = "", extra: tuple[tuple[str, str], ...] = ()
    ) -> None:
        contact = ("Contact", f"<sip:{self.log.number}@127.0.0.1:{self._network.sip_port}>")
        answer = response(request, code, tag=self._tag, extra=(contact, *extra), body=body)
        if request is self._invite:
            self._last_answer = answer
        self._network.send_sip(answer, self._peer)

    def _request(self, method: str, *, body: str = "", like: SipMessage | None = None) -> SipMessage:
        here = f"127.0.0.1:{self._network.sip_port}"
        via = f"SIP/2.0/UDP {here};branch=z9hG4bK{secrets.token_hex(6)}"
        if like is not None:  # CANCEL and the ACK of a rejection belong to the INVITE's transaction
            via = like.value("via")
        headers = [
            ("Via", via),
            ("Max-Forwards", "70"),
            ("From", self._local),
            ("To", self._remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{self._sequence} {method}"),
            ("Contact", f"<sip:{self.log.caller if not self.log.to_farend else self.log.number}@{here}>"),
        ]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return SipMessage(f"{method} {self._target} SIP/2.0", tuple(headers), body)


def _uri(contact: str) -> str:
    found = re.search(r"<([^>]+)>", contact)
    return found.group(1) if found else contact.split(";")[0]
