"""The pages of an import, as a browser works with them."""

import html
import io
import re
import threading

from werkzeug.test import TestResponse

from tests.support.editor import Browser, value


def send(browser: Browser, data: bytes | str, name: str = "drivers.csv") -> str:
    """Uploads a file; the address of its draft."""
    token = value(browser.get("/phones/import").text, "token")
    content = data.encode() if isinstance(data, str) else data
    answer = browser.client.post(
        "/phones/import", headers=browser.login, data={"token": token, "file": (io.BytesIO(content), name)}
    )
    assert answer.status_code == 303, answer.text
    return re.sub(r"\?.*", "", answer.headers["Location"])


def ready(browser: Browser, address: str) -> TestResponse:
    """The page of a draft as soon as its work is done."""
    waiting = threading.Event()
    for _ in range(600):
        answer = browser.get(address + "/progress")
        if answer.status_code == 204:
            return browser.get(address)
        assert answer.status_code == 200
        waiting.wait(0.05)
    raise AssertionError("it does not come to its end")


def form(text: str) -> dict[str, object]:
    """The fields of the page's form, as a browser has them."""
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
    """The confirmations of the page, all of them ticked."""
    return dict(re.findall(r'name="(sure-[\w-]+)" value="(\d+)"', text))


def asked(text: str) -> dict[str, list[str]]:
    """The questions of the page, each with the answers that are offered."""
    found: dict[str, list[str]] = {}
    for name, offered in re.findall(r'type="radio" name="(answer-[\w-]+)" value="(\w+)"', text):
        found.setdefault(name, []).append(offered)
    return found


def post(browser: Browser, address: str, looked: str, what: str = "", **fields: object) -> TestResponse:
    """Sends the page's form with some fields changed; waits for what comes of it."""
    answer = browser.client.post(address + what, data={**form(looked), **fields}, headers=browser.login)
    if answer.status_code == 303 and "/import/" in answer.headers["Location"]:
        told = browser.get(answer.headers["Location"])
        return told if "import-progress" not in told.text else ready(browser, address)
    return browser.get(answer.headers["Location"]) if answer.status_code == 303 else answer
