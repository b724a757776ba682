"""The link against a manager interface that misbehaves in every way: no exception escapes, nothing is lost unseen."""

import hashlib
import logging
import resource
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk.ami.call_tracker import CallTracker, LineCounts
from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.connection import Timeouts
from obzvon.asterisk.ami.errors import AmiError, Backoff
from obzvon.asterisk.ami.outcomes import AttemptOutcome
from obzvon.asterisk.ami.permissions import Permissions, inspect_permissions, permissions_from_console
from obzvon.domain.results import Disposition
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.support.ami_server import SECRET, AmiServer, certificate, packed
from tests.unit.asterisk.test_outcomes import RECORDED, channels, entry, talking

QUICK = Timeouts(patience=1.0, ping=0.05, fresh=6.0, settle=0.01, group=0.05, compare=0.05, steady=0.0)
CALM = msgspec.structs.replace(QUICK, compare=3600.0)


def until(condition: Callable[[], object], within: float = 20) -> None:
    """Waits for what another thread is about to do."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def at_once(_kind: Backoff, _failures: int) -> float:
    return 0.01


@pytest.fixture
def server() -> Iterator[AmiServer]:
    with AmiServer() as running:
        yield running


def ami_of(server: AmiServer, **changes: object) -> AmiSettings:
    return msgspec.structs.replace(AmiSettings("127.0.0.1", server.port, secret=Secret(SECRET)), **changes)


@contextmanager
def linked(
    server: AmiServer, *, times: Timeouts = CALM, pause: Callable[[Backoff, int], float] = at_once, **changes: object
) -> Iterator[AmiClient]:
    """A link to it that has been started, and is stopped in time."""
    link = AmiClient(ami_of(server, **changes), "avtoobzvon", "avtoobzvon-ivr", times=times, backoff=pause)
    link.start()
    try:
        yield link
    finally:
        begun = time.monotonic()
        link.stop()
        assert time.monotonic() - begun < 1
        assert not any(thread.name == "ami" for thread in threading.enumerate())


def is_up(link: AmiClient) -> bool:
    return link.status().up


def problem(link: AmiClient) -> str:
    until(lambda: link.status().problem)
    return str(link.status().problem)


def play(server: AmiServer, version: str, kind: str) -> None:
    server.send(b"".join(packed(fields) for _, fields in RECORDED[version][kind]))


def outcomes(link: AmiClient, count: int) -> list[AttemptOutcome]:
    told: list[AttemptOutcome] = []

    def have() -> bool:
        told.extend(link.calls.take_outcomes())
        return len(told) >= count

    until(have)
    assert len(told) == count
    return told


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


# -- up


def test_it_logs_in_without_sending_the_secret_and_tells_what_becomes_of_calls(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.status().problem is None
        play(server, "asterisk-22", "answered")
        play(server, "asterisk-16", "busy")
        told = outcomes(link, 2)
        assert {one.disposition for one in told} == {Disposition.ANSWERED, Disposition.BUSY}
        assert {one.code for one in told} == {""}
        assert all(one.complete for one in told)
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


def test_two_calls_of_one_number_are_told_apart_by_their_codes(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        [first, second] = [f"Local/89162222203@avtoobzvon-ivr-0000000{n};1" for n in (1, 2)]
        server.variables = {f"{first} dtmf": "12", f"{second} dtmf": "34*"}
        for number, channel in enumerate((first, second)):
            server.tell(Event="Newchannel", Channel=channel, Uniqueid=f"1.{number}", Linkedid=f"1.{number}")
        until(lambda: server.asked("Getvar") == 2)
        for number, channel in enumerate((first, second)):
            server.tell(Event="Hangup", Channel=channel, Uniqueid=f"1.{number}", Linkedid=f"1.{number}", Cause="0")
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
    monkeypatch.setattr(CallTracker, "take_outcomes", lambda calls, now: looked.append(1) or settle(calls, now))
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
        told = len(looked)
        pings = server.asked("Ping")
        until(lambda: server.asked("Ping") > pings + 3)
        assert len(looked) == told


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
        until(lambda: not is_up(link))
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


# -- troubles: each told once, in plain words


def test_a_wrong_password_is_told_once_and_retried_gently(server: AmiServer, caplog: pytest.LogCaptureFixture) -> None:
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


def test_a_connection_that_is_cut_again_and_again_is_told_once(
    server: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with linked(server) as link:
        for count in range(1, 6):
            until(lambda count=count: server.logins >= count and is_up(link))  # type: ignore[misc]
            server.drop()
            until(lambda: not is_up(link) or link.calls.has_listened_since(datetime.now(UTC)))
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
def test_what_is_not_asterisk_is_told(server: AmiServer, garbage: bytes) -> None:
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
    with linked(server) as link:
        until(lambda: is_up(link))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        slowest = 0.0
        told: list[AttemptOutcome] = []
        sending = threading.Thread(target=server.send, args=(burst + strangers * 12_000,))
        sending.start()
        while len(told) < 1000:
            begun = time.monotonic()
            told += link.calls.take_outcomes()
            link.calls.lines_in_use()
            link.status()
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(0.001)
            assert begun < time.monotonic() + 60
        sending.join()
        assert {one.disposition for one in told} == {Disposition.BUSY}
        assert server.logins == 1
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000
        assert slowest < 5


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


def test_a_user_without_reporting_is_told(server: AmiServer) -> None:
    server.may_list = False
    with linked(server) as link:
        assert "refuses to list its channels: Permission denied" in problem(link)
        assert "write = reporting" in problem(link)


def test_a_user_who_is_told_no_events_is_told(server: AmiServer) -> None:
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


# -- TLS


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certificate(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def encrypted(keys: tuple[Path, ssl.SSLContext]) -> Iterator[AmiServer]:
    with AmiServer(keys[1]) as running:
        yield running


def fingerprint(path: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(path.read_text())).hexdigest()


def test_a_self_signed_certificate_is_trusted_by_its_fingerprint(
    encrypted: AmiServer, keys: tuple[Path, ssl.SSLContext]
) -> None:
    with linked(encrypted, tls=True, tls_fingerprint=fingerprint(keys[0])) as link:
        until(lambda: is_up(link))
        play(encrypted, "asterisk-22", "busy")
        outcomes(link, 1)


def test_a_certificate_is_trusted_by_its_authority_and_its_name(
    encrypted: AmiServer, keys: tuple[Path, ssl.SSLContext]
) -> None:
    with linked(encrypted, tls=True, tls_ca=keys[0]) as link:
        assert "its certificate is not trusted" in problem(link)
        assert "127.0.0.1" in problem(link)  # which is not its name


def test_a_certificate_that_nobody_vouches_for_gets_no_login(
    encrypted: AmiServer, caplog: pytest.LogCaptureFixture
) -> None:
    with linked(encrypted, tls=True) as link:
        assert "its certificate is not trusted: self-signed certificate" in problem(link)
        assert "tls_fingerprint" in problem(link)
    with linked(encrypted, tls=True, tls_fingerprint="ab" * 32) as link:
        assert "its certificate is not the one in the settings" in problem(link)
    assert not encrypted.actions
    assert len(warnings(caplog)) == 2


def test_an_encrypted_and_a_plain_side_do_not_meet(server: AmiServer, encrypted: AmiServer, tmp_path: Path) -> None:
    with linked(server, tls=True, tls_fingerprint="ab" * 32) as link:
        assert "no encrypted connection could be made" in problem(link)
    with linked(encrypted, times=msgspec.structs.replace(CALM, patience=0.3)) as link:
        assert "the connection was lost" in problem(link) or "tls = yes" in problem(link)
    with linked(encrypted, tls=True, tls_ca=tmp_path / "none.pem") as link:
        assert "the certificates of tls_ca cannot be read: No such file" in problem(link)


# -- rights


def test_the_rights_of_the_user_are_told(server: AmiServer) -> None:
    assert inspect_permissions(ami_of(server)) == Permissions()
    server.booted = True
    server.commands |= {
        "Originate": "Originate a call.  (Priv: originate,all)",
        "Command": "Execute a command.  (Priv: command,all)",
        "Hangup": "Hangup channel.  (Priv: system,call,all)",
        "Redirect": "Redirect a call.  (Priv: call,all)",
        "Atxfer": "Transfer.  (Priv: agent,config,all)",
    }
    del server.commands["Getvar"]
    assert inspect_permissions(ami_of(server)) == Permissions(
        ("write=reporting",), ("read=system", "write=call", "write=command", "write=originate", "write=agent/config")
    )


def test_rights_are_not_told_where_there_is_no_login(server: AmiServer) -> None:
    server.secret = "another"
    with pytest.raises(AmiError, match="login"):
        inspect_permissions(ami_of(server))
    server.refuse()
    with pytest.raises(AmiError, match="nothing listens"):
        inspect_permissions(ami_of(server))


@pytest.mark.parametrize(
    ("read", "write", "rights"),
    [
        ("call,user", "reporting", Permissions()),
        ("all", "all", Permissions((), ("read=all", "write=all"))),
        (
            "system,call,dtmf",
            "reporting,originate",
            Permissions(("read=user",), ("read=dtmf", "read=system", "write=originate")),
        ),
        ("<none>", "<none>", Permissions(("read=call", "read=user", "write=reporting"))),
    ],
)
def test_asterisks_console_tells_all_rights(read: str, write: str, rights: Permissions) -> None:
    shown = f"\n          username: obzvon\n         read perm: {read}\n        write perm: {write}\n"
    assert permissions_from_console(shown) == rights


def test_no_rights_are_read_where_none_are_printed() -> None:
    assert permissions_from_console("There is no manager called obzvon\n") is None
