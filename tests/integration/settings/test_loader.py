"""settings.ini being read: what is no such file, no such key, no such folder."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obzvon.common import safe_open
from obzvon.common.errors import UserError
from obzvon.settings.model import load_settings
from tests.support.paths import SUPPORT
from tests.support.settings_text import load_text, problems


def test_a_folder_that_has_the_windows_path_for_its_name_is_taken_as_the_old_script_took_it(tmp_path: Path) -> None:
    literal = tmp_path / "Z:\\home\\localhost\\www\\"
    literal.mkdir()
    settings = load_text(tmp_path, (SUPPORT / "first_users" / "settings.ini").read_bytes())
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
        tmp_path, f"[Dirs]\n{key} = {path}\n"
    )


def test_all_problems_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert problems(
        tmp_path,
        """[Dirs]
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
""",
    ).split("\n") == [
        "INI:2 [Dirs] dir_sorce: there is no such key in this section",
        "    → did you mean dir_source?",
        "INI:3 [Dirs] bundle: there is no such key in this section",
        "    → move it to [CreateCallFiles]",
        "INI:4: neither a [section] nor a key = value: no sense",
        "    → write it as key = value, or put ; before a comment",
        "INI:6 [CreateCallFiles] bundle: 0 is not allowed here",
        "    → write a whole number from 1 to 100000",
        "INI:7 [CreateCallFiles] timeout: soon is not a number of seconds",
        "    → write a number of seconds from 0 to 86400, for example 10",
        "INI:8 [CreateCallFiles] bundle: it is already set in line 6",
        "    → keep one of them",
        "INI:9 [Call]: there is no such section",
        "    → did you mean [Calls]?",
        "INI:12 [Calls] context: avto obzvon is not allowed here in a call file",
        "    → use Latin letters, digits, and the signs _ . - only, 79 at most",
        "INI:13 [Dirs]: this section is already in line 1",
        "    → merge the two",
    ]


@pytest.mark.parametrize(
    ("dirs", "where", "what"),
    [
        ("dir_store = target", "INI:2 [Dirs] dir_store", "the same folder as dir_target"),
        ("dir_store = target/store", "INI:2 [Dirs] dir_store", "is inside the other"),
        ("dir_target = store/out", "INI [Dirs] dir_store", "is inside the other"),
        ("dir_target = .", "INI [Dirs] dir_store", "is inside the other"),
        ("dir_source = target", "INI:2 [Dirs] dir_source", "the same folder as dir_target"),
        ("dir_logs = store", "INI:2 [Dirs] dir_logs", "the same folder as dir_store"),
        ("file_phones = target/todo.json", "INI:2 [Dirs] file_phones", "Asterisk takes every file"),
        ("file_phones = schedule.json", "INI [Dirs] file_sch", "the same file"),
        ("[Journal]\nurl = target/journal.db", "INI:3 [Journal] url", "Asterisk takes every file"),
    ],
)
def test_folders_that_would_mix_are_refused(tmp_path: Path, dirs: str, where: str, what: str) -> None:
    told = problems(tmp_path, f"[Dirs]\n{dirs}\n")
    assert where in told
    assert what in told


def test_a_link_to_the_spool_does_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "target")
    assert "the same folder as dir_target" in problems(tmp_path, "")


@pytest.mark.parametrize(
    "data", [b"\x7fELF\x02\x01\x01\x00\x00", b"a\x00b", "[Dirs]".encode("utf-16"), b"\x98\x98", b"; x\n" * 400_000]
)
def test_what_is_no_text_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    assert problems(tmp_path, data).split("\n")[0] == "INI: it is not a text file"


def test_a_file_of_garbage_is_reported_in_a_few_lines(tmp_path: Path) -> None:
    told = problems(tmp_path, "garbage\n" * 1000)
    assert "990 more such lines" in told
    assert told.count("\n") < 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "first"),
    [("k{n} = 1", "there is no such key"), ("bundle = 0", "0 is not allowed"), ("[s{n}]", "there is no such section")],
)
def test_the_first_twenty_mistakes_are_reported_and_the_rest_counted(tmp_path: Path, line: str, first: str) -> None:
    told = problems(tmp_path, "[CreateCallFiles]\n" + "".join(line.format(n=n) + "\n" for n in range(10_000)))
    assert told.startswith("INI:2 ")
    assert first in told
    assert told.count("\n") == 41
    assert "INI: 9980 more things are wrong" in told


def test_a_line_without_end_is_not_repeated_to_the_reader(tmp_path: Path) -> None:
    for line in ("[Calls]\ncontext = " + "x" * 5000, "[" + "x" * 5000 + "]", "x" * 5000):
        assert len(problems(tmp_path, line)) < 200
    assert "Windows" in problems(tmp_path, "[Dirs]\ndir_store = C:\\" + "x" * 300)


def test_a_key_before_the_first_section_is_a_problem(tmp_path: Path) -> None:
    told = problems(tmp_path, "bundle = 2\n")
    assert "INI:1: bundle is before the first [section]" in told
    assert "write the section that it belongs to above it" in told


def test_a_file_that_we_may_not_read_sends_us_to_the_services_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(safe_open, "open_file", refused)
    with pytest.raises(UserError, match="runuser -u asterisk"):
        load_settings(tmp_path / "settings.ini")


def test_a_missing_file_and_a_folder_have_plain_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        load_settings(tmp_path / "none.ini")
    with pytest.raises(UserError, match="it is a folder"):
        load_settings(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UserError, match="cannot be read"):
        load_settings(tmp_path / "loop")


@given(st.binary(max_size=300))
def test_no_bytes_make_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    with contextlib.suppress(UserError):
        load_text(tmp_path_factory.mktemp("ini"), data)


@given(
    st.lists(
        st.sampled_from(
            [
                "[Dirs]",
                "[Day]",
                "[calls]",
                "[",
                "]",
                "=",
                ":",
                ";",
                "context",
                "latest = 1",
                "bundle",
                " ",
                "\t",
                "\r",
                "\n",
                "{",
                "}",
                "{n}",
                "%",
                "%(x)s",
                "\\",
            ]
        )
    )
)
def test_no_text_makes_a_traceback(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("ini")
    told = ""
    try:
        load_text(folder, "".join(parts))
    except UserError as error:
        told = str(error)
    assert "Traceback" not in told


def test_the_pid_file_is_looked_for_only_where_asterisk_has_its_own_folders(tmp_path: Path) -> None:
    assert load_text(tmp_path, "").pid_file is None
    spool = "[Dirs]\ndir_target = /var/spool/asterisk/outgoing\ndir_store = /var/spool/asterisk/store\n"
    assert load_text(tmp_path, spool).pid_file == Path("/var/run/asterisk/asterisk.pid")


@pytest.mark.parametrize("word", ["none", "no", "None", "NO", "off", "-", "нет"])
def test_where_asterisks_process_is_not_to_be_seen_it_is_not_looked_for(tmp_path: Path, word: str) -> None:
    spool = "[Dirs]\ndir_target = /var/spool/asterisk/outgoing\ndir_store = /var/spool/asterisk/store\n"
    assert load_text(tmp_path, f"{spool}[Spool]\npid_file = {word}\n").pid_file is None
    assert load_text(tmp_path, f"{spool}[Spool]\npid_file = none.pid\n").pid_file == tmp_path / "none.pid"
