"""Which answer it is, by the thinking alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flask_certify.awards.frozen import Frozen
from flask_certify.awards.states import AwardState
from flask_certify.verification.answers import SHOWING, Answer, judge, shown_with
from flask_certify.verification.seals import Seal, Sealed, Signed

NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
FROZEN = Frozen(
    recipient_name="Ada Lovelace",
    course_title="Physics for Teachers",
    achievement_key="completion",
    achievement_title="Course completion",
    description="All of it.",
    criteria="Complete it.",
    issuer_name="Academy of Wales",
    issuer_slug="wales",
    issuer_did="did:web:certs.example.org:certify:wales",
    completed_on=None,
    issued_at=NOW,
    zone="Europe/London",
    language="en",
)
ERASED = replace(FROZEN, recipient_name=None)
INTACT = Sealed(Seal.INTACT, Signed(NOW, None, "did:web:certs.example.org:certify:wales#z6Mk"))
OVER = Sealed(Seal.INTACT, Signed(NOW - timedelta(days=2), NOW - timedelta(days=1), "k"))
TO_COME = Sealed(Seal.INTACT, Signed(NOW + timedelta(seconds=1), None, "k"))
NOT_INTACT = [Sealed(Seal.BROKEN), Sealed(Seal.ABSENT), Sealed(Seal.UNSAFE_KEY)]
ALL_SEALS = [INTACT, OVER, TO_COME, *NOT_INTACT]


@pytest.mark.parametrize("sealed", ALL_SEALS)
@pytest.mark.parametrize("frozen", [FROZEN, ERASED], ids=["named", "erased"])
def test_what_was_revoked_is_revoked_whatever_else_is_true(frozen: Frozen, sealed: Sealed) -> None:
    for state in (AwardState.REVOKED, AwardState.WITHDRAWN):
        assert judge(state, frozen, sealed, was_replaced=False, now=NOW) is Answer.REVOKED
    assert judge(AwardState.REVOKED, frozen, sealed, was_replaced=True, now=NOW) is Answer.SUPERSEDED


@pytest.mark.parametrize("sealed", ALL_SEALS)
@pytest.mark.parametrize("state", [AwardState.ISSUED, AwardState.GRANTED])
def test_what_was_erased_is_told_as_the_holders_wish_whatever_is_signed(state: AwardState, sealed: Sealed) -> None:
    assert judge(state, ERASED, sealed, was_replaced=False, now=NOW) is Answer.ERASED


@pytest.mark.parametrize(
    ("state", "sealed", "answer"),
    [
        (AwardState.GRANTED, Sealed(Seal.ABSENT), Answer.NOT_YET_VISIBLE),
        (AwardState.ISSUED, Sealed(Seal.ABSENT), Answer.ALTERED),
        (AwardState.ISSUED, Sealed(Seal.BROKEN), Answer.ALTERED),
        (AwardState.ISSUED, Sealed(Seal.UNSAFE_KEY), Answer.REISSUE_NEEDED),
        (AwardState.ISSUED, TO_COME, Answer.NOT_YET_VISIBLE),
        (AwardState.ISSUED, OVER, Answer.EXPIRED),
        (AwardState.ISSUED, INTACT, Answer.VALID),
    ],
)
def test_then_the_signature_speaks_and_then_the_dates(state: AwardState, sealed: Sealed, answer: Answer) -> None:
    assert judge(state, FROZEN, sealed, was_replaced=False, now=NOW) is answer


@pytest.mark.parametrize("answer", Answer)
def test_contents_are_shown_only_with_some_answers_and_only_if_they_are_what_was_signed(answer: Answer) -> None:
    assert (shown_with(answer, FROZEN, INTACT) is not None) is (answer in SHOWING)
    assert shown_with(answer, ERASED, INTACT) is None
    for sealed in NOT_INTACT:
        assert shown_with(answer, FROZEN, sealed) is None
