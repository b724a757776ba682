"""Where the journal is, as settings.ini says it."""

from pathlib import Path

import pytest

from obzvon.journal.database import Database, JournalUnavailableError
from obzvon.settings.secrets import mask_password
from tests.support.settings_text import load_text, problems


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://obzvon:hush-hush@base/obzvon",
        "postgresql+psycopg://obzvon:hush-hush/%40x@base/obzvon",
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
    "written",
    [
        "postgresql+psycopg://obzvon:hush@hush@base/obzvon",
        "postgresql+psycopg://obzvon:hush/hush?hush@base/obzvon",
        "postgresql+psycopg://obzvon:hush-hush/obzvon",
        "postgresql+psycopg://obzvon:hush-hush ; the rest is lost",
        "postgresql+psycopg://base/obzvon?password=hush&hush",
        "postgresql+psycopg://base/obzvon?password=hush@hush",
        "postgresql+psycopg://base/obzvon?password=hush#hush",
        "postgresql://obzvon:hush-hush@base/obzvon",
        "postgresql+psycopg:/obzvon:hush-hush@base/obzvon",
        "obzvon:hush-hush@base/obzvon",
        "host=base user=obzvon password=hush-hush",
        "host=base password=hush://hush",
    ],
)
def test_an_address_that_would_be_read_otherwise_is_refused_without_its_password(tmp_path: Path, written: str) -> None:
    found = problems(tmp_path, f"[Journal]\nurl = {written}\n")
    assert "[Journal] url" in found
    assert "hush" not in found


@pytest.mark.parametrize(
    "line",
    ["secret hush-hush", "hush-hush", "secret hush=hush", "aHVzaA==hush", "pass hush-hush", "user = obzvon:hush-hush"],
)
def test_a_bad_line_of_the_manager_interface_is_not_repeated(tmp_path: Path, line: str) -> None:
    found = problems(tmp_path, f"[AMI]\nhost = base\n{line}\n")
    assert "INI:3" in found
    assert "hush" not in found


@pytest.mark.parametrize("key", ["password", "sslpassword"])
def test_a_journal_that_cannot_be_opened_is_named_without_its_passwords(key: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(JournalUnavailableError) as refused:
        Database(f"postgresql+psycopg://obzvon:hush@127.0.0.1:1/obzvon?{key}=hush%26hush")
    assert "127.0.0.1:1/obzvon" in str(refused.value)
    assert "hush" not in str(refused.value)
    assert "hush" not in mask_password(f"postgresql+psycopg://obzvon:hush@hush@base/obzvon?{key}=hush&hush")


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
