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

from flask import Flask, before_render_template
from jinja2 import Environment
from markupsafe import escape

_OURS = Path(__file__).parent.parent
_PACKAGE = __name__.partition(".")[0]
_FLASKS = "flask.templating"  # gives `request`, `session` and `g`, which our templates do not use
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
    """The sheets of one application, kept while all readers of a kind would be shown the same page.

    A host may have a hand in every page, by templates and names of its own, and show who is logged in, perhaps: then
    each page is rendered for its reader alone.
    """

    templates: tuple[str, ...]
    blueprint: str = "certify"
    most: int = 500
    _are_ours: bool | None = field(default=None, init=False)
    _known: OrderedDict[Hashable, Sheet] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def page(self, app: Flask, kind: Hashable, values: Mapping[str, str], lay_out: LayOut) -> str:
        """The page with these values. `kind` is all else that it depends on, but for the names of the values."""
        if not self._may_be_kept(app):
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

    def _may_be_kept(self, app: Flask) -> bool:
        names = app.jinja_env
        if names.auto_reload or names.cache is None or before_render_template.receivers:
            return False  # templates are edited, or chosen for each reader; or somebody adds to what they are given
        if self._are_ours is None:
            self._are_ours = _are_names_ours(app) and all(_is_ours(names, name) for name in self.templates)
        if not self._are_ours or app.url_default_functions.keys() & {None, self.blueprint}:
            return False
        return not self._is_renamed(app)

    def _is_renamed(self, app: Flask) -> bool:
        """Whether the host gives the templates of this reader another `url_for`, or any name that ours could use."""
        for place in (None, self.blueprint):
            for give in app.template_context_processors.get(place, ()):
                if getattr(give, "__module__", "") != _FLASKS:
                    given = give()
                    if not isinstance(given, dict) or given.keys() & app.jinja_env.globals.keys():
                        return True
        return False


def _are_names_ours(app: Flask) -> bool:
    """Whether what templates call is what Flask and we have put there, and nothing that a host put in its place."""
    names = app.jinja_env.globals
    return (
        names["url_for"] == app.url_for
        and (type(app).url_for, type(app).update_template_context) == (Flask.url_for, Flask.update_template_context)
        and all(
            getattr(what, "__module__", "").startswith(_PACKAGE)
            for name, what in names.items()
            if name in ("c_", "cn_") or name.startswith("certify_")
        )
    )


def _is_ours(environment: Environment, name: str) -> bool:
    filename = environment.get_template(name).filename
    return filename is not None and Path(filename).is_relative_to(_OURS)
