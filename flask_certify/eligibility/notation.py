"""Rules as JSON, as attachments store them: `{"all": [{"progress": "100"}, {"score_at_least": "80"}]}`.

Numbers are text, so that 79.99 stays 79.99 (R-042) and ≥ stays ≥ after saving and reading back (R-026).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, assert_never

from ..core.errors import BadInput
from ..core.i18n import N_
from .rules import AllOf, AnyOf, AttributeIs, Progress, Rule, ScoreAtLeast, ScoreBelow

DEEPEST = 8


class UnreadableRule(BadInput):
    code = "rule.unreadable"
    sentence = N_(
        "This rule cannot be read: %(why)s. Known are progress, score_at_least, score_below, attribute, all, any."
    )


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


def from_json(stored: Any, depth: int = 0) -> Rule:
    """The rule. Raises UnreadableRule for an unknown name, a number that is none, or anything nested too deep."""
    if depth > DEEPEST or not isinstance(stored, Mapping) or len(stored) != 1:
        raise UnreadableRule(why="each rule is an object with one name")
    [(name, value)] = stored.items()
    match name, value:
        case "progress", str():
            return Progress(_percent(value))
        case "score_at_least", str():
            return ScoreAtLeast(_percent(value))
        case "score_below", str():
            return ScoreBelow(_percent(value))
        case "attribute", {"name": str() as attribute, "is": str() as asked, **rest} if not rest:
            return AttributeIs(attribute, asked)
        case "all", list() if value:
            return AllOf(tuple(from_json(each, depth + 1) for each in value))
        case "any", list() if value:
            return AnyOf(tuple(from_json(each, depth + 1) for each in value))
        case _:
            raise UnreadableRule(why=f"there is no rule {str(name)[:40]!r} of this form")


def _percent(text: str) -> Fraction:
    try:
        asked = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UnreadableRule(why=f"{text[:40]!r} is no number") from None
    if not 0 <= asked <= 100:
        raise UnreadableRule(why="percentages are from 0 to 100")
    return asked


def _text(number: Fraction) -> str:
    """As a decimal where it is one, else as a fraction; read back, it is the same number."""
    decimal = f"{float(number):.10f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == number else str(number)
