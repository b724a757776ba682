"""Absences in todo.json: read, written back as they were written, and kept when they cannot be read."""

import json
from datetime import date

import msgspec
import pytest

from obzvon.documents import phones_json
from obzvon.domain.absence import Absence
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import Phone

FIFTH = date(2026, 12, 5)


def read(**fields: object) -> Phone:
    [phone], notes = phones_json.parse(json.dumps({"0": {"0": "89161111111", "1": "", **fields}}).encode())
    assert notes == ()
    return phone


def written(phone: Phone) -> dict[str, object]:
    row: dict[str, object] = json.loads(phones_json.dump([phone], NumberingPlan()))["0"]
    return row


@pytest.mark.parametrize(
    ("fields", "absence"),
    [
        ({"paused_until": "2026-12-05"}, Absence(until=FIFTH)),
        ({"paused_from": "2026-12-05"}, Absence(FIFTH)),
        ({"paused_from": "2026-12-05", "paused_until": "2026-12-08"}, Absence(FIFTH, date(2026, 12, 8))),
        ({"paused": True, "paused_until": "2026-12-05"}, Absence(until=FIFTH)),
        ({"paused_until": " 2026-12-05"}, Absence(until=FIFTH)),
        ({"paused_until": ""}, None),
        ({"paused_until": False}, None),
        ({"paused_until": "soon"}, Absence(unreadable=("soon",))),
        ({"paused_from": "2026-12-05", "paused_until": "2026-13-45"}, Absence(FIFTH, unreadable=("2026-13-45",))),
        ({"paused_until": 20261205}, Absence(unreadable=("20261205",))),
        ({"paused_until": ["2026-12-05"]}, Absence(unreadable=('["2026-12-05"]',))),
        ({"paused_until": True}, Absence(unreadable=("true",))),
    ],
)
def test_what_was_read_is_written_back_as_it_was(fields: dict[str, object], absence: Absence | None) -> None:
    phone = read(**fields)
    assert phone.absence == absence
    assert written(phone) == {"0": "89161111111", "1": "", **fields}
    noted = read(**fields, note="x")
    assert (noted.absence, written(noted)) == (absence, {"0": "89161111111", "1": "", "note": "x", **fields})


@pytest.mark.parametrize("was", ["soon", "", " 2026-12-05", 5, "2026-12-05", None])
def test_another_absence_replaces_whatever_was_written(was: object) -> None:
    phone = read(paused_until=was)
    other = msgspec.structs.replace(phone, absence=Absence(FIFTH, date(2026, 12, 9)))
    dates = {"paused_from": "2026-12-05", "paused_until": "2026-12-09"}
    assert written(other).items() >= dates.items()
    if was:
        ended = written(msgspec.structs.replace(phone, absence=None))
        assert ended == {"0": "89161111111", "1": ""}


def test_only_a_date_that_is_there_twice_has_a_note() -> None:
    data = b'{"0":{"0":"89161111111","1":"","paused_until":"2026-12-05"},"1":{"0":"89162222222","1":""}}'
    assert phones_json.parse(data)[1] == ()
    [repeated] = phones_json.parse(data.replace(b'"1":"","p', b'"1":"","paused_until":"2026-12-01","p'))[1]
    assert "appears 2 times" in str(repeated.message())


def test_values_that_are_put_back_keep_the_other_date() -> None:
    phone = read(paused_until="2026-12-05")
    assert phones_json.replace_values(phone, {"name": "Иванов"}).absence == phone.absence
    assert phones_json.replace_values(phone, {"paused_from": "2026-12-01"}).absence == Absence(date(2026, 12, 1), FIFTH)
