"""What the API takes and gives. These validate requests, and the served document is made of them."""

import marshmallow as ma
from marshmallow import fields, validate

from ..awards.causes import GIVEN_BY_PEOPLE
from ..core.api import Said, Text, note, ref
from ..issuing.attaching import AUDIENCES
from ..issuing.checking import FACTS
from .reviewing import Queue

MOST_AT_ONCE = 500
LEVELS = ("run", "course")


# ---- what is asked ---------------------------------------------------------------------------------


class RunQuery(Said):
    ref = ref("The platform's own reference of the course run.", required=True)


class LevelQuery(Said):
    level = fields.String(
        load_default="run",
        validate=validate.OneOf(LEVELS),
        metadata={"description": "`run`: of this run alone; `course`: the default of all runs of its course."},
    )


class RemoveQuery(LevelQuery):
    reason = note("Why it is removed.")


class LearnerQuery(Said):
    learner = ref("The platform's own reference of the learner.", required=True)


class PageQuery(Said):
    limit = fields.Integer(load_default=100, validate=validate.Range(1, 1000))


class FailuresQuery(PageQuery):
    all = fields.Boolean(load_default=False, metadata={"description": "Also what has been put right since."})
    offset = fields.Integer(load_default=0, validate=validate.Range(0, 10_000_000))


class QueueQuery(PageQuery):
    queue = fields.String(required=True, validate=validate.OneOf([each.value for each in Queue]))
    after = Text(load_default="", validate=validate.Length(0, 200))


class TemplateBody(Said):
    template_id = fields.UUID(required=True)


class TermsBody(TemplateBody):
    achievement = Text(load_default="completion", validate=validate.Length(1, 40))
    rule = fields.Dict(
        required=True,
        metadata={"description": 'As JSON, for example {"all": [{"progress": "100"}, {"score_at_least": "80"}]}.'},
    )
    audience = fields.String(load_default="tenant", validate=validate.OneOf(AUDIENCES))
    facts = fields.List(
        fields.String(validate=validate.OneOf(FACTS)),
        load_default=list,
        validate=validate.Length(max=len(FACTS)),
        metadata={"description": "What is carried into the certificate; nothing else is."},
    )
    validity = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 40),
        metadata={
            "description": "How long a certificate holds from its issue: `90 days`, `6 months`, `2 years`; or its last "
            "day, `2027-03-31`. Without it, it does not expire."
        },
    )
    reason = note("Why it is attached or changed.")
    confirmation = Text(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "From the preview: that logos, signatures and designations were seen to be right."},
    )


class LearnersBody(Said):
    learners = fields.List(
        ref("The platform's own reference of a learner."), required=True, validate=validate.Length(1, MOST_AT_ONCE)
    )


class IssueBody(Said):
    learners = fields.List(
        ref("The platform's own reference of a learner."),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_AT_ONCE),
        metadata={"description": "For whom; without it, for the whole run, in the background."},
    )
    notify = fields.Boolean(load_default=True)


class WhyBody(Said):
    reason = fields.String(required=True, validate=validate.OneOf([each.value for each in GIVEN_BY_PEOPLE]))
    note = note("For staff only.", 1000)


class MoveBody(WhyBody):
    grade = Text(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 12),
        metadata={
            "description": "What is recorded in place of the grade of whoever loses it, percent; else it is blank."
        },
    )
    tell = fields.Boolean(load_default=False, metadata={"description": "Whether the learner is told."})


class ReissueBody(WhyBody):
    learners = LearnersBody().fields["learners"]
    notify = fields.Boolean(load_default=True)


class ExceptionBody(WhyBody):
    learners = LearnersBody().fields["learners"]


class ClearDateBody(WhyBody):
    learner = ref("The platform's own reference of the learner.", required=True)


class DateBody(ClearDateBody):
    shown_on = fields.Date(required=True, metadata={"description": "The day, as 2026-05-31."})


class RuleSetBody(Said):
    version = fields.Integer(required=True, strict=True)
    attachments = fields.List(fields.Dict(), required=True, validate=validate.Length(1, 8))


# ---- what is given ---------------------------------------------------------------------------------


class Run(ma.Schema):
    id = fields.UUID(required=True)
    ref = fields.String(required=True)
    title = fields.String(required=True)
    course = fields.String(required=True)
    tenant = fields.String(required=True)


class Attachment(ma.Schema):
    id = fields.UUID(required=True)
    achievement = fields.String(required=True)
    template_id = fields.UUID(required=True)
    rule = fields.Dict(required=True)
    audience = fields.String(required=True)
    facts = fields.List(fields.String(), required=True)
    validity = fields.String(required=True, allow_none=True)
    position = fields.Integer(required=True)
    of_course = fields.Boolean(required=True, metadata={"description": "Inherited from the course."})
    criteria = fields.List(fields.String(), required=True)


class Notice(ma.Schema):
    code = fields.String(required=True)
    sentence = fields.String(required=True)


class Attachments(ma.Schema):
    attachments = fields.List(fields.Nested(Attachment), required=True)
    notices = fields.List(fields.Nested(Notice), required=True)


class Step(ma.Schema):
    """One attachment that was ever made there, with its beginning and its end."""

    id = fields.UUID(required=True)
    replaces_id = fields.UUID(required=True, allow_none=True, metadata={"description": "What it was put in place of."})
    template_id = fields.UUID(required=True)
    versions = fields.List(fields.UUID(), required=True, metadata={"description": "Of the template, as confirmed."})
    rule = fields.Dict(required=True)
    attached_at = fields.String(required=True)
    attached_by = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    detached_at = fields.String(required=True, allow_none=True)
    detached_by = fields.String(required=True, allow_none=True)
    detached_reason = fields.String(required=True, allow_none=True)


class Sample(ma.Schema):
    key = fields.String(required=True)
    label = fields.String(required=True)
    text = fields.String(required=True)


class Preview(ma.Schema):
    template = fields.String(required=True)
    versions = fields.Dict(required=True, metadata={"description": "Version of the template by language."})
    confirmation = fields.String(required=True)
    samples = fields.List(fields.Nested(Sample), required=True)


class Criterion(ma.Schema):
    achievement = fields.String(required=True)
    name = fields.String(required=True)
    sentences = fields.List(fields.String(), required=True)


class Reason(ma.Schema):
    code = fields.String(required=True)
    sentence = fields.String(required=True)


class Outcome(ma.Schema):
    learner = fields.String(required=True)
    result = fields.String(required=True)
    achievement = fields.String(required=True, allow_none=True)
    award_id = fields.UUID(required=True, allow_none=True)
    reasons = fields.List(fields.Nested(Reason), required=True)


class Issued(ma.Schema):
    batch_id = fields.UUID(required=True, allow_none=True)
    outcomes = fields.List(fields.Nested(Outcome), required=True)


class Failure(ma.Schema):
    id = fields.UUID(required=True)
    at = fields.AwareDateTime(required=True)
    learner = fields.String(required=True, allow_none=True)
    step = fields.String(required=True)
    code = fields.String(required=True)
    sentence = fields.String(required=True)
    resolved_at = fields.AwareDateTime(required=True, allow_none=True)
    attempts = fields.Integer(required=True, metadata={"description": "How often it has failed like this."})
    last_at = fields.AwareDateTime(required=True)


class Excepted(ma.Schema):
    done = fields.List(fields.String(), required=True)
    refused = fields.Dict(required=True, metadata={"description": "Learner → code."})


class LearnerException(ma.Schema):
    """One exception, with its beginning and its end."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"description": "`allow`, `invalid` or `date`."})
    shown_on = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True)
    note = fields.String(required=True, allow_none=True)
    made_at = fields.String(required=True)
    made_by = fields.String(required=True)
    ended_at = fields.String(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)
    ended_reason = fields.String(required=True, allow_none=True)


class Award(ma.Schema):
    id = fields.UUID(required=True)
    state = fields.String(required=True)


class Difference(ma.Schema):
    gain = fields.List(fields.String(), required=True)
    lose = fields.List(fields.String(), required=True)
    forgo = fields.List(fields.String(), required=True)
    other = fields.List(fields.String(), required=True)
    stay = fields.List(fields.String(), required=True)


class Review(ma.Schema):
    learners = fields.List(fields.String(), required=True)
    count = fields.Integer(required=True)


class Explanation(ma.Schema):
    """Decision, facts, rules, history, and what would change it."""

    class Meta:
        unknown = ma.INCLUDE

    run = fields.String(required=True)
    learner = fields.String(required=True)
    external_id = fields.String(required=True, allow_none=True)
    answered = fields.Boolean(required=True)
    eligible = fields.Boolean(required=True)
    certificate = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, allow_none=True)
    answer = fields.List(fields.String(), required=True)
    status = fields.String(required=True, allow_none=True)
    label = fields.String(required=True)
    reasons = fields.List(fields.Dict(), required=True)
    would_change = fields.List(fields.String(), required=True)
    facts = fields.Dict(required=True)
    rules = fields.List(fields.Dict(), required=True)
    history = fields.List(fields.Dict(), required=True)
    links = fields.Dict(required=True)
