"""settings.ini: the first users' file, every key, and every way to get it wrong."""

import contextlib
import os
import re
from datetime import UTC, date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obzvon.campaign import CallForm
from obzvon.errors import UserError
from obzvon.settings import JournalUrl, Settings, Web, load, search_path, template
from obzvon.settings_ami import Ami, Secret
from obzvon.settings_keys import KEYS, machine_zone

FIRST_USERS = Path(__file__).parent / "first_users"
MOSCOW = {"TZ": "Europe/Moscow"}


def load_text(folder: Path, text: str | bytes) -> Settings:
    file = folder / "settings.ini"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(file, MOSCOW)


def problems(folder: Path, text: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        load_text(folder, text)
    return str(caught.value).replace(str(folder / "settings.ini"), "INI")


@pytest.mark.parametrize("name", ["settings.ini", "settings-windows-1251.ini"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_the_first_users_file_works_unchanged(tmp_path: Path, name: str, bom: bytes) -> None:
    data = (FIRST_USERS / name).read_bytes()
    if bom and "1251" in name:
        data = data.decode("cp1251").encode()
    settings = load_text(tmp_path, bom + data)
    assert settings.source == tmp_path
    assert (settings.store, settings.target, settings.logs) == (
        tmp_path / "store", tmp_path / "target", tmp_path / "log")
    assert (settings.phones, settings.schedule) == (tmp_path / "todo.json", tmp_path / "schedule.json")
    assert (settings.bundle, settings.timeout) == (2, 10)
    assert (settings.former_status, settings.former_start) == ("Off", date(2022, 1, 24))
    assert settings.ordinary == CallForm("avtoobzvon", "", 0, 60, 300, "play", 1, archive=False)
    assert settings.coded == CallForm("avtoobzvon-ivr", "6122103", 0, 60, 300, "play", 1, archive=False)
    [note] = settings.notes
    assert "[Dirs] dir_source" in note.where
    assert "Windows" in str(note)


def test_a_folder_that_has_the_windows_path_for_its_name_is_taken_as_the_old_script_took_it(tmp_path: Path) -> None:
    literal = tmp_path / "Z:\\home\\localhost\\www\\"
    literal.mkdir()
    settings = load_text(tmp_path, (FIRST_USERS / "settings.ini").read_bytes())
    assert settings.source == literal
    assert settings.phones == literal / "todo.json"
    assert not settings.notes


def test_the_separators_of_a_relative_windows_path_are_turned(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "[Dirs]\ndir_source = .\\www\\data\nfile_phones = lists\\todo.json\n")
    assert settings.phones == tmp_path / "www" / "data" / "lists" / "todo.json"


@pytest.mark.parametrize("path", ["C:\\asterisk\\outgoing", "d:/calls", "\\\\server\\calls"])
@pytest.mark.parametrize("key", ["dir_store", "dir_target", "dir_logs"])
def test_only_the_documents_folder_may_be_a_drive_that_is_not_here(tmp_path: Path, key: str, path: str) -> None:
    assert f"INI:2 [Dirs] {key}: {path} is a folder of a Windows machine" in problems(
        tmp_path, f"[Dirs]\n{key} = {path}\n")


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "")
    file = tmp_path / "settings.ini"
    assert settings == Settings(
        file=file, source=tmp_path, store=tmp_path / "store", target=tmp_path / "target", logs=tmp_path / "log",
        phones=tmp_path / "todo.json", schedule=tmp_path / "schedule.json",
        journal=JournalUrl(f"sqlite:///{tmp_path}/journal.db"), zone=ZoneInfo("Europe/Moscow"),
        web=Web(users=tmp_path / "users.json"))
    assert settings.journal.path == tmp_path / "journal.db"


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = load_text(tmp_path, """
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
""")
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
    assert settings.ami == Ami("pbx.office", 15039, "calls", Secret("hush-hush"), tls=True,
                               tls_ca=tmp_path / "keys" / "ca.pem", trunk="PJSIP/mytrunk")
    assert (settings.log_level, settings.keep_days, settings.language) == ("DEBUG", 0, "ru")
    assert settings.web == Web("::1", 80, tmp_path / "access" / "users.json", plain_http=True, proxy="10.0.0.1")


def test_every_problem_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert problems(tmp_path, """[Dirs]
dir_sorce = www
bundle = 3
no sense
[CreateCallFiles]
bundle = 0
timeout = soon
bundle = 3
[Call]
context = x
[Calls]
context = avto obzvon
[Dirs]
""").split("\n") == [
        "INI:2 [Dirs] dir_sorce: there is no such key in this section",
        "    → is dir_source meant?",
        "INI:3 [Dirs] bundle: there is no such key in this section",
        "    → move it to [CreateCallFiles]",
        "INI:4: neither a [section] nor a key = value: no sense",
        "    → write it as key = value, or put ; before a comment",
        "INI:6 [CreateCallFiles] bundle: 0 is not right here",
        "    → write a whole number from 1 to 100000",
        "INI:7 [CreateCallFiles] timeout: soon is no number of seconds",
        "    → write a number of seconds from 0 to 86400, for example 10",
        "INI:8 [CreateCallFiles] bundle: it is written already in line 6",
        "    → leave one of them",
        "INI:9 [Call]: there is no such section",
        "    → is [Calls] meant?",
        "INI:12 [Calls] context: avto obzvon cannot stand in a call file here",
        "    → use Latin letters, digits, and the signs _ . - only, 79 at most",
        "INI:13 [Dirs]: this section stands already in line 1",
        "    → join the two",
    ]


@pytest.mark.parametrize(("section", "line"), [
    ("CreateCallFiles", "bundle = 100001"), ("CreateCallFiles", "bundle = ٣"), ("CreateCallFiles", "bundle = -1"),
    ("CreateCallFiles", "timeout = -1"), ("CreateCallFiles", "timeout = nan"), ("CreateCallFiles", "timeout = inf"),
    ("Pace", "pacing = fast"), ("Pace", "calls_per_second = 0"), ("Pace", "calls_per_second = 1001"),
    ("Pace", "lines = 0"), ("Rounds", "busy = 2"), ("Rounds", "busy = 2 x 25h"), ("Rounds", "busy = x 5m"),
    ("Pace", "pacing = adaptive"), ("Pace", "reserve = 5\nlines = 5"),
    ("CreateCallFiles", "timeout = 1_0"), ("CreateCallFiles", "status = Broken"),
    ("CreateCallFiles", "start = 2022-13-01"), ("Calls", "context = a\tb"), ("Calls", "context = контекст"),
    ("Calls", "context = " + "c" * 80), ("Calls", "extension = play,1"), ("Calls", "caller_id = 1;2"),
    ("Calls", "caller_id = 1#2"), ("Calls", "caller_id = 1\x7f2"), ("Calls", "caller_id = " + "ж" * 496),
    ("Calls", "max_retries = many"), ("Calls", "retry_time = 0"), ("Calls", "wait_time = 1.5"),
    ("Calls", "priority = 0"), ("Calls", "archive = maybe"), ("Day", "time_zone = Moscow"),
    ("Day", "time_zone = ../etc/passwd"), ("Day", "time_zone = Europe"), ("Day", "late_start = 120"),
    ("Day", "late_start = 25h"), ("Day", "late_start = soon"), ("Day", "late_start = 1:60"), ("Day", "latest = 24:00"),
    ("Day", "latest = 9"), ("Numbers", "region = ZZ"), ("Numbers", "region = Russia"), ("Numbers", "foreign = perhaps"),
    ("Numbers", "internal = [1-"), ("Spool", "owner = no-such-user-here"), ("Spool", "owner = root:no-such-group-here"),
    ("Spool", "owner = a b"), ("Spool", "owner = " + "9" * 32),
    ("Spool", "owner = root:" + "9" * 3900), ("Spool", "owner = root:"), ("Spool", "mode = 0440"),
    ("Spool", "mode = 0666"),
    ("Spool", "mode = 0750"), ("Spool", "mode = rw"), ("Spool", "mode = 0o888"), ("Journal", "url = sqlite://"),
    ("Journal", "url = sqlite:///:memory:"), ("Journal", "url = mysql://base/obzvon"), ("Log", "level = LOUD"),
    ("AMI", "host = http://pbx"), ("AMI", "port = 0"), ("AMI", "user = a b"), ("AMI", "secret = пароль"),
    ("AMI", "secret = " + "x" * 201), ("AMI", "tls = maybe"), ("AMI", "tls_fingerprint = 8F:5A"),
    ("AMI", "trunk = mytrunk"), ("AMI", "trunk = PJSIP/my trunk"), ("AMI", "group = a@b@c"),
    ("Log", "keep_days = -1"), ("Log", "language = fr"),
])
def test_a_wrong_value_is_one_problem_with_its_place_and_what_is_right(tmp_path: Path, section: str, line: str) -> None:
    key = line.partition(" =")[0]
    told = problems(tmp_path, f"[{section}]\n{line}\n")
    assert told.startswith(f"INI:2 [{section}] {key}: ")
    assert len(told.split("\n")) == 2
    assert "\n    → " in told


@pytest.mark.parametrize(("text", "span"), [
    ("", None), ("0", timedelta()), ("2:00", timedelta(hours=2)), ("90m", timedelta(minutes=90)),
    ("4h", timedelta(hours=4)), ("4ч", timedelta(hours=4)), ("30 мин", timedelta(minutes=30)),
    ("24h", timedelta(days=1)), ("0:00", timedelta()),
])
def test_late_start_is_a_length_of_time(tmp_path: Path, text: str, span: timedelta | None) -> None:
    assert load_text(tmp_path, f"[Day]\nlate_start = {text}\n").late_start == span


@pytest.mark.parametrize(("dirs", "where", "what"), [
    ("dir_store = target", "INI:2 [Dirs] dir_store", "the same folder as dir_target"),
    ("dir_store = target/store", "INI:2 [Dirs] dir_store", "lies in the other"),
    ("dir_target = store/out", "INI [Dirs] dir_store", "lies in the other"),
    ("dir_target = .", "INI [Dirs] dir_store", "lies in the other"),
    ("dir_source = target", "INI:2 [Dirs] dir_source", "the same folder as dir_target"),
    ("dir_logs = store", "INI:2 [Dirs] dir_logs", "the same folder as dir_store"),
    ("file_phones = target/todo.json", "INI:2 [Dirs] file_phones", "Asterisk takes every file"),
    ("file_phones = schedule.json", "INI [Dirs] file_sch", "the same file"),
    ("[Journal]\nurl = target/journal.db", "INI:3 [Journal] url", "Asterisk takes every file"),
])
def test_folders_that_would_mix_are_refused(tmp_path: Path, dirs: str, where: str, what: str) -> None:
    told = problems(tmp_path, f"[Dirs]\n{dirs}\n")
    assert where in told
    assert what in told


def test_a_link_to_the_spool_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "target")
    assert "the same folder as dir_target" in problems(tmp_path, "")


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\x00\x00", b"a\x00b", "[Dirs]".encode("utf-16"), b"\x98\x98",
                                  b"; x\n" * 400_000])
def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    assert problems(tmp_path, data).split("\n")[0] == "INI: it is no text file"


def test_a_file_of_garbage_is_told_in_a_few_lines(tmp_path: Path) -> None:
    told = problems(tmp_path, "garbage\n" * 1000)
    assert "990 more such lines" in told
    assert told.count("\n") < 30


def test_a_line_without_end_is_not_repeated_to_the_reader(tmp_path: Path) -> None:
    for line in ("[Calls]\ncontext = " + "x" * 5000, "[" + "x" * 5000 + "]", "x" * 5000):
        assert len(problems(tmp_path, line)) < 200
    assert "Windows" in problems(tmp_path, "[Dirs]\ndir_store = C:\\" + "x" * 300)


def test_a_key_before_the_first_section_is_a_problem(tmp_path: Path) -> None:
    assert "INI:1: bundle stands before the first [section]" in problems(tmp_path, "bundle = 2\n")


def test_a_file_that_we_may_not_read_sends_us_to_the_services_user(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UserError, match="runuser -u asterisk"):
        load(tmp_path / "settings.ini")


def test_a_missing_file_and_a_folder_are_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        load(tmp_path / "none.ini")
    with pytest.raises(UserError, match="it is a folder"):
        load(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot be read"):
        load(tmp_path / "loop")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with contextlib.suppress(UserError):
        load_text(tmp_path_factory.mktemp("ini"), data)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["[Dirs]", "[Day]", "[calls]", "[", "]", "=", ":", ";", "context", "latest = 1",
                                 "bundle", " ", "\t", "\r", "\n", "{", "}", "{n}", "%", "%(x)s", "\\"])))
def test_no_text_makes_a_traceback(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("ini")
    told = ""
    try:
        load_text(folder, "".join(parts))
    except UserError as error:
        told = str(error)
    assert "Traceback" not in told


@pytest.mark.parametrize("url", [
    "postgresql+psycopg://obzvon:hush-hush@base/obzvon", "postgresql+psycopg://obzvon:hush-hush/@x@base/obzvon",
    "postgresql+psycopg://base/obzvon?user=obzvon&password=hush-hush&sslmode=require",
])
def test_the_password_of_the_journal_is_never_shown(tmp_path: Path, url: str) -> None:
    settings = load_text(tmp_path, f"[Journal]\nurl = {url}\n")
    assert settings.journal.reveal() == url
    for shown in (repr(settings), str(settings.journal), f"{settings.journal}", f"{settings.journal!r}"):
        assert "hush" not in shown
    for broken in (url.replace("psycopg", "mysql"), url.replace("base", "ba se"), url.replace("base", "ba\x7fse")):
        assert "hush" not in problems(tmp_path, f"[Journal]\nurl = {broken}\n")


ON = "[AMI]\nhost = 127.0.0.1\nsecret = hush-hush\n"


def test_without_a_host_there_is_no_ami_and_nothing_of_it_matters(tmp_path: Path) -> None:
    assert not load_text(tmp_path, "[AMI]\ntrunk = PJSIP/a\ngroup = b\n").ami
    assert load_text(tmp_path, ON).ami == Ami("127.0.0.1", 5038, "obzvon", Secret("hush-hush"))


def test_encrypted_ami_has_a_port_of_its_own(tmp_path: Path) -> None:
    assert load_text(tmp_path, f"{ON}tls = yes\n").ami.port == 5039
    assert load_text(tmp_path, f"{ON}tls = yes\nport = 5038\n").ami.port == 5038


@pytest.mark.parametrize("written", ["AB:" * 31 + "AB", "ab" * 32, "sha256 Fingerprint=" + "AB:" * 31 + "AB"])
def test_a_fingerprint_is_taken_as_openssl_prints_it(tmp_path: Path, written: str) -> None:
    assert load_text(tmp_path, f"{ON}tls = yes\ntls_fingerprint = {written}\n").ami.tls_fingerprint == "ab" * 32


@pytest.mark.parametrize(("text", "where", "what"), [
    ("[AMI]\nhost = pbx\n", "INI [AMI] secret", "there is no secret"),
    (f"{ON}trunk = PJSIP/a\ngroup = b\n", "INI:5 [AMI] group", "only one of them"),
    (f"{ON}tls = yes\ntls_ca = a\ntls_fingerprint = {'ab' * 32}\n", "INI:6 [AMI] tls_fingerprint", "only one of them"),
    (f"{ON}tls_ca = a\n", "INI [AMI] tls", "would not be encrypted"),
])
def test_what_of_ami_does_not_fit_together_is_told(tmp_path: Path, text: str, where: str, what: str) -> None:
    told = problems(tmp_path, text)
    assert told.startswith(where)
    assert what in told
    assert "hush" not in told


def test_the_secret_of_ami_is_never_shown(tmp_path: Path) -> None:
    settings = load_text(tmp_path, ON)
    assert settings.ami.secret.reveal() == "hush-hush"
    for shown in (repr(settings), str(settings.ami), f"{settings.ami.secret}", f"{settings.ami.secret!r}"):
        assert "hush" not in shown
    for line in ("secret = hush-hush-жжж", "secret hush-hush", "secrte = hush-hush", "secret = " + "hush" * 100):
        told = problems(tmp_path, f"[AMI]\n{line}\n")
        assert "hush" not in told
        assert told.count("INI:2") == 1


@pytest.mark.parametrize(("url", "path"), [
    ("calls.db", "calls.db"), ("sqlite:///calls.db", "calls.db"), ("sqlite:////var/lib/calls.db", "/var/lib/calls.db"),
    ("data\\calls.db", "data/calls.db"),
])
def test_a_sqlite_journal_lies_beside_the_settings(tmp_path: Path, url: str, path: str) -> None:
    settings = load_text(tmp_path, f"[Journal]\nurl = {url}\n")
    assert settings.journal.path == tmp_path / path
    assert settings.journal.reveal() == f"sqlite:///{tmp_path / path}"


def test_the_pid_file_is_looked_for_only_where_asterisk_has_its_own_folders(tmp_path: Path) -> None:
    assert load_text(tmp_path, "").pid_file is None
    spool = "[Dirs]\ndir_target = /var/spool/asterisk/outgoing\ndir_store = /var/spool/asterisk/store\n"
    assert load_text(tmp_path, spool).pid_file == Path("/var/run/asterisk/asterisk.pid")


def test_an_owner_by_name_has_his_own_group(tmp_path: Path) -> None:
    assert load_text(tmp_path, "[Spool]\nowner = root\n").owner == (0, 0)
    assert load_text(tmp_path, "[Spool]\nowner = 0\n").owner == (0, 0)
    assert load_text(tmp_path, "[Spool]\nowner = 4294967000\n").owner == (4294967000, -1)


def test_the_machines_zone_is_found_where_the_machine_tells_it(tmp_path: Path) -> None:
    assert machine_zone({}, tmp_path) is None
    (tmp_path / "timezone").write_text("Asia/Omsk\n")
    assert machine_zone({}, tmp_path) == ZoneInfo("Asia/Omsk")
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Tomsk")
    assert machine_zone({}, tmp_path) == ZoneInfo("Asia/Tomsk")
    assert machine_zone({"TZ": ":Asia/Chita"}, tmp_path) == ZoneInfo("Asia/Chita")
    assert machine_zone({"TZ": "no such zone"}, tmp_path) == ZoneInfo("Asia/Tomsk")


def test_a_machine_without_a_zone_gets_utc_and_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obzvon.settings.machine_zone", lambda _: None)
    settings = load_text(tmp_path, "")
    assert settings.zone is UTC
    assert "time_zone" in str(settings.notes[0])


def test_the_search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_path({"OBZVON_SETTINGS": "/srv/one.ini"}, tmp_path) == Path("/srv/one.ini")
    (tmp_path / "settings.ini").touch()
    assert search_path({}, tmp_path) == tmp_path / "settings.ini"
    monkeypatch.chdir(tmp_path)
    assert search_path({}) == tmp_path / "settings.ini"


def test_the_template_is_exactly_the_defaults(tmp_path: Path) -> None:
    def read(text: str) -> Settings:
        return msgspec.structs.replace(load_text(tmp_path, text), written=frozenset())

    plain = read("")
    assert read(template()) == plain
    uncommented = re.sub(r"^;(\w+ =)", r"\1", template(), flags=re.MULTILINE)
    assert uncommented != template()
    assert read(uncommented) == plain


def test_the_template_has_every_key_and_a_comment_before_it() -> None:
    section, found, commented = "", set(), False
    for line in template().split("\n"):
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


def test_the_readme_explains_every_key_of_the_editor() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    section = readme.partition("### [Web]")[2].partition("\n#")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [key.name for key in KEYS if key.section == "Web"]


def test_the_template_takes_values(tmp_path: Path) -> None:
    text = template(dir_target="/var/spool/asterisk/outgoing", time_zone="Europe/Moscow", dir_logs="a\\1b")
    settings = load_text(tmp_path, text)
    assert settings.target == Path("/var/spool/asterisk/outgoing")
    assert "\ntime_zone = Europe/Moscow\n" in text
    assert "\ndir_logs = a\\1b\n" in text
    with pytest.raises(ValueError, match="2 keys context"):
        template(context="x")


def test_settings_do_not_change_under_anybodys_hands(tmp_path: Path) -> None:
    settings = load_text(tmp_path, "")
    with pytest.raises(AttributeError):
        settings.bundle = 5  # type: ignore[misc]
    assert os.fspath(settings.file) == str(tmp_path / "settings.ini")
