"""Templates of tenants: made, changed, retired; in which language and by whom they are signed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.achievements.service import SignatoryView, ensure_run, get_issuer
from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.core.audit import AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import service as credentials
from flask_certify.documents import saving, signatories, templates
from flask_certify.documents import service as documents
from flask_certify.documents.errors import SlotMissing, TemplateNotFound
from flask_certify.documents.models import Template, TemplateVersion
from flask_certify.documents.saving import (
    NoPages,
    NoSuchPage,
    TemplateAttached,
    TemplateExists,
    TemplateKept,
    TemplateRetired,
    WrongKey,
    WrongLanguage,
    WrongName,
)
from flask_certify.documents.signatories import (
    SignatoryInUse,
    TooManySignatories,
    UnknownSignatory,
    WrongSignatory,
)
from flask_certify.documents.templates import Page
from flask_certify.eligibility import notation
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import attaching, printing, reissuing
from flask_certify.issuing.attaching import By, Place, Terms
from flask_certify.issuing.many import issue_many
from tests.support import story
from tests.support.documents import read, signature
from tests.support.story import MIA, RUN, TOM
from tests.unit.documents.pages import page, whole

SIGNED = "".join(
    f"""<div style="left:{20 + 90 * place}mm; top:160mm"><img data-slot="signatory.{place}.name" data-size="11"
 style="width:60mm; height:8mm"></div>"""
    for place in (1, 2)
)


@pytest.fixture
def host() -> MemoryHost:
    """Cy reads Hindi."""
    host = story.make_host()
    host.add_learner(RUN, story.learner("cy", "Cy Young", score=60, locale="hi"))
    return host


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path / 'host.db'}", host) as app, app.app_context():
        yield app


@pytest.fixture
def rt(site: Flask) -> Runtime:
    """On one kind of database: what depends on it is tested in test_documents_service.py."""
    return runtime_of(site)


def make(rt: Runtime, key: str = "own", html: str = "", **more: Any) -> UUID:
    """A template of Wales."""
    pages = more.pop("pages", {"en": Page(html or whole())})
    return saving.make(rt, "wales", key, "Our own", pages, actor=TOM, **more).template_id


def attach(rt: Runtime, template_id: UUID, run_ref: str = RUN) -> None:
    """This template for whoever completes the run, and nothing else."""
    place = Place(ensure_run(rt, run_ref))
    for each in attaching.at(rt, place):
        attaching.remove(rt, place, By(TOM), each.id)
    attaching.attach(rt, place, Terms(template_id, notation.from_json({"progress": "100"})), By(TOM))


def issued(rt: Runtime, learner: str) -> Award:
    """A certificate of the run for the learner."""
    [outcome] = issue_many(rt, ensure_run(rt, RUN).id, [learner], actor=MIA, notify=False)
    assert outcome.award_id, outcome
    return award_of(rt, outcome.award_id)


def award_of(rt: Runtime, award_id: UUID) -> Award:
    with rt.reading() as session:
        return session.get_one(Award, award_id)


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


# ---- who signs -------------------------------------------------------------------------------------


def on_file(rt: Runtime, *names: str) -> list[UUID]:
    return [
        signatories.put_on_file(
            rt, "wales", name, "Director", signature() if name == "Meera Joshi" else None, actor=TOM
        )
        for name in names
    ]


def signing(rt: Runtime, learner: str) -> list[str]:
    return [each["name"] for each in issued(rt, learner).frozen["signatories"]]


def test_of_many_signatories_on_file_a_template_prints_none_one_or_two(rt: Runtime) -> None:
    """R-017: as many as it has places for, and those that were chosen for it."""
    on_file(rt, "Meera Joshi", "Harish Nair", "Leela Iyer")
    names = {}
    for learner, html in (
        ("ada", whole()),
        ("cy", whole(SIGNED[: SIGNED.index("</div>") + 6])),
        ("dev", whole(SIGNED)),
    ):
        attach(rt, make(rt, learner, html))
        names[learner] = signing(rt, learner)
    assert names == {"ada": [], "cy": ["Meera Joshi"], "dev": ["Meera Joshi", "Harish Nair"]}


def test_a_template_prints_those_who_were_chosen_for_it(rt: Runtime) -> None:
    """R-017."""
    meera, harish, leela = on_file(rt, "Meera Joshi", "Harish Nair", "Leela Iyer")
    template_id = make(rt, html=whole(SIGNED))
    attach(rt, template_id)
    saving.settle(rt, template_id, name="Own", language=None, places=(leela, meera), actor=TOM)
    assert signing(rt, "ada") == ["Leela Iyer", "Meera Joshi"]
    saving.settle(rt, template_id, name="Own", language=None, places=(), actor=TOM)
    assert signing(rt, "cy") == []
    with pytest.raises(TooManySignatories):
        saving.settle(rt, template_id, name="Own", language=None, places=(leela, meera, harish), actor=TOM)


def test_a_signatory_who_is_missing_comes_from_the_template_and_never_touches_the_issuer(rt: Runtime) -> None:
    """R-017."""
    [meera] = on_file(rt, "Meera Joshi")
    template_id = make(rt, html=whole(SIGNED))
    attach(rt, template_id)
    own = SignatoryView("  Guest   Speaker ", "Visitor", None)
    saving.settle(rt, template_id, name="Own", language=None, places=(meera, own), actor=TOM)
    award = issued(rt, "ada")
    assert [each["name"] for each in award.frozen["signatories"]] == ["Meera Joshi", "Guest Speaker"]
    assert "Guest Speaker" in read(printing.get_document(rt, award.id).data)
    with rt.reading() as session:
        assert [each.name for each in signatories.on_file(session, get_issuer(session, "wales").id)] == ["Meera Joshi"]


def test_a_signatory_whom_a_template_prints_stays_on_file(rt: Runtime) -> None:
    """R-017: and taking somebody off the file changes no certificate."""
    meera, harish = on_file(rt, "Meera Joshi", "Harish Nair")
    template_id = make(rt, html=whole(SIGNED))
    attach(rt, template_id)
    award = issued(rt, "ada")
    saving.settle(rt, template_id, name="Own", language=None, places=(meera,), actor=TOM)
    with pytest.raises(SignatoryInUse, match="Own"):
        signatories.take_off_file(rt, "wales", meera, actor=TOM)
    signatories.take_off_file(rt, "wales", harish, actor=TOM)
    assert [each["name"] for each in award_of(rt, award.id).frozen["signatories"]] == ["Meera Joshi", "Harish Nair"]
    assert "Harish Nair" in read(printing.get_document(rt, award.id).data)
    with pytest.raises(UnknownSignatory):
        signatories.take_off_file(rt, "devon", meera, actor=TOM)
    with pytest.raises(WrongSignatory):
        signatories.put_on_file(rt, "wales", " ", "Director", actor=TOM)


def test_the_issuer_is_the_organisation_and_neither_who_pressed_the_button_nor_who_signs(rt: Runtime) -> None:
    """R-016: on the page, in what is frozen and in the credential."""
    on_file(rt, "Meera Joshi")
    attach(rt, make(rt, html=whole(SIGNED)))
    award = issued(rt, "ada")
    assert award.frozen["issuer_name"] == "Academy of Wales"
    signed = json.loads(credentials.get_document(rt, award.id) or "")
    assert signed["issuer"]["id"] == award.frozen["issuer_did"] and signed["issuer"]["name"] == "Academy of Wales"
    told = read(printing.get_document(rt, award.id).data)
    assert "Academy of Wales" in told and "Meera Joshi" in told
    assert MIA not in json.dumps(signed).lower() + json.dumps(award.frozen).lower() + told.lower()


# ---- the command line ------------------------------------------------------------------------------


def typed(site: Flask, *arguments: object) -> tuple[int, str]:
    done = site.test_cli_runner().invoke(args=["certify", "documents", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_template_is_saved_listed_tried_and_retired_by_command(site: Flask, tmp_path: Path) -> None:
    file = tmp_path / "own.html"
    file.write_text(whole('<div style="left:240mm; top:20mm"><img src="a.png" style="width:20mm; height:7mm"></div>'))
    (tmp_path / "a.png").write_bytes(signature())
    own = ("--tenant", "wales", "own")
    code, told = typed(site, "check", "--tenant", "wales", file)
    assert code == 0 and "bytes for each certificate" in told
    assert typed(site, "save", *own, file, "--name", "Our own", "--note", "First") == (0, "own is saved.\n")
    code, told = typed(site, "save", *own, file)
    assert code == 0 and "template.unchanged" in told
    code, told = typed(site, "list", "--tenant", "wales")
    assert code == 0 and "own                   Our own  (not attached)" in told and "en 1  2026-06-15  First" in told
    names = tmp_path / "names.txt"
    names.write_text("Ada Lovelace\n" + "x" * 300)
    code, told = typed(
        site, "preview", "own", "--tenant", "wales", "--names", names, "--out", tmp_path / "out", "--png"
    )
    assert code == 1 and told.splitlines()[0] == "0001  as designed" and "document.too_long" in told
    text = read((tmp_path / "out" / "0001.pdf").read_bytes())
    assert "Ada Lovelace" in text and "Academy of Wales" in text
    assert typed(site, "retire", *own)[0] == 0 and "(retired)" in typed(site, "list", "--tenant", "wales")[1]
    assert typed(site, "take-up", *own)[0] == 0 and typed(site, "delete", *own)[0] == 0
    assert "own" not in typed(site, "list", "--tenant", "wales")[1]


def test_a_command_says_all_that_stands_in_the_way_at_once(site: Flask, tmp_path: Path) -> None:
    """R-015: an unknown placeholder is refused by name."""
    file = tmp_path / "own.html"
    file.write_text(
        page('<div><img data-slot="recipient.nmae" style="width:20mm; height:7mm"></div><script>x</script>')
    )
    code, told = typed(site, "check", "--tenant", "wales", file)
    assert code == 2 and "recipient.nmae" in told and "<script>" in told and "course.title" in told
    code, told = typed(site, "save", "--tenant", "wales", "own", file)
    assert code == 2 and "saved" not in told


def test_who_signs_is_settled_by_command(site: Flask, rt: Runtime) -> None:
    template_id = make(rt, html=whole(SIGNED))
    code, told = typed(site, "signatories", "add", "--tenant", "wales", "Meera Joshi", "Director")
    meera = told.strip()
    assert code == 0 and "no signature" in typed(site, "signatories", "list", "--tenant", "wales")[1]
    settle = ("settle", "--tenant", "wales", "own")
    assert typed(site, *settle, "--sign", meera, "--sign", "Guest|Visitor", "--language", "en")[0] == 0
    with rt.reading() as session:
        found = templates.get_template(session, template_id)
    assert found.signatories == (UUID(meera), SignatoryView("Guest", "Visitor", None)) and found.language == "en"
    assert typed(site, "signatories", "remove", "--tenant", "wales", meera)[0] == 2
    assert typed(site, *settle, "--sign", "nonsense")[0] == 2
    assert typed(site, *settle, "--sign", "file", "--language", "learner")[0] == 0
    with rt.reading() as session:
        assert templates.get_template(session, template_id).signatories is None
    assert typed(site, "signatories", "remove", "--tenant", "wales", meera)[0] == 0


def test_somebody_else_is_asked_for_their_right_to_change_templates(site: Flask, rt: Runtime) -> None:
    make(rt)
    assert typed(site, "retire", "--tenant", "wales", "own", "--as", MIA)[0] == 2
    assert typed(site, "retire", "--tenant", "wales", "own", "--as", TOM)[0] == 0
