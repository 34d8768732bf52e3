"""One case for the engine as a line of JSON, and its verdict as another. No table, no host, no clock.

A key that is missing, or null, is a fact nobody supplied: it takes its harmless default, the value that stands in
nobody's way (D-06). Where an entry does not exist, whether it would be switched on changes nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from ..core.errors import BadInput
from ..core.i18n import N_
from .engine import KNOWN_STATUSES, Case, Path, Verdict
from .facts import Entry, Facts, Kept, RunFacts, not_earning
from .notation import each_once

FLAGS: Mapping[str, bool] = {
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
    "honor_certs_disabled": False,
    "idv_required": False,
    "id_verified": True,
    "passing": True,
    "invalidated": False,
    "invalidation_inactive": False,
    "creation_filter_blocks": False,
}
"""Yes or no, with what is taken where nobody says."""

TEXTS: Mapping[str, str | None] = {
    "enrollment_mode": None,  # a mode that earns
    "existing_status": None,  # no record
    "existing_mode": None,  # made in a mode that earns
    "path": Path.DISPATCH,
}


class UnreadableCase(BadInput):
    code = "case.unreadable"
    sentence = N_("The line is not one JSON object, with each key once.")


class UnknownKey(UnreadableCase):
    code = "case.unknown_key"
    sentence = N_("There is no key %(key)s in a case. Known are %(known)s.")


class WrongValue(UnreadableCase):
    code = "case.wrong_value"
    sentence = N_("The key %(key)s takes %(takes)s, not %(value)s.")


def read_case(line: bytes) -> Case:
    """The case of this line. Raises UnreadableCase, which names what is wrong."""
    try:
        given = json.loads(line.decode("utf-8-sig"), object_pairs_hook=each_once)
    except (ValueError, RecursionError):
        raise UnreadableCase() from None
    if not isinstance(given, dict):
        raise UnreadableCase()
    return case_of(given)


def case_of(given: Mapping[str, Any]) -> Case:
    """The case that these keys describe. Raises UnreadableCase."""
    for key in given:
        if key not in FLAGS and key not in TEXTS:
            raise UnknownKey(key=_shown(key), known=", ".join([*FLAGS, *TEXTS]))
    said = {key: _flag(given, key) for key in FLAGS}
    mode, status, made_in, path = (_text(given, key) for key in TEXTS)
    if status is not None and status not in KNOWN_STATUSES:
        raise WrongValue(key="existing_status", takes=", ".join(sorted(KNOWN_STATUSES)), value=_shown(status))
    if path not in tuple(Path):
        raise WrongValue(key="path", takes=", ".join(Path), value=_shown(path))
    run = RunFacts(
        tenant_ref="",
        custom_course=said["ccx"],
        display_on=said["web_certs_enabled_instance"] and said["web_certs_enabled_course"],
        identity_required=said["idv_required"],
        course_known=said["course_exists"],
        not_earning=not_earning(honor_earns=not said["honor_certs_disabled"]),
    )
    facts = Facts(
        run=run,
        known=said["user_exists"],
        beta_tester=said["beta_tester"],
        passing=said["passing"],
        enrolled=said["enrollment_exists"],
        mode=mode,
        identity_approved=said["id_verified"],
    )
    kept = Kept(
        status,
        made_in,
        _entry(said["allowlisted"], said["allowlist_entry_disabled"]),
        _entry(said["invalidated"], said["invalidation_inactive"]),
    )
    veto = "creation_filter_blocks" if said["creation_filter_blocks"] else None
    return Case(facts, kept, veto=veto, path=Path(path))


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "decision": verdict.act.value,
        "status_after": verdict.status_after,
        "handled": verdict.handled,
        "reasons": [each.to_json() for each in verdict.reasons],
    }


def _flag(given: Mapping[str, Any], key: str) -> bool:
    value = given.get(key)
    if value is None:
        return FLAGS[key]
    if not isinstance(value, bool):
        raise WrongValue(key=key, takes="true, false", value=_shown(value))
    return value


def _text(given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is None:
        return TEXTS[key]
    if not isinstance(value, str) or not value:
        raise WrongValue(key=key, takes="text", value=_shown(value))
    return value


def _entry(is_there: bool, is_off: bool) -> Entry:
    if not is_there:
        return Entry.NONE
    return Entry.INACTIVE if is_off else Entry.ACTIVE


def _shown(value: Any) -> str:
    """As much of what was written as fits into a sentence. Half a character, which no output takes, is spelt out."""
    written = json.dumps(value, ensure_ascii=False).encode(errors="backslashreplace").decode()
    return written if len(written) <= 60 else written[:57] + "..."
