"""Pages that are laid out once and then filled in, as documents are: what all readers of one language are told about
all certificates of one kind is rendered once, with gaps; a reader's page is that text with the gaps filled.

Gaps are cut out of the rendered text before anything is filled in, and each value is escaped, so a value can neither
become part of the page nor be taken for a gap.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from threading import Lock

from jinja2 import Environment
from markupsafe import escape

_OURS = Path(__file__).parent.parent
_MARK = f"gap{token_hex(12)}"  # nobody can have typed it
_GAP = re.compile(rf"{_MARK}_(\w+?)_{_MARK}")

LayOut = Callable[[Mapping[str, str]], str]
"""Renders the page with these values, or gaps, in their places."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page with gaps: text, the name of a gap, text, and so on."""

    parts: tuple[str, ...]

    @classmethod
    def make(cls, names: Mapping[str, str], lay_out: LayOut) -> "Sheet":
        return cls(tuple(_GAP.split(lay_out({name: f"{_MARK}_{name}_{_MARK}" for name in names}))))

    @property
    def is_clean(self) -> bool:
        """Whether every gap came out of the template as it went in."""
        return not any(_MARK in part for part in self.parts)

    def filled(self, values: Mapping[str, str]) -> str:
        parts = list(self.parts)
        for at in range(1, len(parts), 2):
            parts[at] = escape(values[parts[at]])
        return "".join(parts)


@dataclass
class Sheets:
    """The sheets of one application. A template of the host's may show anything, who is logged in perhaps, so pages
    are remembered only where all of `templates` are ours."""

    templates: tuple[str, ...]
    most: int = 500
    _are_ours: bool | None = field(default=None, init=False)
    _known: OrderedDict[Hashable, Sheet] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def page(self, environment: Environment, kind: Hashable, values: Mapping[str, str], lay_out: LayOut) -> str:
        """The page with these values. `kind` is all else that it depends on, but for the names of the values."""
        if self._are_ours is None:
            self._are_ours = all(_is_ours(environment, name) for name in self.templates)
        if not self._are_ours:
            return lay_out(values)
        key = (kind, tuple(values))
        with self._lock:
            sheet = self._known.get(key)
        if sheet is None:
            sheet = Sheet.make(values, lay_out)
            if not sheet.is_clean:
                return lay_out(values)
            with self._lock:
                self._known[key] = sheet
                while len(self._known) > self.most:
                    self._known.popitem(last=False)
        return sheet.filled(values)


def _is_ours(environment: Environment, name: str) -> bool:
    filename = environment.get_template(name).filename
    return filename is not None and Path(filename).is_relative_to(_OURS)
