"""Draws the frame and the emblem of the template `classic`. Needed only to change how they look.

Run it as `python tests/support/draw_classic.py flask_certify/documents/designs`. Numbers are millimetres.
"""

import argparse
import math
from pathlib import Path

WIDTH, HEIGHT = 297.0, 210.0
PAPER, NAVY, GOLD, PALE_GOLD, SHADOW = "#fffdf7", "#1d2f57", "#b58a3c", "#dcc596", "#f5eedd"
OUTER, BAND, INNER = 8.0, (10.2, 16.8), 19.2  # how far from the edge of the page


def frame() -> str:
    """The whole page: paper, a woven border, notched corners, a pale rosette."""
    first, last = BAND
    middle, size = (first + last) / 2, last - first
    parts = [
        f'<rect x="0" y="0" width="{WIDTH:g}" height="{HEIGHT:g}" fill="{PAPER}"/>',
        *_rosette(WIDTH / 2, 89, 54, 26),
        _box(OUTER, NAVY, 0.9),
        _box(first, GOLD, 0.3),
        _box(last, GOLD, 0.3),
        *_woven(middle, size * 0.40),
        *(_corner(x, y, size) for x in (first, WIDTH - last) for y in (first, HEIGHT - last)),
        _notched(INNER, 6.5, NAVY, 0.35),
        _notched(INNER + 1.1, 6.5, PALE_GOLD, 0.25),
    ]
    return _svg(WIDTH, HEIGHT, parts)


def emblem() -> str:
    """A medal: rays, rings, a star."""
    rays = [_at(50, 50, 49 if turn % 2 == 0 else 45.5, turn * math.pi / 36) for turn in range(72)]
    star = [_at(50, 50, 20 if turn % 2 == 0 else 8.4, turn * math.pi / 5 - math.pi / 2) for turn in range(10)]
    beads = [_at(50, 50, 32.5, turn * math.pi / 18) for turn in range(36)]
    leaves = [_leaf(turn) for turn in range(24)]
    parts = [
        _polygon(rays, GOLD),
        f'<circle cx="50" cy="50" r="42.5" fill="{PAPER}"/>',
        f'<circle cx="50" cy="50" r="41" fill="{NAVY}"/>',
        *leaves,
        f'<circle cx="50" cy="50" r="30" fill="{PAPER}"/>',
        *(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="0.55" fill="{PALE_GOLD}"/>' for x, y in beads),
        f'<circle cx="50" cy="50" r="27.6" fill="none" stroke="{GOLD}" stroke-width="0.9"/>',
        _polygon(star, GOLD),
        *(_facet(turn) for turn in range(5)),
    ]
    return _svg(100, 100, parts)


def _leaf(turn: int) -> str:
    """One leaf of the wreath between the rings, leaning along it."""
    angle = turn * math.pi / 12
    root, tip = _at(50, 50, 35.2, angle), _at(50, 50, 38.8, angle + 0.26)
    left, right = _at(50, 50, 38.9, angle + 0.08), _at(50, 50, 35.3, angle + 0.18)
    curve = f"M{_xy(root)} Q{_xy(left)} {_xy(tip)} Q{_xy(right)} {_xy(root)} Z"
    return f'<path d="{curve}" fill="{PALE_GOLD}"/>'


def _facet(turn: int) -> str:
    """The shaded half of one point of the star."""
    angle = turn * 2 * math.pi / 5 - math.pi / 2
    return _polygon([(50, 50), _at(50, 50, 20, angle), _at(50, 50, 8.4, angle + math.pi / 5)], "#8f6a26")


def _woven(middle: float, reach: float) -> list[str]:
    """Waves that cross each other along the four sides, a whole number of them on each."""
    strands = []
    for x0, y0, x1, y1 in (
        (BAND[1], middle, WIDTH - BAND[1], middle),
        (BAND[1], HEIGHT - middle, WIDTH - BAND[1], HEIGHT - middle),
        (middle, BAND[1], middle, HEIGHT - BAND[1]),
        (WIDTH - middle, BAND[1], WIDTH - middle, HEIGHT - BAND[1]),
    ):
        for colour, share, weight in ((PALE_GOLD, 0.55, 0.2), (GOLD, 1.0, 0.22)):
            for shift in (0, 0.25, 0.5, 0.75):
                d = _wave(x0, y0, x1, y1, reach * share, shift)
                strands.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{weight}"/>')
    return strands


def _wave(x0: float, y0: float, x1: float, y1: float, reach: float, shift: float) -> str:
    """A sine from one point to the other, as cubic curves a quarter wave long."""
    length = abs(x1 - x0) + abs(y1 - y0)
    steps = 4 * round(length / 9)
    step, along_x = length / steps, y0 == y1

    def point(at: float) -> tuple[float, float]:
        rise = reach * math.sin(2 * math.pi * (at / (4 * step) + shift))
        return (x0 + at, y0 + rise) if along_x else (x0 + rise, y0 + at)

    def slope(at: float) -> float:
        return reach * 2 * math.pi / (4 * step) * math.cos(2 * math.pi * (at / (4 * step) + shift))

    def moved(at: float, by: float) -> tuple[float, float]:
        x, y = point(at)
        return (x + by, y + slope(at) * by) if along_x else (x + slope(at) * by, y + by)

    curves = [f"M{_xy(point(0))}"]
    for number in range(steps):
        a, b = number * step, (number + 1) * step
        curves.append(f"C{_xy(moved(a, step / 3))} {_xy(moved(b, -step / 3))} {_xy(point(b))}")
    return " ".join(curves)


def _corner(x: float, y: float, size: float) -> str:
    """A square with a flower, where two sides meet."""
    middle_x, middle_y = x + size / 2, y + size / 2
    petals = []
    for turn in range(8):
        angle = turn * math.pi / 4
        tip = _at(middle_x, middle_y, size * 0.40, angle)
        sides = [_at(middle_x, middle_y, size * 0.27, angle + lean) for lean in (-0.42, 0.42)]
        start = f"{middle_x:.2f} {middle_y:.2f}"
        petals.append(f"M{start} Q{_xy(sides[0])} {_xy(tip)} Q{_xy(sides[1])} {start} Z")
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{size:.2f}" height="{size:.2f}" fill="{NAVY}"/>'
        f'<path d="{" ".join(petals)}" fill="{PALE_GOLD}"/>'
        f'<circle cx="{middle_x:.2f}" cy="{middle_y:.2f}" r="{size * 0.09:.2f}" fill="{NAVY}"/>'
    )


def _rosette(x: float, y: float, outer: float, count: int) -> list[str]:
    """Rings that overlap on a circle: paler than any text that stands on them."""
    found = []
    for ring, share in ((outer, 0.46), (outer, 0.30)):
        for turn in range(count):
            middle_x, middle_y = _at(x, y, ring * (1 - share), turn * 2 * math.pi / count)
            found.append(
                f'<circle cx="{middle_x:.2f}" cy="{middle_y:.2f}" r="{ring * share:.2f}" '
                f'fill="none" stroke="{SHADOW}" stroke-width="0.3"/>'
            )
    return found


def _notched(inset: float, notch: float, colour: str, weight: float) -> str:
    """A frame whose corners are cut out as quarter circles."""
    left, top, right, bottom = inset, inset, WIDTH - inset, HEIGHT - inset
    d = (
        f"M{left + notch:.2f} {top:.2f} L{right - notch:.2f} {top:.2f} "
        f"A{notch} {notch} 0 0 0 {right:.2f} {top + notch:.2f} L{right:.2f} {bottom - notch:.2f} "
        f"A{notch} {notch} 0 0 0 {right - notch:.2f} {bottom:.2f} L{left + notch:.2f} {bottom:.2f} "
        f"A{notch} {notch} 0 0 0 {left:.2f} {bottom - notch:.2f} L{left:.2f} {top + notch:.2f} "
        f"A{notch} {notch} 0 0 0 {left + notch:.2f} {top:.2f} Z"
    )
    return f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{weight}"/>'


def _box(inset: float, colour: str, weight: float) -> str:
    return (
        f'<rect x="{inset}" y="{inset}" width="{WIDTH - 2 * inset:.2f}" height="{HEIGHT - 2 * inset:.2f}" '
        f'fill="none" stroke="{colour}" stroke-width="{weight}"/>'
    )


def _polygon(points: list[tuple[float, float]], colour: str) -> str:
    return f'<polygon points="{" ".join(f"{x:.2f},{y:.2f}" for x, y in points)}" fill="{colour}"/>'


def _at(x: float, y: float, radius: float, angle: float) -> tuple[float, float]:
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def _xy(point: tuple[float, float]) -> str:
    return f"{point[0]:.2f} {point[1]:.2f}"


def _svg(width: float, height: float, parts: list[str]) -> str:
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, *parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws the frame and the emblem of the template classic.")
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    (out / "classic-frame.svg").write_text(frame())
    (out / "classic-emblem.svg").write_text(emblem())


if __name__ == "__main__":
    main()
