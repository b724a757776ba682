"""Export of the list as CSV and XLSX, from which an import makes the same list."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO

from obzvon.common.i18n import Message, say
from obzvon.domain.phones import Phone
from obzvon.reports.call_report import CODE, NAME, NUMBER, REASON
from obzvon.spreadsheets import xlsx_writer
from obzvon.spreadsheets.cell_text import MAX_CELL_UNITS, escape_formula, truncate_to_cell

PAUSED = say("Pause")
_HEADINGS = (NUMBER, CODE, NAME, PAUSED)
_WIDTHS = (20, 18, 40, 10)


def write_phones_csv(phones: Iterable[Phone], stream: IO[bytes], language: str) -> None:
    """Write the list as Russian Excel opens it: UTF-8 with a BOM, `;` between fields, formulas behind an apostrophe.

    A zero byte, which no CSV can hold, becomes �.
    """
    _write(_rows(phones, language), stream)


def write_refused_phones_csv(phones: Iterable[tuple[Phone, Message | None]], stream: IO[bytes], language: str) -> None:
    """Write rows that were refused, each with its reason, to be fixed and imported again."""
    headings = [heading.in_language(language) for heading in (*_HEADINGS, REASON)]
    words = _words(language)
    rows = ([*_fields(phone, words), reason.in_language(language) if reason else ""] for phone, reason in phones)
    _write(chain([headings], rows), stream)


def write_phones_xlsx(phones: Iterable[Phone], stream: IO[bytes], language: str) -> None:
    """Write the list as a workbook of text; the stream must be seekable."""
    xlsx_writer.write_xlsx(stream, say("Numbers").in_language(language), _WIDTHS, _rows(phones, language))


def _write(rows: Iterable[list[str]], stream: IO[bytes]) -> None:
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
    try:
        csv.writer(text, delimiter=";").writerows(
            [escape_formula(truncate_to_cell(field, MAX_CELL_UNITS - 1)).replace("\0", "\ufffd") for field in row]
            for row in rows
        )
    finally:
        text.detach()


def _rows(phones: Iterable[Phone], language: str) -> Iterator[list[str]]:
    yield [heading.in_language(language) for heading in _HEADINGS]
    words = _words(language)
    for phone in phones:
        yield _fields(phone, words)


def _fields(phone: Phone, words: tuple[str, str]) -> list[str]:
    return [phone.number, phone.code, phone.name, words[phone.paused]]


def _words(language: str) -> tuple[str, str]:
    """Return the words for no and yes. Each row has one, so that deleting a word resumes nobody by mistake."""
    return say("no").in_language(language), say("yes").in_language(language)
