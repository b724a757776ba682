"""What the save of another program loses is noticed, kept in mind through our own saves, and put back."""

import json
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from obzvon.documents import store
from obzvon.documents.lost_values import describe_loss, find_lost_values, restore_values
from obzvon.documents.store import Document, ExternallyChangedError, phones_document, revision_of
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.absence import Absence
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone
from tests.support.first_users_page import PageOfFirstUsers

OURS = [
    Phone("0", "89161111111"),
    Phone("1", "89502222222", "01", "007"),
    Phone("2", "89033333333", "1", "Иванов", paused=True, extra={"groups": ["Север"]}),
]


@pytest.fixture
def document(tmp_path: Path) -> Document[list[Phone]]:
    made = phones_document(tmp_path / "todo.json", NumberingPlan())
    made.save(OURS, "")
    return made


@pytest.fixture
def page(document: Document[list[Phone]]) -> PageOfFirstUsers:
    return PageOfFirstUsers(document.path.parent)


def lost(document: Document[list[Phone]]) -> list[str]:
    return [describe_loss(one) for one in document.load().lost]


def restore(document: Document[list[Phone]]) -> None:
    loaded = document.load()
    document.save(restore_values(loaded.data, loaded.lost), loaded.revision)


def change(document: Document[list[Phone]]) -> None:
    loaded = document.load()
    document.save([*loaded.data, Phone(str(len(loaded.data) + 10), "89044444444")], loaded.revision)


def test_the_dates_of_an_absence_that_the_page_lost_are_noticed_first_and_put_back(tmp_path: Path) -> None:
    document = phones_document(tmp_path / "todo.json", NumberingPlan())
    away = Absence(date(2026, 12, 1), date(2026, 12, 5))
    document.save([Phone("0", "89161111111", "1", "Иванов", absence=away), Phone("1", "89162222222", "01")], "")
    page = PageOfFirstUsers(tmp_path)
    page.edit("0", "89161111111", "1")
    assert lost(document) == [
        "89161111111: paused_from 2026-12-01 → —",
        "89161111111: paused_until 2026-12-05 → —",
        "89161111111: Иванов → —",
        "89162222222: 01 → 1",
    ]
    restore(document)
    assert (document.load().data[0].absence, lost(document)) == (away, [])


def test_nothing_is_lost_by_our_own_saves(document: Document[list[Phone]]) -> None:
    change(document)
    assert lost(document) == []


def test_zeros_that_a_save_of_the_page_removed_are_noticed_and_put_back(
    document: Document[list[Phone]], page: PageOfFirstUsers
) -> None:
    page.add("89177777777", "")
    assert lost(document) == [
        "89502222222: 01 → 1",
        "89502222222: 007 → 7",
        '89033333333: groups ["Север"] → {"0":"Север"}',
    ]
    [note] = document.load().notes
    assert "lost 3 values: 89502222222: 01 → 1" in note.message().in_language("en")
    restore(document)
    assert lost(document) == []
    assert document.load().data == [*OURS, Phone("3", "89177777777")]


def test_they_are_kept_in_mind_through_saves_of_ours_and_more_of_theirs(
    document: Document[list[Phone]], page: PageOfFirstUsers
) -> None:
    page.add("89177777777", "")
    change(document)
    page.add("89188888888", "02")
    change(document)
    assert lost(document)[:2] == ["89502222222: 01 → 1", "89502222222: 007 → 7"]
    restore(document)
    assert document.load().data[:3] == OURS
    assert lost(document) == []


def test_name_and_pause_of_an_edited_row_are_noticed(document: Document[list[Phone]], page: PageOfFirstUsers) -> None:
    page.edit("2", "89033333333", "5")
    assert lost(document) == [
        "89033333333: paused true → —",
        "89502222222: 01 → 1",
        "89502222222: 007 → 7",
        "89033333333: Иванов → —",
        '89033333333: groups ["Север"] → —',
    ]
    restore(document)
    assert document.load().data[2] == Phone("2", "89033333333", "5", "Иванов", paused=True, extra={"groups": ["Север"]})


def test_a_row_with_another_number_is_somebody_else(document: Document[list[Phone]], page: PageOfFirstUsers) -> None:
    page.delete("1")
    page.edit("2", "89055555555", "1")
    page.add("89502222222", "1")
    assert lost(document) == []


def test_what_is_changed_by_hand_meanwhile_is_not_touched(
    document: Document[list[Phone]], page: PageOfFirstUsers
) -> None:
    page.add("89177777777", "")
    loaded = document.load()
    typed = [Phone("1", "89502222222", "5", "7") if phone.key == "1" else phone for phone in loaded.data]
    document.save(typed, loaded.revision)
    assert lost(document)[:1] == ["89502222222: 007 → 7"]


def test_what_is_to_stay_is_not_mentioned_again(document: Document[list[Phone]], page: PageOfFirstUsers) -> None:
    page.add("89177777777", "")
    document.accept_losses(document.load().revision)
    assert lost(document) == []
    change(document)
    page.add("89188888888", "")
    assert lost(document) == []


def test_a_service_notices_what_no_save_of_ours_has_recorded(tmp_path: Path) -> None:
    path = tmp_path / "todo.json"
    path.write_text('{"0":{"0":"89502222222","1":"01"}}')
    document = phones_document(path)
    watched = WatchedDocument(document)
    watched.current_state()
    PageOfFirstUsers(tmp_path).add("89177777777", "")
    assert any("01 → 1" in str(note) for note in watched.current_state().notes)
    PageOfFirstUsers(tmp_path).add("89188888888", "")
    assert any("01 → 1" in str(note) for note in watched.current_state().notes)
    assert lost(document) == ["89502222222: 01 → 1"]


def test_a_list_that_broke_meanwhile_has_them_in_mind_when_it_is_back(
    document: Document[list[Phone]], page: PageOfFirstUsers
) -> None:
    page.add("89177777777", "")
    change(document)
    revision = document.revisions()[0].number
    document.path.write_text("{broken")
    document.restore(revision_of(document.read_bytes()[0]), revision)
    assert lost(document)[:1] == ["89502222222: 01 → 1"]


@pytest.mark.parametrize(
    ("was", "now", "is_lost"),
    [
        ('"01"', "1", True),
        ('"1"', "1", False),
        ('"0"', "0", False),
        ('"00"', "0", True),
        ('"1*2"', '"1*2"', False),
        ('"12345678901234567890"', "1.2345678901234567e+19", True),
        ('"1e3"', "1000.0", True),
        ('" 5"', "5", False),
        ('"01"', '"1"', False),
        ('"01"', "2", False),
        ('"x"', "0", False),
        ('["01","a"]', '{"0":1,"1":"a"}', True),
        ('{"сумма":"0150"}', '{"сумма":150}', True),
        ('{"сумма":"150"}', '{"сумма":150}', False),
        ("1.50", "1.5", False),
        ("true", "true", False),
    ],
)
def test_a_loss_is_what_such_a_save_makes_of_a_text(was: str, now: str, *, is_lost: bool) -> None:
    before, after = (f'{{"1":{{"0":"89161111111","1":"","x":{value}}}}}'.encode() for value in (was, now))
    assert bool(find_lost_values(before, after)) is is_lost


def test_no_document_of_any_shape_stops_it() -> None:
    for data in (b"", b"{broken", b"[]", b"7", b'{"1":7}', b'[["8916","01"]]'):
        assert find_lost_values(data, json.dumps([]).encode()) == []
        assert find_lost_values(data, b'{"1":{"0":8916,"1":1}}') == []


def test_a_good_copy_is_not_kept_of_bytes_that_a_save_has_replaced_since(
    document: Document[list[Phone]], page: PageOfFirstUsers
) -> None:
    WatchedDocument(document).current_state()
    page.add("89177777777", "")
    old, modified = document.read_bytes()
    change(document)
    named = lost(document)
    with pytest.raises(ExternallyChangedError):
        document.keep_good_copy(old, modified)
    assert lost(document) == named
    assert document.history.good_copy() != (old, modified)


def test_while_somebody_saves_the_service_goes_on_with_the_copy_that_it_has(
    document: Document[list[Phone]], page: PageOfFirstUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_COPY_LOCK_SECONDS", 0)
    page.add("89177777777", "")
    watched = WatchedDocument(document)
    with FileLock(document.path.with_name(f".{document.path.name}.lock")):
        assert len(watched.load_current().data) == 4
    document.path.write_text("{")
    assert len(watched.load_current().data) == 4
