from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from obzvon.common.i18n import say
from obzvon.journal.journal import Journal

NINE = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_the_newest_change_comes_first_and_older_ones_page_by_page(journal_url: str) -> None:
    journal = Journal(journal_url)
    changes = journal.audit
    assert changes.latest(10) == []
    for number in range(5):
        changes.record("анна", say("deleted: {n}", n=number), at=NINE + timedelta(minutes=number))
    newest = changes.latest(2)
    assert [change.what.values["n"] for change in newest] == [4, 3]
    assert newest[0].who == "анна"
    assert newest[0].at == NINE + timedelta(minutes=4)
    assert [change.what.values["n"] for change in changes.latest(10, before=newest[-1].id)] == [2, 1, 0]
    journal.close()


@pytest.mark.parametrize("who", ["", "Ivan O'Neil", "<b>"])
def test_who_it_was_stands_as_it_was_given(tmp_path: Path, who: str) -> None:
    journal = Journal(f"sqlite:///{tmp_path}/journal.db")
    journal.audit.record(who, say("paused"), at=NINE)
    assert journal.audit.latest(1)[0].who == who
    journal.close()
