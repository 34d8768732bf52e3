"""What a run has attached as one rule set: read from a file to be attached, and written to be looked at and changed.

The notation is that of `eligibility.notation`; here the keys of templates become templates of the run's issuer.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa

from ..achievements import validity
from ..achievements.service import AttachmentView, RunView, get_issuer
from ..core.runtime import Runtime
from ..documents.models import IN_USE, Template
from ..eligibility import notation
from ..eligibility.notation import Clause
from .attaching import TEMPLATE, Terms
from .errors import UnknownTemplate


def terms_of(rt: Runtime, run: RunView, clauses: Sequence[Clause]) -> list[Terms]:
    """What these clauses mean for the run's issuer. Without a template they are printed on the one that comes with us.

    Raises UnknownIssuer, UnknownTemplate, WrongValidity.
    """
    templates = templates_of(rt, run)
    wanted = [each.template or TEMPLATE for each in clauses]
    for key in wanted:
        if key not in templates:
            raise UnknownTemplate(template=key, known=", ".join(templates))
    return [
        Terms(
            templates[key],
            each.rule,
            each.achievement,
            each.audience,
            each.facts,
            validity.parse(each.validity) if each.validity else None,
        )
        for key, each in zip(wanted, clauses, strict=True)
    ]


def templates_of(rt: Runtime, run: RunView) -> Mapping[str, UUID]:
    """The templates that the run's issuer has in use, by key. Raises UnknownIssuer."""
    with rt.reading() as session:
        issuer = get_issuer(session, run.tenant_ref)
        found = session.execute(
            sa.select(Template.key, Template.id)
            .where(Template.issuer_id == issuer.id, Template.state == IN_USE)
            .order_by(Template.key)
        )
        return dict(found.all())


def clauses_of(rt: Runtime, attachments: Sequence[AttachmentView]) -> list[Clause]:
    """What is attached, as the file would say it from which it could be attached again."""
    with rt.reading() as session:
        keys = dict(
            session.execute(
                sa.select(Template.id, Template.key).where(Template.id.in_([each.template_id for each in attachments]))
            ).all()
        )
    return [
        Clause(
            each.achievement.key,
            each.audience,
            notation.from_json(each.rule),
            keys[each.template_id],
            tuple(each.facts),
            validity.said(each.validity),
        )
        for each in attachments
    ]
