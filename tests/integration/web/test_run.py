"""The run's page: what it shows, what it asks before it rings anybody, what it orders of the service."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.common.supervision import supervisor_command
from obzvon.domain.brake import RunHold
from obzvon.domain.calls import CallOutcome, CallState, EventDetail
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.results import Disposition
from obzvon.journal.database import JournalUnavailableError
from tests.support.editor import Browser, value
from tests.support.editor_with_service import NOON, PEOPLE, Office, plain
from tests.support.workshop import at, begin_call
from web.run.state import RunStateCache


@pytest.fixture
def office(tmp_path: Path, users_text: str) -> Iterator[Office]:
    made = Office(tmp_path, users_text)
    yield made
    made.ends()


@pytest.fixture
def opened(office: Office) -> Office:
    office.opens()
    return office


# -- what it shows


def test_before_any_service_it_says_that_none_runs_and_offers_no_start(office: Office) -> None:
    text = office.page()
    assert "The service is not running It has never run in this folder" in text
    assert supervisor_command("start") in text
    assert "Start now" not in text
    assert not (office.workshop.folder / "journal.db").exists()


def test_where_nothing_runs_it_says_when_the_next_run_begins_and_whom_it_skips(opened: Office) -> None:
    journal = opened.context.journal()
    assert journal
    journal.runs.begin("20260105-week", NOON.date(), "week", [], at=at("09:00:00"), state="done")
    text = opened.page()
    assert "It is 12:00 in Moscow" in text
    assert "The next one begins by itself Tomorrow, Tuesday" in text
    assert "Calls 5 Bundles 3 bundles of 2, every 10 s Last bundle at 09:00" in text
    assert "1 row is skipped: cannot be called 1" in text
    assert "too short" in text
    assert "Start now…" in text
    assert "Pause" not in text


@pytest.mark.parametrize(
    ("silence", "says"),
    [
        (timedelta(seconds=30), ""),
        (timedelta(minutes=2), "Nothing has been heard from it since 12:00"),
        (timedelta(days=1), "Nothing has been heard from it since 12:00, Monday"),
    ],
)
def test_a_service_that_is_silent_is_not_running(opened: Office, silence: timedelta, says: str) -> None:
    opened.now += silence
    text = opened.page()
    assert ("The service is not running" in text) == bool(says)
    assert says in text
    assert ("Start now" in text) != bool(says)


def test_the_page_shows_what_stops_the_service_and_the_remedy(opened: Office) -> None:
    import msgspec

    assert opened.shift
    trouble = Problem("/spool", say("Asterisk is not running"), say("start it: systemctl start asterisk"))
    opened.shift.heartbeats.beat(at=opened.now, problem=msgspec.json.encode([trouble.message()]).decode())
    text = opened.page()
    assert "but something is wrong" in text
    assert "Asterisk is not running" in text
    assert "→ start it: systemctl start asterisk" in text
    russian = opened.page(browser=Browser(opened.app, "operator", language="ru"))
    assert "Служба работает, но не всё в порядке" in russian
    assert "Asterisk не работает" in russian


def test_a_run_that_waits_because_no_call_can_work_says_so_where_somebody_looks_for_it(office: Office) -> None:
    heartbeats = office.context.journal_to_write().heartbeats
    heartbeats.begin(at=NOON)
    trunk = Problem("PJSIP/a", say("the run does not start: {why}", why=say("it is down")), say("look at the network"))
    heartbeats.beat(at=NOON, problem=msgspec.json.encode([trunk.message()]).decode())
    begins = "It should have begun at 09:00 and begins by itself as soon as calls can be made"
    text = office.page()
    assert f"The run is waiting {begins}" in text
    assert "the run does not start: it is down → look at the network" in text
    assert begins in office.page("/week")
    assert "the start would be refused: PJSIP/a: the run does not start: it is down" in office.page("/run/start")
    heartbeats.beat(at=NOON)
    assert "It should have begun at 09:00 and begins now" in office.page()


def test_a_run_in_progress_shows_its_progress_and_who_was_called(opened: Office) -> None:
    opened.start()
    opened.works(11)
    assert opened.shift
    journal = opened.shift.journal
    first = journal.calls.in_transit(CallState.HANDED)[0]
    journal.transitions.end_calls([CallOutcome(first.run_id, first.position, Disposition.ANSWERED, opened.now)])
    html = opened.operator.get("/run").text
    text = plain(html)
    assert '<progress class="run-bar" max="5" value="4" aria-label="Calls handed over">' in html
    assert "The run is in progress 80 %" in text
    assert "Handed over 4 of 5 Bundles 2 of 3 Last bundle at about 12:00" in text
    assert "In progress now 3 Started 12:00, by hand, operator" in text
    assert "answered 1 not answered 0 handed over 3 waiting 1 skipped 1 withdrawn 0" in text
    assert "12:00:11 8 916 000-00-00 answered" in text
    assert "Start now" not in text
    assert 'hx-trigger="every 2s"' in html


def test_the_last_run_stays_to_be_seen_when_it_has_ended(opened: Office) -> None:
    opened.start()
    opened.works(60)
    text = opened.page()
    assert "No run is in progress" in text
    assert "The last run Today, Monday" in text
    assert "12:00–12:00, by hand, operator: done" in text
    assert "handed over 5" in text


def test_the_page_warns_of_a_run_that_cannot_end_before_latest(tmp_path: Path, users_text: str) -> None:
    office = Office(tmp_path, users_text, latest="12:01", timeout=40)
    office.opens()
    office.start()
    text = office.page()
    assert "Not later than 12:01" in text
    assert "1 number is not reached before that" in text
    office.ends()


def test_the_lines_in_use_and_the_link_are_shown_and_renewed_alone(opened: Office) -> None:
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5))
    readout = LineUsage(pace=pace, ours=12, others=4, by=CountedBy.TRUNK, ami=AmiConnectionState(True, NOON))
    assert "Lines in use" not in opened.page()
    opened.shift.heartbeats.beat(at=NOON, line_usage=encode_line_usage(readout))  # type: ignore[union-attr]
    text = opened.page()
    assert "Lines in use In use 16 of 30 Ours 12 Others 4 Free 9 For the office 5" in text
    assert "Counted by the channels of the trunk. Pace: as soon as there is room" in text
    assert "AMI: connected since 12:00" in text
    address = have(opened.operator.get("/run").text)
    assert opened.operator.get(address).status_code == 204
    silent = msgspec.structs.replace(readout, ours=11, by=CountedBy.SPOOL, ami=AmiConnectionState(False, NOON))
    opened.shift.heartbeats.beat(at=NOON, line_usage=encode_line_usage(silent))  # type: ignore[union-attr]
    answer = opened.operator.get(address).text
    assert re.findall(r'hx-swap-oob="true" id="([\w-]+)"', answer) == ["run-lines"]
    assert "AMI: silent since 12:00: only our own calls are counted, and other people" in plain(answer)
    opened.shift.heartbeats.end(at=NOON)  # type: ignore[union-attr]
    assert "Lines in use" not in opened.page()


def test_a_held_run_says_why_and_can_be_continued(opened: Office) -> None:
    opened.start()
    assert "Continue now" not in opened.page()
    run = opened.context.journal().runs.latest()
    assert run is not None
    hold = RunHold(run.id, NOON, 12, "congestion")
    usage = LineUsage(pace=Pace(2, 10), hold=hold)
    opened.shift.heartbeats.beat(at=NOON, line_usage=encode_line_usage(usage))  # type: ignore[union-attr]
    text = opened.page()
    assert "The run is held: calls do not get through Since 12:00 all calls have failed" in text
    assert "the last one with the result “congestion”; calls that failed: 12" in text
    assert "Last bundle when calls get through again" in text
    assert "Continue now Calls go at their usual pace again at once." in text
    other = msgspec.structs.replace(usage, hold=msgspec.structs.replace(hold, run=run.id + 1))
    opened.shift.heartbeats.beat(at=NOON, line_usage=encode_line_usage(other))  # type: ignore[union-attr]
    assert "Continue now" not in opened.page()


def test_how_many_heard_the_message_out_stands_beside_the_answered(tmp_path: Path, users_text: str) -> None:
    office = Office(tmp_path, users_text, delivered=10)
    office.opens()
    office.start()
    office.works(60)
    journal = office.context.journal()
    run = journal.runs.latest()
    journal.transitions.end_calls(
        [
            CallOutcome(run.id, place, Disposition.ANSWERED, office.now, None, EventDetail(listened=heard))
            for place, heard in ((1, 12.0), (2, 3.0), (3, None))
        ]
    )
    text = office.page()
    assert "answered 3 delivered 1 not delivered 1" in text
    assert "answered not delivered: 3 s" in text
    office.ends()


def test_without_an_archive_it_says_why_nobody_knows_who_answered(tmp_path: Path, users_text: str) -> None:
    office = Office(tmp_path, users_text, archive="no")
    office.opens()
    office.start()
    text = office.page()
    assert "It is not known who answered" in text
    assert "answered 0" not in text
    office.ends()


def test_the_page_works_and_says_what_is_wrong_with_a_broken_list(opened: Office) -> None:
    opened.workshop.write_text("todo.json", '{"0": ')
    text = opened.page()
    assert "todo.json" in text
    assert "Start now" in text
    answer = opened.operator.get("/run/start")
    assert answer.status_code == 500
    assert "It is not known whom a run would call" in answer.text


def test_the_page_shows_what_to_do_about_an_unusable_journal(tmp_path: Path, users_text: str) -> None:
    (tmp_path / "journal.db").write_text("this is no journal")
    office = Office(tmp_path, users_text)
    text = office.page()
    assert "The current state is unknown" in text
    assert "journal.db" in text


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd|' /C calc'!A0", "a\nb", "\u202eevil", "a\0b"])
def test_hostile_names_are_shown_and_act_on_nothing(opened: Office, name: str) -> None:
    opened.workshop.write_list(
        {"0": {"0": PEOPLE[0], "1": "", "name": name}, "1": {"0": name, "1": name, "name": name}}
    )
    assert "<script>alert" not in opened.operator.get("/run/start").text
    opened.start()
    opened.works(5)
    text = opened.operator.get("/run").text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\0" not in text


# -- how it renews itself


def have(text: str) -> str:
    found = re.search(r'hx-get="(/run/live\?[^"]*)"', text)
    assert found
    return found[1].replace("&amp;", "&")


def test_as_long_as_nothing_changes_the_page_is_left_alone(opened: Office) -> None:
    address = have(opened.operator.get("/run").text)
    for _ in range(3):
        answer = opened.operator.get(address)
        assert (answer.status_code, answer.data) == (204, b"")
    assert 'hx-trigger="every 10s"' in opened.operator.get("/run").text


def test_only_the_pieces_that_have_changed_are_sent(opened: Office) -> None:
    opened.start()
    address = have(opened.operator.get("/run").text)
    opened.works(1)
    text = opened.operator.get(address).text
    assert re.findall(r'hx-swap-oob="true" id="([\w-]+)"', text) == ["run-live", "run-results"]
    assert "Pause" not in text
    assert opened.operator.get(have(text)).status_code == 204
    opened.post("/run/pause")
    pieces = re.findall(r'hx-swap-oob="true" id="([\w-]+)"', opened.operator.get(have(text)).text)
    assert set(pieces) >= {"run-said", "run-live", "run-actions"}
    assert "run-clock" not in pieces


@pytest.mark.parametrize("nonsense", ["", "live-", "x", "live-1.live-2", "\0", "a" * 5000, "said-<b>"])
def test_whatever_a_browser_says_that_it_has_it_gets_what_there_is(opened: Office, nonsense: str) -> None:
    answer = opened.operator.client.get("/run/live", query_string={"have": nonsense}, headers=opened.operator.login)
    assert answer.status_code == 200
    assert len(re.findall("hx-swap-oob", answer.text)) == 8
    assert "<b>" not in answer.text


def test_a_run_that_has_ended_is_counted_once_and_a_look_serves_all_who_ask(opened: Office) -> None:
    ticks = iter(range(10_000))
    watch = RunStateCache(opened.context, clock=lambda: float(next(ticks)))
    opened.start()
    first = watch.current(opened.now)
    opened.works(11)
    assert watch.current(opened.now).latest == first.latest  # a look that took a second is good for ten
    for _ in range(20):
        watch.current(opened.now)
    assert len(watch.current(opened.now).latest) == 4
    watch.forget()
    opened.works(60)
    assert opened.shift
    opened.shift.journal.transitions.end_calls(
        [
            CallOutcome(call.run_id, call.position, Disposition.ANSWERED, opened.now)
            for call in opened.shift.journal.calls.in_transit(CallState.HANDED)
        ]
    )
    last = watch.current(opened.now)
    assert last.status
    assert last.status.counts["answered"] == 5
    for _ in range(200):
        assert watch.current(opened.now).latest is last.latest


# -- a start


def test_a_start_is_asked_first_and_begins_what_was_shown(opened: Office) -> None:
    text = opened.page("/run/start")
    assert "Start a run now? It is 12:00 in Moscow" in text
    assert "Calls 5 Bundles 3 bundles" in text
    assert "1 row is skipped: cannot be called 1" in text
    assert "Call 5 numbers" in text
    assert "usually not called at this hour" not in text
    assert "Everybody again" not in text
    assert opened.workshop.in_spool() == []
    assert "The run has started: 5 calls" in opened.start()
    opened.works(25)
    assert sorted(opened.workshop.in_spool()) == PEOPLE
    assert opened.changes() == [
        "operator: run started manually, for phones not called today: the run has started: 5 calls"
    ]


def test_two_choices_are_offered_if_somebody_was_called_today(opened: Office) -> None:
    opened.start()
    opened.works(5)
    opened.post("/run/stop", "/run/stop")
    text = opened.page("/run/start")
    assert "2 numbers have already been called today. Who should this run call?" in text
    assert "Call 3 numbers" in text
    assert "Call again: 5 numbers" in text
    assert "3 calls" in opened.start("rest")
    opened.works(25)
    assert sorted(opened.workshop.in_spool()) == PEOPLE
    assert "Everybody who can be called has been called today" in opened.page("/run/start")
    assert "5 calls" in opened.start("again")
    assert "also those called today" in opened.changes()[0]


@pytest.mark.parametrize("clock", ["21:00:00", "23:41:00", "03:00:00", "07:59:59"])
def test_at_night_it_wants_a_tick_on_purpose(opened: Office, clock: str) -> None:
    opened.now = at(clock)
    assert opened.shift
    opened.shift.heartbeats.beat(at=opened.now)
    text = opened.page("/run/start")
    assert f"It is {clock[:5]} in Moscow" in text
    assert "People are usually not called at this hour" in text
    answer = opened.post("/run/start", "/run/start", whom="rest")
    assert answer.status_code == 422
    assert 'href="#night"' in answer.text
    assert opened.shift.dialer.run is None
    assert "The run has started" in opened.start(night="1")


def test_a_confirmation_given_in_the_evening_is_asked_for_again_at_night(opened: Office) -> None:
    asked = opened.operator.get("/run/start").text
    fields = {name: value(asked, name) for name in ("once", "after", "revision", "token")}
    opened.now = at("21:10:00")
    assert opened.operator.post("/run/start", fields, whom="rest").status_code == 422


@pytest.mark.parametrize("change", ["list", "run"])
def test_if_the_list_or_the_run_is_another_one_by_now_it_is_asked_again(opened: Office, change: str) -> None:
    asked = opened.operator.get("/run/start").text
    fields = {name: value(asked, name) for name in ("once", "after", "revision", "token")}
    if change == "list":
        opened.workshop.write_list(PEOPLE[:1])
    else:
        opened.start()
        opened.works(60)
    answer = opened.operator.post("/run/start", fields, whom="again")
    assert answer.status_code == 409
    assert "Nothing has been started" in answer.text
    assert ("Call 1 number" in answer.text) == (change == "list")
    assert opened.shift
    assert opened.shift.dialer.run is None


def test_the_service_too_looks_whether_it_is_still_what_was_asked(opened: Office) -> None:
    opened.meanwhile = lambda: opened.workshop.write_list(PEOPLE[:1], changed=None)
    assert "The list was changed in the meantime" in opened.start()
    assert opened.shift
    assert opened.shift.dialer.run is None


def test_a_form_sent_twice_starts_one_run_and_answers_the_same(opened: Office) -> None:
    asked = opened.operator.get("/run/start").text
    fields = {name: value(asked, name) for name in ("once", "after", "revision", "token")}
    for _ in range(2):
        answer = opened.operator.post("/run/start", fields, whom="again")
        assert answer.status_code == 200
        assert "The run has started: 5 calls" in answer.text
        opened.works(60)  # the first is through when the second comes
    assert opened.shift
    assert len(opened.shift.journal.runs.on_days(opened.now.date())) == 1
    assert len(opened.changes()) == 1


@pytest.mark.parametrize(
    "fields",
    [{}, {"once": "", "after": "0"}, {"once": "x", "after": "-1"}, {"once": "x", "after": "\0", "revision": "<b>"}],
)
def test_a_start_that_was_not_asked_begins_nothing(opened: Office, fields: dict[str, str]) -> None:
    answer = opened.operator.post("/run/start", {"revision": "", **fields})
    assert answer.status_code == 409
    assert opened.changes() == []


def test_during_a_run_no_other_is_asked_for_or_begun(opened: Office) -> None:
    asked = opened.operator.get("/run/start").text
    opened.start()
    fields = {name: value(asked, name) for name in ("once", "after", "revision")}
    for answer in (
        opened.operator.post("/run/start", fields, whom="again"),
        opened.operator.client.get("/run/start", headers=opened.operator.login, follow_redirects=True),
    ):
        assert "A run is already in progress" in answer.text
    assert opened.shift
    assert len(opened.shift.journal.runs.on_days(NOON.date())) == 1


def test_past_the_latest_hour_and_with_nobody_to_ring_no_start_is_offered(tmp_path: Path, users_text: str) -> None:
    office = Office(tmp_path, users_text, latest="12:00")
    office.opens()
    text = office.page("/run/start")
    assert "It is past 12:00; the settings allow no calls after that" in text
    assert "Ring" not in text
    office.ends()
    empty = Office(tmp_path / "empty", users_text)
    empty.workshop.write_list({"7": "777"})
    empty.opens()
    text = empty.page("/run/start")
    assert "There is nobody to call" in text
    assert "too short" in text
    empty.ends()


@pytest.mark.parametrize("path", ["/run/start", "/run/stop", "/run/pause", "/run/resume", "/run/call"])
def test_without_a_service_every_order_says_so_and_is_not_kept_for_later(office: Office, path: str) -> None:
    office.opens()
    assert office.shift
    office.start()
    if path == "/run/start":
        office.works(60)
    office.shift.heartbeats.end(at=office.now)
    office.shift.end()
    office.shift = None
    office.slept = 0
    page = path if path in ("/run/start", "/run/stop") else "/run"
    answer = office.post(path, page, number=PEOPLE[0], whom="again")
    assert "The service is not running, and nothing has been done" in answer.text
    assert 5 <= office.slept < 5.2
    assert "no service took it" in office.changes()[0]
    again = office.opens()
    assert again.commands.take_next(at=office.now) is None


def test_a_command_that_a_busy_service_does_not_take_is_refused_and_dropped(office: Office) -> None:
    office.opens()
    assert office.shift
    office.start()
    office.shift.end()
    office.shift = None
    office.slept = 0
    assert "busy and has not accepted the command; nothing has been done" in office.post("/run/pause", "/run").text
    assert 15 <= office.slept < 15.2
    assert office.opens().commands.take_next(at=office.now) is None


# -- pause, resume, stop


def test_a_run_is_paused_and_goes_on(opened: Office) -> None:
    opened.start()
    opened.works(1)
    text = plain(opened.post("/run/pause").text)
    assert "Paused; calls waiting: 3, already with Asterisk: 2" in text
    assert "The run is paused 40 %" in text
    assert "Continue Those who are still waiting are called next" in text
    opened.works(30)
    assert len(opened.workshop.in_spool()) == 2
    text = plain(opened.post("/run/resume").text)
    assert "The run continues; calls waiting: 3" in text
    opened.works(30)
    assert len(opened.workshop.in_spool()) == 5
    assert [change.partition(": ")[2].partition(":")[0] for change in opened.changes()][:2] == [
        "run resumed",
        "run paused",
    ]


@pytest.mark.parametrize("clock", ["21:00:00", "23:58:00", "00:05:00", "07:59:59"])
def test_a_paused_run_is_continued_at_night_only_with_a_tick(opened: Office, clock: str) -> None:
    opened.start()
    opened.works(1)
    opened.post("/run/pause")
    assert opened.shift
    opened.now = at(clock) if clock > "12" else at(clock, "2026-01-06")
    opened.shift.heartbeats.beat(at=opened.now)
    assert "Yes, continue now" in opened.page()
    text = plain(opened.post("/run/resume").text)
    assert "Nobody is called: the run is still paused. Tick the box" in text
    assert opened.shift.dialer.run
    assert opened.shift.dialer.run.state == "paused"
    assert "The run continues" in plain(opened.post("/run/resume", night="1").text)


def test_a_stop_is_asked_with_counts_and_calls_in_progress_go_on(opened: Office) -> None:
    opened.start()
    opened.works(1)
    text = opened.page("/run/stop")
    assert "Already handed over 2 of 5 Will not be called 3 In progress now 2" in text
    assert "2 calls in progress will be completed" in text
    text = plain(opened.post("/run/stop", "/run/stop").text)
    assert "Stopped; calls withdrawn: 3, still with Asterisk: 2" in text
    assert len(opened.workshop.in_spool()) == 2
    assert "run stopped" in opened.changes()[0]


def test_with_withdraw_what_has_not_begun_is_taken_back_also_when_the_run_has_ended(opened: Office) -> None:
    opened.start()
    opened.works(60)
    assert len(opened.workshop.in_spool()) == 5
    begin_call(min(opened.workshop.spool_folder.iterdir()), 1)
    assert "Take back…" in opened.page()
    assert "Take back calls that have not started? In progress now 5" in opened.page("/run/stop")
    text = plain(opened.post("/run/stop", "/run/stop", withdraw="1").text)
    assert "taken out of the spool: 4, still with Asterisk: 1" in text
    assert len(opened.workshop.in_spool()) == 1
    assert "calls that had not begun withdrawn" in opened.changes()[0]


def test_where_nothing_is_to_be_stopped_the_page_says_so(opened: Office) -> None:
    answer = opened.operator.client.get("/run/stop", headers=opened.operator.login, follow_redirects=True)
    assert "there is nothing to stop" in answer.text


@pytest.mark.parametrize("order", ["stop", "pause", "resume"])
def test_what_was_meant_for_another_run_is_not_done_to_this_one(opened: Office, order: str) -> None:
    opened.start()
    answer = opened.post(f"/run/{order}", "/run/stop", run="17", follow=False)
    assert opened.shift
    assert opened.shift.dialer.run is not None
    assert opened.shift.dialer.run.state == "running"
    if order == "stop":
        assert answer.status_code == 409
        assert "this is another run by now" in answer.text
    else:
        assert "not the one that you meant" in opened.page()


# -- a test call


def test_a_test_call_is_made_and_its_result_shown(opened: Office) -> None:
    text = plain(opened.post("/run/call", number="8 (916) 555-55-51", code="12").text)
    assert "The test call to 89165555551 is handed over" in text
    assert opened.workshop.in_spool() == ["89165555551"]
    assert "Last test call, 12:00:00, operator 8 916 555-55-51 12 — calling…" in text
    assert 'hx-trigger="every 2s"' in opened.operator.get("/run").text
    assert opened.shift
    call = opened.shift.journal.calls.in_transit(CallState.HANDED)[0]
    opened.shift.journal.transitions.end_calls([CallOutcome(call.run_id, 1, Disposition.NOT_ANSWERED, opened.now)])
    assert "8 916 555-55-51 12 — not answered" in opened.page()
    assert 'hx-trigger="every 10s"' in opened.operator.get("/run").text
    assert opened.changes() == ["operator: test call 89165555551: the test call to 89165555551 is handed over"]


def test_a_test_call_sent_twice_is_made_once(opened: Office) -> None:
    once = value(opened.operator.get("/run").text, "once")
    for _ in range(2):
        answer = opened.post("/run/call", number=PEOPLE[0], once=once)
        assert "is handed over" in answer.text
    assert opened.workshop.in_spool() == PEOPLE[:1]


@pytest.mark.parametrize("clock", ["21:00:00", "23:58:00", "03:00:00"])
def test_a_test_call_at_night_wants_a_tick(opened: Office, clock: str) -> None:
    assert "People are usually not called" not in opened.page()
    opened.now = at(clock)
    assert opened.shift
    opened.shift.heartbeats.beat(at=opened.now)
    assert "Yes, call this number now" in opened.page()
    answer = opened.post("/run/call", number=PEOPLE[0])
    assert answer.status_code == 422
    assert 'href="#test-night"' in answer.text
    assert opened.workshop.in_spool() == []
    assert "is handed over" in opened.post("/run/call", number=PEOPLE[0], night="1").text
    assert opened.workshop.in_spool() == PEOPLE[:1]


@pytest.mark.parametrize(
    ("number", "code", "wrong"),
    [
        ("", "", "number"),
        ("777", "", "number"),
        ("<script>alert(1)</script>", "", "number"),
        ("=1+1", "", "number"),
        (PEOPLE[0], "context 22", "code"),
        (PEOPLE[0], "1\n2", "code"),
        ("8916\0", "\u202e1", "number"),
        ("9" * 100_000, "", "number"),
    ],
)
def test_a_number_or_code_that_cannot_be_dialled_is_refused_at_its_field(
    opened: Office, number: str, code: str, wrong: str
) -> None:
    answer = opened.post("/run/call", number=number, code=code)
    assert answer.status_code == 422
    assert "Nobody has been called" in answer.text
    assert f'href="#test-{wrong}"' in answer.text
    assert f'id="test-{wrong}-hint"' in answer.text
    assert "<script>alert" not in answer.text
    assert opened.workshop.in_spool() == []
    assert opened.operator.get("/run/call").headers["Location"] == "/run"  # as after a reload


# -- who may


def test_a_viewer_sees_all_of_it_and_is_offered_nothing(opened: Office) -> None:
    viewer = Browser(opened.app, "viewer")
    opened.start()
    text = viewer.get("/run").text
    assert "The run is in progress" in text
    assert "<form" not in text[text.index("<main") :]
    assert "/run/stop" not in text
    for path in ("/run/start", "/run/stop"):
        assert viewer.get(path).status_code == 302


def test_the_list_and_the_schedule_link_to_the_run_in_progress(opened: Office) -> None:
    opened.start()
    for path in ("/phones", "/week"):
        assert '<a href="/run">Current state</a>' in opened.operator.get(path).text


def test_the_page_is_russian_for_a_russian(opened: Office) -> None:
    browser = Browser(opened.app, "operator", language="ru")
    assert "Сейчас 12:00 по Москве, понедельник, 5 января" in opened.page(browser=browser)
    assert "Позвонить на 5 номеров" in opened.page("/run/start", browser)
    opened.start()
    opened.works(1)
    text = opened.page(browser=browser)
    for words in ("Обзвон идёт 40 %", "Передано 2 из 5", "Пачек 1 из 3", "На паузу", "Остановить…"):
        assert words in text


def test_no_page_has_script_or_style_in_it(opened: Office) -> None:
    for path in ("/run", "/run/start", "/run/live"):
        text = opened.operator.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text, re.IGNORECASE)


def test_a_clock_elsewhere_is_named_by_its_city(tmp_path: Path, users_text: str) -> None:
    office = Office(tmp_path, users_text, time_zone="Asia/Vladivostok")
    assert "Сейчас 19:00 (Владивосток)" in office.page(browser=Browser(office.app, "operator", language="ru"))
    office.ends()


def test_a_service_that_cron_starts_is_not_one_that_is_broken(opened: Office) -> None:
    assert opened.shift
    opened.shift.heartbeats.begin(at=opened.now, once=True)
    opened.shift.heartbeats.end(at=opened.now)
    text = opened.page()
    assert "Cron starts it; it last checked the schedule at 12:00" in text
    assert "supervisorctl" not in text


def test_a_journal_that_fails_after_the_order_is_not_said_to_have_done_nothing(office: Office) -> None:
    office.opens()
    before = office.context.sleep

    def fail(_: float) -> None:
        office.context.sleep = before
        raise JournalUnavailableError([])

    office.context.sleep = fail
    said = office.start()
    assert "it is unknown whether the command is carried out" in said
    assert "nothing has been" not in said.lower()
    assert any("not known whether" in change for change in office.changes())
    office.context.sleep = fail
    answer = office.operator.send("POST", "/api/v1/run/pause")
    assert answer.status_code == 202
    assert "not known whether" in answer.get_json()["text"]
