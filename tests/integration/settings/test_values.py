"""What a value of settings.ini may be, and every way to get it wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.settings_text import load_text, problems


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("CreateCallFiles", "bundle = 100001"),
        ("CreateCallFiles", "bundle = ٣"),
        ("CreateCallFiles", "bundle = -1"),
        ("CreateCallFiles", "timeout = -1"),
        ("CreateCallFiles", "timeout = nan"),
        ("CreateCallFiles", "timeout = inf"),
        ("Pace", "pacing = fast"),
        ("Pace", "calls_per_second = 0"),
        ("Pace", "calls_per_second = 1001"),
        ("Pace", "lines = 0"),
        ("Rounds", "busy = 2"),
        ("Rounds", "busy = 2 x 25h"),
        ("Rounds", "busy = x 5m"),
        ("Pace", "pacing = adaptive"),
        ("Pace", "reserve = 5\nlines = 5"),
        ("CreateCallFiles", "timeout = 1_0"),
        ("CreateCallFiles", "status = Broken"),
        ("CreateCallFiles", "start = 2022-13-01"),
        ("Calls", "context = a\tb"),
        ("Calls", "context = контекст"),
        ("Calls", "context = " + "c" * 80),
        ("Calls", "extension = play,1"),
        ("Calls", "caller_id = 1;2"),
        ("Calls", "caller_id = 1#2"),
        ("Calls", "caller_id = 1\x7f2"),
        ("Calls", "caller_id = " + "ж" * 496),
        ("Calls", "max_retries = many"),
        ("Calls", "retry_time = 0"),
        ("Calls", "wait_time = 1.5"),
        ("Calls", "priority = 0"),
        ("Calls", "archive = maybe"),
        ("Day", "time_zone = Moscow"),
        ("Day", "time_zone = ../etc/passwd"),
        ("Day", "time_zone = Europe"),
        ("Day", "late_start = 120"),
        ("Day", "late_start = 25h"),
        ("Day", "late_start = soon"),
        ("Day", "late_start = 1:60"),
        ("Day", "latest = 24:00"),
        ("Day", "latest = 9"),
        ("Numbers", "region = ZZ"),
        ("Numbers", "region = Russia"),
        ("Numbers", "foreign = perhaps"),
        ("Numbers", "foreign = KZ, XX"),
        ("Numbers", "foreign = +999"),
        ("Numbers", "internal = [1-"),
        ("Spool", "owner = no-such-user-here"),
        ("Spool", "owner = root:no-such-group-here"),
        ("Spool", "owner = a b"),
        ("Spool", "owner = " + "9" * 32),
        ("Spool", "owner = root:" + "9" * 3900),
        ("Spool", "owner = root:"),
        ("Spool", "mode = 0440"),
        ("Spool", "mode = 0666"),
        ("Spool", "mode = 0750"),
        ("Spool", "mode = rw"),
        ("Spool", "mode = 0o888"),
        ("Journal", "url = sqlite://"),
        ("Journal", "url = sqlite:///:memory:"),
        ("Journal", "url = mysql://base/obzvon"),
        ("Log", "level = LOUD"),
        ("AMI", "host = http://pbx"),
        ("AMI", "port = 0"),
        ("AMI", "user = a b"),
        ("AMI", "secret = пароль"),
        ("AMI", "secret = " + "x" * 201),
        ("AMI", "tls = maybe"),
        ("AMI", "tls_fingerprint = 8F:5A"),
        ("AMI", "trunk = mytrunk"),
        ("AMI", "trunk = Zadarma usa"),
        ("AMI", "trunk = PJSIP/my\ttrunk"),
        ("AMI", "trunk = PJSIP/a, PJSIP/b"),
        ("AMI", "trunk = PJSIP/" + "a" * 80),
        ("AMI", "group = a@b@c"),
        ("AMI", "group = a)@b"),
        ("Log", "keep_days = -1"),
        ("Log", "language = fr"),
    ],
)
def test_a_wrong_value_is_one_problem_with_its_place_and_what_is_right(tmp_path: Path, section: str, line: str) -> None:
    key = line.partition(" =")[0]
    told = problems(tmp_path, f"[{section}]\n{line}\n")
    assert told.startswith(f"INI:2 [{section}] {key}: ")
    assert len(told.split("\n")) == 2
    assert "\n    → " in told


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("", None),
        ("0", timedelta()),
        ("2:00", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("4h", timedelta(hours=4)),
        ("4ч", timedelta(hours=4)),
        ("30 мин", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("0:00", timedelta()),
    ],
)
def test_late_start_is_a_length_of_time(tmp_path: Path, text: str, span: timedelta | None) -> None:
    assert load_text(tmp_path, f"[Day]\nlate_start = {text}\n").late_start == span


def test_an_owner_by_name_has_his_own_group(tmp_path: Path) -> None:
    assert load_text(tmp_path, "[Spool]\nowner = root\n").owner == (0, 0)
    assert load_text(tmp_path, "[Spool]\nowner = 0\n").owner == (0, 0)
    assert load_text(tmp_path, "[Spool]\nowner = 4294967000\n").owner == (4294967000, -1)
