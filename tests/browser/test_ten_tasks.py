"""Ten tasks of a dispatcher at 23:50, in a window and on a phone: how many clicks, and is all that is needed in sight?

OBZVON_STEPS=FOLDER keeps a picture of each step.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from obzvon.checks.context import good
from obzvon.common.i18n import say
from tests.support.chromium import Chromium, comes_true, users_text
from tests.support.editor_with_service import Office
from tests.support.ports import free_port
from tests.support.workshop import at, end_call
from web.server import listen, serving

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator

pytestmark = pytest.mark.browser

LATE = at("23:50:00")
SURNAMES = ("Иванов", "Петрова", "Сидоров", "Кузнецова", "Смирнов")
PEOPLE = {
    str(n): {"0": f"8916{n:07}", "1": "", "name": f"{SURNAMES[n % 5]} {'АБВГДЕЖЗИК'[n // 5 % 10]}. {n}"}
    for n in range(292)
}
PASTED = "Горшков Пётр\t8 917 000-00-01\nЛапина Анна\t8 917 000-00-02, 8 917 000-00-03\nРыбаков\t8917"
ANSWERS = ("Completed", "Expired", "Failed")

#: Says where an element is if it is not in the window, or if another one covers its middle.
_OUT_OF_SIGHT = """one => { const box = one.getBoundingClientRect();
    const seen = box.width > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth;
    const top = seen && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return top && (one.contains(top) || top.contains(one)) ? "" : JSON.stringify(box); }"""
_IDLE = "document.readyState === 'complete' && !document.querySelector('.htmx-request, .htmx-swapping, .waiting')"
_AS_WIDE_AS_THE_WINDOW = "document.documentElement.scrollWidth <= innerWidth"


class Dispatcher:
    """A person at the pages, who counts clicks and looks at each step."""

    def __init__(self, context: "BrowserContext", office: Office, width: int) -> None:
        self.page = context.pages[0]
        self.office = office
        self.narrow = width < 768
        self.address = f"http://127.0.0.1:{office.workshop.settings.web.port}"
        self.clicks = 0
        self.steps = 0
        self.pictures = Path(os.environ["OBZVON_STEPS"]) / str(width) if "OBZVON_STEPS" in os.environ else None

    def click(self, what: "Locator") -> None:
        """Click, and wait for the page that it leads to."""
        what.click()
        self.clicks += 1
        comes_true(self.page, _IDLE)

    def press(self, name: str) -> None:
        """Click a button by its name."""
        self.click(self.page.get_by_role("button", name=name).first)

    def open(self, page: str) -> None:
        """Choose a page of the menu."""
        if self.narrow:
            self.click(self.page.get_by_text("Меню", exact=True))
        self.click(self.page.locator("#pages a:visible", has_text=page).first)
        self.page.get_by_role("heading", name=page, exact=True).wait_for()

    def sees(self, *these: "Locator | str") -> None:
        """Assert that they are in the window without scrolling, uncovered, and that the page is as wide as that."""
        for what in these:
            shown = self.page.locator("main :not(.visually-hidden, .visually-hidden *), #told *")
            found = self.page.get_by_text(what).and_(shown).first if isinstance(what, str) else what
            found.wait_for()
            assert found.evaluate(_OUT_OF_SIGHT) == "", what
        assert self.page.evaluate(_AS_WIDE_AS_THE_WINDOW)
        self.steps += 1
        if self.pictures:
            self.pictures.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=self.pictures / f"{self.steps:02}.png")


def log_in(one: Dispatcher) -> None:
    one.page.goto(one.address)
    one.sees(one.page.get_by_role("heading", name="Номера"), "Обзваниваются 292 номера", one.page.locator("#q"))


def add_a_number(one: Dispatcher) -> None:
    one.click(one.page.get_by_role("link", name="Добавить номер"))
    one.sees(one.page.locator("#new-number:focus"), one.page.locator("#new-name"))
    one.page.keyboard.type("8 916 000 00 07")
    one.press("Добавить")
    one.sees("Пока не сохранено", one.page.locator("#new-number-hint"))
    one.page.locator("#new-number").fill("+7 (917) 123-45-67")
    one.page.locator("#new-name").fill("Новиков Пётр")
    one.press("Добавить")
    one.sees("Добавлено: 8", one.page.locator("#told").get_by_role("button", name="Отменить"))


def import_and_fix(one: Dispatcher) -> None:
    one.click(one.page.get_by_role("link", name="Импорт"))
    one.page.locator("#pasted").fill(PASTED)
    one.click(one.page.locator("form:has(#pasted) button[type=submit]"))
    one.page.get_by_text("Нужен ваш ответ").wait_for()
    one.click(one.page.get_by_text("Звонить на все номера"))
    field = one.page.locator(".corrections input[inputmode=tel]").first
    field.fill("8 917 000-00-04")
    one.press("Проверить")
    one.click(one.page.locator("[formaction$='/take']").last)
    one.sees("Импортированы 4 новых номера", one.page.locator("#told").get_by_role("button", name="Отменить"))


def pause_one(one: Dispatcher) -> None:
    one.open("Номера")
    one.page.locator("#q").fill("кузнецова в. 13")
    comes_true(one.page, "document.querySelectorAll('#found tbody tr').length == 1")
    one.click(one.page.get_by_label("Поставить на паузу 89160000013"))
    one.sees("Поставлен на паузу 1 номер", "на паузе", one.page.locator("#told").get_by_role("button", name="Отменить"))


def set_the_week_and_holidays(one: Dispatcher) -> None:
    one.open("Расписание")
    one.sees(one.page.get_by_role("heading", name="Следующий обзвон"))
    for day in ("Суббота", "Воскресенье"):
        one.click(one.page.get_by_label(f"{day}: звонить"))
    one.click(one.page.locator("input[name=off]:not(:disabled)").first)
    one.page.locator("#at-1").fill("10:30")
    one.press("Сохранить расписание")
    one.sees("Расписание сохранено", one.page.locator("#told .told").last)


def start_and_watch(one: Dispatcher) -> None:
    one.open("Обзвон")
    one.sees("Обзвон сейчас не идёт", one.page.locator("#run-start"))
    one.click(one.page.locator("#run-start"))
    one.sees("Начать обзвон сейчас?", "В этот час людям обычно не звонят", one.page.locator("button[name=whom]"))
    one.press("Позвонить на")
    one.sees("Обзвон не начат", one.page.locator("#night"), one.page.locator("button[name=whom]"))
    assert not list(one.office.workshop.spool_folder.iterdir())
    one.click(one.page.locator("#night"))
    one.press("Позвонить на")
    one.sees("Обзвон начат", "Обзвон идёт", one.page.locator(".run-bar"), one.page.locator("#run-hold"))
    one.office.works(60)
    for place, file in enumerate(sorted(one.office.workshop.spool_folder.iterdir())):
        end_call(file, ANSWERS[place % 3], done=one.office.workshop.done_folder)
    one.office.works(10)
    comes_true(one.page, "document.querySelector('.run-bar').value > 0")
    one.sees("Обзвон идёт", one.page.locator("#run-stop"))


def pause_continue_and_stop(one: Dispatcher) -> None:
    one.click(one.page.locator("#run-hold"))
    one.sees("Обзвон на паузе", one.page.locator("#hold-night"), one.page.locator("#run-hold"))
    one.press("Продолжить")
    one.sees("обзвон всё ещё на паузе", "Обзвон на паузе", one.page.locator("#hold-night"))
    one.click(one.page.locator("#hold-night"))
    one.press("Продолжить")
    one.sees("Обзвон идёт", "Обзвон продолжается", one.page.locator("#run-hold"))
    one.click(one.page.locator("#run-stop"))
    one.sees("Остановить обзвон?", one.page.get_by_role("link", name="Пусть идёт"))
    one.press("Остановить и снять")
    one.sees("Обзвон сейчас не идёт", "Обзвон остановлен", one.page.locator("#run-start"))


def ask_why_somebody_was_not_called(one: Dispatcher) -> None:
    one.open("Итоги")
    one.sees(one.page.locator("#who"), "Чем закончилось")
    one.page.locator("#who").fill("Кузнецова В. 13")
    one.press("Найти")
    one.sees(one.page.locator("h1"), "пропущено", "на паузе")


def call_again(one: Dispatcher) -> None:
    one.open("Итоги")
    again = one.page.get_by_role("link", name="Обзвонить тех, до кого не дозвонились")
    one.sees(again)
    one.click(again)
    one.sees("Позвонить снова: кому?", one.page.get_by_role("button", name="Дальше"))
    one.press("Дальше")
    one.sees("Можно снова позвонить на 26 номеров")
    one.click(one.page.locator("#night"))
    one.press("Позвонить на 26 номеров сейчас")
    one.sees("Обзвон идёт", "Обзвон начат: 26 звонков", one.page.locator("#run-stop"), one.page.locator(".run-bar"))


def undo_the_deletion_of_58(one: Dispatcher) -> None:
    one.open("Номера")
    one.page.locator("#q").fill("смирнов")
    comes_true(one.page, "document.querySelectorAll('#found tbody tr').length == 58")
    one.click(one.page.locator("#all"))
    one.sees("Выбрано: 58", one.page.locator("#bulk [formaction$='/delete']"))
    one.click(one.page.locator("#bulk [formaction$='/delete']"))
    one.sees("Удалить 58 номеров?", one.page.get_by_role("button", name="Удалить 58 номеров"))
    one.press("Удалить 58 номеров")
    undo = one.page.locator("#told").get_by_role("button", name="Отменить")
    one.sees("Удалены 58 номеров", undo)
    one.click(undo)
    one.sees("Отменено: удалено 58 номеров", one.page.locator("#told").get_by_role("button", name="Повторить"))


#: Each with its clicks in a window; in a narrow one each choice in the menu is one more.
TASKS: tuple[tuple[Callable[[Dispatcher], None], int], ...] = (
    (log_in, 0),
    (add_a_number, 3),
    (import_and_fix, 5),
    (pause_one, 2),
    (set_the_week_and_holidays, 5),
    (start_and_watch, 5),
    (pause_continue_and_stop, 6),
    (ask_why_somebody_was_not_called, 2),
    (call_again, 5),
    (undo_the_deletion_of_58, 5),
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    port = free_port()
    made = Office(tmp_path, users_text(), port=port, bundle=10, timeout=20)
    made.now, yesterday = LATE, LATE - timedelta(days=1)
    made.workshop.write_list(PEOPLE)
    journal = made.opens().journal
    journal.runs.begin("20260104-week", yesterday.date(), "week", [], at=yesterday, state="done")
    journal.runs.begin("20260105-week", LATE.date(), "week", [], at=LATE - timedelta(hours=9), state="done")
    journal.findings.replace([good("", say("Asterisk is running"))], at=LATE)
    try:
        with serving(listen(made.app, made.workshop.settings.web)):
            yield made
    finally:
        made.ends()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_dispatcher_does_ten_tasks_at_night(
    office: Office, chromium: Chromium, width: int, record_property: Callable[[str, object], None]
) -> None:
    clicks: dict[str, int] = {}
    with chromium.context(width=width, reduced_motion="reduce") as context:
        one = Dispatcher(context, office, width)
        for task, _ in TASKS:
            before = one.clicks
            task(one)
            clicks[task.__name__] = one.clicks - before
    record_property("clicks", clicks)
    print(width, "clicks:", clicks)
    menus = {"pause_one", "set_the_week_and_holidays", "start_and_watch", "ask_why_somebody_was_not_called"}
    menus |= {"call_again", "undo_the_deletion_of_58"}
    assert clicks == {task.__name__: n + (width < 768 and task.__name__ in menus) for task, n in TASKS}
