"""The day record: a small file outside the journal that says which days were called, and from which journal.

It is a second witness. A journal that is new, restored or replaced does not know whom obzvon called today; the record
knows that somebody was called. It lies in the store, where the editor's user cannot write.
"""

import hashlib
import os
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from obzvon.common import files
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import say
from obzvon.journal.identity import DayConflict

PREFIX = ".obzvon-days-"
_MODE = 0o640
#: A run may continue past midnight; no decision looks further back.
_DAYS_KEPT = 7


class DayRecord(msgspec.Struct, frozen=True):
    """The days that were called, each with its last hand-over, and the journal from which the last one went.

    `hand_overs` is how many hand-overs that journal had counted then.
    """

    journal: str
    hand_overs: int
    address: str
    days: dict[date, datetime]

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
        return msgspec.structs.replace(self, days={day: at for day, at in sorted(merged.items()) if day >= first})


class DayRecordFile:
    """The day record on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> DayRecord | None:
        """Return the record; None if there is none. Raise OSError, or UserError if it is damaged."""
        try:
            data = self.path.read_bytes()
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
        try:
            files.make_folder(self.path.parent)
            files.write_durably(self.path, msgspec.json.encode(record), _MODE)
        except OSError as error:
            raise UserError(
                [
                    Problem(
                        str(self.path),
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
    names = "\0".join(os.path.realpath(document) for document in documents)
    return folder / f"{PREFIX}{hashlib.sha256(names.encode()).hexdigest()[:16]}.json"
