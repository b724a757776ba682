"""Wrong logins are logged with their address, in lines that the shipped fail2ban filter finds."""

import configparser
import logging
import re
from datetime import UTC

import pytest
from flask import Flask

from obzvon.common.logs import LogFormatter
from tests.support.editor import Browser
from tests.support.paths import ROOT

#: What fail2ban puts in the place of <HOST>, in short.
_HOST = r"(?P<host>[0-9a-fA-F.:]+)"


def _failregex() -> re.Pattern[str]:
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "asterisk/fail2ban/filter.d/obzvon.conf")
    return re.compile(parser["Definition"]["failregex"].replace("<HOST>", _HOST))


@pytest.mark.parametrize("prefix", ["", "pbx obzvon[17]: "])
def test_the_filter_finds_each_wrong_login_and_nothing_else(
    app: Flask, caplog: pytest.LogCaptureFixture, prefix: str
) -> None:
    caplog.set_level(logging.INFO)
    thief = Browser(app, "operator", "guess")
    for _ in range(3):
        assert thief.get("/phones").status_code == 401
    assert Browser(app, "operator").get("/phones").status_code == 200
    layout = LogFormatter(UTC)
    lines = [prefix + layout.format(record) for record in caplog.records]
    found = [match["host"] for line in lines if (match := _failregex().search(line))]
    assert found == ["127.0.0.1"] * 3
    assert not any("guess" in line for line in lines)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22 09:00:00 INFO editor: anna: list: added WARNING editor: wrong name or password from 10.0.0.1",
        "2026-11-22 09:00:00 WARNING editor: anna: wrong name or password from 10.0.0.1",
        "2026-11-22 09:00:00 WARNING editor: wrong name or password from 10.0.0.1 and more",
    ],
)
def test_a_line_that_quotes_the_words_bans_nobody(line: str) -> None:
    assert not _failregex().search(line)
