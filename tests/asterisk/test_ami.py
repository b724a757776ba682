"""The link on a real Asterisk, with the manager user as it is shipped: outcomes against the carrier's ledger."""

import hashlib
import os
import socket
import ssl
import wave
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from obzvon.asterisk.ami.call_tracker import LineCounts
from obzvon.asterisk.ami.client import AmiClient
from obzvon.asterisk.ami.errors import AmiError
from obzvon.asterisk.ami.permissions import Permissions, permissions_from_console
from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.domain.results import Disposition
from obzvon.settings.ami import AmiSettings
from obzvon.settings.secrets import Secret
from tests.asterisk.ami import ami_of, client_of, linked, outcomes, permissions_of
from tests.asterisk.call_files import ordinary, with_code
from tests.asterisk.manager import Manager
from tests.asterisk.rig import Pbx, Rig
from tests.asterisk.run_folder import assert_listened
from tests.support.ami_server import certificate
from tests.support.ports import free_port
from tests.support.profile import often
from tests.support.waiting import until

if TYPE_CHECKING:
    from obzvon.asterisk.ami.outcomes import AttemptOutcome

pytestmark = pytest.mark.asterisk

BY_ENDING = {
    "06": Disposition.BUSY, "07": Disposition.NO_ANSWER, "17": Disposition.NO_ANSWER, "08": Disposition.CONGESTION,
    "09": Disposition.NO_SUCH_NUMBER, "19": Disposition.REFUSED,
}  # fmt: skip


def test_each_outcome_is_the_carriers(rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = [
        f"8916333{place:02d}{ending}"
        for place in range(often(commit=4, long=10))
        for ending in ("00", "01", "04", "05", *BY_ENDING)
    ]
    with linked(ami_of(rig.pbx)) as link:
        begun = datetime.now(UTC)
        for number in numbers:
            rig.pbx.put(number, ordinary(number).replace("WaitTime: 300", "WaitTime: 6"))
        told = {one.number: one for one in outcomes(link, len(numbers))}
        assert link.calls.has_listened_since(begun)
        until(lambda: link.calls.lines_in_use() == LineCounts(0, 0, 0), "no channel is left")
    until(lambda: all(entry.ended for entry in rig.carrier.ledger()), "the carrier has hung up")
    ledger = {entry.number: entry for entry in rig.carrier.ledger()}
    assert told.keys() == ledger.keys() == set(numbers)
    assert_listened({number: one.listened for number, one in told.items()}, ledger.values())
    for number, one in told.items():
        assert one.complete
        entry = ledger[number]
        assert (one.disposition is Disposition.ANSWERED) == bool(entry.answered)
        assert one.disposition is BY_ENDING.get(number[-2:], Disposition.ANSWERED)
        assert bool(one.rang) == (number[-2:] not in ("06", "08", "09", "19"))
    rig.carrier.set(TALK=0)


def test_a_link_that_is_cut_again_and_again_tells_nothing_wrong(rig: Rig) -> None:
    rig.carrier.set(TALK=2)
    numbers = [f"8916444{place:02d}{ending}" for place in range(5) for ending in ("00", "01", "04", "05", *BY_ENDING)]
    told: dict[str, AttemptOutcome] = {}
    with linked(ami_of(rig.pbx)) as link:
        for place, number in enumerate(numbers):
            rig.pbx.put(number, ordinary(number).replace("WaitTime: 300", "WaitTime: 3"))
            if place % 10 == 9:
                rig.pbx.cli("manager reload")  # which ends no connection
                session = link.calls.connection
                if session is not None:
                    link._loop.call_soon_threadsafe(session.close)  # type: ignore[union-attr]  # noqa: SLF001 - as a network does
            told |= {one.number: one for one in link.calls.take_outcomes()}
        until(lambda: not any(rig.pbx.outgoing.iterdir()), "the calls are over")
        until(lambda: link.status().up, "it is up")
        until(lambda: link.calls.lines_in_use() == LineCounts(0, 0, 0), "no channel is left")
        until(lambda: not link.calls.has_ending_calls(), "all is settled")
        told |= {one.number: one for one in link.calls.take_outcomes()}
    for number, one in told.items():
        expected = BY_ENDING.get(number[-2:], Disposition.ANSWERED)
        assert one.disposition in (expected, Disposition.UNKNOWN)
        assert one.disposition is expected or not one.complete
    assert len(told) > len(numbers) / 2
    rig.carrier.set(TALK=0)


def test_two_calls_of_one_number_have_their_own_codes(rig: Rig) -> None:
    number = "89165556603"
    rig.carrier.set_codes({number: "12"})
    with linked(ami_of(rig.pbx)) as link:
        for code in ("12", "34"):
            rig.pbx.put(code, with_code(number, code))
        rig.pbx.put("fast", with_code("89165556606", "5"))
        told = outcomes(link, 3)
    assert {(one.number, one.code) for one in told if one.number == number} == {(number, "12"), (number, "34")}
    [fast] = [one for one in told if one.number != number]
    assert fast.code in ("5", None)
    menus = {entry.menu for entry in rig.carrier.calls_to(number)}
    assert menus == {"12", "34"}


def test_lines_of_the_trunk_and_calls_of_the_pbx_are_counted(rig: Rig) -> None:
    rig.carrier.set(TALK=0)
    with linked(ami_of(rig.pbx)) as trunk, linked(ami_of(rig.pbx, trunk="")) as pbx:
        for number in ("89167777701", "89167777711"):
            rig.pbx.put(number, ordinary(number))
        until(lambda: trunk.calls.lines_in_use() == LineCounts(2, 0, 6), "two lines are in use")
        until(lambda: pbx.calls.lines_in_use() == LineCounts(2, 0, 6), "two calls are up")
        rig.pbx.put("other", "Channel: PJSIP/89167777721@carrier\nApplication: Wait\nData: 3\n")
        until(lambda: trunk.calls.lines_in_use() == LineCounts(2, 1, 7), "and somebody else's")
        until(lambda: trunk.calls.lines_in_use() == LineCounts(0, 0, 0), "all have hung up")
        assert {one.number for one in outcomes(trunk, 2)} == {"89167777701", "89167777711"}


def test_a_link_that_comes_late_knows_the_calls_that_are_up(rig: Rig) -> None:
    number = "89168888801"
    rig.pbx.put(number, ordinary(number))
    until(lambda: rig.carrier.calls_to(number) and rig.carrier.calls_to(number)[0].answered, "it is answered")
    with linked(ami_of(rig.pbx)) as link:
        assert link.calls.lines_in_use() == LineCounts(1, 0, 3)
        [one] = outcomes(link, 1)
    assert (one.disposition, one.complete) == (Disposition.ANSWERED, False)


def test_the_shipped_user_has_the_least_rights_and_more_are_seen(rig: Rig) -> None:
    assert permissions_of(ami_of(rig.pbx)) == Permissions()
    assert permissions_from_console(rig.pbx.cli("manager show user obzvon")) == Permissions()
    config = rig.pbx.home / "etc" / "manager_obzvon.conf"
    shipped = config.read_text()
    try:
        config.write_text(
            shipped.replace("read = call,user", "read = system,call").replace(
                "write = reporting", "write = reporting,originate,command"
            )
        )
        rig.pbx.cli("manager reload")
        found = permissions_of(ami_of(rig.pbx))
        assert found.missing == ()
        assert {"read=system", "write=command", "write=originate"} <= set(found.excess)
        console = permissions_from_console(rig.pbx.cli("manager show user obzvon"))
        assert console == Permissions(("read=user",), ("read=system", "write=command", "write=originate"))
    finally:
        config.write_text(shipped)
        rig.pbx.cli("manager reload")


def test_a_user_who_may_not_read_calls_is_noticed(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    config = rig.pbx.home / "etc" / "manager_obzvon.conf"
    shipped = config.read_text()
    try:
        config.write_text(shipped.replace("read = call,user", "read = user"))
        rig.pbx.cli("manager reload")
        with linked(ami_of(rig.pbx)):
            rig.pbx.put("89169999901", ordinary("89169999901"))
            until(lambda: "no events come about them" in caplog.text, "it is noticed")  # then it connects again
    finally:
        config.write_text(shipped)
        rig.pbx.cli("manager reload")


def test_it_connects_over_tls_with_a_self_signed_certificate(asterisk_root: Path, tmp_path: Path) -> None:
    made, _ = certificate(tmp_path)
    pbx, port = Pbx(asterisk_root), free_port(socket.SOCK_STREAM)
    keys = pbx.home / "etc" / "ami.pem"
    keys.write_text(made.read_text() + (tmp_path / "key.pem").read_text())
    keys.chmod(0o600)
    os.chown(keys, *pbx.user)
    config = pbx.home / "etc" / "manager.conf"
    config.write_text(
        config.read_text().replace(
            "enabled = yes\n",
            f"enabled = yes\ntlsenable = yes\ntlsbindaddr = 127.0.0.1:{port}\ntlscertfile = {pbx.inside}/etc/ami.pem\n",
        )
    )
    with pbx:
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.read_text())).hexdigest()
        ami = msgspec.structs.replace(ami_of(pbx), port=port, tls=True, tls_fingerprint=fingerprint)
        assert permissions_of(ami) == Permissions()
        with linked(ami) as link:
            pbx.put("wrong", ordinary("7"))
            [one] = outcomes(link, 1)
        assert one.disposition is Disposition.WRONG_DIALPLAN
        with pytest.raises(AmiError, match="not trusted"):
            permissions_of(msgspec.structs.replace(ami, tls_fingerprint=""))


def test_a_wrong_password_is_told(rig: Rig) -> None:
    ami = ami_of(rig.pbx)
    link = AmiClient(AmiSettings(ami.host, ami.port, ami.user, Secret("wrong")), "avtoobzvon", "avtoobzvon-ivr")
    link.start()
    until(lambda: link.status().problem, "the trouble is told")
    link.stop()
    assert rig.pbx.new_log().count("failed to authenticate as 'obzvon'") <= 1


def test_where_asterisk_allows_one_login_a_second_one_is_told_as_that_and_comes_up_when_the_first_ends(
    rig: Rig,
) -> None:
    config = rig.pbx.home / "etc" / "manager_obzvon.conf"
    shipped = config.read_text()
    try:
        config.write_text(shipped.replace("allowmultiplelogin = yes", "allowmultiplelogin = no"))
        rig.pbx.cli("manager reload")
        with ExitStack() as both:
            with linked(ami_of(rig.pbx)) as first:
                assert first.login_state() is LoginState.CONNECTED
                with pytest.raises(AmiError, match="one connection, and another one is open"):
                    permissions_of(ami_of(rig.pbx))
                second = client_of(ami_of(rig.pbx))
                second.start()
                both.callback(second.stop)
                until(lambda: "allowmultiplelogin" in str(second.status().problem), "it is told")
                assert first.status().up
            until(lambda: second.status().up, "the second is let in")
    finally:
        config.write_text(shipped)
        rig.pbx.cli("manager reload")


def test_the_greeting_of_each_version_is_taken(rig: Rig) -> None:
    with Manager(rig.pbx.ami_port) as manager:
        version = int(manager.greeting.partition("/")[2].split(".")[0])
    assert version >= 5


@pytest.mark.parametrize("message", ["missing", "wide", "obzvon.wav"])
def test_a_message_that_asterisk_cannot_play_is_a_result_of_its_own(rig: Rig, message: str) -> None:
    with wave.open(str(rig.pbx.home / "wide.wav"), "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(bytes(32000))
    rig.pbx.cli(f"dialplan set global OBZVON_MESSAGE {rig.pbx.inside}/{message}")
    try:
        with linked(ami_of(rig.pbx)) as link:
            rig.pbx.put("89161114101", ordinary("89161114101"))
            rig.pbx.put("89161114106", ordinary("89161114106"))
            told = {one.number[-1]: one.disposition for one in outcomes(link, 2)}
    finally:
        rig.pbx.cli(f"dialplan set global OBZVON_MESSAGE {rig.pbx.inside}/message")
        rig.pbx.forget_log()  # which has complaints of the message, as it should
    assert told == {"1": Disposition.NOT_PLAYED, "6": Disposition.BUSY}
