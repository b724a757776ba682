"""What holds a run, as a real Asterisk tells it: over AMI with the shipped user's rights, and by its console."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obzvon.asterisk.spool import Spool
from obzvon.checks.context import Machine
from obzvon.domain.phones import Phone
from obzvon.service.start_gate import CallPathCheck
from obzvon.settings.model import load_settings
from tests.asterisk.ami import ami_of, linked
from tests.asterisk.rig import Rig
from tests.asterisk.run_folder import Office, ended, office_with_ami
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

LIST = [Phone("0", "89161110001"), Phone("1", "89161110003", "12")]
Ask = Callable[[], str]


@pytest.fixture(params=["ami", "console"])
def ask(request: pytest.FixtureRequest, tmp_path: Path, rig: Rig) -> Iterator[Ask]:
    """Ask what is against a run, either way."""
    settings = load_settings(Office(tmp_path, rig, {}).folder / "settings.ini")
    spool = Spool.from_settings(settings)
    (tmp_path / "asterisk.conf").write_text(f"[directories]\nastrundir = {rig.pbx.home}/run\n")
    console = tmp_path / "asterisk"
    console.write_text(
        f'#!/bin/sh\nexec chroot {rig.pbx.root} asterisk -C {rig.pbx.inside}/etc/asterisk.conf -rx "$4"\n'
    )
    console.chmod(0o755)
    machine = Machine(asterisk=str(console), asterisk_conf=tmp_path / "asterisk.conf")

    def found(judge: CallPathCheck) -> str:
        return "\n".join(str(problem) for problem in judge(LIST, datetime.now(UTC)))

    if request.param == "console":
        judge = CallPathCheck(settings, spool, None, machine)
        yield lambda: found(judge)
        return
    with linked(ami_of(rig.pbx)) as link:
        until(link.can_send)
        by_ami = CallPathCheck(settings, spool, link, machine)
        yield lambda: found(by_ami)


@contextmanager
def changed(rig: Rig, **values: str) -> Iterator[None]:
    """Other globals of the dialplan for a while."""
    shipped = {"OBZVON_TRUNK": "PJSIP/NUMBER@carrier", "OBZVON_MESSAGE": f"{rig.pbx.inside}/message"}
    for name, value in values.items():
        rig.pbx.cli(f'dialplan set global {name} "{value}"')
    try:
        yield
    finally:
        for name in values:
            rig.pbx.cli(f'dialplan set global {name} "{shipped[name]}"')


def test_wrong_trunk_sound_and_dialplan_are_named_and_what_is_right_is_not(rig: Rig, ask: Ask) -> None:
    assert ask() == ""
    with changed(rig, OBZVON_TRUNK="PJSIP/NUMBER@mytrunk"):
        assert "OBZVON_TRUNK is still the example" in ask()
    with changed(rig, OBZVON_TRUNK="PJSIP/NUMBER@Zadarma usa"):
        assert "Asterisk has no trunk PJSIP/Zadarma usa" in ask()
    with changed(rig, OBZVON_MESSAGE=f"{rig.pbx.inside}/nothing"):
        assert "there is no such sound" in ask()
    (rig.pbx.home / "message.wav").chmod(0o600)  # it is root's
    assert "Asterisk, as" in ask()
    (rig.pbx.home / "message.wav").chmod(0o644)
    rig.pbx.cli("dialplan remove extension play@avtoobzvon")
    assert ask() == "", "calls with a code can still be made"
    rig.pbx.cli("dialplan remove extension play@avtoobzvon-ivr")
    assert "Asterisk's dialplan has no play@avtoobzvon" in ask()
    rig.pbx.cli("dialplan reload")
    assert ask() == ""


def test_a_run_is_held_until_its_trunk_is_right_and_then_calls_everybody(tmp_path: Path, rig: Rig) -> None:
    phones = {"89161117701": "", "89161117706": ""}
    office = office_with_ami(tmp_path, rig, phones, rig.pbx.ami_port, archive="yes")
    with changed(rig, OBZVON_TRUNK="PJSIP/NUMBER@nowhere"):
        service = office.serve()
        until(lambda: "the run does not start: Asterisk has no trunk PJSIP/nowhere" in office.console(), "it is held")
        assert office.lines() == []
        assert rig.carrier.ledger() == []
    rig.carrier.set(TALK=1)
    results = {number: line.result for number, line in ended(service, office).items()}
    rig.carrier.set(TALK=0)
    assert results == {"89161117701": "answered", "89161117706": "busy"}
    assert len(rig.carrier.ledger()) == 2
