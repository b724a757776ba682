"""Reads CSV, and columns copied out of a spreadsheet, as rows of text. Pure."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator

from obzvon.common.i18n import say
from obzvon.common.text import UndecodableTextError, decode_text
from obzvon.spreadsheets.cell_text import unescape_formula
from obzvon.spreadsheets.table import RowCollector, Table, TableRow, UnreadableTableError

_DELIMITERS = {"\t": say("tabs"), ";": say("semicolons"), ",": say("commas")}
_SAMPLE = 60_000
_SAMPLED_ROWS = 100
_STEP = 5_000
_NAMED_DELIMITER = re.compile(r"sep=([;,\t])\r?\n", re.IGNORECASE)


def read_csv(
    data: bytes,
    keep: Callable[[TableRow], None],
    *,
    pasted: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Pass each row to `keep` and return the table. Raises UnreadableTableError.

    `pasted`: the data comes from the clipboard, where a spreadsheet quotes only the cells that need it.
    """
    text, encoding = _decoded(data)
    named = _NAMED_DELIMITER.match(text)
    delimiter = named[1] if named else _delimiter(text)
    collector = RowCollector(keep)
    with_apostrophes = pasted or delimiter == "\t"  # only in CSV does an apostrophe protect a text
    for line, cells in enumerate(_records(text, delimiter, pasted=pasted), 1):
        if line % _STEP == 0:
            progress(min(1.0, line * 30 / len(text)))
        if named and line == 1:
            continue
        collector.add(line, cells if with_apostrophes else [unescape_formula(cell) for cell in cells])
    form = (
        say("pasted rows")
        if pasted
        else say("text in {encoding}, separated by {what}", encoding=encoding, what=_DELIMITERS[delimiter])
    )
    return Table(form, collector.rows, collector.columns, collector.empty)


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text, encoding = _decode(data, "utf-16"), "UTF-16"
    else:
        text, encoding = _decode_bytes(data)
    if (place := text.find("\0")) >= 0:
        raise UnreadableTableError(
            say("it is not a table: there is a zero byte in line {line}", line=text.count("\n", 0, place) + 1)
        )
    return text, encoding


def _decode_bytes(data: bytes) -> tuple[str, str]:
    try:
        return decode_text(data)
    except UndecodableTextError as error:
        if not error.is_damaged:
            raise _neither_encoding(data, error.position) from None
        raise UnreadableTableError(
            say(
                "a letter in line {line} is damaged, the rest is in UTF-8; save the file again",
                line=data.count(b"\n", 0, error.position) + 1,
            )
        ) from None


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise _neither_encoding(data, error.start) from None


def _neither_encoding(data: bytes, position: int) -> UnreadableTableError:
    return UnreadableTableError(
        say(
            "the text is neither UTF-8 nor UTF-16 nor Windows-1251 (line {line})",
            line=data.count(b"\n", 0, position) + 1,
        )
    )


def _delimiter(text: str) -> str:
    """Return the delimiter that splits most rows into the same number of columns, at least two."""
    sample = text[:_SAMPLE]
    scores = []
    for place, delimiter in enumerate(_DELIMITERS):
        counts: Counter[int] = Counter()
        for number, cells in enumerate(_split(sample, delimiter)):
            if number == _SAMPLED_ROWS:
                break
            counts[len(cells)] += len(cells) > 1
        columns, times = max(counts.items(), key=lambda found: found[1], default=(1, 0))
        scores.append((times, columns if times else 0, -place, delimiter))
    best = max(scores)
    return best[3] if best[0] else ";"


def _records(text: str, delimiter: str, *, pasted: bool) -> Iterator[list[str]]:
    """Split by the rules of CSV if the text keeps them, otherwise keep unclosed quotes as text."""
    if pasted or not _keeps_the_rules(text, delimiter):
        return _split(text, delimiter, bare=pasted)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _keeps_the_rules(text: str, delimiter: str) -> bool:
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True


def _split(text: str, delimiter: str, *, bare: bool = False) -> Iterator[list[str]]:
    """Yield records in which only a whole field between quotes counts as quoted.

    With `bare` it counts only if it needs the quotes: a spreadsheet copies the cell "Груз" unchanged and quotes a cell
    with a line break or a tab.
    """
    quoted = re.compile(rf'"((?:[^"]++|"")*+)"(?={delimiter}|\r|\n|\Z)')
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    end = re.compile(r"\r\n?|\n")
    cells: list[str] = []
    at = 0
    while at < len(text):
        found = quoted.match(text, at) if text[at] == '"' else None
        if found and bare and not ('""' in found[1] or any(char in found[1] for char in "\t\r\n")):
            found = None
        if found:
            cells.append(found[1].replace('""', '"'))
        else:
            found = plain.match(text, at)
            cells.append(found[0] if found else "")
        at = found.end() if found else at
        if at < len(text) and text[at] == delimiter:
            at += 1
            if at == len(text):
                cells.append("")
            continue
        if broken := end.match(text, at):
            at = broken.end()
        yield cells
        cells = []
    if cells:
        yield cells
