"""The bar of a run in a terminal."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from obzvon.cli import progress
from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.journal.calls import CallStore
from obzvon.journal.journal import Journal
from obzvon.journal.runs import RunStore
from tests.support.workshop import Workshop, at, numbers


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Workshop(tmp_path, phones=numbers(3)).journal()
    yield journal
    journal.close()


def test_a_journal_that_is_away_does_not_end_the_service(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.runs.begin("20260105-abcdef", at("09:00:00").date(), "manual", [], at=at("09:00:00"))
    shown = io.StringIO()

    def away(*_: object) -> None:
        raise UserError([Problem("", say("the journal cannot be used: {why}", why="gone"))])

    with progress.RunProgressBar(journal, Console(file=shown, force_terminal=True)) as bar:
        monkeypatch.setattr(progress, "_REFRESH_SECONDS", 0)
        bar()
        monkeypatch.setattr(RunStore, "active", away)
        monkeypatch.setattr(CallStore, "count_results", away)
        bar()
    assert "1" in shown.getvalue()
