"""A wire between the service and the database that can be slow, cut, or silent."""

import contextlib
import socket
import threading
import time
from typing import Self


class Wire:
    """Passes TCP on from a port of this machine to another, as long as nobody breaks it.

    delay: seconds that each piece takes. silent: nothing is passed on, and nothing said. trigger: what has to be seen on
    the way to the database for the wire to be cut right before it.
    """

    def __init__(self, port: int) -> None:
        self.behind = port
        self.delay = 0.0
        self.silent = False
        self.trigger: bytes | None = None
        self.cuts = 0
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections."""
        for pair in list(self._pairs):
            self._end(pair)

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                try:
                    far = socket.create_connection(("127.0.0.1", self.behind), 5)
                except OSError:
                    near.close()
                    continue
                pair = (near, far)
                self._pairs.add(pair)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(pair, source, target), daemon=True).start()

    def _pass(self, pair: tuple[socket.socket, socket.socket], source: socket.socket, target: socket.socket) -> None:
        try:
            while piece := source.recv(1 << 16):
                if source is pair[0] and self.trigger is not None and self.trigger in piece:
                    self.trigger = None
                    self.cuts += 1
                    break
                time.sleep(self.delay)
                while self.silent:
                    time.sleep(0.02)
                target.sendall(piece)
        except OSError:
            pass
        self._end(pair)
