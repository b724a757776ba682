"""settings.ini: the first users' file, every key, and the commented file for a new folder."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from obzvon.common.errors import UserError
from obzvon.common.i18n import LANGUAGES
from obzvon.domain.calls import CallForm
from obzvon.settings.ami import AmiSettings
from obzvon.settings.keys import KEYS
from obzvon.settings.model import Settings, default_settings_file, settings_template
from obzvon.settings.secrets import JournalUrl, Secret
from obzvon.settings.web import WebSettings
from tests.support.paths import ROOT, SUPPORT
from tests.support.settings_text import load_text
from tests.support.system_users import as_user, root

FIRST_USERS = SUPPORT / "first_users"


@pytest.mark.parametrize("name", ["settings.ini", "settings-windows-1251.ini"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_the_first_users_file_works_unchanged(tmp_path: Path, name: str, bom: bytes) -> None:
    data = (FIRST_USERS / name).read_bytes()
    if bom and "1251" in name:
        data = data.decode("cp1251").encode()
    settings = load_text(tmp_path, bom + data)
    assert settings.source == tmp_path
    assert (settings.store, settings.target, settings.logs) == (
        tmp_path / "store",
        tmp_path / "target",
        tmp_path / "log",
    )
    assert (settings.phones, settings.schedule) == (tmp_path / "todo.json", tmp_path / "schedule.json")
    assert (settings.bundle, settings.timeout) == (2, 10)
    assert (settings.former_status, settings.former_start) == ("Off", date(2022, 1, 24))
    assert settings.ordinary == CallForm("avtoobzvon", "", 0, 60, 300, "play", 1, archive=False)
    assert settings.coded == CallForm("avtoobzvon-ivr", "6122103", 0, 60, 300, "play", 1, archive=False)
    [note] = settings.notes
    assert "[Dirs] dir_source" in note.where
    assert "Windows" in str(note)


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "")
    file = tmp_path / "settings.ini"
    assert settings == Settings(
        file=file,
        source=tmp_path,
        store=tmp_path / "store",
        target=tmp_path / "target",
        logs=tmp_path / "log",
        phones=tmp_path / "todo.json",
        schedule=tmp_path / "schedule.json",
        messages=tmp_path / "messages",
        journal=JournalUrl(f"sqlite:///{tmp_path}/journal.db"),
        zone=ZoneInfo("Europe/Moscow"),
        web=WebSettings(users=tmp_path / "users.json"),
    )
    assert settings.journal.path == tmp_path / "journal.db"


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = load_text(
        tmp_path,
        """
[DIRS]
DIR_SOURCE: /srv/www     ; the page
dir_store = /var/spool/asterisk/store
dir_target = /var/spool/asterisk/outgoing
dir_logs = /var/log/obzvon
file_phones = phones.json
file_sch = week.json
[createcallfiles]
Status = working
Start = 24.01.2022
Bundle = 100000
Timeout = 0,5
[Calls]
context = out.1
caller_id = "Обзвон" <6122103>
max_retries = 1
retry_time = 30
wait_time = 45
extension = s
priority = 2
archive = Да
[CodeCalls]
caller_id =
[Day]
time_zone = Asia/Yekaterinburg
late_start = 1h 30m
latest = 21:00
[Numbers]
region = kz
foreign = yes
premium = on
internal = [1-7][0-9]{2}
[Spool]
owner = 12345:54321
mode = 660
pid_file = run/asterisk.pid
[Journal]
url = postgresql+psycopg://obzvon:s%cret;@base/obzvon
[AMI]
host = pbx.office
port = 15039
user = calls
secret = hush-hush
tls = yes
tls_ca = keys\\ca.pem
trunk = PJSIP/mytrunk
[Log]
level = debug
keep_days = 0
language = RU
[Web]
host = ::1
port = 80
users = access\\users.json
plain_http = yes
proxy = 10.0.0.1
""",
    )
    assert settings.target == Path("/var/spool/asterisk/outgoing")
    assert settings.schedule == Path("/srv/www/week.json")
    assert (settings.former_status, settings.former_start) == ("Working", date(2022, 1, 24))
    assert (settings.bundle, settings.timeout) == (100_000, 0.5)
    assert settings.ordinary == CallForm("out.1", '"Обзвон" <6122103>', 1, 30, 45, "s", 2, archive=True)
    assert settings.coded == CallForm("avtoobzvon-ivr", "")
    assert settings.zone == ZoneInfo("Asia/Yekaterinburg")
    assert (settings.late_start, settings.latest) == (timedelta(minutes=90), time(21, 0))
    assert (settings.region, settings.foreign, settings.premium) == ("KZ", True, True)
    assert settings.internal == "[1-7][0-9]{2}"
    assert (settings.owner, settings.mode) == ((12345, 54321), 0o660)
    assert settings.pid_file == tmp_path / "run" / "asterisk.pid"
    assert settings.journal.reveal() == "postgresql+psycopg://obzvon:s%cret;@base/obzvon"
    assert settings.ami == AmiSettings(
        "pbx.office",
        15039,
        "calls",
        Secret("hush-hush"),
        tls=True,
        tls_ca=tmp_path / "keys" / "ca.pem",
        trunk="PJSIP/mytrunk",
    )
    assert (settings.log_level, settings.keep_days, settings.language) == ("DEBUG", 0, "ru")
    assert settings.web == WebSettings("::1", 80, tmp_path / "access" / "users.json", plain_http=True, proxy="10.0.0.1")


def test_the_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_settings_file({"OBZVON_SETTINGS": "/srv/one.ini"}, tmp_path) == Path("/srv/one.ini")
    (tmp_path / "settings.ini").touch()
    assert default_settings_file({}, tmp_path) == tmp_path / "settings.ini"
    monkeypatch.chdir(tmp_path)
    assert default_settings_file({}) == tmp_path / "settings.ini"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can walk into, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="obzvon-settings-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_settings_here_that_cannot_be_read_are_passed_over_for_those_of_the_system(open_folder: Path) -> None:
    """As with `runuser -u asterisk -- obzvon` in /root: the file cannot be read, or not even its folder."""
    system_wide, unreadable, hidden = open_folder / "etc.ini", open_folder / "unreadable", open_folder / "hidden"
    for folder in (unreadable, hidden):
        folder.mkdir()
        (folder / "settings.ini").touch(mode=0o600)
    hidden.chmod(0o700)
    system_wide.touch(mode=0o644)
    os.seteuid(65534)
    try:
        for folder in (unreadable, hidden):
            assert default_settings_file({}, folder, system_wide) == system_wide
            assert default_settings_file({}, folder, open_folder / "none.ini") == folder / "settings.ini"
        assert default_settings_file({}, open_folder, open_folder / "none.ini") == open_folder / "settings.ini"
    finally:
        os.seteuid(0)


@root
def test_settings_here_of_another_user_are_used_only_if_they_are_named(open_folder: Path) -> None:
    file, elsewhere = open_folder / "settings.ini", open_folder / "elsewhere.ini"
    for path in (file, elsewhere):
        path.touch()
        os.chown(path, 4002, 4002)
    with pytest.raises(UserError, match="belongs to the user 4002, and is used only if it is named"):
        default_settings_file({}, open_folder, elsewhere)
    assert default_settings_file({"OBZVON_SETTINGS": str(file)}, open_folder) == file
    assert default_settings_file({"SUDO_UID": "4002"}, open_folder) == file

    def find() -> None:
        default_settings_file({"SUDO_UID": "4002"}, open_folder)

    assert as_user(4002, 4002, find) == 0
    assert as_user(4001, 4001, find) != 0
    file.unlink()
    file.symlink_to(elsewhere)
    with pytest.raises(UserError, match="4002"):
        default_settings_file({}, open_folder)
    os.chown(file, 0, 0, follow_symlinks=False)
    os.chown(elsewhere, 0, 0)
    assert default_settings_file({}, open_folder) == file


def test_a_folder_that_has_been_deleted_is_passed_over_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone, system_wide = tmp_path / "gone", tmp_path / "settings.ini"
    gone.mkdir()
    system_wide.touch()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert default_settings_file({}, None, system_wide) == system_wide


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_is_exactly_the_defaults(tmp_path: Path, language: str) -> None:
    template = settings_template(language)

    def read(text: str) -> Settings:
        return msgspec.structs.replace(load_text(tmp_path, text), written=frozenset())

    plain = read("")
    assert read(template) == plain
    uncommented = re.sub(r"^;(\w+ =)", r"\1", template, flags=re.MULTILINE)
    assert uncommented != template
    assert read(uncommented) == plain


def test_the_templates_differ_in_their_comments_alone() -> None:
    texts = {language: settings_template(language) for language in LANGUAGES}
    russian, english = (
        [line for line in texts[language].split("\n") if not line.startswith("; ")] for language in ("ru", "en")
    )
    assert russian == english
    assert texts["ru"] != texts["en"]
    assert texts["en"].isascii()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_has_every_key_and_a_comment_before_it(language: str) -> None:
    section, found, commented = "", set(), False
    for line in settings_template(language).split("\n"):
        if line.startswith("["):
            section, commented = line.strip("[]"), False
        elif line.startswith("; "):
            commented = True
        elif key := re.match(r";?(\w+) =", line):
            assert commented, line
            found.add((section, key[1]))
        else:
            assert not line, line
    assert found == {(key.section, key.name) for key in KEYS}


def test_the_template_takes_values(tmp_path: Path) -> None:
    text = settings_template(
        "ru", dir_target="/var/spool/asterisk/outgoing", time_zone="Europe/Moscow", dir_logs="a\\1b"
    )
    settings = load_text(tmp_path, text)
    assert settings.target == Path("/var/spool/asterisk/outgoing")
    assert "\ntime_zone = Europe/Moscow\n" in text
    assert "\ndir_logs = a\\1b\n" in text
    with pytest.raises(ValueError, match="2 keys context"):
        settings_template("en", context="x")


def test_settings_do_not_change_under_anybodys_hands(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "")
    with pytest.raises(AttributeError):
        settings.bundle = 5  # type: ignore[misc]
    assert os.fspath(settings.file) == str(tmp_path / "settings.ini")


def test_the_reference_explains_every_key_of_the_editor_in_its_order() -> None:
    reference = (ROOT / "docs" / "en" / "reference" / "settings.md").read_text(encoding="utf-8")
    section = reference.partition("## [Web]")[2].partition("\n#")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [key.name for key in KEYS if key.section == "Web"]
