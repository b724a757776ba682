"""The logs: one file a day in dir_logs, and the terminal. A fault of theirs never stops the calls.

Call `set_up_logging(folder, zone, …)` once in a process, then log to ``logging.getLogger("obzvon")``.

The handlers of the standard library do not fit. TimedRotatingFileHandler renames yesterday's file at the first line
after midnight, which loses lines when the service, a `run --once` and the command line do so at the same time; and it
counts the hours of its own process, not the days of the settings' time zone. Here each line goes to the file that its
own time names: there is nothing to rotate, and a clock set back does no harm. The file is opened for each line, so a
removed file or folder is created again.
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

from obzvon.common import files, safe_open
from obzvon.common.errors import Problem, os_error_reason
from obzvon.common.i18n import Message, say, say_many
from obzvon.common.text import escape_controls, escape_values

_MODE = 0o640
_NAME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.log", re.ASCII)


def set_up_logging(folder: Path, zone: tzinfo, *, level: str, keep_days: int, terminal: bool) -> None:
    """Send the logger "obzvon" to the day's file in dir_logs and, if wanted, to stderr. Replaces earlier handlers."""
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
    """Remove the handlers that `set_up_logging` added."""
    log = logging.getLogger("obzvon")
    for handler in log.handlers.copy():
        if isinstance(handler, DailyFileHandler | TerminalHandler):
            log.removeHandler(handler)
            handler.close()


def log_file_name(day: date) -> str:
    """Return the name of a day's file."""
    return f"{day.isoformat()}.log"


def log_to_terminal(zone: tzinfo) -> None:
    """Write warnings to the terminal in the layout of the files, for a program that writes no files."""
    handler = TerminalHandler()
    handler.setFormatter(LogFormatter(zone))
    log = logging.getLogger("obzvon")
    log.addHandler(handler)
    log.setLevel(logging.WARNING)


class LogFormatter(logging.Formatter):
    """Formats `2026-11-22 09:00:00 INFO text` in the time of `zone`, with further lines indented under it.

    A value cannot begin a line: newlines and control characters in text from operators are escaped. Only the newlines
    of our own sentences are kept.
    """

    def __init__(self, zone: tzinfo) -> None:
        super().__init__()
        self._zone = zone

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines, without a newline at the end."""
        at = datetime.fromtimestamp(record.created, self._zone)
        first, *rest = _text(record).rstrip("\n").split("\n")
        lines = [f"{at:%Y-%m-%d %H:%M:%S} {record.levelname} {first}", *(f"    {line.lstrip()}" for line in rest)]
        if record.exc_info:
            lines += (f"    {line}" for line in self.formatException(record.exc_info).split("\n"))
        return "\n".join(map(escape_controls, lines))


class DailyFileHandler(logging.Handler):
    """Appends each line to the file of its day. A failure is reported once on stderr until a line is written again."""

    def __init__(self, folder: Path, zone: tzinfo, *, keep_days: int) -> None:
        super().__init__()
        self._folder = folder
        self._zone = zone
        self._keep_days = keep_days
        self._tidied: date | None = None
        self._lost = 0
        self._torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line. Raises nothing."""
        try:
            line = self._loss_line(record) + self.format(record) + "\n"
        except Exception:  # a sentence that cannot be formatted is our bug and no reason to stop
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
                            say(
                                "make room or fix the permissions: logging resumes by itself, and "
                                "everything else continues meanwhile"
                            ),
                        )
                    )
                )
            return
        self._lost = 0
        if self._tidied != day:
            self._tidied = day
            self._tidy(day)

    def _loss_line(self, record: logging.LogRecord) -> str:
        """Return the line that says how many could not be written, or '' if none was lost."""
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
            self._write(path, line)
        except FileNotFoundError:
            files.make_folder(self._folder)
            files.make_file(path, _MODE)
            self._write(path, line)

    def _write(self, path: Path, line: str) -> None:
        # A writer of the folder could lead our lines into a call file: links and pipes are refused.
        with safe_open.open_file(path, os.O_WRONLY | os.O_APPEND, follow=False) as file:
            # One write a line: other processes append to the same file.
            data = ("\n" + line if self._torn else line).encode("utf-8", "backslashreplace")
            written = os.write(file, data)
            self._torn = written < len(data)
            if self._torn:
                os.write(file, data[written:])  # raises the reason, for example a full disk
                self._torn = False

    def _tidy(self, day: date) -> None:
        """Delete the files of days before `keep_days`; only files with our names."""
        if not self._keep_days:
            return
        with contextlib.suppress(OSError, OverflowError):  # try again tomorrow
            oldest = day - timedelta(days=self._keep_days)
            with safe_open.open_folder(self._folder) as folder:
                for path in Path(f"/proc/self/fd/{folder}").iterdir():
                    found = _NAME.fullmatch(path.name)
                    if found and _is_before(found[1], oldest):
                        os.unlink(path.name, dir_fd=folder)


class TerminalHandler(logging.Handler):
    """Writes to the current sys.stderr, which a progress bar may have replaced."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line. Raises nothing."""
        try:
            line = self.format(record)
        except Exception:  # as in the file
            self.handleError(record)
            return
        _print(line)


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
    # sys.stderr is None in a process without one; the other end of a pipe may be closed.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if not _takes_more(sys.stderr):
            return
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _takes_more(stream: TextIO) -> bool:
    """Return whether a line can be written without blocking: a pipe that nobody reads must not stop the calls."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0)[1])
    except (OSError, ValueError):  # no descriptor: a progress bar or a test replaced it
        return True
