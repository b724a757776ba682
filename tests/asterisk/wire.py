"""A connection to the manager interface that a test can cut."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Wire:
    """A proxy in front of AMI that a test can cut; it forwards all data to `port`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._cut = threading.Event()
        self._ended = threading.Event()

    def cut(self) -> None:
        self._cut.set()

    def carry(self) -> None:
        with self._listening:
            self._carry()

    def _carry(self) -> None:
        while not self._ended.is_set():
            if not select.select([self._listening], [], [], 0.1)[0]:
                continue
            near, _ = self._listening.accept()
            self._cut.clear()
            with near, socket.create_connection(("127.0.0.1", self._to)) as far:
                while not self._cut.is_set() and not self._ended.is_set():
                    ready = select.select([near, far], [], [], 0.05)[0]
                    if not all(self._pass(side, far if side is near else near) for side in ready):
                        break

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> bool:
        try:
            data = source.recv(65536)
            target.sendall(data)
        except OSError:
            return False
        return bool(data)

    def end(self) -> None:
        self._ended.set()


@contextmanager
def wire_cut_every(seconds: float, port: int) -> Iterator[Wire]:
    """Forward connections to the port and cut them at this interval, until the end of the block."""
    wire = Wire(port)
    over = threading.Event()

    def cutting() -> None:
        while not over.wait(seconds):
            wire.cut()

    threads = [threading.Thread(target=wire.carry), threading.Thread(target=cutting)]
    for thread in threads:
        thread.start()
    try:
        yield wire
    finally:
        over.set()
        wire.end()
        for thread in threads:
            thread.join()
