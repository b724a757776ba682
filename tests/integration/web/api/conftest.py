"""A service controlled by the test: it takes commands from the journal and gives the answer that the test sets."""

from collections.abc import Iterator

import pytest
from flask import Flask

from obzvon.journal.journal import Journal
from tests.support.answering_service import Service


@pytest.fixture
def service(app: Flask, journal: Journal) -> Iterator[Service]:
    with Service(journal) as working:
        app.extensions["obzvon"].sleep = working.wait_for_answer
        yield working
