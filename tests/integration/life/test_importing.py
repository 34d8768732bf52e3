"""Many exceptions from a file: whom it can it lists, and the others are told by line."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from flask_certify.awards.exceptions import LearnerException
from flask_certify.awards.states import AwardState
from flask_certify.host.records import Contact, Enrolment
from flask_certify.issuing import importing
from flask_certify.issuing.importing import UnreadableFile, WrongQuotes
from tests.support.excepting import history, invalidate
from tests.support.life import Life
from tests.support.story import RUN, TOM, learner

ISSUED, WITHDRAWN, REVOKED = AwardState.ISSUED, AwardState.WITHDRAWN, AwardState.REVOKED


@pytest.fixture
def listed(life: Life) -> Life:
    for ref in ("ben", "cy", "dev"):
        life.host.change_learner(RUN, ref, user_name=f"{ref}42")
    life.host.people["dev"] = Contact("dev@example.org")
    life.host.change_learner(RUN, "dev", enrolment=Enrolment(active=False))
    life.issue("ada")
    invalidate(life, "ada")
    life.host.change_learner(RUN, "ada", user_name="ada42")
    return life


def read_in(life: Life, text: str) -> importing.Imported:
    return importing.import_allowlist(life.rt, life.run.id, text.encode(), actor=TOM)


def test_a_file_lists_whom_it_can_and_groups_the_others_by_line(listed: Life) -> None:
    """R-083: a byte-order mark is fine, user name or e-mail, partial success is normal."""
    done = read_in(
        listed,
        '\ufeffBEN42,"was ill,\nlong"\n\ncy42,\nben@example.org,again\nnobody,x\ndev@example.org,x\nada42,x\n'
        "one cell\nthree,cells,here\n",
    )
    assert done.added == 2
    assert done.errors == {
        "data_format_error": [9, 10],
        "user_not_exist": [6],
        "user_already_allowlisted": [5],
        "user_not_enrolled": [7],
        "user_on_certificate_invalidation_list": [8],
    }
    assert history(listed, "ben")[0].note == "was ill,\nlong"
    assert listed.states("ben") == [ISSUED]
    assert read_in(listed, "ben42,x").errors["user_already_allowlisted"] == [1]


def test_a_line_that_no_database_takes_is_told_and_the_others_are_used(listed: Life) -> None:
    """R-083: a zero byte in one line is an error of that line."""
    done = read_in(listed, "ben42,a\0note\ncy\x0042,x\ncy42,fine\n")
    assert done.added == 1
    assert done.errors["data_format_error"] == [1, 2]


def test_a_file_that_names_nobody_changes_nothing(listed: Life) -> None:
    for text in ("", "\n \n", "nobody,x\n"):
        assert read_in(listed, text).added == 0
    with listed.rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LearnerException)) == 1


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"\xe9", b'"never closed', b"x" * (importing.MOST_BYTES + 1), b"a,b\n" * 50_001]
)
def test_a_file_that_cannot_be_read_is_refused_whole(listed: Life, data: bytes) -> None:
    with pytest.raises(UnreadableFile):
        importing.import_allowlist(listed.rt, listed.run.id, data, actor=TOM)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('ben42,fine\ncy42,"never closed\nada42,x\n', 2),
        ('\ufeffben42,"two\nlines"\n\n"cy"42,x\n', 4),
        ('"ben42,x\ncy42,"x"\n', 1),
        (f"ben42,fine\ncy42,{'x' * 140_000}\n", 2),
    ],
)
def test_a_quotation_mark_that_does_not_fit_is_told_by_its_line_and_nothing_is_used(
    listed: Life, text: str, line: int
) -> None:
    """R-083: from there on nobody can tell which lines there are, so none is passed over without a word."""
    with pytest.raises(WrongQuotes, match=rf"Line {line} of this file .*Nothing in the file was used"):
        read_in(listed, text)
    assert not history(listed, "ben") and not history(listed, "cy")


def test_a_host_without_logins_is_asked_by_reference_and_external_id(life: Life) -> None:
    """R-083: never by a part of a name."""
    life.host.add_learner(RUN, replace(learner("eva", "WA-ben"), external_id=None))
    life.host.find_logins = None  # type: ignore[assignment, method-assign]
    done = read_in(life, "ben,\nWA-cy,\nWales,\nev,\n")
    assert (done.added, done.errors["user_not_exist"]) == (2, [3, 4])
    assert history(life, "ben") and history(life, "cy") and not history(life, "eva")
