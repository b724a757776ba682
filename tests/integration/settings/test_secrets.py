"""Where the journal is, as settings.ini says it."""

import contextlib
from pathlib import Path

import pytest

from obzvon.journal.database import Database, JournalUnavailableError
from obzvon.settings.secrets import mask_password, parse_journal_url
from obzvon.settings.values import InvalidValueError
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


@pytest.mark.parametrize("password", ["hush-hush", "hush:hush", "hush/hush", "hush;hush", "hush'hush", "hush\\hush"])
@pytest.mark.parametrize(
    "written",
    [
        "postgresql+psycopg://obzvon%3A{}@base/obzvon",
        "postgresql+psycopg://obzvon/{}@base/obzvon",
        "postgresql+psycopg://obzvon;{}@base/obzvon",
        "postgresql+psycopg://obzvon {}@base/obzvon",
        "postgresql+psycopg://obzvon:hush@{}",
        "postgresql+psycopg://base/obzvon?pwd={}",
        "postgresql+psycopg://base/obzvon?options=-c%20x%3D{}",
        "postgresql+psycopg://base/obzvon#{}",
        "sqlite:///obzvon:{}@base",
        "obzvon://{}@base/obzvon",
        "Driver={{PostgreSQL}};Server=base;Uid=obzvon;Pwd={};",
        "host=base password='{}' dbname=obzvon",
        "psql -h base -W '{}'",
        "PGPASSWORD={} base",
        "//obzvon:{}@base",
    ],
)
def test_no_shape_of_an_address_shows_any_part_of_a_password(tmp_path: Path, written: str, password: str) -> None:
    url = written.format(password)
    if url == "postgresql+psycopg://obzvon:hush@hush/hush":  # nothing shows that the server is part of a password
        return
    assert "hush" not in mask_password(url)
    with contextlib.suppress(InvalidValueError):
        parse_journal_url(url)
        return  # as it stands it is an address, of another password
    assert "hush" not in problems(tmp_path, f"[Journal]\nurl = {url}\n")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://obzvon@base:5432/obzvon",
        "postgresql+psycopg://obzvon:***@[::1]:5432/obzvon?sslmode=require&connect_timeout=5",
        "postgresql+psycopg:///obzvon?host=/run/postgresql",
        "sqlite:////var/lib/obzvon/journal.db",
    ],
)
def test_what_is_no_password_is_shown(url: str) -> None:
    assert mask_password(url) == url


@pytest.mark.parametrize("section", ["[Calls]", "", "[AMI", "[Day]"])
@pytest.mark.parametrize(
    "line",
    ["password hush", "amisecret hush", "pwd  hush", "postgresql+psycopg//obzvon:hush@base", "my pwd hush = x"],
)
def test_a_line_in_the_wrong_place_shows_no_password(tmp_path: Path, section: str, line: str) -> None:
    assert "hush" not in problems(tmp_path, f"{section}\n{line}\n")


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
