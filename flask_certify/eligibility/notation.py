"""Rules as JSON, as attachments store them: `{"all": [{"progress": "100"}, {"score_at_least": "80"}]}`.

Numbers are text, so that 79.99 stays 79.99 (R-042) and ≥ stays ≥ after saving and reading back (R-026). A rule set is
what a run would have attached, in order, with the version of this notation:
`{"version": 1, "attachments": [{"achievement": "completion", "audience": "tenant", "rule": {...}}]}`. An attachment
may also name its `template`, by key, and the `facts` that it carries; who earns what does not depend on these.
The same is said to programs by `rules.schema.json`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from typing import Any, assert_never

from ..core.errors import BadInput
from ..core.i18n import N_
from ..core.texts import is_storable
from .rules import AllOf, AnyOf, AttributeIs, Percent, Progress, Rule, ScoreAtLeast, ScoreBelow

VERSION = 1
DEEPEST = 8
MOST_PARTS = 64
"""Rules within one rule; more than people write, and few enough to be reasoned about."""
MOST_ATTACHMENTS = 8
LONGEST_TEXT = 200
OPERATORS = ("progress", "score_at_least", "score_below", "attribute", "all", "any")
AUDIENCES = ("tenant", "everyone")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10}|/[0-9]{1,12})?")


class UnreadableRule(BadInput):
    code = "rule.unreadable"
    sentence = N_("A rule cannot be read: each is an object with one name, and no deeper than %(deepest)s levels.")


class UnknownOperator(UnreadableRule):
    code = "rule.unknown_operator"
    sentence = N_("A rule cannot be read: there is none called %(name)s. Known are %(known)s.")


class UnknownField(UnreadableRule):
    code = "rule.unknown_field"
    sentence = N_("A rule cannot be read: %(operator)s has no field %(name)s. Known are %(known)s.")


class WrongValue(UnreadableRule):
    code = "rule.wrong_value"
    sentence = N_("A rule cannot be read: %(operator)s does not take %(value)s.")


class NotAPercentage(UnreadableRule):
    code = "rule.not_a_percentage"
    sentence = N_("A rule cannot be read: %(value)s is not a number from 0 to 100, written as text.")


class TooManyParts(UnreadableRule):
    code = "rule.too_many_parts"
    sentence = N_("A rule cannot be read: it has more than %(most)s parts.")


class UnknownVersion(UnreadableRule):
    code = "rule.unknown_version"
    sentence = N_("A rule set cannot be read: version %(version)s of the notation is not known, %(known)s is.")


class NotJson(UnreadableRule):
    code = "rules.not_json"
    sentence = N_("The file is not JSON with each key once, so no rules can be read from it.")


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of a rule set: who may earn which achievement, under which rule."""

    achievement: str
    audience: str
    rule: Rule
    template: str | None = None  # its key; None: nobody said
    facts: tuple[str, ...] = ()  # carried into the certificate
    validity: str | None = None  # how long it holds, as text; None: it does not expire


def to_json(rule: Rule) -> dict[str, Any]:
    match rule:
        case Progress(asked):
            return {"progress": _text(asked)}
        case ScoreAtLeast(asked):
            return {"score_at_least": _text(asked)}
        case ScoreBelow(asked):
            return {"score_below": _text(asked)}
        case AttributeIs(name, value):
            return {"attribute": {"name": name, "is": value}}
        case AllOf(rules):
            return {"all": [to_json(each) for each in rules]}
        case AnyOf(rules):
            return {"any": [to_json(each) for each in rules]}
        case _:
            assert_never(rule)


def from_json(stored: Any) -> Rule:
    """The rule. Raises UnreadableRule: what is unknown, or is no number, is named."""
    if _count(stored, 0) > MOST_PARTS:
        raise TooManyParts(most=MOST_PARTS)
    return _rule(stored)


def rule_set_to_json(clauses: Iterable[Clause]) -> dict[str, Any]:
    return {"version": VERSION, "attachments": [_clause_to_json(each) for each in clauses]}


def _clause_to_json(clause: Clause) -> dict[str, Any]:
    stored = {"achievement": clause.achievement, "audience": clause.audience, "rule": to_json(clause.rule)}
    if clause.template is not None:
        stored["template"] = clause.template
    if clause.facts:
        stored["facts"] = list(clause.facts)
    if clause.validity is not None:
        stored["validity"] = clause.validity
    return stored


def rule_set_from_json(stored: Any) -> tuple[Clause, ...]:
    """The clauses, in order. Raises UnreadableRule."""
    if not isinstance(stored, Mapping):
        raise WrongValue(operator="rule set", value=_name(stored))
    _only(stored, "rule set", ("version", "attachments"))
    if type(stored["version"]) is not int or stored["version"] != VERSION:
        raise UnknownVersion(version=_name(stored["version"]), known=VERSION)
    attachments = stored["attachments"]
    if not isinstance(attachments, list) or not 1 <= len(attachments) <= MOST_ATTACHMENTS:
        raise WrongValue(operator="attachments", value=_name(attachments))
    return tuple(_clause(each) for each in attachments)


def rule_set_from_text(data: bytes) -> tuple[Clause, ...]:
    """The clauses that a file holds. Raises UnreadableRule."""
    try:
        stored = json.loads(data, object_pairs_hook=each_once)
    except (ValueError, RecursionError):
        raise NotJson() from None
    return rule_set_from_json(stored)


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Raises ValueError if it has a key twice: nobody can say which of the two was meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def schema() -> dict[str, Any]:
    """The JSON schema of a rule set; that of a rule is `#/$defs/rule` in it."""
    loaded: dict[str, Any] = json.loads(files(__package__).joinpath("rules.schema.json").read_text("utf-8"))
    return loaded


def _clause(stored: Any) -> Clause:
    if not isinstance(stored, Mapping):
        raise WrongValue(operator="attachments", value=_name(stored))
    optional = ("audience", "template", "facts", "validity")
    _only(stored, "attachments", ("achievement", "audience", "rule", "template", "facts", "validity"), optional)
    audience = stored.get("audience", "tenant")
    if not isinstance(audience, str) or audience not in AUDIENCES:
        raise WrongValue(operator="audience", value=_name(audience))
    facts = stored.get("facts", [])
    if not isinstance(facts, list):
        raise WrongValue(operator="facts", value=_name(facts))
    return Clause(
        _written("achievement", stored["achievement"]),
        audience,
        from_json(stored["rule"]),
        _written("template", stored["template"]) if "template" in stored else None,
        tuple(_written("facts", each) for each in facts),
        _written("validity", stored["validity"]) if "validity" in stored else None,
    )


def _count(stored: Any, depth: int) -> int:
    """How many rules there are within this one, itself included."""
    if depth > DEEPEST or not isinstance(stored, Mapping) or len(stored) != 1:
        raise UnreadableRule(deepest=DEEPEST)
    [(name, value)] = stored.items()
    if name not in OPERATORS:
        raise UnknownOperator(name=_name(name), known=", ".join(OPERATORS))
    if name not in ("all", "any"):
        return 1
    if not isinstance(value, list) or not value:
        raise WrongValue(operator=name, value=_name(value))
    return 1 + sum(_count(each, depth + 1) for each in value)


def _rule(stored: Mapping[str, Any]) -> Rule:
    [(name, value)] = stored.items()
    match name:
        case "progress":
            return Progress(_percent(value))
        case "score_at_least":
            return ScoreAtLeast(_percent(value))
        case "score_below":
            return ScoreBelow(_percent(value))
        case "attribute":
            return _attribute(value)
        case "all":
            return AllOf(tuple(_rule(each) for each in value))
        case _:
            return AnyOf(tuple(_rule(each) for each in value))


def _attribute(value: Any) -> Rule:
    if not isinstance(value, Mapping):
        raise WrongValue(operator="attribute", value=_name(value))
    _only(value, "attribute", ("name", "is"))
    return AttributeIs(_written("attribute", value["name"]), _written("attribute", value["is"]))


def _only(stored: Mapping[str, Any], operator: str, known: tuple[str, ...], optional: tuple[str, ...] = ()) -> None:
    for name in stored:
        if name not in known:
            raise UnknownField(operator=operator, name=_name(name), known=", ".join(known))
    for name in known:
        if name not in stored and name not in optional:
            raise WrongValue(operator=operator, value=f"nothing for {name}")


def _written(operator: str, value: Any) -> str:
    if not isinstance(value, str) or not value or not is_storable(value, LONGEST_TEXT):
        raise WrongValue(operator=operator, value=_name(value))
    return value


def _percent(value: Any) -> Percent:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise NotAPercentage(value=_name(value))
    try:
        asked = Fraction(value)
    except ZeroDivisionError:
        raise NotAPercentage(value=_name(value)) from None
    if asked > 100:
        raise NotAPercentage(value=_name(value))
    return asked.numerator if asked.denominator == 1 else asked


def _name(value: Any) -> str:
    """As much of what was written as fits into a sentence."""
    written = repr(value)
    return written if len(written) <= 60 else written[:57] + "..."


def _text(number: Percent) -> str:
    """As a decimal where it is one, else as a fraction; read back, it is the same number."""
    decimal = f"{float(number):.10f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == number else str(number)
