"""Whether the chosen message is there, and whether Asterisk can play it."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from obzvon.asterisk.spool import Spool
from obzvon.audio import worker
from obzvon.audio.folder import SoundFolder
from obzvon.checks.call_path import CallKinds, CallPath, find_blockers
from obzvon.checks.context import CheckContext
from obzvon.checks.messages import check_messages, playing_finding, sound_name
from obzvon.checks.sound import examine_sound
from obzvon.documents.store import messages_document
from obzvon.domain.messages import Messages, MessageVersion, SavedMessage
from obzvon.journal.findings import Finding, Level
from tests.support.checked_folder import SUNDAY, Office, folder_to_check
from tests.support.tones import tone_wave


@pytest.fixture
def office() -> Iterator[Office]:
    with folder_to_check() as made:
        yield made


def context_of(office: Office) -> CheckContext:
    known = office.settings
    return CheckContext(known, Spool(known.store, known.target, pid_file=known.pid_file), SUNDAY, office.machine)


def write_message(office: Office, chosen: str = "1") -> SavedMessage:
    stored = SoundFolder(office.settings.messages, worker.convert).store(io.BytesIO(tone_wave()))
    version = MessageVersion(stored.digest, datetime(2026, 11, 22, tzinfo=UTC))
    message = SavedMessage("1", "Собрание", (version,))
    messages_document(office.settings.messages).save(Messages((message,), chosen), "")
    return message


def only(office: Office) -> Finding:
    (found,) = check_messages(context_of(office))
    return found


def test_where_no_messages_are_used_nothing_is_said(office: Office) -> None:
    assert list(check_messages(context_of(office))) == []


def test_the_chosen_message_is_named(office: Office) -> None:
    write_message(office)
    assert (only(office).level, "“Собрание”" in str(only(office).what)) == (Level.OK, True)


def test_without_a_choice_the_dialplan_s_own_sound_is_named(office: Office) -> None:
    write_message(office, chosen="")
    assert "OBZVON_MESSAGE" in str(only(office).what)


@pytest.mark.parametrize("suffix", [".wav", ".wav16"])
def test_a_chosen_sound_that_is_gone_is_an_error(office: Office, suffix: str) -> None:
    message = write_message(office)
    (office.settings.messages / f"{message.current.sound}{suffix}").unlink()
    assert (only(office).level, "is not there" in str(only(office).what)) == (Level.ERROR, True)


def test_a_broken_document_is_an_error_of_the_whole_check(office: Office) -> None:
    (office.settings.messages).mkdir()
    (office.settings.messages / "messages.json").write_text("{")
    assert any("messages.json" in found.where and found.level is Level.ERROR for found in office.findings())


def test_whether_asterisk_can_play_it(office: Office) -> None:
    message, root = write_message(office), office.folder.anchor
    folder = str(office.settings.messages)
    report = examine_sound(sound_name(message, folder), [], root=office.folder / root, reader=None)
    assert report.problem is None
    assert playing_finding(message, folder, report).level is Level.OK
    gone = examine_sound(sound_name(message, "/nowhere"), [], root=office.folder / root, reader=None)
    found = playing_finding(message, "/nowhere", gone)
    assert (found.level, "calls play OBZVON_MESSAGE" in str(found.what)) == (Level.ERROR, True)
    older = playing_finding(message, "", None)
    assert (older.level, "OBZVON_MESSAGES is not set" in str(older.what)) == (Level.ERROR, True)


def test_a_run_is_not_held_for_the_dialplan_s_sound_where_a_message_is_played(office: Office) -> None:
    path = CallPath(is_ours=True, trunk="PJSIP/NUMBER@x", device="PJSIP/x", sounds=("/nowhere/message",))
    with_folder = msgspec.structs.replace(path, messages=str(office.settings.messages))
    assert find_blockers(context_of(office), with_folder, CallKinds(()))
    write_message(office)
    assert find_blockers(context_of(office), path, CallKinds(()))  # the dialplan plays no messages
    assert find_blockers(context_of(office), with_folder, CallKinds(())) == []
