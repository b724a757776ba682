"""The results as a dispatcher meets them: in Russian, with a real service that calls again who was not reached."""

import csv
import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest

from obzvon.journal.journal import Journal
from obzvon.settings.model import load_settings
from tests.support.chromium import OpenContext, assert_fits, comes_true, serving, users_text
from tests.support.journal import record_run
from tests.support.ports import free_port
from tests.support.programs import Program
from tests.support.waiting import until
from tests.support.workshop import zone_of_noon

pytestmark = pytest.mark.browser

IVANOV, PETROVA, SIDOROV, LONG = "89161111111", "89163333333", "89164444444", "89165555555"
NAMES = {IVANOV: "Иванов И. И.", PETROVA: "Петрова", SIDOROV: "Сидоров", LONG: "Длинноимённая-Двойнофамильная " * 3}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which it is noon, with a month of runs."""

    made = tmp_path_factory.mktemp("office")
    port = free_port()
    (made / "settings.ini").write_text(f"[Day]\ntime_zone = {zone_of_noon()}\n[Web]\nport = {port}\n")
    (made / "todo.json").write_text(
        json.dumps({str(key): {"0": number, "1": "", "name": NAMES[number]} for key, number in enumerate(NAMES)})
    )
    (made / "schedule.json").write_text("{}")
    (made / "target").mkdir()
    (made / "users.json").write_text(users_text())
    journal = Journal(load_settings(made / "settings.ini").journal.reveal())
    now = datetime.now(UTC)
    for back in range(35, -1, -1):
        at = now - timedelta(days=back, hours=2)
        record_run(
            journal,
            {IVANOV: "not answered", PETROVA: "answered", SIDOROV: "unknown", LONG: "busy"},
            day=today_in(made, at),
            at=at,
            names=NAMES,
        )
    journal.close()
    return made


def today_in(folder: Path, at: datetime) -> date:
    return at.astimezone(load_settings(folder / "settings.ini").zone).date()


@pytest.fixture
def server(office: Path) -> Iterator[str]:
    with serving(office) as address:
        yield address


def is_alive(journal: Journal, since: datetime) -> bool:
    beat = journal.heartbeats.latest()
    return beat is not None and beat.started_at >= since


@pytest.fixture
def service(office: Path) -> Iterator[None]:
    """The real service on an empty spool, alive."""
    begun = datetime.now(UTC)
    with Path(os.devnull).open("wb") as nowhere:
        program = Program(
            "--settings", office / "settings.ini", "run", cwd=office, stdout=nowhere.fileno(), stderr=nowhere.fileno()
        )
    journal = Journal(load_settings(office / "settings.ini").journal.reveal())
    try:
        until(lambda: program.poll() is not None or is_alive(journal, begun), "the first heartbeat")
        assert program.poll() is None
        yield
    finally:
        journal.close()
        program.terminate()
        program.wait(180)


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_dispatcher_looks_who_was_reached_and_takes_it_home(server: str, browser: OpenContext, script: bool) -> None:
    page = browser(script=script, downloads=True).pages[0]
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.goto(server + "/results")
    assert page.title().startswith("Итоги, Сегодня")
    page.locator(".tally").get_by_role("link", name="занято").click()
    page.get_by_text("Найдена 1 строка").wait_for()
    page.locator(".tally").get_by_role("link", name="не дозвонились").click()
    page.get_by_text("Найдено 2 строки").wait_for()
    with page.expect_download() as awaited:
        page.get_by_role("link", name="Excel").click()
    sheet = openpyxl.load_workbook(io.BytesIO(awaited.value.path().read_bytes())).worksheets[0]
    assert [line[2] for line in sheet.iter_rows(values_only=True)] == ["Номер", "8 916 111-11-11", "8 916 555-55-55"]
    assert awaited.value.suggested_filename.startswith("Итоги ")
    with page.expect_download() as awaited:
        page.get_by_role("link", name="CSV").click()
    table = csv.reader(io.StringIO(awaited.value.path().read_text("utf-8-sig")), delimiter=";")
    assert [line[2] for line in table] == ["Номер", IVANOV, LONG]

    page.get_by_label("Почему не позвонили?").fill("петр")
    page.locator(".ask").get_by_role("button", name="Найти").click()
    page.locator(".lead").get_by_text("Петрова").wait_for()
    assert page.locator(".phone-days > li.met").count() == 31
    page.get_by_role("link", name="Более ранние дни").click()
    comes_true(page, "document.querySelectorAll('.phone-days > li.met').length === 5")
    assert not said


def test_the_search_answers_while_one_types(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    page.goto(server + "/results")
    page.get_by_label("Поиск за этот день").press_sequentially("иванов", delay=40)
    comes_true(page, "document.querySelectorAll('.outcome tbody tr').length === 1")
    comes_true(page, "document.activeElement.id === 'q' && location.search.includes('q=')")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_chart_has_a_table_and_a_name_and_fits(server: str, browser: OpenContext, width: int) -> None:
    page = browser(width=width).pages[0]
    page.goto(server + "/results")
    for chart in page.locator("svg[role=img]").all():
        assert "звонк" in (chart.get_attribute("aria-label") or "").lower()
        box = chart.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        boxes = chart.evaluate("""svg => [...svg.querySelectorAll('text')]
            .filter(text => getComputedStyle(text).display !== 'none')
            .map(text => { const box = text.getBoundingClientRect(); return [box.left, box.right]; })""")
        assert all(one[1] < other[0] for one, other in pairwise(boxes)), boxes
        assert chart.evaluate("svg => getComputedStyle(svg.querySelector('text')).fontSize") == "12px"
    page.get_by_text("Таблицей").last.click()
    page.locator("#main .figures").last.get_by_role("link").first.wait_for()


def test_no_page_of_results_is_wider_than_the_window(server: str, browser: OpenContext) -> None:
    page = browser().pages[0]
    for path in (
        "/results",
        "/results?q=nobody",
        f"/results/phone?number={LONG}",
        "/results/phone?q=8916",
        "/results/again",
        "/results/again?result=busy&result=unknown",
        "/results?day=2020-01-01",
    ):
        page.goto(server + path)
        assert_fits(page, path)


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_those_not_reached_are_called_again_by_the_service(
    server: str, service: None, office: Path, browser: OpenContext, script: bool
) -> None:
    page = browser(script=script).pages[0]
    page.goto(server + "/results")
    before = len(list((office / "target").iterdir()))
    expect = page.get_by_role
    expect("link", name="Обзвонить тех, до кого не дозвонились").click()
    page.get_by_role("heading", name="Позвонить снова: кому?").wait_for()
    wanted, who = ("не дозвонились", "Иванов И. И.") if script else ("неизвестно", "Сидоров")
    for label in page.locator(".kinds label").all():
        label.locator("input").set_checked(wanted in label.inner_text())
    expect("button", name="Дальше").click()
    page.get_by_text("Можно снова позвонить на 1 номер").wait_for()
    assert page.get_by_text(who).count() == 1
    for tick in page.get_by_label("Да, звонить в").all():  # at night
        tick.check()
    expect("button", name="Позвонить на 1 номер сейчас").click()
    page.get_by_text("Обзвон начат").wait_for()
    until(lambda: len(list((office / "target").iterdir())) > before, "a call is handed over")


def test_those_not_reached_become_the_list_and_the_old_one_comes_back(
    server: str, office: Path, browser: OpenContext
) -> None:
    page = browser().pages[0]
    page.goto(server + "/results/again?result=busy")
    page.get_by_role("button", name="Оставить в списке только этот 1 номер").click()
    page.get_by_text("Теперь в списке 1 номер").wait_for()
    assert [row["0"] for row in json.loads((office / "todo.json").read_text()).values()] == [LONG]
    page.locator("#told").get_by_role("button", name="Отменить").click()
    page.get_by_text("Номеров в списке: 4").wait_for()
    assert len(json.loads((office / "todo.json").read_text())) == 4
