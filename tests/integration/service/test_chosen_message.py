"""The message that calls play: chosen in the editor, asked for by every call that is handed over."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from obzvon.asterisk.transport.spool import SpoolTransport
from obzvon.documents.store import Document, messages_document
from obzvon.domain.calls import PendingCall
from obzvon.domain.messages import Messages, MessageVersion, SavedMessage
from obzvon.service.chosen_message import ChosenMessage
from tests.support.workshop import Workshop, numbers

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOUND, OTHER = "0" * 31 + "a", "0" * 31 + "b"
CALLS = [PendingCall(1, "token-ab", position, "89161111111", "", 1) for position in range(2)]


def messages(sound: str, chosen: str = "1") -> Messages:
    return Messages((SavedMessage("1", "Собрание", (MessageVersion(sound, NOON),)),), chosen)


@pytest.fixture
def document(tmp_path: Path) -> Document[Messages]:
    (tmp_path / "messages").mkdir()
    return messages_document(tmp_path / "messages")


@pytest.fixture
def chosen(document: Document[Messages]) -> ChosenMessage:
    return ChosenMessage(document)


def test_a_choice_is_heard_from_the_next_call_on(document: Document[Messages], chosen: ChosenMessage) -> None:
    assert chosen.sound() == ""
    revision = document.save(messages(SOUND), "")
    assert chosen.sound() == SOUND
    revision = document.save(messages(OTHER), revision)
    assert chosen.sound() == OTHER
    document.save(messages(OTHER, ""), revision)
    assert chosen.sound() == ""


def test_while_the_document_is_broken_the_last_choice_counts(
    document: Document[Messages], chosen: ChosenMessage, caplog: pytest.LogCaptureFixture
) -> None:
    document.save(messages(SOUND), "")
    assert chosen.sound() == SOUND
    with caplog.at_level(logging.ERROR, "obzvon"):
        document.path.write_text("{")
        assert [chosen.sound() for _ in range(3)] == [SOUND] * 3
        assert ChosenMessage(document).sound() == SOUND  # after a restart too
    assert sum("cut off" in record.getMessage() for record in caplog.records) == 2  # once for each


def test_no_document_is_no_problem(chosen: ChosenMessage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "obzvon"):
        assert chosen.sound() == ""
    assert caplog.records == []


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path, phones=numbers(2), bundle=1, timeout=10)
    made.spool().prepare_folders(home=tmp_path)
    return made


@pytest.fixture
def spool_transport(workshop: Workshop, chosen: ChosenMessage) -> Iterator[SpoolTransport]:
    transport = SpoolTransport(
        workshop.spool(), workshop.settings.ordinary, workshop.settings.coded, message=chosen.sound
    )
    yield transport
    transport.close()


def test_a_choice_is_in_the_files_that_were_written_ahead_too(
    document: Document[Messages], spool_transport: SpoolTransport, workshop: Workshop
) -> None:
    store = workshop.settings.store
    spool_transport.prepare_calls(CALLS[:1], CALLS[1:])
    document.save(messages(SOUND), "")
    spool_transport.prepare_calls(CALLS[1:], ())
    before, after = sorted(path.read_text() for path in store.rglob("*.call"))
    assert "message" not in before
    assert after == before.replace("Context:", f"Setvar: message={SOUND}\nContext:")
