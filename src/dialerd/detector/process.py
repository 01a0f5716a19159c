"""Owns the detector process as dialerd sees it: started, spoken to, started again when it dies. Hears nothing itself.

The pacing loop never waits for it: lines are written without waiting, and while there is no process nothing is awaited;
the dialplan then waits for silence alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import subprocess
import sys
from collections.abc import Callable

from dialerd.detector.lines import Await, Heard, Line, Listening, Trouble, read, written

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 30.0
SILENCE_S = 2.0
"""As the dialplan waits alone: greetings pause, and a message that begins in a pause is lost."""
STARTED_WITHIN_S = 10.0
ENDS_WITHIN_S = 2.0
MOST_UNWRITTEN_BYTES = 1 << 20


_LEFT: list[subprocess.Popen[bytes]] = []
"""Those that still listen although their dialerd stops: they end by themselves; nobody waits for them."""


class Detector:
    """The handle. `port` is 0 while nobody listens."""

    def __init__(self, host: str, port: int, heard: Callable[[Heard], None]) -> None:
        """`host` and `port` are where it listens (port 0: any free one, kept over restarts)."""
        self.port = 0
        self._host, self._wanted = host, port
        self._heard = heard
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: asyncio.WriteTransport | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._started = asyncio.Event()

    async def start(self) -> None:
        """Start the process and return when it listens; or has ended, or is not up in time (then it is tried on)."""
        self._keeper = asyncio.create_task(self._keep(), name="detector")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STARTED_WITHIN_S):
                await self._started.wait()

    async def stop(self) -> None:
        """Let the process end: at once, or when the greetings that it listens to are over."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    def wait_for(self, attempt: int, token: str, *, longest_s: float, silence_s: float = SILENCE_S) -> None:
        """Announce a call whose sound will come."""
        self._write(Await(attempt=attempt, token=token, silence_s=silence_s, longest_s=longest_s))

    def _write(self, line: Line) -> None:
        if self._process is None or self._orders is None or self._orders.is_closing():
            return
        if self._orders.get_write_buffer_size() > MOST_UNWRITTEN_BYTES:  # it hangs
            log.error("the detector does not take its orders: it is started again")
            self._process.kill()
            return
        self._orders.write(written(line))

    async def _keep(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            before = asyncio.get_running_loop().time()
            try:
                await self._run()
            except OSError as error:
                log.error("the detector cannot be started: %s", error)
            self._started.set()
            lived_s = asyncio.get_running_loop().time() - before
            retry_s = FIRST_RETRY_S if lived_s > LONGEST_RETRY_S else min(2 * retry_s, LONGEST_RETRY_S)
            log.warning("the detector ended; the dialplan waits for silence until it is back, in %.1f s", retry_s)
            await asyncio.sleep(retry_s)

    async def _run(self) -> None:
        process = await asyncio.to_thread(self._spawn)
        assert process.stdin is not None
        assert process.stdout is not None
        loop, said = asyncio.get_running_loop(), asyncio.StreamReader()
        listening, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(said), process.stdout)
        self._orders, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, process.stdin)
        self._process = process
        try:
            while text := await said.readline():
                self._take(read(text))
        except ValueError as error:
            log.error("the detector said something else than a line of its own: %s", error)
            process.kill()
        finally:
            self._orders.close()  # it ends by that, when it has heard out whom it listens to
            listening.close()
            self._process, self._orders, self.port = None, None, 0
            try:
                await asyncio.shield(asyncio.to_thread(process.wait, ENDS_WITHIN_S))
            except subprocess.TimeoutExpired:
                log.info("the detector hears out the greetings it listens to, and ends then")
                _LEFT.append(process)

    def _spawn(self) -> subprocess.Popen[bytes]:
        """Start it in a session of its own: what ends dialerd is not to end the calls that it listens to."""
        arguments = [sys.executable, "-m", "dialerd.detector", self._host, str(self._wanted)]
        pipe = subprocess.PIPE
        return subprocess.Popen(arguments, stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True)

    def _take(self, line: Line) -> None:
        if isinstance(line, Heard):
            self._heard(line)
        elif isinstance(line, Listening):
            self.port = self._wanted = line.port
            self._started.set()
        elif isinstance(line, Trouble):
            log.warning("detector: %s", line.text)
