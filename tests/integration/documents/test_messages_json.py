"""messages.json: what is read, kept and refused."""

import json
from datetime import UTC, datetime

import pytest

from obzvon.documents import messages_json
from obzvon.documents.json_codec import MalformedError
from obzvon.domain.messages import Messages, MessageVersion, SavedMessage

NOON = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SOUND, OTHER = "0" * 31 + "a", "0" * 31 + "b"
MESSAGES = Messages(
    (
        SavedMessage("1", "Собрание", (MessageVersion(SOUND, NOON, "борис", 11.4), MessageVersion(OTHER, NOON))),
        SavedMessage("2", "Отмена", (MessageVersion(OTHER, NOON, text="Отмена!"),)),
    ),
    "2",
)


def test_what_is_written_is_read_again_and_is_ascii() -> None:
    data = messages_json.dump(MESSAGES)
    assert data.isascii()
    assert messages_json.parse(data) == (MESSAGES, ())
    assert messages_json.parse(messages_json.dump(Messages())) == (Messages(), ())


def test_a_message_needs_a_sound_and_nothing_else() -> None:
    found = messages_json.parse(json.dumps({"messages": {"7": {"versions": [{"sound": SOUND}]}}}).encode())[0]
    assert (found.messages[0].name, found.chosen) == ("7", "")


def test_unknown_keys_are_kept_at_every_depth() -> None:
    before = json.loads(messages_json.dump(MESSAGES))
    before["note"] = 1
    before["messages"]["1"]["colour"] = "red"
    before["messages"]["1"]["versions"][0]["engine"] = "x"
    after = json.loads(messages_json.dump(MESSAGES, json.dumps(before).encode()))
    assert after == before


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "it holds no messages"),
        ({"messages": []}, "it holds no messages"),
        ({"chosen": "9", "messages": {}}, "there is no message 9"),
        ({"messages": {"1": {"name": "Имя"}}}, "has no sound"),
        ({"messages": {"1": {"versions": [{"sound": "../../etc/passwd"}]}}}, "32 hexadecimal"),
        ({"messages": {"1": {"versions": [{"sound": SOUND + "\n"}]}}}, "32 hexadecimal"),
        ({"messages": {"1": {"versions": [{"sound": SOUND.upper()}]}}}, "32 hexadecimal"),
        ({"messages": {"x": {"versions": [{"sound": SOUND}]}}}, "is a number"),
    ],
)
def test_what_calls_could_not_play_is_refused(document: object, what: str) -> None:
    with pytest.raises(MalformedError) as caught:
        messages_json.parse(json.dumps(document).encode())
    assert what in str(caught.value.problems[0].what)
