"""Schedule and list: when a run is due, whatever the clock does, and which phones it calls."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Candidate, Phone, find_withdrawn, list_candidates, next_free_key
from obzvon.domain.schedule import Schedule, closing_instant, find_due_day, list_next_starts, start_instant

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
SAMARA = ZoneInfo("Europe/Samara")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")

MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
SATURDAY = date(2026, 1, 10)
SUNDAY = date(2026, 1, 11)
WORKING_DAYS = Schedule((time(10, 36),) * 5 + (None, None))
HOUR = timedelta(hours=1)

_instants = st.integers(0, 366 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
_times = st.lists(st.none() | st.times(), min_size=7, max_size=7)


def daily(hour: int, minute: int = 0) -> Schedule:
    return Schedule((time(hour, minute),) * 7)


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days_begun(
    week: Schedule, instants: Iterator[datetime], zone: ZoneInfo, lateness: timedelta | None = None
) -> list[tuple[date, datetime]]:
    """What a service would begin that looks at each of these instants."""
    done: set[date] = set()
    begun = []
    for now in instants:
        while (day := find_due_day(week, now, done, zone=zone, lateness=lateness)) is not None:
            done.add(day)
            begun.append((day, now))
    return begun


def every(step: timedelta, first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += step


# -- a day


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-01-05 00:00:00", None),
        ("2026-01-05 10:35:59.999999", None),
        ("2026-01-05 10:36:00", MONDAY),
        ("2026-01-05 10:36:00.000001", MONDAY),
        ("2026-01-05 10:59:00", MONDAY),
        ("2026-01-05 11:05:00", MONDAY),
        ("2026-01-05 23:59:59.999999", MONDAY),
        ("2026-01-06 00:00:00", None),
        ("2026-01-06 10:35:00", None),
        ("2026-01-06 10:36:00", TUESDAY),
        ("2026-01-10 10:36:00", None),
        ("2026-01-11 23:00:00", None),
        ("2026-01-12 00:00:00", None),
    ],
)
def test_a_run_is_due_from_its_time_to_the_end_of_its_day(now: str, day: date | None) -> None:
    assert find_due_day(WORKING_DAYS, moscow(now), set(), zone=MOSCOW) == day


def test_a_day_that_had_its_run_has_no_other() -> None:
    for now in ("2026-01-05 10:36", "2026-01-05 10:37", "2026-01-05 23:59"):
        assert find_due_day(WORKING_DAYS, moscow(now), {MONDAY}, zone=MOSCOW) is None
    assert find_due_day(WORKING_DAYS, moscow("2026-01-06 10:36"), {MONDAY}, zone=MOSCOW) == TUESDAY


def test_the_time_is_the_weeks_zones_and_not_the_clocks() -> None:
    assert find_due_day(daily(9), utc("2026-01-05 05:59:59"), set(), zone=MOSCOW) is None
    assert find_due_day(daily(9), utc("2026-01-05 06:00"), set(), zone=MOSCOW) == MONDAY
    assert find_due_day(daily(1), utc("2026-01-05 22:00"), set(), zone=MOSCOW) == TUESDAY
    assert (
        find_due_day(daily(9), datetime(2026, 1, 5, 14, tzinfo=ZoneInfo("Asia/Novosibirsk")), set(), zone=MOSCOW)
        == MONDAY
    )


@pytest.mark.parametrize(
    ("lateness", "now", "day"),
    [
        (timedelta(hours=2), "2026-01-05 10:36", MONDAY),
        (timedelta(hours=2), "2026-01-05 12:36", MONDAY),
        (timedelta(hours=2), "2026-01-05 12:36:00.000001", None),
        (timedelta(hours=2), "2026-01-05 23:00", None),
        (timedelta(hours=20), "2026-01-06 06:36", MONDAY),
        (timedelta(hours=20), "2026-01-06 06:37", None),
        (timedelta(hours=20), "2026-01-06 10:36", TUESDAY),
        (timedelta(0), "2026-01-05 10:35:59", None),
        (timedelta(0), "2026-01-05 10:36", MONDAY),
        (timedelta(0), "2026-01-05 10:36:00.050", MONDAY),
        (timedelta(0), "2026-01-05 10:36:59", MONDAY),
        (timedelta(0), "2026-01-05 10:37:01", None),
        (timedelta(0), "2026-01-05 23:00", None),
        (timedelta(seconds=5), "2026-01-05 10:36:30", MONDAY),
        (timedelta(minutes=5), "2026-01-05 10:41:01", None),
    ],
)
def test_a_missed_start_is_made_up_for_as_long_as_is_allowed(lateness: timedelta, now: str, day: date | None) -> None:
    assert find_due_day(WORKING_DAYS, moscow(now), set(), zone=MOSCOW, lateness=lateness) == day


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-01-05 22:59", None),
        ("2026-01-05 23:30", MONDAY),
        ("2026-01-06 00:00", MONDAY),
        ("2026-01-06 01:00", MONDAY),
        ("2026-01-06 01:00:01", None),
        ("2026-01-06 22:59", None),
        ("2026-01-06 23:00", TUESDAY),
    ],
)
def test_lateness_reaches_past_midnight(now: str, day: date | None) -> None:
    assert find_due_day(daily(23), moscow(now), {MONDAY - timedelta(days=1)}, zone=MOSCOW, lateness=2 * HOUR) == day


def test_lateness_that_reaches_the_next_start_does_not_ring_the_same_people_twice_at_once() -> None:
    long = timedelta(hours=48)
    now = moscow("2026-01-06 10:36")
    assert find_due_day(WORKING_DAYS, moscow("2026-01-06 10:35"), set(), zone=MOSCOW, lateness=long) == MONDAY
    assert find_due_day(WORKING_DAYS, now, set(), zone=MOSCOW, lateness=long) == TUESDAY
    assert find_due_day(WORKING_DAYS, now, {MONDAY}, zone=MOSCOW, lateness=long) == TUESDAY
    assert find_due_day(WORKING_DAYS, now, {TUESDAY}, zone=MOSCOW, lateness=long) is None


@pytest.mark.parametrize("start", [(0, 1), (23, 59)])
def test_the_first_and_the_last_minute_of_a_day_are_times_like_others(start: tuple[int, int]) -> None:
    begun = days_begun(
        daily(*start), every(timedelta(seconds=20), moscow("2026-01-05 00:00"), moscow("2026-01-07 23:59:59")), MOSCOW
    )
    assert begun == [(day, datetime.combine(day, time(*start), MOSCOW)) for day in (MONDAY, TUESDAY, date(2026, 1, 7))]


def test_a_start_in_the_last_minute_that_is_missed_is_gone_unless_lateness_says_otherwise() -> None:
    now = moscow("2026-01-06 00:00:30")
    assert find_due_day(daily(23, 59), now, set(), zone=MOSCOW) is None
    assert find_due_day(daily(23, 59), now, set(), zone=MOSCOW, lateness=HOUR) == MONDAY


@given(_instants, st.none() | st.timedeltas(timedelta(0), 30 * HOUR), _times)
def test_what_is_due_has_begun_and_is_not_due_again_when_it_is_done(
    now: datetime, lateness: timedelta | None, times: list[time | None]
) -> None:
    week, done = Schedule(tuple(times)), set[date]()
    while (day := find_due_day(week, now, done, zone=MOSCOW, lateness=lateness)) is not None:
        assert day not in done
        start = start_instant(week, day, MOSCOW)
        assert start is not None
        assert start <= now
        done.add(day)
    assert len(done) <= 2


# -- one-off dates and edits


def test_a_date_without_a_run_has_none_and_the_next_week_has() -> None:
    week = Schedule(WORKING_DAYS.times, {MONDAY: None})
    assert find_due_day(week, moscow("2026-01-05 12:00"), set(), zone=MOSCOW) is None
    assert find_due_day(week, moscow("2026-01-12 12:00"), set(), zone=MOSCOW) == date(2026, 1, 12)


def test_a_date_may_have_another_time_and_a_day_off_a_run() -> None:
    week = Schedule(WORKING_DAYS.times, {MONDAY: time(15), SATURDAY: time(9)})
    assert find_due_day(week, moscow("2026-01-05 14:59"), set(), zone=MOSCOW) is None
    assert find_due_day(week, moscow("2026-01-05 15:00"), set(), zone=MOSCOW) == MONDAY
    assert find_due_day(week, moscow("2026-01-10 09:00"), set(), zone=MOSCOW) == SATURDAY
    assert find_due_day(week, moscow("2026-01-17 09:00"), set(), zone=MOSCOW) is None


def test_a_start_set_before_its_time_is_made_and_one_set_after_it_is_not() -> None:
    now = moscow("2026-01-05 11:00")
    before, after = moscow("2026-01-05 10:35"), moscow("2026-01-05 10:37")
    assert find_due_day(WORKING_DAYS, now, set(), zone=MOSCOW, since={MONDAY: before}) == MONDAY
    assert find_due_day(WORKING_DAYS, now, set(), zone=MOSCOW, since={MONDAY: after}) is None
    assert find_due_day(WORKING_DAYS, now, set(), zone=MOSCOW, since={TUESDAY: after}) == MONDAY


def test_a_start_set_at_the_very_moment_is_made() -> None:
    start = moscow("2026-01-05 10:36")
    assert find_due_day(WORKING_DAYS, start, set(), zone=MOSCOW, since={MONDAY: start}) == MONDAY


def test_an_edit_after_the_time_holds_for_its_day_only() -> None:
    since = {MONDAY: moscow("2026-01-05 20:00")}
    assert find_due_day(WORKING_DAYS, moscow("2026-01-05 23:00"), set(), zone=MOSCOW, since=since) is None
    assert find_due_day(WORKING_DAYS, moscow("2026-01-06 10:36"), set(), zone=MOSCOW, since=since) == TUESDAY


def test_an_edit_during_yesterdays_lateness_rings_nobody_at_night() -> None:
    since = {MONDAY: moscow("2026-01-06 00:10")}
    assert (
        find_due_day(daily(23), moscow("2026-01-06 00:30"), set(), zone=MOSCOW, lateness=2 * HOUR, since=since) is None
    )
    assert find_due_day(daily(23), moscow("2026-01-06 00:30"), set(), zone=MOSCOW, lateness=2 * HOUR) == MONDAY


def test_a_day_that_was_rung_is_not_rung_again_at_an_edited_time() -> None:
    later = Schedule((time(15),) * 7)
    assert find_due_day(later, moscow("2026-01-05 15:00"), {MONDAY}, zone=MOSCOW) is None


# -- clocks


def test_a_clock_that_is_set_back_over_midnight_rings_nobody_twice() -> None:
    done = {MONDAY, TUESDAY}
    for now in ("2026-01-06 00:05", "2026-01-05 23:55", "2026-01-05 10:36", "2026-01-06 00:00", "2026-01-06 10:36"):
        assert find_due_day(WORKING_DAYS, moscow(now), done, zone=MOSCOW) is None
    assert find_due_day(WORKING_DAYS, moscow("2026-01-07 10:36"), done, zone=MOSCOW) == date(2026, 1, 7)


def test_a_clock_that_was_a_year_ahead_blocks_no_day_after_it_is_set_right() -> None:
    done = {date(2027, 1, 5), date(2027, 1, 6)}
    assert find_due_day(WORKING_DAYS, moscow("2026-01-05 10:36"), done, zone=MOSCOW) == MONDAY
    assert find_due_day(WORKING_DAYS, moscow("2027-01-05 10:36"), done, zone=MOSCOW) is None


def test_a_clock_that_is_a_year_behind_blocks_no_day_either() -> None:
    done = {date(2025, 1, 6)}
    assert find_due_day(WORKING_DAYS, moscow("2026-01-05 10:36"), done, zone=MOSCOW) == MONDAY


@pytest.mark.parametrize(
    ("zone", "week", "instants", "begun"),
    [
        pytest.param(
            BERLIN,
            daily(2, 30),
            ("2026-03-28 22:00", "2026-03-30 22:00"),
            [(date(2026, 3, 29), "2026-03-29 01:30"), (date(2026, 3, 30), "2026-03-30 00:30")],
            id="half past two does not come: it is half past three",
        ),
        pytest.param(
            BERLIN,
            daily(2, 30),
            ("2026-10-24 22:00", "2026-10-26 22:00"),
            [(date(2026, 10, 25), "2026-10-25 00:30"), (date(2026, 10, 26), "2026-10-26 01:30")],
            id="half past two comes twice: the first time",
        ),
        pytest.param(
            BERLIN,
            daily(3),
            ("2026-03-28 23:00", "2026-03-29 21:59"),
            [(date(2026, 3, 29), "2026-03-29 01:00")],
            id="three comes right after two",
        ),
        pytest.param(
            MOSCOW,
            daily(1, 30),
            ("2014-10-25 20:00", "2014-10-26 20:59"),
            [(date(2014, 10, 26), "2014-10-25 21:30")],
            id="Moscow goes to winter time for good",
        ),
        pytest.param(
            MOSCOW,
            daily(9),
            ("2014-10-24 20:00", "2014-10-26 20:59"),
            [(date(2014, 10, 25), "2014-10-25 05:00"), (date(2014, 10, 26), "2014-10-26 06:00")],
            id="Moscow's nine is another instant after the law",
        ),
        pytest.param(
            SAMARA,
            daily(2, 30),
            ("2010-10-30 20:00", "2010-10-31 20:59"),
            [(date(2010, 10, 31), "2010-10-30 22:30")],
            id="Samara goes back an hour",
        ),
        pytest.param(
            SAMARA,
            daily(2, 30),
            ("2011-03-26 21:00", "2011-03-27 19:59"),
            [(date(2011, 3, 27), "2011-03-26 23:30")],
            id="Samara goes forward for good",
        ),
        pytest.param(
            SAO_PAULO,
            daily(0, 1),
            ("2018-11-03 12:00", "2018-11-04 12:00"),
            [(date(2018, 11, 4), "2018-11-04 03:01")],
            id="a day that begins at one",
        ),
        pytest.param(
            SAO_PAULO,
            daily(23, 30),
            ("2018-02-17 12:00", "2018-02-18 12:00"),
            [(date(2018, 2, 17), "2018-02-18 01:30")],
            id="a day with two last hours",
        ),
    ],
)
def test_each_day_has_one_run_whatever_becomes_of_the_clocks(
    zone: ZoneInfo, week: Schedule, instants: tuple[str, str], begun: list[tuple[date, str]]
) -> None:
    first, last = map(utc, instants)
    found = days_begun(week, every(timedelta(minutes=10), first, last), zone)
    found = [(day, at) for day, at in found if at > first]  # what was due already when we began to look
    assert [day for day, _ in found] == [day for day, _ in begun]
    for (_, at), (_, expected) in zip(found, begun, strict=True):
        assert utc(expected) <= at < utc(expected) + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (BERLIN, date(2026, 3, 29)),
        (BERLIN, date(2026, 10, 25)),
        (MOSCOW, date(2014, 10, 26)),
        (MOSCOW, date(2011, 3, 27)),
        (SAMARA, date(2010, 10, 31)),
        (SAO_PAULO, date(2018, 11, 4)),
        (SAO_PAULO, date(2018, 2, 17)),
        (ZoneInfo("Asia/Almaty"), date(2024, 2, 29)),
    ],
)
def test_on_a_day_of_a_clock_change_every_minute_is_a_start_that_comes_once(zone: ZoneInfo, day: date) -> None:
    for minute in range(1, 24 * 60, 7):
        week = daily(minute // 60, minute % 60)
        start = start_instant(week, day, zone)
        assert start is not None
        assert start.astimezone(zone).date() == day
        assert find_due_day(week, start - timedelta(seconds=1), {day - timedelta(days=1)}, zone=zone) is None
        assert find_due_day(week, start, {day - timedelta(days=1)}, zone=zone) == day


def test_lateness_is_counted_in_hours_that_pass_and_not_on_the_dial() -> None:
    week, day = daily(1, 30), date(2026, 10, 25)
    assert (
        find_due_day(week, utc("2026-10-25 01:30"), set(), zone=BERLIN, lateness=2 * HOUR) == day
    )  # 02:30 for the second time
    assert find_due_day(week, utc("2026-10-25 01:31"), set(), zone=BERLIN, lateness=2 * HOUR) is None


def test_the_end_of_the_day_ends_a_made_up_start_also_on_a_day_of_25_hours() -> None:
    assert find_due_day(daily(9), utc("2026-10-25 22:59"), set(), zone=BERLIN) == date(2026, 10, 25)
    assert find_due_day(daily(9), utc("2026-10-25 23:00"), set(), zone=BERLIN) is None


# -- what comes


def test_the_next_starts_are_in_the_weeks_zone_and_leave_out_days_without_a_run() -> None:
    starts = list_next_starts(WORKING_DAYS, moscow("2026-01-08 10:36"), set(), zone=MOSCOW, count=3)
    assert starts == [moscow("2026-01-09 10:36"), moscow("2026-01-12 10:36"), moscow("2026-01-13 10:36")]
    assert {start.tzinfo for start in starts} == {MOSCOW}


def test_the_next_start_is_todays_until_it_has_come() -> None:
    assert list_next_starts(WORKING_DAYS, moscow("2026-01-05 10:35:59"), set(), zone=MOSCOW, count=1) == [
        moscow("2026-01-05 10:36")
    ]
    assert list_next_starts(WORKING_DAYS, moscow("2026-01-05 10:36"), set(), zone=MOSCOW, count=1) == [
        moscow("2026-01-06 10:36")
    ]


def test_a_day_that_is_done_has_no_next_start() -> None:
    assert list_next_starts(WORKING_DAYS, moscow("2026-01-05 09:00"), {MONDAY}, zone=MOSCOW, count=1) == [
        moscow("2026-01-06 10:36")
    ]


def test_one_off_dates_are_among_the_next_starts() -> None:
    week = Schedule((None,) * 7, {SUNDAY: time(12), date(2026, 6, 1): time(8)})
    assert list_next_starts(week, moscow("2026-01-05 09:00"), set(), zone=MOSCOW) == [
        moscow("2026-01-11 12:00"),
        moscow("2026-06-01 08:00"),
    ]
    assert list_next_starts(Schedule(), moscow("2026-01-05 09:00"), set(), zone=MOSCOW) == []


def test_a_next_start_that_the_clocks_skip_is_shown_as_it_will_be() -> None:
    [start] = list_next_starts(daily(2, 30), utc("2026-03-29 00:00"), set(), zone=BERLIN, count=1)
    assert start.isoformat() == "2026-03-29T03:30:00+02:00"


@given(_instants, _times)
def test_a_run_begins_when_the_plan_says_so(now: datetime, times: list[time | None]) -> None:
    week = Schedule(tuple(times))
    for start in list_next_starts(week, now, set(), zone=BERLIN):
        day = start.date()
        assert find_due_day(week, start, {day - timedelta(days=1)}, zone=BERLIN) == day


def test_no_weekday_has_a_run_in_an_empty_week() -> None:
    assert find_due_day(Schedule(), moscow("2026-01-05 12:00"), set(), zone=MOSCOW) is None
    assert start_instant(Schedule(), MONDAY, MOSCOW) is None


def test_nothing_is_handed_over_after_the_latest_time_of_the_runs_day() -> None:
    assert closing_instant(MONDAY, None, MOSCOW) is None
    assert closing_instant(MONDAY, time(21), MOSCOW) == utc("2026-01-05 18:00")
    assert closing_instant(date(2026, 7, 6), time(21), BERLIN) == utc("2026-07-06 19:00")
    assert closing_instant(date(2026, 3, 29), time(2, 30), BERLIN) == utc("2026-03-29 01:30")


# -- which phones are called

PLAN = NumberingPlan()
DAY = date(2026, 11, 28)


def called(*phones: Phone, called_today: frozenset[tuple[str, str]] = frozenset()) -> list[str]:
    """Return what is dialled for each row, or why it is skipped."""
    return [
        str(one.skipped) if one.skipped else f"{one.number} {one.code}".strip()
        for one in list_candidates(phones, PLAN, DAY, called_today)
    ]


def test_every_row_is_called_or_has_its_reason_and_none_is_lost() -> None:
    assert called(
        Phone("0", "+7 916 111-11-11"),
        Phone("1", "89502222222", "1"),
        Phone("2", "777"),
        Phone("3", "89161111112", "context 22"),
        Phone("4", "89161111113", paused=True),
        Phone("5", ""),
    ) == [
        "89161111111",
        "89502222222 1",
        "too short: 3 digits where 11 are expected",
        "the extension code may hold only the digits 0–9, *, # and w for a pause, 32 at most, not “context 22”",
        "paused",
        "no number",
    ]


def test_a_candidate_keeps_its_row() -> None:
    phone = Phone("7", "8 (916) 111-11-11", " 2 ", "Иванов И. И.", extra={"note": 1})
    assert list(list_candidates([phone], PLAN, DAY)) == [Candidate(phone, "89161111111", "2")]


def test_a_number_that_stands_twice_is_called_once() -> None:
    assert called(Phone("0", "89161111111"), Phone("4", "+7 916 111-11-11"), Phone("5", "9161111111")) == [
        "89161111111",
        "the same number as in row 0",
        "the same number as in row 0",
    ]


def test_the_same_number_with_another_code_is_somebody_else() -> None:
    assert called(
        Phone("0", "89161111111", "1"),
        Phone("1", "89161111111", "2"),
        Phone("2", "89161111111"),
        Phone("3", "89161111111", "1"),
    ) == ["89161111111 1", "89161111111 2", "89161111111", "the same number as in row 0"]


def test_a_paused_row_or_a_bad_one_does_not_stand_in_the_way_of_its_double() -> None:
    assert called(Phone("0", "89161111111", paused=True), Phone("1", "89161111111")) == ["paused", "89161111111"]
    assert called(Phone("0", "89161111111", "x"), Phone("1", "89161111111"))[1] == "89161111111"


def test_phones_that_were_called_today_are_not_called_again() -> None:
    called_today = frozenset({("89161111111", ""), ("89162222222", "1")})
    assert called(
        Phone("0", "+79161111111"),
        Phone("1", "89162222222", "1"),
        Phone("2", "89162222222", "2"),
        Phone("3", "89161111111"),
        called_today=called_today,
    ) == ["already called today", "already called today", "89162222222 2", "the same number as in row 0"]


def test_candidates_are_made_one_by_one() -> None:
    def endless() -> Iterator[Phone]:
        number = 89160000000
        while True:
            yield Phone(str(number), str(number))
            number += 1

    found = list_candidates(endless(), PLAN, DAY)
    assert [next(found).number for _ in range(3)] == ["89160000000", "89160000001", "89160000002"]


@given(
    st.lists(
        st.builds(
            Phone,
            key=st.uuids().map(str),
            number=st.sampled_from(["89161111111", "+7 916 111 11 11", "777", "", "89162222222"]),
            code=st.sampled_from(["", "1", "x"]),
            paused=st.booleans(),
        )
    )
)
def test_whatever_the_list_nobody_is_rung_twice_and_nobody_is_forgotten(phones: list[Phone]) -> None:
    found = list(list_candidates(phones, PLAN, DAY))
    assert [one.phone for one in found] == phones
    ringing = [(one.number, one.code) for one in found if one.skipped is None]
    assert len(set(ringing)) == len(ringing)
    callable_ones = {
        (PLAN.normalize(phone.number), phone.code)
        for phone in phones
        if phone.number not in ("777", "") and phone.code != "x" and not phone.paused
    }
    assert set(ringing) == callable_ones


# -- a list that is changed during a run


def test_who_is_still_on_the_list_is_still_called() -> None:
    waiting = [("89161111111", ""), ("89162222222", "1")]
    phones = [Phone("9", "+7 916 111-11-11", name="new name"), Phone("1", "89162222222", " 1"), Phone("2", "777")]
    assert find_withdrawn(phones, PLAN, DAY, waiting) == {}


def test_who_was_paused_or_taken_off_during_a_run_is_called_no_more() -> None:
    waiting = [("89161111111", ""), ("89162222222", "1"), ("89163333333", "")]
    phones = [Phone("0", "89161111111", paused=True), Phone("1", "89162222222", "2"), Phone("4", "89164444444")]
    found = find_withdrawn(phones, PLAN, DAY, waiting)
    assert {call: str(reason) for call, reason in found.items()} == {
        ("89161111111", ""): "paused in the list during the run",
        ("89162222222", "1"): "taken off the list or changed during the run",
        ("89163333333", ""): "taken off the list or changed during the run",
    }


def test_a_number_that_stands_once_more_unpaused_is_called() -> None:
    phones = [Phone("0", "89161111111", paused=True), Phone("1", "8 916 111 11 11")]
    assert find_withdrawn(phones, PLAN, DAY, [("89161111111", "")]) == {}


def test_an_empty_list_strikes_everybody_off() -> None:
    assert len(find_withdrawn([], PLAN, DAY, [("89161111111", ""), ("89162222222", "")])) == 2


def test_a_paused_row_is_known_by_its_number_too() -> None:
    paused, odd = list_candidates(
        [Phone("0", "8 916 111 11 11", " 1 ", paused=True), Phone("1", "777", paused=True)], PLAN, DAY
    )
    assert (paused.number, paused.code, str(paused.skipped)) == ("89161111111", "1", "paused")
    assert (odd.number, str(odd.skipped)) == ("", "paused")


@pytest.mark.parametrize(
    ("keys", "free"),
    [([], 0), (["0", "2"], 3), (["x", "-1", "٣", "1.5"], 0), (["007"], 8), (["9" * 18], 10**18), (["9" * 19, "4"], 5)],
)
def test_a_new_row_gets_a_key_above_all_numbers(keys: list[str], free: int) -> None:
    assert next_free_key(keys) == free
