"""The bar of lines in use."""

import pytest

from obzvon.domain.line_usage import LineUsage
from obzvon.domain.pacing import Capacity, Pace, PaceMode
from web.run.line_bar import LineBarPart, line_bar_parts


def pace(ceiling: Capacity) -> Pace:
    return Pace(2, 10, PaceMode.ADAPTIVE, 10, ceiling)


@pytest.mark.parametrize(
    ("readout", "parts"),
    [
        (LineUsage(pace=Pace(2, 10), ours=3), ()),
        (LineUsage(pace=pace(Capacity(20, 5))), (LineBarPart("kept", 75, 25),)),
        (
            LineUsage(pace=pace(Capacity(20, 5)), ours=10, others=4),
            (LineBarPart("ours", 0, 50), LineBarPart("others", 50, 20), LineBarPart("kept", 75, 25)),
        ),
        (
            LineUsage(pace=pace(Capacity(20, 5)), ours=12, others=40),
            (LineBarPart("ours", 0, 60), LineBarPart("others", 60, 40)),
        ),
        (LineUsage(pace=pace(Capacity(limit=10)), ours=5, others=40), (LineBarPart("ours", 0, 50),)),
        (LineUsage(pace=pace(Capacity(limit=10)), ours=15), (LineBarPart("ours", 0, 100),)),
        (
            LineUsage(pace=pace(Capacity(20, 0)), ours=17, others=2),
            (LineBarPart("ours", 0, 85), LineBarPart("others", 85, 10)),
        ),
    ],
)
def test_its_pieces_never_leave_it(readout: LineUsage, parts: tuple[LineBarPart, ...]) -> None:
    assert line_bar_parts(readout) == parts
    assert sum(part.width for part in parts) <= 100
