"""Workbooks and other files for tests, also such as no spreadsheet program would write."""

import io
import zipfile
from collections.abc import Callable, Mapping
from functools import partial

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


_NAMES = "urn:oasis:names:tc:opendocument:xmlns:{0}:1.0"
OPEN_DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
    + " ".join(f'xmlns:{name}="{_NAMES.format(name)}"' for name in ("office", "table", "text", "style", "calcext"))
    + ">{}</office:document-content>"
)


def active_sheet(made: openpyxl.Workbook) -> Worksheet:
    """Return the sheet that a program shows first."""
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    return sheet


def book(*rows: list[object], **sheets: list[list[object]]) -> bytes:
    """Return a workbook of openpyxl with these rows, and with further sheets by name."""
    made = openpyxl.Workbook()
    for title, lines in {"Лист1": rows, **sheets}.items():
        sheet = active_sheet(made) if title == "Лист1" else made.create_sheet(title)
        sheet.title = title
        for line in lines:
            sheet.append(line)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def package(
    *sheets: str, parts: Mapping[str, str | bytes] | None = None, compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Return a workbook with this XML inside each <worksheet>; `parts` adds or replaces parts of the archive."""
    entries = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, len(sheets) + 1))
    related = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    related += f'<Relationship Id="t" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    whole: dict[str, str | bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{RELATIONS}"><Relationship Id="a" Type="{OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{related}</Relationships>',
        **{f"xl/worksheets/sheet{n}.xml": worksheet(inside) for n, inside in enumerate(sheets, 1)},
        **(parts or {}),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as made:
        for name, content in whole.items():
            made.writestr(name, content)
    return stream.getvalue()


def ods_book(*rows: str, styles: str = "", **sheets: str) -> bytes:
    """Return a workbook of LibreOffice with these rows, and with further sheets by name, all as XML."""
    tables = "".join(
        f'<table:table table:name="{name}" table:style-name="{name}">{inside}</table:table>'
        for name, inside in {"Лист1": "".join(rows), **sheets}.items()
    )
    return ods_of(
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body>"
    )


def ods_of(inside: str, manifest: str = "<x/>") -> bytes:
    """Return a workbook of LibreOffice with this content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        made.writestr("META-INF/manifest.xml", manifest)
        made.writestr("content.xml", OPEN_DOCUMENT.format(inside))
    return stream.getvalue()


def ods_cell(text: str, kind: str = "string", **values: str) -> str:
    """Return a cell that shows this text; `repeated` and others are its attributes."""
    names = {"value": "office:value", "date": "office:date-value", "repeated": "table:number-columns-repeated"}
    names |= {"true": "office:boolean-value", "formula": "table:formula", "error": "calcext:value-type"}
    given = "".join(f' {names[name]}="{value}"' for name, value in values.items())
    shown = "".join(f"<text:p>{line}</text:p>" for line in text.split("\n")) if text else ""
    return f"<table:table-cell{f' office:value-type={kind!r}' if kind else ''}{given}>{shown}</table:table-cell>"


def ods_row(*inside: str, repeated: int = 1, visibility: str = "visible") -> str:
    return (
        f'<table:table-row table:number-rows-repeated="{repeated}" table:visibility="{visibility}">{"".join(inside)}'
        "</table:table-row>"
    )


def worksheet(inside: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{inside}</sheetData></worksheet>'


def cell(place: str, value: str, kind: str = "n") -> str:
    line = place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{line}"><c r="{place}" t="{kind}"><v>{value}</v></c></row>'


PHONE = cell("A1", "79161111111")

BOMB = (
    b"<!DOCTYPE w ["
    b'<!ENTITY a "lol">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10)) + b"]>"
)


def hostile() -> dict[str, Callable[[], bytes]]:
    """Return functions that make files that would harm a reader without limits, by a description."""
    ready = _long_texts() | _external() | _damaged() | _other_kinds() | _endless_ods() | _bad_texts()
    return _bombs() | {name: partial(bytes, data) for name, data in ready.items()}


def _bombs() -> dict[str, Callable[[], bytes]]:
    shared, sheet = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
    return {
        "sparse": partial(package, cell("XFD1048576", "1")),
        "far to the right": partial(package, cell("XFD1", "1")),
        "one part says that it is short": _understated,
        "zip bomb": lambda: package("<row>" + " " * 100_000_000 + "</row>"),
        "bomb in the shared texts": lambda: package(PHONE, parts={shared: "<sst>" + " " * 50_000_000}),
        "billion laughs": partial(package, PHONE, parts={sheet: BOMB + b"<w>&j;</w>"}),
        "billion laughs in the shared texts": partial(package, PHONE, parts={shared: BOMB + b"<sst>&j;</sst>"}),
        "nested": partial(package, "<a>" * 1000 + "</a>" * 1000),
        "many sheets": partial(package, *[PHONE] * 400),
        "many parts": partial(package, PHONE, parts={f"x/{n}": "" for n in range(5_000)}),
    }


def _understated() -> bytes:
    """Return a workbook whose central directory declares 1,000 bytes for a sheet of 30 million."""
    whole = bytearray(package("<row>" + " " * 30_000_000 + "</row>"))
    at = whole.find(b"xl/worksheets/sheet1.xml", whole.find(b"PK\x01\x02"))
    whole[at - 22 : at - 18] = (1000).to_bytes(4, "little")
    return bytes(whole)


def _long_texts() -> dict[str, bytes]:
    repeated = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 20_001))
    return {
        "one long text many times": package(
            repeated, parts={"xl/sharedStrings.xml": f"<sst><si><t>{'x' * 32_000}</t></si></sst>"}
        ),
        "a cell too long": package(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * 40_000}</t></is></c></row>'),
        "an endless cell": package('<row r="1"><c r="A1" t="inlineStr"><is><t>' + "xyz" * 1_300_000),
    }


def _external() -> dict[str, bytes]:
    sheet = worksheet(PHONE).encode()
    return {
        "external entity": package(
            PHONE, parts={"xl/worksheets/sheet1.xml": b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + sheet}
        ),
        "external document type": package(
            PHONE, parts={"xl/workbook.xml": b'<!DOCTYPE w SYSTEM "http://127.0.0.1:9/x.dtd"><workbook/>'}
        ),
    }


def _damaged() -> dict[str, bytes]:
    whole = package(PHONE)
    return {
        "cut off": whole[: len(whole) // 2],
        "cut off in its XML": package(PHONE, parts={"xl/worksheets/sheet1.xml": worksheet(PHONE).encode()[:-30]}),
        "a wrong checksum": whole.replace(
            zipfile.ZipFile(io.BytesIO(whole)).getinfo("xl/workbook.xml").CRC.to_bytes(4, "little"), b"\0\0\0\0"
        ),
        "another packing": package(PHONE, compression=zipfile.ZIP_LZMA),
        "no shared text of that number": package(cell("A1", "7", "s")),
        "rows out of order": package(cell("A5", "1") + cell("A4", "1")),
        "no such place": package('<row r="1"><c r="1A"><v>1</v></c></row>'),
        "row -1": package('<row r="-1"><c r="A1"><v>1</v></c></row>'),
        "no sheet": package(),
        "no workbook": package(PHONE, parts={"_rels/.rels": "<x/>", "xl/workbook.xml": ""}),
        "encrypted": _encrypted(whole),
    }


def _encrypted(whole: bytes) -> bytes:
    """Return the archive with the flag of encryption on every part."""
    marked = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(mark)
        while at >= 0:
            marked[at + offset] |= 1
            at = marked.find(mark, at + 1)
    return bytes(marked)


def _other_kinds() -> dict[str, bytes]:
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    return {
        "a zip of other files": _zip({"a.docx": "89161111111"}),
        "rar": b"Rar!\x1a\x07\x01\0",
        "table of 1C": b"MOXCEL\0\6\0",
        "a zip": _zip({"a.txt": "89161111111"}),
        "xlsb": _zip({"xl/workbook.bin": "x"}),
        "ods": _zip({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
        "old xls": old,
        "encrypted xlsx": old + "EncryptedPackage".encode("utf-16-le"),
        "pdf": b"%PDF-1.7\n",
        "html called xls": b"\xef\xbb\xbf <HTML><p>89161111111</p>",
        "picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    }


def _endless_ods() -> dict[str, bytes]:
    return {
        "ods with endless rows": ods_book(ods_row(ods_cell("1"), repeated=99_999_999)),
        "ods with endless columns": ods_book(ods_row(ods_cell("1", repeated="99999999"))),
        "ods with an endless cell": ods_book(ods_row(ods_cell("1" * 300_000))),
        "encrypted ods": ods_of("", "<manifest:encryption-data/>"),
    }


def _bad_texts() -> dict[str, bytes]:
    return {
        "zero bytes": b"89161111111;\0\n" * 10,
        "one line of 19 megabytes": b"8" * 19_000_000,
        "one row of ten million cells": b"1;" * 9_500_000,
        "an open quotation mark": b'"' + b"8\n" * 9_000_000,
        "more than a million rows": b"1\n" * 1_000_001,
        "damaged UTF-8": "Иванов;89161111111\n".encode() * 3 + b"\xd0;1\n",
        "no text in any encoding": bytes(range(1, 256)) * 3,
        "half of UTF-16": b"\xff\xfe8\x009",
    }


def _zip(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return stream.getvalue()
