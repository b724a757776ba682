"""A browser on a shared machine forgets who was logged in."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.chromium import PASSWORD, Chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """Start the whole browser: the headless shell waits for ever where a page asks for a password once more."""
    made = Chromium(["chromium"])
    yield made
    made.close()


def test_after_logging_out_the_browser_no_longer_sends_the_login(server: str, chromium: Chromium) -> None:
    from playwright.sync_api import Error

    engine: Browser = chromium.browser()
    context = engine.new_context(locale="ru")
    page = context.new_page()
    answers: list[tuple[str, int]] = []
    page.on(
        "response", lambda answer: answers.append((answer.url.removeprefix(server).partition("?")[0], answer.status))
    )
    page.goto(server.replace("://", f"://%D0%B0%D0%BD%D0%BD%D0%B0:{PASSWORD.replace(' ', '%20')}@") + "/phones")
    page.goto(server + "/phones")  # the browser has kept the login
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_role("link", name="Выйти").click(no_wait_after=True)
    assert ("/phones", 200) in answers
    answers.clear()
    with pytest.raises(Error, match="ERR_INVALID_AUTH_CREDENTIALS"):  # Playwright has no window that asks for them
        page.goto(server + "/phones")
    assert answers == [("/phones", 401)]
    context.close()
