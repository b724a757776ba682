"""The zip of XML parts that a workbook is, read bit by bit and no further than the limits go.

openpyxl takes what a file says of itself for true: a cell in the last column of the last row makes it fill the rest, a
part is unpacked whole before anybody knows its size, and reading takes five times as long. Here what is unpacked is
counted while it comes, nothing is held that was not written into the file, and XML with a document type, which is what
entities need, is refused at its first line.
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

PARTS = 2_000
UNPACKED = 400_000_000
"""Bytes of all parts that are read; a sheet of a million rows has 200 millions."""
_RATIO = 300
"""A packed sheet grows 10 to 100 times; the most that can be packed so is 1,000 times."""
_ANYWAY = 5_000_000
"""Bytes that a part may have whatever the ratio."""
_PIECE = 65_536
_DEPTH = 64
_ENCRYPTED = 0x1
_DAMAGED = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError)


class XlsxPackage:
    """The parts by their names, whatever the case they are written in; 1C's files need that."""

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            self._zip = zipfile.ZipFile(stream)
            parts = self._zip.infolist()
        except _DAMAGED as error:
            raise broken() from error
        if len(parts) > PARTS:
            raise UnreadableTableError(
                say("it has {given} parts; a workbook has {most} at most", given=len(parts), most=PARTS)
            )
        self._parts = {part.filename.lower().lstrip("/"): part for part in parts}
        self._unpacked = 0

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def size(self, name: str) -> int:
        """Bytes that the part says it has."""
        return self._parts[name.lower()].file_size if name in self else 0

    def head(self, name: str, length: int) -> bytes:
        """The first bytes of a part, b"" where there is none."""
        return next(self.pieces(name), b"")[:length] if name in self else b""

    def pieces(self, name: str) -> Iterator[bytes]:
        """A part bit by bit; raises Unreadable where it is broken or grows beyond the limits."""
        part = self._parts.get(name.lower())
        if part is None:
            raise broken()
        if part.flag_bits & _ENCRYPTED:
            raise UnreadableTableError(say("it is protected by a password; save it without one"))
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise broken()
        most = max(part.compress_size * _RATIO, _ANYWAY)
        size = 0
        try:
            with self._zip.open(part) as stream:
                while piece := stream.read(_PIECE):
                    size += len(piece)
                    self._unpacked += len(piece)
                    if size > most or self._unpacked > UNPACKED:
                        raise too_large()
                    yield piece
        except (*_DAMAGED, RuntimeError, zlib.error) as error:
            raise broken() from error


def parse(
    pieces: Iterator[bytes],
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None] = lambda _: None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Tells each element of the XML by its name without a prefix; raises Unreadable."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def begin(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise broken()
        start(name.rpartition(":")[2] if ":" in name else name, attributes)

    def finish(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(":")[2] if ":" in name else name)

    def refuse(*_: object) -> None:
        raise UnreadableTableError(say("there is a document type in its XML, which no workbook needs; it is not read"))

    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        for piece in pieces:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise broken() from error


def target(base: str, named: str) -> str:
    """The part that another one, in the folder `base`, names."""
    return posixpath.normpath(named.lstrip("/") if named.startswith("/") else posixpath.join(base, named))


def broken() -> UnreadableTableError:
    """What is told of a file that is no whole workbook."""
    return UnreadableTableError(say("the workbook is damaged; open it in Excel, save it anew as .xlsx and try again"))


def too_large() -> UnreadableTableError:
    """What is told of a file that unpacks to more than is taken."""
    return UnreadableTableError(say("unpacked it is too large; delete the sheets and columns that are not needed"))
