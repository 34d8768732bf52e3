"""What an issue batch or an attachment is refused for, before anything is begun."""

from ..core.errors import BadInput, Conflict, Forbidden, Unavailable
from ..core.i18n import N_


class NothingAttached(Conflict):
    code = "attachment.none"
    sentence = N_("This course does not have a certificate attached to it.")


class AlreadyAttached(Conflict):
    code = "attachment.exists"
    sentence = N_("This course already has a certificate attached to it.")


class NotReadyToAttach(Conflict):
    code = "attachment.not_ready"
    sentence = N_("Certificates cannot be attached yet. Missing: %(missing)s.")


class RuleNeedsAssessments(BadInput):
    code = "attachment.no_assessments"
    sentence = N_("The rule asks for a score, but this course has no assessments that count.")


class NeedsAnEnd(BadInput):
    code = "attachment.no_end"
    sentence = N_("With several certificates the course run needs an end date, so that nobody receives two.")


class WrongAudience(BadInput):
    code = "attachment.audience"
    sentence = N_("The audience is either tenant or everyone, not %(audience)s.")


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


class BatchFailed(Conflict):
    code = "batch.failed"
    sentence = N_("The learners could not be listed (%(reason)s), so nothing was issued. See the failure log.")


class UnknownBatch(Conflict):
    code = "batch.unknown"
    sentence = N_("There is no such issue batch.")
    status = 404


class MayNot(Forbidden):
    code = "actor.may_not"
    sentence = N_("%(actor)s may not do this for this course run.")


class UnknownActor(Forbidden):
    code = "actor.unknown"
    sentence = N_("The learning platform knows nobody called %(actor)s.")


class WrongSlug(BadInput):
    code = "tenant.slug"
    sentence = N_(
        "%(slug)s cannot be the short name of a tenant. Use up to 40 small letters, digits and dashes, "
        "and none of the words that our own pages use."
    )


class SlugTaken(Conflict):
    code = "tenant.slug_taken"
    sentence = N_("Another tenant is called %(slug)s already.")
