"""Codes into the reader's words: kinds of certificate, statuses, steps, reasons alone and reasons of many."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from ..awards.labels import WORDS as LABELS
from ..core.errors import CertifyError
from ..core.i18n import N_, c_, cn_
from ..documents.preview import Tried
from ..eligibility import reasons
from ..eligibility.reasons import Reason
from ..issuing.setting_up import SHIPPED
from ..notifications.reasons import WORDS as MESSAGES

STEPS: Mapping[str, str] = {
    "attach": N_("Attaching a certificate"),
    "open": N_("Starting to issue"),
    "plan": N_("Planning"),
    "decide": N_("Deciding"),
    "sign": N_("Signing"),
    "reissue": N_("Issuing again"),
    "print": N_("Printing"),
    "notify": N_("Telling the learner"),
}

OF_MANY: Mapping[str, str] = {
    # The same reasons without their values, as headings over how many learners they hold for.
    "learner_unknown": N_("Not known to the learning platform (any more)"),
    "account_inactive": N_("Account blocked or deleted"),
    "not_allowlisted": N_("Not on the list of exceptions"),
    "private_copy": N_("Learning in a private copy of the course run"),
    "beta_tester": N_("Beta testers"),
    "not_passing": N_("Not passed"),
    "invalidated": N_("Certificate declared invalid"),
    "not_enrolled": N_("Not enrolled"),
    "mode_does_not_earn": N_("Enrolled in a mode that does not earn certificates"),
    "identity_not_approved": N_("Identity not approved"),
    "already_final": N_("There is a certificate already"),
    "course_missing": N_("Course run gone"),
    "display_off": N_("Certificates switched off"),
    "nothing_attached": N_("No certificate attached"),
    "outside_audience": N_("Not a learner of this organisation"),
    "run_not_ended": N_("Course run not ended yet"),
    "progress_unknown": N_("Progress not known"),
    "progress_below": N_("Course not completed"),
    "completion_unknown": N_("Date of completion not known"),
    "completed_late": N_("Completed after the end of the run"),
    "score_below": N_("Score too low"),
    "score_above": N_("Score too high for this certificate"),
    "attribute_differs": N_("Profile does not say what is asked for"),
    "attribute_unknown": N_("Profile says nothing about what is asked for"),
    "vetoed": N_("Refused by the learning platform"),
    "veto.failed": N_("The learning platform could not say whether it objects"),
    "name.missing": N_("No name"),
    "name.no_glyphs": N_("Name with characters that cannot be printed"),
    "validity.over": N_("Certificate would have expired already"),
    "renewal.too_early": N_("Too early to renew"),
    "attempt.above_maximum": N_("An attempt above its maximum score"),
    "attempt.no_maximum": N_("An assessment without a maximum score"),
    "attempt.not_a_score": N_("An attempt without a usable score"),
    "progress.not_a_percentage": N_("A progress that is no percentage"),
    "score.no_assessments": N_("No assessments to take a score from"),
    "learner.host_failed": N_("The learning platform could not answer"),
    "learner.wrong_answer": N_("Data of the learning platform that cannot be used"),
    "learner.unfit_reference": N_("A reference that cannot be stored"),
    "bundle.no_certificate": N_("No certificate of this course run"),
    "document.not_live": N_("Certificate not valid any more, or not yet"),
    "worker.died": N_("The work on it ended again and again"),
    "erased": N_("Erased at the holder's wish"),
    "changed_since": N_("Changed since the preview"),
    "no_certificate": N_("No certificate"),
    "exception.listed": N_("On the list of exceptions"),
}

UNEXPECTED = N_("Something unexpected went wrong (%(kind)s). Have the log of the workers looked at, then issue again.")
WORKER_DIED = N_("The program that worked on it ended before it was done. Issue again; if it repeats, ask support.")


def kind_name(key: str | None, others: Mapping[str, str] | None = None) -> str:
    """What a kind of certificate is called: ours in the reader's language, others as their issuer wrote them."""
    if not key:
        return ""
    return c_(SHIPPED[key][0]) if key in SHIPPED else (others or {}).get(key, key)


def label_name(label: str) -> str:
    """Certificate Status; empty where there is none yet."""
    return c_(LABELS[label]) if label in LABELS else label


def step_name(step: str) -> str:
    return c_(STEPS[step]) if step in STEPS else step


def of_many(by_code: Mapping[str, int]) -> list[tuple[str, int]]:
    """Reasons as headings with their numbers, the most frequent first; those of nobody are left out."""
    ordered = sorted(by_code.items(), key=lambda item: -item[1])
    return [(_heading(code), number) for code, number in ordered if number]


def sentences(why: Iterable[Reason]) -> list[str]:
    """Why, as whole sentences."""
    return [sentence_of(each.code, each.values) for each in why]


def sentence_of(code: str, values: Mapping[str, Any]) -> str:
    """The sentence of a reason, an error or a message's fate. A code that nobody knows is shown as it is."""
    if code in reasons.WORDS:
        return reasons.worded(code, values)
    if code.startswith("error."):
        return c_(UNEXPECTED, kind=code.removeprefix("error."))
    sentence = _other_sentences().get(code)
    if sentence is None:
        return code
    try:
        return c_(sentence, **values)
    except (KeyError, ValueError):  # stored by another version, with other gaps
        return code


def _heading(code: str) -> str:
    return c_(OF_MANY[code]) if code in OF_MANY else sentence_of(code, {})


@cache
def _other_sentences() -> Mapping[str, str]:
    errors = {each.code: each.sentence for each in _family(CertifyError)}
    return {**errors, **MESSAGES, "worker.died": WORKER_DIED}


def _family(of: type[CertifyError]) -> Iterator[type[CertifyError]]:
    yield of
    for each in of.__subclasses__():
        yield from _family(each)


def outcome_of(tried: Tried) -> str:
    """How a name had to be set to fit into its place."""
    how = []
    if tried.is_shrunk:
        how.append(c_("Smaller: %(size)s instead of %(wanted)s pt", size=f"{tried.size:g}", wanted=f"{tried.wanted:g}"))
    if tried.lines > 1:
        how.append(cn_("In %(num)s line", "In %(num)s lines", tried.lines))
    return " · ".join(how) or c_("As it was designed")
