"""The current list and schedule, and what is logged about them."""

import logging
import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from obzvon.documents.store import DocumentError
from obzvon.documents.watcher import WatchedDocument
from obzvon.journal.journal import Journal
from obzvon.service import factory
from obzvon.service.inputs import ScheduleWatch
from tests.support.workshop import Workshop, at, numbers

MONDAY = date(2026, 1, 5)
EIGHT, NINE, TEN = at("08:00:00"), at("09:00:00"), at("10:00:00")
PEOPLE = numbers(3)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path, phones=PEOPLE)


@pytest.fixture
def journal(workshop: Workshop) -> Iterator[Journal]:
    journal = workshop.journal()
    yield journal
    journal.close()


@pytest.fixture
def fresh(workshop: Workshop, journal: Journal) -> Callable[[], ScheduleWatch]:
    """An schedule_watch as another start of the service has it."""

    def build() -> ScheduleWatch:
        settings = workshop.settings
        return ScheduleWatch(
            settings,
            WatchedDocument(factory.open_phones(settings)),
            WatchedDocument(factory.open_schedule(settings)),
            journal,
        )

    return build


@pytest.fixture
def schedule_watch(fresh: Callable[[], ScheduleWatch]) -> ScheduleWatch:
    return fresh()


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[str], int]:
    caplog.set_level(logging.INFO, "obzvon")
    return lambda words: sum(words in message for message in caplog.messages)


def due_at(schedule_watch: ScheduleWatch, now: datetime, *done: date) -> date | None:
    schedule_watch.refresh(now)
    return schedule_watch.due_day(now, done)


def test_before_anybody_has_looked_nothing_is_due(schedule_watch: ScheduleWatch) -> None:
    assert schedule_watch.due_day(TEN, ()) is None
    assert schedule_watch.list_revision == ""


def test_a_day_is_due_from_its_start_on_until_it_is_done(schedule_watch: ScheduleWatch) -> None:
    assert due_at(schedule_watch, at("08:59:59")) is None
    assert due_at(schedule_watch, NINE) == MONDAY
    assert due_at(schedule_watch, at("23:59:59")) == MONDAY
    assert due_at(schedule_watch, NINE, MONDAY) is None


def test_a_start_that_was_set_when_its_time_had_passed_is_not_due(
    workshop: Workshop, schedule_watch: ScheduleWatch
) -> None:
    assert due_at(schedule_watch, EIGHT) is None
    workshop.write_week("07:00", changed=at("08:30:00"))
    assert due_at(schedule_watch, at("08:30:01")) is None
    assert schedule_watch.missed_start(at("08:30:01"), ()) == at("07:00:00")
    assert schedule_watch.missed_start(at("08:30:01"), (MONDAY,)) is None


def test_an_old_file_that_is_moved_into_place_is_an_edit_of_that_moment(
    workshop: Workshop, schedule_watch: ScheduleWatch, fresh: Callable[[], ScheduleWatch], journal: Journal
) -> None:
    assert due_at(schedule_watch, EIGHT) is None
    journal.heartbeats.begin(at=EIGHT)
    workshop.write_week("07:00", changed=at("06:00:00"))  # as `mv` and `cp -p` leave it
    assert due_at(schedule_watch, at("08:00:01")) is None
    workshop.write_week("07:30", changed=at("06:00:00"))
    assert due_at(fresh(), at("08:00:02")) is None  # the service was stopped meanwhile


def test_the_schedules_history_survives_a_restart(workshop: Workshop, fresh: Callable[[], ScheduleWatch]) -> None:
    assert due_at(fresh(), EIGHT) is None
    workshop.write_week("07:00", changed=at("08:30:00"))
    assert due_at(fresh(), TEN) is None
    workshop.write_week("09:00", changed=at("08:30:00"))  # a start still to come when it was written
    assert due_at(fresh(), TEN) == MONDAY


def test_a_schedule_older_than_its_start_is_due_even_if_never_seen(
    fresh: Callable[[], ScheduleWatch], workshop: Workshop
) -> None:
    assert due_at(fresh(), TEN) == MONDAY


def test_a_schedule_written_after_its_start_is_due_the_next_day(
    workshop: Workshop, schedule_watch: ScheduleWatch
) -> None:
    due_at(schedule_watch, EIGHT)
    workshop.write_week("09:30", changed=at("09:45:00"))
    assert due_at(schedule_watch, TEN) is None
    assert due_at(schedule_watch, at("09:30:00", "2026-01-06")) == date(2026, 1, 6)


def test_the_first_service_makes_up_for_a_start_before_the_schedule_was_written(
    workshop: Workshop, schedule_watch: ScheduleWatch
) -> None:
    workshop.write_week("09:00", changed=at("09:30:00"))
    assert due_at(schedule_watch, TEN) == MONDAY


def test_an_edit_of_the_list_or_of_another_day_makes_nothing_undue(
    workshop: Workshop, schedule_watch: ScheduleWatch
) -> None:
    assert due_at(schedule_watch, EIGHT) is None
    workshop.write_week(*["09:00"] * 6, "12:00", changed=at("09:30:00"))
    workshop.write_list(PEOPLE[:1], changed=at("09:30:00"))
    assert due_at(schedule_watch, TEN) == MONDAY


def test_the_next_start_is_in_the_settings_time_zone(schedule_watch: ScheduleWatch) -> None:
    schedule_watch.refresh(EIGHT)
    start = schedule_watch.next_start(EIGHT, ())
    assert start == NINE
    assert start.isoformat() == "2026-01-05T09:00:00+03:00"
    assert schedule_watch.next_start(EIGHT, (MONDAY,)) == at("09:00:00", "2026-01-06")


def test_a_schedule_without_a_start_has_no_next_one(workshop: Workshop, schedule_watch: ScheduleWatch) -> None:
    workshop.write_week("00:00")
    schedule_watch.refresh(EIGHT)
    assert schedule_watch.next_start(EIGHT, ()) is None
    assert schedule_watch.missed_start(TEN, ()) is None


def test_the_revision_of_the_list_changes_with_it(workshop: Workshop, schedule_watch: ScheduleWatch) -> None:
    schedule_watch.refresh(EIGHT)
    first = schedule_watch.list_revision
    assert first
    assert [phone.number for phone in schedule_watch.current_phones().data] == PEOPLE
    assert schedule_watch.current_phones().revision == first
    workshop.write_list(PEOPLE[:1], changed=EIGHT)
    schedule_watch.refresh(at("08:00:01"))
    assert schedule_watch.list_revision != first
    workshop.write_list(PEOPLE, changed=at("08:00:02"))
    schedule_watch.refresh(at("08:00:03"))
    assert schedule_watch.list_revision == first


def test_a_broken_document_is_logged_once_and_again_when_it_is_fixed(
    workshop: Workshop, schedule_watch: ScheduleWatch, messages: Callable[[str], int]
) -> None:
    schedule_watch.refresh(EIGHT)
    revision = schedule_watch.list_revision
    workshop.write_text("todo.json", '{"0": ', changed=EIGHT)
    workshop.write_text("schedule.json", '{"1": "09', changed=EIGHT)
    for second in range(1, 30):
        schedule_watch.refresh(at(f"08:00:{second:02d}"))
    assert messages("the last good copy is in use") == 2
    assert schedule_watch.list_revision == revision
    assert len(schedule_watch.current_phones().data) == 3
    assert due_at(schedule_watch, NINE) == MONDAY
    workshop.write_list(PEOPLE, changed=NINE)
    workshop.write_week("09:00", changed=NINE)
    schedule_watch.refresh(at("09:00:01"))
    assert messages("can be read again") == 2
    assert due_at(schedule_watch, at("09:00:02")) == MONDAY


def test_missing_documents_are_logged_once_and_nothing_is_due(
    workshop: Workshop, schedule_watch: ScheduleWatch, messages: Callable[[str], int]
) -> None:
    (workshop.folder / "todo.json").unlink()
    (workshop.folder / "schedule.json").unlink()
    for second in range(30):
        assert due_at(schedule_watch, at(f"09:00:{second:02d}")) is None
    assert messages("there is no such file") == 2
    assert messages("the last good copy is in use") == 0
    with pytest.raises(DocumentError, match="there is no such file"):
        schedule_watch.current_phones()


def test_a_schedule_that_disappears_stays_in_force(
    workshop: Workshop, schedule_watch: ScheduleWatch, fresh: Callable[[], ScheduleWatch]
) -> None:
    schedule_watch.refresh(EIGHT)
    (workshop.folder / "schedule.json").unlink()
    assert due_at(schedule_watch, NINE) == MONDAY
    assert due_at(fresh(), NINE) == MONDAY
    shutil.rmtree(workshop.folder / ".history")
    assert due_at(fresh(), NINE) is None


def test_notes_on_odd_rows_are_logged_once_a_change(
    workshop: Workshop, schedule_watch: ScheduleWatch, messages: Callable[[str], int]
) -> None:
    workshop.write_text("schedule.json", '{"1": "09:00", "2": "soon", "8": "10:00"}')
    schedule_watch.refresh(EIGHT)
    schedule_watch.refresh(NINE)
    first = messages("schedule.json")
    assert first > 0
    schedule_watch.refresh(TEN)
    assert messages("schedule.json") == first


def test_looking_costs_no_reading_while_nothing_has_changed(
    schedule_watch: ScheduleWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule_watch.refresh(EIGHT)

    def read(*_: object) -> None:
        pytest.fail("a document was read although it had not changed")

    monkeypatch.setattr("obzvon.documents.store.Document.read_bytes", read)
    schedule_watch.refresh(at("08:00:01"))
    assert schedule_watch.due_day(NINE, ()) == MONDAY
