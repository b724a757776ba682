"""The output of commands that the documentation shows is what they print."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from obzvon.cli import workspace
from obzvon.cli.main import cli
from obzvon.common.i18n import set_language
from tests.support import pages

LIST = """
{"0": {"0": "89161111111", "1": "", "name": "Иванов И. И."},
 "1": {"0": "89502222222", "1": "1"},
 "2": {"0": "89033333336", "1": ""},
 "4": {"0": "89044444446", "1": "", "paused": true},
 "7": {"0": "777", "1": ""}}
"""
SCHEDULE = '{"1": "09:00", "2": "09:00", "3": "09:00", "4": "09:00", "5": "09:00", "6": "00:00", "7": "00:00"}'
DAY = re.compile(r"\b((Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|пн|вт|ср|чт|пт|сб|вс)\b")


def masked(text: str) -> list[str]:
    """The lines without what depends on the day: weekdays and the digits of dates."""
    return [
        re.sub(r"\d{4}-\d\d-\d\d|\d{1,2} [^\W\d]+ \d{4}|\d\d\.\d\d\.\d{4}", "DATE", DAY.sub("DAY", line)).rstrip()
        for line in text.splitlines()
    ]


@pytest.mark.usefixtures("english")  # which restores the language
@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_the_forecast_is_printed_as_the_reference_shows_it(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_language(language)
    monkeypatch.setenv("COLUMNS", "150")
    file = workspace.create_folder(tmp_path, rehearsal=True, time_zone="Europe/Moscow")
    (tmp_path / "todo.json").write_text(LIST, encoding="utf-8")
    (tmp_path / "schedule.json").write_text(SCHEDULE, encoding="utf-8")
    blocks = (fence.text for fence in pages.fences(pages.page(language, "reference/commands")))
    [shown] = [text for text in blocks if text.startswith("$ obzvon plan\n")]
    wanted = masked(shown)[1:]
    assert wanted[-1].strip() == "…"
    result = CliRunner().invoke(cli, ["--settings", str(file), "plan"], catch_exceptions=False)
    assert masked(result.stdout)[: len(wanted) - 1] == wanted[:-1]
