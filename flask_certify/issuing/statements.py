"""From what an award froze to what is signed."""

from functools import lru_cache
from typing import Protocol
from uuid import UUID

from ..achievements.service import IssuerView
from ..awards.frozen import Frozen
from ..core.ids import new_id
from ..credentials.open_badge import AchievementView, Statement
from .setting_up import SHIPPED


class Drawn(Protocol):
    """An award that is to be signed."""

    @property
    def award_id(self) -> UUID: ...
    @property
    def code(self) -> str: ...
    @property
    def frozen(self) -> Frozen: ...
    @property
    def achievement_id(self) -> UUID: ...


def statement_of(issuer: IssuerView, drawn: Drawn) -> Statement:
    """What the credential says; nothing but what the award froze, and a fresh id."""
    frozen = drawn.frozen
    assert frozen.recipient_name is not None
    return Statement(
        award_id=drawn.award_id,
        credential_id=new_id(),
        subject_id=frozen.fingerprint(drawn.award_id),
        code=drawn.code,
        recipient_name=frozen.recipient_name,
        achievement=_achievement(
            f"{issuer.base}/{issuer.slug}",
            drawn.achievement_id,
            frozen.achievement_title,
            frozen.description,
            frozen.criteria,
            frozen.achievement_key,
            frozen.language,
        ),
        course_title=frozen.course_title,
        issuer_name=frozen.issuer_name,
        valid_from=frozen.issued_at,
        awarded_date=frozen.issued_at,
        valid_until=frozen.valid_until,
        score=frozen.score,
    )


@lru_cache(maxsize=64)
def _achievement(
    home: str, achievement_id: UUID, title: str, description: str, criteria: str, key: str, language: str
) -> AchievementView:
    """The same for thousands of a batch, so it is made once, and compared by being the same."""
    address = f"{home}/achievements/{achievement_id}"
    return AchievementView(
        id=address,
        name=title,
        description=description,
        criteria_id=f"{address}/criteria",
        criteria=criteria,
        achievement_type=SHIPPED[key][3],
        language=language,
    )
