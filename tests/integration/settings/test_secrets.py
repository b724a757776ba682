"""Where the journal is, as settings.ini says it."""

from pathlib import Path

import pytest

from tests.support.settings_text import load_text, problems


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://obzvon:hush-hush@base/obzvon",
        "postgresql+psycopg://obzvon:hush-hush/@x@base/obzvon",
        "postgresql+psycopg://base/obzvon?user=obzvon&password=hush-hush&sslmode=require",
    ],
)
def test_the_password_of_the_journal_is_never_shown(tmp_path: Path, url: str) -> None:
    settings = load_text(tmp_path, f"[Journal]\nurl = {url}\n")
    assert settings.journal.reveal() == url
    for shown in (repr(settings), str(settings.journal), f"{settings.journal}", f"{settings.journal!r}"):
        assert "hush" not in shown
    for broken in (url.replace("psycopg", "mysql"), url.replace("base", "ba se"), url.replace("base", "ba\x7fse")):
        assert "hush" not in problems(tmp_path, f"[Journal]\nurl = {broken}\n")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("calls.db", "calls.db"),
        ("sqlite:///calls.db", "calls.db"),
        ("sqlite:////var/lib/calls.db", "/var/lib/calls.db"),
        ("data\\calls.db", "data/calls.db"),
    ],
)
def test_a_sqlite_journal_lies_beside_the_settings(tmp_path: Path, url: str, path: str) -> None:
    settings = load_text(tmp_path, f"[Journal]\nurl = {url}\n")
    assert settings.journal.path == tmp_path / path
    assert settings.journal.reveal() == f"sqlite:///{tmp_path / path}"
