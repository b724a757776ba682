"""The rules of messages: added, replaced with versions kept, chosen, and not deleted while calls play them."""

from datetime import UTC, datetime, timedelta

import pytest

from obzvon.domain.messages import (
    MAX_MESSAGES,
    MAX_VERSIONS,
    MessageInUseError,
    Messages,
    MessageVersion,
    SavedMessage,
    TooManyMessagesError,
    add_message,
    add_version,
    choose_message,
    clean_name,
    delete_message,
)

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def version(place: int) -> MessageVersion:
    return MessageVersion(f"{place:032x}", NOON + timedelta(minutes=place), "борис", 11.0)


def test_calls_play_the_newest_version_of_the_chosen_message() -> None:
    messages, meeting = add_message(Messages(), "Собрание", version(1))
    messages, _ = add_message(messages, "Отмена", version(2))
    assert messages.sound == ""
    messages = choose_message(messages, meeting.key)
    assert messages.sound == version(1).sound
    assert messages.sounds == {version(1).sound, version(2).sound}


def test_the_chosen_message_cannot_be_deleted_and_another_one_can() -> None:
    messages, meeting = add_message(Messages(), "Собрание", version(1))
    messages, cancelled = add_message(messages, "Отмена", version(2))
    messages = choose_message(messages, meeting.key)
    with pytest.raises(MessageInUseError):
        delete_message(messages, meeting.key)
    assert delete_message(messages, cancelled.key).messages == (meeting,)


def test_keys_count_up() -> None:
    messages, first = add_message(Messages(), "Собрание", version(1))
    messages, second = add_message(messages, "Отмена", version(2))
    messages, third = add_message(delete_message(messages, first.key), "Ещё", version(3))
    assert (first.key, second.key, third.key) == ("1", "2", "3")


def test_the_last_versions_are_kept() -> None:
    message = SavedMessage("1", "Собрание", (version(0),))
    for place in range(1, MAX_VERSIONS + 5):
        message = add_version(message, version(place))
    assert len(message.versions) == MAX_VERSIONS
    assert message.current == version(MAX_VERSIONS + 4)


def test_there_is_a_limit() -> None:
    full = Messages(tuple(SavedMessage(str(key), "Имя", (version(key),)) for key in range(1, MAX_MESSAGES + 1)))
    with pytest.raises(TooManyMessagesError):
        add_message(full, "Ещё", version(0))


@pytest.mark.parametrize(
    ("text", "name"),
    [("  Собрание\n\tзавтра ", "Собрание завтра"), ("\u202eabc", "abc"), ("", ""), ("я" * 100, "я" * 80)],
)
def test_a_name_has_no_invisible_characters(text: str, name: str) -> None:
    assert clean_name(text) == name
