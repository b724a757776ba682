"""The bar of lines in use, reckoned for SVG in per cent of its width. Pure."""

import msgspec

from obzvon.domain.line_usage import LineUsage


class LineBarPart(msgspec.Struct, frozen=True):
    """A piece of the bar: ours, others, or the lines kept for the office."""

    kind: str
    x: float
    width: float


def line_bar_parts(readout: LineUsage) -> tuple[LineBarPart, ...]:
    """Its pieces, from the left; the lines kept for the office are at its end, as far as nobody is on them."""
    ceiling = readout.ceiling
    if ceiling is None:
        return ()
    # Where only our own are bounded, other people's take nothing from them.
    whole, others = (ceiling.limit or 1, 0) if ceiling.lines is None else (ceiling.lines, readout.others)
    ours = min(readout.ours, whole)
    others = min(others, whole - ours)
    kept = min(ceiling.reserve, whole - ours - others)
    pieces = (("ours", 0, ours), ("others", ours, others), ("kept", whole - kept, kept))
    return tuple(
        LineBarPart(kind, round(100 * at / whole, 2), round(100 * wide / whole, 2))
        for kind, at, wide in pieces
        if wide > 0
    )
