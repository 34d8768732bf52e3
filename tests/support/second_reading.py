"""Group B2 of the requirements, read a second time: sentence by sentence, from the keys of a case, and without anything
of the product. What the engine says is compared with it."""

from collections.abc import Iterator
from math import prod
from typing import Any

HARMLESS: dict[str, Any] = {
    "user_exists": True,
    "course_exists": True,
    "web_certs_enabled_instance": True,
    "web_certs_enabled_course": True,
    "ccx": False,
    "beta_tester": False,
    "allowlisted": False,
    "allowlist_entry_disabled": False,
    "enrollment_exists": True,
    "enrollment_active": True,
    "enrollment_mode": "verified",
    "honor_certs_disabled": False,
    "idv_required": False,
    "id_verified": True,
    "passing": True,
    "invalidated": False,
    "invalidation_inactive": False,
    "existing_status": None,
    "existing_mode": "verified",
    "creation_filter_blocks": False,
    "path": "dispatch",
}

VALUES: dict[str, tuple[Any, ...]] = {
    **{key: (True, False) for key, value in HARMLESS.items() if isinstance(value, bool)},
    "enrollment_mode": ("verified", "audit", "honor", "no-id-professional"),
    "existing_status": (None, "downloadable", "notpassing", "unverified", "unavailable", "generating"),
    "existing_mode": ("verified", "audit", "honor"),
    "path": ("dispatch", "allowlist_only", "regular_only"),
}

Answer = tuple[str, str | None, bool, str]
"""Decision, status after it, handled, and the code of what failed first; of a certificate, none."""


def every(nth: int) -> Iterator[dict[str, Any]]:
    """Every nth of all cases that there are. A prime shares no factor with the sizes, so that all values meet."""
    for number in range(0, prod(map(len, VALUES.values())), nth):
        case, left = {}, number
        for key, values in VALUES.items():
            left, at = divmod(left, len(values))
            case[key] = values[at]
        yield case


def read(case: dict[str, Any]) -> Answer:
    """What the requirements say about the case."""
    is_ = {**HARMLESS, **case}
    status = is_["existing_status"]
    listed = is_["allowlisted"] and not is_["allowlist_entry_disabled"]
    on_list_rules = listed if is_["path"] == "dispatch" else is_["path"] == "allowlist_only"
    invalid = is_["invalidated"] and not is_["invalidation_inactive"]
    display = is_["web_certs_enabled_instance"] and is_["web_certs_enabled_course"]
    without_identity = is_["idv_required"] and not is_["id_verified"]

    def earns(mode: str) -> bool:
        return mode != "audit" and not (mode == "honor" and is_["honor_certs_disabled"])

    mode = is_["enrollment_mode"]
    # final, unless it was made in a mode that does not earn. That the mode of now earns is asked before.
    final = status == "downloadable" and earns(is_["existing_mode"])

    # in their order; somebody who does not exist is skipped first.
    order = [("learner_unknown", not is_["user_exists"])]
    if on_list_rules:
        order += [("not_allowlisted", not listed)]
    else:
        order += [
            ("private_copy", is_["ccx"]),
            ("beta_tester", is_["beta_tester"]),
            ("not_passing", not is_["passing"]),
        ]
    order += [
        ("invalidated", invalid),
        ("not_enrolled", not is_["enrollment_exists"]),
        ("mode_does_not_earn", not earns(mode)),
        # these modes are exempt here, and only here.
        ("identity_not_approved", without_identity and mode not in ("honor", "audit", "no-id-professional")),
        ("already_final", final),
        ("course_missing", not is_["course_exists"]),
        ("display_off", not display),
    ]
    failed = [code for code, fails in order if fails]
    if not failed:
        if is_["creation_filter_blocks"]:
            return "none", status, False, "vetoed"
        return "generate", "downloadable", True, ""

    # whether a refusal may set a status at all.
    may_set = (
        is_["user_exists"]
        and (listed if on_list_rules else not is_["ccx"] and not is_["beta_tester"])
        and not (status == "downloadable" and not invalid)
        and is_["enrollment_exists"]
        and earns(mode)
        and is_["course_exists"]
        and display
    )
    # the first that fits. R-066: only a missing identity makes a row.
    if may_set and invalid and status is not None:
        return "set_status", "unavailable", True, failed[0]
    if may_set and without_identity and (is_["passing"] or listed):
        return "set_status", "unverified", True, failed[0]
    if may_set and not on_list_rules and not without_identity and not is_["passing"] and status is not None:
        return "set_status", "notpassing", True, failed[0]
    return "none", status, False, failed[0]
