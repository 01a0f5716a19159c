"""The detector process: python -m dialerd.detector HOST PORT. Owns its own start and end; lines on stdin and stdout.

When its standard input ends, dialerd is gone or stops: it listens to no new call and ends when those it hears are over,
within FINISHES_WITHIN_S. So a message that waits for a beep is left although dialerd is restarted meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from dialerd.detector.lines import Line, Listening, Trouble, read, written
from dialerd.detector.listener import Listener

FINISHES_WITHIN_S = 330.0
"""The longest voicemail_wait and some more."""


def tell(line: Line) -> None:
    """Write one line; nobody may be there to read it."""
    with contextlib.suppress(OSError):
        os.write(1, written(line))  # lines are far below what a pipe takes in one piece


async def serve(host: str, port: int) -> None:
    """Serve until the standard input ends."""
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    listener = Listener(tell)
    try:
        tell(Listening(port=await listener.start(host, port)))
    except OSError as error:
        tell(Trouble(text=f"cannot listen on {host}:{port}: {error.strerror or error}"))
        return
    while text := await orders.readline():
        try:
            await listener.take(read(text))
        except ValueError as error:
            tell(Trouble(text=str(error)))
    await listener.finish(FINISHES_WITHIN_S)


def main() -> None:
    """Run with the two arguments of the command line."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
