"""A message is uploaded, heard and chosen in the browser, by the keyboard alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from obzvon.documents.store import messages_document
from tests.browser.offices import OFFICES, Editor, open_editor
from tests.support.chromium import Chromium, comes_true, tab_to, users_text
from tests.support.tones import tone_wave

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload

pytestmark = pytest.mark.browser


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Editor]:
    with open_editor(OFFICES["new"], tmp_path, users_text()) as opened:
        yield opened


def test_a_message_is_uploaded_heard_and_chosen(editor: Editor, chromium: Chromium, tmp_path: Path) -> None:
    with chromium.context(user="анна", reduced_motion="reduce") as context:
        page = context.pages[0]
        page.goto(f"{editor.address}/messages")
        page.get_by_text("Пока ни одного.").wait_for()
        file: FilePayload = {"name": "Собрание.wav", "mimeType": "audio/wav", "buffer": tone_wave(1.5, rate=44_100)}
        page.locator("#file").set_input_files(files=[file])
        tab_to(page, "#file")
        tab_to(page, "form:has(#file) button[type=submit]")
        page.keyboard.press("Enter")
        page.get_by_text("Сообщение «Собрание» сохранено.").wait_for(timeout=60_000)
        tab_to(page, "audio")
        page.keyboard.press("Space")
        comes_true(page, "document.querySelector('audio').currentTime > 0")
        assert abs(page.evaluate("document.querySelector('audio').duration") - 1.5) < 0.2
        assert page.evaluate("document.querySelector('audio').error") is None
        tab_to(page, "form[action$='/choose'] button")
        page.keyboard.press("Enter")
        page.get_by_text("Теперь в звонках звучит «Собрание».").wait_for()
    assert messages_document(tmp_path / "messages").load().data.sound
