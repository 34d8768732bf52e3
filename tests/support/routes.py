"""Routes whose addresses are compiled once for all sites of a run.

Of what it takes to make a site that is three quarters, and thousands of tests make one with the same routes.
"""

from collections.abc import Callable
from typing import Any

from werkzeug import routing

_builders: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}


class Rule(routing.Rule):
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in _builders:
            _builders[key] = super()._compile_builder(append_unknown)
        return _builders[key]
