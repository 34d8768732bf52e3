"""A case as a line of JSON, and its verdict as another."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_certify.eligibility.cases import FLAGS, TEXTS, UnreadableCase, case_of, read_case, verdict_to_json
from flask_certify.eligibility.engine import KNOWN_STATUSES, Path, evaluate

KEYS = (
    "user_exists course_exists web_certs_enabled_instance web_certs_enabled_course ccx beta_tester allowlisted "
    "allowlist_entry_disabled enrollment_exists enrollment_active enrollment_mode honor_certs_disabled idv_required "
    "id_verified passing invalidated invalidation_inactive existing_status existing_mode creation_filter_blocks path"
)


def test_a_case_has_exactly_the_keys_that_are_promised() -> None:
    assert {*FLAGS, *TEXTS} == set(KEYS.split())


def test_a_verdict_is_told_by_decision_status_handled_and_reasons() -> None:
    told = verdict_to_json(evaluate(read_case(b'{"passing": false, "existing_status": "unverified"}')))
    assert told == {
        "decision": "set_status",
        "status_after": "notpassing",
        "handled": True,
        "reasons": [{"code": "not_passing", "values": {}}],
    }


@pytest.mark.parametrize(
    ("line", "code", "named"),
    [
        (b"{", "case.unreadable", "one JSON object"),
        (b"[]", "case.unreadable", "one JSON object"),
        (b"\xff", "case.unreadable", "one JSON object"),
        (b"[" * 100_000, "case.unreadable", "one JSON object"),
        (b'{"ccx": true, "ccx": false}', "case.unreadable", "each key once"),
        (b'{"pasing": true}', "case.unknown_key", '"pasing"'),
        (b'{"' + b"k" * 99 + b'": true}', "case.unknown_key", "kkk..."),
        (rb'{"\ud800": true}', "case.unknown_key", r"\ud800"),
        (rb'{"path": "\udfff"}', "case.wrong_value", r"\udfff"),
        (b'{"passing": "yes"}', "case.wrong_value", '"yes"'),
        (b'{"passing": 1}', "case.wrong_value", "passing takes true, false, not 1"),
        (b'{"enrollment_mode": 5}', "case.wrong_value", "enrollment_mode takes text, not 5"),
        (b'{"existing_mode": ""}', "case.wrong_value", "existing_mode"),
        (b'{"existing_status": "fine"}', "case.wrong_value", '"fine"'),
        (b'{"path": "both"}', "case.wrong_value", "dispatch, allowlist_only, regular_only"),
    ],
)
def test_a_line_that_is_no_case_is_refused_by_name(line: bytes, code: str, named: str) -> None:
    with pytest.raises(UnreadableCase) as refused:
        read_case(line)
    assert refused.value.code == code
    assert named in str(refused.value)
    assert str(refused.value).encode()


def test_a_byte_order_mark_is_fine() -> None:
    assert read_case(b"\xef\xbb\xbf{}") == case_of({})


def test_a_key_that_is_null_is_a_fact_nobody_supplied() -> None:
    """D-06."""
    assert case_of(dict.fromkeys([*FLAGS, *TEXTS])) == case_of({})


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{key: st.booleans() for key in FLAGS},
            "enrollment_mode": st.sampled_from(["audit", "honor", "verified"]),
            "existing_status": st.sampled_from([None, *sorted(KNOWN_STATUSES)]),
            "existing_mode": st.sampled_from([None, "audit", "honor", "verified"]),
            "path": st.sampled_from(list(Path)),
        },
    )
)
def test_every_case_has_a_verdict_that_can_be_written(given_keys: dict[str, object]) -> None:
    """R-051."""
    told = json.loads(json.dumps(verdict_to_json(evaluate(case_of(given_keys)))))
    assert set(told) == {"decision", "status_after", "handled", "reasons"}
    assert told["reasons"]
