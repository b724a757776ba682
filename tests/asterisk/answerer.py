"""A carrier that answers each call with the final SIP code in its number: 8916V000CCC is answered with CCC.

V is the answer before it: 0 only trying (100), 1 ringing (180), 2 sound without ringing (183), 9 none, not even trying.
With CCC = 000 there is no final answer.
"""

import re
import socket
import threading
from typing import Self

_BEFORE = {"0": (100,), "1": (100, 180), "2": (100, 183), "9": ()}
_VARIANTS = {"nothing": 0, "ringing": 1, "sound": 2, "mute": 9}
_CONTACT = "<sip:89990000000@127.0.0.1>"

_NUMBER = re.compile(r"8916([0129])000(\d{3})", re.ASCII)
_COPIED = ("via", "from", "to", "call-id", "cseq")


def number_for(code: int, before: str = "nothing") -> str:
    """Return the number that gets that code, 0 = none, after "nothing", "ringing", "sound" or "mute"."""
    return f"8916{_VARIANTS[before]}000{code:03d}"


class Answerer:
    """A SIP server on the loopback, in a thread of its own, without media. It never accepts a call."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(65535)
            if not data:
                return
            request, _, rest = data.decode().partition("\r\n")
            headers = [line for line in rest.partition("\r\n\r\n")[0].split("\r\n") if ":" in line]
            for code in _codes(request):
                self._socket.sendto(_response(code, headers), sender)


def _codes(request: str) -> tuple[int, ...]:
    """Return the codes of the answers to a request."""
    method, _, rest = request.partition(" ")
    if method == "CANCEL":
        return (200,)
    if method != "INVITE":
        return ()
    found = _NUMBER.fullmatch(rest.partition("@")[0].rpartition(":")[2])
    if not found:
        return (100, 404)
    return (*_BEFORE[found[1]], *([int(found[2])] if int(found[2]) else []))


def _response(code: int, headers: list[str]) -> bytes:
    lines = [f"SIP/2.0 {code} Code {code}"]
    for line in headers:
        name = line.partition(":")[0].lower()
        if name in _COPIED:
            lines.append(f"{line};tag=answerer" if name == "to" and code > 100 else line)
    if 300 <= code < 400 or code in (180, 183):
        lines.append(f"Contact: {_CONTACT}")
    return ("\r\n".join([*lines, "Content-Length: 0"]) + "\r\n\r\n").encode()
