"""Text from files: in which encoding it is."""

import pytest

from obzvon.common.text import UndecodableTextError, decode_text


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Иванов".encode(), "UTF-8"),
        ("\ufeffИванов".encode(), "UTF-8"),
        ("Иванов".encode("cp1251"), "Windows-1251"),
    ],
)
def test_text_is_utf_8_else_windows_1251(data: bytes, encoding: str) -> None:
    assert decode_text(data) == ("Иванов", encoding)


def test_damaged_utf_8_is_not_taken_for_windows_1251() -> None:
    data = "Петров".encode() + "х".encode()[:1]
    with pytest.raises(UndecodableTextError) as caught:
        decode_text(data)
    assert (caught.value.position, caught.value.is_damaged) == (len(data) - 1, True)
    assert decode_text(data, refuse_damaged=False)[1] == "Windows-1251"


def test_what_is_in_neither_says_where() -> None:
    with pytest.raises(UndecodableTextError) as caught:
        decode_text(b"ab\x98")
    assert (caught.value.position, caught.value.is_damaged) == (2, False)
