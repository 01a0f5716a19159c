"""A TCP proxy in front of AMI that can cut the link or let it die silently. Knows nothing of AMI's contents."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType


class AmiProxy:
    """Forwards 127.0.0.1:`port` to AMI while it is `whole`; one thread for everything."""

    def __init__(self, ami_port: int) -> None:
        """Listen at once; `ami_port` is where Asterisk listens."""
        self._target = ami_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._lock = threading.Lock()
        self._mode = "whole"
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="ami-proxy", daemon=True)

    def __enter__(self) -> AmiProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending = True
        self._thread.join(5)
        self._drop()
        self._listener.close()
        self._selector.close()

    def cut(self) -> None:
        """Close every connection and take no new one."""
        self._mode = "cut"

    def mute(self) -> None:
        """Half-open: connections stay, nothing is forwarded any more; new ones are accepted and stay mute."""
        self._mode = "mute"

    def heal(self) -> None:
        """Forward again; connections that were mute are closed, as a middle box that forgot them would do."""
        self._mode = "healing"

    def _run(self) -> None:
        while not self._ending:
            if self._mode in ("cut", "healing"):
                self._drop()
                if self._mode == "healing":
                    self._mode = "whole"
            for key, _ in self._selector.select(0.05):
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                if ready is self._listener:
                    self._accept()
                elif self._mode == "whole":
                    self._forward(ready)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._mode == "cut":
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._target), 2)
        except OSError:
            client.close()
            return
        with self._lock:
            self._pairs[client], self._pairs[server] = server, client
        for end in (client, server):
            self._selector.register(end, selectors.EVENT_READ)

    def _forward(self, ready: socket.socket) -> None:
        other = self._pairs.get(ready)
        try:
            data = ready.recv(65536) if other is not None else b""
            if data and other is not None:
                other.sendall(data)
                return
        except OSError:
            pass
        self._close(ready)

    def _close(self, end: socket.socket) -> None:
        other = self._pairs.pop(end, None)
        for one in (end, other):
            if one is not None:
                self._pairs.pop(one, None)
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(one)
                one.close()

    def _drop(self) -> None:
        for end in list(self._pairs):
            self._close(end)
