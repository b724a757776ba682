"""Every page of the editor in every state that looks different."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from tests.browser.offices import Editor, change_settings
from tests.support.chromium import PASSWORD, listens
from tests.support.made_up_people import workbook

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page

REMEMBERED = "Кто\tСвязь\tЕщё\nСомов\t89165550011\t84955550011\nЩукин\t89165550012\t84955550012"
ASKED = (
    "ФИО\tТелефон\tДомашний\tСтатус\tДоб.\tПримечание\n"
    "Сомов Иван\t8 916 555-00-01\t8 495 111-11-11\tработает\t\tночной рейс\n"
    "Щукин Пётр\t8 917 000-00-42\t\tработает\t5\t\n"
    "Карпов Олег\t8 916 555-00-03 доб. 12\t\tуволен\t\tпросил не звонить\n"
    "Ершов Лев\t#Н/Д\t\tв отпуске\t\tжена 8 916 555-00-09\nЯзев Юрий\t8916\t\tработает\t\t"
)
_PAUSE_UNTIL = "#bulk [formaction$='/pause-until']"
PASTED = "8 916 000-00-03\tДругое имя\n8 916 555-00-01\tНовый\n7,9E+10\tПотерянный\n8916\tКороткий"


class Sight(msgspec.Struct, frozen=True):
    """A page in a state: its template, its address, the actions on it, the user, and the working folder."""

    name: str
    template: str
    path: str
    act: Callable[..., object] | None = None
    user: str = "борис"
    office: str = "running"


def _send(page: "Page", selector: str) -> None:
    """Send a form with that button, also with values that the browser would refuse."""
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true; })")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator(selector).first.click()
    page.wait_for_load_state()
    page.wait_for_timeout(150)  # until htmx has swapped the answer in


def _fill(button: str, **fields: str) -> Callable[..., None]:
    """Return an action that fills in fields by their ids and sends them."""

    def act(page: "Page", _editor: Editor) -> None:
        for name, text in fields.items():
            page.locator(f"#{name.replace('_', '-')}").fill(text)
        _send(page, button)

    return act


def _stale(form: str, button: str, **fields: str) -> Callable[..., None]:
    """Return the same action on a page that is older than another user's change."""

    def act(page: "Page", editor: Editor) -> None:
        page.evaluate(f"document.querySelector(`{form} [name=revision]`).value = 'old'")
        _fill(button, **fields)(page, editor)

    return act


def _pause_all(page: "Page", _editor: Editor) -> None:
    page.locator("#bulk input[name=scope]").check()
    _send(page, "#bulk [formaction$='/pause']")


def _select_two(page: "Page", _editor: Editor) -> None:
    for box in page.locator("input[form=bulk][name=key]").all()[:2]:
        box.check()


def _with_two(*buttons: str) -> Callable[..., None]:
    def act(page: "Page", editor: Editor) -> None:
        _select_two(page, editor)
        for button in buttons:
            _send(page, button)

    return act


def _outdated(field: str, value: str, button: str) -> Callable[..., None]:
    """Return an action that sends a form as an older page would."""

    def act(page: "Page", _editor: Editor) -> None:
        page.evaluate(f"document.querySelectorAll('[name={field}]').forEach(one => {{ one.value = '{value}'; }})")
        _send(page, button)

    return act


_changed_since = _outdated("revision", "old", "button[name=whom]")
_stale_selection = _outdated("digest", "old", "form[action$='/again/start'] button")


def _imported(*then: Callable[..., object], text: str = PASTED) -> Callable[..., None]:
    def act(page: "Page", editor: Editor) -> None:
        _paste(page, text)
        page.locator(".waiting").wait_for(state="detached")
        for action in then:
            action(page, editor)
            page.locator(".waiting").wait_for(state="detached")

    return act


def _paste(page: "Page", text: str = PASTED) -> None:
    page.locator("#pasted").fill(text)
    _send(page, "form:has(#pasted) button[type=submit]")


def _unfold(page: "Page", _editor: Editor) -> None:
    for summary in page.locator("main details:not(.menu) > summary").all():
        summary.click()


def _replace(page: "Page", _editor: Editor) -> None:
    listens(page)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("#mode-replace").check()
    page.locator(".v-gone").wait_for()


def _take(page: "Page", _editor: Editor) -> None:
    _send(page, "[formaction$='/take']")


def _ignore_last_column(page: "Page", _editor: Editor) -> None:
    listens(page)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("#role-2").select_option("")
    page.locator("#role-2.chosen").wait_for(state="detached")


def _take_and_import_again(page: "Page", editor: Editor) -> None:
    _take(page, editor)
    page.goto(f"{editor.address}/phones/import")
    _paste(page, REMEMBERED)
    page.locator("[name=judge-again]").wait_for()


def _sheets(page: "Page", _editor: Editor) -> None:
    towns = [
        (name, [["ФИО", "Телефон"], ["Сомов", f"8916555002{place}"]]) for place, name in enumerate(("Москва", "Тверь"))
    ]
    file: FilePayload = {"name": "towns.xlsx", "mimeType": "application/octet-stream", "buffer": workbook(*towns)}
    page.locator("#file").set_input_files(files=[file])
    _send(page, "form:has(#file) button[type=submit]")
    page.locator("#sheet").wait_for()


def _upload(name: str, content: bytes) -> Callable[..., None]:
    """Return an action that sends a file."""

    def act(page: "Page", _editor: Editor) -> None:
        file: FilePayload = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
        page.locator("#file").set_input_files(files=[file])
        _send(page, "form:has(#file) button[type=submit]")

    return act


def _held(page: "Page", editor: Editor) -> None:
    editor.hold_imports()
    _paste(page)


def _choose_busy(page: "Page", _editor: Editor) -> None:
    page.locator("form[action$='/again'] button[type=submit]").click()
    page.wait_for_url("**result=**")


def _new_password(page: "Page", editor: Editor) -> None:
    # After the change nothing is served for the old password; a real browser has the style sheet already.
    page.route(
        "**/static/**",
        lambda route: route.fulfill(path=TEMPLATES.parent / urlsplit(route.request.url).path.lstrip("/")),
    )
    _fill("form.narrow button", pw_present=PASSWORD, pw_new="battery staple", pw_again="battery staple")(page, editor)


def _send_with(button: str) -> Callable[..., None]:
    return lambda page, _editor: _send(page, button)


def _open_menu(page: "Page", _editor: Editor) -> None:
    page.locator("details.menu > summary").click()


def _time_less(page: "Page", _editor: Editor) -> None:
    page.locator("#on-6").check()
    page.locator("#at-6").fill("")
    _send(page, "button[form=week]")


def _new_role(page: "Page", _editor: Editor) -> None:
    page.locator("tr.editing input[value=viewer]").check()
    _send(page, "tr.editing button:not([formaction])")


SIGHTS = [
    # the list
    Sight("numbers", "phones.html", "/phones"),
    Sight("numbers-menu", "phones.html", "/phones", _open_menu),
    Sight("numbers-selected", "phones.html", "/phones?only=trouble", _select_two),
    Sight("numbers-edit", "phones.html", "/phones?edit=1"),
    Sight(
        "numbers-edit-wrong", "phones.html", "/phones?edit=1", _fill("#editing button", row_number="12", row_code="x")
    ),
    Sight("numbers-add", "phones.html", "/phones?add=1"),
    Sight(
        "numbers-add-wrong",
        "phones.html",
        "/phones?add=1",
        _fill("form[action$='/add'] button", new_number="12345", new_code="context 22"),
    ),
    Sight("numbers-none-found", "phones.html", "/phones?q=nobody"),
    Sight("numbers-saved", "phones.html", "/phones?edit=2", _fill("#editing button", row_name="Новый"), office="idle"),
    Sight("numbers-overwritten", "phones.html", "/phones", office="overwritten"),
    Sight("numbers-viewer", "phones.html", "/phones", user="вера"),
    Sight("numbers-empty", "phones.html", "/phones", office="new"),
    Sight("numbers-empty-viewer", "phones.html", "/phones", user="вера", office="new"),
    Sight("numbers-broken", "broken.html", "/phones", office="broken"),
    Sight("numbers-missing", "broken.html", "/phones", office="missing"),
    Sight("numbers-delete", "phones_confirm.html", "/phones", _with_two("#bulk [formaction$='/delete']")),
    Sight("numbers-pause-all", "phones_confirm.html", "/phones", _pause_all, office="idle"),
    Sight("numbers-pause-until", "phones_pause_until.html", "/phones", _with_two(_PAUSE_UNTIL)),
    Sight("numbers-pause-until-refused", "phones_pause_until.html", "/phones", _with_two(_PAUSE_UNTIL, "[name=sure]")),
    Sight("numbers-conflict", "conflict.html", "/phones?edit=1", _stale("#editing", "#editing button", row_name="Моё")),
    # import
    Sight("import", "import.html", "/phones/import"),
    Sight(
        "import-nothing-chosen", "import.html", "/phones/import", _send_with("form:has(#pasted) button[type=submit]")
    ),
    Sight("import-look", "import_look.html", "/phones/import", _imported(_unfold)),
    Sight("import-asked", "import_look.html", "/phones/import", _imported(_unfold, text=ASKED)),
    Sight("import-open", "import_look.html", "/phones/import", _imported(_take, text=ASKED)),
    Sight("import-columns", "import_look.html", "/phones/import", _imported(text="Иванов\tводитель\nПетров\tсклад")),
    Sight("import-replace-look", "import_look.html", "/phones/import", _imported(_replace)),
    Sight("import-replace", "import_replace.html", "/phones/import", _imported(_replace, _take)),
    Sight(
        "import-remembered",
        "import_look.html",
        "/phones/import",
        _imported(_ignore_last_column, _take_and_import_again, text=REMEMBERED),
        office="idle",
    ),
    Sight("import-left", "import_look.html", "/phones/import", _imported(_take), office="idle"),
    Sight(
        "import-drafts",
        "import.html",
        "/phones/import",
        _imported(lambda page, editor: page.goto(f"{editor.address}/phones/import")),
    ),
    Sight("import-sheets", "import_look.html", "/phones/import", _sheets),
    Sight("import-unreadable", "import_error.html", "/phones/import", _upload("drivers.xlsx", b"PK\3\4 no workbook")),
    Sight("import-waits", "import_wait.html", "/phones/import", _held, office="late"),
    # the week
    Sight("week", "schedule.html", "/week"),
    Sight("week-wrong", "schedule.html", "/week", _time_less),
    Sight("week-viewer", "schedule.html", "/week", user="вера"),
    Sight("week-new", "schedule.html", "/week", office="new"),
    Sight("week-saved", "schedule.html", "/week", _fill("button[form=week]", at_1="10:30"), office="night"),
    Sight("week-conflict", "schedule_conflict.html", "/week", _stale("#week", "button[form=week]", at_1="10:30")),
    Sight("week-broken", "schedule_broken.html", "/week", office="broken"),
    Sight("week-missing", "schedule_broken.html", "/week", office="missing"),
    # the messages
    Sight("messages", "messages.html", "/messages"),
    Sight("messages-viewer", "messages.html", "/messages", user="вера"),
    Sight("messages-none", "messages.html", "/messages", office="new"),
    Sight("messages-wrong", "messages.html", "/messages", _upload("голос.wav", b"PK\3\4")),
    Sight("messages-unspoken", "messages.html", "/messages", _fill("form[action$='/speak'] button", text="…")),
    Sight("message", "message.html", "/messages/1"),
    Sight("message-chosen", "message.html", "/messages/2"),
    Sight("message-wrong", "message.html", "/messages/1", _fill("form[action$='/rename'] button", name=" ")),
    Sight("message-delete", "confirm.html", "/messages/1", _send_with("form[action$='/delete'] button")),
    # the run
    Sight("run", "run.html", "/run"),
    Sight("run-viewer", "run.html", "/run", user="вера"),
    Sight("run-paused", "run.html", "/run", office="paused"),
    Sight("run-held", "run.html", "/run", office="held"),
    Sight("run-held-night", "run.html", "/run", office="held at night"),
    Sight("run-calling", "run.html", "/run", office="calling"),
    Sight("run-idle", "run.html", "/run", office="idle"),
    Sight("run-new", "run.html", "/run", office="new"),
    Sight(
        "run-test-wrong",
        "run.html",
        "/run",
        _fill("form[action$='/call'] button", test_number="12", test_code="x"),
        office="idle",
    ),
    Sight(
        "run-test-night",
        "run.html",
        "/run",
        _fill("form[action$='/call'] button", test_number="8 916 111-11-11"),
        office="night",
    ),
    Sight("run-broken", "run_broken.html", "/run/start", office="broken"),
    Sight("start", "run_start.html", "/run/start", office="idle"),
    Sight("start-overtaken", "run_start.html", "/run/start", _changed_since, office="idle"),
    Sight("run-waiting", "run.html", "/run", office="waiting"),
    Sight("run-waiting-viewer", "run.html", "/run", user="вера", office="waiting"),
    Sight("week-waiting", "schedule.html", "/week", office="waiting"),
    Sight("start-waiting", "run_start.html", "/run/start", office="waiting"),
    Sight("run-foreign", "run.html", "/run", office="foreign"),
    Sight("run-foreign-unlisted", "run.html", "/run", office="unlisted"),
    Sight("run-foreign-viewer", "run.html", "/run", user="вера", office="foreign"),
    Sight("run-clock", "run.html", "/run", office="set back"),
    Sight("run-clock-night", "run.html", "/run", office="set back at night"),
    Sight("run-clock-viewer", "run.html", "/run", user="вера", office="set back"),
    Sight("start-elsewhere", "run_start.html", "/run/start", office="elsewhere"),
    Sight("start-night", "run_start.html", "/run/start", office="night"),
    Sight("start-night-unticked", "run_start.html", "/run/start", _send_with("button[name=whom]"), office="night"),
    Sight("start-late", "run_start.html", "/run/start", office="late"),
    Sight("start-nobody", "run_start.html", "/run/start", office="new"),
    Sight("start-while-running", "run.html", "/run/start"),
    Sight("stop", "run_stop.html", "/run/stop"),
    Sight("stop-overtaken", "run_stop.html", "/run/stop", _outdated("run", "1", "form[action$='/stop'] button")),
    Sight("stop-take-back", "run_stop.html", "/run/stop", office="idle"),
    # the results
    Sight("results", "results.html", "/results"),
    Sight("results-unfolded", "results.html", "/results", _unfold, office="idle"),
    Sight("results-searched", "results.html", "/results?q=8916"),
    Sight("results-none-found", "results.html", "/results?q=nobody"),
    Sight("results-free-day", "results.html", "/results?day=2026-11-22"),
    Sight("results-none-yet", "results_none.html", "/results", office="new"),
    Sight("results-phone", "results_phone.html", "/results/phone?number=89160000001"),
    Sight("results-phone-search", "results_phone.html", "/results/phone?q=8916"),
    Sight("results-phone-unknown", "results_phone.html", "/results/phone?q=nobody"),
    Sight("again", "results_again.html", "/results/again"),
    Sight("again-nobody", "results_again.html", "/results/again?day=2026-11-22"),
    Sight("again-confirm", "results_confirm.html", "/results/again", _choose_busy, office="idle"),
    Sight("again-confirm-running", "results_confirm.html", "/results/again?result=unknown"),
    Sight("again-confirm-night", "results_confirm.html", "/results/again?result=unknown&result=busy", office="night"),
    Sight("again-overtaken", "results_confirm.html", "/results/again?result=unknown", _stale_selection, office="idle"),
    Sight("again-viewer", "results_confirm.html", "/results/again?result=unknown", user="вера"),
    # the check and the first steps
    Sight("check", "checkup.html", "/check", _unfold),
    Sight("check-well", "checkup.html", "/check", office="idle"),
    Sight("check-silent", "checkup.html", "/check", office="paused"),
    Sight("check-new", "checkup.html", "/check", office="new"),
    Sight("first-steps", "first_steps.html", "/first-steps", office="new"),
    Sight("first-steps-done", "first_steps.html", "/first-steps", office="idle"),
    # who did what, and who may
    Sight("changes", "changes.html", "/changes"),
    Sight("changes-none", "changes.html", "/changes", user="вера", office="new"),
    Sight("versions", "versions.html", "/versions/phones", office="edited"),
    Sight("versions-none", "versions.html", "/versions/schedule", office="new"),
    Sight("version", "version.html", "/versions/phones/1", office="edited"),
    Sight("version-viewer", "version.html", "/versions/phones/1", user="вера", office="edited"),
    Sight("management", "administration.html", "/management"),
    Sight("management-edit", "administration.html", "/management?edit=анна"),
    Sight("management-add", "administration.html", "/management?add=1"),
    Sight(
        "management-add-wrong",
        "administration.html",
        "/management?add=1",
        _fill("form[action$='/add'] button", new_name="олег х"),
    ),
    Sight(
        "management-added", "password.html", "/management?add=1", _fill("form[action$='/add'] button", new_name="олег")
    ),
    Sight("management-remove", "confirm.html", "/management?edit=анна", _send_with("[formaction$='/remove']")),
    Sight("management-role", "confirm.html", "/management?edit=анна", _new_role),
    Sight("settings", "settings.html", "/management/settings"),
    Sight("settings-changed", "settings.html", "/management/settings", change_settings),
    Sight("own-password", "own_password.html", "/password"),
    Sight(
        "own-password-wrong",
        "own_password.html",
        "/password",
        _fill("form.narrow button", pw_present="wrong", pw_new="short", pw_again="other"),
    ),
    Sight("own-password-changed", "own_password_changed.html", "/password", _new_password, user="вера", office="late"),
    Sight("guide", "guide.html", "/help", user="вера"),
    # what went wrong
    Sight("error-400", "error.html", "/week", _outdated("token", "old", "button[form=week]")),
    Sight("error-401", "error_outside.html", "/phones", user="никто"),
    Sight("error-403", "error.html", "/management", user="вера"),
    Sight("error-404", "error.html", "/nowhere"),
    Sight("error-405", "error.html", "/phones/add"),
    Sight("error-429", "error_outside.html", "/phones", office="locked"),
]

UNSEEN = {
    "run.live": "the parts of the run page: they are checked in it",
    "imports.progress": "the bar of the waiting page: it is checked in it",
}
"""Answers that are HTML but not pages."""

TEMPLATES = Path(__file__).parents[2] / "web/templates"
