"""Renders calls as call files, and parses archived call files for their outcome. Pure."""

import re

import msgspec

from obzvon.common.errors import ObzvonError
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm
from obzvon.domain.results import Disposition

# pbx_spool.c skips lines over 1,022 characters.
MAX_LINE_BYTES = 1000

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f;#\u2028\u2029\ud800-\udfff]")
# All that a number or a code may contain: 76@other/n would change the context. pbx_spool.c takes # for a comment at the
# beginning of a line and after a space only, and the code comes after "dtmf=".
_DIALLED = re.compile(r"[0-9*]+", re.ASCII)
_SENT = re.compile(r"[0-9*#w]{1,32}", re.ASCII)
_MESSAGE = re.compile(r"[0-9a-f]{32}", re.ASCII)

_STATUS = {"completed": Disposition.ANSWERED, "expired": Disposition.NOT_ANSWERED, "failed": Disposition.FAILED}


class UnsafeValueError(ObzvonError):
    """A value that would change the meaning of a call file; it is never written to one."""

    def __init__(self, key: str, value: str) -> None:
        super().__init__(
            say(
                "a call file's {key} cannot hold {value}: no control characters, “;”, “#” or lines "
                "over {n} bytes; a number holds only the digits 0–9 and *, a code # and w too",
                key=key,
                value=ascii(value[:80]),
                n=MAX_LINE_BYTES,
            )
        )


_NAME = re.compile(r"obzvon-([0-9a-z]+-[0-9a-f]+)-([0-9]{6,})-([0-9]+)\.call", re.ASCII)

# A whole file as it is staged: lines with a key, none of them Asterisk's own, and no newline after the last one.
_AS_STAGED = re.compile(
    rb"(?i:channel): [^\n\0]+(?:\n(?!(?i:startretry|endretry|abortretry|status))[A-Za-z]+:[^\n\0]*)+"
)
# A sweep appends this line to the file of a call that had not begun.
_MARK = re.compile(rb"\n; taken out before its call began, boot ([0-9a-f]+)\Z")
_WRITTEN_AT = re.compile(r"\((\d{1,18})\)", re.ASCII)


class CallFileName(msgspec.Struct, frozen=True, gc=False):
    """The call that a file belongs to, as its name says: the run's token, the position in the run, the attempt."""

    token: str
    position: int
    attempt: int


class CallStart(msgspec.Struct, frozen=True, gc=False):
    """The Asterisk that began a call, by its process id, and when, in whole seconds; 0 = unknown."""

    pid: int = 0
    at: int = 0


def call_file_name(token: str, position: int, attempt: int) -> str:
    """Return a name that no other call ever had: it contains the run's token, which is never used again."""
    return f"obzvon-{token}-{position:06d}-{attempt}.call"


def is_call_file_name(name: str) -> bool:
    """Return whether a file of this name is one of ours."""
    return _NAME.fullmatch(name) is not None


def parse_call_file_name(name: str) -> CallFileName | None:
    """Return the call that a file of this name belongs to, None if the file is not ours."""
    found = _NAME.fullmatch(name)
    return CallFileName(found[1], int(found[2]), int(found[3])) if found else None


class CallFileTemplate:
    """The call files of one form, with number and code left open.

    The common part is checked and rendered once, because a run may have a hundred thousand files.
    """

    def __init__(self, form: CallForm) -> None:
        tail = [
            _line("Context", form.context),
            _line("Extension", form.extension),
            _line("Priority", str(form.priority)),
        ]
        if form.archive:
            tail.append("Archive: yes")
        self._context = form.context
        self._has_account = form.account
        self._head = "\n".join(
            [
                _line("CallerID", form.caller_id),
                _line("MaxRetries", str(form.max_retries)),
                _line("RetryTime", str(form.retry_time)),
                _line("WaitTime", str(form.wait_time)),
            ]
        )
        # No newline after the last line, as the files have always been; pbx_spool.c accepts both.
        self._tail = "\n".join(tail)

    def render(self, number: str, code: str = "", name: str = "", message: str = "") -> bytes:
        """Return the bytes of one call file; raises `UnsafeValueError`. `name` is the file's.

        `message` is the sound that the call plays, by its 32 hexadecimal digits; '' = the dialplan's own.
        """
        refuse_undialable(number, code)
        refuse_no_message(message)
        lines = [_line("Channel", f"local/{number}@{self._context}"), self._head]
        if code:
            lines += [f"Setvar: dtmf={code}", f"Setvar: CALLEE={number}"]
        if message:
            lines.append(f"Setvar: message={message}")
        lines.append(self._tail)
        if self._has_account:
            lines.append(_line("Account", name.removesuffix(".call")))
        return "\n".join(lines).encode()


def parse_disposition(finished: bytes) -> Disposition | None:
    """Return how the call of an archived file ended.

    None until Asterisk has written the status, a moment after it has moved the file.
    """
    found = None
    for line in finished.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == "status":
            found = _STATUS.get(value.strip().lower(), Disposition.UNKNOWN)
    return found


def parse_start(text: bytes) -> CallStart | None:
    """Return what Asterisk has written about the beginning of the file's call; None if the file is as it was staged.

    Any byte more means that the call has begun: after a power cut the line (pbx_spool.c: StartRetry) may be there in
    part or as zero bytes. Then pid and time are 0.
    """
    if _AS_STAGED.fullmatch(_MARK.sub(b"", text)):
        return None
    found = CallStart()
    for line in text.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() == "startretry":
            pid, _, rest = value.strip().partition(" ")
            written = _WRITTEN_AT.search(rest)
            found = CallStart(int(pid) if pid.isdecimal() else 0, int(written[1]) if written else 0)
    return found


def mark_untouched(text: bytes, boot: str | None) -> bytes:
    """Return what to append to a file that was taken out under this boot of the machine; b"" if its call had begun.

    After another boot the look of a file proves nothing.
    """
    if boot is None or parse_start(text) is not None:
        return b""
    return f"\n; taken out before its call began, boot {boot}".encode()


def parse_mark(text: bytes) -> str | None:
    """Return under which boot the file was taken out before its call began; None if it is not marked so."""
    found = _MARK.search(text)
    return found[1].decode() if found and parse_start(text) is None else None


def refuse_unsafe(key: str, value: str, max_bytes: int) -> None:
    """Raise UnsafeValueError if a value has characters that affect the lines around it, or too many bytes."""
    if _UNSAFE.search(value) or len(value.encode()) > max_bytes:
        raise UnsafeValueError(key, value)


def refuse_undialable(number: str, code: str) -> None:
    """Raise UnsafeValueError if a number contains anything but digits and `*`, or a code but those, `#` and `w`."""
    if not _DIALLED.fullmatch(number):
        raise UnsafeValueError("Channel", number)
    if code and not _SENT.fullmatch(code):
        raise UnsafeValueError("Setvar", code)


def refuse_no_message(message: str) -> None:
    """Raise UnsafeValueError if a message is named by anything but 32 hexadecimal digits."""
    if message and not _MESSAGE.fullmatch(message):
        raise UnsafeValueError("Setvar", message)


def _line(key: str, value: str) -> str:
    line = f"{key}: {value}" if value else f"{key}:"
    refuse_unsafe(key, value, MAX_LINE_BYTES - len(key) - 2)
    return line
