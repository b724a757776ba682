"""Dispositions of calls whose files have left the spool, without usable events."""

import pytest

from obzvon.asterisk.transport.archive import classify_without_events
from obzvon.domain.results import Disposition


@pytest.mark.parametrize(
    ("facts", "disposition", "reason"),
    [
        ({"is_archived": True, "status": Disposition.ANSWERED, "keeps_archive": True}, Disposition.ANSWERED, None),
        ({"is_archived": True, "status": Disposition.FAILED, "has_events": True}, Disposition.FAILED, None),
        ({"is_archived": True, "keeps_archive": True}, Disposition.UNKNOWN, "has no status"),
        ({"was_swept": True}, Disposition.UNKNOWN, "restarted during the call"),
        ({"was_swept": True, "keeps_archive": True, "has_events": True}, Disposition.UNKNOWN, "restarted"),
        ({"keeps_archive": True}, Disposition.UNKNOWN, "not in Asterisk's archive"),
        ({"keeps_archive": True, "has_events": True, "is_ambiguous": True}, Disposition.UNKNOWN, "archive"),
        ({"has_events": True, "is_ambiguous": True}, Disposition.UNKNOWN, "at the same moment"),
        ({"has_events": True}, Disposition.UNKNOWN, "were not received"),
        ({}, Disposition.HANDED, None),
    ],
)
def test_each_line_of_the_table(facts: dict[str, object], disposition: Disposition, reason: str | None) -> None:
    nothing = {
        "is_archived": False,
        "status": None,
        "was_swept": False,
        "keeps_archive": False,
        "has_events": False,
        "is_ambiguous": False,
    }
    found, why = classify_without_events(**{**nothing, **facts})  # type: ignore[arg-type]
    assert found is disposition
    assert (why is None) == (reason is None)
    assert reason is None or reason in str(why)
