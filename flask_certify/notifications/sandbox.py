"""Texts that tenants write: named placeholders, conditions on them, and nothing else.

A text is checked when it is saved, by what it is made of and not by what it seems to do: no loop, call, attribute or
filter gets in, so that writing it takes a moment whatever it says. It still runs in Jinja's sandbox.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from ..core.errors import BadInput
from ..core.i18n import N_

DEEPEST = 4  # conditions within conditions


class UnknownPlaceholder(BadInput):
    code = "text.unknown_placeholder"
    sentence = N_("There is no placeholder called %(name)s. Those there are: %(known)s.")


class NotAllowed(BadInput):
    code = "text.not_allowed"
    sentence = N_("Line %(line)s holds more than placeholders and conditions on them. Nothing else may be in a text.")


class Unreadable(BadInput):
    code = "text.unreadable"
    sentence = N_("Line %(line)s cannot be read: a bracket is open, or stands where none belongs.")


def check(source: str, known: tuple[str, ...]) -> None:
    """Raises UnknownPlaceholder, NotAllowed or Unreadable."""
    try:
        found = _environment().parse(source)
        for name in _names(found.body, 0):
            if name not in known:
                raise UnknownPlaceholder(name=name, known=", ".join(known))
        _compiled(source)
    except TemplateSyntaxError as error:
        raise Unreadable(line=error.lineno) from None
    except (TemplateError, RecursionError, MemoryError, SyntaxError):
        raise Unreadable(line=1) from None


def fill(source: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled. What the values hold is text, and never read as a placeholder."""
    return _compiled(source).render(values)


def _names(found: Sequence[nodes.Node], depth: int) -> Iterator[str]:
    """The placeholders. Raises NotAllowed for whatever else there is."""
    for node in found:
        match node:
            case nodes.TemplateData():
                continue
            case nodes.Output():
                yield from _names(node.nodes, depth)
            case nodes.Name(ctx="load"):
                yield node.name
            case nodes.Not():
                yield from _names([node.node], depth)
            case nodes.If() if depth < DEEPEST:
                yield from _names([node.test], depth)
                for part in (node.body, node.elif_, node.else_):
                    yield from _names(part, depth + 1)
            case _:
                raise NotAllowed(line=node.lineno)


@cache
def _environment() -> SandboxedEnvironment:
    """Without all that Jinja would offer."""
    made = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    for offered in (made.globals, made.filters, made.tests):
        offered.clear()
    return made


@lru_cache(maxsize=500)
def _compiled(source: str) -> Template:
    return _environment().from_string(source)
