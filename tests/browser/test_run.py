"""A whole run from the browser: a real service, editor and Chromium, a stand-in for Asterisk, in Russian."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.journal.journal import Journal
from obzvon.settings.model import load_settings
from tests.support.chromium import OpenContext, comes_true, serving, tab_to
from tests.support.waiting import until
from tests.support.workshop import service, zone_of_noon

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ROWS = 200


class Place:
    """Where a working folder is and where its editor answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def in_spool_or_done(self) -> list[str]:
        """The call files that were ever handed over."""
        return sorted(
            path.name for name in ("outgoing", "outgoing_done") for path in (self.folder / name).glob("*.call")
        )


@pytest.fixture
def office(folder: Path, tmp_path: Path) -> Iterator[Place]:
    """A list of 200 in bundles of 2, by a clock that shows noon; the stand-in and the service work."""
    port = load_settings(folder / "settings.ini").web.port
    users, folder = folder / "users.json", tmp_path
    shutil.copy(users, folder)
    (folder / "settings.ini").write_text(
        "[Dirs]\ndir_target = outgoing\n[CreateCallFiles]\nbundle = 2\ntimeout = 0.7\n[Calls]\narchive = yes\n"
        f"[Day]\ntime_zone = {zone_of_noon()}\n[Web]\nport = {port}\n"
    )
    # Numbers that end in 1 are answered, in 9 they are not.
    (folder / "todo.json").write_text(
        json.dumps(
            {
                str(row): {"0": f"891600{row:03}{'01' if row % 2 else '09'}", "1": "", "name": f"Водитель {row}"}
                for row in range(ROWS)
            }
        )
    )
    (folder / "schedule.json").write_text("{}")
    for name in ("outgoing", "outgoing_done"):
        (folder / name).mkdir(exist_ok=True)
    place = Place(folder)
    said = (folder / "said").open("ab")
    stand_in = subprocess.Popen(
        [sys.executable, "-m", "obzvon.sandbox.pbx", folder / "outgoing", "--done", folder / "outgoing_done"],
        stdout=said,
        stderr=said,
    )
    works = service(place)
    try:
        until(
            lambda: (
                "служба готова" in (folder / "said").read_text(errors="replace")
                or "the service is ready" in (folder / "said").read_text(errors="replace")
            ),
            "the service is up",
        )
        with serving(folder) as place.address:
            yield place
    finally:
        for process in (works, stand_in):
            process.terminate()
            process.wait(180)
        said.close()


def moved(page: "Page") -> int:
    """How far the bar is."""
    return int(float(page.locator("progress.run-bar").get_attribute("value") or 0))


def test_a_dispatcher_starts_watches_pauses_goes_on_sees_who_answered_and_stops(
    office: Place, browser: OpenContext
) -> None:
    page = browser().pages[0]
    asked, said = [], []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.goto(office.address + "/run")
    page.get_by_role("heading", name="Обзвон сейчас не идёт").wait_for()
    page.locator("#run-start").click()
    page.get_by_role("heading", name="Начать обзвон сейчас?").wait_for()
    assert office.in_spool_or_done() == []
    page.get_by_role("button", name=f"Позвонить на {ROWS} номеров").click()
    page.get_by_text(f"Обзвон начат: {ROWS} звонков").wait_for()

    begun = moved(page)
    page.locator("#run-stop").focus()
    page.locator("#test-number").fill("8 916 5")
    page.locator("#run-stop").focus()
    place_of_stop = page.locator("#run-stop").bounding_box()
    comes_true(page, f"document.querySelector('progress.run-bar').value >= {begun + 4}")  # nobody has touched the page
    assert page.evaluate("document.activeElement.id") == "run-stop"
    assert page.locator("#test-number").input_value() == "8 916 5"
    assert page.locator("#run-stop").bounding_box() == place_of_stop

    page.locator("#run-hold").click()
    page.get_by_role("heading", name="Обзвон на паузе").wait_for()
    held = moved(page)
    page.get_by_role("row").filter(has_text="Водитель 1").get_by_text("ответили", exact=True).first.wait_for()
    counted = (
        "[...document.querySelectorAll('.run-counts div')].find(one => one.textContent.includes('не дозвонились'))"
    )
    comes_true(page, f"{counted}?.querySelector('dd').textContent > 0")
    page.reload()
    assert moved(page) == held
    assert len(office.in_spool_or_done()) == held
    page.get_by_role("button", name="Продолжить").click()
    page.get_by_role("heading", name="Обзвон идёт").wait_for()
    comes_true(page, f"document.querySelector('progress.run-bar').value > {held}")

    page.locator("#run-stop").click()
    page.get_by_role("heading", name="Остановить обзвон?").wait_for()
    page.get_by_role("link", name="Пусть идёт").click()
    page.locator("#run-stop").click()
    page.get_by_role("button", name="Остановить", exact=True).click()
    page.get_by_text("остановлен досрочно").wait_for()
    rung = len(office.in_spool_or_done())
    assert 4 < rung < ROWS

    page.locator("#run-start").click()
    page.get_by_text(f"Сегодня уже звонили на {rung} номер").wait_for()
    page.get_by_role("button", name=f"Позвонить на {ROWS - rung} номер").wait_for()
    page.get_by_role("link", name="Не начинать").click()

    page.locator("#test-number").fill("8 916 555-55-51")
    page.locator("form").filter(has=page.locator("#test-number")).get_by_role("button").click()
    page.locator("#run-test-said").get_by_text("ответили").wait_for()

    assert all(url.startswith(office.address) for url in asked)
    assert said == []


def test_without_javascript_a_run_is_begun_watched_and_stopped_with_links_and_buttons(
    office: Place, browser: OpenContext
) -> None:
    page = browser(script=False).pages[0]
    page.goto(office.address + "/run")
    page.locator("#run-start").click()
    page.get_by_role("button", name=re.compile("Позвонить")).first.click()
    page.get_by_role("heading", name="Обзвон идёт").wait_for()
    begun = moved(page)
    until(lambda: len(office.in_spool_or_done()) > begun + 2, "calls are handed over")

    def has_moved() -> bool:
        page.get_by_role("link", name="Обновить").click()
        return moved(page) > begun

    until(has_moved, "the bar moves", every=0.2)
    page.locator("#run-hold").click()
    page.get_by_role("heading", name="Обзвон на паузе").wait_for()
    page.locator("#run-stop").click()
    page.get_by_role("button", name="Остановить и снять").click()
    page.get_by_text("остановлен досрочно").wait_for()


def test_the_keyboard_alone_begins_pauses_and_stops_a_run_and_makes_a_test_call(
    office: Place, browser: OpenContext
) -> None:
    page = browser(reduced_motion="reduce").pages[0]
    page.goto(office.address + "/run")
    tab_to(page, "#test-number")
    page.keyboard.type("8 916 555-55-51")
    page.keyboard.press("Enter")
    page.locator("#run-test-said").get_by_text("ответили").wait_for()
    page.goto(office.address + "/run")
    tab_to(page, "#run-start")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Начать обзвон сейчас?").wait_for()
    tab_to(page, "button[name=whom]")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Обзвон идёт").wait_for()
    tab_to(page, "#run-hold")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Обзвон на паузе").wait_for()
    tab_to(page, "#run-stop")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Пусть идёт").and_(page.locator(":focus")).wait_for()  # what does nothing is nearest
    page.reload()
    tab_to(page, "form[action$='/stop'] button[name=withdraw]")
    page.keyboard.press("Enter")
    page.get_by_text("остановлен досрочно").wait_for()


def test_no_page_is_wider_than_a_telephone(office: Place, browser: OpenContext) -> None:
    page = browser(width=390).pages[0]

    def fits() -> bool:
        return bool(page.evaluate("document.documentElement.scrollWidth <= 390"))

    for path in ("/run", "/run/start"):
        page.goto(office.address + path)
        assert fits(), path
    page.get_by_role("button", name=re.compile("Позвонить")).click()
    page.locator(".calls").wait_for()
    assert fits()
    page.goto(office.address + "/run/stop")
    assert fits()


def test_a_page_whose_editor_is_gone_says_so_and_recovers(folder: Path, browser: OpenContext) -> None:
    (folder / "schedule.json").write_text("{}")
    (folder / "todo.json").write_text("{}")
    page = browser().pages[0]
    with serving(folder) as address:
        page.goto(address + "/run")
        page.evaluate("document.getElementById('run-poll').setAttribute('hx-trigger', 'every 1s')")
        page.evaluate("htmx.process(document.getElementById('run-poll'))")
        assert not page.locator("#run-lost").is_visible()
    page.locator("#run-lost").wait_for(timeout=180_000)
    with serving(folder):
        page.locator("#run-lost").wait_for(state="hidden", timeout=180_000)


@pytest.mark.parametrize("width", [1280, 390])
def test_lines_in_use_come_and_go_and_nothing_moves(folder: Path, browser: OpenContext, width: int) -> None:
    known = load_settings(folder / "settings.ini")
    journal = Journal(known.journal.reveal())
    presence, now = journal.heartbeats, datetime.now(UTC)
    presence.begin(at=now)
    pace = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(120, 5))

    def shows(ours: int, others: int) -> None:
        presence.beat(
            at=datetime.now(UTC),
            line_usage=encode_line_usage(
                LineUsage(pace=pace, ours=ours, others=others, by=CountedBy.TRUNK, ami=AmiConnectionState(True, now))
            ),
        )

    shows(0, 0)
    places = (
        "JSON.stringify([...document.querySelectorAll('#run-live, #run-lines *, #run-actions, #run-results')]"
        ".filter(one => one.tagName != 'rect').map(one => { const at = one.getBoundingClientRect();"
        " return [one.className.baseVal ?? one.className, at.x, at.y, at.height]; }))"
    )
    try:
        with serving(folder) as address:
            page = browser(width=width).pages[0]
            page.goto(address + "/run")
            page.locator(".lines-facts .l-ours dd").wait_for()
            before = page.evaluate(places)
            for ours, others in ((7, 3), (98, 12)):
                shows(ours, others)
                page.locator(".lines-facts .l-ours dd").get_by_text(str(ours), exact=True).wait_for()
                assert page.evaluate(places) == before
            assert page.locator(".lines-bar rect").count() == 3
    finally:
        journal.close()
