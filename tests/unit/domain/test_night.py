"""The hours at which calls by hand need a confirmation."""

from datetime import datetime

import pytest

from obzvon.domain.schedule import is_night


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("20:59:59", False),
        ("21:00:00", True),
        ("23:58:00", True),
        ("00:05:00", True),
        ("07:59:59", True),
        ("08:00:00", False),
        ("09:00:00", False),
        ("17:30:00", False),
    ],
)
def test_people_are_not_called_between_nine_and_eight(clock: str, expected: bool) -> None:
    assert is_night(datetime.fromisoformat(f"2026-11-28T{clock}")) is expected
