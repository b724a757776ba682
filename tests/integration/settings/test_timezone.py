"""The time zone of settings.ini and of the machine."""

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from obzvon.settings.timezone import machine_zone
from tests.support.settings_text import load_text


def test_the_machines_time_zone_is_found(tmp_path: Path) -> None:
    assert machine_zone({}, tmp_path) is None
    (tmp_path / "timezone").write_text("Asia/Omsk\n")
    assert machine_zone({}, tmp_path) == ZoneInfo("Asia/Omsk")
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Asia/Tomsk")
    assert machine_zone({}, tmp_path) == ZoneInfo("Asia/Tomsk")
    assert machine_zone({"TZ": ":Asia/Chita"}, tmp_path) == ZoneInfo("Asia/Chita")
    assert machine_zone({"TZ": "no such zone"}, tmp_path) == ZoneInfo("Asia/Tomsk")


def test_a_machine_without_a_zone_gets_utc_and_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obzvon.settings.loader.machine_zone", lambda _: None)
    settings = load_text(tmp_path, "")
    assert settings.zone is UTC
    assert "time_zone" in str(settings.notes[0])
