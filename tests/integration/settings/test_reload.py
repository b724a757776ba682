"""settings.ini changed while a program runs: the pace follows it, and nothing else does."""

from pathlib import Path

import msgspec

from obzvon.domain.pacing import Capacity, PaceMode
from obzvon.settings.keys import KEYS
from obzvon.settings.reload import RELOADED, SettingsWatch
from tests.support.workshop import Workshop

PACE = {"bundle": 20, "timeout": 5, "pacing": "adaptive", "calls_per_second": 3, "lines": 30, "reserve": 4, "limit": 9}


def test_the_pace_is_read_again_and_nothing_else(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, bundle=2, timeout=10, latest="21:00", region="RU")
    before = workshop.settings
    watch = SettingsWatch(before)
    workshop.write_settings(**PACE, latest="20:00", region="KZ", delivered=7, level="DEBUG", port=9000)
    after = watch.current()
    assert (after.bundle, after.timeout, after.pace_mode, after.rate) == (20, 5, PaceMode.ADAPTIVE, 3)
    assert after.ceiling == Capacity(30, 4, 9)
    same = {name: getattr(before, name) for name in ("bundle", "timeout", "pace_mode", "rate", "ceiling", "written")}
    assert msgspec.structs.replace(after, **same) == before
    assert after.written - before.written == {("Pace", name) for name in PACE if name not in ("bundle", "timeout")}


def test_the_keys_that_are_read_again_are_those_of_the_pace() -> None:
    of_pace = {(key.section, key.name) for key in KEYS if key.section == "Pace"}
    assert of_pace | {("CreateCallFiles", "bundle"), ("CreateCallFiles", "timeout")} == RELOADED


def test_a_broken_file_changes_nothing_and_is_reported_once(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path, bundle=2)
    errors: list[str] = []
    watch = SettingsWatch(workshop.settings, lambda error: errors.append(str(error)))
    workshop.write_settings(bundle=0)
    assert [watch.current().bundle, watch.current().bundle] == [2, 2]
    assert len(errors) == 1
    assert "bundle" in errors[0]
    (tmp_path / "settings.ini").unlink()
    assert watch.current().bundle == 2
    workshop.write_settings(bundle=3)
    assert watch.current().bundle == 3
