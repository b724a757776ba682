"""The service's answers to commands: start, pause, stop and a test call, and what it does for them."""

import getpass
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from obzvon.cli import control
from obzvon.domain.calls import CallOutcome
from obzvon.domain.phones import Candidate, Phone
from obzvon.domain.results import Disposition
from obzvon.service import factory
from obzvon.service.command_handlers import execute
from tests.support.workshop import Shift, Workshop, at, begin_call, end_call, numbers, shift

PEOPLE = numbers(5)
EIGHT, NOON = at("08:00:00"), at("12:00:00")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A week without a start: only what is asked for happens."""
    return Workshop(tmp_path, phones=PEOPLE, start="00:00", bundle=2, timeout=10)


@pytest.fixture
def working(workshop: Workshop) -> Iterator[Shift]:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        yield working


def asked(working: Shift, now: datetime, name: str, **params: str | int | bool) -> str:
    """Return the answer to a command that is done."""
    answer = working.ask(name, now, **params)
    assert answer.ok, str(answer.text)
    return str(answer.text)


def refused(working: Shift, now: datetime, name: str, **params: str | int | bool) -> str:
    """Why the service does not do it."""
    answer = working.ask(name, now, **params)
    assert not answer.ok, str(answer.text)
    return str(answer.text)


def test_a_command_that_there_is_not_is_refused_by_its_name(working: Shift) -> None:
    assert "sing" in refused(working, EIGHT, "sing")


@pytest.mark.parametrize(("since", "taken"), [(-61, False), (-59, True), (59, True), (61, False)])
def test_a_command_is_obeyed_within_a_minute_on_either_side_however_the_clock_was_set(
    working: Shift, since: int, taken: bool
) -> None:
    working.commands.submit("start", by="anna", at=NOON - timedelta(seconds=since))
    command = working.commands.take_next(at=NOON)
    assert command is not None
    answer = execute(working.dialer, command, NOON)
    assert answer.ok == taken
    assert ("no service took the command in time" in str(answer.text)) != taken


def test_a_refused_test_call_does_not_interrupt_a_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "obzvon")
    workshop = Workshop(tmp_path, phones=PEOPLE, start="00:00", bundle=2, timeout=10, test_calls=1)
    with shift(workshop, NOON) as working:
        asked(working, NOON, "call", number=PEOPLE[0])
        asked(working, NOON, "start")
        assert working.work(NOON, NOON) != []
        assert "test_calls allows no more" in refused(working, NOON, "call", number=PEOPLE[0])
        assert working.dialer.is_ready
        working.work(NOON + timedelta(seconds=1), NOON + timedelta(seconds=2))
    assert not any("continues where it stopped" in line for line in caplog.messages)


# -- start


def test_a_start_that_was_meant_after_another_run_or_for_another_list_is_refused(
    workshop: Workshop, working: Shift
) -> None:
    list_revision = factory.open_phones(workshop.settings).load().revision
    assert "5 calls" in asked(working, NOON, "start", after=0, list_revision=list_revision)
    first = working.dialer.run
    assert first is not None
    working.work(NOON, at("12:00:30"))
    assert working.dialer.run is None
    refused_by = refused(working, at("12:01:00"), "start", again=True, after=0, list_revision=list_revision)
    assert "another run in the meantime" in refused_by
    workshop.write_list(PEOPLE[:1], changed=None)
    refused_by = refused(working, at("12:01:00"), "start", again=True, after=first.id, list_revision=list_revision)
    assert "the list was changed" in refused_by
    list_revision = factory.open_phones(workshop.settings).load().revision
    assert "1 call" in asked(working, at("12:01:00"), "start", again=True, after=first.id, list_revision=list_revision)


@pytest.mark.parametrize("order", ["pause", "resume", "stop"])
def test_what_was_meant_for_another_run_is_not_done_to_this_one(working: Shift, order: str) -> None:
    asked(working, NOON, "start")
    run = working.dialer.run
    assert run is not None
    assert f"run {run.id} is in progress" in refused(working, NOON, order, run=run.id + 1)
    assert working.dialer.run == run
    asked(working, NOON, order, run=run.id)


def test_a_start_begins_a_run_at_once_and_says_how_many_calls_it_has(workshop: Workshop, working: Shift) -> None:
    assert "5 calls" in asked(working, NOON, "start")
    run = working.dialer.run
    assert run is not None
    assert (run.kind, run.started_by, run.day) == ("manual", "anna", NOON.date())
    assert working.work(NOON, at("12:00:05")) == [("12:00:00", PEOPLE[:2])]


def test_one_call_is_not_calls(workshop: Workshop, working: Shift) -> None:
    workshop.write_list(PEOPLE[:1], changed=EIGHT)
    assert asked(working, NOON, "start") == "the run has started: 1 call"


def test_a_start_during_a_run_is_refused_also_while_it_is_paused(working: Shift) -> None:
    asked(working, NOON, "start")
    assert "already in progress" in refused(working, NOON, "start")
    asked(working, NOON, "pause")
    assert "already in progress" in refused(working, NOON, "start", again=True)


def test_after_calls_today_a_start_needs_again_and_then_calls_everybody(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    asked(working, at("12:00:06"), "stop")
    assert "2 numbers were already called today" in refused(working, at("12:01:00"), "start")
    assert working.dialer.run is None
    assert "5 calls" in asked(working, at("12:01:00"), "start", again=True)
    working.work(at("12:01:00"), at("12:02:00"))
    assert sorted(workshop.in_spool()) == sorted([*PEOPLE[:2], *PEOPLE])


def test_tomorrow_is_another_day(working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:01:00"))
    assert "5 calls" in asked(working, at("12:00:00", "2026-01-06"), "start")


def test_a_start_after_latest_is_refused(tmp_path: Path) -> None:
    with shift(Workshop(tmp_path, phones=PEOPLE, start="00:00", latest="21:00"), EIGHT) as working:
        assert "21:00" in refused(working, at("21:00:00"), "start")
        assert working.journal.runs.on_days(EIGHT.date()) == []


def test_a_start_without_a_list_is_refused_with_the_reason(workshop: Workshop, working: Shift) -> None:
    (workshop.folder / "todo.json").unlink()
    for kept in (workshop.folder / ".history").iterdir():
        kept.unlink()
    assert "todo.json" in refused(working, NOON, "start")
    assert working.journal.runs.is_empty()


# -- pause and resume


def test_a_paused_run_hands_nothing_over_until_it_is_resumed(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    said = asked(working, at("12:00:06"), "pause")
    assert "3" in said
    assert "2" in said
    assert working.work(at("12:00:06"), at("12:30:00")) == []
    assert "already paused" in asked(working, at("12:30:01"), "pause")
    assert "3" in asked(working, at("12:30:01"), "resume")
    assert working.work(at("12:30:01"), at("12:31:00")) == [("12:30:01", PEOPLE[2:4]), ("12:30:11", PEOPLE[4:])]


def test_a_pause_outlives_the_service(workshop: Workshop) -> None:
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        asked(working, NOON, "start")
        working.work(NOON, at("12:00:05"))
        asked(working, at("12:00:06"), "pause")
    with shift(workshop, at("12:10:00")) as working:
        working.came()
        assert working.work(at("12:10:00"), at("12:11:00")) == []
        asked(working, at("12:12:00"), "resume")
        assert len(working.work(at("12:12:00"), at("12:13:00"))) == 2


def test_outcomes_come_in_during_a_pause(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    asked(working, at("12:00:06"), "pause")
    for file in workshop.spool_folder.iterdir():
        file.unlink()
    working.work(at("12:00:07"), at("12:00:09"))
    assert working.dialer.handover.outstanding == 0
    asked(working, at("12:00:10"), "resume")
    assert asked(working, at("12:00:10"), "pause") == "paused; calls waiting: 3"
    assert asked(working, at("12:00:11"), "stop") == "stopped; calls withdrawn: 3"


def test_a_run_that_is_not_paused_need_not_be_resumed(working: Shift) -> None:
    asked(working, NOON, "start")
    assert "not paused" in asked(working, NOON, "resume")


@pytest.mark.parametrize("command", ["pause", "resume", "stop"])
def test_without_a_run_there_is_nothing_to_pause_resume_or_stop(working: Shift, command: str) -> None:
    assert "no run is in progress" in refused(working, NOON, command)


# -- stop


def test_a_stop_withdraws_who_waits_and_names_who_stopped_it(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    said = asked(working, at("12:00:06"), "stop")
    assert "3" in said
    assert "2" in said
    assert list(working.results(NOON).values()) == ["handed"] * 2 + ["withdrawn"] * 3
    assert "anna" in working.reasons(NOON)[PEOPLE[4]]
    assert working.work(at("12:00:06"), at("12:30:00")) == []
    assert workshop.in_spool() == PEOPLE[:2]
    (run,) = working.journal.runs.on_days(NOON.date())
    assert (run.state, run.ended_at) == ("stopped", at("12:00:06"))


def test_a_stop_with_withdrawal_takes_out_what_asterisk_has_not_begun(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    begin_call(min(workshop.spool_folder.iterdir()), os.getpid())
    asked(working, at("12:00:06"), "stop", withdraw=True)
    assert workshop.in_spool() == PEOPLE[:1]
    assert list(working.results(NOON).values()) == ["handed"] + ["withdrawn"] * 4
    assert working.journal.calls.called_on(NOON.date()) == {(PEOPLE[0], "")}


def test_after_the_last_bundle_what_asterisk_has_not_begun_can_still_be_withdrawn(
    workshop: Workshop, working: Shift
) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:01:00"))
    assert working.dialer.run is None
    begin_call(min(workshop.spool_folder.iterdir()), os.getpid())
    assert "no run is in progress" in refused(working, at("12:02:00"), "stop")
    said = asked(working, at("12:02:00"), "stop", withdraw=True)
    assert "4" in said
    assert "1" in said
    assert workshop.in_spool() == PEOPLE[:1]


# -- a test call


def test_a_test_call_is_handed_over_at_once_beside_any_run(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "start")
    working.work(NOON, at("12:00:05"))
    assert "89261234567" in asked(working, at("12:00:06"), "call", number="+7 (926) 123-45-67")
    assert working.came() == ["89261234567"]
    assert working.work(at("12:00:07"), at("12:01:00")) == [("12:00:10", PEOPLE[2:4]), ("12:00:20", PEOPLE[4:])]


def test_a_test_call_with_a_code_goes_in_the_form_of_coded_calls(workshop: Workshop, working: Shift) -> None:
    asked(working, NOON, "call", number=PEOPLE[0], code="12")
    (file,) = workshop.spool_folder.iterdir()
    assert "Setvar: dtmf=12" in file.read_text()
    assert "@avtoobzvon-ivr" in file.read_text()


@pytest.mark.slow
def test_a_test_call_between_the_handfuls_of_a_bundle_disturbs_nobody(tmp_path: Path) -> None:
    people = numbers(2500)
    workshop = Workshop(tmp_path, phones=people, start="00:00", bundle=2500, timeout=0)
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        asked(working, NOON, "start")
        assert working.dialer.step(NOON) == 0
        asked(working, NOON, "call", number="89990000000")
        working.work(NOON, NOON + timedelta(seconds=5))
        assert sorted(workshop.in_spool()) == sorted([*people, "89990000000"])
        assert workshop.in_store() == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("777", ""),
        ("", ""),
        ("7916838933", ""),
        ("89161111111\nApplication: System", ""),
        ("76@other/n", ""),
        ("+380501234567", ""),
        ("88091234567", ""),
        ("89161111111", "context 22"),
        ("89161111111", "1;2"),
    ],
)
def test_a_test_call_to_what_cannot_be_called_is_refused_with_the_reason(
    workshop: Workshop, working: Shift, number: str, code: str
) -> None:
    assert refused(working, NOON, "call", number=number, code=code)
    assert workshop.in_spool() == workshop.in_store() == []
    assert working.journal.runs.is_empty()


@pytest.mark.parametrize(("number", "example"), [("205", "internal = [0-9]{3}"), (" 4312 ", "internal = [0-9]{4}")])
def test_of_a_short_number_the_refusal_says_how_extensions_are_allowed(
    working: Shift, number: str, example: str
) -> None:
    reason = refused(working, NOON, "call", number=number)
    assert "too short" in reason
    assert f"[Numbers], for example: {example}" in reason


@pytest.mark.parametrize("number", ["101", "112", "8916123456", "89161234567890"])
def test_of_other_numbers_it_does_not(working: Shift, number: str) -> None:
    assert "section [Numbers]" not in refused(working, NOON, "call", number=number)


def test_a_test_call_that_asks_for_nothing_is_refused(working: Shift) -> None:
    assert refused(working, NOON, "call")


def test_a_test_call_that_cannot_be_handed_over_is_reported_and_withdrawn(
    workshop: Workshop, working: Shift, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        assert str(workshop.store_folder) in refused(working, NOON, "call", number=PEOPLE[0])
    assert working.work(NOON, at("12:01:00")) == []
    assert list(working.results(NOON).values()) == ["withdrawn"]


# -- who was not heard


def test_what_was_asked_while_no_service_was_there_is_not_done_when_it_comes(working: Shift) -> None:
    working.commands.submit("start", by="anna", at=EIGHT)
    command = working.commands.take_next(at=NOON)
    assert command is not None
    answer = execute(working.dialer, command, NOON)
    assert not answer.ok
    assert "give it again" in str(answer.text)
    assert working.dialer.run is None


def test_who_asks_is_the_person_behind_the_services_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "asterisk")
    monkeypatch.delenv("SUDO_USER", raising=False)
    loginuid = tmp_path / "loginuid"
    loginuid.write_text("4294967295")
    assert control.login_name(loginuid) == ""
    assert control.login_name(tmp_path / "none") == ""
    loginuid.write_text("1\n")
    assert control.login_name(loginuid) == "daemon"
    monkeypatch.setattr(control, "login_name", lambda: "")
    assert control.requester() == "asterisk"
    monkeypatch.setattr(control, "login_name", lambda: "ivan")
    assert control.requester() == "ivan"
    monkeypatch.setenv("SUDO_USER", "anna")
    assert control.requester() == "anna"


# -- only some of those of a day


@pytest.fixture
def answered(tmp_path: Path) -> Iterator[Shift]:
    """A service whose Asterisk archives its files, after a run: one answered, two not, one unknown, one withdrawn."""
    workshop = Workshop(tmp_path, phones=PEOPLE, start="00:00", bundle=4, timeout=3600, archive="yes")
    with shift(workshop, EIGHT) as working:
        working.dialer.step(EIGHT)
        asked(working, NOON, "start")
        working.work(NOON, at("12:00:02"))
        for file, status in zip(
            sorted(workshop.spool_folder.iterdir()), ("Completed", "Expired", "Expired", None), strict=True
        ):
            if status:
                end_call(file, status, done=workshop.done_folder)
            else:
                file.unlink()
        working.work(at("12:00:03"), at("12:00:30"))
        asked(working, at("12:00:31"), "stop")
        assert list(working.results(NOON).values()) == [
            "answered",
            "not answered",
            "not answered",
            "unknown",
            "withdrawn",
        ]
        working.came()
        yield working


def came_of(working: Shift, since: datetime) -> list[str]:
    return [number for _, came in working.work(since, since + timedelta(seconds=5)) for number in came]


def test_a_redial_of_those_not_reached_calls_nobody_else(answered: Shift) -> None:
    assert asked(answered, at("13:00:00"), "start", only="not answered") == "the run has started: 2 calls"
    assert came_of(answered, at("13:00:00")) == PEOPLE[1:3]
    run = answered.journal.runs.on_days(NOON.date())[-1]
    assert (run.kind, run.total, run.started_by) == ("manual", 2, "anna")
    assert str(run.note) == "only some of those of 5 January: not answered"


def test_an_empty_choice_of_results_is_not_a_run_of_everybody(answered: Shift) -> None:
    tomorrow = at("13:00:00") + timedelta(days=1)  # nobody was called that day: a plain start would call all
    assert "no run can be made" in refused(answered, tomorrow, "start", only="")
    assert answered.dialer.run is None


def test_unknown_calls_are_redialled_only_on_request(answered: Shift) -> None:
    asked(answered, at("13:00:00"), "start", only="not answered,withdrawn")
    assert came_of(answered, at("13:00:00")) == [*PEOPLE[1:3], PEOPLE[4]]
    asked(answered, at("13:01:00"), "stop", withdraw=True)
    asked(answered, at("13:02:00"), "start", only="unknown")
    assert came_of(answered, at("13:02:00")) == [PEOPLE[3]]


def test_a_number_that_has_answered_meanwhile_is_not_redialled(answered: Shift) -> None:
    asked(answered, at("13:00:00"), "call", number=PEOPLE[1])
    (file,) = answered.workshop.spool_folder.iterdir()
    end_call(file, "Completed", done=answered.workshop.done_folder)
    answered.work(at("13:00:10"), at("13:00:30"))
    answered.came()
    asked(answered, at("13:01:00"), "start", only="not answered")
    assert came_of(answered, at("13:01:00")) == [PEOPLE[2]]


def test_yesterdays_results_can_be_redialled_except_for_todays_answered_or_unknown(answered: Shift) -> None:
    rows = [Candidate(Phone(number, number), number) for number in PEOPLE[1:3]]
    tomorrow = at("09:00:00", "2026-01-06")
    run = answered.journal.runs.begin("20260106-a", tomorrow.date(), "manual", rows, at=tomorrow, state="done")
    assert run
    answered.journal.transitions.end_calls(
        [CallOutcome(run.id, 1, Disposition.ANSWERED, tomorrow), CallOutcome(run.id, 2, Disposition.UNKNOWN, tomorrow)]
    )
    asked(answered, tomorrow, "start", only="not answered,withdrawn", day="2026-01-05")
    assert came_of(answered, tomorrow) == [PEOPLE[4]]
    asked(answered, tomorrow + timedelta(minutes=1), "stop", withdraw=True)
    asked(answered, tomorrow + timedelta(minutes=2), "start", only="not answered,unknown", day="2026-01-05")
    assert came_of(answered, tomorrow + timedelta(minutes=2)) == PEOPLE[2:4]


def test_a_redial_leaves_out_phones_paused_or_removed_and_says_so(answered: Shift) -> None:
    answered.workshop.write_list(
        {"0": PEOPLE[0], "1": {"0": PEOPLE[1], "1": "", "paused": True}, "3": PEOPLE[3], "4": PEOPLE[4]},
        changed=at("12:30:00"),
    )
    said = asked(answered, at("13:00:00"), "start", only="not answered,withdrawn")
    assert said == ("the run has started: 1 call; 2 of the chosen phones are paused or no longer in the list")
    assert came_of(answered, at("13:00:00")) == [PEOPLE[4]]


def test_a_redial_calls_only_the_confirmed_phones(answered: Shift) -> None:
    only = answered.journal.queries().select_for_redial(NOON.date(), {"not answered"}, today=NOON.date())
    candidates = [Candidate(Phone(number, number), number) for number in PEOPLE]
    digest = only.select(candidates).digest
    others = refused(answered, at("13:00:00"), "start", only="not answered,unknown", expected=digest)
    assert "have changed since" in others
    assert answered.dialer.run is None
    asked(answered, at("13:01:00"), "start", only="not answered", expected=digest)
    assert came_of(answered, at("13:01:00")) == PEOPLE[1:3]


def test_a_redial_of_one_run_calls_only_its_phones(answered: Shift) -> None:
    (run,) = answered.journal.runs.on_days(NOON.date())
    assert "nobody is left" in refused(answered, at("13:00:00"), "start", only="not answered", run=run.id + 1)
    asked(answered, at("13:01:00"), "start", only="withdrawn", run=run.id)
    assert came_of(answered, at("13:01:00")) == [PEOPLE[4]]


@pytest.mark.parametrize(
    "params",
    [
        {"only": "answered"},
        {"only": "busy,handed"},
        {"only": "skipped"},
        {"only": ","},
        {"only": "nonsense"},
        {"only": "busy"},
        {"only": "unknown", "day": "2025-01-01"},
        {"only": "unknown", "day": "never"},
        {"only": "unknown", "run": "x"},
    ],
    ids=str,
)
def test_a_run_of_nobody_or_of_those_who_answered_is_refused(answered: Shift, params: dict[str, str]) -> None:
    refused(answered, at("13:00:00"), "start", **params)
    assert answered.dialer.run is None
    assert answered.came() == []


def test_a_run_of_some_is_no_second_one_beside_another_and_none_after_the_latest_time(tmp_path: Path) -> None:
    with shift(Workshop(tmp_path, phones=PEOPLE, start="00:00", bundle=1, latest="21:00"), EIGHT) as working:
        working.dialer.step(EIGHT)
        asked(working, NOON, "start")
        assert "already in progress" in refused(working, NOON, "start", only="withdrawn")
        asked(working, NOON, "stop")
        assert "21:00" in refused(working, at("21:00:00"), "start", only="withdrawn")


def test_a_test_call_takes_no_line_beyond_the_ceiling_and_goes_when_one_is_free(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, bundle=2, pacing="throttled", lines=2)
    with shift(workshop, NOON) as working:
        working.ask("start", NOON)
        working.work(NOON, at("12:00:02"))
        refused = working.ask("call", at("12:00:03"), number="89169999999")
        assert not refused.ok
        assert "all lines are in use" in str(refused.text)
        assert len(workshop.in_spool()) == 2
        end_call(min(workshop.spool_folder.iterdir()))
        assert working.ask("call", at("12:00:04"), number="89169999999").ok
        assert len(workshop.in_spool()) == 2


def test_past_latest_no_test_call_is_made(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, phones=PEOPLE, latest="12:00")
    with shift(workshop, at("11:59:00")) as working:
        assert working.ask("call", at("11:59:30"), number="89169999999").ok
        refused = working.ask("call", at("12:00:00"), number="89169999999")
        assert not refused.ok
        assert "it is past 12:00" in str(refused.text)
        assert len(workshop.in_spool()) == 1
