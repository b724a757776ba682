"""Every text of the pages is there in Russian, and the compiled catalogue is that of the text."""

import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

import web
from tests.support.sentences import catalogue_entries

PACKAGE = Path(web.__file__).parent
FOLDER = PACKAGE / "translations" / "ru" / "LC_MESSAGES"
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
RENEW = """To renew the catalogue, beside README.md:
    pybabel extract -F web/babel.cfg --project=obzvon --no-location --sort-output -k N_ -o /tmp/web.pot web
    pybabel update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -i /tmp/web.pot -d web/translations
    (put the missing translations into web/translations/ru/LC_MESSAGES/messages.po)
    pybabel compile -d web/translations"""


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as stream:
        return read_po(stream, locale="ru", abort_invalid=True)


def said() -> set[str | tuple[str, ...]]:
    found = extract_from_dir(PACKAGE, [("**.py", "python"), ("**/templates/**.html", "jinja2")], keywords=KEYWORDS)
    return {one[2] for one in found}


def test_every_text_has_its_russian_in_every_form_and_none_is_superfluous(catalogue: Catalog) -> None:
    ready = {
        entry.id
        for entry in catalogue
        if entry.id and all([entry.string] if isinstance(entry.string, str) else entry.string or [""])
    }
    assert said() == ready, RENEW
    assert not [entry.id for entry in catalogue if entry.id and entry.fuzzy]


def test_a_translation_has_the_places_of_its_original(catalogue: Catalog) -> None:
    for entry in catalogue:
        assert not list(entry.check(catalogue)), entry.id


def test_the_compiled_catalogue_is_that_of_the_text(catalogue: Catalog) -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    with (FOLDER / "messages.mo").open("rb") as stream:
        assert catalogue_entries(read_mo(stream)) == catalogue_entries(read_mo(compiled)), RENEW
