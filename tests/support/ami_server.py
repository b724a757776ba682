"""A stand-in for Asterisk's manager interface on the loopback, which can be made to misbehave."""

import contextlib
import hashlib
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Self

USER = "obzvon"
SECRET = "hush-hush"
COMMANDS = {
    "CoreShowChannels": "List channels.  (Priv: system,reporting,all)",
    "Getvar": "Gets a variable.  (Priv: call,reporting,all)",
    "CoreStatus": "Show status.  (Priv: system,reporting,all)",
    "Ping": "Keepalive.  (Priv: <none>)",
}


def packed(fields: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"


class AmiServer:
    """Listens as soon as it is made, until the end of `with`. A test may change all attributes while it runs."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.greeting = b"Asterisk Call Manager/11.0.0\r\n"
        self.greets_in_pieces = False
        self.secret = SECRET
        self.is_mute = False
        """Connections are accepted, but nothing is answered."""
        self.has_md5 = True
        self.allows_one_login = False
        """As with `allowmultiplelogin = no`: a second connection of the user is refused."""
        self.booted = False
        """After a login the event FullyBooted is sent, as to a user with the right to read `system`."""
        self.cuts_lists = False
        """The connection ends in the middle of a list."""
        self.may_list = True
        self.is_stopping = False
        """Every action is refused, as from a graceful stop until its last call has ended."""
        self.channels: list[dict[str, str]] = []
        self.variables: dict[str, str] = {}
        """By name, or by channel and name: "PJSIP/a-1 dtmf"."""
        self.commands = dict(COMMANDS)
        self.originates = "takes"
        """How an Originate is answered: `takes`, `cuts`, `says nothing`, or the message of a refusal."""
        self.actions: list[dict[str, str]] = []
        self.logins = 0
        self._tls = tls
        self._ready: list[socket.socket] = []
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self.drop()

    def refuse(self) -> None:
        """Accept no more connections."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def drop(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._open, self._ready = [], []

    def send(self, data: bytes) -> None:
        """Send data to every client that is logged in."""
        with self._lock:
            ready = list(self._ready)
        for connection in ready:
            connection.sendall(data)

    def send_event(self, **fields: str) -> None:
        """Send an event to every client that is logged in."""
        self.send(packed(fields))

    def asked(self, action: str) -> int:
        """Return how many times that action came."""
        return sum(fields.get("Action") == action for fields in list(self.actions))

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                with self._lock:
                    self._open.append(connection)
                if not self.is_mute:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    for start in range(0, len(self.greeting), 1 if self.greets_in_pieces else 1000):
                        connection.sendall(self.greeting[start:][: 1 if self.greets_in_pieces else 1000])
                fields: dict[str, str] = {}
                for line in lines:
                    if line != b"\r\n":
                        name, _, value = line.decode().rstrip("\r\n").partition(": ")
                        fields[name] = value
                    elif fields:
                        self.actions.append(fields)
                        if not self.is_mute and not self._answer(connection, fields):
                            return
                        fields = {}

    def _answer(self, connection: socket.socket, fields: dict[str, str]) -> bool:
        """Answer an action and return whether the connection stays open."""
        if not self.is_stopping:
            return self._carry_out(connection, fields)
        refusal = {"Response": "Error", "Message": "Asterisk is shutting down"}
        connection.sendall(packed(refusal | {"ActionID": fields.get("ActionID", "")}))
        return True

    def _carry_out(self, connection: socket.socket, fields: dict[str, str]) -> bool:
        action, number = fields.get("Action", ""), {"ActionID": fields.get("ActionID", "")}
        answer = {"Response": "Success"} | number
        if action == "Challenge":
            answer |= {"Challenge": "1234"} if self.has_md5 else {"Response": "Error", "Message": "None here"}
        elif action == "Login":
            self.logins += 1
            if refusal := self._login_refusal(fields):
                connection.sendall(packed(answer | {"Response": "Error", "Message": refusal}))
                return False
        elif action == "Getvar":
            names = (f"{fields.get('Channel')} {fields['Variable']}", fields["Variable"])
            values = [self.variables[name] for name in names if name in self.variables]
            answer |= {"Variable": fields["Variable"], "Value": values[0]} if values else {"Response": "Error"}
        elif action == "ListCommands":
            answer |= self.commands
        elif action == "CoreShowChannels":
            return self._list(connection, answer, number)
        elif action == "Originate":
            return self._originate(connection, answer)
        connection.sendall(packed(answer))
        if action == "Login":
            with self._lock:
                self._ready.append(connection)
            if self.booted:
                connection.sendall(packed({"Event": "FullyBooted", "Privilege": "system,all"}))
        return True

    def _login_refusal(self, fields: dict[str, str]) -> str:
        key = hashlib.md5(f"1234{self.secret}".encode()).hexdigest()
        if fields["Username"] != USER or (fields.get("Key") != key and fields.get("Secret") != self.secret):
            return "Authentication failed"
        return "Login Already In Use" if self.allows_one_login and self._ready else ""

    def _originate(self, connection: socket.socket, answer: dict[str, str]) -> bool:
        if self.originates == "takes":
            connection.sendall(packed(answer | {"Message": "Originate successfully queued"}))
        elif self.originates == "cuts":
            return False
        elif self.originates != "says nothing":
            connection.sendall(packed(answer | {"Response": "Error", "Message": self.originates}))
        return True

    def _list(self, connection: socket.socket, answer: dict[str, str], number: dict[str, str]) -> bool:
        if not self.may_list:
            connection.sendall(packed(answer | {"Response": "Error", "Message": "Permission denied"}))
            return True
        channels = list(self.channels)
        entries = [packed({"Event": "CoreShowChannel"} | number | channel) for channel in channels]
        whole = packed(answer | {"EventList": "start", "Message": "Channels will follow"}) + b"".join(entries)
        if self.cuts_lists:
            connection.sendall(whole[:-7])
            return False
        connection.sendall(
            whole
            + packed(
                {"Event": "CoreShowChannelsComplete", "EventList": "Complete", "ListItems": str(len(channels))} | number
            )
        )
        return True


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a self-signed certificate for the name pbx.office; return its file and a server's context with it."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/CN=pbx.office",
            "-addext",
            "subjectAltName=DNS:pbx.office",
            "-days",
            "2",
            "-keyout",
            str(key),
            "-out",
            str(made),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context
