"""The pace, changed in settings.ini while the service works."""

import logging
from pathlib import Path

import pytest

from obzvon.domain.pacing import PaceMode
from obzvon.service.inputs import PaceWatch
from tests.support.workshop import Workshop

#: The other keys of a workshop.
UNCHANGED = {
    "time_zone": "Europe/Moscow",
    "dir_source": ".",
    "dir_store": "store",
    "dir_target": "outgoing",
    "dir_logs": "log",
}


def test_a_new_pace_is_in_force_at_once_and_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    workshop = Workshop(tmp_path, bundle=2, timeout=10)
    pace_watch = PaceWatch(workshop.settings)
    assert pace_watch.refresh().bundle == 2
    workshop.write_settings(**UNCHANGED, bundle=20, timeout=10, pacing="throttled", lines=30)
    with caplog.at_level(logging.INFO):
        pace = pace_watch.refresh()
        pace_watch.refresh()
    assert (pace.bundle, pace.mode, pace.ceiling.max_ours) == (20, PaceMode.THROTTLED, 30)
    assert [record.getMessage() for record in caplog.records] == [
        "the pace was changed: bundles of 20 calls, 10 s apart, at most 30 calls at once"
    ]


def test_keys_that_wait_for_the_next_start_are_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    workshop = Workshop(tmp_path, bundle=2, timeout=10)
    pace_watch = PaceWatch(workshop.settings)
    workshop.write_settings(**UNCHANGED, bundle=2, timeout=10, latest="20:00", late_start="1 h")
    pace_watch.refresh()
    pace_watch.refresh()
    assert [record.getMessage() for record in caplog.records] == [
        "settings.ini was changed; the service takes these over at its next start: [Day] late_start, [Day] latest"
    ]


def test_a_broken_or_missing_file_changes_nothing_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    workshop = Workshop(tmp_path, bundle=2, timeout=10)
    pace_watch = PaceWatch(workshop.settings)
    workshop.write_settings(bundle=0)
    assert pace_watch.refresh().bundle == 2
    assert pace_watch.refresh().bundle == 2
    assert len(caplog.records) == 1
    assert "bundle" in caplog.text
    (tmp_path / "settings.ini").unlink()
    assert pace_watch.refresh().bundle == 2
    workshop.write_settings(bundle=3, timeout=10)
    assert pace_watch.refresh().bundle == 3
