"""The table of group B2: what an evaluation does to the record, row by row and column by column.

Each cell says what is done, the status after it (None: still no record), and whether that counts as handled.
"""

import pytest

from flask_certify.eligibility.cases import case_of
from flask_certify.eligibility.engine import HISTORICAL, evaluate

GENERATE = ("generate", "downloadable", True)
Cell = tuple[str, str | None, bool]
COLUMNS = ("no record", "non-final", "notpassing", "downloadable")
STATUS = {"no record": None, "non-final": "unverified", "notpassing": "notpassing", "downloadable": "downloadable"}


def left(status: str | None) -> Cell:
    return ("none", status, False)


def put(status: str) -> Cell:
    return ("set_status", status, True)


ALL_KEPT = tuple(left(STATUS[each]) for each in COLUMNS)
FINAL = (GENERATE, GENERATE, GENERATE, left("downloadable"))
UNVERIFIED = (put("unverified"), put("unverified"), put("unverified"), left("downloadable"))
NO_IDENTITY = {"idv_required": True, "id_verified": False}
NOT_EARNING = {"enrollment_mode": "audit"}
INVALID = {"invalidated": True}
LISTED = {"allowlisted": True}

TABLE: dict[str, tuple[dict[str, object], tuple[Cell, ...]]] = {
    "nothing": ({}, FINAL),
    "nothing, and the record was made in audit": (
        {"existing_mode": "audit", "enrollment_mode": "verified"},
        (GENERATE, GENERATE, GENERATE, GENERATE),
    ),
    "passing": (
        {"passing": False},
        (left(None), put("notpassing"), put("notpassing"), left("downloadable")),
    ),
    "passing, allowlisted": ({"passing": False, **LISTED}, FINAL),
    "identity, passing": (NO_IDENTITY, UNVERIFIED),
    "identity, allowlisted": ({**NO_IDENTITY, **LISTED, "passing": False}, UNVERIFIED),
    "identity, not passing": ({**NO_IDENTITY, "passing": False}, ALL_KEPT),
    "identity, of an exempt mode": ({**NO_IDENTITY, "enrollment_mode": "honor"}, FINAL),
    "an invalidation": (
        INVALID,
        (left(None), put("unavailable"), put("unavailable"), put("unavailable")),
    ),
    "an invalidation, allowlisted": (
        {**INVALID, **LISTED},
        (left(None), put("unavailable"), put("unavailable"), put("unavailable")),
    ),
    "enrolment": ({"enrollment_exists": False}, ALL_KEPT),
    "an active enrolment": ({"enrollment_active": False}, FINAL),
    "mode": (NOT_EARNING, ALL_KEPT),
    "mode honor, switched off": ({"enrollment_mode": "honor", "honor_certs_disabled": True}, ALL_KEPT),
    "display of the site": ({"web_certs_enabled_instance": False}, ALL_KEPT),
    "display of the run": ({"web_certs_enabled_course": False}, ALL_KEPT),
    "course record": ({"course_exists": False}, ALL_KEPT),
    "private copy": ({"ccx": True}, ALL_KEPT),
    "beta tester": ({"beta_tester": True}, ALL_KEPT),
    "private copy, invalidated": ({"ccx": True, **INVALID}, ALL_KEPT),
    "beta tester, invalidated": ({"beta_tester": True, **INVALID}, ALL_KEPT),
    "enrolment, invalidated": ({"enrollment_exists": False, **INVALID}, ALL_KEPT),
    "mode, invalidated": ({**NOT_EARNING, **INVALID}, ALL_KEPT),
    "display, invalidated": ({"web_certs_enabled_course": False, **INVALID}, ALL_KEPT),
    "course record, invalidated": ({"course_exists": False, **INVALID}, ALL_KEPT),
    "private copy, allowlisted": ({"ccx": True, **LISTED}, FINAL),
    "beta tester, allowlisted": ({"beta_tester": True, **LISTED}, FINAL),
    # Not in the table: that the rules hold beyond it.
    "mode, allowlisted": ({**NOT_EARNING, **LISTED}, ALL_KEPT),
    "enrolment, allowlisted": ({"enrollment_exists": False, **LISTED}, ALL_KEPT),
    "display, allowlisted": ({"web_certs_enabled_instance": False, **LISTED}, ALL_KEPT),
    "learner": ({"user_exists": False}, ALL_KEPT),
    "allowlisted by an entry that is switched off, not passing": (
        {**LISTED, "allowlist_entry_disabled": True, "passing": False},
        (left(None), put("notpassing"), put("notpassing"), left("downloadable")),
    ),
    "an invalidation that was lifted": ({**INVALID, "invalidation_inactive": True}, FINAL),
    "the host's filter": ({"creation_filter_blocks": True}, ALL_KEPT),
}


@pytest.mark.parametrize(
    ("fails", "column", "expected"),
    [
        pytest.param(fails, column, cell, id=f"{row} | {column}")
        for row, (fails, cells) in TABLE.items()
        for column, cell in zip(COLUMNS, cells, strict=True)
    ],
)
def test_what_an_evaluation_does_to_the_record_is_the_table(
    fails: dict[str, object], column: str, expected: Cell
) -> None:
    """R-064 to R-066, R-074, and the table of group B2."""
    verdict = evaluate(case_of({"existing_status": STATUS[column], **fails}))
    assert (verdict.act, verdict.status_after, verdict.handled) == expected
    assert verdict.reasons


@pytest.mark.parametrize("status", sorted({"unavailable"} | HISTORICAL))
@pytest.mark.parametrize("row", TABLE)
def test_every_other_status_is_as_non_final_as_unverified(row: str, status: str) -> None:
    """R-059, R-062: only downloadable is final; there is no ranking among the others."""
    fails, (_, expected, _, _) = TABLE[row]
    verdict = evaluate(case_of({"existing_status": status, **fails}))
    assert verdict.act == expected[0]
    assert verdict.status_after == (status if expected[0] == "none" else expected[1])


@pytest.mark.parametrize(
    ("fails", "expected"),
    [
        # No mode is exempt where a status is set (R-057).
        (
            {**NO_IDENTITY, "enrollment_mode": "honor", "passing": False, "existing_status": "unavailable"},
            ("none", "unavailable"),
        ),
        # Missing identity makes a record even where an invalidation stands in the way first (R-065).
        ({**NO_IDENTITY, **INVALID}, ("set_status", "unverified")),
        # A record in audit is not refreshed by a learner who does not pass, and stays as it is.
        ({"existing_status": "downloadable", "existing_mode": "audit", "passing": False}, ("none", "downloadable")),
        ({"existing_status": "downloadable", "existing_mode": "audit", **NO_IDENTITY}, ("none", "downloadable")),
        (
            {"existing_status": "downloadable", "existing_mode": "honor", "honor_certs_disabled": True},
            ("generate", "downloadable"),
        ),
        # Both: an invalidation goes before a missing identity and before failing.
        ({**NO_IDENTITY, **INVALID, "existing_status": "unverified"}, ("set_status", "unavailable")),
        ({**INVALID, "passing": False, "existing_status": "downloadable"}, ("set_status", "unavailable")),
        # One kind of rules only.
        ({"path": "allowlist_only", "existing_status": "unverified"}, ("none", "unverified")),
        ({"path": "allowlist_only", **LISTED, "passing": False}, ("generate", "downloadable")),
        ({"path": "regular_only", **LISTED, "passing": False}, ("none", None)),
        (
            {"path": "regular_only", **LISTED, "passing": False, "existing_status": "unverified"},
            ("set_status", "notpassing"),
        ),
        ({"path": "regular_only", **LISTED, "passing": False, **NO_IDENTITY}, ("set_status", "unverified")),
        ({"path": "regular_only", **LISTED, "ccx": True, "existing_status": "unverified"}, ("none", "unverified")),
        # The filter is asked only after all else has passed (R-060).
        (
            {"creation_filter_blocks": True, "passing": False, "existing_status": "unverified"},
            ("set_status", "notpassing"),
        ),
    ],
)
def test_where_several_things_meet_the_first_rule_that_fits_decides(
    fails: dict[str, object], expected: tuple[str, str | None]
) -> None:
    """R-056, R-057, R-059, R-060, R-065."""
    verdict = evaluate(case_of(fails))
    assert (verdict.act, verdict.status_after) == expected
