"""The logs: one file a day in dir_logs, and the terminal. Whatever happens to them, the calling goes on.

`set_up_logging(folder, zone, …)` once a process; after that everything goes to ``logging.getLogger("obzvon")``.

The handlers of the standard library do not fit: TimedRotatingFileHandler renames the file of the day that has passed,
at the first line after midnight, which loses lines when the service, a `run --once` and the command line do so at the
same time; and it counts the hours of its own process, not the days of the settings' time zone. Here each line goes to
the file that its own time names, so that there is nothing to turn over, and a clock set back does no harm. The file is
opened for each line: who removes one, or a whole folder, gets a new one.
"""

import contextlib
import logging
import os
import re
import select
import sys
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TextIO

from obzvon.common import files
from obzvon.common.errors import Problem, os_error_reason
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escape_controls, escape_values

_MODE = 0o640
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.log", re.ASCII)


def set_up_logging(folder: Path, zone: tzinfo, *, level: str, keep_days: int, terminal: bool) -> None:
    """Sends the logger "obzvon" to the day's file in dir_logs and, if wanted, to stderr; a second call replaces it."""
    log = logging.getLogger("obzvon")
    remove_log_handlers()
    layout = LogFormatter(zone)
    handlers: list[logging.Handler] = [DailyFileHandler(folder, zone, keep_days=keep_days)]
    if terminal:
        handlers.append(TerminalHandler())
    for handler in handlers:
        handler.setFormatter(layout)
        log.addHandler(handler)
    log.setLevel(level)


def remove_log_handlers() -> None:
    """Takes off what `set_up_logging` has put on."""
    log = logging.getLogger("obzvon")
    for handler in log.handlers.copy():
        if isinstance(handler, DailyFileHandler | TerminalHandler):
            log.removeHandler(handler)
            handler.close()


def log_file_name(day: date) -> str:
    """The name of a day's file."""
    return f"{day.isoformat()}.log"


class LogFormatter(logging.Formatter):
    """`2026-11-22 09:00:00 INFO text` by the clock of `zone`; what more lines there are stand indented under it.

    A value cannot begin a line: what operators have written comes here with every newline and control character
    escaped. Only the newlines of our own sentences are kept.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """The record's lines, without a newline at the end."""
        at = datetime.fromtimestamp(record.created, self._zone)
        first, *rest = _text(record).rstrip("\n").split("\n")
        lines = [f"{at:%Y-%m-%d %H:%M:%S} {record.levelname} {first}", *(f"    {line.lstrip()}" for line in rest)]
        if record.exc_info:
            lines += (f"    {line}" for line in self.formatException(record.exc_info).split("\n"))
        return "\n".join(map(escape_controls, lines))


class DailyFileHandler(logging.Handler):
    """Appends each line to the file of its day; trouble is told once on stderr, until a line can be written again."""

    def __init__(self, folder: Path, zone: tzinfo, *, keep_days: int) -> None:
        super().__init__()
        self._folder = folder
        self._zone = zone
        self._keep_days = keep_days
        self._tidied: date | None = None
        self._lost = 0
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line; raises nothing."""
        try:
            line = self._told_loss(record) + self.format(record) + "\n"
        except Exception:  # a sentence that cannot be put together is a mistake of ours, and no reason to stop
            self.handleError(record)
            return
        day = datetime.fromtimestamp(record.created, self._zone).date()
        try:
            self._append(self._folder / log_file_name(day), line)
        except OSError as error:
            self._lost += 1
            if self._lost == 1:
                _print(
                    str(
                        Problem(
                            str(self._folder),
                            say("the log cannot be written: {why}", why=os_error_reason(error)),
                            say("make room or mend the rights: the log goes on by itself, and all else goes on anyhow"),
                        )
                    )
                )
            return
        self._lost = 0
        if self._tidied != day:
            self._tidied = day
            self._tidy(day)

    def _told_loss(self, record: logging.LogRecord) -> str:
        """The line that stands in the log for those that do not, if there are any."""
        if not self._lost:
            return ""
        text = say_many(
            "{n} line could not be written to the log", "{n} lines could not be written to the log", self._lost
        )
        loss = logging.LogRecord(record.name, logging.WARNING, "", 0, text, None, None)
        loss.created = record.created
        return f"{self.format(loss)}\n"

    def _append(self, path: Path, line: str) -> None:
        try:
            file = _open(path)
        except FileNotFoundError:
            files.make_folder(self._folder)
            files.make_file(path, _MODE)
            file = _open(path)
        try:
            # One write a line: other processes append to the same file.
            data = ("\n" + line if self._torn else line).encode("utf-8", "backslashreplace")
            written = os.write(file, data)
            self._torn = written < len(data)
            if self._torn:
                os.write(file, data[written:])  # says why, as a full disk
                self._torn = False
        finally:
            os.close(file)

    def _tidy(self, day: date) -> None:
        """Deletes the files of days that are past keeping; only names that we give are ours."""
        if not self._keep_days:
            return
        with contextlib.suppress(OSError, OverflowError):  # it stays until tomorrow
            oldest = day - timedelta(days=self._keep_days)
            for path in self._folder.iterdir():
                found = _NAME.fullmatch(path.name)
                if found and _is_before(found[1], oldest):
                    path.unlink()


class TerminalHandler(logging.Handler):
    """Writes to whatever stderr is at the moment, as a progress bar may have taken its place."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line; raises nothing."""
        try:
            line = self.format(record)
        except Exception:  # as in the file
            self.handleError(record)
            return
        _print(line)


def _open(path: Path) -> int:
    """Neither a link nor a pipe is a log: whoever may write in the folder could lead our lines into a call file."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)


def _text(record: logging.LogRecord) -> str:
    message = escape_values(record.msg) if isinstance(record.msg, Message) else str(record.msg)
    if isinstance(record.args, Mapping):
        return str(message) % {name: escape_values(value) for name, value in record.args.items()}
    return str(message) % tuple(map(escape_values, record.args)) if record.args else str(message)


def _is_before(text: str, day: date) -> bool:
    try:
        return date.fromisoformat(text) < day
    except ValueError:
        return False


def _print(line: str) -> None:
    # sys.stderr is None in a process without one; a pipe may have been closed at its other end.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if not _takes_more(sys.stderr):
            return
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _takes_more(stream: TextIO) -> bool:
    """Whether a line can be written without waiting: a pipe that nobody reads must not stop the calling."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0)[1])
    except (OSError, ValueError):  # no descriptor, as a progress bar or a test has put in its place
        return True
