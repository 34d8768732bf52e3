"""Templates, their versions, and documents that stay what they were, on each kind of database."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pikepdf
import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Issuer
from flask_certify.awards.models import Award
from flask_certify.core.audit import AuditEntry
from flask_certify.core.errors import NotFound
from flask_certify.core.ids import new_code, new_id
from flask_certify.core.storage import Blob, put_blob
from flask_certify.documents import compiling, saving, templates
from flask_certify.documents import service as documents
from flask_certify.documents.errors import NoGlyph, PictureRefused, TemplateNotFound, TooLarge, TooLong
from flask_certify.documents.models import Document, PlateFile, Template, TemplateVersion
from flask_certify.documents.placeholders import Picture
from flask_certify.documents.service import PrintableAward
from flask_certify.documents.templates import Page
from tests.support import story
from tests.support.documents import read, signature, values
from tests.unit.documents.pages import whole


@pytest.fixture(autouse=True)
def fresh_process():
    """No press is remembered from other tests, and other databases."""
    documents._PRESSES.forget()


@pytest.fixture
def issuer_id(rt) -> UUID:
    with rt.reading() as session:
        return session.scalars(sa.select(Issuer.id).where(Issuer.tenant_ref == "wales")).one()


@pytest.fixture
def classic(rt, issuer_id) -> UUID:
    with rt.transaction() as tx:
        return documents.ensure_shipped_templates(tx, issuer_id)["classic"]


@pytest.fixture
def ada(rt, classic) -> PrintableAward:
    """Ada's award, which the classic template in English will print."""
    return award(rt, classic)


def award(rt, template_id: UUID, *, language: str = "en", **changed) -> PrintableAward:
    with rt.reading() as session:
        version_id = documents.latest_version(session, template_id, language).id
    return PrintableAward(_award_row(rt, version_id), version_id, values(**changed), "UTC", story.NOW)


def _award_row(rt, version_id: UUID) -> UUID:
    """An award to hang a document on; of its columns only the id matters here."""
    from flask_certify.achievements.models import Attachment, Run

    with rt.transaction() as tx:
        run = tx.session.scalars(sa.select(Run).where(Run.run_ref == story.RUN)).one()
        attachment = tx.session.scalars(sa.select(Attachment).where(Attachment.run_id == run.id)).first()
        row = Award(
            id=new_id(),
            tenant_ref="wales",
            run_id=run.id,
            run_ref=run.run_ref,
            learner_ref=f"learner-{new_code()}",
            issuer_id=tx.session.scalars(sa.select(Issuer.id).where(Issuer.tenant_ref == "wales")).one(),
            achievement_id=attachment.achievement_id,
            attachment_id=attachment.id,
            template_version_id=version_id,
            code=new_code(),
            state="issued",
            decision={},
            frozen={},
            granted_at=story.NOW,
            issued_at=story.NOW,
        )
        tx.session.add(row)
        return row.id


def printed(rt, told: PrintableAward) -> documents.Printed:
    return documents.print_document(rt, told, lambda: b"{}")


def save(rt, template_id: UUID, html: str, pictures=None) -> UUID:
    """The version that holds from then on."""
    return saving.save(rt, template_id, {"en": Page(html, pictures or {})}, actor=story.TOM).versions["en"]


def count(rt, table) -> int:
    with rt.reading() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table))


def test_shipped_templates_are_there_once_however_often_they_are_asked_for(rt, issuer_id, classic):
    before = count(rt, Template), count(rt, TemplateVersion), count(rt, Blob)
    with rt.transaction() as tx:
        assert documents.ensure_shipped_templates(tx, issuer_id)["classic"] == classic
    assert (count(rt, Template), count(rt, TemplateVersion), count(rt, Blob)) == before


def test_a_version_is_found_by_language_with_english_to_fall_back_on(rt, classic):
    with rt.reading() as session:
        found = {
            each: documents.latest_version(session, classic, each).language for each in ("hi", "hi-IN", "ta", None)
        }
    assert found == {"hi": "hi", "hi-IN": "hi", "ta": "en", None: "en"}


def test_a_template_nobody_made_is_not_found(rt):
    with rt.reading() as session, pytest.raises(NotFound):
        documents.latest_version(session, new_id())
    with pytest.raises(TemplateNotFound):
        save(rt, new_id(), whole())


def test_a_saved_version_is_used_from_then_on_and_leaves_a_trace(rt, classic):
    """R-019."""
    version_id = save(rt, classic, whole("<div>New</div>"))
    with rt.reading() as session:
        latest = documents.latest_version(session, classic, "en")
        entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.act == "template.save")).one()
    assert (latest.id, latest.number) == (version_id, 2)
    assert (entry.actor_ref, entry.subject, entry.details) == (
        story.TOM,
        f"template:{classic}",
        {"number": 2, "language": "en"},
    )


def test_two_who_save_at_once_make_two_versions(rt, classic, host_app):
    """R-019: neither is lost, and no number is given twice."""

    def save_one(number: int) -> UUID:
        with host_app.app_context():
            return save(rt, classic, whole(f"<div>Number {number}</div>"))

    with ThreadPoolExecutor(2) as pool:
        made = set(pool.map(save_one, range(2)))
    with rt.reading() as session:
        english = [each for each in templates.get_template(session, classic).versions if each.language == "en"]
    assert {each.id for each in english if each.number > 1} == made
    assert sorted(each.number for each in english) == [1, 2, 3]


def test_pictures_of_a_version_are_kept_anew_and_printed(rt, classic):
    html = whole('<div style="left:200mm; top:150mm"><img src="a.png" style="width:20mm; height:20mm"></div>')
    save(rt, classic, html, {"a.png": signature()})
    pdf = pikepdf.open(io.BytesIO(printed(rt, award(rt, classic)).data))
    assert [str(each.Subtype) for each in pdf.pages[0].Resources.XObject.values()] == ["/Image"]


@pytest.mark.parametrize(
    ("assets", "refusal"), [({"a.png": b"no picture"}, PictureRefused), ({"a.png": bytes(9_000_000)}, TooLarge)]
)
def test_a_version_with_a_wrong_picture_changes_nothing(rt, classic, assets, refusal):
    before = count(rt, TemplateVersion), count(rt, Blob)
    with pytest.raises(refusal):
        save(rt, classic, whole(), assets)
    assert (count(rt, TemplateVersion), count(rt, Blob)) == before


def test_a_document_is_printed_when_first_wanted_and_kept(rt, ada):
    """R-136."""
    assert count(rt, Document) == 0
    first = printed(rt, ada)
    assert "Ada Lovelace" in read(first.data)
    assert printed(rt, ada) == first
    assert count(rt, Document) == 1
    assert first.name == f"certificate-{ada.award_id}.pdf"


def test_a_later_download_is_the_first_whatever_became_of_template_and_name(rt, classic, ada):
    """R-136."""
    first = printed(rt, ada)
    save(rt, classic, whole())
    changed = PrintableAward(
        ada.award_id, ada.template_version_id, values(recipient_name="Someone Else"), "UTC", story.NOW
    )
    assert printed(rt, changed) == first


def test_an_award_prints_with_the_version_it_was_made_with_not_with_the_latest(rt, classic, ada):
    """R-019, R-020."""
    save(rt, classic, whole("<div>Another design</div>"))
    assert "This is to certify that" in read(printed(rt, ada).data)
    assert "Another design" in read(printed(rt, award(rt, classic)).data)


def test_the_language_of_the_version_is_that_of_words_and_dates(rt, classic):
    """R-175."""
    told = read(printed(rt, award(rt, classic, language="hi")).data)
    assert "यह प्रमाणित किया जाता है कि" in told and "मई 2026" in told


def test_a_document_that_is_printed_from_nothing_but_the_award_is_the_same_and_its_hash_was_kept(rt, ada):
    """R-020: without what was kept of it, without the laid-out template, by a press that is set up anew."""
    first = printed(rt, ada)
    with rt.reading() as session:
        assert session.scalars(sa.select(Document.sha256)).one() == sha256(first.data).hexdigest() == first.sha256
    with rt.transaction() as tx:
        tx.session.execute(sa.delete(Document))
        tx.session.execute(sa.delete(PlateFile))
    documents._PRESSES.forget()
    compiling._compiled.cache_clear()
    assert printed(rt, ada) == first


def test_two_who_print_at_once_get_the_same_bytes(rt, ada, host_app):
    def print_it(_):
        with host_app.app_context():
            return printed(rt, ada)

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(print_it, range(8)))
    assert len(found) == 1 and count(rt, Document) == 1


def test_a_lost_plate_is_made_again_and_prints_the_same(rt, classic, ada):
    first = printed(rt, ada)
    with rt.transaction() as tx:
        tx.session.execute(sa.delete(PlateFile))
        tx.session.execute(sa.delete(Document))
    assert printed(rt, ada) == first


def test_issuers_with_the_same_template_share_a_plate(rt, classic):
    with rt.transaction() as tx:
        devon = tx.session.scalars(sa.select(Issuer.id).where(Issuer.tenant_ref == "devon")).one()
        other = documents.ensure_shipped_templates(tx, devon)["classic"]
    for template_id in (classic, other):
        printed(rt, award(rt, template_id))
    assert other != classic and count(rt, PlateFile) == 1


def test_a_refused_name_leaves_nothing_behind(rt, classic):
    for name, refusal in (("Asha 🙂", NoGlyph), ("x" * 200, TooLong)):
        told = award(rt, classic, recipient_name=name)
        with pytest.raises(refusal):
            printed(rt, told)
        with pytest.raises(refusal):
            documents.fit_check(rt, told.template_version_id).check(told.values, told.zone)
    assert count(rt, Document) == 0


def test_a_signature_is_fetched_from_storage(rt, classic):
    with rt.transaction() as tx:
        picture = Picture(put_blob(tx.session, signature(), "image/png"))
    plain = printed(rt, award(rt, classic))
    signed = printed(rt, award(rt, classic, signatory_1_image=picture))
    pdf = pikepdf.open(io.BytesIO(signed.data))
    assert [str(each.Subtype) for each in pdf.pages[0].Resources.XObject.values()] == ["/Image"]
    assert len(signed.data) > len(plain.data)


def test_only_what_the_award_froze_is_printed():
    from flask_certify.awards.frozen import Frozen, FrozenSignatory

    told = PrintableAward.of(
        Frozen(
            recipient_name="Ada Lovelace",
            course_title="Physics for Teachers",
            achievement_key="achievement",
            achievement_title="Certificate of Achievement",
            description="With merit",
            criteria="80 percent",
            issuer_name="Academy of Wales",
            issuer_slug="wales",
            issuer_did="did:web:certs.example.org:certify:wales",
            completed_on=None,
            issued_at=story.NOW,
            zone="Europe/London",
            language="en",
            score="87.5",
            signatories=(FrozenSignatory("Dr. Meera Joshi", "Director", "ab" * 32),),
        ),
        award_id=new_id(),
        code="7G4K9QXM2TPD",
        verify_url="https://certs.example.org/certify/v/7G4K9QXM2TPD",
        template_version_id=new_id(),
    )
    assert told.zone == "Europe/London" and told.issued_at == datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
    assert told.values["signatory.1.image"] == Picture("ab" * 32)
    assert "completion.date" not in told.values and "signatory.2.name" not in told.values
    assert set(told.values) <= set(documents.PLACEHOLDERS)
