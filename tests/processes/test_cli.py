"""The command line as an administrator meets it: what it prints, where, and with which exit status."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from obzvon.cli import workspace
from obzvon.cli.main import cli
from obzvon.sandbox.pbx import Sandbox
from obzvon.service import factory
from obzvon.settings.model import load_settings
from tests.support.commands import command_names
from tests.support.programs import run_obzvon
from tests.support.waiting import until

ENGLISH = {"OBZVON_LANGUAGE": "en"}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with five rows, of which three can be called, and a week without a start."""
    (tmp_path / "settings.ini").write_text(
        "[Dirs]\ndir_source = .\ndir_store = store\ndir_target = outgoing\ndir_logs = log\n"
        "[CreateCallFiles]\nbundle = 2\ntimeout = 0\n[Day]\ntime_zone = Europe/Moscow\n[Log]\nlanguage = en\n"
    )
    (tmp_path / "todo.json").write_text(
        json.dumps(
            {
                "0": {"0": "89161111111", "1": ""},
                "2": {"0": 89502222222, "1": 1},
                "3": {"0": "+7 916 333-33-33", "1": ""},
                "4": {"0": 777, "1": "context 22"},
                "5": {"0": "89164444444", "1": "", "paused": True},
            }
        )
    )
    (tmp_path / "schedule.json").write_text("{}")
    return tmp_path


@pytest.fixture
def obzvon(folder: Path) -> Run:
    """Runs the program in that folder, in English, in no terminal."""

    def run(*arguments: str, environment: dict[str, str] = ENGLISH) -> "subprocess.CompletedProcess[str]":
        return run_obzvon(*arguments, cwd=folder, environment={**environment, "COLUMNS": "100"})

    return run


def begin(folder: Path) -> None:
    """Makes today's start one that has passed: a run is due."""
    (folder / "schedule.json").write_text(json.dumps({str(day): "00:01" for day in range(1, 8)}))
    os.utime(folder / "schedule.json", (0, 0))


def test_the_help_names_every_command_of_the_design(obzvon: Run) -> None:
    text = obzvon("--help").stdout
    for command in command_names():
        assert " " in command or f"\n  {command} " in text


def test_a_due_run_is_done_whole_and_reported(obzvon: Run, folder: Path) -> None:
    begin(folder)
    done = obzvon("run", "--once")
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "outgoing").iterdir())) == 3
    report = json.loads(obzvon("report", "--format", "json").stdout)
    assert [call["number"] for call in report["calls"]] == [
        "89161111111",
        "89502222222",
        "89163333333",
        "777",
        "89164444444",
    ]
    status = json.loads(obzvon("status", "--json").stdout)
    assert status["run"]["state"] == "done"
    assert status["run"]["counts"] == {"handed": 3, "skipped": 2}
    again = obzvon("run", "--once")
    assert again.returncode == 0
    assert len(list((folder / "outgoing").iterdir())) == 3


def test_the_call_files_are_those_of_the_golden_ones(obzvon: Run, folder: Path) -> None:
    begin(folder)
    obzvon("run", "--once")
    texts = [path.read_bytes() for path in sorted((folder / "outgoing").iterdir())]
    assert texts[0] == (
        b"Channel: local/89161111111@avtoobzvon\nCallerID:\nMaxRetries: 0\nRetryTime: 60\n"
        b"WaitTime: 300\nContext: avtoobzvon\nExtension: play\nPriority: 1"
    )
    assert texts[1] == (
        b"Channel: local/89502222222@avtoobzvon-ivr\nCallerID: 6122103\nMaxRetries: 0\nRetryTime: 60\n"
        b"WaitTime: 300\nSetvar: dtmf=1\nSetvar: CALLEE=89502222222\nContext: avtoobzvon-ivr\n"
        b"Extension: play\nPriority: 1"
    )


def test_the_plan_says_what_the_run_does(obzvon: Run, folder: Path) -> None:
    begin(folder)
    plan = json.loads(obzvon("plan", "--json").stdout)
    assert (plan["calls"], plan["bundles"], plan["overdue"]) == (3, 2, True)
    assert {row["row"] for row in plan["skipped_rows"]} == {"4", "5"}
    obzvon("run", "--once")
    plan = json.loads(obzvon("plan", "--json").stdout)
    assert plan["overdue"] is False


@pytest.mark.parametrize(
    "command",
    [["start", "--at-night"], ["pause"], ["resume", "--at-night"], ["stop"], ["call", "89161111111", "--at-night"]],
    ids=lambda command: command[0],
)
def test_a_command_without_a_service_says_so_and_is_not_kept_for_later(
    obzvon: Run, folder: Path, command: list[str]
) -> None:
    answer = obzvon(*command)
    assert answer.returncode == 1
    assert "no service" in answer.stderr
    assert obzvon("run", "--once").returncode == 0
    assert not list((folder / "outgoing").glob("*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "answered"], "answered"),
        (["--only", "busy,nonsense"], "busy,no-answer,not-answered"),
        (["--only", ""], "the results: —"),
        (["--only", "busy", "--again"], "cannot be combined"),
        (["--rest", "--again"], "cannot be combined"),
        (["--date", "2026-01-05"], "--only"),
    ],
    ids=str,
)
def test_a_start_of_only_some_is_refused_with_the_reason(obzvon: Run, options: list[str], said: str) -> None:
    answer = obzvon("start", *options, "--at-night")
    assert answer.returncode == 2
    assert said in answer.stderr


def test_a_service_obeys_and_the_outcomes_come_back(obzvon: Run, folder: Path) -> None:
    with (folder / "settings.ini").open("a") as settings:
        settings.write("[Calls]\narchive = yes\n[CodeCalls]\narchive = yes\n")
    (folder / "outgoing").mkdir()
    service = subprocess.Popen([sys.executable, "-m", "obzvon.cli.main", "run"], cwd=folder, stderr=subprocess.DEVNULL)
    try:
        while not json.loads(obzvon("status", "--json").stdout)["service"]["alive"]:
            assert service.poll() is None
        with Sandbox(folder / "outgoing", folder / "outgoing_done", talk=0.1, pid=os.getpid()) as sandbox:
            started = obzvon("start", "--at-night")
            assert started.returncode == 0, started.stderr
            assert "3 calls" in started.stdout
            called = obzvon("call", "8 916 555-55-51", "--at-night")
            assert called.returncode == 0, called.stderr
            refused = obzvon("call", "12345", "--at-night")
            assert refused.returncode == 1
            assert "too short" in refused.stderr
            deadline = 200
            while json.loads(obzvon("status", "--json").stdout)["run"]["counts"].get("answered") != 3 and deadline:
                deadline -= 1
            again = obzvon("start", "--at-night")
            assert again.returncode == 1
            assert "3 numbers were already called today" in again.stderr
            assert obzvon("stop").returncode == 1
            assert sandbox.attempts("89161111111") == 1
            assert sandbox.attempts("89165555551") == 1
            none = obzvon("start", "--only", "no-answer,unknown", "--at-night")
            assert none.returncode == 1
            assert "nobody is left" in none.stderr
            assert obzvon("start", "--again", "--at-night").returncode == 0
    finally:
        service.terminate()
        service.wait(180)


def test_a_second_service_exits_with_a_clear_message(obzvon: Run, folder: Path) -> None:
    (folder / "outgoing").mkdir()
    first = subprocess.Popen(
        [sys.executable, "-m", "obzvon.cli.main", "run"], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    try:
        assert first.stderr
        while "ready" not in first.stderr.readline():
            assert first.poll() is None
        second = obzvon("run")
        assert second.returncode == 2
        assert "another obzvon service is using this journal" in second.stderr
        assert obzvon("run", "--once").returncode == 0
    finally:
        first.terminate()
        first.communicate(timeout=180)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (
            lambda folder: (folder / "settings.ini").write_text("[Dirs]\ndir_sorce = x\n[Calls]\nmax_retries = many\n"),
            ["dir_source", "max_retries"],
        ),
        (lambda folder: (folder / "settings.ini").unlink(), ["settings.ini"]),
    ],
    ids=["two mistakes in the settings", "no settings"],
)
def test_what_cannot_run_says_why_and_exits_with_2(
    obzvon: Run, folder: Path, spoil: Callable[[Path], object], says: list[str]
) -> None:
    spoil(folder)
    for command in (["run", "--once"], ["check"], ["plan"], ["status"]):
        answer = obzvon("--settings", "settings.ini", *command)
        assert answer.returncode == 2, command
        assert "Traceback" not in answer.stderr
        for word in says:
            assert word in answer.stderr


def test_a_truncated_list_is_told_in_one_line_and_rings_nobody(obzvon: Run, folder: Path) -> None:
    begin(folder)
    whole = (folder / "todo.json").read_bytes()
    (folder / "todo.json").write_bytes(whole[:100])
    answer = obzvon("run", "--once")
    assert answer.returncode == 1
    assert "todo.json" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not list((folder / "outgoing").iterdir())
    assert (folder / "todo.json").read_bytes() == whole[:100]
    (folder / "todo.json").write_bytes(whole)
    assert obzvon("run", "--once").returncode == 0
    assert len(list((folder / "outgoing").iterdir())) == 3


def test_the_old_scripts_day_is_not_run_again(obzvon: Run, folder: Path) -> None:
    begin(folder)
    status = json.loads(obzvon("status", "--json").stdout)
    today = status["now"][:10]
    settings = (folder / "settings.ini").read_text()
    (folder / "settings.ini").write_text(settings.replace("timeout = 0", f"timeout = 0\nstatus = Off\nstart = {today}"))
    answer = obzvon("run", "--once")
    assert answer.returncode == 0
    assert "old script" in answer.stderr
    assert not list((folder / "outgoing").iterdir())


def test_the_demonstration_rings_nobody_and_prints_its_summary(obzvon: Run, tmp_path: Path) -> None:
    answer = obzvon("demo", "--exit", "--fast", "--dir", str(tmp_path / "kept"))
    assert answer.returncode == 0, answer.stderr
    assert "8 916 000-00-00" in answer.stdout
    assert answer.stdout.index("a run starts in") < answer.stdout.index("the editor: ")
    assert answer.stdout.index("the editor: ") < answer.stdout.index("password: ") < answer.stdout.index("8 916")
    assert "26 calls" in answer.stdout or "answered" in answer.stdout
    assert (tmp_path / "kept" / "todo.json").exists()


def test_the_demonstration_opens_the_editor_and_tells_who_may_in(folder: Path, tmp_path: Path) -> None:
    """Two at once: the second finds the port taken."""

    def begin_demo(name: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "obzvon.cli.main", "demo", "--dir", tmp_path / name],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ENGLISH},
        )

    demos = []
    try:
        addresses = set()
        for name in ("one", "two"):
            demos.append(begin_demo(name))
            assert demos[-1].stdout
            lines = [demos[-1].stdout.readline() for _ in range(4)]
            assert "a run starts in 3 seconds" in lines[0]
            address = re.search(r"http://127\.0\.0\.1:\d+/run", lines[2])
            user = re.search(r"first user: (\S+), password: (\S+)$", lines[3])
            assert address
            assert user
            addresses.add(address[0])
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(address[0], timeout=180)
            login = b64encode(f"{user[1]}:{user[2]}".encode()).decode()
            asked = urllib.request.Request(address[0], headers={"Authorization": f"Basic {login}"})
            with urllib.request.urlopen(asked, timeout=180) as page:
                assert '<html lang="en"' in page.read().decode()
        assert len(addresses) == 2
        for demo in demos:
            demo.send_signal(signal.SIGINT)
            output = demo.communicate(timeout=180)[0]
            assert demo.returncode == 0
            assert "the folder is kept" in output
    finally:
        for demo in demos:
            demo.kill()
            demo.wait()


def test_a_demonstration_in_a_folder_that_has_users_leaves_them_alone(obzvon: Run, folder: Path) -> None:
    obzvon("user", "add", "ivan")
    users = (folder / "users.json").read_bytes()
    answer = obzvon("demo", "--exit", "--fast", "--dir", str(folder))
    assert answer.returncode == 0, answer.stderr
    assert "its users are those of the folder" in answer.stdout
    assert "first user" not in answer.stdout
    assert (folder / "users.json").read_bytes() == users


def test_a_rehearsal_prints_the_commands_that_follow_as_they_run_here(obzvon: Run, tmp_path: Path) -> None:
    answer = obzvon("init", "--rehearsal", str(tmp_path / "an office"))
    assert answer.returncode == 0, answer.stderr
    settings = tmp_path / "an office" / "settings.ini"
    sandbox, service, editor, check = (line.strip() for line in answer.stdout.splitlines()[-4:])
    assert service.endswith(f"--settings '{settings}' run")
    assert editor.endswith(f"--settings '{settings}' web")
    named = check.partition(": ")[2]
    assert named.endswith(f"--settings '{settings}' check")
    found = subprocess.run(["sh", "-c", named], capture_output=True, text=True, check=False)
    assert str(settings) in found.stdout, found.stderr
    with subprocess.Popen(["sh", "-c", f"exec {sandbox}"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr
            until((tmp_path / "an office" / "target").is_dir, "the stand-in's folder")
        finally:
            process.terminate()


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_comments_of_new_settings_are_in_the_language_that_init_speaks(
    obzvon: Run, tmp_path: Path, language: str
) -> None:
    answer = obzvon("init", str(tmp_path / "office"), environment={"OBZVON_LANGUAGE": language})
    assert answer.returncode == 0, answer.stderr
    text = (tmp_path / "office" / "settings.ini").read_text()
    assert ("; Settings of obzvon" in text) is (language == "en")
    assert ("; Настройки обзвона" in text) is (language == "ru")


def test_init_makes_a_folder_that_check_understands_and_overwrites_nothing(obzvon: Run, tmp_path: Path) -> None:
    answer = obzvon("init", str(tmp_path / "office"))
    assert "admin" in answer.stdout
    assert (tmp_path / "office" / "users.json").exists()
    assert (tmp_path / "office" / "journal.db").exists()
    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "office" / "settings.ini").exists()
    assert obzvon("--settings", str(tmp_path / "office" / "settings.ini"), "check").returncode in (0, 1)
    again = obzvon("init", str(tmp_path / "office"))
    assert again.returncode == 2
    assert "there are settings already; nothing was changed" in again.stderr


def test_init_writes_the_settings_apart_where_it_is_told_to(obzvon: Run, tmp_path: Path) -> None:
    file, folder = tmp_path / "etc" / "settings.ini", tmp_path / "lib"
    answer = obzvon("--settings", str(file), "init", "--rehearsal", str(folder))
    assert answer.returncode == 0, answer.stderr
    assert [path.name for path in file.parent.iterdir()] == ["settings.ini"]
    settings = load_settings(file)
    assert (settings.source, settings.store, settings.target, settings.logs) == (
        folder,
        folder / "store",
        folder / "target",
        folder / "log",
    )
    assert (settings.journal.path, settings.web.users) == (folder / "journal.db", folder / "users.json")
    assert settings.logs.is_dir()
    assert {"todo.json", "schedule.json", "users.json", "journal.db"} <= {path.name for path in folder.iterdir()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_in_a_folder_of_the_services_user_belongs_to_that_user(obzvon: Run, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    os.chown(folder, 1, 1)
    folder.chmod(0o2770)
    assert obzvon("--settings", str(tmp_path / "etc" / "settings.ini"), "init", str(folder)).returncode == 0
    assert {(path.stat().st_uid, path.stat().st_gid) for path in folder.rglob("*")} == {(1, 1)}
    assert stat.S_IMODE((folder / "log").stat().st_mode) == 0o2770
    assert (tmp_path / "etc" / "settings.ini").stat().st_uid == 0


def test_sweep_takes_our_files_out_of_the_spool_and_nobody_elses(obzvon: Run, folder: Path) -> None:
    begin(folder)
    obzvon("run", "--once")
    (folder / "outgoing" / "somebody-else.call").write_text("Channel: local/1@x\n")
    answer = obzvon("sweep")
    assert answer.returncode == 0
    assert "3" in answer.stdout
    assert [path.name for path in (folder / "outgoing").iterdir()] == ["somebody-else.call"]


def test_the_help_is_russian_for_a_russian(obzvon: Run) -> None:
    assert "Обзванивает" in obzvon("--help", environment={"OBZVON_LANGUAGE": "ru"}).stdout


def test_a_workbook_is_written_to_a_file(obzvon: Run, folder: Path) -> None:
    begin(folder)
    obzvon("run", "--once")
    assert obzvon("report", "--format", "xlsx", "--output", "day.xlsx").returncode == 0
    assert (folder / "day.xlsx").read_bytes()[:2] == b"PK"
    assert obzvon("report", "--format", "xlsx", "--output", "no/such/folder/day.xlsx").returncode == 2


def test_what_is_no_text_is_refused_in_one_line(obzvon: Run, folder: Path) -> None:
    begin(folder)
    assert obzvon("run", "--once").returncode == 0
    done = obzvon("call", "\udcff\udcfe", "--at-night", environment={**ENGLISH, "SUDO_USER": "\udcff"})
    assert done.returncode == 1
    assert done.stderr.startswith("no service took the command within 5 seconds")


def test_an_output_that_is_closed_is_no_failure(folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"exec {sys.executable} -m obzvon.cli.main status >&-"],
        cwd=folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_rehearsal_keeps_to_its_own_folder_where_there_is_an_asterisk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "asterisk" / "outgoing"
    spool.mkdir(parents=True)
    monkeypatch.setattr(workspace, "ASTERISK_SPOOL", spool)
    done = CliRunner().invoke(cli, ["init", "--rehearsal", str(tmp_path / "rehearsal")])
    assert done.exit_code == 0, done.output
    settings = load_settings(tmp_path / "rehearsal" / "settings.ini")
    assert (settings.target, settings.store) == (tmp_path / "rehearsal" / "target", tmp_path / "rehearsal" / "store")
    assert load_settings(workspace.create_folder(tmp_path / "real")).target == spool


def test_the_plan_of_a_broken_list_is_that_of_its_last_good_copy_with_the_way_back(obzvon: Run, folder: Path) -> None:
    begin(folder)
    obzvon("run", "--once")
    (folder / "todo.json").write_text('{"0": ')
    plan = obzvon("plan", "--json")
    assert plan.returncode == 1
    assert len(json.loads(plan.stdout)["skipped_rows"]) == 2
    assert f"cp {folder}/.history/todo.json.good {folder}/todo.json" in plan.stderr


def test_the_report_after_midnight_names_the_run_of_the_day_before(obzvon: Run, folder: Path) -> None:
    journal = factory.open_journal(load_settings(folder / "settings.ini"))
    journal.runs.begin("t-1", date(2026, 1, 5), "manual", [], at=datetime(2026, 1, 5, 20, tzinfo=UTC))
    journal.close()
    assert "run 1 of 5 January 2026 is still in progress: obzvon report --date 2026-01-05" in obzvon("report").stderr
    assert obzvon("report", "--date", "2026-01-06").stderr == ""
