"""The dates of absences in the JSON interface: read, set, cleared, and kept where nobody names them."""

import pytest

from obzvon.settings.model import Settings
from tests.support.editor import Browser, rows, write

PHONES = "/api/v1/phones"
ROWS = {
    "0": {"0": "89161111111", "1": "", "paused_from": "2026-12-01", "paused_until": "2026-12-05"},
    "1": {"0": "89162222222", "1": "", "paused_until": "soon"},
    "2": {"0": "89163333333", "1": ""},
}


@pytest.fixture(autouse=True)
def _the_list(settings: Settings) -> None:
    write(settings, ROWS)


def test_rows_have_their_dates_and_can_be_sent_back(operator: Browser, settings: Settings) -> None:
    found = operator.get(PHONES).get_json()["rows"]
    assert [(row["paused_from"], row["paused_until"]) for row in found] == [
        ("2026-12-01", "2026-12-05"),
        ("", "soon"),
        ("", ""),
    ]
    before = settings.phones.read_bytes()
    answer = operator.send("PUT", PHONES, {"rows": found}, If_Match="*")
    assert (answer.status_code, answer.get_json()["changed"]) == (200, 0)
    assert settings.phones.read_bytes() == before


def test_a_put_without_the_dates_keeps_them(operator: Browser, settings: Settings) -> None:
    sent = [{"row": key, "number": row["0"], "name": "Новое"} for key, row in ROWS.items()]
    assert operator.send("PUT", PHONES, {"rows": sent}, If_Match="*").status_code == 200
    assert rows(settings) == {key: row | {"name": "Новое"} for key, row in ROWS.items()}


@pytest.mark.parametrize(
    ("key", "change", "saved"),
    [
        ("2", {"paused_until": "2026-12-05"}, {"paused_until": "2026-12-05"}),
        (
            "2",
            {"paused_from": "2026-12-01", "paused_until": "2026-12-05"},
            {"paused_from": "2026-12-01", "paused_until": "2026-12-05"},
        ),
        ("0", {"paused_from": ""}, {"paused_until": "2026-12-05"}),
        ("0", {"paused_from": "", "paused_until": ""}, {}),
        ("0", {"name": "Сомов"}, {"name": "Сомов", "paused_from": "2026-12-01", "paused_until": "2026-12-05"}),
        ("1", {"paused_until": ""}, {}),
        ("1", {"paused_until": "2026-12-05"}, {"paused_until": "2026-12-05"}),
        ("1", {"paused_from": "2026-12-01"}, {"paused_from": "2026-12-01", "paused_until": "soon"}),
    ],
)
def test_a_patch_sets_and_clears_them(
    operator: Browser, settings: Settings, key: str, change: dict[str, str], saved: dict[str, str]
) -> None:
    answer = operator.send("PATCH", PHONES, {"change": {key: change}}, If_Match="*")
    assert answer.status_code == 200, answer.text
    assert rows(settings) == ROWS | {key: {"0": ROWS[key]["0"], "1": ""} | saved}


def test_a_new_row_may_have_them(operator: Browser, settings: Settings) -> None:
    added = {"number": "89164444444", "paused_until": "2026-12-05"}
    [row] = operator.send("PATCH", PHONES, {"add": [added]}, If_Match="*").get_json()["rows"]
    assert (row["state"], row["paused_until"]) == ("paused", "2026-12-05")
    assert rows(settings)["3"] == {"0": "89164444444", "1": "", "paused_until": "2026-12-05"}


@pytest.mark.parametrize(
    ("key", "change", "error"),
    [
        ("2", {"paused_until": "tomorrow"}, ("paused_until", "Write the date as 2026-12-31")),
        ("2", {"paused_from": "5.12.2026"}, ("paused_from", "Write the date as 2026-12-31")),
        ("0", {"paused_until": "2026-12-01"}, ("paused_until", "paused_from has to be before paused_until")),
        ("0", {"paused_from": "2026-12-06"}, ("paused_from", "paused_from has to be before paused_until")),
        ("2", {"paused_until": 20261205}, ("paused_until", "A text, in quotes, is expected")),
    ],
)
def test_what_is_no_absence_is_refused(
    operator: Browser, settings: Settings, key: str, change: dict[str, object], error: tuple[str, str]
) -> None:
    answer = operator.send("PATCH", PHONES, {"change": {key: change}}, If_Match="*")
    assert answer.status_code == 422
    found = [(one["pointer"], one["detail"]) for one in answer.get_json()["errors"]]
    assert found == [(f"#/change/{key}/{error[0]}", error[1])]
    assert rows(settings) == ROWS
