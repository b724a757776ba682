"""The door: every address of the app, enumerated."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from obzvon.documents.history import History
from obzvon.journal.schema import commands
from obzvon.settings.model import Settings
from obzvon.users import Role
from tests.support.addresses import addresses
from tests.support.editor import PASSWORD, Browser, value
from tests.support.profile import thinned
from web import permissions
from web.app import create_app
from web.security.csrf import is_same_origin

CHANGES = {
    ("PUT", "/api/v1/phones"): {"rows": []},
    ("PATCH", "/api/v1/phones"): {"delete": ["0"]},
    ("PUT", "/api/v1/week"): dict.fromkeys("1234567", "00:00"),
    ("POST", "/api/v1/run/call"): {"number": "89165555555"},
}
"""What would change something at the addresses for programs, or order something."""

FIELDS = {"one": "0", "row": "0", "number": "89165555555", "sure": "1"}
"""What would change something at those for browsers."""


def orders(app: Flask) -> int:
    """How many orders to the service there are."""
    journal = app.extensions["obzvon"].journal_to_write()
    with journal.read_transaction() as connection:
        return len(connection.execute(select(commands)).all())


def every_file(settings: Settings) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in settings.source.rglob("*")
        if path.is_file() and not path.name.startswith("journal.db") and path.suffix != ".lock"
    }


def test_without_a_login_every_address_but_healthz_is_401(app: Flask) -> None:
    client = app.test_client()
    asked = addresses(app)
    assert len(asked) > 15
    for method, path in asked:
        answer = client.open(path, method=method)
        assert answer.status_code == (200 if path == "/healthz" else 401), (method, path)
        if path != "/healthz":
            assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert client.get("/no/such/page").status_code == 401
    assert client.open("/phones", method="OPTIONS").status_code == 401


def test_who_is_not_let_in_sees_a_page_that_asks_for_no_file_and_has_only_its_own_style(app: Flask) -> None:
    answer = app.test_client().get("/phones")
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    mark = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{mark}';" in answer.headers["Content-Security-Policy"]
    assert "script-src" not in answer.headers["Content-Security-Policy"]  # by default none
    assert not re.search(r'<script|<img|<nav|\sstyle=|\son\w+=|(?:src|href)="(?!data:,")', answer.text)


def test_healthz_says_only_that_it_is_alive(app: Flask) -> None:
    assert app.test_client().get("/healthz").data == b"ok\n"


def test_a_viewer_sees_and_changes_nothing(app: Flask, settings: Settings, viewer: Browser) -> None:
    History(settings.phones).record(b"{}")
    before = every_file(settings)
    page = viewer.get("/phones").text
    fields = {name: value(page, name) for name in ("token", "revision")} | FIELDS
    for method, path in addresses(app):
        if method not in permissions.SAFE_METHODS and not path.startswith(("/language", "/theme", "/password")):
            if path.startswith("/api/"):
                answer = viewer.send(method, path, CHANGES.get((method, path)), If_Match="*")
            else:
                answer = viewer.client.post(path, data=fields, headers=viewer.login)
            assert answer.status_code == 403, (method, path)
        elif method == "GET":
            answer = viewer.get(path)
            refused = (403,) if path.startswith("/management") else (404,) if path.startswith("/messages/sound") else ()
            assert answer.status_code in (refused or (200, 302)), path
            assert b"/delete" not in answer.data
    assert every_file(settings) == before


@pytest.mark.parametrize(
    "spoil",
    thinned(
        [
            {"token": ""},
            {"token": "0" * 64},
            {"token": "é\0"},
            {"headers": {"Origin": "https://evil.example"}},
            {"headers": {"Origin": "null"}},
            {"headers": {"Origin": "http://localhost:81"}},
            {"headers": {"Origin": "https://localhost"}},
            {"headers": {"Sec-Fetch-Site": "cross-site"}},
            {"headers": {"Sec-Fetch-Site": "same-site"}},
            {"headers": {"Sec-Fetch-Site": "none"}},
        ],
        4,
    ),
    ids=str,
)
def test_without_a_token_or_from_another_origin_nothing_changes(
    app: Flask, settings: Settings, spoil: dict[str, Any]
) -> None:
    before = every_file(settings)
    administrator = Browser(app, "administrator")
    page = administrator.get("/phones").text
    fields = {name: value(page, name) for name in ("token", "revision")} | FIELDS
    fields |= {name: text for name, text in spoil.items() if name == "token"}
    headers = {**administrator.login, **spoil.get("headers", {})}
    for method, path in addresses(app):
        if method not in permissions.SAFE_METHODS and not path.startswith("/api/"):
            answer = administrator.client.post(path, data=fields, headers=headers)
            assert answer.status_code == 400, (method, path)
            assert "Set-Cookie" not in answer.headers
    assert every_file(settings) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_script_of_another_site_orders_and_changes_nothing_in_json_either(
    app: Flask, settings: Settings, operator: Browser, headers: dict[str, str]
) -> None:
    before, asked = every_file(settings), orders(app)
    for method, path in addresses(app):
        if method not in permissions.SAFE_METHODS and path.startswith("/api/"):
            answer = operator.send(method, path, CHANGES.get((method, path)), If_Match="*", **headers)
            assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), (method, path)
    assert (every_file(settings), orders(app)) == (before, asked)


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=application/json",
        "text/json",
        "",
        None,
    ],
)
def test_what_a_form_of_another_site_can_send_orders_and_changes_nothing(
    app: Flask, settings: Settings, operator: Browser, kind: str | None
) -> None:
    """A browser sends such a request, with the login, without asking; some send neither Origin nor Sec-Fetch-Site."""
    before, asked = every_file(settings), orders(app)
    for method, path in addresses(app):
        if method not in permissions.SAFE_METHODS and path.startswith("/api/"):
            data = json.dumps(CHANGES.get((method, path), {}))
            answer = operator.client.open(
                path, method=method, data=data, content_type=kind, headers={**operator.login, "If-Match": "*"}
            )
            assert answer.status_code == 415, (method, path)
    assert (every_file(settings), orders(app)) == (before, asked)


def test_another_site_is_not_allowed_to_send_json(operator: Browser) -> None:
    answer = operator.client.options(
        "/api/v1/phones",
        headers={
            "Origin": "https://evil.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type,if-match",
        },
    )
    assert answer.status_code == 401
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


def test_the_pages_take_no_json_in_the_place_of_their_token(app: Flask, settings: Settings) -> None:
    administrator = Browser(app, "administrator")
    before = every_file(settings)
    for method, path in addresses(app):
        if method not in permissions.SAFE_METHODS and not path.startswith("/api/"):
            assert administrator.send(method, path, {"one": "0", "sure": "1"}).status_code == 400, (method, path)
    assert every_file(settings) == before


def test_another_users_token_is_none(app: Flask, settings: Settings, operator: Browser, viewer: Browser) -> None:
    theirs = value(viewer.get("/phones").text, "token")
    assert operator.post("/phones/delete", one="0", token=theirs).status_code == 400


def test_our_own_origin_is_let_through(operator: Browser) -> None:
    for headers in (
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Origin": "http://localhost:80"},
    ):
        assert operator.post("/phones/pause", one="3", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("origin", "here", "same"),
    [
        ("https://obzvon.example", "https://obzvon.example/", True),
        ("https://obzvon.example:443", "https://obzvon.example/", True),
        ("http://obzvon.example", "https://obzvon.example/", False),
        ("http://[::1]:8080", "http://[::1]:8080/", True),
        ("https://obzvon.example.evil", "https://obzvon.example/", False),
        ("http://a:b:c", "http://a/", False),
        ("", "http://a/", False),
        ("file://", "file://", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(origin: str, here: str, same: bool) -> None:
    assert is_same_origin(None, origin, here) is same


def test_ten_wrong_passwords_for_a_name_and_the_next_attempt_is_429(app: Flask) -> None:
    client = app.test_client()
    wrong = {"Authorization": "Basic " + b64encode(b"operator:wrong").decode()}
    assert [client.get("/phones", headers=wrong).status_code for _ in range(10)] == [401] * 10
    answer = client.get("/phones", headers=wrong)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert re.search(r"(12:15|12:16)", answer.text)  # when it is over; it is noon
    assert Browser(app, "viewer").get("/phones").status_code == 200  # the same address, another name
    right = Browser(app, "operator").login
    assert client.get("/phones", headers=right, environ_base={"REMOTE_ADDR": "10.0.0.2"}).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_every_answer_is_protected(app: Flask, operator: Browser) -> None:
    for path in ("/phones", "/healthz", "/static/obzvon.css", "/nowhere"):
        headers = operator.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
    assert operator.get("/phones").headers["Cache-Control"] == "no-store"
    assert app.test_client().get("/phones").headers["Cache-Control"] == "no-store"


def test_no_page_has_script_or_style_in_it_or_asks_another_host(operator: Browser) -> None:
    for path in ("/phones", "/phones?edit=3", "/phones?add=1", "/nowhere"):
        text = operator.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text, re.IGNORECASE)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)


def test_a_body_that_is_too_large_is_413(operator: Browser) -> None:
    assert operator.post("/phones/add", number="1" * 2_000_001).status_code == 413


def test_a_broken_users_file_lets_nobody_in_and_shows_nothing(settings: Settings, operator: Browser) -> None:
    assert operator.get("/phones").status_code == 200
    settings.web.users.write_text('{"secret')
    answer = operator.get("/phones")
    assert answer.status_code == 500
    assert "secret" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/phones/add"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_an_error_page_is_in_the_readers_language_and_says_what_to_do(app: Flask, path: str, language: str) -> None:
    answer = Browser(app, "operator", language=language).get(path)
    assert answer.status_code in (404, 405)
    assert f'<html lang="{language}"' in answer.text
    assert ("Choose one of the pages" in answer.text) == (language == "en")


def test_a_mistake_of_the_program_shows_no_inside(settings: Settings) -> None:
    app = create_app(settings)
    operator = Browser(app, "operator")

    @app.get("/mistake")
    def mistake() -> str:
        raise RuntimeError("inside")

    answer = operator.get("/mistake")
    assert answer.status_code == 500
    assert "inside" not in answer.text
    assert "Traceback" not in answer.text


def test_a_language_and_colours_are_kept_and_lead_back(operator: Browser) -> None:
    answer = operator.post("/language/ru", back="/phones?q=1", follow=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/phones?q=1")
    assert 'lang="ru"' in operator.get("/phones").text
    operator.post("/theme/dark", back="/phones")
    assert 'data-bs-theme="dark"' in operator.get("/phones").text
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x=y"):
        assert operator.post("/language/ru", back=back, follow=False).headers["Location"] == "/"


def test_roles_are_decided_by_endpoint_and_method() -> None:
    assert permissions.required_role("phones.index", "GET") is Role.VIEWER
    assert permissions.required_role(None, "POST") is Role.OPERATOR
    assert permissions.required_role("administration.users", "GET") is Role.ADMINISTRATOR
    assert permissions.required_role("own_password.change", "POST") is Role.VIEWER


def test_an_address_that_others_reach_says_that_it_is_not_encrypted(settings: Settings) -> None:
    import msgspec

    open_to_all = msgspec.structs.replace(settings, web=msgspec.structs.replace(settings.web, host="0.0.0.0"))
    browser = Browser(create_app(open_to_all), "operator", PASSWORD)
    assert "not encrypted" in browser.get("/phones").text
    assert "not encrypted" not in browser.client.get("/phones", headers=browser.login, base_url="https://x").text


def test_a_message_waits_for_a_request_with_a_login(operator: Browser) -> None:
    operator.post("/phones/pause", one="3", follow=False)
    assert operator.client.get("/phones").status_code == 401  # as browsers ask where they have not been before
    assert "Paused: 1 number" in operator.get("/phones").text
