"""Lists as dispatchers have them, imported on the page: it accounts for every number of the file."""

import html
import re
from collections import Counter

import pytest

from obzvon.settings.model import Settings
from tests.support.awkward_lists import awkward_lists
from tests.support.dispatchers_lists import dispatchers_lists
from tests.support.editor import Browser, rows, write
from tests.support.exported_lists import exported_lists
from tests.support.import_pages import asked, post, ready, send, ticked
from tests.support.made_up_people import DispatchersList
from tests.support.odd_lists import odd_lists
from tests.support.profile import thinned

LISTS = [*dispatchers_lists(), *awkward_lists(), *exported_lists(), *odd_lists()]
#: What a dispatcher answers; words are answered by what they say.
ANSWERS = {
    "answer-further": "all",
    "answer-file-codes": "both",
    "answer-other-code": "keep",
    "answer-remarks": "paused",
}


def answers(text: str) -> dict[str, str]:
    """The answers to the questions of the page."""
    found = {name: ANSWERS[name] for name in asked(text) if name in ANSWERS}
    for key, legend in re.findall(r'id="ask-(word-[\w-]+)"><legend>(.*?)</legend>', text, re.DOTALL):
        found[f"answer-{key}"] = "paused" if re.match("“(уволен|нет|no)”", html.unescape(legend)) else "called"
    return found


def named_numbers(text: str) -> int:
    """How many numbers the page says it does not take."""
    counts = re.findall(r'v-(?:untaken|refused)"><details><summary><span class="num much">(\d+)<', text)
    sheets = re.findall(r"with (\d+) phone numbers?; the sheet is not taken", text)
    return sum(map(int, [*counts, *sheets]))


@pytest.mark.parametrize("made", thinned(LISTS, 16), ids=lambda made: made.origin)
def test_a_list_is_imported_as_the_page_says(made: DispatchersList, operator: Browser, settings: Settings) -> None:
    write(settings, {})
    address = send(operator, made.data, made.file)
    page = ready(operator, address)
    assert page.status_code == 200, page.text
    named = named_numbers(page.text)
    if chosen := answers(page.text):
        page = post(operator, address, page.text, **chosen)
    post(operator, address, page.text, "/take", **ticked(page.text))
    listed = list(rows(settings).values())
    numbers = {row["0"] for row in listed}
    assert numbers <= made.numbers
    assert len(made.numbers - numbers) + made.wrong == named
    assert {row["0"]: row["1"] for row in listed if row["1"]} == {one: code for one, code in made.codes.items() if code}
    assert {row["0"] for row in listed if row.get("paused")} == made.paused
    assert [number for number, count in Counter(row["0"] for row in listed).items() if count > 1] == []
