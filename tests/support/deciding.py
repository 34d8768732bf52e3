"""Who is decided upon in the tests of the thinking alone: ada has met every criterion of the default pair."""

from uuid import UUID

from flask_certify.eligibility import rules
from flask_certify.eligibility.decide import Offer
from flask_certify.eligibility.facts import Facts, RunFacts

COMPLETION, ACHIEVEMENT = UUID(int=1), UUID(int=2)
PAIR = (
    Offer(COMPLETION, rules.completion(), "everyone"),
    Offer(ACHIEVEMENT, rules.achievement(), "everyone"),
)
ENDED = RunFacts("wales", has_ended=True)
ADA = Facts(
    run=ENDED, mode="verified", tenant_ref="wales", progress=100, completed=True, completed_in_time=True, score=90
)
