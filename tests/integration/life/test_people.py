"""A person is exported and erased: the name goes, the proof stays (R-254)."""

import json

import pytest
import sqlalchemy as sa

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award, AwardMove, Record
from flask_certify.awards.states import AwardState
from flask_certify.core.audit import first_broken
from flask_certify.core.db import metadata
from flask_certify.credentials.models import Credential, IssuerKey
from flask_certify.documents.models import Document
from flask_certify.issuing import excepting, lifecycle, people, printing
from flask_certify.issuing.many import issue_many
from flask_certify.issuing.people import NothingKnown
from flask_certify.issuing.printing import NotLive
from flask_certify.notifications.models import Message
from tests.support.life import Life
from tests.support.story import RUN, TOM

WISH = Why(Cause.HOLDER_REQUEST, "letter of Ada Lovelace")
NAME = "Lovelace"


def everything(life: Life) -> str:
    """All rows of all our tables but the host's, as text."""
    with life.rt.reading() as session:
        return "\n".join(
            str(row)
            for table in metadata.sorted_tables
            for row in session.execute(sa.select(*[c for c in table.c if not isinstance(c.type, sa.LargeBinary)]))
        )


def test_the_name_goes_from_every_table_and_the_code_is_answered_on(life: Life) -> None:
    """R-112, R-254: from history, notes and printed bytes too."""
    [old] = life.issue("ada")
    printing.get_document(life.rt, old.id)
    life.reissue("ada", why=Why(Cause.NAME_CORRECTED, "Ada Lovelace wrote"))
    new = life.awards("ada")[-1]
    printing.get_document(life.rt, new.id)
    why = Why(Cause.EXCEPTION, "Ada Lovelace again")
    excepting.allow(life.rt, life.run.id, {"ada": why}, actor=TOM)
    excepting.disallow(life.rt, life.run.id, ["ada"], why, actor=TOM)
    lifecycle.restore(life.rt, [new.id], why, actor=TOM)
    [cy] = life.issue("cy")
    printing.get_document(life.rt, cy.id)
    assert NAME in everything(life)
    changed = people.erase(life.rt, "ada", WISH, actor=TOM)
    assert NAME not in everything(life)
    assert changed == {"certificates": 2, "credentials": 2, "documents": 2, "records": 1, "notes": 3, "messages": 4}
    assert (life.says(new), life.says(old)) == ("erased", "superseded")
    assert (life.is_bit_set(new), life.is_bit_set(old)) == (False, True)
    with pytest.raises(NotLive):
        printing.get_document(life.rt, new.id)
    with life.rt.reading() as session:
        assert session.get(Document, new.id) is None and session.get(Document, cy.id) is not None
        assert session.scalar(sa.select(sa.func.count()).select_from(Credential)) == 3
        assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == 1
        assert first_broken(session, "wales") is None


def test_erasing_twice_changes_nothing_more_and_both_are_noted(life: Life) -> None:
    life.issue("ada")
    people.erase(life.rt, "ada", WISH, actor=TOM)
    assert set(people.erase(life.rt, "ada", WISH, actor=TOM).values()) == {0}
    assert life.audited("learner:ada") == [("person.erase", "holder_request", TOM)] * 2


def test_what_was_granted_and_never_signed_is_not_signed_after_the_erasure(life: Life) -> None:
    """A batch that runs later neither fails over it nor brings the name back."""
    with life.rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).values(state="retired"))
    [outcome] = issue_many(life.rt, life.run.id, ["ada"], actor=TOM)
    people.erase(life.rt, "ada", WISH, actor=TOM)
    assert life.states("ada") == [AwardState.REVOKED]
    with life.rt.transaction() as tx:
        tx.session.execute(sa.update(IssuerKey).values(state="active").where(IssuerKey.retired_at.is_(None)))
    del life.host.records[RUN]["ada"]
    [later] = issue_many(life.rt, life.run.id, ["ada"], actor=TOM)
    assert (outcome.result, later.result) == ("failed", "declined")


def test_an_erased_person_is_sent_nothing_that_still_waits(life: Life) -> None:
    life.issue("ada")
    people.erase(life.rt, "ada", WISH, actor=TOM)
    with life.rt.reading() as session:
        found = session.scalars(sa.select(Message).where(Message.recipient == "ada")).all()
    assert {(each.state, each.reason) for each in found} == {("skipped", "notify.erased")}


def test_an_export_holds_all_that_is_stored_and_is_noted(life: Life) -> None:
    [ada] = life.issue("ada")
    lifecycle.withdraw(life.rt, [ada.id], Why(Cause.UNDER_REVIEW, "a note"), actor=TOM)
    found = json.loads(json.dumps(people.export(life.rt, "ada", actor=TOM)))
    [certificate] = found["certificates"]
    assert (certificate["code"], certificate["state"]) == (ada.code, "withdrawn")
    assert certificate["frozen"]["recipient_name"] == "Ada Lovelace"
    assert json.loads(certificate["credential"])["credentialSubject"]
    assert [(each["move"], each["note"]) for each in certificate["moves"]] == [("withdraw", "a note")]
    assert {each["channel"] for each in found["messages"]} == {"email", "sms"}
    assert found["records"][0]["display_name"] == "Ada Lovelace"
    assert (found["exceptions"], found["failures"]) == ([], [])
    assert life.audited("learner:ada") == [("person.export", None, TOM)]
    assert "Cy Young" not in json.dumps(found)


def test_about_a_stranger_nothing_is_known(life: Life) -> None:
    with pytest.raises(NothingKnown):
        people.export(life.rt, "eve", actor=TOM)
    with pytest.raises(NothingKnown):
        people.erase(life.rt, "eve", WISH, actor=TOM)


def test_every_column_with_personal_data_says_so_and_for_how_long() -> None:
    """R-254."""
    for column in (
        Award.__table__.c.frozen,
        AwardMove.__table__.c.note,
        Record.__table__.c.display_name,
        Credential.__table__.c.document,
        metadata.tables["certify_exception"].c.note,
        metadata.tables["certify_exception"].c.ended_note,
    ):
        assert column.info["personal"]
