"""Web pages that a program calls .xls: their tables as rows."""

from collections.abc import Iterator

import pytest

from obzvon.spreadsheets.html_reader import is_page, read_html
from obzvon.spreadsheets.table import Table, TableRow, UnreadableTableError
from obzvon.spreadsheets.xlsx_package import parse_xml

TABLE = "<table><tr><th>ФИО</th><th>Телефон</th></tr><tr><td>Сомов</td><td>89161111111</td></tr></table>"
CELLS = [["ФИО", "Телефон"], ["Сомов", "89161111111"]]
ARCHIVE = (
    'MIME-Version: 1.0\r\nX-Document-Type: Workbook\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n'
    "--x\r\nContent-Location: file:///C:/a/Список.htm\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    "<html><frameset><frame src=sheet001.htm></frameset></html>\r\n"
    "--x\r\nContent-Location: file:///C:/a/sheet001.htm\r\nContent-Transfer-Encoding: quoted-printable\r\n"
    "Content-Type: text/html; charset=utf-8\r\n\r\n<table><tr><td>=D0=A1</td><td>8916=\r\n1111111</td></tr></table>\r\n"
    "--x\r\nContent-Location: file:///C:/a/sheet002.htm\r\nContent-Type: text/html\r\n\r\n"
    "<table><tr><td>89162222222</td></tr><tr><td>89163333333</td></tr></table>\r\n--x--\r\n"
)
WORKBOOK = (
    '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
    '<Worksheet ss:Name="Тверь"><Table><Row><Cell><Data ss:Type="String">Сомов</Data></Cell>'
    '<Cell ss:Index="3"><Data ss:Type="Number">89161111111</Data></Cell></Row>'
    '<Row ss:Index="4"><Cell ss:MergeAcross="1"><Data ss:Type="String">а &amp; б</Data></Cell><Cell/>'
    '<Cell><Data ss:Type="String">в</Data></Cell></Row></Table></Worksheet>'
    '<Worksheet ss:Name="Рязань"><Table><Row><Cell><Data ss:Type="Number">89162222222</Data></Cell></Row></Table>'
    "</Worksheet></Workbook>"
)


def read(data: bytes, sheet: int | None = None) -> tuple[Table, list[TableRow]]:
    assert is_page(data[:2_000])
    rows: list[TableRow] = []
    return read_html(data, rows.append, sheet=sheet), rows


def cells(text: str) -> list[list[str]]:
    return [row.cells for row in read(text.encode())[1]]


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        f"<html><head><meta charset=windows-1251></head>{TABLE}".encode("cp1251"),
        f'<HTML><meta http-equiv="Content-Type" content="text/html; charset=KOI8-R">{TABLE}'.encode("koi8_r"),
        f"<html>{TABLE}".encode("cp1251"),
        f"<html>{TABLE}".encode("utf-16"),
        *(f"<meta charset={name}>{TABLE}".encode() for name in ("nonsense", "utf-7", "idna", "rot13", "zlib_codec")),
        f"<html><![if !supportMisalignedColumns]>{TABLE}<![endif]><![x[<![>".encode(),
        TABLE.replace("Сомов", "<![CDATA[Сомов]]>").encode(),
        TABLE.upper().replace("ФИО", "ФИО").replace("ТЕЛЕФОН", "Телефон").replace("СОМОВ", "Сомов").encode(),
        TABLE.replace("</td>", "").replace("</tr>", "").replace("</th>", "").encode(),
    ],
)
def test_the_table_of_a_page_is_read_in_every_encoding(data: bytes) -> None:
    table, rows = read(data)
    assert [row.cells for row in rows] == CELLS
    assert (str(table.form), table.sheets) == ("a web page", [])


@pytest.mark.parametrize(
    ("inside", "rows"),
    [
        ("<tr><td>Сомов<br>Иван</td><td>&nbsp;8&nbsp;916</td></tr>", [["Сомов\nИван", "8 916"]]),
        ("<tr><td> Сомов\r\n Иван </td></tr>", [["Сомов Иван"]]),
        ("<tr><td colspan=2>Список</td><td>1</td></tr>", [["Список", "", "1"]]),
        ("<tr><td rowspan=2>Сомов</td><td>1</td></tr><tr><td>2</td></tr>", [["Сомов", "1"], ["Сомов", "2"]]),
        ('<tr><td x:num="89161111111">8,91611E+10</td><td x:num="12">012</td></tr>', [["89161111111", "012"]]),
        ("<style>td {}</style><tr><td><script>1</script>a</td></tr>", [["a"]]),
        ("<!-- <tr><td>x</td></tr> --><tr><td><b>a</b>b</td></tr>", [["ab"]]),
        ("<tr><td>a</td></tr></table><p>text</p><table><tr><td>b</td></tr>", [["a"], ["b"]]),
        ("<tr><td>a<table><tr><td>b</td></tr></table></td></tr>", [["a"], ["b"]]),
        ("<tr></tr><tr><td></td></tr><tr><td>a</td></tr>", [["a"]]),
    ],
)
def test_what_a_cell_holds_is_one_text(inside: str, rows: list[list[str]]) -> None:
    assert cells(f"<table>{inside}</table>") == rows


def test_the_pages_of_an_archive_are_sheets() -> None:
    table, rows = read(ARCHIVE.encode())
    assert [row.cells for row in rows] == [["С", "89161111111"]]
    assert [(sheet.name, sheet.rows) for sheet in table.sheets] == [("sheet001", 1), ("sheet002", 2)]
    assert [row.cells for row in read(ARCHIVE.encode(), sheet=1)[1]] == [["89162222222"], ["89163333333"]]


def test_the_xml_of_excel_2003_is_read_with_its_sheets() -> None:
    table, rows = read(WORKBOOK.encode())
    assert rows == [TableRow(1, ["Сомов", "", "89161111111"]), TableRow(4, ["а & б", "", "", "в"])]
    assert [(sheet.name, sheet.phones) for sheet in table.sheets] == [("Тверь", 1), ("Рязань", 1)]


def test_a_page_without_a_table_is_refused_with_what_to_do() -> None:
    for text in ("<html><p>89161111111</p></html>", "<?xml version='1.0'?><a/>", ARCHIVE.partition("--x")[0]):
        with pytest.raises(UnreadableTableError, match="without a table"):
            read(text.encode())


@pytest.mark.parametrize("text", ["89161111111 <b>", "Content: 1", "<Иванов>;1", "name: multipart/x", "ФИО;Телефон"])
def test_a_list_is_no_page(text: str) -> None:
    assert not is_page(text.encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<table><tr>" + "<td colspan=256>" * 2_000 + "1", "at most 256 are read"),
        ('<table><tr ss:index="9999999"><td>1', "at most 1000000 rows are read"),
        ("<table><tr><td>" + "x" * 40_000, "a cell has more than"),
    ],
)
def test_a_hostile_page_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UnreadableTableError, match=reason):
        read(text.encode())


def test_a_tag_without_an_end_is_not_read_again_and_again() -> None:
    given: list[int] = []

    def pieces() -> Iterator[bytes]:
        yield b'<worksheet a="'
        for place in range(10_000):
            given.append(place)
            yield b"1" * 65_536

    with pytest.raises(UnreadableTableError, match="too large"):
        parse_xml(pieces(), lambda *_: None)
    assert len(given) < 20
