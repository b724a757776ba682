"""Parts of lists for tests: made-up people with numbers, CSV text, workbooks, and what a list is expected to hold."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import openpyxl

_SURNAMES = [
    "Сомов",
    "Щукин",
    "Карпов",
    "Ершов",
    "Окунев",
    "Язев",
    "Лещёв",
    "Сигов",
    "Налимов",
    "Судаков",
    "Линёв",
    "Плотвин",
]
_NAMES = ["Иван", "Пётр", "Олег", "Анна", "Вера", "Семён", "Глеб", "Мария", "Юрий", "Нина", "Лев", "Ольга"]


#: The rows of a table.
Rows = list[Any]


class DispatchersList(msgspec.Struct):
    """A file with its expected content: the numbers, their codes, and who must not be called."""

    origin: str
    file: str
    data: bytes
    #: Every number of the file as it is dialled.
    numbers: frozenset[str]
    codes: dict[str, str] = {}
    paused: frozenset[str] = frozenset()
    #: Texts in the place of a number that cannot be called.
    wrong: int = 0
    #: The file has no names.
    is_nameless: bool = False


class People:
    """Makes up people, no two with one number, and keeps the numbers that it has given out."""

    def __init__(self) -> None:
        self._count = 0
        self.numbers: list[str] = []
        self.codes: dict[str, str] = {}
        self.paused: list[str] = []

    def name(self) -> str:
        """Return the next surname and first name."""
        return f"{_SURNAMES[self._count % 12]} {_NAMES[(self._count * 5) % 12]}"

    def mobile(self, form: str = "8{}", *, paused: bool = False) -> str:
        """Return a new mobile number; `form` has the place of its ten digits."""
        self._count += 1
        return self._give_out(f"916{self._count:03}{(self._count * 37) % 10_000:04}", form, paused=paused)

    def office(self, form: str = "8{}", *, code: str = "", paused: bool = False) -> str:
        """Return a new number of an office in Moscow, with an extension code or without."""
        self._count += 1
        number = self._give_out(f"495{self._count + 200:03}{(self._count * 53) % 10_000:04}", form, paused=paused)
        if code:
            self.codes[self.numbers[-1]] = code
        return number

    def _give_out(self, digits: str, form: str, *, paused: bool) -> str:
        self.numbers.append("8" + digits)
        if paused:
            self.paused.append("8" + digits)
        if "{0}" in form:
            return form.format(digits[:3], digits[3:6], digits[6:8], digits[8:])
        return form.format(digits)

    def make_list(
        self,
        origin: str,
        file: str,
        data: bytes | str,
        encoding: str = "utf-8",
        *,
        wrong: int = 0,
        is_nameless: bool = False,
    ) -> DispatchersList:
        """Return the file with its expected content."""
        content = data.encode(encoding) if isinstance(data, str) else data
        return DispatchersList(
            origin,
            file,
            content,
            frozenset(self.numbers),
            dict(self.codes),
            frozenset(self.paused),
            wrong,
            is_nameless,
        )


DASHED = "8-{0}-{1}-{2}-{3}"
BRACKETED = "+7 ({0}) {1}-{2}-{3}"
SPACED = "8 {0} {1} {2} {3}"
PLUS = "+7{}"


def csv_text(rows: Iterable[Sequence[object]], delimiter: str = ";") -> str:
    """Return rows as CSV; a cell with a delimiter or a line break is quoted."""

    def cell(value: object) -> str:
        text = "" if value is None else str(value)
        return f'"{text}"' if any(char in text for char in f'{delimiter}\n"') else text

    return "".join(delimiter.join(map(cell, row)) + "\r\n" for row in rows)


def workbook(*sheets: tuple[str, Sequence[Sequence[object]]], merged: Sequence[str] = ()) -> bytes:
    """Return a workbook of these sheets; `merged` has the merged ranges of the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
