"""The documentation as a site: built strictly, in both languages, with a search, and without the network."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import pages

pytest.importorskip("sphinx", reason="the extra `docs` is not installed")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; anything that Sphinx warns of is an error."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [pages.DOCS / "build", folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHON": sys.executable},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_page_is_in_the_site_and_leads_to_the_other_language(site: Path, language: str) -> None:
    other = "ru" if language == "en" else "en"
    for name in pages.names(language):
        text = (site / language / f"{name}.html").read_text(encoding="utf-8")
        links = re.findall(r'href="([^"#]+\.html)" hreflang', text)
        assert links, name
        target = ((site / language / f"{name}.html").parent / links[0]).resolve()
        assert target == (site / other / f"{name}.html").resolve()
        assert target.is_file()


def test_the_search_finds_russian_words_in_their_other_forms(site: Path) -> None:
    index = (site / "ru" / "searchindex.js").read_text(encoding="utf-8")
    terms = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))["terms"]
    assert "обзвон" in terms
    assert "обзвона" not in terms


def test_nothing_is_fetched_from_the_network(site: Path) -> None:
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r'<(script|link|img)[^>]+(src|href)="(https?:)?//', text), file
    for file in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", file.read_text(encoding="utf-8")), file
