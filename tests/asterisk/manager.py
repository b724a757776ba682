"""A connection to the manager interface for tests: one action at a time over a plain socket, and the events."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self


class Manager:
    """A connection to Asterisk's manager interface on the loopback."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=180)
        self._lines = self._socket.makefile("rb")
        self.seen: list[tuple[float, dict[str, str]]] = []
        """Everything that has been read, with the monotonic time of reading."""
        self.greeting = self._lines.readline().decode().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def action(self, name: str, /, **fields: str) -> dict[str, str]:
        """Send one action and return its response."""
        message = {"Action": name} | fields
        self._socket.sendall("".join(f"{key}: {value}\r\n" for key, value in message.items()).encode() + b"\r\n")
        while "Response" not in (answer := self._message()):
            pass
        return answer

    def login(self, user: str, secret: str, *, events: bool = False) -> dict[str, str]:
        """Log in, with or without the events that the user may see."""
        return self.action("Login", Username=user, Secret=secret, Events="on" if events else "off")

    def event(self, name: str) -> dict[str, str]:
        """Return the next event of that name; ignore all messages before it."""
        while (message := self._message()).get("Event") != name:
            pass
        return message

    def read(self) -> bytes:
        """Return the bytes that have arrived; b"" after the end."""
        self._socket.settimeout(None)
        return self._socket.recv(1 << 20)

    def shut(self) -> None:
        """End the connection, also for a thread that reads from it."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def _message(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while line := self._lines.readline().decode():
            if line == "\r\n":
                self.seen.append((time.monotonic(), fields))
                return fields
            key, _, value = line.rstrip("\r\n").partition(": ")
            fields[key] = value
        raise ConnectionError("Asterisk closed the manager connection")


@contextmanager
def recorded_events(port: int, user: str, secret: str) -> Iterator[list[bytes]]:
    """Record what the manager interface sends until the end of the block."""
    received: list[bytes] = []
    with Manager(port) as manager:
        assert manager.login(user, secret, events=True)["Response"] == "Success"

        def listen() -> None:
            while data := manager.read():
                received.append(data)

        listening = threading.Thread(target=listen)
        listening.start()
        yield received
        manager.shut()
        listening.join()
