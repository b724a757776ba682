"""The settings in force as people read them."""

from pathlib import Path

import pytest

from obzvon.settings.effective import EffectiveValue, effective_values
from obzvon.settings.keys import KEYS
from obzvon.settings.model import load_settings


def of(folder: Path, text: str = "") -> dict[tuple[str, str], EffectiveValue]:
    file = folder / "settings.ini"
    file.write_text(text)
    return {(one.section, one.name): one for one in effective_values(load_settings(file, {"TZ": "UTC"}))}


def test_every_key_is_there_with_its_meaning(tmp_path: Path) -> None:
    found = of(tmp_path)
    assert list(found) == [(key.section, key.name) for key in KEYS]
    for one in found.values():
        assert str(one.value)
        assert str(one.meaning)
        assert one.meaning.in_language("ru") != one.meaning.in_language("en")
        assert not one.written


@pytest.mark.parametrize(
    ("line", "section", "key", "value"),
    [
        ("timeout = 0,5", "CreateCallFiles", "timeout", "0.5"),
        ("timeout = 10", "CreateCallFiles", "timeout", "10"),
        ("latest = 21:00", "Day", "latest", "21:00"),
        ("late_start = 90m", "Day", "late_start", "1:30"),
        ("time_zone = Europe/Moscow", "Day", "time_zone", "Europe/Moscow"),
        ("foreign = да", "Numbers", "foreign", "yes"),
        ("foreign = by kz, +881", "Numbers", "foreign", "+881, BY, KZ"),
        ("mode = 660", "Spool", "mode", "0660"),
        ("owner = root", "Spool", "owner", "root:root"),
        ("owner = 12345:54321", "Spool", "owner", "12345:54321"),
        ("archive = on", "CodeCalls", "archive", "yes"),
        ("caller_id =", "CodeCalls", "caller_id", "not set"),
        ("start = 24.01.2022", "CreateCallFiles", "start", "2022-01-24"),
        ("port = 8081", "Web", "port", "8081"),
        ("dir_store = /srv/store", "Dirs", "dir_store", "/srv/store"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_is_shown_as_it_holds_and_that_the_file_sets_it(
    tmp_path: Path, line: str, section: str, key: str, value: str
) -> None:
    found = of(tmp_path, f"[{section}]\n{line}\n")
    assert str(found[section, key].value) == value
    assert [name for name, one in found.items() if one.written] == [(section, key)]


def test_a_key_without_a_value_has_its_default_and_is_not_set(tmp_path: Path) -> None:
    found = of(tmp_path, "[Day]\nlatest =\n")
    assert str(found["Day", "latest"].value) == "not set"
    assert not found["Day", "latest"].written


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://anna:geheim@host/base",
        "postgresql+psycopg://host/base?password=geheim&sslmode=require",
    ],
)
def test_no_password_is_shown(tmp_path: Path, url: str) -> None:
    text = str(list(of(tmp_path, f"[Journal]\nurl = {url}\n").values()))
    assert "geheim" not in text
    assert "host/base" in text
