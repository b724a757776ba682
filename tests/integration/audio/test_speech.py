"""Which program speaks a text, in which order, and with which voice."""

from pathlib import Path

import pytest

from obzvon.audio.speech import WAV, find_engine


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def install(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("")
        (folder / name).chmod(0o755)


def voices(folder: Path, *names: str) -> tuple[Path, ...]:
    for name in names:
        (folder / "voices" / name).mkdir(parents=True)
    return (folder / "voices",)


def test_rhvoice_comes_first_then_the_command_then_espeak(programs: Path) -> None:
    assert find_engine("piper -m x") is None
    install(programs, "espeak-ng")
    found = find_engine("piper -m x")
    assert found
    assert (found.name, found.voice) == ("espeak-ng", "ru")
    install(programs, "piper")
    found = find_engine('piper -m "a b"')
    assert found
    assert found.command == (str(programs / "piper"), "-m", "a b")
    install(programs, "RHVoice-test")
    found = find_engine("piper -m x", folders=voices(programs, "irina"))
    assert found
    assert (found.name, found.voice, found.licence) == ("RHVoice", "irina", "LGPL")
    assert found.command[-2:] == ("-o", WAV)


def test_a_voice_that_business_may_not_use_is_never_taken(programs: Path) -> None:
    install(programs, "RHVoice-test", "espeak-ng")
    found = find_engine(folders=voices(programs, "mikhail", "tatiana", "vitaliy"))
    assert found
    assert found.name == "espeak-ng"


@pytest.mark.parametrize("command", ["", "nowhere", 'piper "', "   "])
def test_a_command_that_is_none_is_passed_over(programs: Path, command: str) -> None:
    install(programs, "espeak-ng")
    found = find_engine(command)
    assert found
    assert found.name == "espeak-ng"
