"""The numbers that were handed over, one file a day beside the day record.

Written before each hand-over, as the day record is, so that another journal can call only the others.
"""

from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path

from obzvon.common import files, safe_open

PREFIX = ".obzvon-called-"
_MODE = 0o640
#: Ten million calls have less.
_MAX_BYTES = 1_000_000_000
_NEWLINE = b"\n"


class CalledNumbersFiles:
    """The files of one campaign; `name` tells its files from another's in the same folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._start = f"{PREFIX}{name}-"

    def append(self, day: date, numbers: Iterable[tuple[str, str]]) -> None:
        """Add numbers with their codes, durably. Raise OSError."""
        path = self._path(day)
        files.make_folder(self._folder)
        if not path.exists():
            files.write_durably(path, _lines(numbers), _MODE)
            return
        files.append_durably(path, _NEWLINE + _lines(numbers))  # the last line may be torn after a power cut

    def replace(self, day: date, numbers: Iterable[tuple[str, str]]) -> None:
        """Write the file of a day again, durably. Raise OSError."""
        files.make_folder(self._folder)
        files.write_durably(self._path(day), _lines(numbers), _MODE)

    def load(self, day: date) -> list[tuple[str, str]]:
        """Return the numbers and codes as they were handed over, one twice if it was so; raise OSError."""
        try:
            text = safe_open.read_file(self._path(day), _MAX_BYTES)[0].decode("ascii", "replace")
        except FileNotFoundError:
            return []
        found = [line.partition("\t") for line in text.split("\n") if line]
        return [(number, code) for number, _, code in found]

    def remove_except(self, days: Collection[date]) -> None:
        """Delete the files of other days. Raise OSError."""
        kept = {self._path(day).name for day in days}
        for path in self._folder.glob(f"{self._start}*.txt"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def _path(self, day: date) -> Path:
        return self._folder / f"{self._start}{day.isoformat()}.txt"


def _lines(numbers: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{number}\t{code}\n" for number, code in numbers).encode("ascii", "replace")
