"""The problems found in one settings.ini, each with its place in the file."""

import re
from collections.abc import Mapping
from pathlib import Path

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say, say_many
from obzvon.settings.ini import IniEntry

_MAX_PROBLEMS = 20


class SettingsFaults:
    """Collects what is wrong (`problems`) and which values were replaced by a fallback (`notes`)."""

    def __init__(self, file: Path, entries: Mapping[tuple[str, str], IniEntry]) -> None:
        self._file = file
        self._entries = entries
        self.problems: list[Problem] = []
        self.notes: list[Problem] = []

    def add(self, section: str, key: str, what: Message, remedy: Message) -> None:
        """Add a problem of that key."""
        self.problems.append(Problem(self._place(section, key), what, remedy))

    def add_at(self, line: int, place: str, what: Message, remedy: Message) -> None:
        """Add a problem in that line."""
        self.problems.append(Problem(f"{self._file}:{line} {place}", what, remedy))

    def note(self, section: str, key: str, what: Message, remedy: Message) -> None:
        """Add a note on that key: the settings can be used all the same."""
        self.notes.append(Problem(self._place(section, key), what, remedy))

    def raise_if_any(self) -> None:
        """Raise UserError with the first problems, in the order of the file."""
        if not self.problems:
            return
        found = sorted(self.problems, key=lambda problem: _line(problem.where))
        if more := len(found) - _MAX_PROBLEMS if len(found) > _MAX_PROBLEMS else 0:
            rest = Problem(
                str(self._file),
                say_many("{n} more thing is wrong", "{n} more things are wrong", more),
                say("fix these first, then run: obzvon check"),
            )
            found = [*found[:_MAX_PROBLEMS], rest]
        raise UserError(found)

    def _place(self, section: str, key: str) -> str:
        entry = self._entries.get((section.lower(), key))
        return f"{self._file}:{entry.line} [{section}] {key}" if entry else f"{self._file} [{section}] {key}"


def _line(where: str) -> int:
    found = re.search(r":(\d+)( \[|$)", where)
    return int(found[1]) if found else 0
