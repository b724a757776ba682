"""The service and the editor side by side: through every kind of save the service has a list and a week in force."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from obzvon.documents.store import LoadedDocument
from tests.support.editor import Browser, rows
from tests.support.editor_with_service import PEOPLE, Office
from tests.support.import_pages import post, ready, send

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


@pytest.fixture
def office(tmp_path: Path, users_text: str) -> Iterator[Office]:
    made = Office(tmp_path, users_text)
    made.opens()
    yield made
    made.ends()


def looks(office: Office) -> LoadedDocument[object]:
    """The service looks at its documents; the list that is in force then is the one on the disk."""
    assert office.shift
    office.now += timedelta(seconds=2)
    office.shift.dialer.step(office.now)
    assert office.shift.dialer.problems == ()
    assert office.shift.schedule_watch.problems == ()
    loaded = office.shift.schedule_watch.current_phones()
    assert [phone.key for phone in loaded.data] == list(rows(office.workshop.settings))
    return loaded  # type: ignore[return-value]


def test_the_service_goes_on_through_every_kind_of_save(office: Office) -> None:
    operator: Browser = office.operator
    before = looks(office)
    week = {"on-1": "1", "at-1": "10:00"}
    saves: list[Callable[[], TestResponse]] = [
        lambda: operator.post("/phones/add", number="89165550001", code="", name="новый"),
        lambda: operator.post("/phones/save", row="0", number="89165550002", code="1", name="=1+1"),
        lambda: operator.post("/phones/pause", one="1"),
        lambda: operator.post("/phones/resume", one="1"),
        lambda: operator.post("/phones/delete", key=["2", "3"], sure="1"),
        lambda: operator.post("/phones/undo"),
        lambda: operator.post("/week", week, page="/week"),
        lambda: operator.post("/week/undo", page="/week"),
        lambda: operator.send("PATCH", "/api/v1/phones", {"add": [{"number": "89165550003"}]}, If_Match="*"),
        lambda: operator.send("PUT", "/api/v1/week", {str(day): "09:30" for day in range(1, 8)}, If_Match="*"),
    ]
    for save in saves:
        assert save().status_code in (200, 303)
        looks(office)
    address = send(operator, "Номер;Имя\n89165550004;Из Excel\n")
    assert post(operator, address, ready(operator, address).text, "/take").status_code in (200, 303)
    assert looks(office).revision != before.revision


def test_a_run_in_progress_goes_on_with_who_is_left_after_a_save(office: Office) -> None:
    assert office.shift
    office.start(whom="rest")
    office.works(1)
    assert office.workshop.in_spool() == PEOPLE[:2]
    office.operator.post("/phones/delete", one="4")
    office.operator.post("/phones/pause", one="2")
    office.works(25)
    assert office.workshop.in_spool() == PEOPLE[:2] + PEOPLE[3:4]
    assert office.shift.results(office.now)[PEOPLE[4]] == office.shift.results(office.now)[PEOPLE[2]] == "withdrawn"
