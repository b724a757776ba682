"""Actions over the client itself: each is sent once, whatever the other side does and however often it reconnects."""

import contextlib
import threading

import msgspec
import pytest

from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.originate import ActionReply, OriginateTemplate, ReplyStatus, channel_id
from obzvon.domain.calls import CallForm
from tests.support.ami_link import CALM, QUICK, at_once, is_up, linked, problem
from tests.support.ami_server import AmiServer
from tests.support.waiting import until

FORM = CallForm(context="avtoobzvon")
CHANNEL = channel_id("20260105-abcdef", 1, 1)
ACTION = OriginateTemplate(FORM).render(CHANNEL, "89161111111")


def reconnects(server: AmiServer, link: AmiClient, times: int) -> None:
    """Cut the connection that many times, and wait for the next one."""
    for _ in range(times):
        logins = server.logins
        server.drop()
        until(lambda logins=logins: server.logins > logins and is_up(link))  # type: ignore[misc]


def test_an_order_is_taken_at_its_answer_and_not_at_the_answer_of_the_phone(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.originate(ACTION) == ActionReply(ReplyStatus.ACCEPTED)
        [sent] = [one for one in server.actions if one["Action"] == "Originate"]
        assert sent["ChannelId"] == CHANNEL
        assert sent["Async"] == "true"
        # What comes of it, under the number of the action, is an event like any other.
        server.send_event(Event="OriginateResponse", ActionID=sent["ActionID"], Response="Failure", Uniqueid=CHANNEL)
        assert link.originate(ACTION) == ActionReply(ReplyStatus.ACCEPTED)
        reconnects(server, link, 2)
    assert server.asked("Originate") == 2


def test_a_refusal_comes_in_asterisks_words(server: AmiServer) -> None:
    server.originates = "Extension does not exist."
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.originate(ACTION) == ActionReply(ReplyStatus.REFUSED, "Extension does not exist.")
    assert server.asked("Originate") == 1


def test_an_order_that_was_read_and_not_answered_is_never_sent_again(server: AmiServer) -> None:
    server.originates = "cuts"
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.originate(ACTION) == ActionReply(ReplyStatus.UNANSWERED)
        server.originates = "takes"
        until(lambda: server.logins == 2 and is_up(link))
        reconnects(server, link, 3)
        assert link.originate(ACTION) == ActionReply(ReplyStatus.ACCEPTED)  # the next one is another
    assert server.asked("Originate") == 2


def test_a_silent_peer_loses_the_action_and_the_connection_is_renewed(server: AmiServer) -> None:
    server.originates = "says nothing"
    with linked(server, times=msgspec.structs.replace(CALM, patience=0.3)) as link:
        until(lambda: is_up(link))
        assert link.originate(ACTION) == ActionReply(ReplyStatus.UNANSWERED)
        until(lambda: server.logins == 2 and is_up(link))
        reconnects(server, link, 2)
    assert server.asked("Originate") == 1


def test_many_cut_at_their_orders_are_all_sent_once(server: AmiServer) -> None:
    server.originates = "cuts"
    with linked(server) as link:
        for place in range(20):
            until(lambda: is_up(link))
            channel = channel_id("20260105-abcdef", place, 1)
            answer = link.originate(OriginateTemplate(FORM).render(channel, f"8916{place:07d}"))
            assert answer.status in (ReplyStatus.UNANSWERED, ReplyStatus.NOT_SENT)
    sent = [one["ChannelId"] for one in server.actions if one["Action"] == "Originate"]
    assert len(sent) == len(set(sent))
    assert len(sent) >= 10


def test_nothing_is_sent_while_the_connection_is_away(server: AmiServer) -> None:
    server.refuse()
    with linked(server) as link:
        assert "nothing listens there" in problem(link)
        assert not link.can_send()
        assert link.originate(ACTION) == ActionReply(ReplyStatus.NOT_SENT)
        since, why = link.outage()
        assert why == link.status().problem
        assert since == link.status().since


def test_a_link_that_was_stopped_sends_nothing(server: AmiServer) -> None:
    with linked(server) as link:
        until(lambda: is_up(link))
    assert link.originate(ACTION) == ActionReply(ReplyStatus.NOT_SENT)
    assert server.asked("Originate") == 0


def test_a_link_that_hears_nothing_carries_nothing(server: AmiServer) -> None:
    with linked(server, times=msgspec.structs.replace(QUICK, patience=5, fresh=0.2)) as link:
        until(link.can_send)
        server.is_mute = True
        until(lambda: not link.can_send(), seldom=0.005)
        assert "no answer comes" in str(link.outage()[1])


def test_an_order_waits_no_longer_than_its_patience_though_others_are_heard(server: AmiServer) -> None:
    server.originates = "says nothing"
    over = threading.Event()

    def chatter() -> None:
        with contextlib.suppress(OSError):  # the client has ended the connection
            while not over.wait(0.02):
                server.send_event(Event="Newexten", Channel="PJSIP/a-1")

    with linked(server, times=msgspec.structs.replace(CALM, patience=0.5)) as link:
        until(lambda: is_up(link))
        talking = threading.Thread(target=chatter)
        talking.start()
        assert link.originate(ACTION) == ActionReply(ReplyStatus.UNANSWERED)
        over.set()
        talking.join()
    assert server.asked("Originate") == 1


def test_a_call_of_ours_is_seen_from_its_first_event_to_its_last(server: AmiServer) -> None:
    channel = "Local/89161111111@avtoobzvon-00000001;1"
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.calls.listening_since() is not None
        assert link.calls.linkedids() == set()
        server.send_event(Event="Newchannel", Channel=channel, Uniqueid=CHANNEL, Linkedid=CHANNEL)
        until(lambda: link.calls.linkedids() == {CHANNEL})
        assert link.calls.hung_up([CHANNEL]) == set()
        server.send_event(Event="Hangup", Channel=channel, Uniqueid=CHANNEL, Linkedid=CHANNEL, Cause="0")
        until(lambda: link.calls.hung_up([CHANNEL, "other"]) == {CHANNEL})
        until(lambda: [one.linkedid for one in link.calls.take_outcomes()] == [CHANNEL])
        assert link.calls.linkedids() == set()
        assert link.calls.hung_up([CHANNEL]) == {CHANNEL}
    assert link.calls.listening_since() is None
    assert server.asked("Getvar") == 0  # whose code it is need not be asked: we have named it


def test_a_call_that_is_listed_on_a_new_connection_is_up(server: AmiServer) -> None:
    server.channels = [
        {
            "Channel": "Local/89161111111@avtoobzvon-00000001;1",
            "Uniqueid": CHANNEL,
            "Linkedid": CHANNEL,
            "ChannelStateDesc": "Up",
            "Duration": "00:00:03",
        }
    ]
    with linked(server) as link:
        until(lambda: is_up(link))
        assert link.calls.linkedids() == {CHANNEL}


def test_a_reconnect_logs_in_again_without_a_warning(server: AmiServer, caplog: pytest.LogCaptureFixture) -> None:
    with linked(server, pause=at_once) as link:
        until(lambda: is_up(link))
        link.reconnect()
        until(lambda: server.logins == 2 and is_up(link))
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    link.reconnect()  # there is none to be renewed
