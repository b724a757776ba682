"""What becomes of a call file: one suite for the embedded stand-in and for real Asterisks. Where they differ, the
stand-in is wrong."""

import itertools
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.asterisk.peer import AsteriskPeer
from tests.asterisk.roots import require_root
from tests.support.spool_peer import SpoolPeer, StandIn, status
from tests.support.waiting import until

MARK = "89169999991"
PEERS = [None, pytest.param(22, marks=pytest.mark.asterisk), pytest.param(16, marks=pytest.mark.asterisk)]


@contextmanager
def a_peer(version: int | None, folder: Path) -> Iterator[SpoolPeer]:
    """A peer that is not started: the stand-in, or Asterisk of a version."""
    if version is None:
        peer = StandIn(folder)
        yield peer
        peer.kill()
    else:
        asterisk = AsteriskPeer(require_root(version))
        try:
            yield asterisk
        finally:
            asterisk.kill()
            asterisk.remove()


def name_of(version: int | None) -> str:
    return f"asterisk-{version}" if version else "stand-in"


@pytest.fixture(scope="module", params=PEERS, ids=name_of)
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpoolPeer]:
    """A running peer, the same one for many tests: each has numbers and file names of its own."""
    with a_peer(request.param, tmp_path_factory.mktemp("peer")) as peer:
        peer.start()
        yield peer


@pytest.fixture(params=PEERS, ids=name_of)
def own_peer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SpoolPeer]:
    """A peer for one test alone, not started: the test may stop it, kill it and start it again."""
    with a_peer(request.param, tmp_path) as peer:
        yield peer


class Numbers:
    """Numbers that no other test rings, one for each way in which a call ends; `file` is a name for a call file."""

    _series = itertools.count(100000)

    def __init__(self) -> None:
        self.file = f"8916{next(self._series)}"
        self.answered, self.long_talk = f"{self.file}1", f"{self.file}5"
        self.busy, self.no_answer, self.congestion, self.failed = self.unanswered = [f"{self.file}{n}" for n in "6789"]


@pytest.fixture
def n() -> Numbers:
    return Numbers()


def call(number: str, *more: str, retries: int = 0, retry_time: int = 60, wait_time: int = 300) -> str:
    lines = [
        f"Channel: local/{number}@avtoobzvon",
        "CallerID:",
        f"MaxRetries: {retries}",
        f"RetryTime: {retry_time}",
        f"WaitTime: {wait_time}",
        "Context: avtoobzvon",
        "Extension: play",
        "Priority: 1",
        *more,
    ]
    return "".join(f"{line}\n" for line in lines)


def rung(peer: SpoolPeer, number: str, times: int = 1) -> None:
    until(lambda: peer.attempts(number) >= times, f"{number} rung {times} times")


def gone(path: Path) -> None:
    until(lambda: not path.exists(), f"{path.name} leaves the spool")


def everything_before_is_taken(peer: SpoolPeer) -> None:
    """Another call comes and goes: what was to happen at once has happened."""
    before = peer.attempts(MARK)
    gone(peer.put("mark", call(MARK)))
    assert peer.attempts(MARK) == before + 1


def talking(peer: SpoolPeer, n: Numbers, **keys: int) -> Path:
    """The file of a call in the middle of its talk; the peer is started for it."""
    peer.start()
    file = peer.put(n.file, call(n.long_talk, **keys))
    rung(peer, n.long_talk)
    everything_before_is_taken(peer)
    return file


# ---- when a file is taken


def test_a_file_is_rung_as_soon_as_it_comes(peer: SpoolPeer, n: Numbers) -> None:
    gone(peer.put(n.file, call(n.answered)))
    assert peer.attempts(n.answered) == 1


def test_a_mtime_in_the_future_delays_the_call(peer: SpoolPeer, n: Numbers) -> None:
    start = int(time.time()) + 3
    peer.put(n.file, call(n.answered), mtime=start)
    everything_before_is_taken(peer)
    rung(peer, n.answered)
    assert time.time() >= start


def test_the_mtime_is_read_once(peer: SpoolPeer, n: Numbers) -> None:
    file = peer.put(n.file, call(n.answered), mtime=time.time() + 3)
    everything_before_is_taken(peer)
    os.utime(file, (time.time() + 86400,) * 2)
    rung(peer, n.answered)


def test_a_file_that_waits_while_nobody_runs_is_rung_at_the_start(own_peer: SpoolPeer, n: Numbers) -> None:
    file = own_peer.put(n.file, call(n.answered), mtime=time.time() - 86400 * 30)
    own_peer.start()
    gone(file)
    assert own_peer.attempts(n.answered) == 1


def test_a_file_with_a_dot_before_its_name_is_taken(peer: SpoolPeer, n: Numbers) -> None:
    gone(peer.put(f".{n.file}", call(n.answered)))
    assert peer.attempts(n.answered) == 1


def test_a_folder_is_left_alone(peer: SpoolPeer, n: Numbers) -> None:
    file = peer.outgoing / f"{n.file}.d" / "call"
    file.parent.mkdir()
    file.write_text(call(n.answered))
    everything_before_is_taken(peer)
    assert file.read_text() == call(n.answered)
    assert peer.attempts(n.answered) == 0


def test_a_file_renamed_over_that_of_a_call_in_progress_starts_a_second_call(peer: SpoolPeer, n: Numbers) -> None:
    peer.put(n.file, call(n.long_talk))
    rung(peer, n.long_talk)
    peer.put(n.file, call(n.long_talk))
    rung(peer, n.long_talk, 2)


def test_many_files_at_once_are_each_rung_once(peer: SpoolPeer, n: Numbers) -> None:
    numbers = [f"8916222{place:03}1" for place in range(100)]
    files = [peer.put(number, call(number)) for number in numbers]
    for file in files:
        gone(file)
    assert [peer.attempts(number) for number in numbers] == [1] * 100


# ---- while the call lasts


def test_the_file_stays_while_the_call_is_up_and_says_who_rings(peer: SpoolPeer, n: Numbers) -> None:
    file = peer.put(n.file, call(n.long_talk))
    rung(peer, n.long_talk)
    everything_before_is_taken(peer)
    text, note = file.read_text().split("\n\n")
    assert text + "\n" == call(n.long_talk)
    found = re.fullmatch(r"StartRetry: \d+ 1 \((\d+)\)\n", note)
    assert found
    assert file.stat().st_mtime == int(found[1]) + 60


def test_the_file_of_a_ringing_call_stays_until_wait_time_is_over(peer: SpoolPeer, n: Numbers) -> None:
    began = time.monotonic()
    file = peer.put(n.file, call(n.no_answer, wait_time=3))
    everything_before_is_taken(peer)
    assert file.exists()
    gone(file)
    assert time.monotonic() - began > 2.5
    assert peer.attempts(n.no_answer) == 1


# ---- retries


def test_an_unanswered_call_is_tried_once_and_max_retries_times_more(peer: SpoolPeer, n: Numbers) -> None:
    files = [peer.put(number, call(number, retries=2, retry_time=1, wait_time=1)) for number in n.unanswered]
    for file in files:
        gone(file)
    assert [peer.attempts(number) for number in n.unanswered] == [3] * 4


def test_an_answered_call_is_not_tried_again(peer: SpoolPeer, n: Numbers) -> None:
    gone(peer.put(n.file, call(n.answered, retries=2, retry_time=1)))
    everything_before_is_taken(peer)
    assert peer.attempts(n.answered) == 1


def test_between_two_attempts_the_file_tells_of_the_one_that_is_over(peer: SpoolPeer, n: Numbers) -> None:
    file = peer.put(n.file, call(n.busy, retries=1))
    until(lambda: re.search(r"StartRetry: (\d+) 1 \(\d+\)\n\nEndRetry: \1 1 \(\d+\)\n", file.read_text()), "both notes")


# ---- what is left of a call


def test_a_file_leaves_without_a_trace(peer: SpoolPeer, n: Numbers) -> None:
    for number in (n.answered, n.busy):
        gone(peer.put(number, call(number)))
        assert not (peer.outgoing_done / number).exists()


def test_with_an_archive_an_answered_call_s_file_says_completed(peer: SpoolPeer, n: Numbers) -> None:
    peer.put(n.file, call(n.answered, "Archive: yes"))
    archived = peer.outgoing_done / n.file
    assert status(archived) == "Completed"
    assert archived.read_text().startswith(call(n.answered, "Archive: yes") + "\nStartRetry: ")
    assert not (peer.outgoing / n.file).exists()


def test_with_an_archive_an_unanswered_call_s_file_says_expired(peer: SpoolPeer, n: Numbers) -> None:
    for number in n.unanswered:
        peer.put(number, call(number, "Archive: yes", wait_time=1))
    assert {status(peer.outgoing_done / number) for number in n.unanswered} == {"Expired"}


def test_a_file_nobody_can_be_rung_by_is_thrown_away(peer: SpoolPeer, n: Numbers) -> None:
    gone(peer.put(n.file, "Context: avtoobzvon\nExtension: play\nPriority: 1\n"))


def test_with_an_archive_a_file_nobody_can_be_rung_by_says_failed(peer: SpoolPeer, n: Numbers) -> None:
    peer.put(n.file, "Context: avtoobzvon\nExtension: play\nPriority: 1\nArchive: yes\n")
    assert status(peer.outgoing_done / n.file) == "Failed"


def test_with_an_archive_a_channel_that_cannot_be_says_expired(peer: SpoolPeer, n: Numbers) -> None:
    peer.put(n.file, call(n.answered, "Archive: yes").replace("local/", "nothing/"))
    assert status(peer.outgoing_done / n.file) == "Expired"
    assert peer.attempts(n.answered) == 0


def test_in_the_archive_a_newer_file_takes_the_place_of_its_namesake(peer: SpoolPeer, n: Numbers) -> None:
    archived = peer.outgoing_done / n.file
    for number, expected in ((n.answered, "Completed"), (n.busy, "Expired")):
        gone(peer.put(n.file, call(number, "Archive: yes")))
        assert status(archived) == expected
    assert f"local/{n.busy}@" in archived.read_text()


# ---- stops and crashes


def test_stopped_during_a_call_it_takes_the_file_with_it(own_peer: SpoolPeer, n: Numbers) -> None:
    file = talking(own_peer, n)
    own_peer.stop()
    assert not file.exists()
    own_peer.start()
    everything_before_is_taken(own_peer)
    assert own_peer.attempts(n.long_talk) == 1


@pytest.mark.parametrize("retries", [0, 1])
def test_stopped_while_it_rings_it_keeps_what_has_retries_left(own_peer: SpoolPeer, n: Numbers, retries: int) -> None:
    own_peer.start()
    file = own_peer.put(n.file, call(n.no_answer, retries=retries))
    rung(own_peer, n.no_answer)
    own_peer.stop()
    assert file.exists() == bool(retries)


def test_killed_during_a_call_it_rings_again_once_the_mtime_has_passed(own_peer: SpoolPeer, n: Numbers) -> None:
    """Even with MaxRetries 0: whoever must not be rung twice has to take the file out before the start."""
    file = talking(own_peer, n, retry_time=2)
    own_peer.kill()
    assert file.exists()
    own_peer.start()
    rung(own_peer, n.long_talk, 2)


def test_killed_during_a_call_it_rings_nobody_before_the_mtime_has_passed(own_peer: SpoolPeer, n: Numbers) -> None:
    file = talking(own_peer, n)
    own_peer.kill()
    own_peer.start()
    everything_before_is_taken(own_peer)
    assert file.exists()
    assert own_peer.attempts(n.long_talk) == 1


def test_a_file_taken_out_while_it_is_down_is_not_rung_again(own_peer: SpoolPeer, n: Numbers) -> None:
    file = talking(own_peer, n, retry_time=1)
    own_peer.kill()
    file.unlink()
    own_peer.start()
    everything_before_is_taken(own_peer)
    assert own_peer.attempts(n.long_talk) == 1


# ---- how a file is read

SAMPLE = "89161111111"
TEXT = call(SAMPLE)
RUNG = {
    "as the service writes it": TEXT,
    "no newline at the end": TEXT.rstrip("\n"),
    "lines that end as on Windows": TEXT.replace("\n", "\r\n"),
    "keys in capitals": TEXT.replace("Channel:", "CHANNEL:"),
    "no space after the colon": TEXT.replace(": ", ":"),
    "a comment after a semicolon": TEXT.replace("avtoobzvon\n", "avtoobzvon ; a remark\n"),
    "a comment after a hash": "# a remark\n" + TEXT.replace("avtoobzvon\n", "avtoobzvon # a remark\n"),
    "an unknown key": TEXT + "Nonsense: yes\n",
    "a line without a colon": TEXT + "nonsense\n",
    "a line that is too long": "Setvar: a=" + "x" * 2000 + "\n" + TEXT,
    "a name in Russian": TEXT.replace("CallerID:", 'CallerID: "Иванов" <6122103>'),
    "a channel before, which the last one replaces": call(SAMPLE[:-1] + "6").splitlines()[0] + "\n" + TEXT,
    "a number that is none": TEXT.replace("WaitTime: 300", "WaitTime: soon"),
}
NOT_RUNG = {
    "nothing": "",
    "a byte order mark before the channel": "\ufeff" + TEXT,
    "a space before the channel": " " + TEXT,
    "a channel without a technology": TEXT.replace("local/", ""),
    "a channel in a comment": ";" + TEXT,
    "no extension": TEXT.replace("Extension: play\n", ""),
    "a channel line that is too long": TEXT.replace("Channel: ", "Channel: " + " " * 2000),
}


def test_what_is_read_as_a_call(peer: SpoolPeer) -> None:
    numbers = {name: f"891633333{place}1" for place, name in enumerate(RUNG, 10)}
    files = [peer.put(numbers[name], text.replace(SAMPLE, numbers[name])) for name, text in RUNG.items()]
    for file in files:
        gone(file)
    assert {name: peer.attempts(number) for name, number in numbers.items()} == dict.fromkeys(RUNG, 1)


def test_what_is_not_read_as_a_call(peer: SpoolPeer) -> None:
    numbers = {name: f"891644444{place}1" for place, name in enumerate(NOT_RUNG, 10)}
    files = [peer.put(numbers[name], text.replace(SAMPLE, numbers[name])) for name, text in NOT_RUNG.items()]
    for file in files:
        gone(file)
    assert {name: peer.attempts(number) for name, number in numbers.items()} == dict.fromkeys(NOT_RUNG, 0)
