"""The dispatcher's guide in the editor."""

import re

from tests.support.editor import Browser
from tests.support.paths import ROOT
from web.guide import guide_folder

TEXT = (ROOT / "docs" / "ru" / "guide" / "index.md").read_text(encoding="utf-8")


def test_everybody_who_may_log_in_reads_the_whole_guide(viewer: Browser) -> None:
    page = viewer.get("/help")
    assert page.status_code == 200
    for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE):
        assert heading in page.text
    assert page.text.count("<h1") == 1
    assert "<table>" in page.text


def test_its_contents_lead_to_its_sections(viewer: Browser) -> None:
    page = viewer.get("/help").text
    links = re.findall(r'href="#(part-\d+)"', page)
    assert len(links) == len(re.findall(r"^## ", TEXT, re.MULTILINE))
    assert all(f'<h2 id="{link}">' in page for link in links)


def test_its_pictures_are_shown_from_here(viewer: Browser) -> None:
    sources = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', viewer.get("/help").text)
    assert len(sources) == TEXT.count("](images/")
    for source, description in sources:
        assert description
        picture = viewer.get(source)
        assert picture.mimetype == "image/png"
        assert picture.data == (guide_folder() / "images" / source.rpartition("/")[2]).read_bytes()


def test_nothing_else_can_be_read_through_the_address_of_a_picture(viewer: Browser) -> None:
    for name in ("nothing", "..%2Findex", "../index"):
        assert viewer.get(f"/help/images/{name}.png").status_code in (404, 400)


def test_every_page_has_a_link_to_it(viewer: Browser) -> None:
    viewer.client.set_cookie("language", "ru")
    assert '<a class="help" href="/help">Справка</a>' in viewer.get("/phones").text
