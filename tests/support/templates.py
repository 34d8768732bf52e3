"""Templates of Wales, made and attached, and what is issued from them."""

from typing import Any
from uuid import UUID

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.models import Award
from flask_certify.core.runtime import Runtime
from flask_certify.documents import saving, signatories
from flask_certify.documents.templates import Page
from flask_certify.eligibility import notation
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import attaching
from flask_certify.issuing.attaching import By, Place, Terms
from flask_certify.issuing.many import issue_many
from tests.support import story
from tests.support.documents import signature
from tests.support.story import MIA, RUN, TOM
from tests.unit.documents.pages import whole

SIGNED = "".join(
    f"""<div style="left:{20 + 90 * place}mm; top:160mm"><img data-slot="signatory.{place}.name" data-size="11"
 style="width:60mm; height:8mm"></div>"""
    for place in (1, 2)
)


def make_host() -> MemoryHost:
    """Cy reads Hindi."""
    host = story.make_host()
    host.add_learner(RUN, story.learner("cy", "Cy Young", score=60, locale="hi"))
    return host


def make(rt: Runtime, key: str = "own", html: str = "", **more: Any) -> UUID:
    """A template of Wales."""
    pages = more.pop("pages", {"en": Page(html or whole())})
    return saving.make(rt, "wales", key, "Our own", pages, actor=TOM, **more).template_id


def attach(rt: Runtime, template_id: UUID, run_ref: str = RUN) -> None:
    """This template for whoever completes the run, and nothing else."""
    place = Place(ensure_run(rt, run_ref))
    for each in attaching.at(rt, place):
        attaching.remove(rt, place, By(TOM), each.id)
    attaching.attach(rt, place, Terms(template_id, notation.from_json({"progress": "100"})), By(TOM))


def issued(rt: Runtime, learner: str) -> Award:
    """A certificate of the run for the learner."""
    [outcome] = issue_many(rt, ensure_run(rt, RUN).id, [learner], actor=MIA, notify=False)
    assert outcome.award_id, outcome
    return award_of(rt, outcome.award_id)


def award_of(rt: Runtime, award_id: UUID) -> Award:
    with rt.reading() as session:
        return session.get_one(Award, award_id)


def on_file(rt: Runtime, *names: str) -> list[UUID]:
    return [
        signatories.put_on_file(
            rt, "wales", name, "Director", signature() if name == "Meera Joshi" else None, actor=TOM
        )
        for name in names
    ]


def signing(rt: Runtime, learner: str) -> list[str]:
    return [each["name"] for each in issued(rt, learner).frozen["signatories"]]
