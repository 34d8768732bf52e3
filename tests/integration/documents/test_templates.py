"""Templates of tenants: made, changed, retired; and in which language they print."""

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.achievements.service import ensure_run
from flask_certify.awards.causes import Cause, Why
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.documents import saving, templates
from flask_certify.documents import service as documents
from flask_certify.documents.errors import (
    NoPages,
    NoSuchPage,
    SameLanguage,
    SlotMissing,
    TemplateAttached,
    TemplateExists,
    TemplateKept,
    TemplateNotFound,
    TemplateRetired,
    WrongKey,
    WrongLanguage,
    WrongName,
)
from flask_certify.documents.models import PlateFile, Template, TemplateVersion
from flask_certify.documents.service import get_version
from flask_certify.documents.templates import Page
from flask_certify.issuing import attaching, printing, reissuing
from flask_certify.issuing.attaching import By, Place
from tests.support.documents import read
from tests.support.story import NIA, RUN, TOM
from tests.support.templates import attach, award_of, issued, make
from tests.unit.documents.pages import page, whole


@pytest.fixture
def rt(site: Flask) -> Runtime:
    return runtime_of(site)


def plates(rt: Runtime) -> set[str]:
    with rt.reading() as session:
        return set(session.scalars(sa.select(PlateFile.key)))


# ---- making and changing ---------------------------------------------------------------------------


def test_a_tenant_makes_its_own_template_and_others_do_not_see_it(rt: Runtime) -> None:
    template_id = make(rt, note="The first", language="en")
    with rt.reading() as session:
        found = {each.key: each for each in templates.list_templates(session, "wales")}
        assert set(found) == {"own", "classic", "modern", "merit"}
        assert "own" not in {each.key for each in templates.list_templates(session, "devon")}
        assert templates.get_by_key(session, "wales", "own").id == template_id
        with pytest.raises(TemplateNotFound):
            templates.get_by_key(session, "devon", "own")
        [version] = found["own"].versions
        assert templates.get_page(session, version.id).html == whole()
    assert (version.number, version.language, version.note, version.created_by) == (1, "en", "The first", TOM)
    assert (found["own"].language, found["own"].signatories, found["own"].is_retired) == ("en", None, False)


@pytest.mark.parametrize(
    ("key", "more", "refusal"),
    [
        ("classic", {}, TemplateExists),
        ("Not a key", {}, WrongKey),
        ("own", {"pages": {}}, NoPages),
        ("own", {"pages": {"klingon": Page(whole())}}, WrongLanguage),
        ("own", {"language": "hi"}, NoSuchPage),
        ("own", {"note": "x" * 501}, WrongName),
        ("own", {"html": page()}, SlotMissing),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    rt: Runtime, key: str, more: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        make(rt, key, **more)
    with rt.reading() as session:
        assert len(templates.list_templates(session, "wales")) == 3


def test_saving_a_changed_template_makes_a_version_and_an_unchanged_one_none(rt: Runtime) -> None:
    """R-019."""
    template_id = make(rt)
    same = saving.save(rt, template_id, {"en": Page(whole())}, actor=TOM)
    assert [each.code for each in same.warnings] == ["template.unchanged"]
    changed = saving.save(rt, template_id, {"en": Page(whole("<div>New</div>"))}, note=" Now\n new ", actor=TOM)
    with rt.reading() as session:
        numbers = [(each.number, each.note) for each in templates.get_template(session, template_id).versions]
        assert documents.latest_version(session, template_id, "en").id == changed.versions["en"]
    assert sorted(numbers) == [(1, ""), (2, "Now new")] and changed.warnings == ()


def test_all_pages_are_saved_or_none(rt: Runtime) -> None:
    template_id = make(rt)
    pages = {"en": Page(whole("<div>New</div>")), "hi": Page(page())}
    with pytest.raises(SlotMissing):
        saving.save(rt, template_id, pages, actor=TOM)
    with rt.reading() as session:
        assert len(templates.get_template(session, template_id).versions) == 1


def test_a_design_that_comes_with_us_is_changed_with_the_drawings_it_has(rt: Runtime) -> None:
    with rt.reading() as session:
        classic = templates.get_by_key(session, "wales", "classic")
        version = classic.latest("en")
        assert version is not None
        was = templates.get_page(session, version.id)
    changed = Page(was.html.replace("#1d2f57", "#102040"), was.pictures)
    saved = saving.save(rt, classic.id, {"en": changed}, actor=TOM)
    with rt.reading() as session:
        assert templates.get_page(session, saved.versions["en"]) == changed


def test_editing_an_attached_template_warns_that_it_holds_for_later_certificates_only(rt: Runtime) -> None:
    """R-021."""
    template_id = make(rt)
    attach(rt, template_id)
    saved = saving.save(rt, template_id, {"en": Page(whole("<div>New</div>"))}, actor=TOM)
    assert saved.warnings[0].code == "template.later_only"
    assert "later certificates only" in str(saved.warnings[0])
    again = saving.settle(rt, template_id, name="Another", language=None, places=None, actor=TOM)
    assert [each.code for each in again] == ["template.later_only"]


def test_a_change_reaches_later_certificates_and_those_that_are_issued_again_and_no_others(rt: Runtime) -> None:
    """R-019, R-020."""
    template_id = make(rt)
    attach(rt, template_id)
    ada, cy = issued(rt, "ada"), issued(rt, "cy")
    first = printing.get_document(rt, ada.id)
    newer = saving.save(rt, template_id, {"en": Page(whole("<div>Another design</div>"))}, actor=TOM).versions["en"]
    assert printing.get_document(rt, ada.id) == first
    assert "Another design" not in read(printing.get_document(rt, cy.id).data)  # printed for the first time
    assert issued(rt, "dev").template_version_id == newer
    why = Why(Cause.CONTENT_CORRECTED)
    [again] = reissuing.reissue_many(rt, ensure_run(rt, RUN).id, ["ada"], why, actor=TOM, notify=False)
    assert again.award_id and award_of(rt, again.award_id).template_version_id == newer
    assert "Another design" in read(printing.get_document(rt, again.award_id).data)


# ---- retiring --------------------------------------------------------------------------------------


def test_a_template_with_certificates_is_retired_and_not_deleted(rt: Runtime) -> None:
    """R-021."""
    template_id = make(rt)
    attach(rt, template_id)
    award = issued(rt, "ada")
    with pytest.raises(TemplateAttached, match="Physics for Teachers"):
        saving.retire(rt, template_id, actor=TOM)
    attaching.remove(rt, Place(ensure_run(rt, RUN)), By(TOM))
    with pytest.raises(TemplateKept):
        saving.delete(rt, template_id, actor=TOM)
    saving.retire(rt, template_id, actor=TOM)
    assert "Ada Lovelace" in read(printing.get_document(rt, award.id).data)
    with rt.reading() as session:
        assert templates.list_templates(session, "wales")[-1].is_retired
    with pytest.raises(TemplateRetired):
        saving.save(rt, template_id, {"en": Page(whole("<div>x</div>"))}, actor=TOM)
    with pytest.raises(attaching.checking.NotReadyToAttach):
        attach(rt, template_id)
    saving.take_up(rt, template_id, actor=TOM)
    attach(rt, template_id)


def test_a_template_that_was_never_attached_can_be_deleted(rt: Runtime) -> None:
    """R-021: only those, and none of the designs that come with us."""
    template_id = make(rt)
    saving.delete(rt, template_id, actor=TOM)
    with rt.reading() as session:
        assert session.get(Template, template_id) is None
        assert not session.scalars(sa.select(TemplateVersion).where(TemplateVersion.template_id == template_id)).all()
        modern = templates.get_by_key(session, "wales", "modern")
        acts = session.scalars(sa.select(AuditEntry.act).where(AuditEntry.subject == f"template:{template_id}"))
        assert set(acts) == {"template.make", "template.save", "template.delete"}
    with pytest.raises(TemplateKept):
        saving.delete(rt, modern.id, actor=TOM)
    with pytest.raises(TemplateNotFound):
        saving.retire(rt, template_id, actor=TOM)


def test_deleting_a_template_leaves_the_plates_that_others_print_from(rt: Runtime) -> None:
    """R-020: a page that another tenant uses, too, is laid out once, and stays so."""
    template_id = make(rt, pages={"en": Page(whole("<div>Shared</div>")), "hi": Page(whole("<div>Alone</div>"))})
    theirs = saving.make(rt, "devon", "own", "Theirs", {"en": Page(whole("<div>Shared</div>"))}, actor=NIA)
    before = plates(rt)
    saving.delete(rt, template_id, actor=TOM)
    with rt.reading() as session:
        needed = get_version(session, theirs.versions["en"]).plate_key
    assert needed in plates(rt) and len(before - plates(rt)) == 1
    saving.delete(rt, theirs.template_id, actor=NIA)
    assert needed not in plates(rt)


# ---- in which language -----------------------------------------------------------------------------


def test_a_template_with_a_language_of_its_own_prints_all_certificates_in_it(rt: Runtime) -> None:
    """R-175: whatever the learner speaks; and also one for which the site has no words of its own."""
    attach(rt, make(rt, pages={"ta": Page(whole("<div>சான்றிதழ்</div>"))}, language="ta"))
    award = issued(rt, "cy")  # who speaks Hindi
    assert award.frozen["language"] == "ta"
    told = read(printing.get_document(rt, award.id).data)
    assert "சான்றிதழ்" in told and "மே 2026" in told


def test_a_template_without_a_language_of_its_own_follows_the_learner(rt: Runtime) -> None:
    """R-175."""
    attach(rt, make(rt, pages={each: Page(whole(f"<div>{each}</div>")) for each in ("en", "hi")}))
    assert issued(rt, "cy").frozen["language"] == "hi" and issued(rt, "ada").frozen["language"] == "en"


def test_a_language_is_the_same_however_it_is_spelled(rt: Runtime) -> None:
    """R-175: a page saved as PT_br follows a learner whose language is pt-BR, and is one with pt-br."""
    template_id = make(rt, pages={"EN": Page(whole()), "HI": Page(whole("<div>hi</div>"))}, language="En")
    with rt.reading() as session:
        there = templates.get_template(session, template_id)
    assert (there.languages, there.language) == (("en", "hi"), "en") and there.latest("EN") == there.latest("en")
    assert saving.save(rt, template_id, {"eN": Page(whole())}, actor=TOM).warnings[0].code == "template.unchanged"
    saving.settle(rt, template_id, name="Own", language="HI", places=None, actor=TOM)
    attach(rt, template_id)
    assert issued(rt, "ada").frozen["language"] == "hi"
    with pytest.raises(SameLanguage, match="pt-BR"):
        saving.save(rt, template_id, {"pt-br": Page(whole()), "PT_BR": Page(whole())}, actor=TOM)


def test_a_certificate_is_all_in_one_language_when_the_learners_is_not_there(rt: Runtime) -> None:
    """R-175: words of the achievement and dates are those of the page."""
    attach(rt, make(rt))
    award = issued(rt, "cy")
    assert (award.frozen["language"], award.frozen["achievement_title"]) == ("en", "Course completion")


def test_the_language_of_a_template_can_be_changed_later(rt: Runtime) -> None:
    """R-175."""
    template_id = make(rt, pages={each: Page(whole(f"<div>{each}</div>")) for each in ("en", "hi")})
    with pytest.raises(NoSuchPage):
        saving.settle(rt, template_id, name="Own", language="ta", places=None, actor=TOM)
    saving.settle(rt, template_id, name="Own", language="en", places=None, actor=TOM)
    attach(rt, template_id)
    assert issued(rt, "cy").frozen["language"] == "en"
