"""Owns where ids and secrets come from in the live daemon. The core only sees them through `core.settings.Identity`."""

from __future__ import annotations

import secrets


class LiveIdentity:
    """Attempt ids count on from what the store has; nonces and tokens come from the system's random source."""

    def __init__(self, next_attempt_id: int) -> None:
        self._next = next_attempt_id

    def attempt_id(self) -> int:
        """A number never used for an attempt before."""
        self._next += 1
        return self._next - 1

    def nonce(self) -> str:
        """8 lower-case hex digits."""
        return secrets.token_hex(4)

    def token(self) -> str:
        """32 lower-case hex digits that nobody can guess."""
        return secrets.token_hex(16)
