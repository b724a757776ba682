"""A save takes nobody's access away: owner, group and mode of the documents, by root and by users of a group."""

import os
import pwd
from pathlib import Path

import pytest

from obzvon.documents.access import SavingUser, find_access_problem
from obzvon.documents.store import DocumentError, phones_document, schedule_document
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from tests.support.system_users import as_user, root, shared_folder

EDITOR, PAGE, SERVICE = 4001, 33, 4003
GROUP, OTHERS = 5000, 5001


@pytest.fixture
def todo(tmp_path: Path) -> Path:
    """A list that the page's user owns, in a folder of the editor's group."""
    path = shared_folder(tmp_path) / "todo.json"
    path.write_text('{"0":{"0":"89161111111","1":""}}')
    return path


def own(path: Path, uid: int, gid: int, mode: int) -> None:
    os.chown(path, uid, gid)
    path.chmod(mode)


def owner(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_uid, found.st_gid, found.st_mode & 0o7777


def save_one_more(path: Path) -> None:
    document = phones_document(path)
    loaded = document.load()
    document.save([*loaded.data, Phone(str(len(loaded.data)), "777")], loaded.revision)


def members(monkeypatch: pytest.MonkeyPatch, *groups: int) -> None:
    """Put the page's user into these groups."""
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid, *groups])


@root
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660, 0o664, 0o666])
def test_root_keeps_owner_group_and_mode_on_every_save(todo: Path, mode: int) -> None:
    own(todo, PAGE, OTHERS, mode)
    week = todo.with_name("schedule.json")
    week.write_text('{"1":"09:00"}')
    own(week, PAGE, OTHERS, mode)
    document = phones_document(todo)
    save_one_more(todo)
    document.undo(document.load().revision)
    schedule_document(week).save(Schedule(), schedule_document(week).load().revision)
    assert owner(todo) == owner(week) == (PAGE, OTHERS, mode)


@root
def test_copies_belong_to_the_folder_and_not_to_the_page(todo: Path) -> None:
    own(todo, PAGE, OTHERS, 0o664)
    save_one_more(todo)
    folder = todo.parent / ".history"
    assert owner(folder) == (4001, GROUP, 0o2770)
    assert {owner(path) for path in folder.iterdir()} == {(4001, GROUP, 0o660)}
    assert owner(todo.parent / ".todo.json.lock") == (4001, GROUP, 0o660)


@root
def test_without_a_group_of_the_folder_copies_have_that_of_the_document(todo: Path) -> None:
    own(todo, EDITOR, OTHERS, 0o660)
    own(todo.parent, EDITOR, GROUP, 0o775)
    assert as_user(EDITOR, GROUP, lambda: save_one_more(todo), groups=[GROUP, OTHERS]) == 0
    assert {owner(path) for path in (todo.parent / ".history").iterdir()} == {(EDITOR, OTHERS, 0o660)}
    assert as_user(SERVICE, OTHERS, lambda: phones_document(todo).load_revision(1)) == 0  # type: ignore[arg-type]


@root
def test_the_editor_keeps_group_and_mode_for_an_owner_in_the_group(todo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members(monkeypatch, OTHERS)
    own(todo, PAGE, OTHERS, 0o664)
    todo.parent.chmod(0o2775)
    assert as_user(EDITOR, GROUP, lambda: save_one_more(todo), groups=[GROUP, OTHERS]) == 0
    assert owner(todo) == (EDITOR, OTHERS, 0o664)

    def write_in_place() -> None:  # as PHP does
        with todo.open("r+b") as stream:
            stream.truncate()
            stream.write(b"{}")

    assert as_user(PAGE, PAGE, write_in_place, groups=[OTHERS]) == 0
    assert phones_document(todo).load().data == []


@root
@pytest.mark.parametrize("mode", [0o644, 0o664])
def test_a_save_that_would_shut_the_owner_out_is_refused_in_words(
    todo: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    members(monkeypatch)
    own(todo, PAGE, OTHERS, mode)
    before = todo.read_bytes()

    def refused() -> None:
        with pytest.raises(DocumentError, match=r"(?s)its owner .* could not write it any more.*chgrp"):
            save_one_more(todo)
        with pytest.raises(DocumentError, match="nothing has been changed"):
            phones_document(todo).restore(phones_document(todo).load().revision, 1)

    phones_document(todo).history.record(b"{}")
    assert as_user(EDITOR, GROUP, refused, groups=[GROUP, OTHERS]) == 0
    assert todo.read_bytes() == before
    assert owner(todo) == (PAGE, OTHERS, mode)


@root
def test_a_save_that_would_shut_the_group_out_is_refused_in_words(todo: Path) -> None:
    own(todo, EDITOR, OTHERS, 0o664)

    def refused() -> None:
        with pytest.raises(DocumentError, match=r"(?s)its group 5001 could not write it any more.*member"):
            save_one_more(todo)

    assert as_user(EDITOR, GROUP, refused) == 0
    assert owner(todo) == (EDITOR, OTHERS, 0o664)


@root
def test_what_everybody_may_write_everybody_may_save(todo: Path) -> None:
    own(todo, PAGE, OTHERS, 0o666)
    assert as_user(EDITOR, GROUP, lambda: save_one_more(todo)) == 0
    assert owner(todo) == (EDITOR, GROUP, 0o666)


@root
def test_an_owner_without_a_name_is_taken_for_a_member_of_its_group(todo: Path) -> None:
    own(todo, 4999, GROUP, 0o660)
    with pytest.raises(KeyError):
        pwd.getpwuid(4999)
    assert find_access_problem(todo, SavingUser(EDITOR, frozenset([GROUP]))) is None
    assert find_access_problem(todo, SavingUser(0, frozenset())) is None
