"""The description of the interface: complete, and true, which schemathesis finds out by asking what it allows."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from schemathesis import Case, GenerationMode
from schemathesis.config import ChecksConfig
from werkzeug.security import generate_password_hash

from obzvon import users
from obzvon.common.i18n import say
from obzvon.journal.commands import CommandResult
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from obzvon.users import Users
from tests.support.answering_service import Service
from tests.support.editor import SUNDAY, Browser
from tests.support.profile import LONG, often, thinned
from web.api.openapi import OPERATIONS, Operation
from web.app import create_app
from web.phone_index import FILTERS, SORTS
from web.security.login import LoginService
from web.security.login_failures import LoginFailures

EXAMPLES = often(fast=6, commit=10, long=100)

# A number that cannot be called is refused (422), and so is a change of what has been changed since (412, 428).
CHECKS = ChecksConfig.from_dict(
    {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "304", "404", "409", "412", "422", "428"]},
        "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "412", "415", "422", "428"]},
    }
)


@pytest.fixture
def app(settings: Settings, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """One that does not count wrong passwords, which are many here."""
    journal.audit.record("anna", say("the list: added {phone}", phone="89161111111"), at=SUNDAY)
    hashed = generate_password_hash("quick", "pbkdf2:sha256:1")  # of a wrong password, too, each time
    monkeypatch.setattr(users, "_impossible_hash", lambda: hashed)
    settings.web.users.write_text(json.dumps({"operator": {"role": "operator", "password": hashed}}))
    many = LoginFailures(by_network_and_name=1_000_000, by_network=1_000_000, by_name=1_000_000)
    patient = LoginService(Users(settings.web.users), failures=many)
    made = create_app(settings, login=patient, clock=lambda: SUNDAY)
    yield made
    made.extensions["obzvon"].journal().close()


@pytest.fixture
def operator(app: Flask) -> Browser:
    return Browser(app, "operator", "quick")


def made_callable(body: Any) -> None:
    """Numbers that can be called in the place of most of those that were made up, which hardly ever can."""
    rows = body.get("rows", body.get("add", [])) if isinstance(body, dict) else []
    for place, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict) and isinstance(row.get("number"), str):
            row.update(number=f"8916{place:07}", code="", name=row.get("name", "")[:200])
            for key in ("row", "paused_from", "paused_until"):  # a begin after an end is refused
                row.pop(key, None)
    if isinstance(body, dict) and isinstance(body.get("number"), str):
        body.update(number="89161111111", code="")


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(
    "operation", thinned(OPERATIONS, 2), ids=lambda operation: f"{operation.method}-{operation.path}"
)
def test_what_it_allows_is_taken_and_answered_as_it_says_and_all_else_refused(
    app: Flask, operator: Browser, service: Service, operation: Operation, mode: GenerationMode
) -> None:
    service.answer = lambda command: CommandResult(command.name != "resume", say("paused"))
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, headers=operator.login)
    schema.config.checks = CHECKS
    schema.config.analysis.constants.enabled = LONG  # looks through the whole program for values to send
    statuses: Counter[int] = Counter()

    @example_settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=schema[operation.path][operation.method].as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and statuses.total() % 3:
            made_callable(case.body)
        if operation.revised and operation.method != "get" and statuses.total() % 4:
            case.headers["If-Match"] = operator.get(f"/api/v1{operation.path}").headers["ETag"]
        statuses[case.call_and_validate(headers=operator.login).status_code] += 1

    ask()
    if mode is GenerationMode.POSITIVE and operation.path not in {"/phones/{row}", "/run/resume"}:
        assert statuses[200] > 0, statuses


def test_every_address_is_described_and_no_other(app: Flask) -> None:
    there = {
        (re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == {(f"/api/v1{operation.path}", operation.method) for operation in OPERATIONS}


def test_each_operation_has_a_name_of_its_own(operator: Browser) -> None:
    described = operator.send("GET", "/api/v1/openapi.json").get_json()
    names = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names) == len(OPERATIONS)
    assert described["openapi"] == "3.1.0"


def test_the_choices_are_those_of_the_page(operator: Browser) -> None:
    described = operator.send("GET", "/api/v1/openapi.json").get_json()
    given = {one["name"]: one["schema"] for one in described["paths"]["/phones"]["get"]["parameters"]}
    assert set(given["only"]["enum"]) == set(FILTERS)
    assert set(given["sort"]["enum"]) == set(SORTS)
