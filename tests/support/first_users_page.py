"""The first users' page: changes the documents by the rules of PHP's json_encode.

JSON_NUMERIC_CHECK: texts that look like numbers become numbers, in all rows. JSON_FORCE_OBJECT: lists become objects.
The page keeps only the number and the code of a row, and writes in place.
"""

import json
import re
from pathlib import Path

_NUMERIC = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*", re.ASCII)


class PageOfFirstUsers:
    """The page, on the documents of a folder."""

    def __init__(self, folder: Path) -> None:
        self._todo = folder / "todo.json"

    def add(self, number: str, code: str) -> None:
        """Add a row under the next key, as PHP's `$rows[] =` does."""
        rows = self._rows()
        key = max((int(key) for key in rows if key.isdecimal()), default=-1) + 1
        self._save({**rows, str(key): [number, code]})

    def edit(self, key: str, number: str, code: str) -> None:
        """Replace a row."""
        self._save({**self._rows(), key: [number, code]})

    def delete(self, key: str) -> None:
        """Delete a row."""
        rows = self._rows()
        del rows[key]
        self._save(rows)

    def save_week(self, times: list[str]) -> None:
        """Save the seven times of its form. The page shows our dates as an eighth field, and ignores it on a save."""
        path = self._todo.with_name("schedule.json")
        week = json.loads(path.read_bytes()) | {str(day): start for day, start in enumerate(times[:7], 1)}
        path.write_text(json.dumps(as_php(week)))

    def _rows(self) -> dict[str, object]:
        rows: dict[str, object] = json.loads(self._todo.read_bytes())
        return rows

    def _save(self, rows: object) -> None:
        with self._todo.open("r+b") as stream:
            stream.truncate()
            stream.write(json.dumps(as_php(rows), separators=(",", ":")).encode())


def as_php(value: object) -> object:
    """Return the value as such a save changes it."""
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if isinstance(value, dict):
        return {key: as_php(item) for key, item in value.items()}
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        number = float(value)
        whole = int(value) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", value, re.ASCII) else None
        if whole is not None and -(2**63) <= whole < 2**63:
            return whole
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    return value
