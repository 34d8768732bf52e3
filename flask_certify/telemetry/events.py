"""What is counted, and the kinds in which it is told apart (group J).

A kind is one of the words listed here; any other is counted as `other`. So whatever a page hands over by mistake,
a name, a code or an address can never enter the table.
"""

from collections.abc import Mapping
from enum import StrEnum

OTHER = "other"


class Event(StrEnum):
    QR_SCAN = "qr_scan"
    CODE_ENTERED = "code_entered"
    CERTIFICATE_SHOWN = "certificate_shown"
    VERIFIED = "verified"
    DOWNLOAD = "download"
    SHARE = "share"
    VIDEO = "video"
    RETURN_TO_COURSES = "return_to_courses"
    ISSUED = "issued"
    REISSUED = "reissued"
    REVOKED = "revoked"
    FAILED = "failed"


_DEVICES = frozenset({"app", "mobile", "web"})
_ANSWERS = frozenset(
    {
        *("valid", "expired", "not_yet_issued", "revoked", "superseded", "not_yet_visible", "erased"),
        *("unknown", "malformed", "cannot_check", "altered", "reissue_needed", "limited"),
    }
)

KINDS: Mapping[Event, Mapping[str, frozenset[str]]] = {
    Event.QR_SCAN: {"reader": frozenset({"app", "generic"})},
    Event.CODE_ENTERED: {"device": _DEVICES},
    Event.CERTIFICATE_SHOWN: {"device": _DEVICES},
    Event.VERIFIED: {"answer": _ANSWERS},
    Event.DOWNLOAD: {"device": _DEVICES, "who": frozenset({"learner", "mentor", "anyone"})},
    Event.SHARE: {"device": _DEVICES},
    Event.VIDEO: {"device": _DEVICES},
    Event.RETURN_TO_COURSES: {"device": _DEVICES},
    Event.ISSUED: {"type": frozenset({"completion", "achievement"})},
    Event.REISSUED: {"type": frozenset({"completion", "achievement"})},
    Event.REVOKED: {},
    Event.FAILED: {"step": frozenset({"decide", "sign", "print", "notify"})},
}


def kind_of(event: Event, told: Mapping[str, str]) -> str:
    """The kind as it is counted, for example `device=web,who=learner`; empty if nothing was told."""
    known = KINDS[event]
    words = (f"{name}={told[name] if told[name] in known[name] else OTHER}" for name in sorted(told) if name in known)
    return ",".join(words)
