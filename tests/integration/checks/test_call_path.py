"""What a call needs on its way: the trunk, the dialplan and the sounds, and what holds a run."""

import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from obzvon.asterisk.ami.survey import run_survey, survey_by_login
from obzvon.asterisk.spool import Spool
from obzvon.checks.call_path import (
    CallKinds,
    CallPath,
    check_call_path,
    find_blockers,
    survey_call_path,
    trunk_device,
)
from obzvon.checks.context import CheckContext
from obzvon.checks.file_access import SystemUser
from obzvon.checks.sound import examine_sound
from obzvon.domain.calls import CallForm
from obzvon.journal.findings import Finding, Level
from tests.support.ami_link import ami_of
from tests.support.ami_server import AmiServer
from tests.support.checked_folder import SUNDAY, Office, bad, folder_to_check

ORDINARY, CODED = CallForm(context="avtoobzvon"), CallForm(context="avtoobzvon-ivr")
SOUND = {
    "DIALPLAN_EXISTS(avtoobzvon,play,1)": "1",
    "DIALPLAN_EXISTS(avtoobzvon-ivr,play,1)": "1",
    "DIALPLAN_EXISTS(obzvon-message,play,1)": "1",
    "OBZVON_TRUNK": "PJSIP/NUMBER@beeline",
    "DEVICE_STATE(PJSIP/beeline)": "NOT_INUSE",
    "PJSIP_ENDPOINT(beeline,from_user)": "74951234567",
    "OBZVON_MESSAGE": "/sounds/message",
    "OBZVON_QUESTION": "",
}


def write_wave(path: Path, rate: int = 8000, channels: int = 1, width: int = 2, seconds: int = 3) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setparams((channels, width, rate, 0, "NONE", ""))
        sound.writeframes(bytes(rate * channels * width * seconds))
    return path


def survey(**changes: str) -> CallPath:
    """The path when Asterisk answers so; a keyword's name begins the expression, None takes the answer away."""
    answers: dict[str, str] = dict(SOUND)
    for begin, value in changes.items():
        key = next(one for one in SOUND if one.startswith(begin))
        answers[key] = value
    return run_survey(survey_call_path([ORDINARY, CODED]), answers.get)


@pytest.fixture
def office() -> Iterator[Office]:
    with folder_to_check() as made:
        yield made


def context_of(office: Office) -> CheckContext:
    known = office.settings
    spool = Spool(known.store, known.target, pid_file=known.pid_file)
    return CheckContext(known, spool, SUNDAY, office.machine, calls=2, coded=1)


def blockers(office: Office, path: CallPath, *, needs_trunk: bool = True) -> str:
    found = find_blockers(context_of(office), path, CallKinds((ORDINARY, CODED), needs_trunk))
    assert all(problem.remedy.text for problem in found)
    return "\n".join(str(problem) for problem in found)


def with_message(office: Office, **fields: object) -> CallPath:
    """A sound path whose message is a file of this machine, which is Asterisk's own."""
    write_wave(office.folder / "message.wav")
    return msgspec.structs.replace(survey(), sounds=(str(office.folder / "message"),), **fields)


def test_a_sound_path_holds_nothing(office: Office) -> None:
    assert blockers(office, with_message(office)) == ""


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "INVALID"}, "Asterisk has no trunk PJSIP/beeline"),
        ({"state": "UNAVAILABLE"}, "PJSIP/beeline: Asterisk cannot reach this trunk"),
        ({"trunk": ""}, "OBZVON_TRUNK is empty"),
        ({"trunk": "PJSIP/NUMBER@mytrunk", "state": "INVALID"}, "still the example"),
        ({"missing": ("play@avtoobzvon", "play@avtoobzvon-ivr")}, "Asterisk's dialplan has no play@avtoobzvon"),
        ({"sounds": ("/nowhere/message",)}, "there is no such sound"),
    ],
)
def test_what_is_certainly_wrong_holds_a_run(office: Office, fields: dict[str, object], said: str) -> None:
    assert said in blockers(office, msgspec.structs.replace(with_message(office), **fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"state": None},
        {"state": "UNKNOWN"},
        {"state": "BUSY"},
        {"missing": ("play@avtoobzvon-ivr",)},
        {"is_ours": False, "state": "INVALID"},
        {"is_ours": None, "state": "INVALID"},
        {"sounds": ()},
    ],
)
def test_what_is_unknown_or_not_everybodys_holds_nothing(office: Office, fields: dict[str, object]) -> None:
    assert blockers(office, msgspec.structs.replace(with_message(office), **fields)) == ""


def test_a_list_of_internal_numbers_needs_no_trunk(office: Office) -> None:
    assert blockers(office, with_message(office, state="UNAVAILABLE"), needs_trunk=False) == ""


def test_where_asterisk_is_elsewhere_its_files_are_not_judged(office: Office) -> None:
    office.change(pid_file=None)
    assert blockers(office, msgspec.structs.replace(survey(), sounds=("/nowhere/message",))) == ""


@pytest.mark.parametrize(
    ("trunk", "device"),
    [
        ("PJSIP/NUMBER@mytrunk", "PJSIP/mytrunk"),
        ("PJSIP/NUMBER@Zadarma usa", "PJSIP/Zadarma usa"),
        ("PJSIP/mytrunk/sip:NUMBER@sip.example.com", "PJSIP/mytrunk"),
        ("SIP/mytrunk/NUMBER", "SIP/mytrunk"),
        ("SIP/NUMBER@mytrunk", "SIP/mytrunk"),
        ("IAX2/mytrunk/7NUMBER", "IAX2/mytrunk"),
        ("IAX2/user:secret@host/NUMBER", ""),
        ("DAHDI/g0/NUMBER", ""),
        ("Local/NUMBER@from-internal/n", ""),
        ("PJSIP/NUMBER@a)b", ""),
        ("", ""),
    ],
)
def test_the_device_of_a_way_out(trunk: str, device: str) -> None:
    assert trunk_device(trunk) == device


def test_an_asterisk_that_answers_nothing_is_not_asked_further() -> None:
    asked: list[str] = []

    def nothing(question: str) -> None:
        asked.append(question)

    assert run_survey(survey_call_path([ORDINARY, CODED]), nothing) == CallPath()
    assert len(asked) == 4


def test_a_dialplan_of_ones_own_is_not_judged(office: Office) -> None:
    path = survey(**{"DIALPLAN_EXISTS(obzvon": "0", "OBZVON_TRUNK": "PJSIP/NUMBER@mytrunk"})
    assert path == CallPath(is_ours=False)
    assert blockers(office, path) == ""


def test_a_name_that_would_end_the_question_is_not_asked() -> None:
    asked: list[str] = []

    def note(question: str) -> str:
        asked.append(question)
        return "1"

    run_survey(survey_call_path([CallForm(context="a,b)\r\nAction: Originate")]), note)
    assert not any("Action" in one for one in asked)


def test_it_is_asked_over_ami_with_the_least_rights(office: Office) -> None:
    with AmiServer() as server:
        server.variables = SOUND | {"DEVICE_STATE(PJSIP/beeline)": "UNAVAILABLE"}
        path = survey_by_login(ami_of(server), survey_call_path([ORDINARY, CODED]))
        assert (path.device, path.state) == ("PJSIP/beeline", "UNAVAILABLE")
        office.program.unlink()
        office.change(ami=ami_of(server))
        context = context_of(office)
        assert list(check_call_path(context)) == [], "no login before it is known that one is taken"
        assert server.logins == 1
        context.is_login_taken = True
        found = list(check_call_path(context))
    assert levels(found, "cannot reach this trunk") == [Level.ERROR]
    assert levels(found, "there is no such sound") == [Level.ERROR]


def test_the_console_is_asked_without_ami(office: Office) -> None:
    write_wave(office.folder / "message.wav", seconds=12)
    console(office, SOUND | {"OBZVON_MESSAGE": str(office.folder / "message")})
    found = list(check_call_path(context_of(office)))
    assert bad(found) == []
    assert levels(found, "it lasts 12.0 s") == [Level.OK]
    console(office, SOUND | {"OBZVON_MESSAGE": "/nowhere/hello", "DEVICE_STATE(PJSIP/beeline)": "INVALID"})
    assert len(bad(list(check_call_path(context_of(office))))) == 2


@pytest.mark.parametrize(
    ("caller_ids", "calls", "with_codes", "sections"),
    [
        (("", "6122103"), 2, 1, ["Calls"]),
        (("", "6122103"), 2, 2, []),  # no call has the form whose number is missing
        (("6122103", ""), 2, 1, ["CodeCalls"]),
        (("6122103", ""), 2, 0, []),
        (("6122103", "6122103"), 2, 1, []),
        (("", ""), 2, 1, ["Calls", "CodeCalls"]),
        (("", ""), 0, 0, []),
    ],
)
def test_calls_that_go_out_as_anonymous_are_reported(
    office: Office, caller_ids: tuple[str, str], calls: int, with_codes: int, sections: list[str]
) -> None:
    forms = {
        "ordinary": msgspec.structs.replace(office.settings.ordinary, caller_id=caller_ids[0]),
        "coded": msgspec.structs.replace(office.settings.coded, caller_id=caller_ids[1]),
    }
    office.change(**forms)
    context = msgspec.structs.replace(context_of(office), calls=calls, coded=with_codes)

    def reported(answers: Mapping[str, str]) -> list[str]:
        console(office, answers)
        found = [one for one in check_call_path(context) if "anonymous" in str(one)]
        assert {one.level for one in found} <= {Level.WARNING}
        return [one.where.rpartition("[")[2].partition("]")[0] for one in found]

    trunk = "PJSIP_ENDPOINT(beeline,from_user)"
    assert reported(SOUND | {trunk: ""}) == sections
    assert reported({name: value for name, value in SOUND.items() if name != trunk}) == sections
    assert reported(SOUND) == [], "the trunk adds a number"
    assert reported(SOUND | {"OBZVON_TRUNK": "Local/NUMBER@from-internal/n"}) == [], "FreePBX's route adds one"
    assert reported(SOUND | {trunk: "", "DIALPLAN_EXISTS(obzvon-message,play,1)": "0"}) == [], "their own dialplan"


def levels(found: list[Finding], said: str) -> list[Level]:
    return [finding.level for finding in found if said in str(finding)]


def console(office: Office, answers: Mapping[str, str]) -> None:
    names = "".join(f"   {name}={value}\n" for name, value in answers.items() if "(" not in name)
    (office.folder / "globals").write_text(names)
    cases = "".join(
        f"""    'dialplan eval function "{name}"') printf 'Return Value: Success (0)\\nResult: %s\\n' '{value}' ;;\n"""
        for name, value in answers.items()
        if "(" in name
    )
    office.program.write_text(
        f'#!/bin/sh\ncase "$4" in\n    "dialplan show globals") cat {office.folder}/globals ;;\n{cases}esac\n'
    )
    office.program.chmod(0o755)


# -- sounds


def problem(path: Path, name: str = "", reader: SystemUser | None = None) -> str:
    report = examine_sound(name or str(path.with_suffix("")), [], root=Path("/"), reader=reader)
    return str(report.problem or "")


@pytest.mark.parametrize(
    ("rate", "channels", "width", "said"),
    [
        (8000, 1, 2, ""),
        (16000, 1, 2, "it is 16000 Hz, channels: 1, 16 bit, and must be 8000 Hz, mono, 16 bit"),
        (44100, 2, 2, "it is 44100 Hz, channels: 2"),
        (8000, 2, 2, "channels: 2"),
        (8000, 1, 1, "8 bit"),
    ],
)
def test_a_wave_is_played_at_8_khz_mono_16_bit_only(
    tmp_path: Path, rate: int, channels: int, width: int, said: str
) -> None:
    found = problem(write_wave(tmp_path / "a.wav", rate, channels, width))
    assert said in found
    assert bool(said) == bool(found)


def test_a_wave_of_16_khz_has_a_suffix_of_its_own(tmp_path: Path) -> None:
    assert problem(write_wave(tmp_path / "a.wav16", 16000)) == ""
    assert "must be 16000 Hz" in problem(write_wave(tmp_path / "b.wav16", 8000))


@pytest.mark.parametrize(
    ("suffix", "size", "seconds"),
    [
        ("alaw", 16000, 2),
        ("ulaw", 16000, 2),
        ("gsm", 3300, 2),
        ("sln", 32000, 2),
        ("sln16", 64000, 2),
        ("g722", 16000, 2),
    ],
)
def test_the_length_of_what_has_no_header(tmp_path: Path, suffix: str, size: int, seconds: float) -> None:
    (tmp_path / f"a.{suffix}").write_bytes(bytes(size))
    report = examine_sound(str(tmp_path / "a"), [], root=Path("/"), reader=None)
    assert (report.problem, report.seconds) == (None, seconds)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.wav", b"", "this is no sound"),
        ("a.wav", b"<html>", "this is no sound"),
        ("a.alaw", b"", "this sound is empty"),
        ("a.mp3", b"ID3", "cannot play files of this kind: .mp3"),
        ("a.m4a", b"x", "cannot play files of this kind"),
    ],
)
def test_what_asterisk_cannot_play(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert said in problem(tmp_path / name)


def test_one_good_file_of_a_name_is_enough(tmp_path: Path) -> None:
    write_wave(tmp_path / "a.wav", 44100)
    assert problem(tmp_path / "a.wav")
    (tmp_path / "a.alaw").write_bytes(bytes(8000))
    assert problem(tmp_path / "a.wav") == ""


def test_a_sound_name_with_a_suffix_is_a_finding(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.wav")
    assert "names the sound with its suffix" in problem(path, name=str(path))


def test_a_name_is_looked_for_below_asterisks_sounds_and_its_languages(tmp_path: Path) -> None:
    (tmp_path / "root" / "data" / "sounds" / "ru" / "custom").mkdir(parents=True)
    write_wave(tmp_path / "root" / "data" / "sounds" / "ru" / "custom" / "obzvon.wav")
    folders = [Path("/data/sounds")]
    report = examine_sound("custom/obzvon", folders, root=tmp_path / "root", reader=None)
    assert (report.problem, report.path) == (None, Path("/data/sounds/ru/custom/obzvon.wav"))
    assert examine_sound("custom/other", folders, root=tmp_path / "root", reader=None).problem


def test_a_sound_that_asterisks_user_may_not_read(tmp_path: Path) -> None:
    path = write_wave(tmp_path / "a.wav")
    (tmp_path / "closed").mkdir(mode=0o700)
    closed = write_wave(tmp_path / "closed" / "a.wav")
    reader = SystemUser("asterisk", 31337, frozenset({31337}))
    root = tmp_path
    for folder in (tmp_path,):
        folder.chmod(0o755)
    path.chmod(0o600)
    said = examine_sound("/a", [], root=root, reader=reader)
    assert "may not read this sound" in str(said.problem)
    path.chmod(0o644)
    assert examine_sound("/a", [], root=root, reader=reader).problem is None
    closed.chmod(0o644)
    assert examine_sound("/closed/a", [], root=root, reader=reader).problem is not None
    (tmp_path / "closed").chmod(0o711)
    assert examine_sound("/closed/a", [], root=root, reader=reader).problem is None
