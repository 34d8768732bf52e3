"""The act of attaching achievements to a run: it asks templates, rules and keys, and names what is missing (R-010)."""

from collections.abc import Mapping
from fractions import Fraction
from uuid import UUID

import sqlalchemy as sa

from ..achievements.models import Achievement, Attachment
from ..achievements.service import IssuerView, RunView, ensure_run, get_course_run, get_issuer, list_attachments
from ..core import audit
from ..core.db import insert_or_ignore
from ..core.ids import new_id
from ..core.runtime import Runtime
from ..core.transaction import Transaction
from ..credentials import service as credentials
from ..documents import service as documents
from ..eligibility import notation, rules
from ..eligibility.rules import Rule
from ..eligibility.scores import COUNTED_KIND
from ..host.records import CourseRun
from .errors import AlreadyAttached, NeedsAnEnd, NotReadyToAttach, RuleNeedsAssessments, WrongAudience
from .setting_up import ACHIEVEMENT, COMPLETION

AUDIENCES = ("tenant", "everyone")
TEMPLATE = "classic"


def attach_pair(
    rt: Runtime,
    run_ref: str,
    *,
    actor: str,
    audience: str = "tenant",
    threshold: Fraction = Fraction(80),
    again: bool = False,
) -> RunView:
    """Attaches `Course completion` below the threshold and `Certificate of Achievement` from it on (R-038).

    With `again` a run that has certificates attached is left as it is; without it AlreadyAttached is raised (R-002).
    Raises UnknownRun, UnknownIssuer, NotReadyToAttach, RuleNeedsAssessments, NeedsAnEnd, WrongAudience.
    """
    if audience not in AUDIENCES:
        raise WrongAudience(audience=audience)
    course_run = get_course_run(rt, run_ref)
    run = ensure_run(rt, run_ref)
    pair = {COMPLETION: rules.completion(threshold), ACHIEVEMENT: rules.achievement(threshold)}
    _check_run(course_run, pair)
    with rt.transaction() as tx:
        issuer = get_issuer(tx.session, run.tenant_ref)
        if list_attachments(tx.session, run.id):
            if again:
                return run
            raise AlreadyAttached()
        _check_issuer(tx, issuer)
        template_id = documents.ensure_shipped_templates(tx, issuer.id)[TEMPLATE]
        _insert(tx, rt, run, issuer, pair, template_id, audience, actor)
    return run


def _insert(
    tx: Transaction,
    rt: Runtime,
    run: RunView,
    issuer: IssuerView,
    pair: Mapping[str, Rule],
    template_id: UUID,
    audience: str,
    actor: str,
) -> None:
    earned = dict(
        tx.session.execute(sa.select(Achievement.key, Achievement.id).where(Achievement.issuer_id == issuer.id)).all()
    )
    rows = [
        {
            "id": new_id(),
            "run_id": run.id,
            "achievement_id": earned[key],
            "template_id": template_id,
            "position": position,
            "rule": notation.to_json(rule),
            "audience": audience,
            "attached_at": rt.clock.now(),
            "attached_by": actor,
        }
        for position, (key, rule) in enumerate(pair.items(), start=1)
    ]
    insert_or_ignore(tx.session, Attachment, rows, keys=["run_id", "position"], where="detached_at IS NULL")
    audit.record(
        tx,
        tenant_ref=run.tenant_ref,
        actor_ref=actor,
        act="run.attach",
        subject=f"run:{run.id}",
        at=rt.clock.now(),
        attachments=[str(row["id"]) for row in rows],
        audience=audience,
    )


def _check_run(run: CourseRun, pair: Mapping[str, Rule]) -> None:
    if not run.published:
        raise NotReadyToAttach(missing="the course is not published")
    asks = any(rules.asks_for_score(rule) for rule in pair.values())
    if asks and not any(each.kind == COUNTED_KIND for each in run.assessments):
        raise RuleNeedsAssessments()
    if len(pair) > 1 and run.end is None:
        raise NeedsAnEnd()


def _check_issuer(tx: Transaction, issuer: IssuerView) -> None:
    missing = [
        what
        for what, is_there in {
            "the issuer's name": bool(issuer.name.strip()),
            "the issuer's address": bool(issuer.url.strip()),
            "the issuer's key": credentials.has_active_key(tx.session, issuer.id),
        }.items()
        if not is_there
    ]
    if missing:
        raise NotReadyToAttach(missing=", ".join(missing))
