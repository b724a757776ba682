"""Reads the zip of XML parts that a workbook is, piece by piece and within limits.

openpyxl trusts what a file says about itself: a cell in the last column of the last row makes it fill all cells before,
a part is unpacked whole before its size is known, and reading takes five times as long. Here unpacked bytes are counted
as they come, only cells that are in the file take memory, and XML with a document type, which entities need, is refused
at its first line.
"""

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from obzvon.common.i18n import say
from obzvon.spreadsheets.table import UnreadableTableError

Attributes = dict[str, str]

MAX_PARTS = 2_000
#: Of all parts that are read. A sheet of a million rows has 200 million bytes.
MAX_UNPACKED_BYTES = 400_000_000
#: An ordinary sheet unpacks to 10 to 100 times its size; the format allows 1,000 times.
_MAX_RATIO = 300
#: A part may have this size whatever the ratio.
_ALWAYS_ALLOWED_BYTES = 5_000_000
_PIECE_BYTES = 65_536
_MAX_DEPTH = 64
#: Of a tag with its attributes.
_MAX_TAG_BYTES = 1_000_000
_ENCRYPTED = 0x1
_DAMAGE_ERRORS = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError)


class XlsxPackage:
    """The parts by name. Case is ignored, as files of 1C need it."""

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(stream)
            parts = self._zip.infolist()
        except _DAMAGE_ERRORS as error:
            raise damaged_error() from error
        if len(parts) > MAX_PARTS:
            raise UnreadableTableError(
                say("it has {given} parts; a workbook has at most {most}", given=len(parts), most=MAX_PARTS)
            )
        self._parts = {part.filename.lower().lstrip("/"): part for part in parts}
        self._unpacked = 0

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def has_lists(self) -> bool:
        """Return whether there are files in it that can be lists."""
        return any(name.endswith((".xlsx", ".xls", ".csv", ".txt", ".ods", ".vcf")) for name in self._parts)

    def size(self, name: str) -> int:
        """Return the size in bytes that the part claims."""
        return self._parts[name.lower()].file_size if name in self else 0

    def head(self, name: str, length: int) -> bytes:
        """Return the first bytes of a part, b"" if it does not exist."""
        return next(self.pieces(name), b"")[:length] if name in self else b""

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part piece by piece. Raises UnreadableTableError if it is damaged or exceeds a limit."""
        part = self._parts.get(name.lower())
        if part is None:
            raise damaged_error()
        if part.flag_bits & _ENCRYPTED:
            raise UnreadableTableError(say("it is protected by a password; save it without one"))
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged_error()
        most = max(part.compress_size * _MAX_RATIO, _ALWAYS_ALLOWED_BYTES)
        size = 0
        try:
            with self._zip.open(part) as stream:
                while piece := stream.read(_PIECE_BYTES):
                    size += len(piece)
                    self._unpacked += len(piece)
                    if size > most or self._unpacked > MAX_UNPACKED_BYTES:
                        raise too_large_error()
                    yield piece
        except (*_DAMAGE_ERRORS, RuntimeError, zlib.error) as error:
            raise damaged_error() from error


def parse_xml(
    pieces: Iterator[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _: None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Call `start`, `end` and `text` for each element, by its name without a prefix. Raises UnreadableTableError."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def begin(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise damaged_error()
        start(name.rpartition(":")[2] if ":" in name else name, attributes)

    def finish(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(":")[2] if ":" in name else name)

    def refuse(*_: object) -> None:
        raise UnreadableTableError(say("its XML has a document type, which no workbook needs; it is not read"))

    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        _feed(parser, pieces)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise damaged_error() from error


def _feed(parser: expat.XMLParserType, pieces: Iterator[bytes]) -> None:
    given = 0
    for piece in pieces:
        parser.Parse(piece, False)
        given += len(piece)
        if given - parser.CurrentByteIndex > _MAX_TAG_BYTES:  # expat reads an open tag again with every piece
            raise too_large_error()
    parser.Parse(b"", True)


def resolve_target(base: str, named: str) -> str:
    """Return the name of the part that a part in the folder `base` refers to."""
    return posixpath.normpath(named.lstrip("/") if named.startswith("/") else posixpath.join(base, named))


def damaged_error() -> UnreadableTableError:
    """Return the error for a file that is not a whole workbook."""
    return UnreadableTableError(say("the workbook is damaged; open it in Excel, save it again as .xlsx and try again"))


def too_large_error() -> UnreadableTableError:
    """Return the error for a file that unpacks to more than the limit."""
    return UnreadableTableError(say("it is too large when unpacked; delete the sheets and columns that are not needed"))
