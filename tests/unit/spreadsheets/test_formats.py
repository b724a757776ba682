"""Any list in any kind of file: every phone number of it is found in the cells, none twice."""

import io
from collections.abc import Callable, Sequence
from html import escape

from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phone_text import find_phones
from obzvon.spreadsheets import xlsx_writer
from obzvon.spreadsheets.worker import read_stream
from tests.support.workbooks import ods_book, ods_cell, ods_row

RUSSIA = NumberingPlan("RU")
#: A name, and the texts of its cells with phone numbers.
Rows = Sequence[tuple[str, Sequence[str]]]


def _xlsx(rows: Rows) -> bytes:
    stream = io.BytesIO()
    xlsx_writer.write_xlsx(stream, "a", [10], [(name, *texts) for name, texts in rows])
    return stream.getvalue()


def _ods(rows: Rows) -> bytes:
    return ods_book(*(ods_row(ods_cell(name), *(ods_cell(escape(text)) for text in texts)) for name, texts in rows))


def _html(rows: Rows) -> bytes:
    def row(cells: Sequence[str]) -> str:
        return "<tr>" + "".join("<td>" + escape(cell).replace("\n", "<br>") + "</td>" for cell in cells) + "</tr>"

    return f"<table>{''.join(row((name, *texts)) for name, texts in rows)}</table>".encode("cp1251")


def _xml_of_2003(rows: Rows) -> bytes:
    def row(cells: Sequence[str]) -> str:
        return (
            "<Row>" + "".join(f'<Cell><Data ss:Type="String">{escape(cell)}</Data></Cell>' for cell in cells) + "</Row>"
        )

    inside = "".join(row((name, *texts)) for name, texts in rows).replace("\n", "&#10;")
    return (
        f'<?xml version="1.0"?><Workbook><Worksheet ss:Name="a"><Table>{inside}</Table></Worksheet></Workbook>'.encode()
    )


def _vcard(rows: Rows) -> bytes:
    cards = [
        ["BEGIN:VCARD", f"FN:{name}", *("TEL:" + text.replace("\n", "\\n") for text in texts), "END:VCARD"]
        for name, texts in rows
    ]
    return "\r\n".join(line for card in cards for line in card).encode()


def _csv(delimiter: str, encoding: str) -> Callable[[Rows], bytes]:
    def write(rows: Rows) -> bytes:
        quoted = (['"' + cell.replace('"', '""') + '"' for cell in (name, *texts)] for name, texts in rows)
        return "".join(delimiter.join(cells) + "\r\n" for cells in quoted).encode(encoding)

    return write


WRITERS = [
    _xlsx,
    _ods,
    _html,
    _xml_of_2003,
    _vcard,
    *(
        _csv(";", encoding)
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "cp866", "koi8_r")
    ),
    *(_csv(delimiter, "utf-8") for delimiter in (",", "\t", "|")),
]
NUMBERS = st.builds("{}{}".format, st.sampled_from(("916", "903", "495", "812")), st.integers(2_000_000, 9_999_999))
FORMS = ("8{}", "+7{}", "{}", "моб. 8{}", "8{} доб. 12", "тел.: +7{}", "8{} (жена)")


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """The text of a cell, and the numbers in it as they are dialled."""
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=3))
    by = draw(st.sampled_from(("; ", ", ", "\n", " / ", " и ")))
    return by.join(draw(st.sampled_from(FORMS)).format(number) for number in numbers), [
        "8" + number for number in numbers
    ]


@given(
    st.lists(
        st.tuples(st.sampled_from(("Сомов Иван", "Щукина", "Яшин Ю.")), st.lists(texts(), min_size=1, max_size=3)),
        min_size=2,
        max_size=6,
    ),
    st.sampled_from(WRITERS),
)
def test_every_number_of_any_file_comes_back(
    people: list[tuple[str, list[tuple[str, list[str]]]]], write: Callable[[Rows], bytes]
) -> None:
    data = write([(name, [text for text, _ in given_texts]) for name, given_texts in people])
    cells: list[str] = []
    read_stream(io.BytesIO(data), lambda row: cells.extend(row.cells))
    found = [RUSSIA.normalize(phone.number) for cell in cells for phone in find_phones(cell, RUSSIA).phones]
    assert found == [number for _, given_texts in people for _, numbers in given_texts for number in numbers]
