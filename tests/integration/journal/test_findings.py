"""What was found last, kept in the journal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from obzvon.checks.context import error, good, warning
from obzvon.common.i18n import say
from obzvon.journal.findings import CheckSummary, FindingsStore, Level
from obzvon.journal.journal import Journal

NINE = datetime(2026, 11, 23, 6, tzinfo=UTC)
DOWN = error("pid", say("Asterisk is not running"), say("start it: systemctl start asterisk"))
ODD = warning('todo.json "3"\x1b[31m', say("it is a folder"), say("merge the two"))
FINE = good("", say("Asterisk is running"))


@pytest.fixture
def findings(journal_url: str) -> Iterator[FindingsStore]:
    journal = Journal(journal_url)
    yield journal.findings
    journal.close()


def test_before_anybody_has_looked_there_is_nothing(findings: FindingsStore) -> None:
    assert findings.latest() is None
    assert findings.latest_summary() is None


def test_what_was_found_comes_back_to_be_worded_in_any_language(findings: FindingsStore) -> None:
    findings.replace([FINE, DOWN, ODD], at=NINE)
    latest = findings.latest()
    assert latest is not None
    assert latest.at == NINE
    assert latest.pid > 0
    assert not latest.once
    assert latest.with_level(Level.ERROR) == [DOWN]
    assert latest.with_level(Level.WARNING) == [ODD]
    assert latest.with_level(Level.OK) == [FINE]
    assert DOWN.what.in_language("ru") == "Asterisk не работает"
    assert findings.latest_summary() == CheckSummary(NINE, False, 1)


def test_the_next_takes_the_place_of_the_last(findings: FindingsStore) -> None:
    findings.replace([DOWN, DOWN], at=NINE)
    findings.replace([FINE], at=NINE + timedelta(hours=1), once=True)
    latest = findings.latest()
    assert latest is not None
    assert (latest.at, latest.once, latest.findings) == (NINE + timedelta(hours=1), True, (FINE,))
    assert findings.latest_summary() == CheckSummary(NINE + timedelta(hours=1), True, 0)


def test_a_list_with_a_note_for_each_row_crowds_out_no_error(findings: FindingsStore) -> None:
    findings.replace([ODD] * 5000 + [DOWN], at=NINE)
    latest = findings.latest()
    assert latest is not None
    assert latest.with_level(Level.ERROR) == [DOWN]
    assert len(latest.with_level(Level.WARNING)) < 1000
