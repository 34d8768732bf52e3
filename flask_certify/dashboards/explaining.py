"""Why not? The answer about one learner in one run in the reader's words: one screen, or JSON (R-052, R-185)."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, assert_never

from ..awards.causes import WORDS as CAUSES
from ..awards.causes import Cause
from ..awards.states import AwardState
from ..core import reader
from ..core.i18n import N_, c_
from ..core.ids import spaced
from ..eligibility.reasons import Reason
from ..issuing.criteria import sentences
from ..notifications.decisions import CHANNELS, STATES
from ..notifications.states import State
from . import why_words as words
from . import wording
from .asking_why import Explanation, Happening, Held, Part, Rules, explain

__all__ = ["Explanation", "Happening", "Held", "Part", "Rules", "explain", "lines", "to_json", "would_change"]


def would_change(why: Explanation) -> list[str]:
    """What has to happen for the answer to become another one."""
    told = [] if why.answered else [words.ASK_AGAIN]
    held = why.held
    match held.state if held is not None else None:
        case AwardState.ISSUED:
            told = [words.RENEW_IT if held and held.has_expired else words.NOTHING]
        case AwardState.GRANTED:
            told = [words.SIGN_IT]
        case AwardState.WITHDRAWN if held and held.by_person:
            told = [*_lift(why), words.RESTORE_IT]
        case AwardState.WITHDRAWN if why.granted:
            told += [words.BRING_IT_BACK]
        case _ if why.granted and why.decided:
            told += [words.ISSUE_IT]
        case _:
            told += [words.WOULD_CHANGE.get(each.code, words.PUT_RIGHT) for each in _why(why)]
    return [c_(each) for each in dict.fromkeys(told)]


def _lift(why: Explanation) -> list[str]:
    return [words.WOULD_CHANGE[each.code] for each in why.reasons if each.code == "invalidated"]


def _why(why: Explanation) -> list[Reason]:
    """The reasons of the decision. What took a certificate away is told with the certificate, not once more."""
    return [each for each in why.reasons if why.answered or each.code not in CAUSES or each.code in words.WOULD_CHANGE]


def lines(why: Explanation) -> Iterator[str]:
    """One screen for the reader."""
    yield f"{why.run.title} ({why.run.run_ref}) · {why.learner_ref} · {why.external_id or '–'}"
    if not why.answered:
        yield c_(words.NO_ANSWER if why.decided else words.NO_ANSWER_AT_ALL)
    yield ""
    yield from answer(why)
    yield ""
    yield c_(N_("What would change it"))
    yield from (f"  {sentence}" for sentence in would_change(why))
    if why.facts:
        yield ""
        yield c_(N_("What is known"))
        yield from (f"  {c_(words.FACTS[name])}: {_shown(name, value, why)}" for name, value in why.facts.items())
    for each in why.rules:
        yield ""
        yield wording.kind_name(each.attachment.achievement.key)
        yield from (f"  [{_mark(part.holds)}] {' '.join(sentences(part.rule))}" for part in each.parts)
    if why.history:
        yield ""
        yield c_(N_("What has happened"))
        yield from (f"  {reader.moment(each.at, why.run.dates.zone)}: {_told(each)}" for each in why.history)
    yield ""
    yield c_(N_("Where to look"))
    yield from (f"  {c_(words.LINKS[name])}: {address}" for name, address in why.links.items())


def answer(why: Explanation) -> Iterator[str]:
    """The answer itself: what stands, and why; then what would be decided now, and why."""
    reasons = [f"  {sentence}" for sentence in wording.sentences(_why(why))]
    held = why.held
    if held is not None:
        yield c_(_standing(held), code=spaced(held.code))
        if cause := _because(held.cause):
            yield f"  {cause}"
        if held.state in (AwardState.ISSUED, AwardState.GRANTED):
            return
    if not why.decided or not (reasons or why.granted):
        yield c_(words.NOT_KNOWN)
        return
    is_back = held is not None and held.state is AwardState.WITHDRAWN
    if why.granted and not why.answered and is_back:  # what was decided last was about taking it away
        yield c_(words.NOT_KNOWN)
        return
    if why.granted:
        yield c_(words.ELIGIBLE if held is None else words.ELIGIBLE_STILL if is_back else words.ELIGIBLE_AGAIN)
    else:
        first = words.NONE_BECAUSE if held is None else words.NO_NEW_ONE_BECAUSE
        yield c_(words.NOT_NOW_BECAUSE if is_back else first)
    yield from reasons


def _standing(held: Held) -> str:
    match held.state:
        case AwardState.ISSUED:
            return words.EXPIRED if held.has_expired else words.HOLDS
        case AwardState.GRANTED:
            return words.GRANTED
        case AwardState.WITHDRAWN:
            return words.WITHDRAWN
        case AwardState.REVOKED:
            return words.REVOKED
        case _:
            assert_never(held.state)


def to_json(why: Explanation) -> dict[str, Any]:
    """The same for programs: codes with values, and sentences in the reader's language."""
    return {
        "run": why.run.run_ref,
        "learner": why.learner_ref,
        "external_id": why.external_id,
        "answered": why.answered,
        "eligible": why.granted,
        "certificate": why.holds,
        "answer": list(answer(why)),
        "state": why.held.state.value if why.held else None,
        "status": why.status,
        "label": why.label,
        "reasons": [
            {**each.to_json(), "sentence": sentence}
            for each, sentence in zip(why.reasons, wording.sentences(why.reasons), strict=True)
        ],
        "would_change": would_change(why),
        "facts": dict(why.facts),
        "rules": [
            {
                "attachment": str(each.attachment.id),
                "achievement": each.attachment.achievement.key,
                "in_audience": each.in_audience,
                "parts": [{"sentence": " ".join(sentences(part.rule)), "holds": part.holds} for part in each.parts],
            }
            for each in why.rules
        ],
        "history": [
            {
                "at": each.at.isoformat(),
                "what": each.what,
                "about": each.code,
                "by": each.actor,
                "reason": each.reason,
                "sentence": _told(each),
            }
            for each in why.history
        ],
        "links": dict(why.links),
    }


def _told(each: Happening) -> str:
    if each.what == "failed":
        return f"{wording.step_name(each.code or '')}: {wording.sentence_of(each.reason or '', each.values)}"
    if each.what == "told":
        channel = c_(CHANNELS[each.code]) if each.code in CHANNELS else each.code or ""
        told = f"{channel}: {c_(STATES[State(each.actor or '')])}"
        return f"{told}. {wording.sentence_of(each.reason, {})}" if each.reason else told
    what = c_(words.ACTS[each.what]) if each.what in words.ACTS else each.what
    code = f" {spaced(each.code)}" if each.code else ""
    actor = each.actor or ""
    actor = c_(words.ACTORS[actor]) if actor in words.ACTORS else actor
    return f"{c_(words.BY, what=f'{what}{code}', actor=actor)} {_because(each.reason)}".rstrip()


def _because(cause: str | None) -> str:
    return c_(CAUSES[Cause(cause)]) if cause is not None and cause in CAUSES else ""


def _mark(holds: bool | None) -> str:
    return {True: "x", False: " ", None: "?"}[holds]


def _shown(name: str, value: Any, why: Explanation) -> str:
    match name, value:
        case _, None:
            return c_(N_("not known"))
        case _, bool():
            return c_(N_("yes")) if value else c_(N_("no"))
        case (("progress" | "score" | "grade"), _):
            return f"{value} %"
        case "pacing", _:
            return c_(words.PACINGS[value])
        case "completed_on", _:
            return reader.day(datetime.fromisoformat(value), why.run.dates.zone)
        case "shown_on", _:
            return reader.date_of(date.fromisoformat(value))
        case _:
            return str(value)
