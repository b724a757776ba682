"""The stand-in for Asterisk's spool; the texts in the files are those that Asterisk 22 left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from obzvon.domain.results import Disposition
from obzvon.sandbox.callfile_parser import CallFile, SimulatedCarrier, parse_call_file
from obzvon.sandbox.ledger import LedgerAttempt, read_ledger
from obzvon.sandbox.pbx import Sandbox
from tests.support.paths import ROOT
from tests.support.waiting import until

T = 2_000_000_000
PID = 4242
TAIL = "Context: c\nExtension: play\n"


def call_text(
    number: str = "89160000000",
    *,
    retries: int = 0,
    retry_time: int = 60,
    wait_time: int = 300,
    archive: bool = False,
    more: str = "",
) -> str:
    return (
        f"Channel: local/{number}@avtoobzvon\nCallerID: \nMaxRetries: {retries}\nRetryTime: {retry_time}\n"
        f"WaitTime: {wait_time}\nContext: avtoobzvon\nExtension: play\nPriority: 1\n{more}" + "Archive: yes\n" * archive
    )


class Spool:
    """Asterisk's folders, and a stand-in that is given its time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.outgoing = root / "outgoing"
        self.done = root / "outgoing_done"
        self.outgoing.mkdir()
        self.now = float(T)
        self.sandbox = self.begin()

    def begin(self, pid: int = PID, long_talk: float = 10, ring: float = 3) -> Sandbox:
        self.sandbox = Sandbox(self.outgoing, self.done, pid=pid, long_talk=long_talk, ring=ring)
        return self.sandbox

    def put(self, text: str = "", name: str = "a.call", mtime: float = T - 100) -> Path:
        staged = self.root / "staged"
        staged.write_text(text or call_text(), encoding="utf-8")
        os.utime(staged, (mtime, mtime))
        return staged.rename(self.outgoing / name)

    def go(self, to: float) -> None:
        """Lets the time pass up to `to` seconds after T."""
        while self.now < T + to:
            self.now = min(T + to, self.now + max(self.sandbox.step(self.now), 0.001))
        self.sandbox.step(self.now)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.outgoing.iterdir())

    def archived(self, name: str = "a.call") -> str:
        return (self.done / name).read_text(encoding="utf-8")


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def rung_at(sandbox: Sandbox) -> list[float]:
    return [attempt.at - T for attempt in sandbox.ledger]


# What a call file says


def test_a_call_file_is_read() -> None:
    assert parse_call_file(
        call_text(retries=2, archive=True, more="Setvar: dtmf=1\nSet: CALLEE=8\n").encode()
    ) == CallFile(
        tech="local",
        destination="89160000000@avtoobzvon",
        extension="play",
        max_retries=2,
        retry_time=60,
        wait_time=300,
        archive=True,
        variables={"dtmf": "1", "CALLEE": "8"},
    )


def test_defaults_are_those_of_pbx_spool() -> None:
    file = parse_call_file(b"Channel: Local/1@c\nApplication: Wait\n")
    assert (file.max_retries, file.retry_time, file.wait_time, file.archive) == (0, 300, 45, False)
    assert file.callable


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffChannel: local/1@c\n" + TAIL,
        " Channel: local/1@c\n" + TAIL,
        "Channel : local/1@c\n" + TAIL,
        "Channel: local/1@c\n" + TAIL + "Channel: local/\n",
        "Channel: local/1@c\nContext: c\nExtension:\n",
        "Channel: local\n" + TAIL,
        "Channel: local/1@c" + " " * 1010 + "\n" + TAIL,
        "\0\nChannel: local/1@c\n" + TAIL,
        "Channel: local/1@c\0zz\n" + TAIL,
        "; Channel: local/1@c\n" + TAIL,
        "# Channel: local/1@c\n" + TAIL,
        "Context: c\nExtension: play\nChannel: local/1@c".ljust(1056),
        "",
    ],
    ids=[
        "byte order mark",
        "leading space",
        "space before the colon",
        "the last channel is empty",
        "no extension",
        "no slash",
        "1,023 characters",
        "nul line",
        "nul takes the next line too",
        "semicolon",
        "hash",
        "long last line",
        "empty",
    ],
)
def test_what_asterisk_cannot_read_is_not_called(text: str) -> None:
    assert not parse_call_file(text.encode()).callable


@pytest.mark.parametrize(
    "text",
    [
        ("Channel: local/89@c\n" + TAIL).replace("\n", "\r\n"),
        "Channel: local/89@c\nContext: c\nExtension: play",
        "\ufeffSet: a=1\nChannel: local/89@c\n" + TAIL,
        "CHANNEL:\t\t LOCAL/89@c\n" + TAIL,
        "Channel: local/8@c\nChannel: local/89@c\n" + TAIL,
        "Channel: local/89@c\n" + TAIL + "Channel: nothing\n",
        "Channel: local/89@c;comment\n" + TAIL,
        "Channel: local/89@c #comment\n" + TAIL,
        "Channel: local/89@c".ljust(1022) + "\n" + TAIL,
        TAIL + "Channel: local/89@c".ljust(1022),
        "Channel: local/89@c\x01\n" + TAIL,
        "x" * 5000 + "\nChannel: local/89@c\n" + TAIL,
    ],
    ids=[
        "windows line ends",
        "no newline at the end",
        "byte order mark elsewhere",
        "any case",
        "the last wins",
        "a channel without a slash changes nothing",
        "semicolon",
        "hash after a space",
        "1,022 characters",
        "1,022 characters at the end",
        "control characters at the end",
        "a long line is skipped",
    ],
)
def test_what_asterisk_can_read_is_called(text: str) -> None:
    file = parse_call_file(text.encode())
    assert file.callable
    assert file.number == "89"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a;b", "a"),
        ("a\\;b\\;c;d", "a;b;c"),
        ("a#b", "a#b"),
        ("a\t#b", "a"),
        ("a=b", "a=b"),
        ("\\;;x", ";"),
    ],
)
def test_comments_end_a_value_unless_escaped(written: str, meant: str) -> None:
    assert parse_call_file(f"Set: v={written}\n".encode()).variables["v"] == meant


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("MaxRetries: -1", "max_retries", -1),
        ("MaxRetries: 2x", "max_retries", 2),
        ("MaxRetries: +1", "max_retries", 1),
        ("MaxRetries: abc", "max_retries", 0),
        ("MaxRetries:", "max_retries", 0),
        ("RetryTime: 0", "retry_time", 300),
        ("WaitTime: -5", "wait_time", 45),
        ("RetryTime: 2147483647", "retry_time", 2**31 - 1),
        ("RetryTime: 2147483648", "retry_time", 300),
        ("MaxRetries: " + "9" * 40, "max_retries", -1),
        ("Archive: ON", "archive", True),
        ("Archive: t", "archive", True),
        ("Archive: 2", "archive", False),
        ("StartRetry: 77 1 (5)", "calling_pid", 77),
        ("StartRetry: x", "calling_pid", 0),
        ("Retry: 1", "retries", 1),
        ("StartRetry: 77 1 (5)\nEndRetry: 77 1 (5)", "calling_pid", 0),
        ("EndRetry: 77 1 (5)\nAbortRetry: 77 1 (5)", "retries", 2),
    ],
)
def test_numbers_and_flags_are_read_as_c_does(line: str, field: str, value: object) -> None:
    assert getattr(parse_call_file(line.encode()), field) == value


@pytest.mark.parametrize("line", ["hello", "Foo: bar", "Set: novalue", "Channel: x", "WaitTime: x", "x" * 2000])
def test_errors_in_a_call_file_are_logged(line: str) -> None:
    assert len(parse_call_file(line.encode()).problems) == 1


@pytest.mark.parametrize(
    ("digit", "disposition", "lasts"),
    [
        ("0", Disposition.ANSWERED, 2),
        ("4", Disposition.ANSWERED, 2),
        ("5", Disposition.ANSWERED, 30),
        ("6", Disposition.BUSY, 1),
        ("7", Disposition.NO_ANSWER, 7),
        ("8", Disposition.CONGESTION, 1),
        ("9", Disposition.FAILED, 0),
        ("x", Disposition.FAILED, 0),
        ("٣", Disposition.FAILED, 0),
    ],
)
def test_the_last_digit_decides_how_a_call_ends(digit: str, disposition: Disposition, lasts: float) -> None:
    outcome = SimulatedCarrier(talk=2, long_talk=30, ring=7, busy=1).simulate("8916" + digit, wait_time=60)
    assert (outcome.disposition, outcome.lasts) == (disposition, lasts)


def test_a_phone_rings_no_longer_than_the_wait_time() -> None:
    assert SimulatedCarrier(ring=100).simulate("7", wait_time=45).lasts == 45


# What becomes of a file


def test_an_answered_call_keeps_its_file_until_it_ends(spool: Spool) -> None:
    path = spool.put(call_text("89160000000"))
    spool.go(0)
    assert path.read_text(encoding="utf-8").endswith(f"Priority: 1\n\nStartRetry: {PID} 1 ({T + 60})\n")
    assert path.stat().st_mtime == T + 120
    assert spool.sandbox.in_progress == 1
    spool.go(1)
    assert spool.names() == []
    assert not spool.done.exists()
    assert spool.sandbox.ledger == [LedgerAttempt("89160000000", "", T, answered=True, ended=T + 1)]


@pytest.mark.parametrize("name", ["a.call", ".hidden", "with space", "x.tmp", "x~", "Обзвон"])
def test_any_name_is_taken(spool: Spool, name: str) -> None:
    spool.put(name=name)
    spool.go(2)
    assert spool.names() == []
    assert spool.sandbox.attempts("89160000000") == 1


def test_subfolders_are_left_alone(spool: Spool) -> None:
    (spool.outgoing / "sub").mkdir()
    spool.go(2)
    assert spool.names() == ["sub"]


def test_a_symbolic_link_is_followed(spool: Spool) -> None:
    target = spool.put(call_text(archive=True)).rename(spool.root / "target")
    (spool.outgoing / "link").symlink_to(target)
    spool.go(2)
    assert "StartRetry" in target.read_text(encoding="utf-8")
    assert spool.names() == []


def test_a_code_is_dialled_after_the_answer_only(spool: Spool) -> None:
    spool.put(call_text("89160000001", more="Setvar: dtmf=12\n"), "a")
    spool.put(call_text("89160000006", more="Setvar: dtmf=12\n"), "b")
    spool.go(1)
    assert [(attempt.code, attempt.answered) for attempt in spool.sandbox.ledger] == [("12", True), ("", False)]


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("1", "Completed"),
        ("5", "Completed"),
        ("6", "Expired"),
        ("7", "Expired"),
        ("8", "Expired"),
        ("9", "Expired"),
        ("nobody", "Expired"),
    ],
)
def test_an_archived_file_gets_its_status(spool: Spool, number: str, status: str) -> None:
    spool.put(call_text(number, archive=True))
    spool.go(11)
    assert spool.names() == []
    assert spool.archived().endswith(f"Archive: yes\n\nStartRetry: {PID} 1 ({T + 60})\nStatus: {status}\n")


def test_an_archived_file_replaces_its_namesake(spool: Spool) -> None:
    spool.done.mkdir()
    (spool.done / "a.call").write_text("old")
    spool.put(call_text(archive=True))
    spool.go(1)
    assert spool.archived().startswith("Channel")


def test_an_unreadable_call_file_is_deleted_and_logged(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    spool.put("Channel: local/1@c\nArchive: yes\n")
    spool.put("rubbish", "b.call")
    spool.go(0)
    assert spool.names() == []
    assert spool.archived() == "Channel: local/1@c\nArchive: yes\nStatus: Failed\n"
    assert not (spool.done / "b.call").exists()
    assert "b.call: line 1 has no colon" in caplog.text
    assert "b.call: no channel" in caplog.text
    assert spool.sandbox.ledger == []


def test_a_call_that_cannot_be_dialled_is_logged_and_not_in_the_ledger(
    spool: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    spool.put("Channel: PJSIP/89160000000\n" + TAIL)
    spool.go(0)
    assert spool.names() == []
    assert spool.sandbox.ledger == []
    assert "nothing can be dialled at PJSIP/89160000000" in caplog.text


def test_a_future_mtime_delays_to_the_second_and_is_read_once(spool: Spool) -> None:
    path = spool.put(mtime=T + 10.7)
    spool.go(5)
    os.utime(path, (T + 500, T + 500))
    spool.go(20)
    assert rung_at(spool.sandbox) == [10]


def test_a_delayed_file_that_is_removed_is_not_called(spool: Spool) -> None:
    path = spool.put(mtime=T + 10)
    spool.go(5)
    path.unlink()
    spool.go(20)
    assert spool.sandbox.ledger == []


def test_a_file_written_in_place_is_taken_when_it_is_quiet(spool: Spool) -> None:
    path = spool.outgoing / "a.call"
    path.write_text("Channel: local/1@c\n", encoding="utf-8")
    os.utime(path, (T, T))
    spool.go(0.05)
    path.write_text("Channel: local/1@c\n" + TAIL, encoding="utf-8")
    os.utime(path, (T + 0.05, T + 0.05))
    spool.go(2)
    assert len(spool.sandbox.ledger) == 1


def test_a_file_renamed_over_one_in_progress_is_a_second_call(spool: Spool) -> None:
    spool.put(call_text("5"))
    spool.go(1)
    spool.put(call_text("7"))
    spool.go(2)
    assert [attempt.number for attempt in spool.sandbox.ledger] == ["5", "7"]
    assert spool.sandbox.in_progress == 2


def test_taking_the_file_away_does_not_stop_its_call(spool: Spool) -> None:
    path = spool.put(call_text("5", archive=True))
    spool.go(1)
    path.unlink()
    spool.go(11)
    assert spool.sandbox.ledger[0].ended == T + 10
    assert list(spool.done.iterdir()) == []


def test_a_name_can_be_used_again(spool: Spool) -> None:
    for turn in range(3):
        spool.put()
        spool.go(2 * turn + 2)
    assert spool.sandbox.attempts("89160000000") == 3


# Retries


def test_an_unanswered_call_is_tried_again_by_the_retry_time(spool: Spool) -> None:
    spool.put(call_text("7", retries=2, retry_time=10, archive=True))
    spool.go(60)
    assert rung_at(spool.sandbox)[:2] == [0, 10]
    assert spool.sandbox.attempts("7") == 3
    assert spool.archived().count("StartRetry") == 3
    assert spool.archived().endswith("Status: Expired\n")


def test_the_notes_of_a_retried_call_are_those_of_asterisk(spool: Spool) -> None:
    spool.begin(ring=5)
    spool.put(call_text("7", retries=2, retry_time=2, archive=True))
    spool.go(10)
    notes = spool.outgoing.joinpath("a.call").read_text(encoding="utf-8").partition("yes\n")[2]
    assert notes == "".join(
        f"\n{word}: {PID} {n} ({T + at})\n"
        for word, n, at in [
            ("StartRetry", 1, 2),
            ("DelayedRetry", 0, 2),
            ("DelayedRetry", 0, 4),
            ("EndRetry", 1, 5),
            ("StartRetry", 2, 8),
            ("DelayedRetry", 1, 7),
            ("DelayedRetry", 1, 8),
            ("DelayedRetry", 1, 9),
            ("DelayedRetry", 1, 10),
        ]
    )


def test_an_answered_call_is_not_tried_again(spool: Spool) -> None:
    spool.put(call_text("1", retries=3, retry_time=2, archive=True))
    spool.go(30)
    assert spool.sandbox.attempts("1") == 1
    assert spool.archived().endswith("Status: Completed\n")


def test_a_call_longer_than_the_retry_time_is_looked_at_and_left_alone(spool: Spool) -> None:
    path = spool.put(call_text("5", retry_time=4))
    spool.go(5)
    assert path.read_text(encoding="utf-8").endswith(f"\nDelayedRetry: {PID} 0 ({T + 4})\n")
    assert path.stat().st_mtime == T + 8
    spool.go(30)
    assert spool.names() == []
    assert rung_at(spool.sandbox) == [0]


def test_negative_retries_call_nobody(spool: Spool) -> None:
    spool.put(call_text(retries=-1, archive=True))
    spool.go(5)
    assert spool.sandbox.ledger == []
    assert spool.archived().endswith("Status: Expired\n")


def test_the_end_of_a_call_whose_file_is_gone_creates_a_file_that_fails(spool: Spool) -> None:
    path = spool.put(call_text("7", retries=1, retry_time=5))
    spool.go(1)
    path.unlink()
    spool.go(4)
    assert path.read_text(encoding="utf-8") == f"\nEndRetry: {PID} 1 ({T + 3})\n"
    spool.go(20)
    assert spool.names() == []
    assert spool.sandbox.attempts("7") == 1


def test_always_delete_no_leaves_a_file_whose_mtime_is_to_come(spool: Spool) -> None:
    spool.put(call_text(more="AlwaysDelete: no\n"))
    spool.go(5)
    assert spool.names() == ["a.call"]
    assert spool.sandbox.in_progress == 0


# Stops and starts


def test_files_that_waited_while_it_was_down_are_called_at_the_start(spool: Spool) -> None:
    spool.put(mtime=1)
    spool.put(call_text("7"), "b", mtime=T - 1)
    spool.go(0)
    assert len(spool.sandbox.ledger) == 2


def test_after_a_crash_the_file_is_called_again_once_its_mtime_has_passed(spool: Spool) -> None:
    path = spool.put(call_text("5", archive=True))
    spool.go(1)
    spool.sandbox.kill()
    assert spool.names() == ["a.call"]
    assert spool.sandbox.ledger[0].ended is None
    restarted = spool.begin(PID + 1)
    spool.go(119)
    assert restarted.ledger == []
    spool.go(120)
    assert rung_at(restarted) == [120]
    assert path.read_text(encoding="utf-8").endswith(
        f"\nStartRetry: {PID} 1 ({T + 60})\n\nAbortRetry: {PID + 1} 1 ({T + 120})\n"
        f"\nStartRetry: {PID + 1} 1 ({T + 180})\n"
    )
    spool.go(131)
    assert spool.archived().endswith("Status: Completed\n")


def test_a_call_repeated_after_a_crash_loses_its_file_half_way(spool: Spool) -> None:
    spool.put(call_text("5", retry_time=5, archive=True))
    spool.go(1)
    spool.sandbox.kill()
    restarted = spool.begin(PID + 1)
    spool.go(16)
    assert restarted.in_progress == 1
    assert spool.names() == []
    assert spool.archived().endswith("Status: Expired\n")


def test_after_two_crashes_a_call_without_retries_is_not_made_a_third_time(spool: Spool) -> None:
    spool.put(call_text("5"))
    for life in range(3):
        spool.begin(PID + life)
        spool.go(130 * life + 1)
        spool.sandbox.kill()
    assert spool.sandbox.ledger == []
    assert spool.names() == []


def test_after_a_crash_under_the_same_pid_the_file_stays_for_ever(spool: Spool) -> None:
    spool.put(call_text("5"))
    spool.go(1)
    spool.sandbox.kill()
    restarted = spool.begin(PID)
    spool.go(1000)
    assert restarted.ledger == []
    assert spool.names() == ["a.call"]


def test_a_stop_cuts_talks_off_and_gives_the_rest_one_attempt(spool: Spool) -> None:
    spool.put(call_text("5", archive=True), "talk")
    spool.put(call_text("7", archive=True), "ringing")
    spool.put(call_text("7", retries=1, retry_time=5), "again")
    spool.put(mtime=T + 500, name="later")
    spool.go(1)
    spool.sandbox.stop(T + 1)
    assert spool.names() == ["again", "later"]
    assert spool.archived("talk").endswith("Status: Completed\n")
    assert spool.archived("ringing").endswith("Status: Expired\n")
    assert {attempt.ended for attempt in spool.sandbox.ledger} == {T + 1}
    restarted = spool.begin(PID + 1)
    spool.go(5)
    assert restarted.ledger == []
    spool.go(6)
    assert [attempt.number for attempt in restarted.ledger] == ["7"]


def test_a_missing_folder_is_logged_once_and_waited_for(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    spool.outgoing.rmdir()
    spool.go(1)
    assert [record.getMessage() for record in caplog.records] == [
        f"cannot look into {spool.outgoing}: No such file or directory"
    ]
    spool.outgoing.mkdir()
    spool.put()
    spool.go(2)
    assert len(spool.sandbox.ledger) == 1


@pytest.mark.slow
def test_a_thousand_calls_at_once_end_in_their_time(spool: Spool) -> None:
    for number in range(1000):
        spool.put(call_text(f"8916{number:06}5"), f"{number}.call")
    spool.go(9.5)
    assert spool.sandbox.in_progress == 1000
    spool.go(10.5)
    assert spool.sandbox.in_progress == 0
    assert spool.names() == []
    assert len({attempt.number for attempt in spool.sandbox.ledger}) == 1000


# By its own clock


def test_it_runs_in_a_thread(spool: Spool) -> None:
    with Sandbox(spool.root / "new" / "outgoing", spool.done, talk=0) as sandbox:
        spool.put(call_text(archive=True), mtime=1).rename(spool.root / "new" / "outgoing" / "a.call")
        until(lambda: (spool.done / "a.call").exists() and "Status: Completed" in spool.archived())
    assert sandbox.attempts("89160000000") == 1


def test_it_stops_at_once_and_lives_only_once(spool: Spool) -> None:
    sandbox = spool.begin()
    sandbox.start()
    spool.put(call_text("7"), mtime=1)
    until(lambda: sandbox.in_progress == 1, seldom=0.005)
    sandbox.stop()
    sandbox.stop()
    sandbox.kill()
    assert spool.names() == []
    assert sandbox.ledger[0].ended is not None
    with pytest.raises(RuntimeError, match="build another"):
        sandbox.start()


def test_each_life_has_its_own_pid(spool: Spool) -> None:
    assert Sandbox(spool.outgoing, spool.done).pid != Sandbox(spool.outgoing, spool.done).pid


def test_a_failed_step_is_logged_and_the_next_one_follows(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[float] = []

    def step(now: float) -> float:
        steps.append(now)
        raise ZeroDivisionError

    monkeypatch.setattr(spool.sandbox, "step", step)
    with spool.sandbox:
        until(lambda: len(steps) > 1)
    assert "failed at a step" in caplog.text


# The ledger's file


def test_the_ledger_can_be_read_from_its_file_while_calls_last(spool: Spool) -> None:
    file = spool.root / "ledger"
    spool.sandbox = Sandbox(spool.outgoing, spool.done, ledger=file)
    spool.put(call_text("1", more="Set: dtmf=9\n"), "a")
    spool.put(call_text("5"), "b")
    spool.put(call_text("5"), "c")
    spool.go(2)
    assert read_ledger(file) == spool.sandbox.ledger
    assert read_ledger(file)[0] == LedgerAttempt("1", "9", T, answered=True, ended=T + 1)
    spool.go(20)
    assert read_ledger(file) == spool.sandbox.ledger
    assert all(attempt.ended for attempt in read_ledger(file))


def test_the_next_life_adds_to_the_ledger_and_half_a_line_is_left_out(spool: Spool) -> None:
    file = spool.root / "ledger"
    for name in "ab":
        spool.sandbox = Sandbox(spool.outgoing, spool.done, ledger=file)
        spool.put(name=name)
        spool.go(spool.now - T + 0.5)
        spool.sandbox.kill()
    with file.open("ab") as ledger:
        ledger.write(b'{"number":"1')
    assert len(read_ledger(file)) == 2


def test_a_ledger_that_cannot_be_written_is_logged(spool: Spool, caplog: pytest.LogCaptureFixture) -> None:
    spool.sandbox = Sandbox(spool.outgoing, spool.done, ledger=spool.root)
    spool.put()
    spool.go(2)
    assert "cannot write the ledger" in caplog.text
    assert spool.names() == []


# By itself


@pytest.fixture
def alone(spool: Spool) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "obzvon.sandbox.pbx",
            spool.outgoing,
            "--ledger",
            spool.root / "ledger",
            "--talk",
            "60",
            "--ring",
            "60",
        ],
        cwd=ROOT,
    ) as process:
        yield process
        process.kill()


def rings(spool: Spool) -> bool:
    file = spool.root / "ledger"
    return file.exists() and len(read_ledger(file)) == 1


def test_by_itself_it_ends_cleanly_on_sigterm(spool: Spool, alone: subprocess.Popen[bytes]) -> None:
    spool.put(call_text("1", archive=True), mtime=1)
    until(lambda: rings(spool))
    alone.send_signal(signal.SIGTERM)
    assert alone.wait(30) == 0
    assert spool.archived().endswith("Status: Completed\n")
    assert read_ledger(spool.root / "ledger")[0].ended is not None


def test_a_killed_stand_in_leaves_the_file_and_has_recorded_the_call(
    spool: Spool, alone: subprocess.Popen[bytes]
) -> None:
    path = spool.put(call_text("7"), mtime=1)
    until(lambda: rings(spool))
    alone.kill()
    assert alone.wait(30) == -signal.SIGKILL
    assert f"StartRetry: {alone.pid} 1" in path.read_text(encoding="utf-8")
    assert read_ledger(spool.root / "ledger")[0].ended is None
