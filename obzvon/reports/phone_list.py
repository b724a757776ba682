"""Export of the list as CSV and XLSX, from which an import makes the same list."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
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


def write_phones_csv(phones: Iterable[Phone], stream: IO[bytes], language: str, day: date) -> None:
    """Write the list as Russian Excel opens it: UTF-8 with a BOM, `;` between fields, formulas behind an apostrophe.

    A zero byte, which no CSV can hold, becomes �. An absence that is not over on `day` is written in words; an import
    asks what they mean.
    """
    _write(_rows(phones, language, day), stream)


def write_refused_phones_csv(phones: Iterable[tuple[Phone, Message | None]], stream: IO[bytes], language: str) -> None:
    """Write rows that were refused, each with its reason, to be fixed and imported again."""
    headings = [heading.in_language(language) for heading in (*_HEADINGS, REASON)]
    words = _words(language)
    rows = (
        [*_fields(phone, words[phone.paused]), reason.in_language(language) if reason else ""]
        for phone, reason in phones
    )
    _write(chain([headings], rows), stream)


def write_phones_xlsx(phones: Iterable[Phone], stream: IO[bytes], language: str, day: date) -> None:
    """Write the list as a workbook of text; the stream must be seekable."""
    xlsx_writer.write_xlsx(stream, say("Numbers").in_language(language), _WIDTHS, _rows(phones, language, day))


def _write(rows: Iterable[list[str]], stream: IO[bytes]) -> None:
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline="")
    try:
        csv.writer(text, delimiter=";").writerows(
            [escape_formula(truncate_to_cell(field, MAX_CELL_UNITS - 1)).replace("\0", "\ufffd") for field in row]
            for row in rows
        )
    finally:
        text.detach()


def _rows(phones: Iterable[Phone], language: str, day: date) -> Iterator[list[str]]:
    yield [heading.in_language(language) for heading in _HEADINGS]
    words = _words(language)
    for phone in phones:
        absence = phone.absence.describe(day) if phone.absence and not phone.paused else None
        yield _fields(phone, absence.in_language(language) if absence else words[phone.paused])


def _fields(phone: Phone, pause: str) -> list[str]:
    return [phone.number, phone.code, phone.name, pause]


def _words(language: str) -> tuple[str, str]:
    """Return the words for no and yes. Each row has one, so that deleting a word resumes nobody by mistake."""
    return say("no").in_language(language), say("yes").in_language(language)
