"""A journal in each kind of database."""

from collections.abc import Iterator

import pytest

from obzvon.journal.journal import Journal


@pytest.fixture
def journal(journal_url: str) -> Iterator[Journal]:
    journal = Journal(journal_url)
    yield journal
    journal.close()
