"""How many learners one core decides upon in a second, with the two templates of R-038. Reported, never asserted.

    make bench

`decide` is the engine alone, with facts at hand; `with facts` begins at the records that the host hands over, so
scores of four assessments are taken and dates are put into the zone of the run as well.
"""

import gc
import json
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask_certify.eligibility import rules
from flask_certify.eligibility.decide import Decision, Offer, decide
from flask_certify.eligibility.facts import learner_facts, run_facts
from flask_certify.host.records import Assessment, Attempt, CourseRun, Enrolment, LearnerRecord

LEARNERS, ROUNDS = 20_000, 5
NOW = datetime(2026, 6, 1, tzinfo=UTC)
END = datetime(2026, 5, 31, 18, tzinfo=UTC)
PAIR = (
    Offer(UUID(int=1), rules.completion(), "tenant"),
    Offer(UUID(int=2), rules.achievement(), "tenant"),
)
RUN = CourseRun(
    "run",
    "Bread",
    "course",
    "wales",
    end=END,
    zone="Asia/Kolkata",
    assessments=tuple(Assessment(f"quiz-{n}", max_score=100) for n in range(4)),
)


def learners() -> list[LearnerRecord]:
    """Of ten: seven have completed, one of them with scores that are no whole numbers; three are on their way."""
    chance = random.Random(38)
    return [
        LearnerRecord(
            f"learner-{n}",
            tenant_ref="wales",
            enrolment=Enrolment(),
            progress=100.0 if n % 10 < 7 else float(chance.randrange(100)),
            completed_on=END - timedelta(days=chance.randrange(60)) if n % 10 < 7 else None,
            attempts=tuple(
                Attempt(each.ref, chance.randrange(40, 101) - (0.25 if n % 10 == 0 else 0)) for each in RUN.assessments
            ),
        )
        for n in range(LEARNERS)
    ]


def per_second(work: Callable[[], list[Decision]]) -> tuple[int, int]:
    """Learners a second in the best of some rounds, and how many of them were granted something."""
    best, decided = float("inf"), work()
    gc.disable()
    for _ in range(ROUNDS):
        began = time.process_time()
        decided = work()
        best = min(best, time.process_time() - began)
    gc.enable()
    return int(len(decided) / best), sum(each.granted for each in decided)


def main() -> None:
    records, about = learners(), run_facts(RUN, NOW)
    known = [learner_facts(about, each, NOW) for each in records]
    alone, granted = per_second(lambda: [decide(PAIR, facts) for facts in known])
    whole, again = per_second(lambda: [decide(PAIR, learner_facts(about, each, NOW)) for each in records])
    assert granted == again
    figures = {"decide": alone, "with facts": whole, "learners": LEARNERS, "granted": granted}
    print(json.dumps({"bench": "learners a second on one core", **figures}))


if __name__ == "__main__":
    main()
