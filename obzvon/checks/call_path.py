"""Looks at what a call needs on its way: the dialplan, the trunk and the sounds.

A run does not start while it is certain that no call can work. What cannot be known holds nothing up.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from obzvon.asterisk.ami.survey import Survey, run_survey, survey_by_login
from obzvon.checks.asterisk import ask_console, asterisk_directories, running_pid
from obzvon.checks.context import CheckContext, error, finding_from, good, warning
from obzvon.checks.file_access import process_user
from obzvon.checks.messages import chosen_message, playing_finding, sound_name
from obzvon.checks.sound import SoundReport, examine_sound
from obzvon.common.errors import Problem
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm
from obzvon.journal.findings import Finding, Level

#: OBZVON_TRUNK as asterisk/extensions_obzvon.conf comes.
_EXAMPLE = re.compile(r"\S*@mytrunk")
_DIALPLAN_FILE = "extensions_obzvon.conf"
#: The device of a way out whose state Asterisk knows. Others, such as DAHDI groups and Local, have none that says much.
_DEVICES = (
    re.compile(r"(PJSIP|SIP)/NUMBER@([^/@,()]+)"),
    re.compile(r"(PJSIP|SIP|IAX2)/([^/@,():]+)/.*NUMBER.*"),
)
_GLOBAL = re.compile(r"^ +(\w+)=(.*)$", re.MULTILINE)
_RESULT = re.compile(r"^Return Value: Success.*\nResult: (.*)$", re.MULTILINE)
#: Characters allowed in a question: none that ends it or begins another.
_PLAIN = re.compile(r"[\w .+*@:&-]+")
#: Where Asterisk's packages keep sounds; the second is Debian's.
_DATA_FOLDERS = ("/var/lib/asterisk", "/usr/share/asterisk")
#: Asterisk gives up a call over a trunk in one of these states at once: measured on 16 and 22 (cause 3).
_NO_TRUNK, _UNREACHABLE = "INVALID", "UNAVAILABLE"


class CallPath(msgspec.Struct, frozen=True):
    """A call's way as Asterisk describes it; None is unknown. `missing` are extensions that the dialplan lacks."""

    missing: tuple[str, ...] = ()
    is_ours: bool | None = None
    trunk: str | None = None
    device: str = ""
    state: str | None = None
    sounds: tuple[str, ...] = ()
    #: The folder that it plays the messages of the editor from; '' = none.
    messages: str | None = None


class CallKinds(msgspec.Struct, frozen=True):
    """Kinds of calls in a list: the forms that they use, and whether any leaves over the trunk."""

    forms: tuple[CallForm, ...]
    needs_trunk: bool = True


def survey_call_path(forms: Sequence[CallForm]) -> Survey[CallPath]:
    """Ask Asterisk for a call's way; the questions go where a survey goes."""
    missing: list[str] = []
    answers = False
    for form in forms:
        if _PLAIN.fullmatch(form.context) and _PLAIN.fullmatch(form.extension):
            exists = yield f"DIALPLAN_EXISTS({form.context},{form.extension},{form.priority})"
            answers = answers or bool(exists)
            if exists == "0":
                missing.append(f"{form.extension}@{form.context}")
    ours = yield "DIALPLAN_EXISTS(obzvon-message,play,1)"
    is_ours = {"1": True, "0": False}.get(ours or "")
    if is_ours is False:
        return CallPath(tuple(missing), is_ours)
    trunk = yield "OBZVON_TRUNK"
    device = trunk_device(trunk or "")
    if not is_ours and not answers:
        return CallPath(tuple(missing), is_ours, trunk, device)
    state = (yield f"DEVICE_STATE({device})") if device else None
    sounds = []
    for name in ("OBZVON_MESSAGE", "OBZVON_QUESTION"):
        named = yield name
        sounds += [one for one in (named or "").split("&") if one and "$" not in one]
    messages = yield "OBZVON_MESSAGES"
    return CallPath(tuple(missing), is_ours, trunk, device, state or None, tuple(sounds), messages)


def trunk_device(trunk: str) -> str:
    """Return the device of a way out, `PJSIP/mytrunk` for `PJSIP/NUMBER@mytrunk`; '' where its state says nothing."""
    found = next((found for one in _DEVICES if (found := one.fullmatch(trunk))), None)
    return f"{found[1]}/{found[2]}" if found and _PLAIN.fullmatch(found[2]) else ""


def find_blockers(context: CheckContext, path: CallPath, kinds: CallKinds) -> list[Problem]:
    """Return the problems for which it is certain that no call can work."""
    found = []
    if kinds.forms and len(path.missing) == len(kinds.forms):
        found += [_missing_extension(context, one) for one in path.missing]
    if kinds.needs_trunk and path.is_ours and (problem := _trunk_problem(path)):
        found.append(problem)
    if path.is_ours and not _plays_chosen_message(context, path):
        message = next(iter(examine_sounds(context, path)), None)
        if message is not None and message.problem is not None:
            found.append(Problem(str(message.path), message.problem, message.remedy))
    return found


def examine_sounds(context: CheckContext, path: CallPath) -> list[SoundReport]:
    """Return a report on each sound of the dialplan; none where Asterisk's files are not to be seen from here."""
    return _examine_sounds(context, path.sounds)


def _plays_chosen_message(context: CheckContext, path: CallPath) -> bool:
    """Return whether a message is chosen that Asterisk can play: then the dialplan's own is not needed."""
    chosen = chosen_message(context)
    if chosen is None or not path.messages:
        return False
    return all(one.problem is None for one in _examine_sounds(context, [sound_name(chosen, path.messages)]))


def _examine_sounds(context: CheckContext, names: Sequence[str]) -> list[SoundReport]:
    pid = running_pid(context)
    if pid is None:
        return []
    root = Path(f"/proc/{pid}/root")
    try:
        root.stat()
    except OSError:  # only root and Asterisk's own user may look; then it is most likely ours
        root = Path("/")
    named = (asterisk_directories(context) or {}).get("astdatadir")
    folders = [Path(folder) / "sounds" for folder in ([named] if named else _DATA_FOLDERS)]
    return [examine_sound(name, folders, root=root, reader=process_user(pid)) for name in names]


def ask_call_path(
    context: CheckContext, forms: Sequence[CallForm], evaluate: Callable[[str], str | None] | None
) -> CallPath:
    """Return a call's way by `evaluate`, else by Asterisk's console."""
    return run_survey(survey_call_path(forms), evaluate or _Console(context).evaluate)


def check_call_path(context: CheckContext) -> Iterator[Finding]:
    """Check the trunk and the sounds, and over AMI the dialplan, which the console shows better."""
    settings = context.settings
    forms = [form for form, calls in _used_forms(context) if calls]
    path, by_console = ask_call_path(context, forms, None), True
    if path == CallPath() and context.is_login_taken:
        path, by_console = survey_by_login(settings.ami, survey_call_path(forms)), False
    if not by_console:
        for extension in path.missing:
            yield finding_from(_missing_extension(context, extension), Level.ERROR)
    if path.is_ours is False:
        yield good("", say("the dialplan is one of your own, so its trunk and its sounds are not checked"))
        return
    yield from _check_trunk(path)

    def ask(survey: Survey[str]) -> str:
        return run_survey(survey, _Console(context).evaluate) if by_console else survey_by_login(settings.ami, survey)

    yield from _check_caller_id(context, path, forms, ask)
    for report in examine_sounds(context, path):
        yield _sound_finding(report)
    if (chosen := chosen_message(context)) is not None and (path.messages or path.is_ours):
        name = sound_name(chosen, path.messages or "")
        yield playing_finding(chosen, path.messages, next(iter(_examine_sounds(context, [name])), None))


def _check_trunk(path: CallPath) -> Iterator[Finding]:
    if path.is_ours and (problem := _trunk_problem(path)):
        yield error(problem.where, problem.what, problem.remedy)
    elif path.trunk is not None and _EXAMPLE.fullmatch(path.trunk) and path.state is None:
        yield warning(_DIALPLAN_FILE, _EXAMPLE_WHAT, _EXAMPLE_REMEDY)
    elif path.state is not None:
        yield good(path.device, say("the trunk is there, and Asterisk does not call it unreachable"))


def _check_caller_id(
    context: CheckContext, path: CallPath, forms: Sequence[CallForm], ask: Callable[[Survey[str]], str]
) -> Iterator[Finding]:
    """Check that calls of the forms in use carry a number. Over PJSIP one without is anonymous@anonymous.invalid."""
    empty = [form for form in forms if not form.caller_id]
    if not empty or not path.is_ours or not path.device.startswith("PJSIP/") or ask(_survey_from_user(path.device)):
        return
    for form in empty:
        section = "Calls" if form is context.settings.ordinary else "CodeCalls"
        yield warning(
            f"{context.settings.file} [{section}] caller_id",
            say(
                "it is empty: calls over {trunk} go out as anonymous, unless the trunk adds a number, and many "
                "carriers refuse anonymous calls",
                trunk=path.device,
            ),
            say("write the number that the called person shall see, or from_user for the trunk in pjsip.conf"),
        )


def _survey_from_user(device: str) -> Survey[str]:
    """Ask Asterisk for the number that a PJSIP trunk adds, "" if it adds none or it is unknown."""
    return (yield f"PJSIP_ENDPOINT({device.partition('/')[2]},from_user)") or ""


def _sound_finding(report: SoundReport) -> Finding:
    if report.problem is not None:
        return error(report.path, report.problem, report.remedy)
    if report.seconds is None:
        return good(report.path, say("Asterisk can play this sound, if it has the module for it"))
    return good(report.path, say("Asterisk can play this sound; it lasts {seconds} s", seconds=f"{report.seconds:.1f}"))


def _used_forms(context: CheckContext) -> tuple[tuple[CallForm, int], ...]:
    settings = context.settings
    return (settings.ordinary, context.calls - context.coded), (settings.coded, context.coded)


_EXAMPLE_WHAT = say("OBZVON_TRUNK is still the example: no call leaves the PBX")
_EXAMPLE_REMEDY = say("write your own trunk into that file, in Asterisk's folder; then: asterisk -rx 'dialplan reload'")


def _trunk_problem(path: CallPath) -> Problem | None:
    if path.trunk == "":
        return Problem(_DIALPLAN_FILE, say("OBZVON_TRUNK is empty: no call leaves the PBX"), _EXAMPLE_REMEDY)
    if path.trunk is not None and path.state == _NO_TRUNK:
        if _EXAMPLE.fullmatch(path.trunk):
            return Problem(_DIALPLAN_FILE, _EXAMPLE_WHAT, _EXAMPLE_REMEDY)
        return Problem(
            f"{_DIALPLAN_FILE} OBZVON_TRUNK",
            say("Asterisk has no trunk {trunk}: no call leaves the PBX", trunk=path.device),
            _EXAMPLE_REMEDY,
        )
    if path.state == _UNREACHABLE:
        return Problem(
            path.device,
            say("Asterisk cannot reach this trunk, and gives up every call over it at once"),
            say("see that the network and the carrier work, and what Asterisk's console says of the trunk"),
        )
    return None


def _missing_extension(context: CheckContext, extension: str) -> Problem:
    section = "Calls" if extension.endswith(f"@{context.settings.ordinary.context}") else "CodeCalls"
    return Problem(
        f"{context.settings.file} [{section}]",
        say("Asterisk's dialplan has no {extension}", extension=extension),
        say(
            "copy asterisk/extensions_obzvon.conf into its dialplan, or fix context and "
            "extension; then: asterisk -rx 'dialplan reload'"
        ),
    )


class _Console:
    """Answers a survey by Asterisk's console, as far as that is ours to ask."""

    def __init__(self, context: CheckContext) -> None:
        self._context = context
        self._globals: dict[str, str] | None = None

    def evaluate(self, expression: str) -> str | None:
        """Return the value of a global variable or of a function, None if it is unknown."""
        if "(" in expression:
            # The console splits its line at spaces, unless they are quoted.
            found = _RESULT.search(ask_console(self._context, f'dialplan eval function "{expression}"') or "")
            return found[1].strip() if found else None
        if self._globals is None:
            self._globals = dict(_GLOBAL.findall(ask_console(self._context, "dialplan show globals") or ""))
        return self._globals.get(expression, "" if self._globals else None)
