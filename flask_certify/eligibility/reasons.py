"""Why: a code for programs, values for the gaps, and a sentence at the door. Tables hold no sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..awards.causes import WORDS as CAUSES
from ..core.errors import find_sentence
from ..core.i18n import N_, c_

DECLINED: dict[str, str] = {
    # In the order in which they are tried: R-050, then R-055, then audience and criteria.
    "learner_unknown": N_("The learning platform does not know this learner (any more)."),
    "account_inactive": N_("The account is blocked or deleted."),
    "not_allowlisted": N_("The learner is not on the list of exceptions."),
    "private_copy": N_("The course run is a private copy, in which no certificates are earned."),
    "beta_tester": N_("Beta testers of a course run do not earn its certificate."),
    "not_passing": N_("The learning platform says that the course run was not passed."),
    "invalidated": N_("The certificate was declared invalid."),
    "not_enrolled": N_("There is no enrolment in the course run."),
    "mode_does_not_earn": N_("The enrolment is of the mode %(mode)s, which does not earn certificates."),
    "identity_not_approved": N_("The identity of the learner is not approved, or no longer."),
    "already_final": N_("There is a certificate already, and evaluating again never changes one."),
    "course_missing": N_("The record of the course run is gone."),
    "display_off": N_("Certificates are switched off for this course run."),
    "nothing_attached": N_("No certificate is attached to the course run."),
    "outside_audience": N_("These certificates are for learners of %(tenant)s only."),
    "run_not_ended": N_("The course run has not ended yet."),
    "progress_unknown": N_("The learning platform did not say how much of the course is done."),
    "progress_below": N_("%(has)s %% of the course is done, %(asked)s %% is asked."),
    "completion_unknown": N_("The learning platform did not say when the course was completed."),
    "completed_late": N_("The course was completed after the end of the run."),
    "score_below": N_("The score is %(has)s %%, at least %(asked)s %% is asked."),
    "score_above": N_("The score is %(has)s %%, less than %(asked)s %% is asked."),
    "attribute_differs": N_("The learner's profile does not say what is asked for %(name)s."),
    "attribute_unknown": N_("The learner's profile says nothing about %(name)s."),
    "vetoed": N_("The learning platform refused the certificate. It said: %(answer)s."),
}

FAULTY: dict[str, str] = {
    # Something is wrong with the data, and somebody has to put it right: the issue has failed.
    "name.missing": N_("The learner has no name. Correct the name in the learning platform, then issue again."),
    "name.no_glyphs": N_(
        "Our fonts cannot print some characters of the name (%(scripts)s), at these places: %(positions)s. "
        "Correct the name."
    ),
    "validity.over": N_(
        "The certificate would hold until %(day)s only, which is over. Renew it, or have its terms changed."
    ),
    "renewal.too_early": N_("The certificate can be renewed from %(day)s on."),
    "attempt.above_maximum": N_("An attempt at the assessment %(assessment)s is above its maximum of %(maximum)s."),
    "attempt.no_maximum": N_("The assessment %(assessment)s has no maximum score."),
    "attempt.not_a_score": N_("An attempt at the assessment %(assessment)s has a score below 0, or none."),
    "progress.not_a_percentage": N_("The learning platform gave a progress that is not between 0 and 100 %%."),
    "score.no_assessments": N_("The rule asks for a score, but the course run has no assessments."),
    "learner.host_failed": N_("The learning platform could not answer for this learner. Have its log looked at."),
    "learner.wrong_answer": N_(
        "What the learning platform says about this learner cannot be used: %(field)s is not of the kind agreed. "
        "Have it corrected there."
    ),
    "learner.unfit_reference": N_(
        "The learning platform's reference of this learner cannot be stored: at most 100 characters, no zero bytes."
    ),
    "worker.died": N_("The program that worked on this learner ended again and again. Have its log looked at."),
    "veto.failed": N_(
        "The learning platform could not say whether it objects (%(kind)s). Have its log looked at, then issue again."
    ),
}

GRANTED: dict[str, str] = {
    "progress": N_("%(has)s %% of the course is done."),
    "score": N_("The score is %(has)s %%."),
    "attribute": N_("The learner's profile says what is asked for %(name)s."),
    "passing": N_("All that is asked was met."),
    "allowlisted": N_("The learner is on the list of exceptions."),
    "already_issued": N_("The certificate was issued already."),
}

LEFT_ALONE: dict[str, str] = {
    # Why an event changed nothing, or what it changed.
    "already_passing": N_("There is a certificate already."),
    "not_automatic": N_("Certificates are not generated without being asked for."),
    "exempt_as_listed": N_("The learner is on the list of exceptions, so this takes nothing away."),
    "no_record": N_("There is no record to change."),
    "no_certificate_to_lose": N_("There is no certificate that could be taken away."),
    "progress_kept": N_("As much of the course is done as is asked."),
    "progress_dropped": N_("Less of the course is done than is asked, and the learning platform said so."),
    "allowlist_removed": N_("The learner was taken off the list of exceptions."),
}

SINCE_THE_PREVIEW: dict[str, str] = {
    # Why somebody in a batch was left as they are, other than by the rules.
    "erased": N_("What the certificate said was erased at its holder's wish, so no other is made of it."),
    "changed_since": N_("This has changed since the preview that was confirmed. Look again to include it."),
    "is_withdrawn": N_("The certificate there is now is withdrawn. The new one takes its place and counts."),
    "no_certificate": N_("There is no certificate."),
    "batch.stopped": N_("The batch was stopped before the learner's turn came."),
}

WORDS: dict[str, str] = (
    {cause.value: words for cause, words in CAUSES.items()}
    | DECLINED
    | FAULTY
    | GRANTED
    | LEFT_ALONE
    | SINCE_THE_PREVIEW
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a decision. `values` fill the gaps of its sentence; they never hold a name."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "values": dict(self.values)}


def worded(code: str, values: Mapping[str, Any]) -> str:
    """The reason in the reader's language, or the error of that code; a code nobody knows is shown as it is."""
    sentence = WORDS.get(code) or find_sentence(code)
    if sentence is None:
        return code
    try:
        _ = sentence % values
    except (KeyError, ValueError, TypeError):  # stored by another version, with other gaps
        return code
    return c_(sentence, **values)
