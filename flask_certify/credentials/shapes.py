"""Compiled shapes: the canonical text of a credential without a JSON-LD processor for each of them.

Credentials of one batch differ in a handful of values. The first is canonicalised in full with a marker in the
place of each value (`slot`); what comes back is cut at the markers (shape_compiler.py), and every further credential
is filled in here. The JSON that is sent and the canonical text that is signed are filled from the same values in
the same call, so they cannot drift apart.

Filling and sorting alone is wrong: the numbers of blank nodes follow the order of hashes that depend on the values.
They are assigned again for each credential, see `Shape._number`.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Protocol

from .canonical import canonicalize, is_wholly_signed
from .text import UnsignableText, checked, require_iri, require_part_of_iri, require_signable

Values = Mapping[str, str]
Pattern = Callable[[Values], str]
"""A text with gaps, waiting for the values in the forms in which they are written."""

# Nobody outside this process knows the nonce, so no course title can pretend to be a marker.
_NONCE = secrets.token_hex(8)
MARKER = re.compile(rf"urn:slot:{_NONCE}:([a-z][a-z0-9_]*):")


def slot(name: str) -> str:
    """Stands in a template for a value given later: a text, an IRI, or part of an IRI."""
    return f"urn:slot:{_NONCE}:{name}:"


class NotCompilable(Exception):
    """Credentials of this shape need the full algorithm."""


class NotWhollySigned(ValueError):
    """A member, a type or an address would be dropped and not signed: nothing of this shape may be issued."""


class _EqualHashes(Exception):
    """With these values two blank nodes look alike: this one needs the full algorithm."""


# ---- how a value is written --------------------------------------------------------------------------------------

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_TO_ESCAPE = re.compile(r'[\\"\t\n\r]')


def _as_literal(value: str) -> str:
    """The value inside the quotes of a canonical text. Raises UnsignableText."""
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], require_signable(value))


def _as_json(value: str) -> str:
    return encode_basestring(value)[1:-1]


# The place where its marker was found decides how a value is written, not what the caller says.
WRITERS: Mapping[str, Callable[[str], str]] = {
    "literal": _as_literal,
    "whole_iri": require_iri,
    "part_of_iri": require_part_of_iri,
    "json": _as_json,
}


@dataclass(frozen=True)
class Writing:
    """One way in which one value is written."""

    field: str
    slot: str
    write: Callable[[str], str]


# ---- shapes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filled:
    """One credential before its proof."""

    document_text: str
    """The JSON."""
    canonical_text: str
    """What is signed."""


class Form(Protocol):
    """What credentials of one shape are filled from."""

    def fill(self, values: Values) -> Filled:
        """Both texts of one credential. Raises UnsignableText."""
        ...


NODE = "node"
"""The gap for a blank node's own label. No slot is called so: the gaps of slots begin with the way of writing."""


@dataclass(frozen=True)
class BlankNode:
    """A node without id: its statements, a line each, with gaps for its label.

    The label is filled in like any value and never put in the place of something that is there already. That makes a
    course named "_:c14n1" harmless.
    """

    lines: Pattern
    known_hash: str | None
    """Of a node in which nothing varies."""

    def labelled(self, label: str, given: dict[str, str]) -> list[str]:
        given[NODE] = label
        return self.lines(given).split("\n")

    def hash(self, given: dict[str, str]) -> str:
        """What decides the node's number. A set, because a statement made twice is one; sorted by code point, as Python
        sorts."""
        if self.known_hash is not None:
            return self.known_hash
        return hashlib.sha256(_as_text(set(self.labelled("_:a", given))).encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Shape:
    """The fast way. Made by shape_compiler.py, which has compared it with the full algorithm.

    Lines that vary are one pattern with an end of line between them: no value holds a raw one where it is filled in.
    """

    slots: frozenset[str]
    writings: tuple[Writing, ...]
    document: Pattern
    fixed_lines: tuple[str, ...]
    """In their order."""
    filled_lines: Pattern
    blank_nodes: tuple[BlankNode, ...]

    def fill(self, values: Values) -> Filled:
        """Both texts of one credential. Raises UnsignableText."""
        given = write_all(self.writings, self.slots, values)
        document_text = self.document(given)
        lines = [*self.fixed_lines, *self.filled_lines(given).split("\n")]
        try:
            self._number(given, lines)
        except _EqualHashes:
            return Filled(document_text, canonicalize(json.loads(document_text)))
        return Filled(document_text, _as_text(lines if len(set(lines)) == len(lines) else set(lines)))

    def _number(self, given: dict[str, str], lines: list[str]) -> None:
        """Label the blank nodes as RDFC-1.0 does: in the order of their first-degree hashes.

        With all hashes different nothing else decides. Equal ones are left to the full algorithm.
        """
        nodes = self.blank_nodes
        if len(nodes) > 1:
            by_hash = {node.hash(given): node for node in nodes}
            if len(by_hash) < len(nodes):
                raise _EqualHashes
            nodes = tuple([by_hash[each] for each in sorted(by_hash)])
        for number, node in enumerate(nodes):
            lines += node.labelled(f"_:c14n{number}", given)


def _as_text(lines: Iterable[str]) -> str:
    """All of them end alike, so that they sort without the ends of lines as with them."""
    return "\n".join(sorted(lines)) + "\n"


@dataclass(frozen=True)
class SlowForm:
    """The sure way, for shapes that cannot be cut: the full algorithm for each credential."""

    slots: frozenset[str]
    writings: tuple[Writing, ...]
    document: Pattern

    def fill(self, values: Values) -> Filled:
        """Both texts of one credential. Raises UnsignableText and NotWhollySigned."""
        document_text = self.document(write_all(self.writings, self.slots, values))
        for name, value in values.items():
            checked(name, value, require_signable)
        document = json.loads(document_text)
        if not is_wholly_signed(document):
            raise NotWhollySigned("a value would be dropped and not signed")
        return Filled(document_text, canonicalize(document))


def write_all(writings: Iterable[Writing], slots: frozenset[str], values: Values) -> dict[str, str]:
    """Every value in every way in which it is written. Raises ValueError if one is missing or too many."""
    if values.keys() != slots:
        raise ValueError(f"values for {sorted(slots)} are needed, got {sorted(values)}")
    given: dict[str, str] = {}
    for writing in writings:
        try:
            given[writing.field] = writing.write(values[writing.slot])
        except UnsignableText as error:
            error.field = writing.slot
            raise
    return given
