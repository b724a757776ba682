"""The client while it is connected: calls, lines, what has been heard, starting and stopping."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from obzvon.asterisk.ami.call_tracker import CallTracker, LineCounts
from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.domain.results import Disposition
from tests.support.ami_link import CALM, ami_of, at_once, is_up, linked, outcomes, play, problem
from tests.support.ami_server import SECRET, AmiServer, packed
from tests.support.recorded_events import RECORDED, channels, entry, talking
from tests.support.waiting import until

# -- up


def test_it_logs_in_without_sending_the_secret_and_reports_outcomes(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.status().problem is None
        play(server, "asterisk-22", "answered")
        play(server, "asterisk-16", "busy")
        ended = outcomes(link, 2)
        assert {one.disposition for one in ended} == {Disposition.ANSWERED, Disposition.BUSY}
        assert {one.code for one in ended} == {""}
        assert all(one.complete for one in ended)
        assert link.calls.take_outcomes() == []
    [login] = [one for one in server.actions if one["Action"] == "Login"]
    assert login["Events"] == "call,user"
    assert login["AuthType"] == "MD5"
    assert not any(SECRET in value for one in server.actions for value in one.values())


def test_where_there_is_no_challenge_the_secret_is_sent_on_this_machine_only(server: AmiServer) -> None:
    server.has_md5 = False
    with linked(server) as link:
        until(lambda: is_up(link))
    with linked(server, host="127.1") as link:  # the same machine, by a name that does not say so
        assert "it does not support login by challenge" in problem(link)
    assert server.asked("Login") == 1


def test_two_calls_to_one_number_are_distinguished_by_their_codes(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        [first, second] = [f"Local/89162222203@avtoobzvon-ivr-0000000{n};1" for n in (1, 2)]
        server.variables = {f"{first} dtmf": "12", f"{second} dtmf": "34*"}
        for number, channel in enumerate((first, second)):
            server.send_event(Event="Newchannel", Channel=channel, Uniqueid=f"1.{number}", Linkedid=f"1.{number}")
        until(lambda: server.asked("Getvar") == 2)
        for number, channel in enumerate((first, second)):
            server.send_event(
                Event="Hangup", Channel=channel, Uniqueid=f"1.{number}", Linkedid=f"1.{number}", Cause="0"
            )
        assert {(one.linkedid, one.code) for one in outcomes(link, 2)} == {("1.0", "12"), ("1.1", "34*")}


def test_a_code_that_cannot_be_learnt_is_not_made_up(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        server.variables = {"dtmf": "2${SHELL(id)}"}
        play(server, "asterisk-22", "with a code")
        assert [one.code for one in outcomes(link, 1)] == [None]
        server.variables = {}
        play(server, "asterisk-16", "with a code")
        assert [one.code for one in outcomes(link, 1)] == [None]


def test_who_wants_to_know_is_told_of_each_end_and_nothing_works_while_nothing_ends(
    server: AmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    settle = CallTracker.take_outcomes

    def counted(calls: CallTracker, now: datetime) -> list[AttemptOutcome]:
        looked.append(1)
        return settle(calls, now)

    monkeypatch.setattr(CallTracker, "take_outcomes", counted)
    news = threading.Event()
    with linked(server) as link:
        link.calls.on_outcomes = news.set
        until(lambda: server.asked("Ping") > 3)
        assert not looked
        for kind in ("busy", "answered"):
            play(server, "asterisk-22", kind)
            assert news.wait(20)
            assert link.calls.has_outcomes()
            outcomes(link, 1)
            news.clear()
        before = len(looked)
        pings = server.asked("Ping")
        until(lambda: server.asked("Ping") > pings + 3)
        assert len(looked) == before


# -- lines


def test_lines_in_use_are_known_while_it_is_up(server: AmiServer) -> None:
    server.channels = [entry({"Channel": "PJSIP/carrier-00000009", "Uniqueid": "9.9", "Linkedid": "9.9"})]
    with linked(server, trunk="PJSIP/carrier") as link:
        until(lambda: is_up(link))
        assert link.calls.lines_in_use() == LineCounts(0, 1, 1)
        server.send(b"".join(packed(fields) for _, fields in talking()))
        until(lambda: link.calls.lines_in_use() == LineCounts(1, 1, 4))
        server.refuse()
        server.drop()
        until(lambda: not is_up(link), seldom=0.005)
        assert link.calls.lines_in_use() is None


def test_lines_of_a_group_are_asked_for_and_ours_are_known_between(server: AmiServer) -> None:
    server.variables = {"GROUP_COUNT(obzvon@trunk)": "5"}
    with linked(server, group="obzvon@trunk") as link:
        until(lambda: is_up(link))
        assert link.calls.lines_in_use() == LineCounts(0, 5, 0)
        server.variables = {"GROUP_COUNT(obzvon@trunk)": "6"}
        server.send(b"".join(packed(fields) for _, fields in talking()))
        until(lambda: link.calls.lines_in_use() == LineCounts(1, 5, 3))
        server.variables = {}
        until(lambda: link.calls.lines_in_use() is None)


def test_after_a_silence_lines_in_use_are_not_believed(server: AmiServer) -> None:
    times = msgspec.structs.replace(CALM, fresh=0.2, patience=30.0)
    with linked(server, times=times) as link:
        until(lambda: is_up(link) and link.calls.lines_in_use())
        server.is_mute = True
        until(lambda: link.calls.lines_in_use() is None)
        assert is_up(link)


# -- what has been seen


def test_it_says_since_when_it_has_seen_everything(server: AmiServer) -> None:
    before = datetime.now(UTC)
    with linked(server) as link:
        until(lambda: is_up(link))
        now = datetime.now(UTC)
        assert not link.calls.has_listened_since(before)
        assert link.calls.has_listened_since(now)
        until(lambda: (link.calls.heard_until() or before) > now - timedelta(seconds=1))
        server.drop()
        until(lambda: not link.calls.has_listened_since(now))
        until(lambda: is_up(link))
        assert not link.calls.has_listened_since(now)
        assert link.calls.has_listened_since(datetime.now(UTC))


def test_calls_that_end_while_it_is_down_are_known_as_missed(server: AmiServer) -> None:
    ringing = [
        event
        for event in talking()
        if event[1].get("DialStatus") != "ANSWER" and event[1].get("ChannelStateDesc") != "Up"
    ]
    with linked(server) as link:
        until(lambda: is_up(link))
        server.send(b"".join(packed(fields) for _, fields in ringing))
        until(lambda: (link.calls.lines_in_use() or LineCounts(0, 0, 0)).channels == 3)
        server.drop()
        [missed] = outcomes(link, 1)
        assert missed.disposition is Disposition.UNKNOWN
        assert not missed.complete
        assert (missed.number, missed.ended) == ("89161100101", None)


def test_a_call_that_outlives_a_cut_goes_on(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        server.send(b"".join(packed(fields) for _, fields in talking()))
        until(lambda: (link.calls.lines_in_use() or LineCounts(0, 0, 0)).channels == 3)
        server.channels = [entry(fields) for fields in channels(talking())]
        server.drop()
        until(lambda: server.logins == 2 and is_up(link))
        assert link.calls.take_outcomes() == []
        server.send(b"".join(packed(fields) for _, fields in RECORDED["asterisk-22"]["answered"][len(talking()) :]))
        [ended] = outcomes(link, 1)
        assert ended.disposition is Disposition.ANSWERED
        assert ended.listened
        assert not ended.complete


# -- starting and stopping


def test_it_stops_at_once_whatever_it_is_doing(server: AmiServer) -> None:
    for pause in (at_once, lambda _kind, _failures: 3600.0):
        with linked(server, pause=pause):
            pass
    server.is_mute = True
    with linked(server, times=Timeouts()):
        until(lambda: server.actions)
    server.refuse()
    with linked(server, pause=lambda _kind, _failures: 3600.0) as link:
        until(lambda: link.status().problem)


def test_it_can_be_started_again_and_twice(server: AmiServer) -> None:
    link = AmiClient(ami_of(server), "a", "b", times=CALM, backoff=at_once)
    for _ in range(3):
        link.start()
        link.start()
        until(lambda: is_up(link))
        link.stop()
        link.stop()
        assert not is_up(link)
