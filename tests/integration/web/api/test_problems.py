"""Errors at the addresses for programs: never a page."""

import logging
from base64 import b64encode

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.editor import PASSWORD, Browser


def is_problem(answer: TestResponse, status: int) -> dict[str, object]:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["status"] == status
    assert answer.get_json()["title"]
    return dict(answer.get_json())


def test_without_a_login_it_is_401_and_says_which(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/phones", headers={"Accept-Language": "en"})
    assert is_problem(answer, 401)["title"] == "A name and a password are needed"
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_too_many_wrong_passwords_are_429_and_say_until_when(app: Flask) -> None:
    client = app.test_client()
    wrong = {"Authorization": "Basic " + b64encode(b"operator:wrong").decode()}
    for _ in range(20):
        client.get("/api/v1/status", headers=wrong)
    answer = client.get("/api/v1/status", headers=wrong)
    is_problem(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 900


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/", 404),
        ("GET", "/api/v2/phones", 404),
        ("POST", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/phones", 405),
        ("POST", "/api/v1/phones", 405),
        ("GET", "/api/v1/run/start", 405),
        ("OPTIONS", "/api/v1/phones", 405),
    ],
)
def test_what_is_not_there_is_a_problem(operator: Browser, method: str, path: str, status: int) -> None:
    answer = operator.send(method, path)
    is_problem(answer, status)
    if status == 405:
        assert answer.headers["Allow"]


def test_a_mistake_of_the_program_shows_no_inside(
    app: Flask, operator: Browser, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(app.extensions["obzvon"].phones, "current", broken)
    with caplog.at_level(logging.CRITICAL):
        answer = operator.send("GET", "/api/v1/phones")
    assert "inside" not in str(is_problem(answer, 500))


def test_titles_are_in_the_readers_language_whatever_the_cookie_says(app: Flask) -> None:
    browser = Browser(app, "viewer", PASSWORD, language="ru")
    assert is_problem(browser.send("PUT", "/api/v1/week"), 403)["title"] == "You can view but not change anything"
    russian = browser.send("PUT", "/api/v1/week", Accept_Language="ru")
    assert is_problem(russian, 403)["title"] != "You can view but not change anything"
