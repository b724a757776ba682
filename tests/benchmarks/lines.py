"""Lines in use over time, as stairs: reckoned with, and drawn.

The chart is an SVG, of three stairs and a few words, which Chromium turns into a PNG: the tests need a Chromium in any
case, and so no library has to be had for one drawing.
"""

import math
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Span = tuple[float, float]
Stairs = list[tuple[float, int]]
"""How many from that moment on."""


def stairs(spans: list[Span]) -> Stairs:
    """How many are up at once; at one and the same moment an end comes before a beginning."""
    changes = sorted([(at, 1) for at, _ in spans] + [(ended, -1) for _, ended in spans])
    found: Stairs = []
    count = 0
    for at, change in changes:
        count += change
        found.append((at, count))
    return found


def allowed(others: Stairs, most: int) -> Stairs:
    """How many lines may be ours, of so many at the most, when these of other people are known of."""
    return [(-math.inf, most), *((at, max(0, most - count)) for at, count in others)]


def fillable(may: Stairs, others: Stairs) -> Stairs:
    """How many lines may be in use in all: what may be ours, above those of other people."""
    return sorted((at, value_at(may, at) + value_at(others, at)) for at in {at for at, _ in (*may, *others)})


def lesser(ours: Stairs, may: Stairs) -> Stairs:
    """Ours, as far as we may have them."""
    changes = sorted(
        [(at, 0, count) for at, count in ours] + [(at, 1, count) for at, count in may], key=lambda change: change[0]
    )
    found: Stairs = []
    values = [0, 0]
    for at, which, count in changes:
        values[which] = count
        found.append((at, min(values)))
    return found


def pieces(of: Stairs, begin: float, end: float) -> Iterator[tuple[float, int]]:
    """How long, and how many."""
    for place, (at, count) in enumerate(of):
        after = of[place + 1][0] if place + 1 < len(of) else end
        yield max(0.0, min(after, end) - max(at, begin)), count


def area(of: Stairs, begin: float, end: float) -> float:
    """Line-seconds."""
    return sum(lasting * count for lasting, count in pieces(of, begin, end) if lasting)


def seconds_over(of: Stairs, ceiling: int) -> float:
    """For how long it was more than that."""
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
OURS, OTHERS, TOP_LINE, MAY = "#3b7dd8", "#b0b0b0", "#d03030", "#208020"


@dataclass(frozen=True)
class Lines:
    """What is drawn: all lines in use, of them other people's, and how far ours may fill them."""

    ceiling: int
    in_all: Stairs
    others: Stairs
    fillable: Stairs


def draw(file: Path, title: str, lines: Lines, begun: float) -> Path:
    """Lines in use over time, as FILE.png; only FILE.svg where no Chromium renders it. Returns which."""
    svg, png = file.with_suffix(".svg"), file.with_suffix(".png")
    svg.write_text(drawn(title, lines, begun), encoding="utf-8")
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


def drawn(title: str, lines: Lines, begun: float) -> str:
    """The chart as SVG; time is counted from `begun`."""
    end = max(at for at, _ in lines.in_all if at < math.inf)
    tall = lines.ceiling + 4

    def x(at: float) -> float:
        return LEFT + (WIDE - LEFT - RIGHT) * (min(max(at, begun - 2), end) - begun + 2) / (end - begun + 2)

    def y(count: float) -> float:
        return TOP + (HIGH - TOP - BOTTOM) * (1 - count / tall)

    def path(of: Stairs) -> str:
        before = value_at(of, begun - 2)
        points = [f"M{x(begun - 2):.1f},{y(before):.1f}"]
        points += [f"H{x(at):.1f}V{y(count):.1f}" for at, count in of if begun - 2 < at < math.inf]
        return "".join(points) + f"H{x(end):.1f}"

    def filled(of: Stairs) -> str:
        return f"{path(of)}V{y(0):.1f}H{x(begun - 2):.1f}Z"

    marks = [
        f'<text x="{x(begun + at):.0f}" y="{HIGH - BOTTOM + 18}" text-anchor="middle">{at}</text>'
        for at in range(0, int(end - begun) + 1, 20)
    ]
    marks += [
        f'<path d="M{LEFT},{y(count):.1f}H{WIDE - RIGHT}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count}</text>'
        for count in range(0, tall, 5)
    ]
    legend = [
        (OURS, "our calls"),
        (OTHERS, "other people's calls"),
        (TOP_LINE, f"the ceiling: {lines.ceiling}"),
        (MAY, "how far we may fill it"),
    ]
    keys = [
        f'<rect x="{LEFT + 220 * place}" y="{HIGH - 24}" width="14" height="10" fill="{colour}"/>'
        f'<text x="{LEFT + 20 + 220 * place}" y="{HIGH - 15}">{what}</text>'
        for place, (colour, what) in enumerate(legend)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{HIGH}" font-family="sans-serif" '
        f'font-size="13"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{LEFT}" y="28" font-size="16">{title}</text>{"".join(marks)}'
        f'<path d="{filled(lines.in_all)}" fill="{OURS}"/><path d="{filled(lines.others)}" fill="{OTHERS}"/>'
        f'<path d="M{LEFT},{y(lines.ceiling):.1f}H{WIDE - RIGHT}" stroke="{TOP_LINE}" stroke-width="2"/>'
        f'<path d="{path(lines.fillable)}" fill="none" stroke="{MAY}" stroke-width="2" stroke-dasharray="6 3"/>'
        f'<text x="{WIDE - RIGHT}" y="{HIGH - BOTTOM + 36}" text-anchor="end">'
        f"seconds; lines in use at the carrier</text>{''.join(keys)}</svg>"
    )
