"""settings.ini being read: what is right becomes the fields of Settings, what is wrong is told all at once."""

import difflib
import errno
import os
import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path

import msgspec

from obzvon.common.errors import Problem, UserError, os_error_reason
from obzvon.common.i18n import Message, say, say_many
from obzvon.domain.calls import MAX_CALLER_ID_BYTES, CallForm
from obzvon.domain.pacing import Capacity, PaceMode
from obzvon.domain.results import Disposition
from obzvon.domain.retries import RetryPolicy, RetryRule
from obzvon.settings import ini
from obzvon.settings.ami import TLS_PORT, AmiSettings
from obzvon.settings.keys import KEYS
from obzvon.settings.secrets import JournalUrl
from obzvon.settings.timezone import machine_zone
from obzvon.settings.values import InvalidValueError
from obzvon.settings.web import WebSettings

ORDINARY = CallForm(context="avtoobzvon")
CODED = CallForm(context="avtoobzvon-ivr", caller_id="6122103")
"""How a call is made where the file says nothing of it."""

_SHOWN = 20
"""So many things that are wrong are told."""
_ASTERISK_SPOOL = Path("/var/spool/asterisk")
_ASTERISK_PID = Path("/var/run/asterisk/asterisk.pid")
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\")
_KNOWN = {(key.section.lower(), key.name): key for key in KEYS}
_SECTIONS = {key.section.lower(): key.section for key in KEYS}


def read_settings(file: Path, environ: Mapping[str, str]) -> dict[str, object]:
    """The fields of Settings that the file gives; raises UserError with everything that is wrong in it."""
    return _Loader(file, ini.parse_ini(_text(file)), environ).fields_of_settings()


def _text(file: Path) -> str:
    remedy: Message = say("name another file with --settings")
    try:
        with file.open("rb") as stream:
            data = stream.read(ini.MAX_BYTES + 1)
    except OSError as error:
        what = say("cannot be read: {why}", why=os_error_reason(error))
        if error.errno == errno.ENOENT:
            what = say("there is no such file")
            remedy = say("name the file with --settings, or make a working folder: obzvon init DIR")
        elif error.errno == errno.EACCES:
            remedy = say("type it as the service's user: runuser -u asterisk -- obzvon …")
        elif error.errno == errno.EISDIR:
            what = say("it is a folder")
            remedy = say("name the file itself: {path}", path=file / "settings.ini")
        raise UserError([Problem(str(file), what, remedy)]) from error
    text = ini.decode_ini(data)
    if text is None or len(data) > ini.MAX_BYTES:
        what, remedy = say("it is no text file"), say("save it as text, in UTF-8 or Windows-1251")
        raise UserError([Problem(str(file), what, remedy)])
    return text


class _Loader:
    """One file being read: what is right goes to `fields`, what is wrong to `problems`."""

    def __init__(self, file: Path, content: ini.IniFile, environ: Mapping[str, str]) -> None:
        self.file = file
        self.folder = file.parent
        self.environ = environ
        self.problems: list[Problem] = ini.bad_line_problems(str(file), content)
        self.notes: list[Problem] = []
        self.entries: dict[tuple[str, str], ini.IniEntry] = {}
        self.faulty: set[tuple[str, str]] = set()
        self.set: list[tuple[str, str]] = []
        self.fields: dict[str, dict[str, object]] = {}
        self._check_sections(content)
        for entry in content.entries:
            self._take(entry)

    def fields_of_settings(self) -> dict[str, object]:
        """All of them, or UserError."""
        own = self.fields.get("", {})
        paths = self._paths(own)
        defaults = {"ordinary": ORDINARY, "coded": CODED}
        forms = {name: msgspec.structs.replace(form, **self.fields.get(name, {})) for name, form in defaults.items()}
        web = self.fields.get("web", {})
        web["users"] = self.folder / _slashes(str(web.get("users", WebSettings().users)))
        ami = self._ami(self.fields.get("ami", {}))
        if ami.transport == "ami":
            self._check_caller_ids({"Calls": forms["ordinary"], "CodeCalls": forms["coded"]})
        if "zone" not in own:
            own["zone"] = self._machine_zone()
        rounds = RetryPolicy(
            {
                Disposition(name): rule
                for name, rule in self.fields.get("rounds", {}).items()
                if isinstance(rule, RetryRule) and rule.times
            }
        )
        ceiling = msgspec.convert(self.fields.get("ceiling", {}), Capacity)
        self._check_pace(own.get("pace_mode", PaceMode.FIXED), ceiling)
        if not self.problems:
            self._check_folders(paths)
        if self.problems:
            raise UserError(self._first_problems())
        written = frozenset((key.section, key.name) for key in map(_KNOWN.__getitem__, self.set))
        return {
            **own,
            **paths,
            **forms,
            "ceiling": ceiling,
            "ami": ami,
            "rounds": rounds,
            "web": msgspec.convert(web, WebSettings),
            "written": written,
            "notes": tuple(self.notes),
        }

    def _first_problems(self) -> list[Problem]:
        """In the order of the file, and no more than anybody reads."""
        found = sorted(self.problems, key=lambda problem: _line(problem.where))
        more = len(found) - _SHOWN
        rest = (
            [
                Problem(
                    str(self.file),
                    say_many("{n} more thing is wrong", "{n} more things are wrong", more),
                    say("mend these first, then look again: obzvon check"),
                )
            ]
            if more > 0
            else []
        )
        return [*found[:_SHOWN], *rest]

    def _check_sections(self, content: ini.IniFile) -> None:
        seen: dict[str, int] = {}
        for line, name in content.sections:
            if name.lower() in seen:
                self._wrong(
                    f"{self.file}:{line} [{name}]",
                    say("this section stands already in line {line}", line=seen[name.lower()]),
                    say("join the two"),
                )
            elif name.lower() not in _SECTIONS:
                self._wrong(
                    f"{self.file}:{line} [{name}]", say("there is no such section"), _nearest(name, _SECTIONS, "[{}]")
                )
            seen.setdefault(name.lower(), line)

    def _take(self, entry: ini.IniEntry) -> None:
        section, key = entry.section.lower(), entry.key.lower()
        if section not in _SECTIONS:
            return
        where = f"{self.file}:{entry.line} [{_SECTIONS[section]}] {entry.key}"
        known = _KNOWN.get((section, key))
        if known is None:
            at_home = sorted({_SECTIONS[other] for other, name in _KNOWN if name == key})
            remedy = (
                say("move it to {section}", section=" / ".join(f"[{name}]" for name in at_home))
                if at_home
                else _nearest(key, {name: name for of, name in _KNOWN if of == section}, "{}")
            )
            self._wrong(where, say("there is no such key in this section"), remedy)
        elif before := self.entries.get((section, key)):
            self._wrong(where, say("it is written already in line {line}", line=before.line), say("leave one of them"))
        else:
            self.entries[section, key] = entry
            if not entry.value and not known.may_be_empty:
                return
            try:
                self.fields.setdefault(known.group, {})[known.field] = known.read(entry.value)
                self.set.append((section, key))
            except InvalidValueError as refused:
                self.faulty.add((section, key))
                self._wrong(where, refused.what, refused.remedy)

    def _paths(self, own: dict[str, object]) -> dict[str, object]:
        source = self._folder("dir_source", str(own.pop("source", ".")), falls_back=True)
        found: dict[str, object] = {
            "source": source,
            "store": self._folder("dir_store", str(own.pop("store", "store"))),
            "target": self._folder("dir_target", str(own.pop("target", "target"))),
            "logs": self._folder("dir_logs", str(own.pop("logs", "log"))),
            "phones": source / _slashes(str(own.pop("phones", "todo.json"))),
            "schedule": source / _slashes(str(own.pop("schedule", "schedule.json"))),
            "journal": JournalUrl(self._journal(str(own.pop("journal", "journal.db")))),
        }
        target = found["target"]
        pid_file = own.pop("pid_file", "")
        if pid_file:
            found["pid_file"] = self.folder / str(pid_file)
        elif isinstance(target, Path) and target.is_relative_to(_ASTERISK_SPOOL):
            found["pid_file"] = _ASTERISK_PID
        return found

    def _ami(self, fields: dict[str, object]) -> AmiSettings:
        if "tls_ca" in fields:
            fields["tls_ca"] = self.folder / _slashes(str(fields["tls_ca"]))
        if fields.get("tls"):
            fields.setdefault("port", TLS_PORT)
        ami = msgspec.structs.replace(AmiSettings(), **fields)
        if not ami:
            if ami.transport == "ami" and ("ami", "host") not in self.faulty:
                self._wrong(
                    self._where("AMI", "transport"),
                    say("calls are to go by AMI, and no host is written"),
                    say("write host in [AMI], or transport = spool"),
                )
            return ami
        if not ami.secret and ("ami", "secret") not in self.faulty:
            self._wrong(
                self._where("AMI", "secret"),
                say("there is no secret"),
                say("write the secret of the user {user}, as it stands in Asterisk's manager.conf", user=ami.user),
            )
        for key, what, remedy in ami.misfits():
            self._wrong(self._where("AMI", key), what, remedy)
        return ami

    def _check_caller_ids(self, forms: Mapping[str, CallForm]) -> None:
        """What a call file can carry and an action cannot."""
        for section, form in forms.items():
            if len(form.caller_id.encode()) > MAX_CALLER_ID_BYTES:
                self._wrong(
                    self._where(section, "caller_id"),
                    say("it is longer than {most} bytes", most=MAX_CALLER_ID_BYTES),
                    say("shorten it, or write transport = spool in [AMI]"),
                )

    def _machine_zone(self) -> tzinfo:
        if zone := machine_zone(self.environ):
            return zone
        self.notes.append(
            Problem(
                self._where("Day", "time_zone"),
                say("no time zone is set and the machine has none, so times are taken as UTC"),
                say("write the zone, for example: {example}", example="time_zone = Europe/Moscow"),
            )
        )
        return UTC

    def _folder(self, key: str, text: str, *, falls_back: bool = False) -> Path:
        """A folder beside settings.ini. A Windows path is looked for under that very name, as the old script did."""
        literal = self.folder / text
        if ("\\" not in text and not _is_windows_path(text)) or os.path.lexists(literal):
            return literal
        if not _is_windows_path(text):
            return self.folder / _slashes(text)
        what = say("{path} is a folder of a Windows machine, and there is none of that name here", path=text)
        if falls_back:
            self.notes.append(
                Problem(
                    self._where("Dirs", key), what, say("the folder of settings.ini is used: {path}", path=self.folder)
                )
            )
            return self.folder
        self._wrong(self._where("Dirs", key), what, say("write the path of the folder on this machine"))
        return literal

    def _journal(self, text: str) -> str:
        if "://" not in text:
            return f"sqlite:///{self.folder / _slashes(text)}"
        scheme, _, path = text.partition(":///")
        return f"{scheme}:///{self.folder / path}" if scheme == "sqlite" else text

    def _check_folders(self, paths: dict[str, object]) -> None:
        """Asterisk takes every file in its folder for a call, and the store is emptied by its own rules."""
        real = {name: Path(os.path.realpath(path)) for name, path in paths.items() if isinstance(path, Path)}
        store, target = real["store"], real["target"]
        own = say("give it a folder of its own")
        if store == target:
            self._wrong(self._where("Dirs", "dir_store"), say("it is the same folder as dir_target"), own)
        elif store.is_relative_to(target) or target.is_relative_to(store):
            self._wrong(self._where("Dirs", "dir_store"), say("one of dir_store and dir_target lies in the other"), own)
        for name, key in (("source", "dir_source"), ("logs", "dir_logs")):
            if real[name] in (store, target):
                other = "dir_store" if real[name] == store else "dir_target"
                self._wrong(self._where("Dirs", key), say("it is the same folder as {other}", other=other), own)
        journal = paths["journal"]
        if isinstance(journal, JournalUrl) and journal.path:
            real["journal"] = Path(os.path.realpath(journal.path))
        for name, section, key in (
            ("phones", "Dirs", "file_phones"),
            ("schedule", "Dirs", "file_sch"),
            ("journal", "Journal", "url"),
        ):
            if name in real and real[name].parent == target != real["source"]:
                self._wrong(
                    self._where(section, key),
                    say("it lies in dir_target, where Asterisk takes every file"),
                    say("keep it in another folder"),
                )
        if real["phones"] == real["schedule"]:
            self._wrong(
                self._where("Dirs", "file_sch"),
                say("it is the same file as {other}", other="file_phones"),
                say("give it a name of its own"),
            )

    def _check_pace(self, mode: object, ceiling: Capacity) -> None:
        if mode is not PaceMode.FIXED and not ceiling.is_set:
            self._wrong(
                self._where("Pace", "pacing"),
                say("without a ceiling there is nothing that it could go by"),
                say("write how many lines there are, or the most calls that may be ours: lines or limit"),
            )
        if ceiling.lines is not None and ceiling.reserve >= ceiling.lines:
            self._wrong(
                self._where("Pace", "reserve"),
                say("nothing is left of the lines for our calls"),
                say("write less than lines = {lines}", lines=ceiling.lines),
            )

    def _where(self, section: str, key: str) -> str:
        entry = self.entries.get((section.lower(), key))
        return f"{self.file}:{entry.line} [{section}] {key}" if entry else f"{self.file} [{section}] {key}"

    def _wrong(self, where: str, what: Message, remedy: Message) -> None:
        self.problems.append(Problem(where, what, remedy))


def _nearest(name: str, known: Mapping[str, str], shape: str) -> Message:
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if close:
        return say("is {name} meant?", name=shape.format(known[close[0]]))
    return say("known are: {names}", names=", ".join(shape.format(one) for one in known.values()))


def _slashes(text: str) -> str:
    return text.replace("\\", "/")


def _is_windows_path(text: str) -> bool:
    r"""Whether it begins with a drive's letter or a Windows machine's name: `Z:\www`, `\\server\www`."""
    return _DRIVE.match(text) is not None


def _line(where: str) -> int:
    found = re.search(r":(\d+)( \[|$)", where)
    return int(found[1]) if found else 0
