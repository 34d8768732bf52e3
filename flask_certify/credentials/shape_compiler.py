"""Cuts a template into a shape (shapes.py), and proves on hostile fillings that the shape gives the right text."""

import json
import re
import secrets
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from .canonical import canonicalize, is_wholly_signed
from .contexts import Document
from .shapes import (
    MARKER,
    NODE,
    WRITERS,
    BlankNode,
    Form,
    NotCompilable,
    NotWhollySigned,
    Shape,
    SlowForm,
    Values,
    Writing,
)
from .text import require_signable

_IRI = r'<[^<>"{}|^`\\\s]+>'
_NODE = r"_:c14n\d+"
_LITERAL = rf'"(?:[^"\\]|\\.)*"(?:\^\^{_IRI}|@[A-Za-z0-9-]+)?'
_STATEMENT = re.compile(rf"({_IRI}|{_NODE}) ({_IRI}) ({_IRI}|{_NODE}|{_LITERAL}) \.")
_HOST = re.compile(r"<https?://[^/?#]+/")

_SAMPLES: Mapping[str, Callable[[], str]] = {
    "whole_iri": lambda: f"urn:uuid:{uuid.uuid4()}",
    "part_of_iri": lambda: secrets.token_hex(4),
    "literal": lambda: f'\\ "{secrets.token_hex(4)}"\n _:c14n0 _:c14n1 {{}} ಕ\u2028😀',
}

Statement = tuple[str, str, str]


def form_of(template: Document) -> Form:
    """The fastest sound way to fill this template.

    Raises NotWhollySigned if part of it would not be signed, UnsignableText if its fixed text must not be.
    """
    try:
        return compile_shape(template)
    except NotCompilable:
        scissors = _Scissors()
        document = scissors.cut(_as_text(template), "json")
        return SlowForm(frozenset(scissors.uses), scissors.writings(), document.format_map)


def compile_shape(template: Document) -> Shape:
    """The template, cut. Raises NotCompilable, and what `form_of` raises."""
    _require_all_visible(template)
    if not is_wholly_signed(template):
        raise NotWhollySigned("a member, a type or an address would be dropped and not signed")
    scissors = _Scissors()
    document = scissors.cut(_as_text(template), "json")
    fixed: set[str] = set()
    filled: list[str] = []
    nodes: dict[str, list[Statement]] = {}
    for subject, predicate, object_ in _statements(canonicalize(template)):
        line = f"{subject} {predicate} {object_} ."
        if _is_blank(subject) or _is_blank(object_):
            label = subject if _is_blank(subject) else object_
            nodes.setdefault(label, []).append((subject, predicate, object_))
        elif MARKER.search(line):
            filled.append(f"{scissors.cut_term(subject)} {_doubled(predicate)} {scissors.cut_term(object_)} .")
        else:
            fixed.add(line)
    blank_nodes = tuple(_blank_node(statements, scissors) for statements in nodes.values())
    scissors.require_all_signed()
    shape = Shape(
        slots=frozenset(scissors.uses),
        writings=scissors.writings(),
        document=document.format_map,
        fixed_lines=tuple(sorted(fixed)),
        filled_lines="\n".join(filled).format_map,
        blank_nodes=blank_nodes,
    )
    for _ in range(2):
        _require_agreement(shape, scissors.samples())
    return shape


def _statements(canonical_text: str) -> Iterator[Statement]:
    require_signable(canonical_text)
    # Not splitlines(): a description may hold U+2028 or U+0085, which end a line for Python only.
    for line in canonical_text.removesuffix("\n").split("\n"):
        found = _STATEMENT.fullmatch(line)
        if found is None:
            raise NotCompilable("an unexpected statement")
        subject, predicate, object_ = found.groups()
        if _is_blank(subject) and _is_blank(object_):
            raise NotCompilable("two blank nodes in one statement")
        if MARKER.search(predicate):
            raise NotCompilable("the name of a member cannot vary")
        yield subject, predicate, object_


def _blank_node(statements: list[Statement], scissors: "_Scissors") -> BlankNode:
    own, lines, varies = f"{{{NODE}}}", [], False
    for subject, predicate, object_ in statements:
        other = object_ if _is_blank(subject) else subject
        varies = varies or MARKER.search(other) is not None
        text = scissors.cut_term(other)
        ends = (own, text) if _is_blank(subject) else (text, own)
        lines.append(f"{ends[0]} {_doubled(predicate)} {ends[1]} .")
    node = BlankNode("\n".join(lines).format_map, None)
    return node if varies else BlankNode(node.lines, node.hash({}))


def _is_blank(term: str) -> bool:
    return term.startswith("_:")


class _Scissors:
    """Turns text with markers into format strings, and notes in which places each value stands."""

    def __init__(self) -> None:
        self.uses: dict[str, set[str]] = {}

    def cut(self, text: str, use: str) -> str:
        first, *rest = MARKER.split(text)
        pattern = [_doubled(first)]
        for name, static in zip(rest[::2], rest[1::2], strict=True):
            self.uses.setdefault(name, set()).add(use)
            pattern.append(f"{{{use}_{name}}}{_doubled(static)}")
        return "".join(pattern)

    def cut_term(self, term: str) -> str:
        if term.startswith('"'):
            return self.cut(term, "literal")
        if MARKER.fullmatch(term[1:-1]):
            return self.cut(term, "whole_iri")
        host = _HOST.match(term)
        if MARKER.search(term) and (host is None or MARKER.search(host[0])):
            raise NotCompilable("in an address a value may vary only after the host")
        return self.cut(term, "part_of_iri")

    def writings(self) -> tuple[Writing, ...]:
        return tuple(
            Writing(f"{use}_{name}", name, WRITERS[use]) for name, uses in self.uses.items() for use in sorted(uses)
        )

    def require_all_signed(self) -> None:
        for name, uses in self.uses.items():
            if uses == {"json"}:
                raise NotWhollySigned(f"{name} is in the document, but not in what is signed")

    def samples(self) -> Values:
        """Something for every value, in the strictest of the ways in which it is written."""
        return {
            name: next(sample() for use, sample in _SAMPLES.items() if use in uses) for name, uses in self.uses.items()
        }


def _as_text(template: Document) -> str:
    return json.dumps(template, ensure_ascii=False, separators=(",", ":"))


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _require_all_visible(value: object) -> None:
    """Nulls and empty arrays take no part in the canonical text, and `is_wholly_signed` cannot see them."""
    if value is None or value == [] or value == {}:
        raise NotWhollySigned("a null or an empty member is never signed")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        _require_all_visible(each)


def _require_agreement(shape: Shape, values: Values) -> None:
    filled = shape.fill(values)
    if filled.canonical_text != canonicalize(json.loads(filled.document_text)):
        raise NotCompilable("the compiled shape and the full algorithm disagree")


@dataclass
class FormCache:
    """The forms a process used last. Compiling takes about 11 ms and happens under a lock."""

    size: int = 64
    _forms: OrderedDict[Hashable, Form] = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def find_or_make(self, key: Hashable, make_template: Callable[[], Document]) -> Form:
        """The form for this key, which must tell apart all that the template depends on. Raises as `form_of`."""
        with self._lock:
            form = self._forms.get(key)
            if form is None:
                form = self._forms[key] = form_of(make_template())
                if len(self._forms) > self.size:
                    self._forms.popitem(last=False)
            self._forms.move_to_end(key)
            return form
