"""Documents and journals that were replaced by something else: that is reported, and calls nobody."""

import os
from pathlib import Path

import pytest

from obzvon.common.errors import UserError
from obzvon.documents.store import DocumentError, phones_document
from obzvon.journal.journal import Journal


def test_a_pipe_in_the_place_of_the_list_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "todo.json")
    with pytest.raises(DocumentError, match="it is not a file"):
        phones_document(tmp_path / "todo.json").load()


def test_a_link_that_comes_to_lead_to_another_list_is_followed(tmp_path: Path) -> None:
    for name, number in (("a", "89161111111"), ("b", "89162222222")):
        (tmp_path / name).write_text(f'{{"0": {{"0": "{number}", "1": ""}}}}')
    link = tmp_path / "todo.json"
    link.symlink_to("a")
    document = phones_document(link)
    assert document.load().data[0].number == "89161111111"
    link.unlink()
    link.symlink_to("b")
    assert document.load().data[0].number == "89162222222"


@pytest.mark.parametrize("left", [b"", b"x"])
def test_a_journal_that_was_cut_to_nothing_is_not_taken_for_a_new_one(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "journal.db").write_bytes(left)
    with pytest.raises(UserError, match="cut to nothing"):
        Journal(f"sqlite:///{tmp_path / 'journal.db'}")


@pytest.mark.parametrize("name", ["journal.db", "journal.db.lock"])
def test_a_journal_or_lock_that_is_deleted_under_the_service_is_noticed(tmp_path: Path, name: str) -> None:
    journal = Journal(f"sqlite:///{tmp_path / 'journal.db'}")
    lock = journal.acquire_lock()
    lock.ensure_held()
    (tmp_path / name).unlink()
    with pytest.raises(UserError, match="deleted or replaced"):
        lock.ensure_held()
    lock.release()
    journal.close()
