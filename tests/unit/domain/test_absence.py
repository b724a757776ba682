"""An absence: on which days somebody is not called, what the row says, and that it ends by itself."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from obzvon.domain.absence import Absence, read_absence
from obzvon.domain.forecast import RunInputs, SkipReason, forecast_manual_run, forecast_scheduled_run
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Pace
from obzvon.domain.phones import Phone, find_withdrawn, list_candidates
from obzvon.domain.redial import select_phones
from obzvon.domain.schedule import Schedule

PLAN = NumberingPlan()
BERLIN = ZoneInfo("Europe/Berlin")
FOURTH, FIFTH = date(2026, 12, 4), date(2026, 12, 5)
AWAY = Phone("7", "89161111111", "1", "Иванов", absence=Absence(until=FIFTH))
CALL = ("89161111111", "1")
UNREADABLE = Phone("8", "89161111111", "1", absence=Absence(unreadable=("soon",)))


@pytest.mark.parametrize(
    ("first", "until", "day", "words"),
    [
        (None, FIFTH, FOURTH, "не звонить до 5 декабря"),
        (None, FIFTH, FIFTH, ""),
        (None, date(2027, 1, 9), FOURTH, "не звонить до 9 января 2027"),
        (FIFTH, date(2026, 12, 6), FOURTH, "не звонить с 5 декабря до 6 декабря"),
        (FIFTH, date(2026, 12, 6), FIFTH, "не звонить до 6 декабря"),
        (FIFTH, date(2026, 12, 6), date(2026, 12, 6), ""),
        (FIFTH, None, FOURTH, "не звонить с 5 декабря"),
        (FIFTH, None, date(2027, 3, 1), "не звонить с 5 декабря 2026"),
        (FIFTH, FOURTH, FOURTH, "непонятно, до какого дня не звонить: «2026-12-05 – 2026-12-04»"),
        (FIFTH, FIFTH, date(2030, 1, 1), "непонятно, до какого дня не звонить: «2026-12-05 – 2026-12-05»"),
    ],
)
def test_a_row_says_in_words_until_when_nobody_is_called(
    first: date | None, until: date | None, day: date, words: str
) -> None:
    said = Absence(first, until).describe(day)
    assert (said.in_language("ru") if said else "") == words


def test_the_day_of_the_date_is_called_again_and_the_days_before_are_not() -> None:
    away = Absence(FOURTH, FIFTH)
    assert [away.covers(FOURTH + timedelta(days)) for days in (-1, 0, 1)] == [False, True, False]
    assert Absence(FIFTH).covers(date(2099, 1, 1))


@pytest.mark.parametrize("text", ["soon", "2026-13-45", "20261205", "2026-W49-6", "05.12.2026", "٢٠٢٦-12-05"])
def test_a_date_that_cannot_be_read_keeps_the_number_from_being_called(text: str) -> None:
    absence = read_absence("", text)
    assert absence is not None
    assert absence.covers(date(2099, 1, 1))
    assert not absence.is_over(date(2099, 1, 1))
    [row] = list_candidates([Phone("0", "89161111111", absence=absence)], PLAN, FIFTH)
    assert (row.number, row.is_paused) == ("", False)
    assert row.skipped is not None
    assert text in row.skipped.in_language("ru")


def test_no_date_is_no_absence() -> None:
    assert read_absence("", "") is None


def test_an_absent_row_is_skipped_with_its_number_and_comes_back_by_itself() -> None:
    [away] = list_candidates([AWAY], PLAN, FOURTH)
    assert (away.number, away.code, away.is_paused, str(away.skipped)) == (
        *CALL,
        True,
        "not to be called until 5 December",
    )
    [back] = list_candidates([AWAY], PLAN, FIFTH)
    assert (back.number, back.skipped, back.is_paused) == (CALL[0], None, False)


def test_a_pause_until_it_is_lifted_outlasts_an_absence() -> None:
    [row] = list_candidates([Phone("0", "89161111111", paused=True, absence=AWAY.absence)], PLAN, date(2027, 1, 1))
    assert str(row.skipped) == "paused"


def test_another_row_with_the_number_of_an_absent_one_is_called() -> None:
    rows = list(list_candidates([AWAY, Phone("9", *CALL)], PLAN, FOURTH))
    assert [row.skipped is None for row in rows] == [False, True]


@pytest.mark.parametrize("row", [AWAY, UNREADABLE])
def test_a_run_withdraws_a_number_by_its_own_day(row: Phone) -> None:
    [reason] = find_withdrawn([row], PLAN, FOURTH, [CALL]).values()
    assert str(reason) == "paused in the list during the run"
    assert bool(find_withdrawn([row], PLAN, FIFTH, [CALL])) is (row is UNREADABLE)


def test_a_redial_leaves_absent_numbers_out_and_counts_them_as_paused() -> None:
    away = select_phones(list_candidates([AWAY], PLAN, FOURTH), {CALL: ("busy", "")})
    assert (len(away.called), len(away.paused), away.gone) == (0, 1, ())
    assert len(select_phones(list_candidates([AWAY], PLAN, FIFTH), {CALL: ("busy", "")}).called) == 1


def forecast_inputs(now: datetime, row: Phone, start: time) -> RunInputs:
    return RunInputs(
        phones=[row],
        schedule=Schedule((start,) * 7),
        now=now,
        zone=BERLIN,
        numbering=PLAN,
        pace=Pace(1, 0),
        done=(FOURTH,) if now.time() > start else (),
    )


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), FIFTH])
def test_it_ends_at_midnight_of_the_zone_also_when_the_clock_changes(day: date) -> None:
    row = Phone("0", "89161111111", absence=Absence(day - timedelta(1), day))
    midnight = datetime.combine(day, time(), BERLIN).astimezone(UTC)
    for moment, called in (
        (midnight - timedelta(days=1, minutes=90), 1),
        (midnight - timedelta(minutes=1), 0),
        (midnight, 1),
        (datetime.combine(day, time(23, 59), BERLIN), 1),
    ):
        assert forecast_manual_run(forecast_inputs(moment, row, time(9))).calls == called, moment


@pytest.mark.parametrize(
    ("start", "hour", "calls"), [(time(0, 5), 0, 1), (time(0, 5), 23, 1), (time(23, 55), 0, 0), (time(9), 8, 0)]
)
def test_the_forecast_is_of_the_day_of_the_run(start: time, hour: int, calls: int) -> None:
    now = datetime.combine(FOURTH, time(hour, 30), BERLIN)  # a start of 00:05 is that of tomorrow
    found = forecast_scheduled_run(forecast_inputs(now, AWAY, start))
    assert found.calls == calls
    assert [one.why for one in found.skipped] == [SkipReason.PAUSED] * (1 - calls)
