"""The whole service as a process, beside a manager interface that misbehaves: each number is rung once all the same."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.ami_server import AmiServer, packed
from tests.support.recorded_events import entry
from tests.support.stage import PATIENCE, CallEvents, EventSender, Stage, by_archive, by_events
from tests.support.waiting import until
from tests.support.workshop import service


@pytest.fixture
def server() -> Iterator[AmiServer]:
    with AmiServer() as running:
        yield running


# -- each trouble: one line when it comes, one when it goes


def wrong_password(server: AmiServer, _stage: Stage) -> str:
    server.secret = "another"
    return "Asterisk refuses the login of obzvon"


def refused(server: AmiServer, _stage: Stage) -> str:
    server.refuse()
    return "nothing listens there"


def mute(server: AmiServer, _stage: Stage) -> str:
    server.is_mute = True
    return "no answer comes"


def ssh(server: AmiServer, _stage: Stage) -> str:
    server.greeting = b"SSH-2.0-OpenSSH_9.2p1\r\n"
    return "what answers there is not Asterisk's manager interface"


def bytes_of_all_kinds(server: AmiServer, _stage: Stage) -> str:
    server.greeting = bytes(range(256)) * 40
    return "what answers there is not Asterisk's manager interface"


def no_events(server: AmiServer, _stage: Stage) -> str:
    server.may_list = False
    return "Asterisk refuses to list its channels: Permission denied"


def always_cut(server: AmiServer, _stage: Stage) -> str:
    server.channels = [
        entry({"Channel": f"PJSIP/a-{n}", "Uniqueid": f"9.{n}", "Linkedid": f"9.{n}"}) for n in range(50)
    ]
    server.cuts_lists = True
    return "the connection was lost"


BAD = [wrong_password, refused, mute, ssh, bytes_of_all_kinds, no_events, always_cut]


@pytest.mark.parametrize(("bad", "archive"), [*((bad, "yes") for bad in BAD), (refused, "no")])
def test_a_run_beside_a_manager_interface_that_is_of_no_use(
    tmp_path: Path, server: AmiServer, bad: Callable[[AmiServer, Stage], str], archive: str
) -> None:
    # The self-check logs in as well: a wrong password is not to be tried a second time.
    stage = Stage(tmp_path, server.port, archive=archive, self_check=bad is wrong_password)
    said = bad(server, stage)
    with stage.running():
        stage.wait_for_the_end()
        stage.wait_for(said)
    stage.check(results=by_archive if archive == "yes" else lambda _: "unknown")
    [line] = stage.log_problems()
    assert line.startswith(f"AMI 127.0.0.1:{server.port}: {said}")
    assert ": connected" not in stage.log()
    assert server.logins <= (1 if bad is wrong_password else 20)


def test_a_run_beside_one_that_comes_later(tmp_path: Path, server: AmiServer) -> None:
    server.refuse()
    stage = Stage(tmp_path, server.port, timeout=0.5)
    with stage.running():
        stage.wait_for("nothing listens there")
        with AmiServer(port=server.port):
            stage.wait_for(": connected")
            stage.wait_for_the_end()
            problems = stage.log_problems()
    stage.check(results=by_archive)
    assert len(problems) == 1
    assert stage.log().count(": connected") == 1


def test_in_russian_too(tmp_path: Path, server: AmiServer) -> None:
    server.greeting = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    stage = Stage(tmp_path, server.port, language="ru")
    with stage.running():
        stage.wait_for_the_end()
    stage.check(results=by_archive)
    [line] = [line for line in stage.log_problems() if line.startswith("AMI ")]
    assert "там отвечает не интерфейс управления Asterisk" in line


# -- what comes is too much, or no message


def once_logged_in(server: AmiServer, data: bytes, times: int = 1) -> None:
    """Sends that to who has logged in; whoever hangs up before the end has had enough."""
    until(lambda: server.asked("CoreShowChannels") and server.asked("Ping"), "the login")
    with suppress(OSError):
        for _ in range(times):
            server.send(data)


def strangers(megabytes: float) -> bytes:
    """Events of nobody's calls."""
    one = packed({"Event": "VarSet", "Variable": "x", "Value": "y" * 200, "Uniqueid": "9.9", "Linkedid": "9.9"})
    return one * int(megabytes * 1_000_000 / len(one))


def test_a_run_beside_a_burst_of_5_megabytes(tmp_path: Path, server: AmiServer) -> None:
    stage = Stage(tmp_path, server.port, self_check=True)
    with stage.running():
        once_logged_in(server, strangers(5))
        stage.wait_for_the_end()
    stage.check(results=by_archive)
    assert stage.log_problems() == []
    assert (
        server.asked("Challenge") == 3
    )  # the service's, and the self-check's for its rights and for what a call needs


@pytest.mark.parametrize(
    "data", [b"Event: Newchannel\r\nUniqueid: " + b"9" * 1_000_000, b"\r\nx: y" * 200_000], ids=["a field", "a message"]
)
def test_a_run_beside_a_message_without_end(tmp_path: Path, server: AmiServer, data: bytes) -> None:
    stage = Stage(tmp_path, server.port)
    with stage.running():
        once_logged_in(server, data, 100)
        stage.wait_for("is not Asterisk's manager interface")
        stage.wait_for_the_end()
        stage.wait_for(": connected")
    stage.check(results=by_archive)
    assert len(stage.log_problems()) == 1
    assert stage.log().count(": connected") == 1


GARBAGE = [
    b"\x00\xff\xfe\r\n\r\n" * 50_000,
    b"Response: Success\r\nActionID: 7\r\n\r\n" * 1000,
    b"Event: X\r\n" * 10_000 + b"\r\n",
    b"Response: Follows\r\n\r\n" * 1000,
    bytes(range(256)) * 500 + b"\r\n\r\n",
    b"Event: Newchannel\r\nEvent: Hangup\r\nUniqueid: 1\r\nUniqueid: 2\r\nLinkedid: \xff\r\n\r\n" * 1000,
    b"Event: UserEvent\r\nUserEvent: ObzvonAnswer\r\nKey: " + b"9" * 200_000 + b"\r\n\r\n",
]


def test_a_run_beside_garbage_among_the_events(tmp_path: Path, server: AmiServer) -> None:
    stage = Stage(tmp_path, server.port)
    with stage.running():
        once_logged_in(server, b"".join(GARBAGE))
        stage.wait_for_the_end()
    stage.check(results=by_archive)
    assert stage.log_problems() == []


# -- what comes is not true


def nothing(_call: CallEvents) -> bytes:
    return b""


def repeats(call: CallEvents) -> bytes:
    """Everything twice, and all of it again when it is over."""
    return call.whole if call.is_over else call.beginning


def calls_of_others(call: CallEvents) -> bytes:
    """Calls of these very numbers in contexts that are not ours."""
    calls = [("answered", "from-internal"), ("busy", "avtoobzvon2"), ("answered", "avtoobzvon-ivr2")]
    return b"".join(
        CallEvents(call.number, 10_000 * (n + 1) + call.place, kind, context).whole
        for n, (kind, context) in enumerate(calls)
    )


def another_campaign(call: CallEvents) -> bytes:
    """A call to the same number in the same context, which ends in another way while ours goes on."""
    kind = "busy" if by_events(call.number) == "answered" else "answered"
    return b"" if call.is_over else CallEvents(call.number, 10_000 + call.place, kind).whole


def nonsense(call: CallEvents) -> bytes:
    """Events of channels never seen, ends before beginnings, fields twice, text that is none, a huge field."""
    uid = f"7{call.place}.7"
    channel = f"Local/{call.number}@avtoobzvon-{call.place:08x};1"
    events = [
        {"Event": "Hangup", "Uniqueid": f"8{uid}", "Cause": "17"},
        {"Event": "DialEnd", "DestUniqueid": f"8{uid}", "DestChannel": "PJSIP/x-1", "DialStatus": "ANSWER"},
        {"Event": "Rename", "Uniqueid": f"6{uid}", "Newname": channel},
        {"Event": "Newstate", "Uniqueid": f"5{uid}", "Linkedid": "", "Channel": channel, "ChannelStateDesc": "Up"},
        {"Event": "UserEvent", "UserEvent": "ObzvonAnswer", "Uniqueid": f"4{uid}", "Linkedid": f"3{uid}", "Key": "1"},
        {"Event": "Hangup", "Uniqueid": f"2{uid}", "Linkedid": f"2{uid}", "Channel": "PJSIP/early-1", "Cause": "x"},
        {"Event": "Newchannel", "Uniqueid": f"2{uid}", "Linkedid": f"2{uid}", "Channel": "PJSIP/early-1"},
        {"Event": "Newchannel", "Uniqueid": f"1{uid}", "Linkedid": f"1{uid}", "Channel": channel[:9]},
        {"Event": "VarSet", "Variable": "x", "Value": "y" * 20_000},
    ]
    twice = packed(events[0])[:-2] + b"Uniqueid: 1\r\nEvent: Newchannel\r\n\r\n"
    no_text = b"Event: Newchannel\r\nUniqueid: \xff\xfe\r\nLinkedid: \xc3\x28\r\n\r\n"
    return b"".join(map(packed, events)) + twice + no_text


@pytest.mark.parametrize("lie", [nothing, repeats, calls_of_others, nonsense])
def test_a_run_with_false_events_beside_the_true_ones(
    tmp_path: Path, server: AmiServer, lie: Callable[[CallEvents], bytes]
) -> None:
    stage = Stage(tmp_path, server.port, archive="no")
    with stage.running(), EventSender(server, stage, lie):
        stage.wait_for_the_end()
    stage.check(results=by_events)
    assert stage.log_problems() == []
    assert {line.tries for line in stage.lines()} == {1}


@pytest.mark.parametrize("archive", ["yes", "no"])
def test_a_run_beside_another_campaign_that_rings_the_same_numbers_at_the_same_moments(
    tmp_path: Path, server: AmiServer, archive: str
) -> None:
    stage = Stage(tmp_path, server.port, archive=archive)
    with stage.running(), EventSender(server, stage, another_campaign):
        stage.wait_for_the_end()
    stage.check_cautiously(archive)
    assert stage.log_problems() == []


def lists_that_lie(stage: Stage) -> list[dict[str, str]]:
    """What is up, as nobody would tell it: strangers' channels with our numbers, entries twice and empty ones."""
    listed = [
        entry(
            {
                "Channel": f"Local/{number}@{context}-{place:08x};{half}",
                "Uniqueid": f"77{n}.{place}{half}",
                "Linkedid": f"77{n}.{place}1",
            },
            duration,
            state,
        )
        for n, (context, half, duration, state) in enumerate(
            [
                ("from-internal", 1, "00:00:01", "Up"),
                ("avtoobzvon", 2, "00:00:01", "Up"),
                ("avtoobzvon", 1, "11:00:00", "Up"),
                ("avtoobzvon2", 1, "99:99:99", "Ringing"),
            ]
        )
        for place, number in enumerate(stage.people)
    ]
    return [*listed, *listed, {}, {"Uniqueid": "1.1"}, {"Linkedid": "1.1"}, {"Uniqueid": "", "Duration": "x"}]


@pytest.mark.parametrize("archive", ["yes", "no"])
def test_a_run_whose_connection_is_cut_again_and_again_and_whose_lists_lie(
    tmp_path: Path, server: AmiServer, archive: str
) -> None:
    stage = Stage(tmp_path, server.port, archive=archive, timeout=0.6)
    server.channels = lists_that_lie(stage)
    with stage.running(), EventSender(server, stage, repeats):
        for count in range(10, 60, 10):
            until(lambda count=count: len(stage.ledger) >= count, "a bundle")  # type: ignore[misc]
            server.drop()
        server.channels = []
        server.drop()
        stage.wait_for_the_end()
    stage.check_cautiously(archive)
    assert len(stage.log_problems()) == 1
    assert stage.log().count(": connected") == 1


# -- as from cron


def test_one_check_stays_until_it_has_heard_how_every_call_ended(tmp_path: Path, server: AmiServer) -> None:
    stage = Stage(tmp_path, server.port, archive="no", timeout=0)
    with EventSender(server, stage):
        stage.once()
    stage.check(results=by_events)


def test_one_check_that_hears_nothing_waits_for_nothing(tmp_path: Path, server: AmiServer) -> None:
    server.secret = "another"
    stage = Stage(tmp_path, server.port, timeout=0)
    stage.once()
    assert {line.result for line in stage.lines()} <= {"handed", by_archive("1"), by_archive("9")}
    assert len(stage.log_problems()) == 1


def test_checks_with_nothing_to_do_do_not_log_in(tmp_path: Path, server: AmiServer) -> None:
    server.secret = "another"
    stage = Stage(tmp_path, server.port)
    stage.workshop.write_week("23:59")
    for _ in range(3):
        assert service(stage.workshop, "--once", self_check=True).wait(PATIENCE) == 0, stage.said()
    assert server.logins == 1  # that of the hourly self-check
    assert stage.log_problems() == []
