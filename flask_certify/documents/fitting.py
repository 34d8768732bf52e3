"""Text into a box: smaller by half points, then in a few balanced lines. Measured on the ink, not on the font size."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, combinations, pairwise, product

from .shaping import Line

_ASCENT, _DESCENT = 0.95, 0.35  # the least height that a line is given, in em
_NEAR_ENOUGH = 0.75  # text this near to the wanted size is not broken
_WORTH_A_LINE = 2  # points of size that a further line must gain

_FEW_WORDS, _TRIED = 16, 7  # a description of 2000 characters has 50,000 ways to be three lines


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines at one size. Baselines are measured from the top of the block, its height from top to bottom, in em."""

    size: float
    lines: tuple[Line, ...]
    baselines: tuple[float, ...]
    height: float


def fit(
    text: str,
    shape: Callable[[str], Line],
    *,
    width: float,
    height: float,
    wanted: float,
    least: float,
    most_lines: int,
) -> Fitted | None:
    """The text as large as it fits into width and height, from the wanted size down. None: not even at the least.

    Nastaliq needs two and a half em, other scripts little more than one; so height is that of the ink.
    """
    words, shaped = text.split(" "), cache(shape)
    best: Fitted | None = None
    for count in range(1, min(most_lines, len(words)) + 1):
        for cut in _cuts(words, count, shaped):
            edges = (0, *cut, len(words))
            lines = [shaped(" ".join(words[a:b])) for a, b in pairwise(edges)]
            found = _scaled(lines, width, height, wanted)
            gain = _WORTH_A_LINE if best and len(found.lines) > len(best.lines) else 0
            if best is None or found.size > best.size + gain or _is_more_balanced(found, best):
                best = found
        if best and best.size >= wanted * _NEAR_ENOUGH:
            break
    return best if best and best.size >= least else None


def _cuts(words: list[str], count: int, shape: Callable[[str], Line]) -> Iterable[tuple[int, ...]]:
    """Before which words lines may begin: any, and of many words those that make lines about as long as each other."""
    if count == 1 or len(words) <= _FEW_WORDS:
        return combinations(range(1, len(words)), count - 1)
    ends = list(accumulate(shape(word).width for word in words))

    def nearest(to: float) -> list[int]:
        return sorted(sorted(range(1, len(words)), key=lambda at: abs(ends[at - 1] - to))[:_TRIED])

    around = (nearest(ends[-1] * part / count) for part in range(1, count))
    return (cut for cut in product(*around) if all(a < b for a, b in pairwise(cut)))


def _is_more_balanced(found: Fitted, best: Fitted) -> bool:
    """As large, in as many lines, and its longest line shorter."""
    if found.size != best.size or len(found.lines) != len(best.lines):
        return False
    return max(line.width for line in found.lines) < max(line.width for line in best.lines)


def _scaled(lines: list[Line], width: float, height: float, wanted: float) -> Fitted:
    at = below = 0.0
    baselines = []
    for line in lines:
        low, high = line.ink()
        at += below + max(_ASCENT, high)
        below = max(_DESCENT, -low)
        baselines.append(at)
    widest = max(line.width for line in lines) / 1000
    room = min(wanted, width / widest if widest else wanted, height / (at + below))
    return Fitted(int(room * 2) / 2, tuple(lines), tuple(baselines), at + below)
