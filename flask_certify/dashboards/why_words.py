"""What an explanation says: codes into sentences for whoever asks why (R-052, R-185)."""

from collections.abc import Mapping

from ..core.i18n import N_
from ..host.records import Pacing
from ..issuing import changes, closing

FACTS: Mapping[str, str] = {
    "enrolled": N_("Enrolled"),
    "mode": N_("Mode of the enrolment"),
    "account_active": N_("Account active"),
    "progress": N_("Progress"),
    "score": N_("Score"),
    "completed_on": N_("Completed on"),
    "passing": N_("Passed, says the platform"),
    "identity_required": N_("An approved identity is asked for"),
    "identity_approved": N_("Identity approved"),
    "beta_tester": N_("Beta tester"),
    "allowlisted": N_("On the list of exceptions"),
    "invalidated": N_("Declared invalid"),
    "run_has_ended": N_("The course run has ended"),
    "display_on": N_("Certificates are switched on"),
    "pacing": N_("Pacing of the course run"),
    "grade": N_("Grade of the last evaluation"),
    "visible": N_("The certificate may be seen"),
    "shown_on": N_("The date that it shows"),
}

NOTHING = N_("Nothing: there is a certificate.")
WOULD_CHANGE: Mapping[str, str] = {
    # What has to happen first, by the reason that stands in the way.
    "learner_unknown": N_("The learning platform has to know the learner again."),
    "account_inactive": N_("The account has to be unblocked."),
    "private_copy": N_("Certificates are earned in the original course run; or an exception is made for the learner."),
    "beta_tester": N_("The learner must no longer be a beta tester; or an exception is made for the learner."),
    "not_passing": N_("The learner has to pass; or an exception is made for the learner."),
    "invalidated": N_("Somebody has to lift the declaration that it is invalid."),
    "not_enrolled": N_("The learner has to be enrolled in this course run."),
    "mode_does_not_earn": N_("The enrolment has to be changed to a mode that earns certificates."),
    "identity_not_approved": N_("The learner's identity has to be approved."),
    "course_missing": N_("The course run has to be restored in the learning platform."),
    "display_off": N_("Certificates have to be switched on for this course run."),
    "nothing_attached": N_("Somebody has to attach a certificate to this course run."),
    "outside_audience": N_("The certificate has to be opened to everyone, or the learner's organisation corrected."),
    "run_not_ended": N_("The course run has to end; nothing is issued before."),
    "progress_unknown": N_("The learning platform has to say how much of the course is done."),
    "progress_below": N_("The learner has to complete the rest of the course."),
    "completion_unknown": N_("The learning platform has to say when the course was completed."),
    "completed_late": N_("The end of the run would have to be moved; or an exception is made for the learner."),
    "score_below": N_("A better attempt is needed, so that the score is high enough."),
    "score_above": N_("The score is too good for this certificate; another one would have to be attached for it."),
    "attribute_differs": N_("The learner's profile has to be corrected in the learning platform."),
    "attribute_unknown": N_("The learner's profile has to be completed in the learning platform."),
    "vetoed": N_("The learning platform has to withdraw its objection."),
    "already_issued": NOTHING,
    "already_final": NOTHING,
}
PUT_RIGHT = N_("The data have to be put right; then issue again.")
ISSUE_IT = N_("Nothing stands in the way: the next night issues it, or a mentor does.")
SIGN_IT = N_("Nothing: it is signed as soon as the issuer's key and the workers are there. See: flask certify doctor")
RENEW_IT = N_("It has to be renewed: issue it again, with the reason that it is renewed.")
RESTORE_IT = N_("A person withdrew it, so a person has to restore it; no evaluation does.")
BRING_IT_BACK = N_("Nothing stands in the way: the next night brings it back with its code, or evaluating anew does.")
ASK_AGAIN = N_("Ask again when the learning platform answers.")
NO_ANSWER = N_("The learning platform does not answer at the moment. This is what was decided last.")
NO_ANSWER_AT_ALL = N_("The learning platform does not answer at the moment, and nothing was decided here before.")

HOLDS = N_("There is a certificate: %(code)s.")
EXPIRED = N_("There is a certificate, and it has expired: %(code)s.")
WITHDRAWN = N_("The certificate %(code)s is withdrawn, and does not count at the moment.")
GRANTED = N_("A certificate is granted, and waits for its signature: %(code)s.")
REVOKED = N_("The certificate %(code)s was revoked for good.")
ELIGIBLE = N_("Eligible, not issued yet.")
ELIGIBLE_AGAIN = N_("Eligible for a new one, not issued yet.")
ELIGIBLE_STILL = N_("All that is asked is met:")
NONE_BECAUSE = N_("No certificate, because:")
NOT_NOW_BECAUSE = N_("It does not come back, because:")
NO_NEW_ONE_BECAUSE = N_("No new one, because:")
NOT_KNOWN = N_("Whether there would be a certificate cannot be said now.")

BY = N_("%(what)s, by %(actor)s.")
PACINGS: Mapping[str, str] = {
    Pacing.INSTRUCTOR: N_("set by the instructor"),
    Pacing.SELF: N_("set by the learners"),
}
ACTORS: Mapping[str, str] = {
    changes.ACTOR: N_("the learning platform"),
    closing.ACTOR: N_("the nightly issue"),
}

ACTS: Mapping[str, str] = {
    "award.issue": N_("Issued"),
    "award.reissue": N_("Issued again"),
    "award.withdraw": N_("Withdrawn"),
    "award.restore": N_("Restored"),
    "award.revoke": N_("Revoked"),
    "award.supersede": N_("Replaced by a new one"),
    "award.undo": N_("Re-issue taken back"),
    "correction.file": N_("Another name asked for"),
    "correction.confirm": N_("Name corrected at its source"),
    "correction.done": N_("Issued again with the corrected name"),
    "correction.refuse": N_("Another name refused"),
    "exception.allow": N_("Put on the list of exceptions"),
    "exception.allow.end": N_("Taken off the list of exceptions"),
    "exception.invalid": N_("Declared invalid"),
    "exception.invalid.end": N_("No longer declared invalid"),
    "exception.date": N_("Another date set"),
    "exception.date.end": N_("Other date taken back"),
}
LINKS: Mapping[str, str] = {
    "run": N_("Course run"),
    "certificate": N_("Public page of the certificate"),
    "document": N_("The document"),
}
