"""The bar of lines in use."""

import pytest

from obzvon.domain.line_usage import Readout
from obzvon.domain.pacing import Ceiling, Mode, Pace
from web.run.line_bar import Part, bar


def pace(ceiling: Ceiling) -> Pace:
    return Pace(2, 10, Mode.ADAPTIVE, 10, ceiling)


@pytest.mark.parametrize(("readout", "parts"), [
    (Readout(pace=Pace(2, 10), ours=3), ()),
    (Readout(pace=pace(Ceiling(20, 5))), (Part("kept", 75, 25),)),
    (Readout(pace=pace(Ceiling(20, 5)), ours=10, others=4),
     (Part("ours", 0, 50), Part("others", 50, 20), Part("kept", 75, 25))),
    (Readout(pace=pace(Ceiling(20, 5)), ours=12, others=40), (Part("ours", 0, 60), Part("others", 60, 40))),
    (Readout(pace=pace(Ceiling(limit=10)), ours=5, others=40), (Part("ours", 0, 50),)),
    (Readout(pace=pace(Ceiling(limit=10)), ours=15), (Part("ours", 0, 100),)),
    (Readout(pace=pace(Ceiling(20, 0)), ours=17, others=2), (Part("ours", 0, 85), Part("others", 85, 10))),
])
def test_its_pieces_never_leave_it(readout: Readout, parts: tuple[Part, ...]) -> None:
    assert bar(readout) == parts
    assert sum(part.width for part in parts) <= 100
