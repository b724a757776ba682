"""Asterisk's own records of calls carry the calls' names, by call files and by Originate."""

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk.ami.originate import OriginateTemplate, channel_id
from obzvon.asterisk.callfile import CallFileTemplate, call_file_name
from obzvon.settings.loader import ORDINARY
from tests.asterisk.manager import Manager
from tests.asterisk.rig import Pbx, Rig
from tests.support.waiting import until

pytestmark = pytest.mark.asterisk

TOKEN = "20260105-abcdef"
FORM = msgspec.structs.replace(ORDINARY, account=True)
ACCOUNT_CODE = 0
ANSWERED, BUSY = "89167778801", "89167778806"


@pytest.fixture
def recording(asterisk_root: Path) -> Iterator[Rig]:
    """A rig whose PBX writes CDR rows to a file, and whose manager user may originate."""
    with Rig(asterisk_root) as rig:
        etc = rig.pbx.home / "etc"
        (etc / "cdr.conf").write_text("[general]\nenable = yes\nunanswered = yes\n[csv]\naccountlogs = no\n")
        user = etc / "manager_obzvon.conf"
        shipped = user.read_text().replace("write = reporting\n", "", 1)
        user.write_text(shipped.replace(";write = originate", "write = originate"))
        rig.pbx.folder("log/cdr-csv")
        for command in ("module reload cdr", "module load cdr_csv.so", "manager reload"):
            rig.pbx.cli(command)
        rig.carrier.set(TALK=1)
        yield rig


def rows(pbx: Pbx) -> list[list[str]]:
    file = pbx.home / "log" / "cdr-csv" / "Master.csv"
    return list(csv.reader(file.read_text().splitlines())) if file.exists() else []


def test_every_row_of_the_cdr_has_the_name_of_its_call(recording: Rig) -> None:
    pbx, expected = recording.pbx, {}
    for position, number in enumerate((ANSWERED, BUSY), 1):
        name = call_file_name(TOKEN, position, 1)
        pbx.put(name, CallFileTemplate(FORM).render(number, name=name).decode())
        expected[number] = name.removesuffix(".call")
    until(lambda: not any(pbx.outgoing.iterdir()), "the calls are over")
    until(lambda: {row[ACCOUNT_CODE] for row in rows(pbx)} == set(expected.values()), "each has a row")
    with Manager(pbx.ami_port) as manager:
        assert manager.login(pbx.ami_user, pbx.ami_secret)["Response"] == "Success"
        name = channel_id(TOKEN, 3, 1)
        fields = OriginateTemplate(FORM).render(name, ANSWERED)
        order = {key: str(value) for key, value in fields.items() if key != "Action"}
        assert manager.action("Originate", **order)["Response"] == "Success"
        until(lambda: name in {row[ACCOUNT_CODE] for row in rows(pbx)}, "so has the one by Originate")
    assert {row[ACCOUNT_CODE] for row in rows(pbx)} == {*expected.values(), name}
    assert {path.name for path in (pbx.home / "log" / "cdr-csv").iterdir()} == {"Master.csv"}


def test_without_the_setting_a_row_has_no_account_code(recording: Rig) -> None:
    pbx = recording.pbx
    pbx.put("plain", CallFileTemplate(ORDINARY).render(ANSWERED).decode())
    until(lambda: rows(pbx), "there is a row")
    assert {row[ACCOUNT_CODE] for row in rows(pbx)} == {""}
