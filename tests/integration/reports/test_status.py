"""Current status: the run, its end, and whether the service is alive."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from io import StringIO
from pathlib import Path
from typing import Literal
from unittest.mock import patch
from zoneinfo import ZoneInfo

import msgspec
import pytest
from rich.console import Console

from obzvon.cli.tables import show_status
from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, EventDetail, Run
from obzvon.domain.line_usage import AmiConnectionState, LineUsage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.journal.heartbeat import Heartbeat, Heartbeats
from obzvon.journal.journal import Journal
from obzvon.reports.status import CurrentStatus, ServiceStatus, current_status, run_status, service_status
from obzvon.settings.model import Settings
from obzvon.settings.secrets import JournalUrl

MOSCOW = ZoneInfo("Europe/Moscow")
MONDAY = date(2026, 1, 5)
TUESDAY = date(2026, 1, 6)
NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
PACE = Pace(2, 10)


pytestmark = pytest.mark.usefixtures("english")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    yield journal
    journal.close()


def beat(seen: datetime = NINE, *, stopped: datetime | None = None, problem: str = "") -> Heartbeat:
    return Heartbeat(4242, "pbx", NINE - timedelta(hours=1), seen, stopped, problem)


def run(state: str = "running", total: int = 10, **others: object) -> Run:
    plain = Run(7, "token", MONDAY, "week", state, NINE, None, "", None, total)
    return msgspec.structs.replace(plain, **others)


def begin(
    journal: Journal,
    count: int,
    *,
    token: str = "t",
    kind: str = "week",
    day: date = MONDAY,
    at: datetime = NINE,
    by: str = "",
) -> Run:
    candidates = [Candidate(Phone(str(n), f"8916{n:07d}"), f"8916{n:07d}") for n in range(count)]
    begun = journal.runs.begin(
        token, day, kind, [*candidates, Candidate(Phone("r", "777"), skipped=say("paused"))], at=at, by=by
    )
    assert begun is not None
    return begun


def hand(journal: Journal, begun: Run, count: int, bundle: int, at: datetime) -> None:
    calls = journal.calls.waiting(begun.id, limit=count)
    journal.transitions.begin_handing(calls, bundle)
    journal.transitions.end_handing(calls, at=at)


NOWHERE = Path("/nowhere")
SETTINGS = Settings(
    file=NOWHERE,
    source=NOWHERE,
    store=NOWHERE,
    target=NOWHERE,
    logs=NOWHERE,
    phones=NOWHERE,
    schedule=NOWHERE,
    messages=NOWHERE,
    journal=JournalUrl("sqlite:////nowhere"),
    bundle=PACE.bundle,
    timeout=PACE.delay,
    zone=MOSCOW,
)


def status(
    journal: Journal,
    now: datetime,
    heartbeat: Heartbeat | None = None,
    *,
    latest: time | None = None,
    least: float = 0.0,
    **settings: object,
) -> CurrentStatus:
    chosen = msgspec.structs.replace(SETTINGS, latest=latest, delivered=least, **settings)
    with patch.object(Heartbeats, "latest", return_value=heartbeat or beat(now)):
        return current_status(chosen, journal, now)


@pytest.mark.parametrize(("age", "alive"), [(0, True), (60, True), (61, False), (-60, True), (-3600, False)])
def test_a_service_lives_whose_last_sign_is_at_most_a_minute_away(age: int, alive: bool) -> None:
    assert service_status(beat(NINE), NINE + age * SECOND).alive is alive


def test_a_service_that_was_stopped_or_never_was_does_not_live() -> None:
    assert not service_status(beat(NINE, stopped=NINE), NINE).alive
    assert service_status(None, NINE) == ServiceStatus(alive=False)


def test_problems_are_shown_of_a_live_service_and_not_of_a_dead_one(tmp_path: Path) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/trouble.db")
    heartbeats = journal.heartbeats
    heartbeats.begin(at=NINE)
    problems = [say("{folder}: no room", folder="/spool"), say("Asterisk is not running")]
    heartbeats.beat(at=NINE + SECOND, problem=msgspec.json.encode(problems).decode())
    assert list(map(str, service_status(heartbeats.latest(), NINE + MINUTE).problems)) == [
        "/spool: no room",
        "Asterisk is not running",
    ]
    assert service_status(heartbeats.latest(), NINE + 2 * MINUTE).problems == ()
    journal.close()


def test_status_shows_a_run_in_progress_with_counts_bundles_and_estimated_end(journal: Journal) -> None:
    begun = begin(journal, 9)
    hand(journal, begun, 2, 1, NINE)
    hand(journal, begun, 2, 2, NINE + 10 * SECOND)
    journal.transitions.end_calls([CallOutcome(begun.id, 1, Disposition.ANSWERED, NINE + 5 * SECOND)])
    found = status(journal, NINE + 13 * SECOND).run
    assert found is not None
    assert (found.run.id, found.run.state, found.calls, found.waiting) == (begun.id, "running", 9, 5)
    assert found.counts == {"answered": 1, "handed": 3, "waiting": 5, "skipped": 1}
    assert (found.bundles_done, found.bundles, found.last_bundle) == (2, 5, NINE + 10 * SECOND)
    assert found.ends == NINE + 40 * SECOND  # bundles 3, 4 and 5 at 20, 30 and 40
    assert found.progress == pytest.approx(4 / 9)


def test_nobody_can_say_when_a_run_ends_that_is_paused_or_has_no_service() -> None:
    counts = {"waiting": 5, "handed": 5}
    assert run_status(run("paused"), counts, (3, NINE), NINE, pace=PACE).ends is None
    assert run_status(run(), counts, (3, NINE), NINE, pace=PACE, alive=False).ends is None
    assert run_status(run(), {"handed": 10}, (5, NINE), NINE, pace=PACE).ends is None
    assert run_status(run(), counts, (3, NINE), NINE, pace=PACE).ends == NINE + 30 * SECOND


def test_under_a_ceiling_the_end_is_estimated_by_the_speed_so_far() -> None:
    counts = {"waiting": 5, "handed": 3, "answered": 2}
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(lines=3))
    assert run_status(run(), counts, (5, NINE + MINUTE), NINE + MINUTE, pace=pace).ends == NINE + 2 * MINUTE
    closing = NINE + 90 * SECOND
    assert run_status(run(), counts, (5, NINE + MINUTE), NINE + MINUTE, pace=pace, closing=closing).ends == closing


def test_a_run_that_will_be_cut_off_says_how_many_it_will_not_get_to() -> None:
    found = run_status(run(), {"waiting": 10}, (0, None), NINE, pace=PACE, closing=NINE + 25 * SECOND)
    assert (found.ends, found.cut_off) == (NINE + 20 * SECOND, 4)
    late = run_status(run(), {"waiting": 10}, (0, None), NINE, pace=PACE, closing=NINE)
    assert (late.ends, late.cut_off) == (NINE, 10)


def test_status_shows_the_last_run_and_the_days_others_if_none_is_in_progress(journal: Journal) -> None:
    week = begin(journal, 2, token="week")
    journal.runs.set_state(week.id, "stopped", at=NINE + MINUTE)
    hand_run = begin(journal, 2, token="hand", kind="manual", at=NINE + 2 * MINUTE, by="anna")
    journal.runs.set_state(hand_run.id, "done", at=NINE + 3 * MINUTE)
    test = begin(journal, 1, token="test", kind="test", day=TUESDAY, at=NINE + timedelta(days=1))
    journal.runs.set_state(test.id, "done", at=NINE + timedelta(days=1))
    found = status(journal, NINE + timedelta(days=1))
    assert found.run is not None
    assert (found.run.run.id, found.run.run.started_by) == (hand_run.id, "anna")
    assert [other.run.id for other in found.others] == [week.id, test.id]


def test_an_active_run_comes_before_a_later_one_that_has_ended(journal: Journal) -> None:
    week = begin(journal, 2, token="week")
    later = begin(journal, 2, token="hand", kind="manual")
    journal.runs.set_state(later.id, "done", at=NINE)
    found = status(journal, NINE)
    assert found.run is not None
    assert (found.run.run.id, [other.run.id for other in found.others]) == (week.id, [later.id])


def test_the_json_has_these_keys_and_iso_times(journal: Journal) -> None:
    begun = begin(journal, 3, by="anna")
    hand(journal, begun, 2, 1, NINE)
    document = json.loads(status(journal, NINE + SECOND, beat(NINE, problem='[{"text":"no room"}]')).to_json())
    assert document == {
        "now": "2026-01-05T09:00:01+03:00",
        "time_zone": "Europe/Moscow",
        "service": {
            "alive": True,
            "pid": 4242,
            "host": "pbx",
            "started_at": "2026-01-05T08:00:00+03:00",
            "seen_at": "2026-01-05T09:00:00+03:00",
            "stopped_at": None,
            "once": False,
            "trouble": ["no room"],
        },
        "lines": None,
        "ami": None,
        "run": {
            "id": begun.id,
            "day": "2026-01-05",
            "kind": "week",
            "state": "running",
            "started_at": "2026-01-05T09:00:00+03:00",
            "ended_at": None,
            "started_by": "anna",
            "note": "",
            "total": 4,
            "calls": 3,
            "counts": {"handed": 2, "skipped": 1, "waiting": 1},
            "delivery": None,
            "progress": 0.6667,
            "bundles_done": 1,
            "bundles": 2,
            "last_bundle_at": "2026-01-05T09:00:00+03:00",
            "ends_at": "2026-01-05T09:00:10+03:00",
            "depends_on_talk": False,
            "cut_off": 0,
            "hold": None,
        },
        "other_runs": [],
    }


def test_status_counts_delivered_calls_if_delivered_is_set(journal: Journal) -> None:
    begun = begin(journal, 4)
    hand(journal, begun, 4, 1, NINE)
    journal.transitions.end_calls(
        [
            CallOutcome(begun.id, place, Disposition.ANSWERED, NINE, None, EventDetail(listened=heard))
            for place, heard in ((1, 12.0), (2, 3.0), (3, None))
        ]
    )
    found = status(journal, NINE, least=10)
    assert json.loads(found.to_json())["run"]["delivery"] == {
        "least": 10,
        "delivered": 1,
        "not_delivered": 1,
        "not_known": 1,
    }
    assert "answered 3 (delivered 1, not delivered 1), handed over 1" in shown(found)
    assert "answered 3, handed over 1" in shown(status(journal, NINE))


def test_status_shows_the_lines_and_the_link_as_the_service_last_saw_them(journal: Journal) -> None:
    bounded = Pace(4, 10, PaceMode.THROTTLED, ceiling=Capacity(30, 5))
    usage = LineUsage(pace=bounded, ours=12, others=5, ami=AmiConnectionState(False, NINE - MINUTE, say("no answer")))
    begun = begin(journal, 9)
    hand(journal, begun, 4, 1, NINE)
    found = status(journal, NINE + SECOND, msgspec.structs.replace(beat(), line_usage=encode_line_usage(usage)))
    document = json.loads(found.to_json())
    assert document["lines"] == {
        "pacing": "throttled",
        "pace": "bundles of 4 calls, 10 s apart, at most 25 calls at once",
        "ours": 12,
        "others": 5,
        "in_use": 17,
        "lines": 30,
        "reserve": 5,
        "limit": None,
        "free": 8,
        "counted_by": "spool",
    }
    assert document["ami"] == {"state": "down", "since_at": "2026-01-05T08:59:00+03:00", "problem": "no answer"}
    assert document["run"]["bundles"] == 3  # by the pace of the service, whatever ours is
    assert document["run"]["depends_on_talk"]
    lines = shown(found).splitlines()
    assert "Pace          bundles of 4 calls, 10 s apart, at most 25 calls at once" in lines
    text = " ".join(shown(found).split())
    assert "Lines in use 17 of 30: ours 12, others 5; free for us 8; counted by our own calls" in text
    assert "AMI silent since Monday, 5 January 2026, 08:59:00: only our own calls are counted" in text
    assert "if calls last as long as so far" in text
    assert "Bundles" not in text


def test_status_hides_the_lines_of_a_dead_service(journal: Journal) -> None:
    usage = LineUsage(pace=PACE, ami=AmiConnectionState(True, NINE))
    dead = msgspec.structs.replace(beat(NINE, stopped=NINE), line_usage=encode_line_usage(usage))
    document = json.loads(status(journal, NINE, dead).to_json())
    assert (document["lines"], document["ami"]) == (None, None)
    alive = json.loads(
        status(journal, NINE, msgspec.structs.replace(beat(), line_usage=encode_line_usage(usage))).to_json()
    )
    assert alive["ami"] == {"state": "up", "since_at": "2026-01-05T09:00:00+03:00", "problem": ""}
    assert "AMI connected since" in " ".join(
        shown(status(journal, NINE, msgspec.structs.replace(beat(), line_usage=encode_line_usage(usage)))).split()
    )


def test_before_the_first_run_and_the_first_service_there_is_a_status_too(journal: Journal) -> None:
    found = current_status(SETTINGS, journal, NINE)
    document = json.loads(found.to_json())
    assert (document["run"], document["other_runs"], document["service"]["alive"]) == (None, [], False)
    assert shown(found) == "Service  has never run\nRun      there has been none yet\n"


def shown(found: CurrentStatus, *, terminal: bool = False) -> str:
    out = StringIO()
    colours: Literal["auto", "standard"] = "standard" if terminal else "auto"
    show_status(Console(file=out, width=80, force_terminal=terminal, color_system=colours), found)
    return out.getvalue()


def test_in_a_file_the_status_is_plain_lines(journal: Journal) -> None:
    begun = begin(journal, 3, by="anna [bold]\x1b[2J")
    hand(journal, begun, 2, 1, NINE)
    test = begin(journal, 1, token="test", kind="test", at=NINE + SECOND)
    journal.runs.set_state(test.id, "done", at=NINE + SECOND)
    assert shown(status(journal, NINE + SECOND)).splitlines() == [
        "Service      running since Monday, 5 January 2026, 08:00:00 (process 4242 on pbx)",
        "Run          1, by the week: in progress",
        "Started      Monday, 5 January 2026, 09:00:00, by anna [bold] [2J",
        "Progress     67%",
        "Bundles      1 of 2",
        "Calls        3 calls: handed over 2, waiting 1, skipped 1",
        "Last bundle  at about 09:00:10",
        "",
        "Other runs",
        "2  Monday, 5 January 2026, 09:00  test call  done  1 call: waiting 1, skipped 1",
    ]


def test_a_run_that_stands_still_says_what_it_waits_for(journal: Journal) -> None:
    begun = begin(journal, 3)
    assert "Last bundle  not before the service is running again" in shown(
        status(journal, NINE, beat(NINE - timedelta(hours=1)))
    )
    assert "last heartbeat on Monday, 5 January 2026, 08:00:00" in shown(
        status(journal, NINE, beat(NINE - timedelta(hours=1)))
    )
    assert "stopped on Monday, 5 January 2026, 08:59:59" in shown(
        status(journal, NINE, beat(NINE, stopped=NINE - SECOND))
    )
    journal.runs.set_state(begun.id, "paused", at=NINE)
    assert "Last bundle  not before the run is resumed" in shown(status(journal, NINE))
    paced = status(journal, NINE, pace_mode=PaceMode.ADAPTIVE, ceiling=Capacity(limit=1))
    assert "not before the run is resumed" in shown(paced)
    assert "Last bundle" not in shown(paced)


def test_in_a_terminal_a_bar_shows_how_far_the_run_is(journal: Journal) -> None:
    begun = begin(journal, 4)
    hand(journal, begun, 2, 1, NINE)
    text = shown(status(journal, NINE), terminal=True)
    assert re.search("━{15}[^ ]*╺[^ ]*━{14}", text)
    assert "50%" in text
