"""Forecast: what the next run would do, and that it does it."""

import json
import os
import re
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from obzvon.asterisk.spool import Spool
from obzvon.cli.tables import show_forecast
from obzvon.documents.watcher import WatchedDocument
from obzvon.domain.forecast import (
    CutOffReason,
    RunForecast,
    RunInputs,
    SkipReason,
    forecast_handover,
    forecast_manual_run,
    forecast_scheduled_run,
)
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.phones import Phone
from obzvon.domain.schedule import Schedule
from obzvon.service import factory
from obzvon.service.dialer import Dialer
from obzvon.service.inputs import ScheduleWatch
from obzvon.settings.model import load_settings

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
SUNDAY = date(2026, 1, 4)
WORKING_DAYS = Schedule((time(9),) * 5 + (None, None))
RUSSIA = NumberingPlan()


pytestmark = pytest.mark.usefixtures("english")


def moscow(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """Return that time in January 2026; the 5th is a Monday."""
    return datetime(2026, 1, day, hour, minute, second, tzinfo=MOSCOW)


def phones(count: int) -> list[Phone]:
    return [Phone(str(n), f"8916{n:07d}", name=f"name {n}") for n in range(count)]


def planned(
    rows: list[Phone],
    now: datetime,
    week: Schedule = WORKING_DAYS,
    *,
    bundle: int = 2,
    delay: float = 10,
    done: tuple[date, ...] = (),
    called: dict[date, set[tuple[str, str]]] | None = None,
    latest: time | None = None,
    lateness: timedelta | None = None,
    since: dict[date, datetime] | None = None,
    zone: ZoneInfo = MOSCOW,
) -> RunForecast:
    return forecast_scheduled_run(
        RunInputs(
            phones=rows,
            schedule=week,
            now=now,
            done=done,
            zone=zone,
            numbering=RUSSIA,
            pace=Pace(bundle, delay),
            called=called or {},
            latest=latest,
            lateness=lateness,
            since=since,
        )
    )


def test_the_plan_says_when_the_next_run_begins_and_ends() -> None:
    plan = planned(phones(5), moscow(4, 20))
    assert (plan.day, plan.start, plan.overdue) == (MONDAY, moscow(5, 9), False)
    assert (plan.calls, plan.bundles, plan.cut_off) == (5, 3, 0)
    assert (plan.first_bundle, plan.last_bundle) == (moscow(5, 9), moscow(5, 9, 0, 20))
    assert plan.start is not None
    assert str(plan.start.tzinfo) == plan.zone == "Europe/Moscow"


def test_seven_starts_are_named_and_days_without_one_are_left_out() -> None:
    plan = planned([], moscow(5, 10), done=(MONDAY,))
    assert [start.day for start in plan.starts] == [6, 7, 8, 9, 12, 13, 14]
    assert {start.time() for start in plan.starts} == {time(9)}
    assert plan.start == plan.starts[0]


def test_every_row_that_is_skipped_is_there_with_its_reason() -> None:
    rows = [
        *phones(2),
        Phone("p", "89160000001", paused=True),
        Phone("r", "777", "context 22", "Отдел"),
        Phone("d", "+7 916 000-00-01"),
        Phone("c", "89160000001", "1"),
    ]
    plan = planned(rows, moscow(5, 8), called={MONDAY: {("89160000000", "")}})
    assert [(one.row, one.why) for one in plan.skipped] == [
        ("0", SkipReason.CALLED_TODAY),
        ("p", SkipReason.PAUSED),
        ("r", SkipReason.REFUSED),
        ("d", SkipReason.DUPLICATE),
    ]
    assert (plan.skipped[2].number, plan.skipped[2].code, plan.skipped[2].name) == ("777", "context 22", "Отдел")
    assert str(plan.skipped[3].reason) == "the same number as in row 1"
    assert plan.count_skipped() == {
        SkipReason.PAUSED: 1,
        SkipReason.REFUSED: 1,
        SkipReason.DUPLICATE: 1,
        SkipReason.CALLED_TODAY: 1,
    }
    assert plan.calls == 2


def test_numbers_called_today_are_called_again_tomorrow() -> None:
    called = {MONDAY: {("89160000000", "")}}
    assert planned(phones(2), moscow(5, 8), called=called).calls == 1
    assert planned(phones(2), moscow(5, 10), done=(MONDAY,), called=called).calls == 2


def test_calls_after_the_latest_time_are_cut_off() -> None:
    plan = planned(phones(100), moscow(5, 8), delay=60, latest=time(9, 10))
    assert (plan.bundles, plan.cut_off) == (10, 80)
    assert plan.last_bundle == moscow(5, 9, 9)
    assert (plan.until, plan.until_because) == (moscow(5, 9, 10), CutOffReason.LATEST)


def test_a_latest_time_before_the_start_leaves_nobody_to_ring() -> None:
    plan = planned(phones(3), moscow(5, 8), latest=time(8, 30))
    assert (plan.calls, plan.bundles, plan.cut_off) == (3, 0, 3)
    assert (plan.first_bundle, plan.last_bundle) == (None, None)


def test_a_run_that_is_not_through_when_the_next_one_begins_is_cut_off_there() -> None:
    plan = planned(phones(100), moscow(5, 8), bundle=1, delay=3600)
    assert (plan.until, plan.until_because) == (moscow(6, 9), CutOffReason.NEXT_START)
    assert (plan.bundles, plan.cut_off) == (24, 76)


def test_a_missed_start_that_is_made_up_for_is_the_next_run() -> None:
    plan = planned(phones(4), moscow(5, 11), delay=60)
    assert (plan.day, plan.start, plan.overdue) == (MONDAY, moscow(5, 9), True)
    assert (plan.first_bundle, plan.last_bundle) == (moscow(5, 11), moscow(5, 11, 1))
    assert plan.starts[0] == moscow(6, 9)


def test_a_missed_start_that_is_too_late_or_was_set_too_late_is_not() -> None:
    assert planned(phones(4), moscow(5, 11), lateness=timedelta(hours=1)).start == moscow(6, 9)
    assert planned(phones(4), moscow(5, 11), since={MONDAY: moscow(5, 10)}).start == moscow(6, 9)
    assert planned(phones(4), moscow(5, 11), done=(MONDAY,)).start == moscow(6, 9)


def test_a_late_run_of_yesterday_skips_numbers_called_yesterday() -> None:
    plan = planned(
        phones(3),
        moscow(6, 0, 30),
        Schedule((time(23, 50), None, None, None, None, None, None)),
        lateness=timedelta(hours=2),
        called={MONDAY: {("89160000000", "")}},
    )
    assert (plan.day, plan.overdue, plan.calls) == (MONDAY, True, 2)


def test_a_schedule_without_a_start_has_no_next_run_but_a_count() -> None:
    plan = planned([*phones(3), Phone("r", "777")], moscow(5, 8), Schedule())
    assert (plan.day, plan.start, plan.first_bundle, plan.last_bundle, plan.until) == (None,) * 5
    assert (plan.calls, len(plan.skipped), plan.starts) == (3, 1, ())


def test_the_time_of_the_last_bundle_is_right_across_a_clock_change() -> None:
    night = Schedule((None,) * 6 + (time(1, 30),))  # at 3:00 on the 25th of October it is 2:00 again
    plan = planned(phones(5), datetime(2026, 10, 24, 12, tzinfo=BERLIN), night, bundle=1, delay=1800, zone=BERLIN)
    assert plan.last_bundle is not None
    assert plan.last_bundle.isoformat() == "2026-10-25T02:30:00+01:00"


def test_an_empty_list_is_a_run_of_nobody() -> None:
    plan = planned([], moscow(5, 8))
    assert (plan.calls, plan.bundles, plan.first_bundle, plan.cut_off) == (0, 0, None, 0)


def test_a_run_by_hand_begins_now_and_yields_to_the_next_days_run() -> None:
    plan = forecast_manual_run(
        RunInputs(
            phones=phones(50),
            schedule=WORKING_DAYS,
            now=moscow(5, 8),
            zone=MOSCOW,
            numbering=RUSSIA,
            pace=Pace(1, 3600),
            called={MONDAY: {("89160000000", "")}},
        )
    )
    assert (plan.day, plan.start, plan.calls) == (MONDAY, moscow(5, 8), 49)
    assert (plan.until, plan.until_because, plan.bundles) == (moscow(6, 9), CutOffReason.NEXT_START, 25)


@given(calls=st.integers(0, 10_000), bundle=st.integers(1, 50), delay=st.floats(0, 1000), room=st.floats(-10, 10_000))
def test_the_bundles_before_a_moment_are_those_that_can_be_counted_one_by_one(
    calls: int, bundle: int, delay: float, room: float
) -> None:
    pace, begins = Pace(bundle, delay), moscow(5, 9)
    way = forecast_handover(calls, pace, begins, begins + timedelta(seconds=room))
    step, end = timedelta(seconds=delay), timedelta(seconds=room)
    counted = sum(number * step < end for number in range(pace.count_bundles(calls)))
    assert way.bundles == counted
    assert way.calls == min(calls, counted * bundle)
    assert way.calls + way.cut_off == calls


def test_the_json_has_these_keys_and_iso_times() -> None:
    document = json.loads(planned([*phones(3), Phone("r", "777")], moscow(5, 8), latest=time(9, 0, 5)).to_json())
    rows, starts = document.pop("skipped_rows"), document.pop("next_starts")
    assert document == {
        "now": "2026-01-05T08:00:00+03:00",
        "time_zone": "Europe/Moscow",
        "day": "2026-01-05",
        "start": "2026-01-05T09:00:00+03:00",
        "overdue": False,
        "calls": 3,
        "bundles": 1,
        "bundle": 2,
        "delay": 10,
        "pacing": "fixed",
        "pace": "bundles of 2 calls, 10 s apart",
        "ceiling": None,
        "depends_on_talk": False,
        "first_bundle_at": "2026-01-05T09:00:00+03:00",
        "last_bundle_at": "2026-01-05T09:00:00+03:00",
        "until": "2026-01-05T09:00:05+03:00",
        "until_because": "latest",
        "cut_off": 1,
        "skipped": 1,
        "skipped_by": {"refused": 1},
    }
    assert rows == [
        {
            "row": "r",
            "number": "777",
            "code": "",
            "name": "",
            "why": "refused",
            "reason": "too short: 3 digits where 11 are expected",
        }
    ]
    assert starts[0] == "2026-01-05T09:00:00+03:00"
    assert len(starts) == 7


def shown(plan: RunForecast, width: int = 80, *, terminal: bool = False) -> str:
    out = StringIO()
    colours: Literal["auto", "standard"] = "standard" if terminal else "auto"
    show_forecast(Console(file=out, width=width, force_terminal=terminal, color_system=colours), plan)
    return out.getvalue()


def test_in_a_file_the_plan_is_plain_lines_that_are_never_cut() -> None:
    text = shown(planned([Phone("r", "777", name="И" * 60)], moscow(5, 8)), width=40)
    assert "\x1b" not in text
    assert f"{'И' * 60}  too short: 3 digits where 11 are expected\n" in text
    assert "Next run  Monday, 5 January 2026, 09:00 (Europe/Moscow)\n" in text


def test_under_a_ceiling_the_plan_shows_the_pace_and_the_earliest_end() -> None:
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 5, Capacity(30, 5))
    plan = forecast_scheduled_run(
        RunInputs(
            phones=phones(100),
            schedule=WORKING_DAYS,
            now=moscow(5, 8),
            zone=MOSCOW,
            numbering=RUSSIA,
            pace=pace,
        )
    )
    document = json.loads(plan.to_json())
    assert (document["pacing"], document["ceiling"], document["depends_on_talk"]) == ("adaptive", 25, True)
    assert document["last_bundle_at"] == "2026-01-05T09:00:19.800000+03:00"  # the earliest: five a second
    text = " ".join(shown(plan).split())
    assert "Pace as soon as there is room, up to 5 calls a second, at most 25 calls at once" in text
    assert "Last call no earlier than 09:00:19, depending on how long the calls last" in text
    assert "undles" not in text


def test_in_a_terminal_no_line_is_longer_than_80_columns() -> None:
    rows = [Phone(str(n), "7" * 40, "1" * 40, "Очень длинное имя " * 9) for n in range(30)]
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown(planned(rows, moscow(5, 8), latest=time(9)), terminal=True))
    assert max(map(len, text.splitlines())) <= 80
    assert "and 10 more rows" in text


def test_names_in_the_list_neither_colour_nor_move_anything() -> None:
    name = "[red]x[/red] \x1b[2J\x00\r\n\u202eabc :smile:"
    text = shown(planned([Phone("r", "777", name=name)], moscow(5, 8)))
    assert "[red]x[/red]" in text
    assert ":smile:" in text
    assert not {"\x1b", "\x00", "\r", "\u202e"} & set(text)


@pytest.mark.parametrize(
    ("count", "bundle", "delay", "latest"),
    [
        (7, 2, 10.0, None),
        (6, 2, 0.0, None),
        (25, 10, 0.5, None),
        (9, 2, 60.0, time(9, 2)),
        (3, 5, 10.0, time(8)),
        (9, 2, 50.0, time(9, 2)),
    ],
)
def test_the_run_does_what_the_plan_said(
    tmp_path: Path, count: int, bundle: int, delay: float, latest: time | None
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "target").mkdir()
    file = tmp_path / "settings.ini"
    closing = f"latest = {latest:%H:%M}" if latest else ""
    file.write_text(
        f"[Dirs]\ndir_store = store\ndir_target = target\n"
        f"[CreateCallFiles]\nbundle = {bundle}\ntimeout = {delay}\n"
        f"[Day]\ntime_zone = Europe/Moscow\n{closing}\n",
        encoding="utf-8",
    )
    rows = {str(n): {"0": f"8916{n:07d}", "1": ""} for n in range(count)} | {"p": {"0": "777", "1": ""}}
    (tmp_path / "todo.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "schedule.json").write_text('{"1": "09:00"}', encoding="utf-8")
    written = moscow(4, 12).timestamp()  # before the start: else it is an edit that comes too late for the day
    os.utime(tmp_path / "schedule.json", (written, written))
    known = load_settings(file, {})
    plan = planned(
        factory.open_phones(known).load().data,
        moscow(5, 8),
        factory.open_schedule(known).load().data,
        bundle=known.bundle,
        delay=known.timeout,
        latest=known.latest,
    )

    journal = factory.open_journal(known)
    schedule_watch = ScheduleWatch(
        known,
        WatchedDocument(factory.open_phones(known)),
        WatchedDocument(factory.open_schedule(known)),
        journal,
    )
    dialer = Dialer(known, journal, Spool.from_settings(known), schedule_watch)
    now = moscow(5, 8).astimezone(UTC)
    dialer.prepare(now)
    dialer.step(now)
    now = moscow(5, 9).astimezone(UTC)
    wait = dialer.step(now)
    while dialer.run is not None:
        now += timedelta(seconds=wait)
        wait = dialer.step(now)

    lines = list(journal.calls.records_on(MONDAY))
    handed = [line.handed_at for line in lines if line.handed_at]
    assert plan.calls == sum(line.disposition != "skipped" for line in lines)
    assert plan.bundles == len({line.bundle for line in lines if line.bundle})
    assert plan.cut_off == sum(line.disposition == "withdrawn" for line in lines)
    assert [plan.first_bundle, plan.last_bundle] == [min(handed, default=None), max(handed, default=None)]
    assert [str(one.reason) for one in plan.skipped] == [
        str(line.reason) for line in lines if line.disposition == "skipped"
    ]
    journal.close()
