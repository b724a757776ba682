"""How things stand, the plan and the orders to the service, for programs."""

import json
from datetime import timedelta

import msgspec
import pytest
from flask import Flask

from obzvon.common.i18n import say
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.phones import Phone, list_candidates
from obzvon.journal.commands import CommandResult
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.answering_service import Service
from tests.support.editor import SUNDAY, Browser
from web.api.schemas.status import ForecastDocument, Status

RUN = "/api/v1/run/"
ORDERS = [("start", {}), ("pause", {}), ("resume", {}), ("stop", {}), ("call", {"number": "8 916 555-55-55"})]


def test_the_status_is_the_commands_document(operator: Browser, settings: Settings, journal: Journal) -> None:
    assert operator.send("GET", "/api/v1/status").get_json()["run"] is None
    journal.heartbeats.begin(at=SUNDAY)
    journal.heartbeats.beat(at=SUNDAY, problem=msgspec.json.encode((say("no number"),)).decode())
    journal.runs.begin(
        "t",
        SUNDAY.date(),
        "week",
        list_candidates([Phone("0", "89161111111"), Phone("1", "1")], settings.numbering_plan(), SUNDAY.date()),
        at=SUNDAY,
    )
    answer = operator.send("GET", "/api/v1/status")
    found = msgspec.json.decode(answer.data, type=Status)
    assert found.run
    assert (found.run.calls, found.run.counts, found.service.alive) == (1, {"waiting": 1, "skipped": 1}, True)
    assert found.service.problems == ("no number",)
    russian = operator.send("GET", "/api/v1/status", Accept_Language="ru").get_json()
    assert russian["service"]["trouble"] == ["нет номера"]
    assert russian["now"] == "2026-11-22T12:00:00+03:00"


def test_the_status_has_the_lines_in_use_and_the_link(operator: Browser, journal: Journal) -> None:
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5))
    journal.heartbeats.begin(at=SUNDAY)
    journal.heartbeats.beat(
        at=SUNDAY,
        line_usage=encode_line_usage(
            LineUsage(pace=pace, ours=12, others=4, by=CountedBy.TRUNK, ami=AmiConnectionState(True, SUNDAY))
        ),
    )
    found = msgspec.json.decode(operator.send("GET", "/api/v1/status").data, type=Status)
    assert found.lines
    assert (found.lines.ours, found.lines.others, found.lines.free, found.lines.counted_by) == (12, 4, 9, "trunk")
    assert found.ami
    assert (found.ami.state, found.ami.since_at) == ("up", SUNDAY)
    assert (
        operator.send("GET", "/api/v1/status", Accept_Language="ru").get_json()["lines"]["pace"].startswith("по мере")
    )


def test_the_plan_is_the_commands_document(operator: Browser) -> None:
    answer = operator.send("GET", "/api/v1/plan")
    found = msgspec.json.decode(answer.data, type=ForecastDocument)
    assert (found.calls, found.skipped, str(found.day)) == (2, 3, "2026-11-23")
    assert found.problems == ()
    assert found.skipped_rows[1].reason == "too short: 3 digits where 11 are expected"
    assert (
        operator.send("GET", "/api/v1/plan", Accept_Language="ru").get_json()["skipped_rows"][0]["reason"] == "на паузе"
    )


@pytest.mark.parametrize(("order", "body"), ORDERS)
def test_an_order_reaches_the_service_and_its_answer_comes_back(
    operator: Browser, service: Service, order: str, body: object
) -> None:
    answer = operator.send("POST", RUN + order, body)
    assert (answer.status_code, answer.get_json()) == (200, {"text": "paused"})
    [taken] = service.taken
    assert (taken.name, taken.asked_by, taken.asked_at) == (order, "operator", SUNDAY)
    assert operator.send("POST", RUN + order, body, Accept_Language="ru").get_json() == {"text": "на паузе"}


def test_what_an_order_says_is_passed_on(operator: Browser, service: Service) -> None:
    operator.send("POST", RUN + "start", {"rest": True})
    operator.send("POST", RUN + "stop", {"withdraw": True})
    operator.send("POST", RUN + "call", {"number": "8 (916) 555-55-55", "code": "12*"})
    assert [command.params for command in service.taken] == [
        {"again": False, "rest": True},
        {"withdraw": True},
        {"number": "89165555555", "code": "12*"},
    ]


def test_an_order_that_is_sent_again_is_done_and_recorded_once(app: Flask, operator: Browser, service: Service) -> None:
    for order, body in (("start", {}), ("stop", {"withdraw": True}), ("call", {"number": "89165555555"})):
        for _ in range(3):
            assert operator.send("POST", RUN + order, {**body, "once": f"{order} 1"}).get_json() == {"text": "paused"}
        assert operator.send("POST", RUN + order, {**body, "once": f"{order} 2"}).status_code == 200
    assert [command.name for command in service.taken] == ["start", "start", "stop", "stop", "call", "call"]
    assert len(app.extensions["obzvon"].journal().audit.latest(99)) == 6


def test_another_users_order_with_the_same_mark_is_another(app: Flask, operator: Browser, service: Service) -> None:
    for browser in (operator, Browser(app, "administrator")):
        assert browser.send("POST", RUN + "stop", {"once": "1"}).status_code == 200
    assert [command.asked_by for command in service.taken] == ["operator", "administrator"]


@pytest.mark.parametrize(("hour", "is_night"), [(20, False), (21, True), (23, True), (0, True), (7, True), (8, False)])
@pytest.mark.parametrize(
    ("order", "body"), [("start", {"rest": True}), ("resume", {}), ("call", {"number": "8 916 555-55-55"})]
)
def test_calls_at_night_are_confirmed(
    app: Flask, operator: Browser, service: Service, *, hour: int, is_night: bool, order: str, body: dict[str, object]
) -> None:
    app.extensions["obzvon"].clock = lambda: SUNDAY.replace(hour=(hour - 3) % 24, minute=5)  # Moscow's hour
    answer = operator.send("POST", RUN + order, body)
    assert answer.status_code == (422 if is_night else 200)
    if is_night:
        [fault] = answer.get_json()["errors"]
        assert fault["pointer"] == "#/night"
        assert f"It is {hour:02}:05" in fault["detail"]
        assert service.taken == []
    assert operator.send("POST", RUN + order, {**body, "night": True}).status_code == 200


def test_what_was_ordered_is_recorded_as_it_was_said(app: Flask, operator: Browser, service: Service) -> None:
    for body in ({}, {"rest": True}, {"again": True}):
        operator.send("POST", RUN + "start", body)
    changes = app.extensions["obzvon"].journal().audit.latest(9)
    assert [change.what.in_language("en") for change in changes][::-1] == [
        "run started manually: paused",
        "run started manually, for phones not called today: paused",
        "run started manually, for all phones, also those called today: paused",
    ]


def test_an_order_without_a_body_is_none(operator: Browser, service: Service) -> None:
    answer = operator.client.post(RUN + "start", content_type="application/json", headers=operator.login)
    assert answer.status_code == 400
    assert service.taken == []


def test_orders_are_recorded_with_what_came_of_them(app: Flask, operator: Browser, service: Service) -> None:
    operator.send("POST", RUN + "pause")
    service.answer = lambda command: CommandResult.refused(say("no run is in progress"))
    operator.send("POST", RUN + "resume")
    operator.send("POST", RUN + "stop", {"withdraw": True})
    operator.send("POST", RUN + "start", {"again": True})
    operator.send("POST", RUN + "call", {"number": "89165555555", "code": "12"})
    changes = app.extensions["obzvon"].journal().audit.latest(9)
    assert {change.who for change in changes} == {"operator"}
    assert [change.what.in_language("en") for change in changes][::-1] == [
        "run paused: paused",
        "run resumed: no run is in progress",
        "run stopped and calls that had not begun withdrawn: no run is in progress",
        "run started manually, for all phones, also those called today: no run is in progress",
        "test call 89165555555 12: no run is in progress",
    ]


def test_what_the_service_refuses_is_a_conflict_with_its_reason(operator: Browser, service: Service) -> None:
    service.answer = lambda command: CommandResult.refused(say("no run is in progress"))
    answer = operator.send("POST", RUN + "pause")
    assert (answer.status_code, answer.get_json()["detail"]) == (409, "no run is in progress")
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("there_is_a_journal", [True, False])
def test_where_no_service_takes_it_nothing_is_left_to_be_done_later(
    app: Flask, operator: Browser, settings: Settings, request: pytest.FixtureRequest, there_is_a_journal: bool
) -> None:
    if there_is_a_journal:
        request.getfixturevalue("journal")
    app.extensions["obzvon"].sleep = lambda seconds: None
    answer = operator.send("POST", RUN + "start")
    assert answer.status_code == 503
    assert "has not accepted the command" in answer.get_json()["detail"]
    assert app.extensions["obzvon"].journal().commands.take_next(at=SUNDAY + timedelta(seconds=1)) is None


def test_what_was_taken_and_is_not_answered_yet_is_no_refusal(app: Flask, operator: Browser, journal: Journal) -> None:
    app.extensions["obzvon"].sleep = lambda seconds: journal.commands.take_next(at=SUNDAY)
    answer = operator.send("POST", RUN + "start")
    assert (answer.status_code, answer.get_json()) == (202, {"text": "taken by the service and not answered yet"})


@pytest.mark.parametrize(
    ("order", "body", "pointers"),
    [
        ("start", {"again": True, "rest": True}, {"#/rest"}),
        ("start", {"again": 1, "all": True}, {"#/again", "#/all"}),
        ("start", {"night": 1, "once": "x" * 65}, {"#/night", "#/once"}),
        ("stop", {"withdraw": "yes"}, {"#/withdraw"}),
        ("pause", {"x": 1}, {"#/x"}),
        ("resume", [], {"#"}),
        ("call", {}, {"#/number"}),
        ("call", {"number": "123", "code": "x"}, {"#/number", "#/code"}),
        ("call", {"number": "89165555555\nChannel: x"}, {"#/number"}),
        ("call", {"number": 89165555555}, {"#/number"}),
    ],
)
def test_an_order_that_is_not_understood_never_reaches_the_service(
    operator: Browser, service: Service, order: str, body: object, pointers: set[str]
) -> None:
    answer = operator.client.post(
        RUN + order, data=json.dumps(body), content_type="application/json", headers=operator.login
    )
    assert answer.status_code == 422
    assert {fault["pointer"] for fault in answer.get_json()["errors"]} == pointers
    assert service.taken == []


def test_an_unusable_journal_is_reported(operator: Browser, settings: Settings) -> None:
    assert settings.journal.path
    settings.journal.path.write_text("no database at all, and longer than its header would be" * 10)
    for method, path in (("GET", "/api/v1/status"), ("GET", "/api/v1/changes"), ("POST", RUN + "pause")):
        answer = operator.send(method, path)
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json"), path
        assert "the journal cannot be opened" in answer.get_json()["detail"]
    settings.journal.path.unlink()
