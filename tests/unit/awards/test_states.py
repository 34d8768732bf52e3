"""The life of an award, and what is frozen with it."""

from datetime import UTC, datetime

import pytest

from flask_certify.awards.frozen import Frozen, FrozenSignatory
from flask_certify.awards.labels import label_of
from flask_certify.awards.states import MOVES, AwardState, IllegalMove, Move, after, before


def test_nothing_leads_out_of_revoked_but_the_undoing_of_a_reissue() -> None:
    """R-103, R-113."""
    assert [move for state, move in MOVES if state is AwardState.REVOKED] == [Move.UNDO]


def test_the_states_from_which_a_move_leads_are_those_of_the_table() -> None:
    assert before(Move.SUPERSEDE) == (AwardState.ISSUED, AwardState.WITHDRAWN)
    assert {(state, move) for move in Move for state in before(move)} == set(MOVES)


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
