"""Logging out of basic authentication: the browser's login is refused once."""

from tests.support.editor import Browser


def test_the_login_is_refused_once_and_taken_again_afterwards(operator: Browser) -> None:
    first = operator.get("/logout")
    assert first.status_code == 302
    address = first.headers["Location"]
    refused = operator.get(address)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="obzvon"'
    assert "You are logged out" in refused.text
    assert "operator" not in refused.text
    again = operator.get(address)  # the browser asks, and somebody logs in
    assert (again.status_code, again.headers["Location"]) == (302, "/")
    assert operator.get("/phones").status_code == 200
    assert operator.get(operator.get("/logout").headers["Location"]).status_code == 401


def test_every_page_has_the_way_out(operator: Browser, viewer: Browser) -> None:
    for browser in (operator, viewer):
        assert 'href="/logout"' in browser.get("/phones").text
