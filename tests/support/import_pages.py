"""The pages of an import, as a browser works with them."""

import html
import io
import re
import threading

from werkzeug.test import TestResponse

from tests.support.editor import Browser, value


def send(browser: Browser, data: bytes | str, name: str = "drivers.csv") -> str:
    """Upload a file and return the address of its draft."""
    token = value(browser.get("/phones/import").text, "token")
    content = data.encode() if isinstance(data, str) else data
    answer = browser.client.post(
        "/phones/import", headers=browser.login, data={"token": token, "file": (io.BytesIO(content), name)}
    )
    assert answer.status_code == 303, answer.text
    return re.sub(r"\?.*", "", answer.headers["Location"])


def ready(browser: Browser, address: str) -> TestResponse:
    """Wait until the draft is read, and return its page."""
    waiting = threading.Event()
    for _ in range(600):
        answer = browser.get(address + "/progress")
        if answer.status_code == 204:
            return browser.get(address)
        assert answer.status_code == 200
        waiting.wait(0.05)
    raise AssertionError("the file is not read in time")


def form(text: str) -> dict[str, object]:
    """Return the fields of the page's form, as a browser has them."""
    hidden = ("token", "version", "revision", "page", "shown")
    fields: dict[str, object] = {name: html.unescape(value(text, name)) for name in hidden}
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        fields[name] = chosen[1] if chosen else "0"
    chosen = re.search(r'name="mode" value="(\w+)" form="import" checked', text)
    if chosen:
        fields["mode"] = chosen[1]
    fields.update(re.findall(r'type="radio" name="(answer-[\w-]+)" value="(\w+)" form="import" checked', text))
    for name, typed in re.findall(r'name="((?:number|code|name)-[\d-]+)" value="([^"]*)"', text):
        fields[name] = html.unescape(typed).replace("\r", "").replace("\n", "")  # as a field of one line has it
    return fields


def ticked(text: str) -> dict[str, str]:
    """Return the confirmations of the page, all of them ticked."""
    return dict(re.findall(r'name="(sure-[\w-]+)" value="(\d+)"', text))


def asked(text: str) -> dict[str, list[str]]:
    """Return the questions of the page, each with the answers that it offers."""
    found: dict[str, list[str]] = {}
    for name, offered in re.findall(r'type="radio" name="(answer-[\w-]+)" value="(\w+)"', text):
        found.setdefault(name, []).append(offered)
    return found


def post(browser: Browser, address: str, current: str, action: str = "", **fields: object) -> TestResponse:
    """Send the page's form with some fields changed, and return the next page when it is ready."""
    answer = browser.client.post(address + action, data={**form(current), **fields}, headers=browser.login)
    if answer.status_code == 303 and "/import/" in answer.headers["Location"]:
        following = browser.get(answer.headers["Location"])
        return following if "import-progress" not in following.text else ready(browser, address)
    return browser.get(answer.headers["Location"]) if answer.status_code == 303 else answer
