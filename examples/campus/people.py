"""Whom the campus makes up: how learners are reached, who the staff are, what courses and tenants are called.

Everything follows from an id by a digest, so every load and every machine makes the same. Addresses are of
`campus.example`, a name that is reserved for examples; phone numbers are of the range that the British regulator
keeps free for film and television, so no message can reach anybody.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask_certify.achievements.service import SignatoryView

from .names import name_of
from .oulad import Run

PASSWORD = "campus"  # of every account; this is a demo, and says so wherever it prints it

COURSES = {
    "AAA": (
        "Reading and Writing in the Early Years",
        "How children learn to read, what to do when they do not, and a library in every classroom.",
    ),
    "BBB": (
        "The Inclusive Classroom",
        "One lesson, forty learners: planning so that everybody can take part.",
    ),
    "CCC": (
        "Mathematics by Reasoning",
        "From counting to proof: tasks that make learners think, and how to talk about their thinking.",
    ),
    "DDD": (
        "Science by Experiment",
        "Experiments with what is at hand, safe, cheap and worth an argument.",
    ),
    "EEE": (
        "Digital Tools for Teachers",
        "What a phone and a poor connection can do for a class, and what they cannot.",
    ),
    "FFF": (
        "Assessment for Learning",
        "Questions, feedback and marks that help a learner take the next step.",
    ),
    "GGG": (
        "Mentoring New Teachers",
        "Watching a lesson, talking about it afterwards, and letting go.",
    ),
}
DIRECTORS = ("Dr Eleanor Whitfield", "Professor Owen Llewellyn", "Dr Meera Sharma", "Dr Fiona Campbell")
UNKNOWN_COURSE = ("Course {course}", "A course of the campus.")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can log in, as the campus writes them down."""

    id: str
    user_name: str
    name: str
    tenant_id: str | None
    is_learner: bool
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody of the staff is there for."""

    person_id: str
    role: str
    scope: str


def slug_of(region: str) -> str:
    """The region's name as it stands in addresses: `East Anglian Region` is `east-anglian-region`."""
    return re.sub(r"[^a-z0-9]+", "-", region.lower()).strip("-")[:40].strip("-")


def course_of(code: str) -> tuple[str, str]:
    """Title and description. A module of the data has only a code."""
    title, about = COURSES.get(code, UNKNOWN_COURSE)
    return title.format(course=code), about


def learner(learner_ref: str, region: str) -> Account:
    """The learner's account: a name of `names.py`, and at least one way to reach them.

    Of a hundred, 74 have an address and a phone, 18 only an address, 8 only a phone.
    """
    tenant, name = slug_of(region), name_of(learner_ref)
    digest = hashlib.sha256(f"campus contact {learner_ref}".encode()).digest()
    chance, number = int.from_bytes(digest[:8]) % 100, int.from_bytes(digest[8:16]) % 1000
    return Account(
        id=learner_ref,
        user_name=f"learner{learner_ref}",
        name=name.text,
        tenant_id=tenant,
        is_learner=True,
        external_id=f"{initials(region)}{int(learner_ref):08d}" if learner_ref.isdecimal() else None,
        email=f"learner{learner_ref}@campus.example" if chance < 92 else None,
        phone=f"+447700900{number:03d}" if chance < 74 or chance >= 92 else None,
        locale=name.locale,
    )


def initials(region: str) -> str:
    """How the region's own numbers of its teachers begin: `EA` for East Anglian Region, `WAL` for Wales."""
    words = [word for word in region.split() if word != "Region"]
    return "".join(word[0] for word in words).upper() if len(words) > 1 else region[:3].upper()


def staff(runs: Iterable[Run], regions: Iterable[str]) -> Iterator[tuple[Account, Task]]:
    """Support for all, an admin for every tenant, and for every course an author and a mentor of its runs."""
    yield _of_staff("support", None), Task("support", "support", "*")
    for region in sorted(set(regions)):
        tenant = slug_of(region)
        yield _of_staff(f"admin.{tenant}", tenant), Task(f"admin.{tenant}", "tenant_admin", tenant)
    for run in sorted(runs, key=lambda each: each.ref):
        author, mentor = f"author.{run.course.lower()}", f"mentor.{run.course.lower()}"
        yield _of_staff(author, None), Task(author, "author", run.course)
        yield _of_staff(mentor, None), Task(mentor, "mentor", run.ref)


def signatories(region: str) -> tuple[SignatoryView, ...]:
    """Whose name stands under the line on the region's certificates."""
    director = DIRECTORS[sum(region.encode()) % len(DIRECTORS)]
    return (SignatoryView(director, f"Director of Teacher Education, {region}", None),)


def _of_staff(user_name: str, tenant: str | None) -> Account:
    return Account(
        id=user_name,
        user_name=user_name,
        name=name_of(user_name).text,
        tenant_id=tenant,
        is_learner=False,
        email=f"{user_name}@campus.example",
    )
