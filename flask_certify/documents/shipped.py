"""The designs that come with the package, in every language they have words for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("designs")


@dataclass(frozen=True, slots=True)
class Design:
    key: str
    name: str
    pages: Mapping[str, str]  # HTML by language
    pictures: Mapping[str, bytes]


@cache
def designs() -> tuple[Design, ...]:
    return tuple(_design(path) for path in sorted(FOLDER.glob("*.json")))


@cache
def drawings() -> frozenset[bytes]:
    """The pictures of all designs. No other drawing in SVG is taken from anybody."""
    return frozenset(data for design in designs() for data in design.pictures.values())


def _design(path: Path) -> Design:
    told = json.loads(path.read_text())
    html = path.with_suffix(".html").read_text()
    return Design(
        key=path.stem,
        name=told["name"],
        pages={language: _worded(html, words) for language, words in told["words"].items()},
        pictures={name: (FOLDER / name).read_bytes() for name in told["pictures"]},
    )


def _worded(html: str, words: Mapping[str, str]) -> str:
    """The page with its gaps filled: `{certifies}` stands for a sentence of the language."""
    for gap, text in words.items():
        html = html.replace(f"{{{gap}}}", text)
    return html
