"""Redial: chosen from the current list, and only those that were confirmed."""

import pytest

from obzvon.common.errors import UserError
from obzvon.common.i18n import Message, say
from obzvon.domain.phones import PAUSED, Candidate, Phone
from obzvon.domain.redial import RedialRequest, parse_results, redial_note, select_phones
from tests.support.journal import RUN_DAY as DAY

PHONES = {("1", ""): ("busy", "Анна"), ("2", ""): ("busy", ""), ("3", "5"): ("unknown", ""), ("4", ""): ("busy", "")}


def row(number: str, code: str = "", skipped: Message | None = None) -> Candidate:
    paused = skipped is PAUSED
    return Candidate(Phone(number, number, code, paused=paused), number, code, skipped, is_paused=paused)


CANDIDATES = [
    row("1"),
    row("2", skipped=PAUSED),
    row("3", "5"),
    row("3"),
    row("1", skipped=say("the same number as in row {key}", key="1")),
    row("9"),
]


def test_the_rows_are_those_of_the_list_that_are_not_paused() -> None:
    choice = select_phones(CANDIDATES, PHONES)
    assert [(one.number, one.code) for one in choice.called] == [("1", ""), ("3", "5")]
    assert [one.number for one in choice.paused] == ["2"]
    assert choice.gone == (("4", ""),)


def test_a_phone_that_is_paused_in_one_row_and_not_in_another_is_rung() -> None:
    choice = select_phones([row("2", skipped=PAUSED), row("2")], PHONES)
    assert (len(choice.called), choice.paused) == (1, ())


def test_the_digest_is_of_whoever_would_be_rung_in_whatever_order() -> None:
    assert select_phones(CANDIDATES, PHONES).digest == select_phones(CANDIDATES[::-1], PHONES).digest
    assert select_phones(CANDIDATES, PHONES).digest != select_phones(CANDIDATES[1:3], PHONES).digest


def test_whoever_was_not_confirmed_is_not_rung() -> None:
    note = redial_note(DAY, ["busy"])
    digest = select_phones(CANDIDATES, PHONES).digest
    assert RedialRequest(PHONES, note, digest).select(CANDIDATES).digest == digest
    with pytest.raises(UserError, match="have changed since"):
        RedialRequest(PHONES, note, digest).select([*CANDIDATES, row("4")])
    with pytest.raises(UserError, match="nobody is left"):
        RedialRequest(PHONES, note).select([row("9")])


@pytest.mark.parametrize(
    ("text", "results"),
    [
        ("busy", {"busy"}),
        (" busy , no-answer,", {"busy", "no answer"}),
        ("not answered,unknown", {"not answered", "unknown"}),
    ],
)
def test_results_are_read_as_one_types_them(text: str, results: set[str]) -> None:
    assert parse_results(text) == results


@pytest.mark.parametrize("text", ["", ",", "answered", "busy,answered", "handed", "waiting", "Busy", "busy;unknown"])
def test_who_answered_or_is_under_way_is_never_meant(text: str) -> None:
    with pytest.raises(UserError):
        parse_results(text)


def test_a_note_names_the_results_in_their_order() -> None:
    assert str(redial_note(DAY, {"unknown", "busy"})) == "only some of those of 23 November: busy, unknown"
    assert redial_note(DAY, {"unknown", "busy"}).in_language("ru").endswith("неизвестно")
