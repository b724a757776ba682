"""«Сообщения»: uploaded, heard as the phone plays it, chosen, replaced, renamed, deleted."""

import io
import json
import wave
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from obzvon.audio import worker
from obzvon.documents.store import messages_document
from obzvon.domain.messages import Messages
from obzvon.journal.journal import Journal
from obzvon.settings.model import Settings
from tests.support.editor import Browser, value
from tests.support.tones import tone_wave
from web.messages.library import MessageLibrary

PAGE = "/messages"


@pytest.fixture(autouse=True)
def _decoded_here(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in this process. The process that the editor starts for it is tested in tests/processes."""
    library: MessageLibrary = app.extensions["obzvon.messages"]
    monkeypatch.setattr(library.sounds, "_convert", worker.convert)


def upload(
    browser: Browser, data: bytes, name: str = "", *, to: str = PAGE, file: str = "Собрание.wav"
) -> TestResponse:
    return browser.post(to, {"file": (io.BytesIO(data), file), "name": name}, page=to.removesuffix("/sound"))


def saved(settings: Settings) -> Messages:
    return messages_document(settings.messages).load().data


def audit(journal: Journal) -> list[str]:
    return [str(entry.what) for entry in journal.audit.latest(20)]


def test_without_a_message_the_page_says_what_is_heard_and_makes_nothing(operator: Browser, settings: Settings) -> None:
    text = operator.get(PAGE).text
    assert "None yet." in text
    assert not settings.messages.exists()


def test_an_uploaded_sound_is_heard_in_the_page_as_the_phone_plays_it(operator: Browser, settings: Settings) -> None:
    answer = upload(operator, tone_wave(rate=44_100))
    assert "“Собрание” is saved." in answer.text
    assert "1 s · " in answer.text
    found = saved(settings)
    assert (found.messages[0].name, found.chosen) == ("Собрание", "")  # nobody hears it yet
    sound = operator.get(f"/messages/sound/{found.messages[0].current.sound}.wav")
    assert sound.content_type == "audio/wav"
    with wave.open(io.BytesIO(sound.data)) as played:
        assert (played.getframerate(), played.getnchannels(), played.getsampwidth()) == (8000, 1, 2)
    part = operator.get(f"/messages/sound/{found.messages[0].current.sound}.wav", Range="bytes=0-3")
    assert (part.status_code, part.data) == (206, b"RIFF")
    assert "media-src 'self'" in sound.headers["Content-Security-Policy"]


def test_the_choice_is_what_calls_play_and_it_is_recorded(
    operator: Browser, settings: Settings, journal: Journal
) -> None:
    upload(operator, tone_wave(), "Собрание")
    assert "Calls play “Собрание” from now on." in operator.post("/messages/choose", {"key": "1"}, page=PAGE).text
    assert saved(settings).sound == saved(settings).messages[0].current.sound
    assert "Calls play the PBX&#39;s own sound" in operator.post("/messages/choose", {"key": ""}, page=PAGE).text
    assert saved(settings).sound == ""
    assert audit(journal) == [
        "messages: calls play the PBX's own sound",
        "messages: calls play “Собрание”",
        "messages: added “Собрание”",
    ]


def test_a_replaced_sound_stays_and_comes_back(operator: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    upload(operator, tone_wave(pitch=600), to="/messages/1/sound")
    first, second = saved(settings).messages[0].versions
    assert first.sound != second.sound
    again = upload(operator, tone_wave(pitch=600), to="/messages/1/sound")
    assert "the sound that the message has already" in again.text
    assert "is back." in operator.post("/messages/1/restore", {"sound": first.sound}, page="/messages/1").text
    assert [one.sound for one in saved(settings).messages[0].versions] == [first.sound, second.sound, first.sound]


def test_the_message_that_calls_play_cannot_be_deleted_and_another_is_after_a_question(
    operator: Browser, settings: Settings
) -> None:
    upload(operator, tone_wave(), "Собрание")
    operator.post("/messages/choose", {"key": "1"}, page=PAGE)
    assert "Delete the message</button>" not in operator.get("/messages/1").text
    assert "Choose another one first" in operator.post("/messages/1/delete", {"sure": "1"}, page=PAGE).text
    operator.post("/messages/choose", {"key": ""}, page=PAGE)
    assert "Delete “Собрание”?" in operator.post("/messages/1/delete", page="/messages/1").text
    assert len(saved(settings).messages) == 1
    assert "is deleted." in operator.post("/messages/1/delete", {"sure": "1"}, page="/messages/1").text
    assert saved(settings).messages == ()
    assert operator.get("/messages/1").status_code == 302


def test_a_message_gets_another_name_and_never_none(operator: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    operator.post("/messages/1/rename", {"name": "  <b>Отмена</b> "}, page="/messages/1")
    assert saved(settings).messages[0].name == "<b>Отмена</b>"
    assert "<b>" not in operator.get(PAGE).text
    answer = operator.post("/messages/1/rename", {"name": " "}, page="/messages/1")
    assert (answer.status_code, "A message needs a name" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"PK\3\4 workbook", "it is an archive"),
        (b"not a sound", "it is no sound that can be read here"),
        (tone_wave(rate=16_000)[:4000], "it is cut off"),
        (b"OggS" + bytes(3000), "it is no sound that can be read here"),
    ],
)
def test_what_is_no_message_is_refused_in_words_and_nothing_is_saved(
    operator: Browser, settings: Settings, data: bytes, reason: str
) -> None:
    answer = upload(operator, data, "Моё имя")
    assert answer.status_code == 422
    assert reason in answer.text
    assert 'value="Моё имя"' in answer.text  # what was typed is not lost
    assert not list(settings.messages.iterdir())


def test_no_file_and_a_file_that_is_too_large(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Choose a file first" in operator.post(PAGE, {"name": "x"}, page=PAGE).text
    monkeypatch.setattr("web.messages.views.MAX_UPLOAD_BYTES", 1000)
    assert "larger than" in upload(operator, tone_wave()).text


def test_a_viewer_hears_and_changes_nothing(operator: Browser, viewer: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    text = viewer.get(PAGE).text
    assert "<audio" in text
    assert 'type="file"' not in text
    assert viewer.get(f"/messages/sound/{saved(settings).messages[0].current.sound}.wav").status_code == 200
    assert viewer.post("/messages/choose", {"key": "1"}, page=PAGE).status_code == 403


def test_no_other_file_of_the_folder_is_sent(operator: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    stray = settings.messages / f"{'0' * 32}.wav"
    stray.write_bytes(b"RIFF")
    assert operator.get(f"/messages/sound/{stray.stem}.wav").status_code == 404
    assert operator.get("/messages/sound/..%2Fusers.json.wav").status_code == 404


def test_a_sound_that_is_gone_is_said_and_cannot_be_chosen(operator: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    for path in settings.messages.glob("*.wav"):
        path.unlink()
    text = operator.get(PAGE).text
    assert "The sound is no longer on the server." in text
    assert 'value="1"><button' not in text


def test_two_people_at_the_same_moment_lose_nothing(operator: Browser, settings: Settings, app: Flask) -> None:
    upload(operator, tone_wave(), "Собрание")
    library: MessageLibrary = app.extensions["obzvon.messages"]

    def change(before: Messages) -> Messages:
        if before.chosen == "":  # somebody else saves in between
            other = MessageLibrary(settings.messages)
            other.change(lambda found: Messages(found.messages, "1"), "вера")
        return Messages(
            (*before.messages, before.messages[0].__class__("2", "Отмена", before.messages[0].versions)), before.chosen
        )

    library.change(change, "борис")
    assert (saved(settings).chosen, len(saved(settings).messages)) == ("1", 2)


def test_a_broken_document_is_not_taken_for_an_empty_one(operator: Browser, settings: Settings) -> None:
    upload(operator, tone_wave(), "Собрание")
    path = settings.messages / "messages.json"
    before = json.loads(path.read_text())
    path.write_text("{")
    answer = operator.get(PAGE)
    assert (answer.status_code, "cut off" in answer.text) == (500, True)
    assert upload(operator, tone_wave(pitch=500), "Отмена").status_code == 500
    assert path.read_text() == "{"
    assert before["messages"]["1"]["name"] == "Собрание"


def test_the_token_is_asked_for(operator: Browser, settings: Settings) -> None:
    text = operator.get(PAGE).text
    assert value(text, "token")
    answer = operator.client.post(PAGE, data={"file": (io.BytesIO(tone_wave()), "x.wav")}, headers=operator.login)
    assert answer.status_code == 400
    assert not Path(settings.messages).exists()


HOSTILE = "\"; touch %s; $(touch %s) `touch %s` '\n| touch %s & <speak> [[h@'loU]] \0 \u202e --version"


@pytest.fixture
def speaker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a stand-in for espeak-ng leaves its arguments and its input; it speaks a tone."""
    said, tone = tmp_path / "said", tmp_path / "tone.wav"
    tone.write_bytes(tone_wave())
    program = tmp_path / "bin" / "espeak-ng"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {said}\n/bin/cat >> {said}\n/bin/cat {tone}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return said


def test_a_text_is_spoken_and_kept_with_its_message(operator: Browser, settings: Settings, speaker: Path) -> None:
    answer = operator.post("/messages/speak", {"text": " Завтра\r\nсобрание. "}, page=PAGE)
    assert "“Завтра собрание.” is saved." in answer.text
    assert speaker.read_text() == "-v ru -s 150 --stdin --stdout\nЗавтра собрание.\n"
    assert saved(settings).messages[0].current.text == "Завтра собрание."
    assert "Завтра собрание.</textarea>" in operator.get("/messages/1").text  # to be corrected and spoken again


def test_hostile_text_is_spoken_and_never_run(operator: Browser, tmp_path: Path, speaker: Path) -> None:
    stray = tmp_path / "stray"
    operator.post("/messages/speak", {"text": HOSTILE.replace("%s", str(stray))}, page=PAGE)
    arguments, text, rest = speaker.read_text().split("\n")
    assert (arguments, rest) == ("-v ru -s 150 --stdin --stdout", "")
    assert "$(touch" in text
    assert "[" not in text
    assert text.isprintable()
    assert not stray.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "nothing in it to speak"), ("…!\n", "nothing in it to speak"), ("я" * 10_000, "at most 3000")],
)
def test_what_cannot_be_spoken_is_refused_and_what_was_typed_stays(
    operator: Browser, settings: Settings, speaker: Path, text: str, reason: str
) -> None:
    answer = operator.post("/messages/speak", {"text": text}, page=PAGE)
    assert (answer.status_code, reason in answer.text) == (422, True)
    assert text.strip() in answer.text
    assert not speaker.exists()
    assert not settings.messages.exists()


def test_a_text_replaces_a_sound(operator: Browser, settings: Settings, speaker: Path) -> None:
    upload(operator, tone_wave(pitch=600), "Собрание")
    operator.post("/messages/1/speak", {"text": "Отмена"}, page="/messages/1")
    assert [one.text for one in saved(settings).messages[0].versions] == ["", "Отмена"]


def test_a_server_that_cannot_speak_offers_no_form(
    operator: Browser, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "/messages/speak" not in operator.get(PAGE).text
    answer = operator.post("/messages/speak", {"text": "Завтра"}, page=PAGE)
    assert "The administrator installs espeak-ng." in answer.text
