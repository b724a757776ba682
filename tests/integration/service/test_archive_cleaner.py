"""Old call files in Asterisk's archive: ours go after some days, all others stay."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from obzvon.journal.journal import Journal
from obzvon.service.archive_cleaner import ArchiveCleaner
from tests.support.workshop import MOSCOW, Workshop, at, end_call, numbers, shift

NOON = at("12:00", "2026-03-02")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Return a workshop after a run of three calls whose files are in the archive, 31, 30 and 1 days old."""
    made = Workshop(tmp_path, phones=numbers(3), bundle=3, archive="yes")
    with shift(made, at("08:59")) as working:
        working.work(at("09:00"), at("09:01"))
    for days, file in zip((31, 30, 1), sorted(made.spool_folder.iterdir()), strict=True):
        end_call(file, "Completed", done=made.done_folder)
        age(made.done_folder / file.name, days)
    return made


def age(file: Path, days: int) -> None:
    moment = (NOON - timedelta(days=days)).timestamp() + 60
    os.utime(file, (moment, moment))


def clean(journal: Journal, workshop: Workshop, *, days: int = 30) -> ArchiveCleaner:
    cleaner = ArchiveCleaner(workshop.done_folder, journal.runs, days=days, zone=MOSCOW)
    cleaner.clean_if_due(NOON)
    return cleaner


def test_older_files_of_our_runs_are_deleted_and_others_stay(workshop: Workshop) -> None:
    foreign = [workshop.done_folder / name for name in ("other.call", "obzvon-20260105-ffffff-0000001.call")]
    for file in foreign:
        file.write_text("Channel: local/1@x")
        age(file, 400)
    journal = workshop.journal()
    clean(journal, workshop)
    journal.close()
    assert len(list(workshop.done_folder.iterdir())) == 2 + len(foreign)
    assert all(file.exists() for file in foreign)


def test_it_is_done_once_a_day(workshop: Workshop) -> None:
    journal = workshop.journal()
    cleaner = clean(journal, workshop)
    for file in workshop.done_folder.iterdir():
        age(file, 100)
    cleaner.clean_if_due(NOON + timedelta(hours=11))
    assert len(list(workshop.done_folder.iterdir())) == 2
    cleaner.clean_if_due(NOON + timedelta(hours=13))
    assert list(workshop.done_folder.iterdir()) == []
    journal.close()


def test_a_folder_and_a_file_that_disappears_meanwhile_do_not_keep_the_others(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, *others = sorted(workshop.done_folder.iterdir())
    for file in others:
        age(file, 40)
    folder = workshop.done_folder / oldest.name.replace("1.call", "9.call")
    folder.mkdir()
    age(folder, 50)
    lstat = Path.lstat

    def disappear(path: Path) -> os.stat_result:
        if path == oldest:
            path.unlink()
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", disappear)
    journal = workshop.journal()
    clean(journal, workshop)
    journal.close()
    assert list(workshop.done_folder.iterdir()) == [folder]


def test_zero_days_keep_them_for_ever_and_no_archive_is_no_error(workshop: Workshop) -> None:
    journal = workshop.journal()
    clean(journal, workshop, days=0)
    assert len(list(workshop.done_folder.iterdir())) == 3
    for file in workshop.done_folder.iterdir():
        file.unlink()
    workshop.done_folder.rmdir()
    clean(journal, workshop)
    journal.close()
