"""Everything that is said to an operator is said in Russian and in English, and in one of them at a time."""

import io
import re

import pytest
from babel.messages.mofile import read_mo, write_mo

from obzvon.cli.translate import CLICK_SENTENCES
from obzvon.common.i18n import Message, say_many
from tests.support.sentences import PO, catalogue, catalogue_entries, forms, in_code, places, translated

RENEW = """To renew the catalogue, beside README.md:
    pybabel extract --project=obzvon --no-location --sort-output -k say -k say_many:1,2 -k help_text \\
        -o /tmp/obzvon.pot obzvon
    pybabel update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \\
        -D obzvon -i /tmp/obzvon.pot -d obzvon/translations
    (put the missing translations into obzvon/translations/ru/LC_MESSAGES/obzvon.po)
    pybabel compile -D obzvon -d obzvon/translations"""

# -- the catalogue


def test_every_sentence_of_the_code_has_its_russian() -> None:
    ready = {sentence for sentence, russian in translated() if all(russian)}
    missing = in_code() - ready
    assert not missing, f"without a translation: {sorted(map(str, missing))}\n{RENEW}"


def test_every_russian_sentence_is_one_of_the_code() -> None:
    superfluous = {sentence for sentence, _ in translated()} - in_code()
    assert not superfluous, f"nobody says: {sorted(map(str, superfluous))}\n{RENEW}"
    assert not catalogue().obsolete, RENEW


def test_no_translation_is_a_guess() -> None:
    assert not [entry.id for entry in catalogue() if entry.id and entry.fuzzy]


def test_a_translation_has_the_places_of_its_original_in_every_form() -> None:
    of_click = {message.text if isinstance(message, Message) else message for message in CLICK_SENTENCES}
    for sentence, russian in translated():
        expected = set().union(*map(places, forms(sentence)))
        for form in russian:
            if forms(sentence)[0] in of_click:  # which may give more than Russian needs
                assert places(form) <= expected, sentence
            else:
                assert places(form) == expected, sentence


def test_a_sentence_with_a_count_has_three_russian_forms() -> None:
    for sentence, russian in translated():
        assert len(russian) == (1 if isinstance(sentence, str) else 3), sentence


def test_a_translation_has_the_lines_of_its_original_and_russian_quotes() -> None:
    for sentence, russian in translated():
        for form in russian:
            assert form == form.strip()
            assert not re.search(r"[“”„]", form), form
            assert form.count("\n") == forms(sentence)[0].count("\n"), form


def test_the_compiled_catalogue_is_the_written_one() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue())
    compiled.seek(0)
    with PO.with_suffix(".mo").open("rb") as stream:
        shipped, written = read_mo(stream), read_mo(compiled)
    assert catalogue_entries(shipped) == catalogue_entries(written), RENEW


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "0 звонков"),
        (1, "1 звонок"),
        (2, "2 звонка"),
        (4, "4 звонка"),
        (5, "5 звонков"),
        (11, "11 звонков"),
        (12, "12 звонков"),
        (14, "14 звонков"),
        (20, "20 звонков"),
        (21, "21 звонок"),
        (22, "22 звонка"),
        (100, "100 звонков"),
        (101, "101 звонок"),
        (111, "111 звонков"),
        (112, "112 звонков"),
        (1_000_001, "1000001 звонок"),
    ],
)
def test_russian_counts(n: int, expected: str) -> None:
    assert say_many("{n} call", "{n} calls", n).in_language("ru") == expected
