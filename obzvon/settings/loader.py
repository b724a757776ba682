"""Loads settings.ini: right values become the fields of Settings, and all problems are reported at once."""

import difflib
import errno
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from obzvon.common import safe_open
from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say
from obzvon.domain.calls import MAX_CALLER_ID_BYTES, CallForm
from obzvon.domain.pacing import Capacity, PaceMode
from obzvon.domain.results import Disposition
from obzvon.domain.retries import RetryPolicy, RetryRule
from obzvon.settings import ini
from obzvon.settings.ami import TLS_PORT, AmiSettings
from obzvon.settings.faults import SettingsFaults
from obzvon.settings.keys import KEYS
from obzvon.settings.paths import check_paths, take_paths, with_slashes
from obzvon.settings.timezone import machine_zone
from obzvon.settings.values import InvalidValueError
from obzvon.settings.web import WebSettings

#: How a call is made if the file does not say otherwise.
ORDINARY = CallForm(context="avtoobzvon")
CODED = CallForm(context="avtoobzvon-ivr", caller_id="6122103")

_KEYS = {(key.section.lower(), key.name): key for key in KEYS}
_SECTIONS = {key.section.lower(): key.section for key in KEYS}


def read_settings(file: Path, environ: Mapping[str, str]) -> dict[str, object]:
    """Return the fields of Settings that the file gives. Raises UserError with every problem in it."""
    return _Loader(file, ini.parse_ini(_read_text(file)), environ).settings_fields()


def _read_text(file: Path) -> str:
    remedy: Message = say("name another file with --settings")
    try:
        data = _read_start(file)
    except OSError as error:
        what = say("cannot be read: {why}", why=os_error_reason(error))
        if error.errno == errno.ENOENT:
            what = say("there is no such file")
            remedy = say("name the file with --settings, or create a working folder: obzvon init DIR")
        elif error.errno == errno.EACCES:
            remedy = say("run this as the service user: runuser -u asterisk -- obzvon …")
        elif file.is_dir():
            what = say("it is a folder")
            remedy = say("name the file itself: {path}", path=file / "settings.ini")
        raise UserError([Problem(str(file), what, remedy)]) from error
    text = ini.decode_ini(data)
    if text is None or len(data) > ini.MAX_BYTES:
        what, remedy = say("it is not a text file"), say("save it as text, in UTF-8 or Windows-1251")
        raise UserError([Problem(str(file), what, remedy)])
    return text


def _read_start(file: Path) -> bytes:
    """Return as much of the file as a settings file may have, and a byte more. Waits for no pipe."""
    with safe_open.open_file(file) as descriptor, open(descriptor, "rb", closefd=False) as stream:
        return stream.read(ini.MAX_BYTES + 1)


class _Loader:
    """A file being loaded: right values go to `fields`, by their struct, and problems to `faults`."""

    def __init__(self, file: Path, content: ini.IniFile, environ: Mapping[str, str]) -> None:
        self.folder = file.parent
        self.environ = environ
        self.entries: dict[tuple[str, str], ini.IniEntry] = {}
        self.faults = SettingsFaults(file, self.entries)
        self.faults.problems += ini.bad_line_problems(str(file), content)
        self.invalid: set[tuple[str, str]] = set()
        self.written: list[tuple[str, str]] = []
        self.fields: dict[str, dict[str, object]] = {}
        self._check_sections(content)
        for entry in content.entries:
            self._take_entry(entry)

    def settings_fields(self) -> dict[str, object]:
        """Return the fields of Settings. Raises UserError if anything is wrong."""
        own = self.fields.get("", {})
        paths = take_paths(self.folder, own, self.faults)
        defaults = {"ordinary": ORDINARY, "coded": CODED}
        forms = {name: msgspec.structs.replace(form, **self.fields.get(name, {})) for name, form in defaults.items()}
        ami = self._ami(self.fields.get("ami", {}))
        if ami.transport == "ami":
            self._check_caller_ids({"Calls": forms["ordinary"], "CodeCalls": forms["coded"]})
        if "zone" not in own:
            own["zone"] = machine_zone(self.environ) or self._fallback_zone()
        ceiling = msgspec.convert(self.fields.get("ceiling", {}), Capacity)
        self._check_pace(own.get("pace_mode", PaceMode.FIXED), ceiling)
        if not self.faults.problems:
            check_paths(paths, self.faults)
        self.faults.raise_if_any()
        return {
            **own,
            **paths,
            **forms,
            "ceiling": ceiling,
            "ami": ami,
            "rounds": _retry_policy(self.fields.get("rounds", {})),
            "web": self._web(self.fields.get("web", {})),
            "written": frozenset((_KEYS[place].section, _KEYS[place].name) for place in self.written),
            "notes": tuple(self.faults.notes),
        }

    def _check_sections(self, content: ini.IniFile) -> None:
        seen: dict[str, int] = {}
        for line, name in content.sections:
            if name.lower() in seen:
                what = say("this section is already in line {line}", line=seen[name.lower()])
                self.faults.add_at(line, f"[{name}]", what, say("merge the two"))
            elif name.lower() not in _SECTIONS:
                remedy = _suggest_name(name, _SECTIONS, "[{}]")
                self.faults.add_at(line, f"[{name}]", say("there is no such section"), remedy)
            seen.setdefault(name.lower(), line)

    def _take_entry(self, entry: ini.IniEntry) -> None:
        place = section, name = entry.section.lower(), entry.key.lower()
        if section not in _SECTIONS:
            return
        where = f"[{_SECTIONS[section]}] {entry.key}"
        key = _KEYS.get(place)
        if key is None:
            remedy = _suggest_key(section, name)
            where = f"[{_SECTIONS[section]}] {ini.unknown_key(entry.key, section)}"
            self.faults.add_at(entry.line, where, say("there is no such key in this section"), remedy)
        elif before := self.entries.get(place):
            what = say("it is already set in line {line}", line=before.line)
            self.faults.add_at(entry.line, where, what, say("keep one of them"))
        else:
            self.entries[place] = entry
            if not entry.value and not key.may_be_empty:
                return
            try:
                self.fields.setdefault(key.group, {})[key.field] = key.parse(entry.value)
                self.written.append(place)
            except InvalidValueError as error:
                self.invalid.add(place)
                self.faults.add_at(entry.line, where, error.what, error.remedy)

    def _ami(self, fields: dict[str, object]) -> AmiSettings:
        if "tls_ca" in fields:
            fields["tls_ca"] = self.folder / with_slashes(str(fields["tls_ca"]))
        if fields.get("tls"):
            fields.setdefault("port", TLS_PORT)
        ami = msgspec.structs.replace(AmiSettings(), **fields)
        if not ami:
            if ami.transport == "ami" and ("ami", "host") not in self.invalid:
                what = say("calls go through AMI, and no host is set")
                self.faults.add("AMI", "transport", what, say("write host in [AMI], or transport = spool"))
            return ami
        if not ami.secret and ("ami", "secret") not in self.invalid:
            remedy = say("write the secret of the user {user} from Asterisk's manager.conf", user=ami.user)
            self.faults.add("AMI", "secret", say("there is no secret"), remedy)
        for key, what, remedy in ami.conflicts():
            self.faults.add("AMI", key, what, remedy)
        return ami

    def _web(self, fields: dict[str, object]) -> WebSettings:
        fields["users"] = self.folder / with_slashes(str(fields.get("users", WebSettings().users)))
        return msgspec.convert(fields, WebSettings)

    def _check_caller_ids(self, forms: Mapping[str, CallForm]) -> None:
        """Add the caller IDs that a call file can carry and an AMI action cannot."""
        for section, form in forms.items():
            if len(form.caller_id.encode()) > MAX_CALLER_ID_BYTES:
                what = say("it is longer than {most} bytes", most=MAX_CALLER_ID_BYTES)
                remedy = say("shorten it, or write transport = spool in [AMI]")
                self.faults.add(section, "caller_id", what, remedy)

    def _fallback_zone(self) -> tzinfo:
        self.faults.note(
            "Day",
            "time_zone",
            say("no time zone is set and the machine has none, so times are taken as UTC"),
            say("write the zone, for example: {example}", example="time_zone = Europe/Moscow"),
        )
        return UTC

    def _check_pace(self, mode: object, ceiling: Capacity) -> None:
        if mode is not PaceMode.FIXED and not ceiling.is_set:
            self.faults.add(
                "Pace",
                "pacing",
                say("this pacing needs a ceiling, and none is set"),
                say("set lines, how many lines there are, or limit, the most calls of ours at once"),
            )
        if ceiling.lines is not None and ceiling.reserve >= ceiling.lines:
            what = say("no lines are left for our calls")
            self.faults.add("Pace", "reserve", what, say("write less than lines = {lines}", lines=ceiling.lines))


def _retry_policy(rules: Mapping[str, object]) -> RetryPolicy:
    wanted = {name: rule for name, rule in rules.items() if isinstance(rule, RetryRule) and rule.times}
    return RetryPolicy({Disposition(name): rule for name, rule in wanted.items()})


def _suggest_key(section: str, name: str) -> Message:
    """Return the remedy for an unknown key: the sections that have it, or the nearest key of this section."""
    homes = sorted({_SECTIONS[other] for other, key in _KEYS if key == name})
    if homes:
        return say("move it to {section}", section=" / ".join(f"[{home}]" for home in homes))
    return _suggest_name(name, {key: key for other, key in _KEYS if other == section}, "{}")


def _suggest_name(name: str, names: Mapping[str, str], shape: str) -> Message:
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    if close:
        return say("did you mean {name}?", name=shape.format(names[close[0]]))
    return say("the names are: {names}", names=", ".join(shape.format(one) for one in names.values()))
