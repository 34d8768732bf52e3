"""A designer works on templates with a browser: tries, saves, exports, retires."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from flask_certify.achievements.service import SignatoryView, ensure_run, get_issuer
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.dashboards import template_views
from flask_certify.documents import compiling, saving, signatories, templates
from flask_certify.documents.checks import HARD_NAMES
from flask_certify.documents.compiling import Patience
from flask_certify.documents.templates import Page, TemplateView
from flask_certify.host.memory import MemoryHost
from tests.support import story
from tests.support.documents import signature
from tests.support.story import NIA, TOM
from tests.unit.documents.pages import page, whole

ALL = "/certify/templates/wales"
SEAL = '<div style="left:240mm; top:20mm"><img src="seal.png" style="width:20mm; height:7mm"></div>'


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path / 'host.db'}", host, WTF_CSRF_ENABLED=False) as app:
        yield app


@pytest.fixture
def rt(site: Flask) -> Iterator[Runtime]:
    with site.app_context():
        yield runtime_of(site)


@pytest.fixture
def tom(site: Flask, host: MemoryHost) -> Iterator[FlaskClient]:
    host.acting = host.actors[TOM]
    with site.test_client() as client:
        yield client


@pytest.fixture
def own(rt: Runtime) -> TemplateView:
    """A template of Wales with a seal, which nobody attached."""
    made = {"en": Page(whole(SEAL), {"seal.png": signature()})}
    return found(rt, saving.make(rt, "wales", "own", "Our own", made, note="First", actor=TOM).template_id)


def found(rt: Runtime, template_id: Any) -> TemplateView:
    with rt.reading() as session:
        return templates.get_template(session, template_id)


def by_key(rt: Runtime, key: str) -> TemplateView:
    with rt.reading() as session:
        return templates.get_by_key(session, "wales", key)


def text_of(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def tokens(text: str) -> list[str]:
    """What the page says about the pictures that lie on the desk."""
    return re.findall(r'name="keep" value="([^"]+)"', text)


def upload(data: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def test_the_list_shows_every_template_of_the_tenant_and_what_it_looks_like(
    tom: FlaskClient, own: TemplateView
) -> None:
    text = text_of(tom.get(ALL))
    assert all(name in text for name in ("Classic", "Modern", "Merit (Letter)", "Our own"))
    assert text.count("picture.png") == 4 and "Attached" in text
    picture = tom.get(f"{ALL}/{own.id}/picture.png")
    assert Image.open(io.BytesIO(picture.data)).size == (480, 340)
    assert tom.get(f"{ALL}/{own.id}/picture.png", headers={"If-None-Match": picture.headers["ETag"]}).status_code == 304


def test_whoever_may_use_templates_is_led_to_them_from_the_dashboard(
    tom: FlaskClient, rt: Runtime, site: Flask, host: MemoryHost
) -> None:
    dashboard = f"/certify/runs/{ensure_run(rt, story.RUN).id}"
    assert f'href="{ALL}"' in text_of(tom.get(dashboard))
    host.acting = host.actors[story.MIA]
    with site.app_context():
        assert ALL not in text_of(site.test_client().get(dashboard))


def test_a_template_is_tried_with_the_longest_and_hardest_names_as_pictures(
    tom: FlaskClient, own: TemplateView
) -> None:
    """And says of each what was shrunk or wrapped; nothing is saved."""
    address = f"{ALL}/{own.id}"
    first = text_of(tom.get(address))
    text = text_of(tom.post(address, data={"do": "try", "language": "en", "html": whole(SEAL), "keep": tokens(first)}))
    assert text.count("data:image/png;base64,") == len(HARD_NAMES)
    assert "As it was designed" in text and "Smaller: " in text
    assert all(f"Certificate of {name}" in text for name in HARD_NAMES)
    assert "bytes of its own" in text


def test_names_are_typed_or_come_from_a_file_and_one_that_cannot_be_printed_says_why(
    tom: FlaskClient, own: TemplateView, rt: Runtime
) -> None:
    form = {"do": "try", "language": "en", "html": whole(), "names": "Ada Lovelace\n\nAsha 🙂\n" + "x" * 300}
    text = text_of(tom.post(f"{ALL}/{own.id}", data=form))
    assert text.count("data:image/png") == 1 and "U+1F642" in text and "too long" in text
    listed = upload("देव शर्मा\n".encode() * 50, "names.txt")
    text = text_of(tom.post(f"{ALL}/{own.id}", data={**form, "names_file": listed}))
    assert text.count("data:image/png") == 40 and "10 more names" in text
    assert len(found(rt, own.id).versions) == 1


def test_the_preview_can_be_fetched_as_one_pdf(tom: FlaskClient, own: TemplateView) -> None:
    form = {"do": "pdf", "language": "en", "html": whole(), "names": "Ada Lovelace\nAsha 🙂\nदेव शर्मा"}
    answer = tom.post(f"{ALL}/{own.id}", data=form)
    assert answer.mimetype == "application/pdf" and "attachment" in answer.headers["Content-Disposition"]
    with pikepdf.open(io.BytesIO(answer.data)) as pdf:
        assert len(pdf.pages) == 2
    nobody = tom.post(f"{ALL}/{own.id}", data={**form, "names": "🙂"})
    assert nobody.status_code == 422 and "no preview to fetch" in text_of(nobody)


def test_all_that_stands_in_the_way_is_said_and_what_was_typed_stays(tom: FlaskClient, own: TemplateView) -> None:
    """R-014, R-015."""
    html = page('<div><img data-slot="recipient.nmae" style="width:9mm; height:9mm"></div>')
    answer = tom.post(f"{ALL}/{own.id}", data={"do": "save", "language": "en", "html": html, "note": "Mine"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert "asks for recipient.nmae" in text and "shows course.title" in text and "shows issuer.name" in text
    assert "data-slot=&#34;recipient.nmae&#34;" in text and 'value="Mine"' in text and 'role="alert"' in text


def test_a_version_is_saved_with_its_pictures_and_its_note(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    """R-019: pictures stay on the desk from one sending to the next."""
    address = f"{ALL}/{own.id}"
    html = whole(SEAL + SEAL.replace("seal.png", "new.png").replace("240mm", "200mm"))
    kept = tokens(text_of(tom.get(address)))
    form = {"language": "en", "html": html, "keep": kept, "names": "Ada"}
    picture = Image.new("RGB", (60, 20), "navy")
    data = io.BytesIO()
    picture.save(data, "PNG")
    tried = text_of(tom.post(address, data={**form, "do": "try", "pictures": upload(data.getvalue(), "new.png")}))
    assert len(tokens(tried)) == 2 and "new.png" in tried
    saved = text_of(tom.post(address, data={**form, "do": "save", "keep": tokens(tried), "note": "With a flag"}))
    assert "Saved." in saved and "With a flag" in saved
    latest = found(rt, own.id).latest("en")
    assert latest is not None and (latest.number, latest.note, latest.created_by) == (2, "With a flag", TOM)
    with rt.reading() as session:
        assert set(templates.get_page(session, latest.id).pictures) == {"seal.png", "new.png"}
    again = text_of(tom.post(address, data={**form, "do": "save", "keep": tokens(tried)}))
    assert "no new one was made" in again


def test_a_picture_is_kept_only_by_a_token_of_ours_for_this_tenant(
    tom: FlaskClient, own: TemplateView, site: Flask, host: MemoryHost
) -> None:
    """So that nobody names the hash of a file of somebody else's."""
    token = tokens(text_of(tom.get(f"{ALL}/{own.id}")))[0]
    form = {"do": "try", "language": "en", "html": whole(SEAL), "names": "Ada"}
    assert "which does not come with it" in text_of(tom.post(f"{ALL}/{own.id}", data={**form, "keep": token[:-2]}))
    host.acting = host.actors[NIA]
    with site.app_context():  # in which nobody acted yet
        answer = site.test_client().post("/certify/templates/devon/new", data={**form, "keep": token})
    assert "which does not come with it" in text_of(answer)


def test_an_attached_template_says_that_a_change_holds_for_later_certificates_only(
    tom: FlaskClient, rt: Runtime
) -> None:
    """R-021: before anything is typed, and when it was saved."""
    classic = by_key(rt, "classic")
    text = text_of(tom.get(f"{ALL}/{classic.id}"))
    assert "later certificates only" in text and "Save for later certificates" in text
    form = {"do": "save", "language": "en", "html": whole(), "keep": []}
    assert "later certificates only" in text_of(tom.post(f"{ALL}/{classic.id}", data=form))


def test_a_template_is_made_from_an_uploaded_file(tom: FlaskClient, rt: Runtime) -> None:
    form = {"do": "save", "language": "hi", "key": "fresh", "name": "हमारा", "html": "forgotten"}
    upload_ = upload(("\ufeff" + whole()).encode(), "page.html")
    answer = tom.post(f"{ALL}/new", data={**form, "page_file": upload_})
    made = by_key(rt, "fresh")
    assert answer.status_code == 303 and answer.location.split("?")[0].endswith(str(made.id))
    assert (made.name, made.languages) == ("हमारा", ("hi",)) and "Saved." in text_of(tom.get(answer.location))
    again = tom.post(f"{ALL}/new", data={**form, "html": whole()})
    assert again.status_code == 409 and "There is a template fresh already" in text_of(again)
    broken = tom.post(f"{ALL}/new", data={**form, "page_file": upload(b"\xff\xfe", "page.html")})
    assert broken.status_code == 422 and "not text in UTF-8" in text_of(broken)


def test_an_older_version_can_be_looked_at_and_taken_up(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    saving.save(rt, own.id, {"en": Page(whole("<div>Newer</div>"))}, actor=TOM)
    text = text_of(tom.get(f"{ALL}/{own.id}?version={own.versions[0].id}"))
    assert "seal.png" in text and "Newer" not in text
    assert "Newer" in text_of(tom.get(f"{ALL}/{own.id}"))


def test_a_template_is_exported_copied_and_imported(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    """R-031."""
    answer = tom.get(f"{ALL}/{own.id}/template.zip")
    assert "template-own.zip" in answer.headers["Content-Disposition"]
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    form = {"do": "import", "key": "again", "file": upload(answer.data, "template.zip")}
    assert tom.post(ALL, data=form).status_code == 303 and by_key(rt, "again").name == "Our own"
    copied = tom.post(ALL, data={"do": "copy", "source": str(own.id), "key": "copied"})
    assert copied.status_code == 303 and by_key(rt, "copied").languages == ("en",)
    broken = tom.post(ALL, data={"do": "import", "file": upload(b"PK", "template.zip")})
    assert broken.status_code == 422 and "Nothing was taken in" in text_of(broken)


def test_who_takes_a_file_in_is_not_left_waiting_for_all_its_pages(
    tom: FlaskClient, own: TemplateView, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tom.get(f"{ALL}/{own.id}/template.zip").data
    monkeypatch.setattr(saving, "IN_A_REQUEST", -1)
    forms = ({"do": "import", "key": "a", "file": upload(file, "t.zip")}, {"do": "copy", "source": own.id, "key": "b"})
    for form in forms:
        refused = tom.post(ALL, data=form)
        assert refused.status_code == 422 and "too long to wait for here" in text_of(refused)


def test_deleting_is_offered_only_where_it_is_done(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    """R-021."""
    assert 'value="delete"' in tom.get(f"{ALL}/{own.id}").get_data(as_text=True)
    shown = tom.get(f"{ALL}/{by_key(rt, 'modern').id}").get_data(as_text=True)
    assert 'value="retire"' in shown and 'value="delete"' not in shown


def test_a_template_is_retired_taken_up_and_deleted(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    """R-021."""
    settings = f"{ALL}/{own.id}/settings"
    assert "Retired." in text_of(tom.post(settings, data={"do": "retire"}, follow_redirects=True))
    text = text_of(tom.get(f"{ALL}/{own.id}"))
    assert 'value="save"' not in text and "This template is retired" in text
    tom.post(settings, data={"do": "take_up"})
    assert not found(rt, own.id).is_retired
    assert tom.post(settings, data={"do": "delete"}).status_code == 303
    assert tom.get(f"{ALL}/{own.id}").status_code == 404
    classic = by_key(rt, "classic")
    refused = tom.post(f"{ALL}/{classic.id}/settings", data={"do": "retire"})
    assert refused.status_code == 409 and "Physics for Teachers" in text_of(refused)
    assert "Delete" not in text_of(tom.get(f"{ALL}/{classic.id}"))


def test_language_and_signatories_are_settled(tom: FlaskClient, own: TemplateView, rt: Runtime) -> None:
    """R-017, R-175."""
    tom.post(
        ALL,
        data={
            "do": "sign_add",
            "name": "Meera Joshi",
            "designation": "Director",
            "image": upload(signature(), "m.png"),
        },
    )
    with rt.reading() as session:
        [meera] = signatories.on_file(session, get_issuer(session, "wales").id)
    form = {"name": "Settled", "fixed": "en", "signing": "chosen", "who_1": str(meera.id), "who_2": "own"}
    form |= {"name_2": "Guest Speaker", "designation_2": "Visitor"}
    settings = f"{ALL}/{own.id}/settings"
    answer = tom.post(settings, data={**form, "image_2": upload(signature(), "g.png")}, follow_redirects=True)
    assert "Saved." in text_of(answer)
    settled = found(rt, own.id)
    assert (settled.name, settled.language) == ("Settled", "en") and settled.signatories is not None
    guest = settled.signatories[1]
    assert isinstance(guest, SignatoryView) and guest.name == "Guest Speaker" and guest.image_sha
    [held] = re.findall(r'name="held_2" value="([^"]+)"', text_of(answer))
    tom.post(settings, data={**form, "held_2": held})  # the signature stays, though no file came along
    assert found(rt, own.id).signatories == settled.signatories
    refused = tom.post(ALL, data={"do": "sign_remove", "signatory": str(meera.id)})
    assert refused.status_code == 409 and "Settled" in text_of(refused)
    tom.post(settings, data={"name": "Settled", "signing": "file"})
    assert found(rt, own.id).signatories is None and found(rt, own.id).language is None


def test_a_template_of_another_tenant_is_not_found_here(tom: FlaskClient, rt: Runtime) -> None:
    """R-029: whoever may edit in Wales cannot reach what belongs to Devon."""
    made = saving.make(rt, "devon", "own", "Theirs", {"en": Page(whole())}, actor=NIA)
    for path in ("", "/template.zip", "/picture.png"):
        assert tom.get(f"{ALL}/{made.template_id}{path}").status_code == 404
    assert tom.post(f"{ALL}/{made.template_id}/settings", data={"do": "delete"}).status_code == 404
    assert tom.post(ALL, data={"do": "copy", "source": str(made.template_id), "key": "mine"}).status_code == 404
    assert tom.get(f"/certify/templates/devon/{made.template_id}").status_code == 403


def test_what_is_too_large_is_refused_before_it_is_read(
    tom: FlaskClient, own: TemplateView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-250."""
    monkeypatch.setattr(template_views, "_UPLOAD", 2_000)
    form = {"do": "save", "language": "en", "html": whole("<div>New</div>"), "pictures": upload(bytes(5_000), "a.png")}
    answer = tom.post(f"{ALL}/{own.id}", data=form)
    assert answer.status_code == 413 and "Nothing was changed" in text_of(answer)


def test_a_page_lays_nothing_out_itself(tom: FlaskClient, own: TemplateView, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-250: it is done in the limited child, and what the child gives up is told."""
    monkeypatch.setattr(compiling, "AT_ONCE", Patience(4, 0.01))
    answer = tom.post(f"{ALL}/{own.id}", data={"do": "try", "language": "en", "html": whole("<div>Slow</div>")})
    assert answer.status_code == 422 and "too much time or memory" in text_of(answer)
