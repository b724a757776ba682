"""The settings that take effect without a restart: those of the pace. Every other one waits for the next start.

`SettingsWatch.waiting` names those that wait.

The service and the editor both follow settings.ini with a `SettingsWatch`, so that forecasts use the service's pace.
"""

import threading
from collections.abc import Callable

import msgspec

from obzvon.common.errors import UserError
from obzvon.common.files import signature
from obzvon.settings.keys import KEYS
from obzvon.settings.model import Settings, load_settings
from obzvon.settings.restarts import changed_keys, setting_digests

_FIELDS = ("bundle", "timeout", "pace_mode", "rate", "ceiling")
#: Section and name of the keys that are read again while a program runs.
RELOADED = frozenset((key.section, key.name) for key in KEYS if (key.group or key.field) in _FIELDS)
RELOADED_NAMES = frozenset(f"[{section}] {name}" for section, name in RELOADED)


class SettingsWatch:
    """The settings of a running program, with the pace that settings.ini has now.

    A broken or missing file changes nothing; `on_error` is called once for each broken version of it.
    """

    def __init__(self, settings: Settings, on_error: Callable[[UserError], object] = lambda _: None) -> None:
        self._settings = settings
        self._on_error = on_error
        self._signature = signature(settings.file)
        self._lock = threading.Lock()
        self._begun_with = setting_digests(settings)
        self._now = self._begun_with

    def current(self) -> Settings:
        """Return the settings in force. Costs one stat while the file has not changed."""
        with self._lock:
            found = signature(self._settings.file)
            if found != self._signature:
                self._signature = found
                self._reload()
            return self._settings

    def waiting(self, program: str) -> list[str]:
        """Return the keys that the file has changed, and that the program takes over at its next start."""
        self.current()
        return changed_keys(self._begun_with, self._now, program, RELOADED_NAMES)

    def _reload(self) -> None:
        try:
            fresh = load_settings(self._settings.file)
        except UserError as error:
            self._on_error(error)
            return
        self._now = setting_digests(fresh)
        self._settings = msgspec.structs.replace(
            self._settings,
            **{field: getattr(fresh, field) for field in _FIELDS},
            written=(self._settings.written - RELOADED) | (fresh.written & RELOADED),
        )
