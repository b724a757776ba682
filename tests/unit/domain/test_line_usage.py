"""Line usage as it is stored and described."""

from datetime import UTC, datetime

import pytest

from obzvon.common.i18n import say
from obzvon.domain.line_usage import AmiConnectionState, CountedBy, LineUsage, decode_line_usage, encode_line_usage
from obzvon.domain.pacing import Capacity, Pace, PaceMode

NINE = datetime(2026, 1, 5, 6, tzinfo=UTC)
FIXED = Pace(2, 10)
LINES = Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(30, 5, 20))
LIMIT = Pace(2, 10, PaceMode.THROTTLED, 10, Capacity(limit=20))
UP, DOWN = AmiConnectionState(True, NINE), AmiConnectionState(False, NINE, say("no answer"))

pytestmark = pytest.mark.usefixtures("english")


def test_it_is_read_as_it_was_kept() -> None:
    usage = LineUsage(pace=LINES, ours=12, others=5, by=CountedBy.TRUNK, ami=DOWN)
    assert decode_line_usage(encode_line_usage(usage)) == usage


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"pace": 1}', '{"pace": {"bundle": 1, "delay": 1}, "by": "x"}'])
def test_what_is_not_there_or_of_another_version_is_none(text: str) -> None:
    assert decode_line_usage(text) is None


@pytest.mark.parametrize(
    ("usage", "words", "free"),
    [
        (LineUsage(pace=FIXED, ours=2), "ours 2, others 0", None),
        (LineUsage(pace=Pace(2, 10, ceiling=Capacity(30)), ours=2), "ours 2, others 0", None),
        (LineUsage(pace=LIMIT, ours=12, others=9, ami=UP), "ours 12 of 20, free 8", 8),
        (LineUsage(pace=LINES, ours=12), "12 of 30, all ours; free for us 8", 8),
        (LineUsage(pace=LINES, ours=12, others=10, ami=UP), "22 of 30: ours 12, others 10; free for us 3", 3),
        (LineUsage(pace=LINES, ours=12, others=40, ami=UP), "52 of 30: ours 12, others 40; free for us 0", 0),
        (
            LineUsage(pace=Pace(2, 10, PaceMode.ADAPTIVE, 10, Capacity(5000)), ours=1),
            "1 of 5000, all ours; free for us 4999",
            4999,
        ),
    ],
)
def test_lines_in_use_are_told_with_what_bounds_them(usage: LineUsage, words: str, free: int | None) -> None:
    assert str(usage.describe()) == words
    assert usage.free == free


@pytest.mark.parametrize(
    ("usage", "words"),
    [
        (LineUsage(pace=LINES), "not configured"),
        (LineUsage(pace=LINES, ami=UP), "connected since 09:00"),
        (
            LineUsage(pace=LINES, others=4, ami=DOWN),
            "silent since 09:00: only our own calls are counted, and other people's calls as they were last: 4",
        ),
        (LineUsage(pace=LIMIT, ami=DOWN), "silent since 09:00: only our own calls are counted"),
        (
            LineUsage(pace=FIXED, ami=DOWN),
            "silent since 09:00: the pace does not depend on it, and how calls end is not known meanwhile",
        ),
    ],
)
def test_a_link_tells_what_goes_on_without_it(usage: LineUsage, words: str) -> None:
    assert str(usage.describe_ami("09:00")) == words
    assert usage.is_silent is words.startswith("silent")


@pytest.mark.parametrize(
    ("usage", "is_shown"),
    [(LineUsage(pace=FIXED), False), (LineUsage(pace=FIXED, ami=UP), True), (LineUsage(pace=LIMIT), True)],
)
def test_it_is_shown_where_it_says_more_than_the_run(usage: LineUsage, is_shown: bool) -> None:
    assert usage.is_worth_showing is is_shown


def test_programs_are_told_of_other_people_only_where_somebody_tells_of_them() -> None:
    assert LineUsage(pace=LINES, ours=1).lines_as_dict("en") == {
        "pacing": "adaptive",
        "pace": "as soon as there is room, up to 10 calls a second, at most 20 calls at once",
        "ours": 1,
        "others": None,
        "in_use": 1,
        "lines": 30,
        "reserve": 5,
        "limit": 20,
        "free": 19,
        "counted_by": "spool",
    }
    assert LineUsage(pace=FIXED, others=3, by=CountedBy.PBX, ami=UP).lines_as_dict("en") == {
        "pacing": "fixed",
        "pace": "bundles of 2 calls, 10 s apart",
        "ours": 0,
        "others": 3,
        "in_use": 3,
        "lines": None,
        "reserve": 0,
        "limit": None,
        "free": None,
        "counted_by": "pbx",
    }
