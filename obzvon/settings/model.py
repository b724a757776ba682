"""The settings as the program uses them, and the functions that load and create settings.ini."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, date, time, timedelta, tzinfo
from pathlib import Path

import msgspec

from obzvon.common.errors import Problem, UserError
from obzvon.common.i18n import say
from obzvon.domain.calls import CallForm
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.retries import RetryPolicy
from obzvon.settings.ami import AmiSettings
from obzvon.settings.loader import CODED, ORDINARY, read_settings
from obzvon.settings.secrets import JournalUrl
from obzvon.settings.timezone import machine_zone
from obzvon.settings.web import WebSettings

_DATA = Path(__file__).parents[1] / "data"
_SYSTEM_WIDE = Path("/etc/obzvon/settings.ini")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The checked settings. Durations are in seconds unless they are a timedelta."""

    file: Path
    source: Path
    store: Path
    target: Path
    logs: Path
    phones: Path
    schedule: Path
    #: The folder of the messages, with their document.
    messages: Path
    journal: JournalUrl

    bundle: int = 2
    timeout: float = 10.0
    pace_mode: PaceMode = PaceMode.FIXED
    #: The most calls per second, in the adaptive mode.
    rate: float = 10.0
    ceiling: Capacity = Capacity()

    #: Which results are called again in the same run; none by default.
    rounds: RetryPolicy = RetryPolicy()

    #: The state that the old script left: 'Off', 'Working' or nothing.
    former_status: str = ""
    #: The day of the old script's last run.
    former_start: date | None = None

    ordinary: CallForm = ORDINARY
    coded: CallForm = CODED

    zone: tzinfo = msgspec.field(default_factory=lambda: machine_zone() or UTC)
    #: How late a missed start may still be made; None = any time that day, 0 = never.
    late_start: timedelta | None = None
    #: Whether a run waits while it is certain that no call can work.
    hold_start: bool = True
    #: After how many calls in a row that failed through no choice of the called person a run is held; 0 = never.
    hold_after: int = 10
    #: The most calls that are handed over in a run, on a day, and as test calls on a day; 0 = no limit.
    calls_a_run: int = 0
    calls_a_day: int = 0
    test_calls: int = 50
    #: The time after which no calls are handed over; None = there is no such time.
    latest: time | None = None

    region: str = "RU"
    #: True = all countries but those to which calls are expensive; else the countries, as `parse_countries` says.
    foreign: bool | frozenset[str] = False
    premium: bool = False
    #: A regular expression that internal numbers match as a whole; empty = there are none.
    internal: str = ""

    #: uid and gid of call files, as os.chown takes them (-1 = unchanged); None = those of the spool.
    owner: tuple[int, int] | None = None
    mode: int = 0o640
    #: Asterisk's pid file; None = it is not checked.
    pid_file: Path | None = None
    #: How many days finished call files stay in Asterisk's archive; 0 = forever.
    archive_days: int = 30

    ami: AmiSettings = AmiSettings()
    #: How many seconds a message must be heard to count as delivered; 0 = every answered call counts.
    delivered: float = 0.0

    log_level: str = "INFO"
    #: How long log files are kept; 0 = forever.
    keep_days: int = 30
    language: str = "auto"

    #: The command of a program that speaks texts; '' = espeak-ng.
    speech: str = ""

    web: WebSettings = WebSettings()

    #: Section and name of the keys that the file sets; all others have their defaults.
    written: frozenset[tuple[str, str]] = frozenset()
    #: Values that were replaced by a fallback, for the log and `check`; the service can work with them.
    notes: tuple[Problem, ...] = ()

    @property
    def by_ami(self) -> bool:
        """Return whether calls go to Asterisk through its manager interface."""
        return bool(self.ami) and self.ami.transport == "ami"

    @property
    def has_spool(self) -> bool:
        """Return whether a spool is used. With transport = ami that needs a dir_target outside our own folders."""
        ours = any(self.target.is_relative_to(folder) for folder in (self.file.parent, self.source))
        return not self.by_ami or (("Dirs", "dir_target") in self.written and not ours)

    def pace(self) -> Pace:
        """Return the size of bundles and the time between them."""
        return Pace(self.bundle, self.timeout, self.pace_mode, self.rate, self.ceiling)

    def numbering_plan(self) -> NumberingPlan:
        """Return the rules for which numbers may be called and how they are dialled."""
        return NumberingPlan(self.region, foreign=self.foreign, premium=self.premium, internal=self.internal)


def default_settings_file(
    environ: Mapping[str, str] = os.environ, cwd: Path | None = None, system_wide: Path = _SYSTEM_WIDE
) -> Path:
    """Return the file to use if none is named: $OBZVON_SETTINGS, else ./settings.ini, else /etc/obzvon/settings.ini.

    A ./settings.ini that cannot be read is passed over if there is one system-wide: `runuser` keeps the folder of root.
    One that neither root nor this user has made raises UserError: others who may write there could plant it.
    """
    if named := environ.get("OBZVON_SETTINGS"):
        return Path(named)
    try:
        here = (cwd or Path.cwd()) / "settings.ini"
    except OSError:  # the current folder has been deleted, or is hidden from this user
        here = Path("settings.ini")
    if os.access(here, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
        _refuse_planted(here, environ)
        return here
    return system_wide if _is_there(system_wide) else here


def _refuse_planted(file: Path, environ: Mapping[str, str]) -> None:
    """Raise UserError for a file, or a link to one, that belongs neither to root nor to who types the command."""
    trusted = {0, os.geteuid()}
    if os.geteuid() == 0 and (caller := environ.get("SUDO_UID", "")).isdecimal():
        trusted.add(int(caller))
    foreign = {file.lstat().st_uid, file.stat().st_uid} - trusted
    if foreign:
        raise UserError(
            [
                Problem(
                    str(file),
                    say(
                        "it belongs to the user {user}, and is used only if it is named: anybody who may write in "
                        "this folder could have put it there",
                        user=", ".join(sorted(map(str, foreign))),
                    ),
                    say(
                        "if it is yours: obzvon --settings {path} …, or chown root {path}; otherwise delete it",
                        path=file,
                    ),
                )
            ]
        )


def load_settings(path: Path | str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Load the file. Raises UserError with every problem in it."""
    file = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would leave the folder of a linked settings.ini
    return Settings(file=file, **read_settings(file, environ))  # type: ignore[arg-type]


def settings_template(language: str, **values: str) -> str:
    """Return a settings.ini with comments in that language; `values` sets keys, as `dir_target="/spool"`."""
    text = (_DATA / f"settings.{language}.ini").read_text(encoding="utf-8")
    for key, value in values.items():
        line = f"{key} = {value}"
        text, count = re.subn(rf"^;?{re.escape(key)} =.*$", lambda _, line=line: line, text, flags=re.MULTILINE)  # type: ignore[misc]
        if count != 1:
            raise ValueError(f"settings.ini has {count} keys {key}")
    return text


def _is_there(file: Path) -> bool:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it may exist: loading it reports what is wrong
        return True
    return True
