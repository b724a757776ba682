"""The day record: a small file outside the journal that says which days were called, and from which journal.

It is a second witness. A journal that is new, restored or replaced does not know whom obzvon called today; the record
knows that somebody was called, and the files beside it who. They lie in the store, where the editor's user cannot
write.
"""

import contextlib
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from obzvon.common import files, safe_open
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import say
from obzvon.journal.called_numbers import CalledNumbersFiles
from obzvon.journal.identity import DayConflict

PREFIX = ".obzvon-days-"
_MODE = 0o640
_MAX_BYTES = 1_000_000
#: A run may continue past midnight; no decision looks further back.
_DAYS_KEPT = 7


class DayRecord(msgspec.Struct, frozen=True):
    """The days that were called, each with its last hand-over, and the journal from which the last one went.

    `hand_overs` is how many hand-overs that journal had counted then. `recorded` is how many calls of a day the files
    of called numbers have; a day that is not in it is not recorded whole there.
    """

    journal: str
    hand_overs: int
    address: str
    days: dict[date, datetime]
    recorded: dict[date, int] = {}

    def conflict_with(self, journal: str, hand_overs: int) -> DayConflict | None:
        """Return the conflict with a journal of this identity and count: None if it knows everything recorded here."""
        is_copy = journal == self.journal
        if not self.days or (is_copy and self.hand_overs <= hand_overs):
            return None
        day = max(self.days)
        return DayConflict(day, self.days[day], self.address, is_copy)

    def with_days(self, days: Mapping[date, datetime]) -> "DayRecord":
        """Return the record with these days, too, and without those that are long past."""
        merged = {**self.days, **days}
        first = max(merged, default=date.min + timedelta(_DAYS_KEPT)) - timedelta(_DAYS_KEPT)
        days = {day: at for day, at in sorted(merged.items()) if day >= first}
        return msgspec.structs.replace(
            self, days=days, recorded={day: count for day, count in self.recorded.items() if day in days}
        )

    def with_calls(self, day: date, at: datetime, count: int) -> "DayRecord":
        """Return the record after a hand-over of that many calls, which the file of that day has already."""
        found = self.with_days({day: at})
        is_whole = day in self.recorded or day not in self.days
        if not is_whole:  # an older version recorded the beginning of the day, and no numbers
            return found
        return msgspec.structs.replace(found, recorded={**found.recorded, day: self.recorded.get(day, 0) + count})


class DayRecordFile:
    """The day record on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._numbers = CalledNumbersFiles(path.parent, path.stem.removeprefix(PREFIX))

    def load(self) -> DayRecord | None:
        """Return the record; None if there is none. Raise OSError, or UserError if it is damaged."""
        try:
            data, _ = safe_open.read_file(self.path, _MAX_BYTES)
        except FileNotFoundError:
            return None
        try:
            return msgspec.json.decode(data, type=DayRecord)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserError(
                [
                    Problem(
                        str(self.path),
                        say("the record of the days that were called is damaged: {why}", why=error),
                        say(
                            "nobody is called until it is gone: see in the editor whom obzvon called today, "
                            "delete the file, and restart the service"
                        ),
                    )
                ]
            ) from error

    def save(self, record: DayRecord) -> None:
        """Write the record durably. Raise UserError: without it no call may be handed over."""
        with self._write_errors():
            files.make_folder(self.path.parent)
            files.write_durably(self.path, msgspec.json.encode(record), _MODE)

    def load_called(self, record: DayRecord, day: date) -> set[tuple[str, str]] | None:
        """Return the numbers, with their codes, that were handed over on that day; None if not all are known.

        Raise OSError.
        """
        recorded, found = record.recorded.get(day), self._numbers.load(day)
        return None if recorded is None or len(found) < recorded else set(found)

    def append_called(self, day: date, numbers: Sequence[tuple[str, str]]) -> None:
        """Record durably that these numbers are being handed over. Raise UserError, as `save` does."""
        with self._write_errors():
            self._numbers.append(day, numbers)

    def replace_called(self, called: Mapping[date, Collection[tuple[str, str]]]) -> None:
        """Write again which numbers were handed over on these days. Raise UserError."""
        with self._write_errors():
            for day, numbers in called.items():
                self._numbers.replace(day, numbers)

    def remove_days_except(self, days: Collection[date]) -> None:
        """Delete the numbers of days that are long past. Raise UserError."""
        with self._write_errors():
            self._numbers.remove_except(days)

    @contextlib.contextmanager
    def _write_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(
                [
                    Problem(
                        error.filename or str(self.path),
                        say(
                            "the record of the days that were called cannot be written: {why}",
                            why=os_error_reason(error),
                        ),
                        say("make room there, or give the folder to the service's user; nobody is called before that"),
                    )
                ]
            ) from error


def day_record_path(folder: Path, *documents: Path) -> Path:
    """Return the path of the record of the campaign that has these documents, the list and the schedule.

    Several campaigns may share a folder; a moved settings.ini or another journal is still the same campaign.
    """
    names = "\0".join(map(_real_path, documents))
    return folder / f"{PREFIX}{hashlib.sha256(names.encode()).hexdigest()[:16]}.json"


def _real_path(document: Path) -> str:
    """Return the document's path without links; the path as named if another user has put a link there.

    Otherwise anybody who may write in the folder could lead the service to another record, or to none.
    """
    try:
        return str(safe_open.resolve_links(document))
    except OSError:
        return str(document.absolute())
