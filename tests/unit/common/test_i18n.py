"""Sentences that are kept as data and worded in the reader's language."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

from obzvon.common import i18n
from obzvon.common.i18n import (
    RETIRED,
    TRANSLATIONS,
    Message,
    current_language,
    preferred_language,
    say,
    say_many,
    set_language,
)
from tests.support.sentences import catalogue_entries


@pytest.fixture(autouse=True)
def the_language_is_as_it_was() -> Iterator[None]:
    before = current_language()
    yield
    set_language(before)


def test_a_sentence_is_worded_with_its_values() -> None:
    set_language("en")
    assert str(say("no such folder: {path}", path=Path("/var/spool"))) == "no such folder: /var/spool"
    assert str(say("{n} of {all} is {share:.0%}", n=1, all=4, share=0.25)) == "1 of 4 is 25%"
    assert str(say("nothing to fill in")) == "nothing to fill in"
    assert str(Message("")) == ""


def test_values_with_braces_and_percent_signs_are_only_values() -> None:
    set_language("en")
    assert str(say("“{name}” is wrong", name="{x} %s {0} {")) == "“{x} %s {0} {” is wrong"


def test_values_are_kept_as_numbers_texts_and_sentences() -> None:
    inner = say("inside")
    sentence = say("{a} {b} {c} {d} {e}", a=1, b=0.5, c="text", d=inner, e=Path("/srv"))
    assert sentence.values == {"a": 1, "b": 0.5, "c": "text", "d": inner, "e": "/srv"}


def test_a_value_may_have_any_name() -> None:
    set_language("en")
    assert str(say("{text} {self} {many}", text="a", self="b", many="c")) == "a b c"


def test_a_sentence_inside_a_sentence_is_worded_in_the_same_language() -> None:
    sentence = say("cannot: {why}", why=say("because {n}", n=1))
    assert sentence.in_language("en") == "cannot: because 1"


@pytest.mark.parametrize(("n", "expected"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls"), (21, "21 calls")])
def test_a_sentence_with_a_count_is_worded_for_the_count(n: int, expected: str) -> None:
    assert say_many("{n} call", "{n} calls", n).in_language("en") == expected


def test_a_sentence_with_a_count_may_have_other_values() -> None:
    assert say_many("{n} call at {at}", "{n} calls at {at}", 3, at="09:00").in_language("en") == "3 calls at 09:00"


def test_a_sentence_without_a_translation_is_shown_in_english() -> None:
    assert say("xyzzy {n}", n=1).in_language("ru") == "xyzzy 1"


@pytest.mark.parametrize(
    "sentence",
    [
        say("plain"),
        say("{a}", a=say("{b}", b="\0Ж\n")),
        say_many("{n} call", "{n} calls", 5),
        say("{x}", x=0.5),
        Message(""),
    ],
)
def test_a_sentence_is_stored_and_read_again(sentence: Message) -> None:
    stored = msgspec.json.encode(sentence)
    assert msgspec.json.decode(stored, type=Message) == sentence
    assert b"many" not in stored or sentence.many


@given(st.text(), st.integers(-(2**63), 2**63 - 1), st.text())
def test_whatever_the_values_a_stored_sentence_is_worded_the_same(name: str, n: int, inner: str) -> None:
    sentence = say("{name} {n} {inner}", name=name, n=n, inner=say("({text})", text=inner))
    again = msgspec.json.decode(msgspec.json.encode(sentence), type=Message)
    assert again.in_language("en") == f"{name} {n} ({inner})"


def test_the_process_speaks_the_language_it_was_told() -> None:
    for told, expected in (("ru", "ru"), ("en", "en"), ("de", "en"), ("", "en")):
        set_language(told)
        assert current_language() == expected


def test_a_process_speaks_to_its_reader_and_a_page_to_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Catalogue:
        def gettext(self, text: str) -> str:
            return {"paused": "на паузе", "{n} row: {why}": "строка {n}: {why}"}.get(text, text)

    real = i18n.catalogue_of
    monkeypatch.setattr(i18n, "catalogue_of", lambda asked: Catalogue() if asked == "ru" else real(asked))
    sentence = say("{n} row: {why}", n=3, why=say("paused"))
    set_language("en")
    assert str(sentence) == "3 row: paused"
    assert sentence.in_language("ru") == "строка 3: на паузе"
    set_language("ru")
    assert str(sentence) == "строка 3: на паузе"
    assert sentence.in_language("en") == "3 row: paused"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "ru"),
        ({"LANG": "C"}, "ru"),
        ({"LANG": "C.UTF-8"}, "ru"),
        ({"LANG": "POSIX", "PATH": "/usr/bin:/bin"}, "ru"),
        ({"LANG": ""}, "ru"),
        ({"LANG": "de_DE.UTF-8"}, "ru"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.KOI8-R"}, "ru"),
        ({"LANG": "EN_us"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "ru_RU.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "ru_RU.UTF-8", "OBZVON_LANGUAGE": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "OBZVON_LANGUAGE": "ru"}, "ru"),
        ({"LANG": "en_US.UTF-8", "OBZVON_LANGUAGE": ""}, "en"),
    ],
)
def test_the_readers_language_is_the_environments_and_russian_where_it_tells_none(
    environ: dict[str, str], expected: str
) -> None:
    assert preferred_language(environ) == expected


def test_sentences_that_a_journal_stored_in_a_former_wording_are_translated() -> None:
    replaced = Message(
        "the list was replaced: {new} new, {changed} changed, {gone} taken off, from {file}",
        {"new": 3, "changed": 2, "gone": 1, "file": "a.xlsx"},
    )
    assert "3" in replaced.in_language("ru")
    assert "список" in replaced.in_language("ru").lower()
    hidden = Message(
        "{n} row is hidden in the file and is taken all the same: {rows}",
        {"n": 2, "rows": "1, 2"},
        "{n} rows are hidden in the file and are taken all the same: {rows}",
    )
    assert "строки" in hidden.in_language("ru")
    assert hidden.in_language("en").startswith("2 rows are hidden")


def test_the_compiled_catalogue_of_former_wordings_is_that_of_its_text() -> None:
    folder = TRANSLATIONS / "ru" / "LC_MESSAGES"
    with (folder / f"{RETIRED}.po").open("rb") as text, (folder / f"{RETIRED}.mo").open("rb") as compiled:
        assert catalogue_entries(read_po(text)) == catalogue_entries(read_mo(compiled))
