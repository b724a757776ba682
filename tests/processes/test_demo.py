"""The demonstration: long enough to be watched, in the reader's time zone, with the editor's address last."""

import logging
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from obzvon.cli import demo
from obzvon.cli.demo import FAST, Demo
from obzvon.common.i18n import Message, say
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.phones import list_candidates

ACCESS = [say("the editor: {address}", address="http://127.0.0.1:8080/run"), say("password: {password}", password="x")]


def test_its_run_lasts_a_minute_or_two(tmp_path: Path) -> None:
    shown = Demo(tmp_path, lambda _: None)
    calls = sum(
        one.skipped is None for one in list_candidates(demo.demo_phones(), NumberingPlan("RU"), date(2026, 11, 28))
    )
    assert timedelta(seconds=60) <= shown.settings.pace().duration(calls) <= timedelta(seconds=150)
    shown.journal.close()


def test_its_time_zone_is_the_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Vladivostok")
    shown = Demo(tmp_path, lambda _: None)
    assert shown.settings.zone == ZoneInfo("Asia/Vladivostok")
    shown.journal.close()


def test_the_editors_address_and_password_are_last_and_come_again_when_the_run_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(demo, "DELAY_SECONDS", 0.0)
    caplog.set_level(logging.WARNING, "obzvon")
    said: list[Message] = []
    shown = Demo(tmp_path, said.append, FAST)
    steps = shown.steps
    ends: list[int] = []

    def ending(*arguments: object, **named: object) -> object:
        """Ends the demonstration as Ctrl-C does, once everything has been said."""
        yield from steps(*arguments, **named)  # type: ignore[arg-type]
        ends.append(len(said))
        arguments[0].stop()  # type: ignore[attr-defined]

    monkeypatch.setattr(shown, "steps", ending)
    run = shown.run(lambda: None, ACCESS, once=False)
    shown.journal.close()
    assert run is not None
    assert run.state == "done"
    texts = [str(sentence) for sentence in said]
    assert texts[2:4] == texts[-2:] == [str(sentence) for sentence in ACCESS]
    assert "the run has ended" in texts[4]
    assert len(texts) == 7
