"""Absences in the editor: shown in the list, over by themselves at midnight, and ended by hand."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from obzvon.settings.model import Settings
from tests.support.editor import SUNDAY, Browser, write

ROWS = {
    "0": {"0": "89161111111", "1": "", "paused_until": "2026-11-24"},
    "1": {"0": "89162222222", "1": "", "paused_from": "2026-12-01", "paused_until": "2026-12-05"},
    "2": {"0": "89163333333", "1": "", "paused_until": "soon"},
    "3": {"0": "89164444444", "1": "", "paused_until": "2026-11-20"},
}


def at(app: Flask, moment: datetime) -> None:
    app.extensions["obzvon"].clock = lambda: moment


def test_the_list_says_until_when_and_ends_it_at_midnight_by_itself(
    app: Flask, operator: Browser, settings: Settings
) -> None:
    write(settings, ROWS)
    midnight = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)  # in Moscow
    for moment, counts in (
        (midnight - timedelta(minutes=1), {"called": 2, "paused": 1, "refused": 1, "twice": 0}),
        (midnight, {"called": 3, "paused": 0, "refused": 1, "twice": 0}),
    ):
        at(app, moment)
        assert operator.get("/api/v1/phones").get_json()["counts"] == counts
        page = operator.get("/phones").get_data(as_text=True)
        assert ("not to be called until 24 November" in page) is (counts["paused"] == 1)
        assert "not to be called from 1 December until 5 December" in page
        assert "until when not to call: “soon”" in page
        assert "20 November" not in page


@pytest.mark.parametrize(("key", "ended"), [("0", True), ("1", True), ("2", True), ("3", False)])
def test_the_end_of_the_pause_ends_an_absence_and_can_be_undone(
    app: Flask, operator: Browser, settings: Settings, key: str, ended: bool
) -> None:
    write(settings, ROWS)
    at(app, SUNDAY)
    revision = app.extensions["obzvon"].phones.current().revision
    operator.post("/phones/resume", {"one": key, "revision": revision})
    rows = json.loads(settings.phones.read_bytes())
    assert ("paused_until" in rows[key]) is not ended
    if ended:
        assert rows == {**ROWS, key: {"0": ROWS[key]["0"], "1": ""}}
        assert "called again" in operator.get("/changes").get_data(as_text=True)
        operator.post("/phones/undo", {"revision": app.extensions["obzvon"].phones.current().revision})
        assert json.loads(settings.phones.read_bytes()) == ROWS
