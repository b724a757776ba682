"""Self-check of Asterisk's manager interface."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk.ami import permissions
from obzvon.asterisk.ami.reconnect import LoginState
from obzvon.asterisk.spool import Spool
from obzvon.checks.ami import check_login
from obzvon.checks.context import CheckContext, Machine
from obzvon.journal.findings import Finding, Level
from obzvon.settings.ami import AmiSettings
from obzvon.settings.model import Settings
from obzvon.settings.secrets import JournalUrl, Secret
from tests.support.ami_link import is_up, linked
from tests.support.ami_server import SECRET, AmiServer
from tests.support.waiting import until

CONSOLE = """#!/bin/sh
case "$4" in "manager show user obzvon") echo "   read perm: call,user"; echo "   write perm: {write}" ;;
    "pjsip show endpoints") cat "$0.endpoints" ;; esac
"""
ENDPOINTS = """
 Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>
==========================================================================================

 Endpoint:  carrier/74950000000                                  Not in use    0 of inf
        Aor:  carrier                                            0
 Endpoint:  office                                               In use        2 of inf
    Channel: PJSIP/office-0000007f/AppDial                       Up            00:00:02
 Endpoint:  Zadarma usa                                          Not in use    0 of inf
 Endpoint:  Мегафон Север/74951111111                            Unavailable   0 of inf
"""


class Office:
    """Settings with AMI, and an Asterisk on this machine whose console can be asked once it has a pid file."""

    def __init__(self, folder: Path, server: AmiServer) -> None:
        self.folder = folder
        self.ami = AmiSettings("127.0.0.1", server.port, secret=Secret(SECRET))
        self.machine = Machine(asterisk=str(folder / "asterisk"), asterisk_conf=folder / "asterisk.conf")

    def has_console(self, write: str) -> None:
        (self.folder / "asterisk").write_text(CONSOLE.format(write=write))
        (self.folder / "asterisk").chmod(0o755)
        (self.folder / "asterisk.endpoints").write_text(ENDPOINTS)
        (self.folder / "asterisk.conf").write_text(f"[directories]\nastrundir = {self.folder}\n")
        (self.folder / "asterisk.pid").write_text(str(os.getpid()))

    def examine(self, **changes: object) -> list[Finding]:
        settings = Settings(
            file=self.folder / "settings.ini",
            source=self.folder,
            store=self.folder / "store",
            target=self.folder / "target",
            logs=self.folder / "log",
            phones=self.folder / "todo.json",
            schedule=self.folder / "schedule.json",
            messages=self.folder / "messages",
            journal=JournalUrl("sqlite:///none"),
            ami=msgspec.structs.replace(self.ami, **changes),
        )
        spool = Spool(settings.store, settings.target, pid_file=self.folder / "asterisk.pid")
        return list(check_login(CheckContext(settings, spool, datetime.now(UTC), self.machine)))


@pytest.fixture
def server() -> Iterator[AmiServer]:
    with AmiServer() as running:
        yield running


@pytest.fixture
def office(tmp_path: Path, server: AmiServer, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(permissions, "_EVENTS_SECONDS", 0.05)
    return Office(tmp_path, server)


def test_without_ami_there_is_one_finding_that_says_so(office: Office, server: AmiServer) -> None:
    [finding] = office.examine(host="")
    assert (finding.level, finding.where) == (Level.OK, "AMI")
    assert not server.actions


def test_a_sound_one_is_all_good(office: Office) -> None:
    findings = office.examine()
    assert {finding.level for finding in findings} == {Level.OK}
    assert len(findings) == 2


def test_a_trouble_is_an_error_with_its_remedy(office: Office, server: AmiServer) -> None:
    server.secret = "another"
    [finding] = office.examine()
    assert finding.level is Level.ERROR
    assert "Asterisk refuses the login of obzvon" in str(finding)
    assert str(finding.remedy)
    assert SECRET not in str(finding)


def test_a_login_that_is_known_to_be_refused_is_not_tried_once_more(office: Office, server: AmiServer) -> None:
    server.secret = "another"
    [tried] = office.examine()
    assert server.logins == 1
    office.machine = msgspec.structs.replace(office.machine, ami_login=LoginState.REFUSED)
    assert office.examine() == [tried]
    assert server.logins == 1


def test_an_asterisk_before_16_is_an_error(office: Office, server: AmiServer) -> None:
    server.greeting = b"Asterisk Call Manager/1.3\r\n"
    [finding] = office.examine()
    assert finding.level is Level.ERROR
    assert "16 or later is needed; it introduces itself as Asterisk Call Manager/1.3" in str(finding)


def test_where_a_user_has_one_login_the_check_leaves_it_to_the_service(office: Office, server: AmiServer) -> None:
    server.allows_one_login = True
    with linked(server) as service:
        until(lambda: is_up(service))
        office.machine = msgspec.structs.replace(office.machine, ami_login=LoginState.CONNECTED)
        [finding] = office.examine()
        assert finding.level is Level.OK
        assert "the service is connected as obzvon; Asterisk allows this user one connection" in str(finding)
        office.has_console("originate,reporting")
        office.machine = msgspec.structs.replace(office.machine, ami_login=LoginState.CONNECTED)
        told, excess = office.examine()
        assert (told.level, excess.level) == (Level.OK, Level.WARNING), "the console knows the rights"


def test_one_login_that_another_program_has_is_an_error(office: Office, server: AmiServer) -> None:
    server.allows_one_login = True
    with linked(server) as stranger:
        until(lambda: is_up(stranger))
        [finding] = office.examine()
    assert finding.level is Level.ERROR
    assert "one connection, and another one is open" in str(finding)
    assert "a user of its own" in str(finding.remedy)


def test_too_few_rights_are_an_error_and_too_many_a_warning(office: Office, server: AmiServer) -> None:
    server.commands = {"Command": "Execute a command.  (Priv: command,all)"}
    _, missing, excess = office.examine()
    assert missing.level is Level.ERROR
    assert "lacks write=reporting" in str(missing)
    assert excess.level is Level.WARNING
    assert "more rights than it needs: write=command" in str(excess)
    assert "read = call,user, write = reporting" in str(excess.remedy)


def test_where_asterisks_console_answers_it_knows_best(office: Office) -> None:
    office.has_console("reporting,originate")
    assert "more rights than it needs: write=originate" in str(office.examine()[-1])
    office.has_console("reporting")
    assert office.examine()[-1].level is Level.OK


@pytest.mark.parametrize(
    "trunk", ["PJSIP/carrier", "PJSIP/carrier-", "SIP/carrier", "PJSIP/Zadarma usa", "PJSIP/Мегафон Север", ""]
)
def test_a_trunk_that_asterisk_has_or_cannot_be_asked_for_is_sound(office: Office, trunk: str) -> None:
    office.has_console("reporting")
    assert {finding.level for finding in office.examine(trunk=trunk)} == {Level.OK}


@pytest.mark.parametrize("trunk", ["PJSIP/carier", "PJSIP/Carrier", "PJSIP/carrier-2", "PJSIP/carr", "PJSIP/Zadarma"])
def test_a_mistyped_trunk_is_reported_with_the_existing_ones(office: Office, trunk: str) -> None:
    office.has_console("reporting")
    finding = office.examine(trunk=trunk)[-1]
    assert finding.level is Level.WARNING
    assert f"Asterisk has no endpoint whose channels begin with {trunk}: other people's calls are not counted" in str(
        finding
    )
    names = "PJSIP/carrier, PJSIP/office, PJSIP/Zadarma usa, PJSIP/Мегафон Север"
    assert str(finding.remedy) == f"write one of these: {names}"


def test_of_another_machine_asterisks_console_here_is_not_asked(office: Office) -> None:
    office.has_console("all")
    findings = office.examine(host="127.1")
    assert "unencrypted" in str(findings[1])
    assert findings[-1].level is Level.OK


def test_calls_by_ami_take_a_right_that_is_too_many_without_them(office: Office, server: AmiServer) -> None:
    lacking = office.examine(transport="ami")
    assert lacking[-1].level is Level.ERROR
    assert "it lacks write=originate" in str(lacking[-1])
    assert "write = originate,reporting" in str(lacking[-1].remedy)
    server.commands["Originate"] = "Originate a call.  (Priv: originate,all)"
    assert office.examine(transport="ami")[-1].level is Level.OK
    excess = office.examine()[-1]
    assert (excess.level, "write=originate" in str(excess)) == (Level.WARNING, True)
    assert "write = reporting" in str(excess.remedy)


def test_the_console_knows_that_right_too(office: Office) -> None:
    office.has_console("reporting,originate")
    assert office.examine(transport="ami")[-1].level is Level.OK
    assert "write=originate" in str(office.examine()[-1])
    office.has_console("reporting")
    assert "it lacks write=originate" in str(office.examine(transport="ami")[-1])
