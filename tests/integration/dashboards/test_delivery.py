"""What learner and staff are handed: one document, the same for ever, in their language, for everyone to read."""

import hashlib
import io
from typing import Any

import pikepdf
import pytest
import sqlalchemy as sa

from flask_certify.documents import saving
from flask_certify.documents import service as documents
from flask_certify.documents.models import Document, Template
from flask_certify.documents.templates import Page
from tests.integration.dashboards.conftest import Place
from tests.support import story
from tests.support.documents import read, read_out
from tests.unit.documents.pages import whole

NEW = whole('<div style="left:20mm; top:5mm">New</div>')


def pdf_of(place: Place, learner_ref: str, who: str | None = None, **more: Any) -> bytes:
    answer = place.get(f"/certify/awards/{place.award_of(learner_ref).id}/certificate.pdf", who or learner_ref, **more)
    assert answer.status_code == 200
    return answer.data


def test_every_later_download_equals_the_first_whatever_became_of_template_name_course_and_library(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-020, R-128, R-136: from the first printing on nothing is printed again, so no later version of a library can
    change a byte; an award that nobody downloaded has cost no storage."""
    place.issue()
    with place.app.app_context(), place.rt.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Document)) == 0
    first = pdf_of(place, "ada")

    place.host.change_learner(story.RUN, "ada", display_name="Ada King")
    place.host.runs[story.RUN] = story._run(story.RUN, "Another title", "wales", story.MIA)
    change_templates(place)
    place.issue()
    documents._PRESSES.forget()
    monkeypatch.setattr(documents, "print_one", None)  # whoever prints it again fails

    assert pdf_of(place, "ada") == pdf_of(place, "ada", story.MIA) == first
    with place.app.app_context(), place.rt.reading() as session:
        kept = session.scalars(sa.select(Document).where(Document.award_id == place.award_of("ada").id)).one()
        assert kept.sha256 == hashlib.sha256(first).hexdigest() and kept.size == len(first)
        assert kept.tail is not None and len(kept.tail) < 12_000


def test_an_older_plate_prints_the_same_bytes_after_a_template_was_changed(place: Place) -> None:
    """R-019, R-020: even if nothing of the document had been kept but what the award froze."""
    place.issue()
    first = pdf_of(place, "ada")
    change_templates(place)
    with place.app.app_context(), place.rt.transaction() as tx:
        tx.session.execute(sa.delete(Document))
    documents._PRESSES.forget()
    assert pdf_of(place, "ada") == first


def change_templates(place: Place) -> None:
    with place.app.app_context():
        with place.rt.reading() as session:
            template_ids = session.scalars(sa.select(Template.id)).all()
        for template_id in template_ids:
            saving.save(place.rt, template_id, {"en": Page(NEW)}, actor=story.TOM)


def test_the_document_goes_to_its_learner_and_to_those_allowed_for_the_run_and_to_nobody_else(place: Place) -> None:
    """R-128, R-137: numbers in the address lead nowhere."""
    place.issue()
    address = f"/certify/awards/{place.award_of('ada').id}/certificate.pdf"
    answers = {who: place.get(address, who).status_code for who in ("ada", story.MIA, story.TOM, "cy", story.MAX)}
    assert answers == {"ada": 200, story.MIA: 200, story.TOM: 200, "cy": 403, story.MAX: 403}
    assert place.get(address, None).status_code in (401, 403)
    assert [place.get(f"/certify/awards/{number}/certificate.pdf", "ada").status_code for number in (0, 1, 2)] == [
        404
    ] * 3


def test_the_certificate_is_in_the_learners_language_where_the_template_has_it(place: Place) -> None:
    """R-175."""
    place.host.change_learner(story.RUN, "cy", locale="hi")
    place.host.change_learner(story.RUN, "dev", locale="ta")
    place.issue()
    told = {who: pdf_of(place, who) for who in ("ada", "cy", "dev")}
    opened = {who: pikepdf.open(io.BytesIO(each)) for who, each in told.items()}
    assert "यह प्रमाणित किया जाता है कि" in read(told["cy"]) and "मई 2026" in read(told["cy"])
    assert all("This is to certify that" in read(told[who]) for who in ("ada", "dev"))
    assert [str(each.Root.Lang) for each in opened.values()] == ["en", "hi", "en"]


def test_the_document_is_tagged_titled_with_language_and_alternatives(place: Place) -> None:
    """R-256."""
    place.issue()
    data = pdf_of(place, "dev")
    document = pikepdf.open(io.BytesIO(data))
    root = document.Root
    assert root.MarkInfo.Marked and root.ViewerPreferences.DisplayDocTitle and str(root.Lang) == "en"
    code = place.award_of("dev").code
    assert str(document.docinfo.Title).endswith(f"{code[:4]}-{code[4:8]}-{code[8:]}: देव शर्मा")
    elements = list(root.StructTreeRoot.K.K)
    figures = [each for each in elements if str(each.S) == "/Figure"]
    assert figures and all(str(each.Alt) for each in figures)
    assert {str(each.S) for each in elements} == {"/H1", "/P", "/Figure"}
    assert "देव शर्मा" in read_out(data)  # in the reading order, and every mark of the page has its place there
    depth = 0
    for instruction in pikepdf.parse_content_stream(document.pages[0]):
        match str(instruction.operator):
            case "BDC" | "BMC":
                depth += 1
            case "EMC":
                depth -= 1
            case "Tj" | "TJ" | "Do" | "f" | "S" | "sh":
                assert depth, "something on the page is neither content nor decoration"
