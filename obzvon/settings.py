"""settings.ini: where things are, how the calls are made and how fast."""

import difflib
import errno
import os
import re
from collections.abc import Mapping
from datetime import UTC, date, time, timedelta, tzinfo
from pathlib import Path

import msgspec

from obzvon import ini
from obzvon.campaign import CallForm, Disposition
from obzvon.errors import Problem, UserError, why
from obzvon.language import Message, say
from obzvon.numbering import NumberingPlan
from obzvon.pacing import Ceiling, Mode, Pace
from obzvon.rounds import Round, Rounds
from obzvon.settings_ami import TLS_PORT, Ami
from obzvon.settings_keys import KEYS, Refused, is_windows_path, machine_zone, masked

_ASTERISK_SPOOL = Path("/var/spool/asterisk")
_ASTERISK_PID = Path("/var/run/asterisk/asterisk.pid")
_TEMPLATE = Path(__file__).with_name("data") / "settings.ini"


class JournalUrl:
    """The journal's address: `reveal()` gives it with its password, which nothing else shows."""

    __slots__ = ("_url",)

    def __init__(self, url: str) -> None:
        self._url = url

    def reveal(self) -> str:
        """The address as SQLAlchemy takes it."""
        return self._url

    @property
    def path(self) -> Path | None:
        """The file of a SQLite journal."""
        _, found, path = self._url.partition("sqlite:///")
        return Path(path) if found else None

    def __str__(self) -> str:
        return masked(self._url)

    def __repr__(self) -> str:
        return f"JournalUrl({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JournalUrl) and other._url == self._url

    def __hash__(self) -> int:
        return hash(self._url)


class Web(msgspec.Struct, frozen=True):
    """Where the editor listens, and to whom."""

    host: str = "127.0.0.1"
    port: int = 8080
    users: Path = Path("users.json")
    plain_http: bool = False
    """Unencrypted on an address that other machines reach."""
    proxy: str = ""
    """The address of the proxy in front of it, which tells who asks and over what; empty = there is none."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What settings.ini says, checked; times in seconds where nothing else is said."""

    file: Path
    source: Path
    store: Path
    target: Path
    logs: Path
    phones: Path
    schedule: Path
    journal: JournalUrl

    bundle: int = 2
    timeout: float = 10.0
    pace_mode: Mode = Mode.FIXED
    rate: float = 10.0
    """Calls per second at the most, in the adaptive mode."""
    ceiling: Ceiling = Ceiling()

    rounds: Rounds = Rounds()
    """Who is rung once more in the same run; nobody by default."""

    former_status: str = ""
    """What the old script left: 'Off', 'Working' or nothing."""
    former_start: date | None = None
    """The day of the old script's last run."""

    ordinary: CallForm = CallForm(context="avtoobzvon")
    coded: CallForm = CallForm(context="avtoobzvon-ivr", caller_id="6122103")

    zone: tzinfo = msgspec.field(default_factory=lambda: machine_zone() or UTC)
    late_start: timedelta | None = None
    """How long after its time a missed start is made up for; None = the rest of the day, 0 = never."""
    latest: time | None = None
    """The time after which nothing is handed over; None = no such time."""

    region: str = "RU"
    foreign: bool = False
    premium: bool = False
    internal: str = ""
    """A regular expression that the whole of an internal number matches; empty = there are none."""

    owner: tuple[int, int] | None = None
    """uid and gid of call files, as os.chown takes them (-1 = as it is); None = those of the spool."""
    mode: int = 0o640
    pid_file: Path | None = None
    """Asterisk's pid file; None = it is not looked at."""

    ami: Ami = Ami()
    delivered: float = 0.0
    """Seconds for which a message must be listened to if it is to count as delivered; 0 = whatever was answered."""

    log_level: str = "INFO"
    keep_days: int = 30
    """How long log files are kept; 0 = for ever."""
    language: str = "auto"

    web: Web = Web()

    written: frozenset[tuple[str, str]] = frozenset()
    """Section and name of the keys that the file sets; all others have their defaults."""
    notes: tuple[Problem, ...] = ()
    """What is not as it was written, though the service can work: for the log and `check`."""

    def pace(self) -> Pace:
        """How many calls go, and when the next ones."""
        return Pace(self.bundle, self.timeout, self.pace_mode, self.rate, self.ceiling)

    def numbering_plan(self) -> NumberingPlan:
        """Which numbers may be rung, and how they are dialled."""
        return NumberingPlan(self.region, foreign=self.foreign, premium=self.premium, internal=self.internal)


def search_path(environ: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Path:
    """The file meant when none is named: $OBZVON_SETTINGS, else ./settings.ini, else /etc/obzvon/settings.ini."""
    if named := environ.get("OBZVON_SETTINGS"):
        return Path(named)
    here = (cwd or Path.cwd()) / "settings.ini"
    everywhere = Path("/etc/obzvon/settings.ini")
    return everywhere if _is_there(everywhere) and not _is_there(here) else here


def load(path: Path | str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the file; raises UserError with everything that is wrong in it."""
    file = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would leave the folder of a linked settings.ini
    return _Reading(file, ini.parse(_text(file)), environ).settings()


def template(**values: str) -> str:
    """A commented settings.ini in Russian for a new working folder; `values` sets keys, as `dir_target="/spool"`."""
    text = _TEMPLATE.read_text(encoding="utf-8")
    for key, value in values.items():
        line = f"{key} = {value}"
        text, count = re.subn(rf"^;?{re.escape(key)} =.*$", lambda _, line=line: line, text, flags=re.MULTILINE)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"settings.ini has {count} keys {key}")
    return text


def _text(file: Path) -> str:
    remedy: Message = say("name another file with --settings")
    try:
        with file.open("rb") as stream:
            data = stream.read(ini.BYTES + 1)
    except OSError as error:
        what = say("cannot be read: {why}", why=why(error))
        if error.errno == errno.ENOENT:
            what = say("there is no such file")
            remedy = say("name the file with --settings, or make a working folder: obzvon init DIR")
        elif error.errno == errno.EACCES:
            remedy = say("type it as the service's user: runuser -u asterisk -- obzvon …")
        elif error.errno == errno.EISDIR:
            what = say("it is a folder")
            remedy = say("name the file itself: {path}", path=file / "settings.ini")
        raise UserError([Problem(str(file), what, remedy)]) from error
    text = ini.decode(data)
    if text is None or len(data) > ini.BYTES:
        what, remedy = say("it is no text file"), say("save it as text, in UTF-8 or Windows-1251")
        raise UserError([Problem(str(file), what, remedy)])
    return text


class _Reading:
    """One file being read: what is right goes to `fields`, what is wrong to `problems`."""

    def __init__(self, file: Path, content: ini.Ini, environ: Mapping[str, str]) -> None:
        self.file = file
        self.folder = file.parent
        self.environ = environ
        self.problems: list[Problem] = ini.bad_lines(str(file), content)
        self.notes: list[Problem] = []
        self.entries: dict[tuple[str, str], ini.Entry] = {}
        self.faulty: set[tuple[str, str]] = set()
        self.set: list[tuple[str, str]] = []
        self.fields: dict[str, dict[str, object]] = {}
        self._check_sections(content)
        for entry in content.entries:
            self._take(entry)

    def settings(self) -> Settings:
        """The whole of it, or UserError."""
        own = self.fields.get("", {})
        paths = self._paths(own)
        defaults = {"ordinary": CallForm(context="avtoobzvon"),
                    "coded": CallForm(context="avtoobzvon-ivr", caller_id="6122103")}
        forms = {name: msgspec.structs.replace(form, **self.fields.get(name, {})) for name, form in defaults.items()}
        web = self.fields.get("web", {})
        web["users"] = self.folder / _slashes(str(web.get("users", Web().users)))
        ami = self._ami(self.fields.get("ami", {}))
        if "zone" not in own:
            own["zone"] = self._machine_zone()
        rounds = Rounds({Disposition(name): rule for name, rule in self.fields.get("rounds", {}).items()
                         if isinstance(rule, Round) and rule.times})
        ceiling = msgspec.convert(self.fields.get("ceiling", {}), Ceiling)
        self._check_pace(own.get("pace_mode", Mode.FIXED), ceiling)
        if not self.problems:
            self._check_folders(paths)
        if self.problems:
            raise UserError(sorted(self.problems, key=lambda problem: _line(problem.where)))
        merged: dict[str, object] = {**own, **paths, **forms, "ceiling": ceiling, "ami": ami, "rounds": rounds,
                                     "web": msgspec.convert(web, Web)}
        merged["written"] = frozenset((key.section, key.name) for key in map(_KNOWN.__getitem__, self.set))
        return Settings(file=self.file, notes=tuple(self.notes), **merged)  # type: ignore[arg-type]

    def _check_sections(self, content: ini.Ini) -> None:
        seen: dict[str, int] = {}
        for line, name in content.sections:
            if name.lower() in seen:
                self._wrong(f"{self.file}:{line} [{name}]",
                            say("this section stands already in line {line}", line=seen[name.lower()]),
                            say("join the two"))
            elif name.lower() not in _SECTIONS:
                self._wrong(f"{self.file}:{line} [{name}]", say("there is no such section"),
                            _nearest(name, _SECTIONS, "[{}]"))
            seen.setdefault(name.lower(), line)

    def _take(self, entry: ini.Entry) -> None:
        section, key = entry.section.lower(), entry.key.lower()
        if section not in _SECTIONS:
            return
        where = f"{self.file}:{entry.line} [{_SECTIONS[section]}] {entry.key}"
        known = _KNOWN.get((section, key))
        if known is None:
            at_home = sorted({_SECTIONS[other] for other, name in _KNOWN if name == key})
            remedy = (say("move it to {section}", section=" / ".join(f"[{name}]" for name in at_home)) if at_home
                      else _nearest(key, {name: name for of, name in _KNOWN if of == section}, "{}"))
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
            except Refused as refused:
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

    def _ami(self, fields: dict[str, object]) -> Ami:
        if "tls_ca" in fields:
            fields["tls_ca"] = self.folder / _slashes(str(fields["tls_ca"]))
        if fields.get("tls"):
            fields.setdefault("port", TLS_PORT)
        ami = msgspec.structs.replace(Ami(), **fields)
        if not ami:
            return ami
        wrong = [
            (not ami.secret and ("ami", "secret") not in self.faulty, "secret", say("there is no secret"),
             say("write the secret of the user {user}, as it stands in Asterisk's manager.conf", user=ami.user)),
            (ami.trunk and ami.group, "group", say("trunk is written as well, and only one of them is counted"),
             say("leave one of them")),
            (ami.tls_ca and ami.tls_fingerprint, "tls_fingerprint",
             say("tls_ca is written as well, and only one of them can be trusted"), say("leave one of them")),
            ((ami.tls_ca or ami.tls_fingerprint) and not ami.tls, "tls",
             say("a certificate is named, and the connection would not be encrypted"), say("write tls = yes")),
        ]
        for is_wrong, key, what, remedy in wrong:
            if is_wrong:
                self._wrong(self._where("AMI", key), what, remedy)
        return ami

    def _machine_zone(self) -> tzinfo:
        if zone := machine_zone(self.environ):
            return zone
        self.notes.append(Problem(
            self._where("Day", "time_zone"),
            say("no time zone is set and the machine has none, so times are taken as UTC"),
            say("write the zone, for example: {example}", example="time_zone = Europe/Moscow")))
        return UTC

    def _folder(self, key: str, text: str, *, falls_back: bool = False) -> Path:
        """A folder beside settings.ini. A Windows path is looked for under that very name, as the old script did."""
        literal = self.folder / text
        if ("\\" not in text and not is_windows_path(text)) or os.path.lexists(literal):
            return literal
        if not is_windows_path(text):
            return self.folder / _slashes(text)
        what = say("{path} is a folder of a Windows machine, and there is none of that name here", path=text)
        if falls_back:
            self.notes.append(Problem(self._where("Dirs", key), what,
                                      say("the folder of settings.ini is used: {path}", path=self.folder)))
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
        for name, section, key in (("phones", "Dirs", "file_phones"), ("schedule", "Dirs", "file_sch"),
                                   ("journal", "Journal", "url")):
            if name in real and real[name].parent == target != real["source"]:
                self._wrong(self._where(section, key), say("it lies in dir_target, where Asterisk takes every file"),
                            say("keep it in another folder"))
        if real["phones"] == real["schedule"]:
            self._wrong(self._where("Dirs", "file_sch"), say("it is the same file as {other}", other="file_phones"),
                        say("give it a name of its own"))

    def _check_pace(self, mode: object, ceiling: Ceiling) -> None:
        if mode is not Mode.FIXED and not ceiling.is_set:
            self._wrong(self._where("Pace", "pacing"), say("without a ceiling there is nothing that it could go by"),
                        say("write how many lines there are, or the most calls that may be ours: lines or limit"))
        if ceiling.lines is not None and ceiling.reserve >= ceiling.lines:
            self._wrong(self._where("Pace", "reserve"), say("nothing is left of the lines for our calls"),
                        say("write less than lines = {lines}", lines=ceiling.lines))

    def _where(self, section: str, key: str) -> str:
        entry = self.entries.get((section.lower(), key))
        return f"{self.file}:{entry.line} [{section}] {key}" if entry else f"{self.file} [{section}] {key}"

    def _wrong(self, where: str, what: Message, remedy: Message) -> None:
        self.problems.append(Problem(where, what, remedy))


_KNOWN = {(key.section.lower(), key.name): key for key in KEYS}
_SECTIONS = {key.section.lower(): key.section for key in KEYS}


def _nearest(name: str, known: Mapping[str, str], shape: str) -> Message:
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if close:
        return say("is {name} meant?", name=shape.format(known[close[0]]))
    return say("known are: {names}", names=", ".join(shape.format(one) for one in known.values()))


def _slashes(text: str) -> str:
    return text.replace("\\", "/")


def _is_there(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it may be there: reading it will tell what is wrong
        return True
    return True


def _line(where: str) -> int:
    found = re.search(r":(\d+)( \[|$)", where)
    return int(found[1]) if found else 0
