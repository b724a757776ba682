"""Outcomes by events are matched with the calls; where they are missing, the archive decides or nothing is known."""

import contextlib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from obzvon.asterisk.ami.outcomes import AttemptOutcome, HeardSpan
from obzvon.asterisk.transport.outcome_matcher import OutcomeMatcher
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import CallOutcome, CallRecord
from obzvon.domain.results import Disposition
from obzvon.journal.transitions import CallTransitions
from tests.support.workshop import Shift, Workshop, at, begin_call, end_call, numbers, shift

PHONES = numbers(3)
BEGUN = at("09:00")


class Heard:
    """Events as they are heard."""

    def __init__(self) -> None:
        self.outcomes: list[AttemptOutcome] = []
        self.up: datetime | None = at("08:00")
        self.lines: dict[tuple[str, str, str | None], datetime] = {}
        self.before: HeardSpan | None = None

    def take_outcomes(self) -> list[AttemptOutcome]:
        outcomes, self.outcomes = self.outcomes, []
        return outcomes

    def has_outcomes(self) -> bool:
        return bool(self.outcomes)

    def has_listened_since(self, moment: datetime) -> bool:
        return self.up is not None and self.up <= moment

    def heard_before_loss(self) -> HeardSpan | None:
        return self.before

    def call_starts(self) -> dict[tuple[str, str, str | None], datetime]:
        return self.lines

    def tell(self, number: str, disposition: Disposition, **more: object) -> None:
        plain = AttemptOutcome(
            linkedid="1.1",
            number=number,
            context="avtoobzvon",
            code="",
            disposition=disposition,
            begun=BEGUN,
            rang=None,
            answered=None,
            ended=BEGUN + timedelta(seconds=9),
            listened=None,
            cause=16,
            key="",
            complete=True,
        )
        self.outcomes.append(msgspec.structs.replace(plain, **more))


@contextlib.contextmanager
def handed(folder: Path, **keys: Any) -> Iterator[tuple[Workshop, Shift, Heard]]:
    workshop = Workshop(folder, phones=PHONES, bundle=3, timeout=1, **keys)
    heard = Heard()
    with shift(workshop, at("08:59")) as working:
        transports = working.dialer.transports
        assert transports.spool is not None
        transports.outcomes = transports.spool.outcomes = OutcomeMatcher(heard)
        working.work(at("09:00"), at("09:00:01"))
        yield workshop, working, heard


def files_go(workshop: Workshop, status: str = "") -> None:
    for file in workshop.spool_folder.iterdir():
        end_call(file, status, done=workshop.done_folder if status else None)


def lines(working: Shift) -> dict[str, CallRecord]:
    return {line.number: line for line in working.journal.calls.records_on(BEGUN.date())}


def test_a_call_ends_as_its_events_show_with_every_detail(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.tell(PHONES[0], Disposition.ANSWERED, rang=at("09:00:02"), answered=at("09:00:04"), listened=5.5, key="1")
        heard.tell(PHONES[1], Disposition.BUSY, cause=17)
        heard.tell(PHONES[2], Disposition.NO_SUCH_NUMBER, cause=1)
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:12"))
        one, two, three = (lines(working)[number] for number in PHONES)
        assert (one.result, one.rang_at, one.answered_at, one.listened, one.key, one.tries) == (
            "answered",
            at("09:00:02"),
            at("09:00:04"),
            5.5,
            "1",
            1,
        )
        assert one.ended_at == BEGUN + timedelta(seconds=9)
        assert (two.result, two.cause) == ("busy", 17)
        assert three.result == "no such number"


def test_a_reported_outcome_is_stored_before_the_next_poll(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        working.work(at("09:00:10"), at("09:00:10"))
        files_go(workshop)
        quarter = at("09:00:10") + timedelta(seconds=0.25)
        assert working.dialer.step(quarter) == pytest.approx(0.75)  # no outcome came: there is nothing to look for
        assert not any(line.ended_at for line in lines(working).values())
        for number in PHONES:
            heard.tell(number, Disposition.BUSY)
        working.dialer.step(quarter)
        assert {line.result for line in lines(working).values()} == {"busy"}


def test_an_outcome_that_is_late_by_a_moment_is_waited_for(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:12"))
        assert {line.result for line in lines(working).values()} == {"handed"}
        assert all(line.ended_at is None for line in lines(working).values())
        for number in PHONES:
            heard.tell(number, Disposition.NO_ANSWER)
        working.work(at("09:00:13"), at("09:00:15"))
        assert {line.result for line in lines(working).values()} == {"no answer"}


def test_a_call_that_is_with_an_operator_goes_on_though_its_file_is_gone(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.lines = {(PHONES[0], "avtoobzvon", ""): BEGUN}
        files_go(workshop)
        working.work(at("09:00:10"), at("09:10"))
        assert lines(working)[PHONES[0]].ended_at is None
        heard.lines = {}
        heard.tell(PHONES[0], Disposition.ANSWERED, ended=at("09:10:01"), key="0")
        working.work(at("09:10:02"), at("09:10:04"))
        assert (lines(working)[PHONES[0]].result, lines(working)[PHONES[0]].key) == ("answered", "0")


@pytest.mark.parametrize(("archive", "results"), [("no", {"unknown"}), ("yes", {"answered"})])
def test_what_ended_unheard_is_unknown_or_as_the_archive_says(tmp_path: Path, archive: str, results: set[str]) -> None:
    with handed(tmp_path, archive=archive) as (workshop, working, heard):
        heard.up = None
        files_go(workshop, "Completed" if archive == "yes" else "")
        working.work(at("09:00:10"), at("09:00:12"))
        assert {line.result for line in lines(working).values()} == results


def test_another_campaigns_call_of_the_same_number_is_not_taken_for_ours(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        for number in PHONES:
            heard.tell(number, Disposition.BUSY, begun=at("09:00:02"), ended=at("09:00:03"))
        working.work(at("09:00:10"), at("09:00:40"))
        heard.lines = {(number, "avtoobzvon", ""): BEGUN for number in PHONES}
        files_go(workshop)
        working.work(at("09:00:41"), at("09:00:43"))
        assert not any(line.ended_at for line in lines(working).values())  # the outcome of ours is still to come
        heard.lines = {}
        for number in PHONES:
            heard.tell(number, Disposition.ANSWERED, ended=at("09:00:40"), listened=30.0)
        working.work(at("09:00:44"), at("09:00:45"))
        assert {(line.result, line.tries, line.listened) for line in lines(working).values()} == {("answered", 1, 30.0)}


def test_a_call_of_that_number_that_has_been_up_for_long_holds_nothing_up(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.lines = {(number, "avtoobzvon", ""): at("01:00") for number in PHONES}
        for number in PHONES:
            heard.tell(number, Disposition.BUSY)
        files_go(workshop)
        working.work(at("09:00:09"), at("09:00:11"))
        assert {line.result for line in lines(working).values()} == {"busy"}


@pytest.mark.parametrize(("archive", "results"), [("no", {"unknown"}), ("yes", {"not answered"})])
def test_indistinguishable_calls_end_as_the_archive_says_or_unknown(
    tmp_path: Path, archive: str, results: set[str]
) -> None:
    with handed(tmp_path, archive=archive) as (workshop, working, heard):
        working.work(at("09:00:02"), at("09:00:08"))
        for number in PHONES:
            heard.tell(number, Disposition.BUSY)
            heard.tell(number, Disposition.ANSWERED, listened=3.0)
        files_go(workshop, "Expired" if archive == "yes" else "")
        working.work(at("09:00:09"), at("09:00:20"))
        assert {line.result for line in lines(working).values()} == results
        assert {line.listened for line in lines(working).values()} == {None}
        if archive == "no":
            assert all("someone else called the number" in str(line.reason) for line in lines(working).values())


def test_calls_of_others_that_ended_alike_leave_no_doubt(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        working.work(at("09:00:02"), at("09:00:08"))
        for number in PHONES:
            heard.tell(number, Disposition.BUSY)
            heard.tell(number, Disposition.BUSY)
        files_go(workshop)
        working.work(at("09:00:09"), at("09:00:20"))
        assert {line.result for line in lines(working).values()} == {"busy"}


def test_a_clock_that_is_set_back_holds_no_outcome_up(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, _):
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:12"))
        working.work(at("08:00:00"), at("08:00:20"))
        assert {line.result for line in lines(working).values()} == {"unknown"}


def test_an_outcome_of_an_earlier_call_of_that_number_is_none_of_this_one(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        for number in PHONES:
            heard.tell(number, Disposition.ANSWERED, begun=at("08:30"))
        files_go(workshop)
        working.work(at("09:00:10"), at("09:01"))
        assert {line.result for line in lines(working).values()} == {"waiting"}


# -- files that a stopping Asterisk takes without calling


def test_calls_that_asterisk_did_not_make_go_again_once_it_makes_calls(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.tell(PHONES[0], Disposition.ANSWERED)
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:30"))
        found = lines(working)
        assert {number: line.result for number, line in found.items()} == {
            PHONES[0]: "answered",
            PHONES[1]: "waiting",
            PHONES[2]: "waiting",
        }
        assert [found[number].attempt for number in PHONES] == [1, 2, 2]
        assert caplog.text.count("Asterisk takes the call files and makes no calls") == 1
        went = working.work(at("09:00:31"), at("09:01:45"))
        assert [numbers for _, numbers in went] == [[PHONES[1]]]  # a probe: it stays in the spool, and none follows
        heard.lines = {(PHONES[1], "avtoobzvon", ""): at("09:01:45")}
        [(_, after)] = working.work(at("09:01:46"), at("09:02:10"))
        assert after == [PHONES[2]]


def test_a_probe_that_is_not_made_goes_again_a_minute_later(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.tell(PHONES[0], Disposition.ANSWERED)
        now = at("09:00:10")
        while now < at("09:05"):
            files_go(workshop)
            working.work(now, now + timedelta(seconds=4))
            now += timedelta(seconds=5)
        found = lines(working)
        assert {found[PHONES[1]].result, found[PHONES[2]].result} <= {"waiting", "handed"}
        assert 5 <= found[PHONES[1]].attempt + found[PHONES[2]].attempt <= 4 + 5


@pytest.mark.parametrize("until", ["09:00:02", "09:00:20"])
def test_calls_of_which_nothing_was_heard_before_the_link_was_lost_go_again(tmp_path: Path, until: str) -> None:
    """The last message came after their files had gone, or before."""
    with handed(tmp_path) as (workshop, working, heard):
        heard.tell(PHONES[0], Disposition.ANSWERED)
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:14"))
        heard.up = None
        begun: dict[tuple[str, str, str | None], datetime] = {
            (PHONES[1], "avtoobzvon", None): BEGUN
        }  # its last events are what was missed
        heard.before = HeardSpan(at("08:00"), at(until), begun)
        working.work(at("09:00:15"), at("09:00:20"))
        found = lines(working)
        seen = until > "09:00:10"
        assert [(found[number].result, found[number].attempt) for number in PHONES] == [
            ("answered", 1),
            ("unknown", 1),
            ("waiting", 2) if seen else ("unknown", 1),
        ]


def test_no_more_files_go_once_of_three_nothing_is_heard(tmp_path: Path) -> None:
    people = numbers(10)
    workshop = Workshop(tmp_path, phones=people, bundle=4, timeout=1)
    heard = Heard()
    heard.tell(people[9], Disposition.BUSY, begun=at("08:59"))
    with shift(workshop, at("08:59")) as working:
        spool = working.dialer.transports.spool
        assert spool is not None
        spool.outcomes = OutcomeMatcher(heard)
        working.work(at("09:00"), at("09:00"))
        files_go(workshop)
        went = working.work(at("09:00:01"), at("09:00:08"))
        assert [sent for _, sent in went] == [people[4:8]]  # just before it was looked what has become of the first
        for number in people[:4]:
            heard.tell(number, Disposition.BUSY)
        assert working.work(at("09:00:09"), at("09:00:13"))[0][1] == people[8:]


@pytest.mark.parametrize("reason", ["nothing heard before", "link was cut", "answered by the archive", "same number"])
def test_without_certainty_no_call_is_made_again(tmp_path: Path, reason: str) -> None:
    archive = "yes" if reason == "answered by the archive" else "no"
    with handed(tmp_path, archive=archive) as (workshop, working, heard):
        if reason != "nothing heard before":
            heard.tell(PHONES[0], Disposition.ANSWERED)
        if reason == "link was cut":
            heard.up = at("09:00:05")
        if reason == "same number":
            for number in PHONES[1:]:
                heard.tell(number, Disposition.ANSWERED, code="7", begun=at("09:00:01"))
        files_go(workshop, "Completed" if archive == "yes" else "")
        working.work(at("09:00:10"), at("09:05"))
        found = lines(working)
        assert {found[number].attempt for number in PHONES} == {1}
        assert {found[number].result for number in PHONES[1:]} == {"answered" if archive == "yes" else "unknown"}


def test_how_often_asterisk_tried_is_not_known_if_events_were_missed(tmp_path: Path) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        heard.tell(PHONES[0], Disposition.REFUSED, complete=False)
        heard.tell(PHONES[1], Disposition.REFUSED)
        files_go(workshop)
        working.work(at("09:00:10"), at("09:00:12"))
        found = lines(working)
        assert [(found[number].result, found[number].tries) for number in PHONES[:2]] == [
            ("refused", None),
            ("refused", 1),
        ]


def test_of_several_attempts_by_asterisk_an_answered_one_counts_else_the_last(tmp_path: Path) -> None:
    with handed(tmp_path, max_retries=2) as (workshop, working, heard):
        for number, last in zip(PHONES, (Disposition.ANSWERED, Disposition.NO_ANSWER, Disposition.BUSY), strict=True):
            heard.tell(number, Disposition.BUSY)
            heard.tell(number, Disposition.BUSY, begun=BEGUN + timedelta(minutes=1))
            heard.tell(number, last, begun=BEGUN + timedelta(minutes=2))
        for file in workshop.spool_folder.iterdir():
            begin_call(file, 1)
        working.work(at("09:02:10"), at("09:02:12"))
        assert {line.result for line in lines(working).values()} == {"handed"}  # while the files are there
        files_go(workshop)
        working.work(at("09:02:13"), at("09:02:20"))
        assert [(lines(working)[number].result, lines(working)[number].tries) for number in PHONES] == [
            ("answered", 3),
            ("no answer", 3),
            ("busy", 3),
        ]


def test_a_reported_outcome_is_stored_once_the_journal_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with handed(tmp_path) as (workshop, working, heard):
        failures = [1, 2]
        end_calls = CallTransitions.end_calls

        def failing(transitions: CallTransitions, outcomes: Iterable[CallOutcome]) -> int:
            endings = list(outcomes)
            if endings and failures:
                failures.pop()
                raise UserError([Problem("journal", say("it cannot be used"))])
            return end_calls(transitions, endings)

        monkeypatch.setattr(CallTransitions, "end_calls", failing)
        for number in PHONES:
            heard.tell(number, Disposition.ANSWERED, listened=5.5, key="9")
        files_go(workshop)
        working.work(at("09:00:10"), at("09:01"))
        assert not failures
        assert {(line.result, line.listened, line.key) for line in lines(working).values()} == {("answered", 5.5, "9")}
