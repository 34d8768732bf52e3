"""The life of an award, and what is frozen with it."""

from datetime import UTC, datetime

import pytest

from flask_certify.awards.frozen import Frozen, FrozenSignatory
from flask_certify.awards.labels import label_of
from flask_certify.awards.states import MOVES, AwardState, IllegalMove, Move, after


def test_nothing_leads_out_of_revoked() -> None:
    """R-113."""
    assert AwardState.REVOKED not in {state for state, _ in MOVES}


@pytest.mark.parametrize("state", list(AwardState))
@pytest.mark.parametrize("move", list(Move))
def test_a_move_that_is_not_in_the_table_is_refused_in_words(state: AwardState, move: Move) -> None:
    if (state, move) in MOVES:
        assert after(state, move) == MOVES[state, move]
    else:
        with pytest.raises(IllegalMove, match=f"is {state} cannot be changed by: {move}"):
            after(state, move)


def test_a_withdrawn_award_comes_back_and_a_granted_one_is_not_withdrawn() -> None:
    assert after(after(AwardState.ISSUED, Move.WITHDRAW), Move.RESTORE) is AwardState.ISSUED
    assert (AwardState.GRANTED, Move.WITHDRAW) not in MOVES


def test_what_was_frozen_comes_back_the_same() -> None:
    frozen = Frozen(
        recipient_name="देव शर्मा",
        course_title="Physics",
        achievement_key="completion",
        achievement_title="Course completion",
        description="",
        criteria="",
        issuer_name="Wales",
        issuer_slug="wales",
        issuer_did="did:web:certs.example.org:certify:wales",
        completed_on=datetime(2024, 2, 29, 23, 59, tzinfo=UTC),
        issued_at=datetime(2024, 3, 1, tzinfo=UTC),
        zone="Asia/Kolkata",
        language="hi",
        signatories=(FrozenSignatory("Meera Joshi", "Director"),),
    )
    assert Frozen.from_json(frozen.to_json()) == frozen


def test_the_first_label_that_fits_is_shown() -> None:
    """Group H, D-08."""
    assert label_of(has_live_award=True, issue_failed=True, in_audience=False) == "Issued"
    assert label_of(has_live_award=False, issue_failed=True, in_audience=False) == "Issue failed"
    assert label_of(has_live_award=False, issue_failed=False, in_audience=True) == ""
    assert label_of(has_live_award=False, issue_failed=False, in_audience=False) == "N/A"
