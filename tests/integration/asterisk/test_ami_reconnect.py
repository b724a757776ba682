"""The client against a manager interface that misbehaves: no exception escapes, each problem is logged once."""

import logging
import resource
import threading
from contextlib import ExitStack
from datetime import UTC, datetime

import msgspec
import pytest

from obzvon.asterisk.ami.call_tracker import CallTracker, LineCounts
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.errors import Backoff
from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.domain.results import Disposition
from tests.support.ami_link import CALM, QUICK, is_up, linked, outcomes, play, problem, warnings
from tests.support.ami_server import SECRET, AmiServer, packed
from tests.support.recorded_events import RECORDED, entry
from tests.support.waiting import until


def test_a_wrong_password_is_logged_once_and_seldom_retried(
    server: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.secret = "another"
    pauses: list[tuple[Backoff, int]] = []

    def pause(kind: Backoff, failures: int) -> float:
        pauses.append((kind, failures))
        return 0.01

    with linked(server, pause=pause) as link:
        until(lambda: server.logins >= 5)
        assert "Asterisk refuses the login of obzvon" in problem(link)
        assert "manager.conf" in problem(link)
        server.secret = SECRET
        until(lambda: is_up(link))
        assert link.status().problem is None
    assert [one for one in warnings(caplog) if "login" in one] == warnings(caplog)[:1]
    assert len(warnings(caplog)) == 1
    assert SECRET not in caplog.text
    assert {kind for kind, _ in pauses} == {Backoff.LOGIN}
    assert [failures for _, failures in pauses] == list(range(1, len(pauses) + 1))


def test_an_asterisk_that_shuts_down_is_no_wrong_password_and_no_missing_right(server: AmiServer) -> None:
    pauses: list[Backoff] = []

    def pause(kind: Backoff, _failures: int) -> float:
        pauses.append(kind)
        return 0.01

    server.is_stopping = True
    with linked(server, pause=pause) as link:
        until(lambda: len(pauses) >= 3)
        assert "Asterisk is shutting down" in problem(link)
        server.is_stopping = False
        until(lambda: is_up(link))
        server.is_stopping = True
        asked = len(server.actions)
        until(lambda: len(server.actions) >= asked + 10)
        assert is_up(link)  # the ends of the last calls are still to be heard
    assert set(pauses) == {Backoff.NETWORK}


def test_the_pauses_of_each_kind_of_trouble() -> None:
    assert [Backoff.LOGIN.delay(n) / 60 for n in range(1, 7)] == [1, 5, 15, 60, 60, 60]
    assert [Backoff.NETWORK.delay(n) for n in (1, 2, 7, 1000)] == [0.5, 1, 30, 30]
    assert Backoff.SETTINGS.delay(99) == 300


def test_a_port_where_nobody_listens(server: AmiServer, caplog: pytest.LogCaptureFixture) -> None:
    server.refuse()
    failures: list[int] = []

    def pause(_kind: Backoff, failed: int) -> float:
        failures.append(failed)
        return 0.01

    with linked(server, pause=pause) as link:
        until(lambda: len(failures) >= 3)
        assert "nothing listens there" in problem(link)
        assert not is_up(link)
        assert link.calls.lines_in_use() is None
    assert failures[:3] == [1, 2, 3]
    assert len(warnings(caplog)) == 1


def test_an_asterisk_that_comes_later_is_found(server: AmiServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "obzvon")
    server.secret = "another"
    with linked(server) as link:
        until(lambda: link.status().problem)
        server.secret = SECRET
        until(lambda: is_up(link))
    assert caplog.records[-1].getMessage() == f"AMI 127.0.0.1:{server.port}: connected"


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_mute_peer_is_noticed(server: AmiServer, caplog: pytest.LogCaptureFixture, from_the_start: bool) -> None:
    server.is_mute = from_the_start
    times = msgspec.structs.replace(CALM, patience=0.3)
    with linked(server, times=times) as link:
        if not from_the_start:
            until(lambda: is_up(link))
            server.is_mute = True
        assert "no answer comes" in problem(link)
        server.is_mute = False
        until(lambda: is_up(link))
    assert len(warnings(caplog)) == 1


def test_a_mute_peer_is_noticed_within_15_seconds() -> None:
    assert Timeouts().ping + Timeouts().patience < 15


def test_a_connection_that_is_lost_repeatedly_is_logged_once(
    server: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with linked(server) as link:
        for count in range(1, 6):
            until(lambda count=count: server.logins >= count and is_up(link))  # type: ignore[misc]
            server.drop()
            until(lambda: not is_up(link) or link.calls.has_listened_since(datetime.now(UTC)), seldom=0.005)
        until(lambda: is_up(link))
    assert [one for one in warnings(caplog) if "the connection was lost" in one] == warnings(caplog)
    assert len(warnings(caplog)) == 1


def test_a_cut_in_the_middle_of_a_list_is_no_list(server: AmiServer) -> None:
    server.channels = [
        entry({"Channel": f"PJSIP/a-{n}", "Uniqueid": f"9.{n}", "Linkedid": f"9.{n}"}) for n in range(50)
    ]
    server.cuts_lists = True
    with linked(server) as link:
        assert "the connection was lost" in problem(link)
        assert link.calls.lines_in_use() is None
        server.cuts_lists = False
        until(lambda: is_up(link))
        assert link.calls.lines_in_use() == LineCounts(0, 50, 50)
        server.cuts_lists = True
        server.drop()
        until(lambda: server.asked("CoreShowChannels") > 4)
        assert not link.calls.has_listened_since(datetime.now(UTC))


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x00\xff" * 50,
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"220 mail ESMTP\r\n",
    ],
    ids=["ssh", "bytes", "http", "smtp"],
)
def test_a_peer_that_is_not_asterisk_is_named_as_such(server: AmiServer, garbage: bytes) -> None:
    server.greeting = garbage
    with linked(server) as link:
        assert "not Asterisk's manager interface" in problem(link)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\r\n\r\n" * 1000,
        b"Event\r\n\r\n: \r\n\r\nEvent: \r\n\r\n",
        b"Response: Success\r\nActionID: 7\r\n\r\n",
        b"Event: Hangup\r\n\r\nEvent: Newchannel\r\nUniqueid: 1\r\nUniqueid: 2\r\nLinkedid: \xff\r\n\r\n",
        b"Response: Follows\r\n\r\n",
        b"Event: Newchannel\r\nEvent: Hangup\r\n\r\n",
        b"Event: UserEvent\r\nUserEvent: ObzvonAnswer\r\nKey: \x1b[2J\r\n\r\n",
        b"Event: X\r\n" * 1000 + b"\r\n",
    ],
)
def test_garbage_among_the_events_is_left_aside(server: AmiServer, garbage: bytes) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        server.send(garbage)
        play(server, "asterisk-22", "busy")
        server.send(garbage)
        assert [one.disposition for one in outcomes(link, 1)] == [Disposition.BUSY]
        assert server.logins == 1


def test_a_message_without_end_does_not_fill_the_memory(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        with ExitStack() as quiet:
            quiet.enter_context(pytest.raises(OSError, match=r"."))  # it hangs up on us before the end
            for _ in range(200):
                server.send(b"x" * 1_000_000)
        until(lambda: server.logins == 2 and is_up(link))


@pytest.mark.slow
def test_a_burst_of_5_megabytes_is_taken_and_nothing_of_it_lost(server: AmiServer) -> None:
    burst = b"".join(
        packed(
            {
                name: value.replace("1795", f"{1000 + n}").replace("Local/8", f"Local/{n}8")
                for name, value in fields.items()
            }
        )
        for n in range(1000)
        for _, fields in RECORDED["asterisk-22"]["busy"]
    )
    strangers = packed({"Event": "VarSet", "Variable": "x", "Value": "y" * 200, "Uniqueid": "9.9", "Linkedid": "9.9"})
    assert len(burst + strangers * 12_000) > 5_000_000
    # The watchdog for a mute peer is not the subject: a slow machine may take seconds to read the burst.
    with linked(server, times=msgspec.structs.replace(CALM, patience=30.0)) as link:
        until(lambda: is_up(link))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        taken = link.calls.take_outcomes()
        sending = threading.Thread(target=server.send, args=(burst + strangers * 12_000,))
        sending.start()

        def all_taken() -> bool:
            taken.extend(link.calls.take_outcomes())
            link.calls.lines_in_use()
            link.status()
            return len(taken) >= 1000

        until(all_taken, "a thousand outcomes", seldom=0.005)
        sending.join()
        assert {one.disposition for one in taken} == {Disposition.BUSY}
        assert server.logins == 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_outcomes_that_nobody_asks_for_do_not_fill_the_memory(
    server: AmiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("obzvon.asterisk.ami.call_view.MAX_OUTCOMES", 2)
    with linked(server) as link:
        until(lambda: is_up(link))
        now = datetime.now(UTC)
        for kind in ("busy", "congestion", "refused"):
            play(server, "asterisk-22", kind)
        until(lambda: not link.calls.has_listened_since(now))
        assert len(link.calls.take_outcomes()) == 2


def test_a_user_without_the_reporting_permission_is_logged(server: AmiServer) -> None:
    server.may_list = False
    with linked(server) as link:
        assert "refuses to list its channels: Permission denied" in problem(link)
        assert "write = reporting" in problem(link)


def test_a_user_who_gets_no_events_is_logged(server: AmiServer) -> None:
    with linked(server, times=QUICK) as link:
        until(lambda: is_up(link))
        server.channels = [entry({"Channel": "PJSIP/a-00000009", "Uniqueid": "9.9", "Linkedid": "9.9"}, "00:00:07")]
        assert "no events come about them" in problem(link)
        assert "read = call,user" in problem(link)


def test_a_mistake_of_ours_is_one_line_and_no_end(
    server: AmiServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bool:
        raise KeyError("oh")

    with linked(server) as link:
        until(lambda: is_up(link))
        monkeypatch.setattr(CallTracker, "take_outcomes", broken)
        play(server, "asterisk-22", "busy")
        assert "unexpected error" in problem(link)
        monkeypatch.undo()
        until(lambda: is_up(link))
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.3", "2.10.6", "3.1.0", "4.0.4"])
def test_an_asterisk_before_16_is_refused_by_its_greeting_and_never_shown_with_no_lines_in_use(
    server: AmiServer, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    server.greeting = f"Asterisk Call Manager/{version}\r\n".encode()
    kinds: list[Backoff] = []

    def pause(kind: Backoff, _failures: int) -> float:
        kinds.append(kind)
        return 0.01

    with linked(server, pause=pause) as link:
        until(lambda: len(kinds) > 1)
        assert "too old, 16 or later is needed; it introduces itself as" in problem(link)
        assert f"Asterisk Call Manager/{version}" in problem(link)
        assert link.calls.lines_in_use() is None
    assert set(kinds) == {Backoff.SETTINGS}
    assert server.logins == 0
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("version", ["5.0.4", "7.0.3", "11.0.0", "Proxy"])
def test_16_and_later_are_taken_and_what_names_no_version_as_well(server: AmiServer, version: str) -> None:
    server.greeting = f"Asterisk Call Manager/{version}\r\n".encode()
    with linked(server) as link:
        until(lambda: is_up(link))


def test_a_greeting_that_comes_in_pieces_is_judged_whole(server: AmiServer) -> None:
    server.greeting, server.greets_in_pieces = b"Asterisk Call Manager/11.0.0\r\n", True
    with linked(server) as link:
        until(lambda: is_up(link))
    server.greeting = b"Asterisk Call Manager/1.3\r\n"
    with linked(server) as link:
        assert "too old" in problem(link)


def test_a_user_who_is_logged_in_already_is_no_wrong_password(
    server: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.allows_one_login = True
    kinds: list[Backoff] = []

    def pause(kind: Backoff, _failures: int) -> float:
        kinds.append(kind)
        return 0.01

    with linked(server) as first:
        until(lambda: is_up(first))
        assert first.login_state() is LoginState.CONNECTED
        with linked(server, pause=pause) as link:
            until(lambda: len(kinds) > 2)
            assert "Asterisk allows the user obzvon one connection, and another one is open" in problem(link)
            assert "allowmultiplelogin" in problem(link)
            assert link.login_state() is LoginState.UNKNOWN
            first.stop()
            server.drop()
            until(lambda: is_up(link))
    assert set(kinds) <= {Backoff.NETWORK}
    assert len([one for one in warnings(caplog) if "one connection" in one]) == 1
