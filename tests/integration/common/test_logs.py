"""The logs: files named by the day, lines that nobody can forge, and a service that outlives its disk."""

import logging
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from obzvon.common import logs
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import Message, say
from tests.support.profile import often
from tests.support.system_users import root

MOSCOW = ZoneInfo("Europe/Moscow")
SUNDAY = datetime(2026, 11, 22, 9, 0, tzinfo=MOSCOW)
log = logging.getLogger("obzvon")


@pytest.fixture(autouse=True)
def _taken_down() -> Iterator[None]:
    level = log.level
    yield
    logs.remove_log_handlers()
    log.setLevel(level)


def set_up(folder: Path, *, level: str = "INFO", keep_days: int = 30, terminal: bool = False) -> None:
    logs.set_up_logging(folder / "log", MOSCOW, level=level, keep_days=keep_days, terminal=terminal)


def write(text: object, *args: object, at: datetime = SUNDAY, level: int = logging.INFO, exc_info: Any = None) -> None:
    record = logging.LogRecord("obzvon", level, __file__, 1, text, args, exc_info)
    record.created = at.timestamp()
    log.handle(record)


def lines(folder: Path, day: str = "2026-11-22") -> list[str]:
    return (folder / "log" / f"{day}.log").read_text(encoding="utf-8").splitlines()


def test_a_line_has_its_time_in_the_settings_zone_its_level_and_its_text(tmp_path: Path) -> None:
    set_up(tmp_path)
    write("%s", say("call to {name}", name="Иванов И. И."), at=datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    assert lines(tmp_path) == ["2026-11-22 09:00:00 INFO call to Иванов И. И."]


def test_a_line_goes_to_the_file_of_its_own_day_by_the_settings_zone(tmp_path: Path) -> None:
    set_up(tmp_path)
    write("late", at=datetime(2026, 11, 22, 20, 59, 59, tzinfo=UTC))
    write("early", at=datetime(2026, 11, 22, 21, 0, tzinfo=UTC))
    assert lines(tmp_path) == ["2026-11-22 23:59:59 INFO late"]
    assert lines(tmp_path, "2026-11-23") == ["2026-11-23 00:00:00 INFO early"]


def test_no_day_of_a_long_run_is_without_its_file(tmp_path: Path) -> None:
    set_up(tmp_path, keep_days=0)
    days = often(fast=120, commit=400, long=400)
    for hour in range(24 * days):
        write("hour", at=datetime.fromtimestamp(SUNDAY.timestamp() + hour * 3600, MOSCOW))
    assert len(list((tmp_path / "log").iterdir())) == days + 1
    assert len(lines(tmp_path, "2027-03-01")) == 24


def test_after_a_clock_set_back_the_lines_go_to_the_earlier_day_again(tmp_path: Path) -> None:
    set_up(tmp_path)
    write("one", at=SUNDAY)
    write("two", at=SUNDAY.replace(day=23))
    write("three", at=SUNDAY)
    assert [line.split()[-1] for line in lines(tmp_path)] == ["one", "three"]


@pytest.mark.parametrize(("level", "seen"), [("DEBUG", ["debug", "info"]), ("INFO", ["info"]), ("WARNING", [])])
def test_the_level_is_that_of_the_settings(tmp_path: Path, level: str, seen: list[str]) -> None:
    set_up(tmp_path, level=level)
    log.debug("debug")
    log.info("info")
    found = "".join(path.read_text() for path in tmp_path.glob("log/*"))
    assert re.findall(r"(debug|info)$", found, re.MULTILINE) == seen


def test_files_past_keeping_go_and_nothing_else_does(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    for name in (
        "2026-11-11.log",
        "2026-11-12.log",
        "2026-12-01.log",
        "2020-13-45.log",
        "2020-01-01.log.old",
        "old-2020-01-01.log",
        "2020-01-01.txt",
        "notes",
    ):
        (folder / name).touch()
    set_up(tmp_path, keep_days=10)
    write("today")
    assert sorted(path.name for path in folder.iterdir()) == [
        "2020-01-01.log.old",
        "2020-01-01.txt",
        "2020-13-45.log",
        "2026-11-12.log",
        "2026-11-22.log",
        "2026-12-01.log",
        "notes",
        "old-2020-01-01.log",
    ]


def test_files_go_at_midnight_too(tmp_path: Path) -> None:
    set_up(tmp_path, keep_days=1)
    for day in range(22, 27):
        write("noon", at=SUNDAY.replace(day=day, hour=12))
    assert sorted(path.name for path in (tmp_path / "log").iterdir()) == ["2026-11-25.log", "2026-11-26.log"]


def test_keeping_for_ever_deletes_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "1999-12-31.log").touch()
    set_up(tmp_path, keep_days=0)
    write("today")
    assert len(list((tmp_path / "log").iterdir())) == 2


def test_a_problem_keeps_one_time_and_its_remedy_stands_indented_under_it(tmp_path: Path) -> None:
    set_up(tmp_path)
    problem = Problem("todo.json:1", say("it is broken"), say("mend it"))
    write("%s", problem, level=logging.ERROR)
    write("%s", UserError([problem, problem]), level=logging.ERROR)
    write("%s", problem.message())
    assert lines(tmp_path) == [
        "2026-11-22 09:00:00 ERROR todo.json:1: it is broken",
        "    → mend it",
        "2026-11-22 09:00:00 ERROR todo.json:1: it is broken",
        "    → mend it",
        "    todo.json:1: it is broken",
        "    → mend it",
        "2026-11-22 09:00:00 INFO todo.json:1: it is broken",
        "    → mend it",
    ]


FORGED = "x\n2026-11-22 09:00:00 INFO run 1 has ended"


@pytest.mark.parametrize(
    "value",
    [
        FORGED,
        Path(FORGED),
        OSError(FORGED),
        say("{name}", name=FORGED),
        say("{inner}", inner=say("{name}", name=FORGED)),
        Problem(FORGED, say("{name}", name=FORGED), say("{name}", name=FORGED)),
        UserError([Problem("", say("{name}", name=FORGED))]),
    ],
)
def test_no_value_begins_a_line_of_its_own(tmp_path: Path, value: object) -> None:
    set_up(tmp_path)
    write("%s", value)
    write("%(one)s", {"one": value})
    assert [line[:4] for line in lines(tmp_path) if line[:4] not in ("2026", "    ")] == []
    assert sum(line.startswith("2026") for line in lines(tmp_path)) == 2
    assert all("x\\n2026-11-22" in line for line in lines(tmp_path))


@pytest.mark.parametrize("sign", ["\r", "\0", "\x1b[2J", "\x85", "\u2028", "\u202e", "\x7f", "\x0b"])
def test_control_characters_are_shown_and_not_obeyed(tmp_path: Path, sign: str) -> None:
    set_up(tmp_path)
    write("%s", say("row of {name}", name=f"a{sign}b"))
    [line] = lines(tmp_path)
    assert sign not in line
    assert re.fullmatch(r".*row of a\\(x|u|r)[0-9a-z\[J]*b", line)


def test_damaged_text_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "propagate", False)  # pytest-xdist cannot pass a captured record on that is no UTF-8
    set_up(tmp_path)
    write("%s", "a\udcffb")
    assert lines(tmp_path) == ["2026-11-22 09:00:00 INFO a\\udcffb"]


def test_the_lines_of_a_traceback_are_indented(tmp_path: Path) -> None:
    set_up(tmp_path)
    try:
        int(FORGED)
    except ValueError:
        write("it failed", exc_info=sys.exc_info(), level=logging.ERROR)
    first, *rest = lines(tmp_path)
    assert first == "2026-11-22 09:00:00 ERROR it failed"
    assert len(rest) > 2
    assert all(line.startswith("    ") for line in rest)


def test_a_message_of_many_lines_in_a_traceback_forges_none(tmp_path: Path) -> None:
    set_up(tmp_path)
    error = ValueError(FORGED)
    write("it failed", exc_info=(ValueError, error, None), level=logging.ERROR)
    assert lines(tmp_path)[1:] == ["    ValueError: x", "    2026-11-22 09:00:00 INFO run 1 has ended"]


def test_a_sentence_that_cannot_be_put_together_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    set_up(tmp_path, terminal=True)
    write("%s", Message("{missing}"))
    write("%s %s", "one")
    write("everything is in order")
    assert lines(tmp_path) == ["2026-11-22 09:00:00 INFO everything is in order"]


def test_the_terminal_gets_the_same_lines_where_it_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(tmp_path, terminal=True)
    write("one")
    assert capsys.readouterr().err == "2026-11-22 09:00:00 INFO one\n"
    set_up(tmp_path)
    write("two")
    assert capsys.readouterr().err == ""
    assert len(lines(tmp_path)) == 2


def test_a_terminal_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "closed").open("w") as closed:
        pass
    set_up(tmp_path, terminal=True)
    for gone in (None, closed):
        monkeypatch.setattr(sys, "stderr", gone)
        write("one")
    assert len(lines(tmp_path)) == 2


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_file_is_read_by_its_group_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    set_up(tmp_path)
    before = os.umask(umask)
    try:
        write("one")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "log" / "2026-11-22.log").stat().st_mode) == 0o640


def test_root_leaves_files_that_the_folders_owner_can_go_on_with(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    (tmp_path / "log").mkdir()
    os.chown(tmp_path / "log", 1234, 1235)
    set_up(tmp_path)
    write("one")
    made = (tmp_path / "log" / "2026-11-22.log").stat()
    assert (made.st_uid, made.st_gid) == (1234, 1235)


def test_a_deleted_log_file_or_folder_is_created_again(tmp_path: Path) -> None:
    set_up(tmp_path)
    write("one")
    (tmp_path / "log" / "2026-11-22.log").unlink()
    write("two")
    (tmp_path / "log" / "2026-11-22.log").rename(tmp_path / "kept")
    (tmp_path / "log").rmdir()
    write("three")
    assert lines(tmp_path) == ["2026-11-22 09:00:00 INFO three"]


def test_an_unwritable_folder_is_reported_once_and_logging_resumes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    set_up(tmp_path)
    for _ in range(3):
        write("lost")
    told = capsys.readouterr().err
    assert told.count("the log cannot be written: Not a directory") == 1
    assert "→ make room or fix the permissions" in told
    (tmp_path / "log").unlink()
    write("found")
    write("again")
    assert lines(tmp_path) == [
        "2026-11-22 09:00:00 WARNING 3 lines could not be written to the log",
        "2026-11-22 09:00:00 INFO found",
        "2026-11-22 09:00:00 INFO again",
    ]
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_reported_once_and_no_line_is_torn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "none", tmp_path / "log"], check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        set_up(tmp_path)
        for _ in range(100):
            write("%s", "x" * 100)
        assert capsys.readouterr().err.count("No space left on device") == 1
        subprocess.run(["mount", "-o", "remount,size=64k", tmp_path / "log"], check=True)
        write("room again")
        assert lines(tmp_path)[-1] == "2026-11-22 09:00:00 INFO room again"
        whole = ["2026-11-22 09:00:00 INFO " + "x" * 100] * 65
        assert lines(tmp_path)[:65] == whole
        assert whole[0].startswith(lines(tmp_path)[65]), "what got onto the full disk stands apart"
        assert lines(tmp_path)[66] == "2026-11-22 09:00:00 WARNING 35 lines could not be written to the log"
    finally:
        logs.remove_log_handlers()
        subprocess.run(["umount", tmp_path / "log"], check=True)


def test_neither_a_link_nor_a_pipe_leads_lines_elsewhere_or_holds_the_service_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "a.call").touch()
    (tmp_path / "log" / "2026-11-22.log").symlink_to(tmp_path / "a.call")
    os.mkfifo(tmp_path / "log" / "2026-11-23.log")
    set_up(tmp_path)
    write("one", at=SUNDAY)
    write("two", at=SUNDAY.replace(day=23))
    assert (tmp_path / "a.call").read_bytes() == b""
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_several_processes_append_whole_lines_to_one_file(tmp_path: Path) -> None:
    program = (
        "import logging, sys; from datetime import datetime; from pathlib import Path; from zoneinfo import ZoneInfo\n"
        "from obzvon.common.logs import DailyFileHandler, LogFormatter\n"
        "zone = ZoneInfo('UTC'); handler = DailyFileHandler(Path(sys.argv[1]), zone, keep_days=0)\n"
        "handler.setFormatter(LogFormatter(zone))\n"
        "for n in range(500):\n"
        "    record = logging.LogRecord('obzvon', 20, '', 0, sys.argv[2] * 200, None, None)\n"
        "    record.created = 1795300000 + n * 100\n"
        "    handler.handle(record)\n"
    )
    several = [subprocess.Popen([sys.executable, "-c", program, tmp_path / "log", letter]) for letter in "abc"]
    assert [one.wait(60) for one in several] == [0, 0, 0]
    found = [line.split(" ", 3)[3] for path in (tmp_path / "log").iterdir() for line in path.read_text().splitlines()]
    assert {letter: found.count(letter * 200) for letter in "abc"} == {"a": 500, "b": 500, "c": 500}


def test_a_second_set_up_replaces_the_first(tmp_path: Path) -> None:
    set_up(tmp_path, terminal=True)
    set_up(tmp_path)
    write("once")
    assert len(lines(tmp_path)) == 1


@root
def test_a_link_in_the_place_of_the_folder_leads_no_line_outside(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "log").symlink_to(tmp_path / "outside")
    os.lchown(tmp_path / "log", 4002, 4002)
    handler = logs.DailyFileHandler(tmp_path / "log", UTC, keep_days=30)
    handler.emit(logging.LogRecord("obzvon", logging.INFO, "", 0, "a line", None, None))
    assert not list((tmp_path / "outside").iterdir())
