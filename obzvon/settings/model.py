"""settings.ini: where things are, how the calls are made and how fast."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, date, time, timedelta, tzinfo
from pathlib import Path

import msgspec

from obzvon.common.errors import Problem
from obzvon.domain.calls import CallForm
from obzvon.domain.numbering import NumberingPlan
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from obzvon.domain.retries import RetryPolicy
from obzvon.settings.ami import AmiSettings
from obzvon.settings.loader import CODED, ORDINARY, read_settings
from obzvon.settings.secrets import JournalUrl
from obzvon.settings.timezone import machine_zone
from obzvon.settings.web import WebSettings

_TEMPLATE = Path(__file__).parents[1] / "data" / "settings.ini"


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
    pace_mode: PaceMode = PaceMode.FIXED
    rate: float = 10.0
    """Calls per second at the most, in the adaptive mode."""
    ceiling: Capacity = Capacity()

    rounds: RetryPolicy = RetryPolicy()
    """Who is rung once more in the same run; nobody by default."""

    former_status: str = ""
    """What the old script left: 'Off', 'Working' or nothing."""
    former_start: date | None = None
    """The day of the old script's last run."""

    ordinary: CallForm = ORDINARY
    coded: CallForm = CODED

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

    ami: AmiSettings = AmiSettings()
    delivered: float = 0.0
    """Seconds for which a message must be listened to if it is to count as delivered; 0 = whatever was answered."""

    log_level: str = "INFO"
    keep_days: int = 30
    """How long log files are kept; 0 = for ever."""
    language: str = "auto"

    web: WebSettings = WebSettings()

    written: frozenset[tuple[str, str]] = frozenset()
    """Section and name of the keys that the file sets; all others have their defaults."""
    notes: tuple[Problem, ...] = ()
    """What is not as it was written, though the service can work: for the log and `check`."""

    @property
    def by_ami(self) -> bool:
        """Whether calls go to Asterisk by its manager interface."""
        return bool(self.ami) and self.ami.transport == "ami"

    @property
    def has_spool(self) -> bool:
        """Whether there is a spool: beside the manager interface one that is written, and not in our own folders."""
        ours = any(self.target.is_relative_to(folder) for folder in (self.file.parent, self.source))
        return not self.by_ami or (("Dirs", "dir_target") in self.written and not ours)

    def pace(self) -> Pace:
        """How many calls go, and when the next ones."""
        return Pace(self.bundle, self.timeout, self.pace_mode, self.rate, self.ceiling)

    def numbering_plan(self) -> NumberingPlan:
        """Which numbers may be rung, and how they are dialled."""
        return NumberingPlan(self.region, foreign=self.foreign, premium=self.premium, internal=self.internal)


def default_settings_file(environ: Mapping[str, str] = os.environ, cwd: Path | None = None) -> Path:
    """The file meant when none is named: $OBZVON_SETTINGS, else ./settings.ini, else /etc/obzvon/settings.ini."""
    if named := environ.get("OBZVON_SETTINGS"):
        return Path(named)
    here = (cwd or Path.cwd()) / "settings.ini"
    everywhere = Path("/etc/obzvon/settings.ini")
    return everywhere if _is_there(everywhere) and not _is_there(here) else here


def load_settings(path: Path | str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Reads the file; raises UserError with everything that is wrong in it."""
    file = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would leave the folder of a linked settings.ini
    return Settings(file=file, **read_settings(file, environ))  # type: ignore[arg-type]


def settings_template(**values: str) -> str:
    """A commented settings.ini in Russian for a new working folder; `values` sets keys, as `dir_target="/spool"`."""
    text = _TEMPLATE.read_text(encoding="utf-8")
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
    except OSError:  # it may be there: reading it will tell what is wrong
        return True
    return True
