"""What an issue batch or an attachment is refused for, before anything is begun."""

from collections.abc import Mapping, Sequence

from ..core.errors import BadInput, Conflict, Unavailable
from ..core.i18n import N_, c_


class NobodyWorks(Unavailable):
    code = "workers.none"
    sentence = N_("Nobody works on it at the moment; it goes on when whoever runs this site has started a worker.")


class NothingAttached(Conflict):
    code = "attachment.none"
    sentence = N_("This course does not have a certificate attached to it.")


class AlreadyAttached(Conflict):
    code = "attachment.exists"
    sentence = N_("This course already has a certificate attached to it.")


class NotReadyToAttach(Conflict):
    """`missing` holds the keys of MISSING."""

    code = "attachment.not_ready"
    sentence = N_("Certificates cannot be attached yet. Missing: %(missing)s.")

    def __init__(self, missing: Sequence[str]) -> None:
        self.missing = tuple(missing)
        super().__init__(missing=", ".join(MISSING[each] for each in missing))

    def worded(self) -> str:
        return c_(self.sentence, missing=", ".join(c_(MISSING[each]) for each in self.missing))


MISSING: Mapping[str, str] = {
    # What must be there before anything is attached.
    "run": N_("a course run"),
    "published": N_("a published course"),
    "template": N_("a template of the issuer that is in use"),
    "issuer_name": N_("the issuer's name"),
    "issuer_url": N_("the issuer's address"),
    "key": N_("the issuer's key"),
}


class RuleNeedsAssessments(BadInput):
    code = "attachment.no_assessments"
    sentence = N_("The rule asks for a score, but this course has no assessments that count.")


class NeedsAnEnd(BadInput):
    code = "attachment.no_end"
    sentence = N_("With several certificates the course run needs an end date, so that nobody receives two.")


class WrongAudience(BadInput):
    code = "attachment.audience"
    sentence = N_("The audience is either tenant or everyone, not %(audience)s.")


class UnknownAchievement(BadInput):
    code = "attachment.achievement"
    sentence = N_("The issuer has nothing to be earned that is called %(achievement)s.")


class ValidityOver(BadInput):
    code = "attachment.validity_over"
    sentence = N_("Certificates that hold until %(day)s would have expired already. Choose a later day.")


class UnknownTemplate(BadInput):
    code = "attachment.template"
    sentence = N_("The issuer has no template %(template)s. There are: %(known)s.")


class OneAtATime(BadInput):
    code = "attachment.one_at_a_time"
    sentence = N_("The file describes %(count)s certificates. To change an attachment, it has to describe one.")


class WhichAttachment(BadInput):
    code = "attachment.which"
    sentence = N_("Several certificates are attached. Say which one by its number, or that you mean all of them.")


class UnknownFact(BadInput):
    code = "attachment.fact"
    sentence = N_("%(fact)s cannot be carried into a certificate. Known are: %(known)s.")


class NotWhatWasSeen(Conflict):
    code = "attachment.changed_since"
    sentence = N_(
        "The template, its issuer or its signatories have changed since they were shown. Look at the preview again, "
        "and confirm what it shows now."
    )


class RuleNotAboutTheCourse(BadInput):
    code = "attachment.not_about_the_course"
    sentence = N_("A rule about the learner alone is not enough: it must ask for progress or a score as well.")


class ImpossibleCriteria(BadInput):
    code = "attachment.impossible"
    sentence = N_("Nobody can ever meet the criteria of %(one)s. Change them.")


class OverlappingCriteria(BadInput):
    code = "attachment.overlap"
    sentence = N_(
        "Somebody could meet the criteria of %(one)s and of %(other)s. Change them so that they exclude each other."
    )


class RunNotEnded(Conflict):
    code = "run.not_ended"
    sentence = N_("The course run ends on %(end)s. Certificates can be issued to all after that.")


class RunWithoutEnd(Conflict):
    code = "run.no_end"
    sentence = N_("The course run has no end date, so certificates cannot be issued to all at its end.")


class AlreadyUnderWay(Conflict):
    code = "batch.under_way"
    sentence = N_("Certificates of this course run are being issued already. Wait until that has ended.")


class BatchStuck(Unavailable):
    code = "batch.stuck"
    sentence = N_(
        "Nothing has moved for a while: %(done)s of %(total)s learners are done. %(why)s "
        "What is done stays. See what is away with: flask certify doctor. Then give the same command again."
    )


class NightStuck(Unavailable):
    code = "night.stuck"
    sentence = N_(
        "Nothing has moved for a while. Nothing is lost. See what is away with: flask certify doctor. "
        "Then give the same command again."
    )


class BatchFailed(Conflict):
    code = "batch.failed"
    sentence = N_("The learners could not be listed (%(reason)s), so nothing was issued. See the failure log.")


class UnknownBatch(Conflict):
    code = "batch.unknown"
    sentence = N_("There is no such issue batch.")
    status = 404


class WrongSlug(BadInput):
    code = "tenant.slug"
    sentence = N_(
        "%(slug)s cannot be the short name of a tenant. Use up to 40 small letters, digits and dashes, "
        "and none of the words that our own pages use."
    )


class SlugTaken(Conflict):
    code = "tenant.slug_taken"
    sentence = N_("Another tenant is called %(slug)s already.")
