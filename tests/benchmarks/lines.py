"""Lines in use over time, as step functions: computed and drawn.

The chart is an SVG, which Chromium turns into a PNG. The tests need Chromium anyway, so no drawing library is needed.
"""

import math
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Span = tuple[float, float]
Stairs = list[tuple[float, int]]
"""Moments, each with the number of lines from then on."""


def stairs(spans: list[Span]) -> Stairs:
    """Return how many spans overlap at each moment. At the same moment an end comes before a beginning."""
    changes = sorted([(at, 1) for at, _ in spans] + [(ended, -1) for _, ended in spans])
    found: Stairs = []
    count = 0
    for at, change in changes:
        count += change
        found.append((at, count))
    return found


def our_share(others: Stairs, most: int) -> Stairs:
    """Return how many of the lines we may use while other people use theirs."""
    return [(-math.inf, most), *((at, max(0, most - count)) for at, count in others)]


def limit_of_all(share: Stairs, others: Stairs) -> Stairs:
    """Return how many lines may be in use in all: our share and the lines of other people."""
    return sorted((at, value_at(share, at) + value_at(others, at)) for at in {at for at, _ in (*share, *others)})


def lesser(ours: Stairs, share: Stairs) -> Stairs:
    """Return the lesser of our lines and our share at each moment."""
    changes = sorted(
        [(at, 0, count) for at, count in ours] + [(at, 1, count) for at, count in share], key=lambda change: change[0]
    )
    found: Stairs = []
    values = [0, 0]
    for at, which, count in changes:
        values[which] = count
        found.append((at, min(values)))
    return found


def pieces(of: Stairs, begin: float, end: float) -> Iterator[tuple[float, int]]:
    """Yield each step between two moments: its length in seconds and its number of lines."""
    for place, (at, count) in enumerate(of):
        after = of[place + 1][0] if place + 1 < len(of) else end
        yield max(0.0, min(after, end) - max(at, begin)), count


def area(of: Stairs, begin: float, end: float) -> float:
    """Return the line-seconds between two moments."""
    return sum(lasting * count for lasting, count in pieces(of, begin, end) if lasting)


def seconds_over(of: Stairs, ceiling: int) -> float:
    """Return for how many seconds more lines than the ceiling were in use."""
    return sum(lasting for lasting, count in pieces(of, 0.0, of[-1][0]) if count > ceiling)


def peak(of: Stairs) -> int:
    return max((count for _, count in of), default=0)


def value_at(of: Stairs, moment: float) -> int:
    found = 0
    for at, count in of:
        if at > moment:
            break
        found = count
    return found


# -- the chart

WIDE, HIGH, LEFT, TOP, RIGHT, BOTTOM = 1200, 440, 60, 50, 20, 60
OURS, OTHERS, TOP_LINE, LIMIT = "#3b7dd8", "#b0b0b0", "#d03030", "#208020"


@dataclass(frozen=True)
class Lines:
    """The content of a chart: all lines in use, those of other people, and the limit of all."""

    ceiling: int
    in_all: Stairs
    others: Stairs
    limit: Stairs


def draw(file: Path, title: str, lines: Lines, begun: float) -> Path:
    """Draw the lines in use over time as FILE.png, or as FILE.svg without Chromium; return the path."""
    svg, png = file.with_suffix(".svg"), file.with_suffix(".png")
    svg.write_text(as_svg(title, lines, begun), encoding="utf-8")
    chromium = shutil.which("chromium")
    if not chromium:
        return svg
    subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--hide-scrollbars",
            f"--window-size={WIDE},{HIGH}",
            f"--screenshot={png}",
            str(svg.absolute()),
        ],
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    svg.unlink()
    return png


class _Scale:
    """Turns moments and numbers of lines into coordinates of the chart."""

    def __init__(self, begin: float, end: float, most: int) -> None:
        self.begin, self.end, self.most = begin, end, most

    def x(self, at: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (min(max(at, self.begin), self.end) - self.begin) / (
            self.end - self.begin
        )

    def y(self, count: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (1 - count / self.most)

    def path(self, of: Stairs) -> str:
        points = [f"M{self.x(self.begin):.1f},{self.y(value_at(of, self.begin)):.1f}"]
        points += [f"H{self.x(at):.1f}V{self.y(count):.1f}" for at, count in of if self.begin < at < math.inf]
        return "".join(points) + f"H{self.x(self.end):.1f}"

    def area_below(self, of: Stairs) -> str:
        return f"{self.path(of)}V{self.y(0):.1f}H{self.x(self.begin):.1f}Z"


def as_svg(title: str, lines: Lines, begun: float) -> str:
    """Return the chart as SVG; time is counted from `begun`."""
    scale = _Scale(begun - 2, max(at for at, _ in lines.in_all if at < math.inf), lines.ceiling + 4)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{LEFT}" y="28" font-size="16">{title}</text>{_axes(scale, begun)}'
        f'<path d="{scale.area_below(lines.in_all)}" fill="{OURS}"/>'
        f'<path d="{scale.area_below(lines.others)}" fill="{OTHERS}"/>'
        f'<path d="M{LEFT},{scale.y(lines.ceiling):.1f}H{WIDE - RIGHT}" stroke="{TOP_LINE}" stroke-width="2"/>'
        f'<path d="{scale.path(lines.limit)}" fill="none" stroke="{LIMIT}" stroke-width="2" stroke-dasharray="6 3"/>'
        f'<text x="{WIDE - RIGHT}" y="{HIGH - BOTTOM + 36}" text-anchor="end">'
        f"seconds; lines in use at the carrier</text>{_legend(lines.ceiling)}</svg>"
    )


def _axes(scale: _Scale, begun: float) -> str:
    seconds = (
        f'<text x="{scale.x(begun + at):.0f}" y="{HIGH - BOTTOM + 18}" text-anchor="middle">{at}</text>'
        for at in range(0, int(scale.end - begun) + 1, 20)
    )
    counts = (
        f'<path d="M{LEFT},{scale.y(count):.1f}H{WIDE - RIGHT}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{scale.y(count) + 4:.1f}" text-anchor="end">{count}</text>'
        for count in range(0, scale.most, 5)
    )
    return "".join((*seconds, *counts))


def _legend(ceiling: int) -> str:
    entries = [
        (OURS, "our calls"),
        (OTHERS, "other people's calls"),
        (TOP_LINE, f"the ceiling: {ceiling}"),
        (LIMIT, "the limit for all calls"),
    ]
    return "".join(
        f'<rect x="{LEFT + 220 * place}" y="{HIGH - 24}" width="14" height="10" fill="{colour}"/>'
        f'<text x="{LEFT + 20 + 220 * place}" y="{HIGH - 15}">{what}</text>'
        for place, (colour, what) in enumerate(entries)
    )
