"""Owns the AudioSocket server: connections in, cues out. Knows nothing of how it is started and where cues go.

Only awaited calls are listened to: a connection names its call by the attempt's secret token. When the greeting is over
Asterisk is told so (HANG_UP) and its dialplan goes on to play the message. In every other case the connection is kept
until dialerd has hung up the call, or reset, which hangs it up too: nothing is played to whom it may not be.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from dialerd.detector.audiosocket import HANG_UP, Messages
from dialerd.detector.greeting_end import Cue
from dialerd.detector.lines import Await, Heard, Line, Trouble
from dialerd.detector.stream import Stream

ANNOUNCED_WITHIN_S = 2.0
"""A connection may be faster than dialerd's word of it."""
COMES_WITHIN_S = 30.0
"""From the verdict to the stream it takes some milliseconds."""
IDLE_S = 5.0
"""So long without a packet (silence suppression, a broken path) is an end of the stream."""
CLOSED_WITHIN_S = 1.0
HUNG_UP_WITHIN_S = 10.0
LEAVES_MESSAGE = frozenset({Cue.BEEP.value, Cue.SILENCE.value})
GONE = "gone"
"""In place of a cue: the stream ended before one."""


class Listener:
    """Serves streams until it is stopped."""

    def __init__(self, tell: Callable[[Line], None], *, most_streams: int = 500) -> None:
        """`tell` takes what is heard. Above `most_streams` at once a connection is refused."""
        self._tell = tell
        self._most = most_streams
        self._awaited: dict[str, Await] = {}
        self._expires: deque[tuple[float, str]] = deque()
        self._announced = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port. OSError when that is not possible."""
        self._server = await asyncio.start_server(self._connected, host, port, backlog=256)
        return int(self._server.sockets[0].getsockname()[1])

    async def finish(self, within_s: float = 0.0) -> None:
        """Close the port, hear out the streams there are, and end those that are not over `within_s` seconds later."""
        if self._server is not None:
            self._server.close()
        if self._tasks and within_s:
            await asyncio.wait(self._tasks, timeout=within_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, line: Line) -> None:
        """A line of dialerd's: a call whose sound will come. Some never do: their call was over before."""
        if not isinstance(line, Await):
            return
        now = asyncio.get_running_loop().time()
        async with self._announced:
            while self._expires and self._expires[0][0] <= now:
                self._awaited.pop(self._expires.popleft()[1], None)
            self._awaited[line.token] = line
            self._expires.append((now + COMES_WITHIN_S, line.token))
            self._announced.notify_all()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._tasks) > self._most:
                raise ValueError(f"{self._most} calls wait for the end of a greeting already")
            heard = await self._listen(reader)
            self._tell(heard)
            if heard.cue in LEAVES_MESSAGE:
                writer.write(HANG_UP)
                await _read_out(reader, CLOSED_WITHIN_S)
            else:
                await _read_out(reader, HUNG_UP_WITHIN_S)
        except ValueError as error:
            self._tell(Trouble(text=f"a stream of sound was refused: {error}"))
        except OSError:
            pass  # the call is over
        finally:
            writer.transport.abort()  # if Asterisk has not closed by now, its call ends here

    async def _listen(self, reader: asyncio.StreamReader) -> Heard:
        """Return how the wait ended; ValueError for a stream that is none of ours."""
        messages, stream, awaited = Messages(), Stream(), None
        while not stream.over:
            try:
                async with asyncio.timeout(IDLE_S):
                    data = await reader.read(4096)
            except TimeoutError:
                break
            if not data:
                break
            for message in messages.feed(data):
                cue = stream.take(message)
                if awaited is None:
                    awaited = await self._claim(stream)
                if cue is not None:
                    return _heard(awaited, stream, cue.value)
        if awaited is None:
            raise ValueError("nothing came")
        return _heard(awaited, stream, GONE)

    async def _claim(self, stream: Stream) -> Await:
        """The call that this stream belongs to; each is listened to once."""
        try:
            async with asyncio.timeout(ANNOUNCED_WITHIN_S), self._announced:
                await self._announced.wait_for(lambda: stream.identity in self._awaited)
        except TimeoutError:
            raise ValueError("no call with this token is awaited") from None
        awaited = self._awaited.pop(stream.identity)
        stream.end.silence_s, stream.end.longest_s = awaited.silence_s, awaited.longest_s
        return awaited


def _heard(awaited: Await, stream: Stream, cue: str) -> Heard:
    hz = stream.end.beep_hz if cue == Cue.BEEP.value else ()
    return Heard(attempt=awaited.attempt, cue=cue, after_s=round(stream.end.heard_s, 2), hz=hz)


async def _read_out(reader: asyncio.StreamReader, within_s: float) -> None:
    """Read what is still on its way until Asterisk closes: closing with unread bytes would end the whole call."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while await reader.read(65_536):
                pass
