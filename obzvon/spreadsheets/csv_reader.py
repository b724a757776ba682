"""Reads CSV, lists out of messengers, and columns copied out of a spreadsheet, as rows of text. Pure."""

import re
from collections.abc import Callable

import msgspec

from obzvon.common.i18n import Message, say
from obzvon.spreadsheets.cell_text import unescape_formula, unquote_formula
from obzvon.spreadsheets.dividers import DIVIDERS, SEMICOLON, Divider, divide, find_divider
from obzvon.spreadsheets.messages import lines_of_one_row, remove_stamps
from obzvon.spreadsheets.table import RowCollector, Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.text_encoding import decode_table
from obzvon.spreadsheets.vcard_reader import is_vcard, read_vcard

_STEP = 5_000
_NAMED_DELIMITER = re.compile(r"sep=([;,\t|])\r?\n", re.IGNORECASE)
#: The end of a file of DOS.
_DOS_END = "\x1a"


def read_csv(
    data: bytes,
    keep: Callable[[TableRow], None],
    *,
    pasted: bool = False,
    progress: Callable[[float], None] = lambda _: None,
) -> Table:
    """Pass each row of a list or of contacts to `keep` and return the table. Raises UnreadableTableError.

    `pasted`: the data comes from the clipboard, where a spreadsheet quotes only the cells that need it.
    """
    text, encoding = decode_table(data)
    if is_vcard(text):
        return read_vcard(text, keep)
    if _is_json(text):
        raise UnreadableTableError(say("it is JSON, for programs; choose a file .xlsx or .csv"))
    return _read_list(text, encoding, keep, pasted=pasted, progress=progress)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        return isinstance(msgspec.json.decode(text), dict | list)
    except (msgspec.DecodeError, RecursionError):
        return False


def _read_list(
    text: str,
    encoding: str,
    keep: Callable[[TableRow], None],
    *,
    pasted: bool,
    progress: Callable[[float], None],
) -> Table:
    text = text.rstrip(_DOS_END)
    notes: list[Message] = []
    if (separate := lines_of_one_row(text)) is not None:
        text = separate
        notes.append(say("all of it is in one line; here each phone number has a row"))
    if (unstamped := remove_stamps(text)) is not None:
        text = unstamped
        notes.append(say("the time before each message is left out"))
    named = _NAMED_DELIMITER.match(text)
    divider = Divider(named[1]) if named else find_divider(text)
    collector = RowCollector(keep)
    with_apostrophes = pasted or divider.name == "\t"  # only in CSV does an apostrophe protect a text
    for line, cells in enumerate(divide(text, divider, pasted=pasted), 1):
        if line % _STEP == 0:
            progress(min(1.0, line * 30 / len(text)))
        if named and line == 1:
            continue
        texts = [unquote_formula(cell) if "=" in cell else cell for cell in cells]
        collector.add(line, texts if with_apostrophes else list(map(unescape_formula, texts)))
    return Table(_form(encoding, divider, pasted=pasted), collector.rows, collector.columns, collector.empty, notes)


def _form(encoding: str, divider: Divider, *, pasted: bool) -> Message:
    if pasted:
        return say("pasted rows")
    what = DIVIDERS.get(divider.name, DIVIDERS[SEMICOLON])
    return say("text in {encoding}, {what}", encoding=encoding, what=what)
