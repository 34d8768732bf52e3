"""Whether what the host says about a course run is what was agreed (`host.records`), before anything is done by it.

A host is somebody else's program. What is wrong is told by its field; the run is left for later, others go on, and
nothing of it is kept, since what we keep of a run is read together with all others.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from numbers import Real
from typing import Any
from zoneinfo import ZoneInfo

from ..core.hosts import WrongAnswer
from ..core.texts import LONGEST_REF, is_storable
from ..host.records import Assessment, CourseRun, Display, Pacing

REFERENCES: Mapping[str, int] = {"course_ref": 200, "tenant_ref": LONGEST_REF}
TEXTS = ("author_ref", "video_url")
FLAGS = ("published", "custom_course", "certificates_enabled", "identity_required", "open")
LONGEST_ZONE = 60


def check_run(found: Any) -> None:
    """Raises WrongAnswer with the first field that is not what it should be."""
    if not isinstance(found, CourseRun):
        raise WrongAnswer("run")
    check_zone(found.zone)
    if (field := _wrong_field(found)) is not None:
        raise WrongAnswer(field)


def check_zone(zone: Any) -> None:
    """Raises WrongAnswer for one that there is not."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise WrongAnswer("zone") from error


def is_moment(said: Any) -> bool:
    """A moment with its zone. The first and the last year that there are hold moments that no other zone has."""
    return isinstance(said, datetime) and said.utcoffset() is not None and 1 < said.year < 9999


def is_number(said: Any) -> bool:
    """Yes and no are no numbers, although Python counts with them; and some of the decimal kind compare with none."""
    if isinstance(said, Decimal):
        return not said.is_nan()
    return isinstance(said, Real) and not isinstance(said, bool)


def _wrong_field(run: CourseRun) -> str | None:
    right = {
        **{name: _is_reference(getattr(run, name), most) for name, most in REFERENCES.items()},
        "zone": len(run.zone) <= LONGEST_ZONE,
        "title": isinstance(run.title, str),
        "description": isinstance(run.description, str),
        **{name: isinstance(getattr(run, name), str | None) for name in TEXTS},
        "mentor_refs": _all(run.mentor_refs, str),
        **{name: getattr(run, name) is None or is_moment(getattr(run, name)) for name in ("start", "end")},
        "pacing": isinstance(run.pacing, Pacing),
        "display": isinstance(run.display, Display | None),
        "available_on": run.available_on is None
        or (isinstance(run.available_on, date) and not isinstance(run.available_on, datetime)),
        **{name: getattr(run, name) in (True, False) for name in FLAGS},
        "assessments": _all(run.assessments, Assessment) and all(map(_is_assessment, run.assessments)),
    }
    return next((name for name, is_right in right.items() if not is_right), None)


def _is_reference(said: Any, most: int) -> bool:
    return isinstance(said, str) and is_storable(said, most)


def _all(said: Any, kind: type) -> bool:
    return isinstance(said, Sequence) and not isinstance(said, str) and all(isinstance(each, kind) for each in said)


def _is_assessment(each: Assessment) -> bool:
    maximum = each.max_score
    return isinstance(each.ref, str) and isinstance(each.kind, str) and (maximum is None or is_number(maximum))
