"""The bar of lines in use, for SVG: positions in per cent of its width. Pure."""

import msgspec

from obzvon.domain.line_usage import LineUsage


class LineBarPart(msgspec.Struct, frozen=True):
    """A part of the bar: our calls, other calls, or the reserved lines."""

    kind: str
    x: float
    width: float


def line_bar_parts(usage: LineUsage) -> tuple[LineBarPart, ...]:
    """Return the parts from the left. The reserved lines are at the end, unless somebody is using them."""
    ceiling = usage.ceiling
    if ceiling is None:
        return ()
    # Where only our own calls are limited, other calls take no lines from them.
    whole, others = (ceiling.limit or 1, 0) if ceiling.lines is None else (ceiling.lines, usage.others)
    ours = min(usage.ours, whole)
    others = min(others, whole - ours)
    kept = min(ceiling.reserve, whole - ours - others)
    pieces = (("ours", 0, ours), ("others", ours, others), ("kept", whole - kept, kept))
    return tuple(
        LineBarPart(kind, round(100 * at / whole, 2), round(100 * wide / whole, 2))
        for kind, at, wide in pieces
        if wide > 0
    )
