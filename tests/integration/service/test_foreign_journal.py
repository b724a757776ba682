"""A journal that does not know today's calls, be it new, restored or replaced at any hour, calls nobody twice."""

import contextlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from obzvon.common.errors import UserError
from obzvon.journal.called_numbers import PREFIX as CALLED
from obzvon.journal.copies import copy_sqlite
from obzvon.journal.day_record import PREFIX
from obzvon.journal.journal import Journal
from obzvon.journal.transfer import move
from obzvon.reports.day_conflict import find_day_conflict
from tests.support import profile
from tests.support.workshop import Shift, Workshop, at, day_of, end_call, number_in, numbers, shift

PEOPLE = numbers(10)
HOURS = range(24) if profile.LONG else (0, 8, 9, 12, 18, 19, 23)
TUESDAY = "2026-01-06"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A run from 09:00, a bundle of one each hour."""
    return Workshop(tmp_path, phones=PEOPLE, bundle=1, timeout=3600)


def called(workshop: Workshop) -> dict[str, Counter[str]]:
    """Return how often each number came into the spool, by the day that its file's name begins with."""
    found: dict[str, Counter[str]] = {}
    for file in workshop.spool_folder.iterdir():
        found.setdefault(day_in(file), Counter())[number_in(file)] += 1
    return found


def day_in(file: Path) -> str:
    return next(part for part in file.name.split("-") if part.startswith("2026"))


def remove_journal(workshop: Workshop) -> None:
    for part in ("", "-wal", "-shm"):
        (workshop.folder / f"journal.db{part}").unlink(missing_ok=True)


def delete(workshop: Workshop, copy: Path) -> None:
    remove_journal(workshop)


def restore(workshop: Workshop, copy: Path) -> None:
    remove_journal(workshop)
    shutil.copyfile(copy, workshop.folder / "journal.db")


def replace(workshop: Workshop, copy: Path) -> None:
    """Put another journal with days of its own in its place."""
    remove_journal(workshop)
    elsewhere = Workshop(workshop.folder / "elsewhere", phones=numbers(1, 50))
    day_of(elsewhere, at("09:00", "2026-01-02"), at("09:01", "2026-01-02"))
    copy_sqlite(elsewhere.folder / "journal.db", workshop.folder / "journal.db")


def name_another(workshop: Workshop, copy: Path) -> None:
    """Change [Journal] url."""
    settings = workshop.folder / "settings.ini"
    settings.write_text(settings.read_text() + "[Journal]\nurl = new.db\n")


def move_over(workshop: Workshop, copy: Path) -> None:
    with (
        contextlib.closing(workshop.journal()) as old,
        contextlib.closing(Journal(f"sqlite:///{workshop.folder}/new.db")) as new,
    ):
        move(old, new)
    name_another(workshop, copy)


KINDS = {"deleted": delete, "restored": restore, "replaced": replace, "another url": name_another, "moved": move_over}


@pytest.mark.parametrize("hour", profile.thinned(HOURS, 5))
@pytest.mark.parametrize("change", KINDS.values(), ids=KINDS)
def test_whatever_happens_to_the_journal_at_any_hour_nobody_is_called_twice(
    workshop: Workshop, change: Callable[[Workshop, Path], None], hour: int, tmp_path: Path
) -> None:
    moment = at(f"{hour:02d}:30")
    day_of(workshop, at("00:01"), at(f"{max(hour - 3, 0):02d}:10"), every=3600)
    copy_sqlite(workshop.folder / "journal.db", tmp_path / "copy.db")
    day_of(workshop, at(f"{max(hour - 3, 0):02d}:11"), at(f"{hour:02d}:10"), every=3600)
    change(workshop, tmp_path / "copy.db")
    with unprepared(workshop) as working:
        working.work(moment, at("23:59"), every=3600)
        working.work(at("00:00", TUESDAY), at("23:59", TUESDAY), every=3600)
    by_day = called(workshop)
    assert set(by_day.get("20260105", {}).values()) <= {1}
    assert change is not move_over or by_day["20260105"] == Counter(PEOPLE)
    assert by_day["20260106"] == Counter(PEOPLE)  # and nobody is forgotten on the next day


@contextlib.contextmanager
def unprepared(workshop: Workshop) -> Iterator[Shift]:
    """Give a service whose first step may find a conflict."""
    working = Shift(workshop)
    try:
        yield working
    finally:
        working.end()


@pytest.fixture
def foreign(workshop: Workshop) -> Workshop:
    """At 12:30 there is another journal, after calls at 09:00 to 12:00."""
    day_of(workshop, at("08:59"), at("12:10"), every=600)
    remove_journal(workshop)
    return workshop


def test_the_problem_says_what_happened_and_what_to_decide(foreign: Workshop, english: None) -> None:
    with unprepared(foreign) as working:
        working.dialer.step(at("12:30"))
        [problem] = working.dialer.problems
        conflict = working.journal.identity.conflict
    assert "obzvon has already called today, with another journal" in str(problem)
    assert "the last ones at 12:09" in str(problem)
    assert "obzvon journal accept --no-calls" in str(problem)
    assert conflict is not None
    assert not conflict.is_copy


@pytest.mark.parametrize("name", ["start", "call"])
def test_meanwhile_neither_a_start_nor_a_test_call_goes(foreign: Workshop, name: str) -> None:
    before = foreign.in_spool()
    with unprepared(foreign) as working:
        assert not working.ask(name, at("12:30"), number="89161234567", again=True).ok
        working.work(at("12:31"), at("14:00"), every=600)
    assert foreign.in_spool() == before


def test_accepted_without_calls_the_day_is_over_and_the_next_one_as_usual(foreign: Workshop, english: None) -> None:
    before = foreign.in_spool()
    with unprepared(foreign) as working:
        working.dialer.step(at("12:30"))
        assert working.ask("accept", at("12:31"), call=False).ok
        working.work(at("12:32"), at("23:59"), every=3600)
        assert working.dialer.problems == ()
        assert foreign.in_spool() == before
        refused = working.ask("start", at("23:59"))
        assert not refused.ok
        assert "calls of today were made outside this journal" in str(refused.text)
        working.work(at("00:00", TUESDAY), at("23:59", TUESDAY), every=3600)
    assert called(foreign)["20260106"] == Counter(PEOPLE)


def test_accepted_with_calls_everybody_is_called_knowingly(foreign: Workshop) -> None:
    with unprepared(foreign) as working:
        working.dialer.step(at("12:30"))
        assert working.ask("accept", at("12:31"), call=True).ok
        working.work(at("12:32"), at("23:59"), every=3600)
    assert called(foreign)["20260105"] == Counter(PEOPLE) + Counter(PEOPLE[:4])


def test_with_the_rest_a_new_journal_calls_only_those_whom_the_other_did_not(foreign: Workshop, english: None) -> None:
    with unprepared(foreign) as working:
        working.dialer.step(at("12:30"))
        conflict = working.journal.identity.conflict
        assert conflict is not None
        assert (conflict.called, conflict.left) == (4, 6)
        assert "4 numbers were handed over today and are not called again; 6 numbers are left" in str(
            working.dialer.problems[0]
        )
        answer = working.ask("accept", at("12:31"), rest=True, left=6)
        assert answer.ok
        assert str(answer.text).endswith("6 numbers are left; the run calls them now")
        working.work(at("12:32"), at("23:59"), every=3600)
        assert working.results(at("12:30"))[PEOPLE[0]] == "skipped"
    assert called(foreign)["20260105"] == Counter(PEOPLE)


def test_with_the_rest_a_restored_copy_continues_with_those_who_are_left(workshop: Workshop, tmp_path: Path) -> None:
    day_of(workshop, at("08:59"), at("11:10"), every=600)
    copy_sqlite(workshop.folder / "journal.db", tmp_path / "copy.db")
    day_of(workshop, at("11:11"), at("14:10"), every=600)
    restore(workshop, tmp_path / "copy.db")
    with unprepared(workshop) as working:
        working.dialer.step(at("14:20"))
        conflict = working.journal.identity.conflict
        assert conflict is not None
        assert (conflict.called, conflict.left) == (5, 5)
        assert working.ask("accept", at("14:21"), rest=True).ok
        working.work(at("14:22"), at("23:59"), every=3600)
        assert working.journal.calls.called_on(at("14:20").date()) == {(number, "") for number in PEOPLE}
        assert not working.ask("start", at("20:59"), rest=True).ok
    # The files of the two that the copy does not know of were taken out of the spool, and no others came for them.
    assert called(workshop)["20260105"] == Counter([*PEOPLE[:3], *PEOPLE[5:]])


def test_with_the_rest_a_retry_of_this_journal_is_not_made_and_its_reason_is_true(tmp_path: Path) -> None:
    office = tmp_path / "work"
    workshop = Workshop(office, phones=PEOPLE, bundle=1, timeout=600, archive="yes", not_answered="1 x 3h")
    with shift(workshop, at("08:59")) as working:
        working.work(at("09:00"), at("09:00:01"))
        [file] = workshop.spool_folder.iterdir()
        end_call(file, "Expired", done=workshop.done_folder)
        working.work(at("09:00:02"), at("09:00:05"))
        copy_sqlite(workshop.folder / "journal.db", tmp_path / "copy.db")
        working.work(at("09:10"), at("09:10:01"))
    restore(workshop, tmp_path / "copy.db")
    with unprepared(workshop) as working:
        working.dialer.step(at("09:20"))
        assert working.ask("accept", at("09:21"), rest=True).ok
        reasons = working.reasons(at("09:20"))
    assert reasons[PEOPLE[0]] == "no further attempt: only those are called now who were not called today"


def test_with_the_rest_a_run_that_starts_later_today_calls_those_who_are_left(tmp_path: Path, english: None) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, start="18:00", bundle=4, timeout=3600)
    with shift(workshop, at("09:00")) as working:
        assert working.ask("start", at("09:00")).ok
        working.work(at("09:01"), at("09:02"))
    remove_journal(workshop)
    with unprepared(workshop) as working:
        working.dialer.step(at("10:00"))
        assert str(working.ask("accept", at("10:00"), rest=True).text).endswith("today's run starts at 18:00")
        working.work(at("10:01"), at("23:00"), every=600)
    assert called(workshop)["20260105"] == Counter(PEOPLE)


def test_the_rest_is_called_by_hand_where_no_start_is_to_come(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, start="00:00", bundle=3, timeout=3600)
    with shift(workshop, at("09:00")) as working:
        assert working.ask("start", at("09:00")).ok
        working.work(at("09:01"), at("09:02"))
    remove_journal(workshop)
    with unprepared(workshop) as working:
        working.dialer.step(at("10:00"))
        assert working.ask("accept", at("10:00"), rest=True).ok
        working.work(at("10:01"), at("20:00"), every=600)
    assert called(workshop)["20260105"] == Counter(PEOPLE)


def test_the_rest_is_refused_where_the_list_has_changed_since_it_was_shown(foreign: Workshop) -> None:
    with unprepared(foreign) as working:
        working.dialer.step(at("12:30"))
        assert not working.ask("accept", at("12:31"), rest=True, left=5).ok
        working.work(at("12:32"), at("14:00"), every=600)
        assert working.dialer.problems
    assert set(called(foreign)["20260105"].values()) == {1}


@pytest.mark.parametrize("loss", ["file", "part", "older version"])
def test_the_rest_is_not_offered_where_the_numbers_are_not_all_recorded(workshop: Workshop, loss: str) -> None:
    day_of(workshop, at("08:59"), at("12:10"), every=600)
    remove_journal(workshop)
    [numbers_file] = workshop.store_folder.glob(f"{CALLED}*")
    if loss == "file":
        numbers_file.unlink()
    elif loss == "part":
        numbers_file.write_text(numbers_file.read_text().split("\n")[0] + "\n8916")
    else:
        [record] = workshop.store_folder.glob(f"{PREFIX}*")
        found = json.loads(record.read_text())
        del found["recorded"]
        record.write_text(json.dumps(found))
    for hour in (12, 13):  # whatever is decided, the day stays known in part
        with unprepared(workshop) as working:
            working.dialer.step(at(f"{hour}:30"))
            conflict = working.journal.identity.conflict
            assert conflict is not None
            assert conflict.left is None
            assert not working.ask("accept", at(f"{hour}:31"), rest=True).ok
            assert working.ask("accept", at(f"{hour}:31"), call=True).ok
            working.work(at(f"{hour}:32"), at(f"{hour}:40"), every=60)
        remove_journal(workshop)


def test_numbers_of_a_record_by_an_older_version_are_taken_from_the_journal(workshop: Workshop) -> None:
    day_of(workshop, at("08:59"), at("10:10"), every=600)
    [record] = workshop.store_folder.glob(f"{PREFIX}*")
    found = json.loads(record.read_text())
    del found["recorded"]
    record.write_text(json.dumps(found))
    day_of(workshop, at("10:11"), at("12:10"), every=600)
    remove_journal(workshop)
    with unprepared(workshop) as working:
        working.dialer.step(at("12:30"))
        conflict = working.journal.identity.conflict
        assert conflict is not None
        assert (conflict.called, conflict.left) == (3, 7)


def test_the_numbers_of_days_that_are_long_past_are_deleted(workshop: Workshop) -> None:
    for day in range(5, 15):
        date = f"2026-01-{day:02d}"
        day_of(workshop, at("08:59", date), at("09:10", date), every=600)
    assert len(list(workshop.store_folder.glob(f"{CALLED}*"))) == 8


@pytest.mark.parametrize("change", [delete, restore], ids=["deleted", "restored"])
def test_a_copy_from_before_the_decision_does_not_undo_it(
    workshop: Workshop, change: Callable[[Workshop, Path], None], tmp_path: Path
) -> None:
    day_of(workshop, at("08:59"), at("09:10"), every=600)
    copy_sqlite(workshop.folder / "journal.db", tmp_path / "copy.db")
    day_of(workshop, at("09:11"), at("12:10"), every=600)
    before = called(workshop)
    change(workshop, tmp_path / "copy.db")
    with unprepared(workshop) as working:
        working.dialer.step(at("12:30"))
        copy_sqlite(workshop.folder / "journal.db", tmp_path / "copy.db")
        assert working.ask("accept", at("12:31"), call=False).ok
    restore(workshop, tmp_path / "copy.db")
    with unprepared(workshop) as working:
        working.work(at("12:32"), at("23:59"), every=3600)
        assert working.dialer.problems
    assert called(workshop) == before


def test_a_decision_with_nothing_to_decide_is_refused(workshop: Workshop) -> None:
    with shift(workshop, at("08:00")) as working:
        assert not working.ask("accept", at("08:01"), call=True).ok
        assert not working.ask("accept", at("08:01"), rest=True).ok


def test_putting_the_right_journal_back_needs_no_decision(workshop: Workshop, tmp_path: Path) -> None:
    day_of(workshop, at("08:59"), at("12:10"), every=600)
    copy_sqlite(workshop.folder / "journal.db", tmp_path / "right.db")
    remove_journal(workshop)
    with unprepared(workshop) as working:
        working.work(at("12:30"), at("12:40"), every=600)
        assert working.dialer.problems
    restore(workshop, tmp_path / "right.db")
    day_of(workshop, at("13:00"), at("23:00"), every=600)
    assert called(workshop)["20260105"] == Counter(PEOPLE)


def test_a_record_that_is_lost_is_written_again_and_the_run_goes_on(workshop: Workshop) -> None:
    day_of(workshop, at("08:59"), at("12:10"), every=600)
    [record] = workshop.store_folder.glob(f"{PREFIX}*")
    record.unlink()
    with shift(workshop, at("12:30")) as working:
        assert record.exists()
        assert find_day_conflict(workshop.settings, working.journal, at("12:30")) is None
        working.work(at("12:31"), at("23:00"), every=600)
    assert called(workshop)["20260105"] == Counter(PEOPLE)


def test_a_damaged_record_calls_nobody_and_says_which_file(workshop: Workshop, english: None) -> None:
    day_of(workshop, at("08:59"), at("12:10"), every=600)
    [record] = workshop.store_folder.glob(f"{PREFIX}*")
    record.write_bytes(b"{")
    with pytest.raises(UserError, match="is damaged"), shift(workshop, at("12:30")):
        pass


def test_a_test_call_alone_is_no_called_day(workshop: Workshop) -> None:
    with shift(workshop, at("07:00")) as working:
        assert working.ask("call", at("07:00"), number="89161234567").ok
    assert not list(workshop.store_folder.glob(f"{PREFIX}*"))


def test_a_run_past_midnight_is_not_called_again_from_a_new_journal(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, start="22:30", bundle=1, timeout=1200, late_start="6 h")
    day_of(workshop, at("22:29"), at("00:15", TUESDAY), every=60)
    remove_journal(workshop)
    with unprepared(workshop) as working:
        working.work(at("00:20", TUESDAY), at("06:00", TUESDAY), every=600)
    assert set(called(workshop)["20260105"].values()) == {1}
    assert list(called(workshop)) == ["20260105"]


def test_two_services_on_one_list_with_two_journals_do_not_both_call(workshop: Workshop, tmp_path: Path) -> None:
    first = Shift(workshop)
    name_another(workshop, tmp_path)
    second = Shift(workshop)
    for hour in range(9, 21):
        first.dialer.step(at(f"{hour:02d}:00"))
        second.dialer.step(at(f"{hour:02d}:01"))
    first.end()
    second.end()
    assert set(called(workshop)["20260105"].values()) == {1}
