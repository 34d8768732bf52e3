"""The learner's own page, and the documents."""

import io
import re

import pytest
import sqlalchemy as sa
from PIL import Image

from flask_certify.awards.causes import Cause, Why
from flask_certify.awards.models import Award
from flask_certify.awards.states import AwardState
from flask_certify.core.ids import new_code, new_id, spaced
from flask_certify.dashboards import learner_views
from flask_certify.documents import images
from flask_certify.issuing import people
from tests.support import story

from .conftest import Place


def change_award(place: Place, learner_ref: str, **values: object) -> None:
    """Writes straight into the row, where the move that leads there is not built yet."""
    with place.app.app_context(), place.rt.transaction() as tx:
        tx.session.execute(sa.update(Award).where(Award.learner_ref == learner_ref).values(**values))


def test_a_learner_finds_every_certificate_with_state_dates_code_and_links(place: Place) -> None:
    """R-129."""
    place.issue()
    ada = place.award_of("ada")
    page = place.get("/certify/me", "ada").text
    assert "Physics for Teachers" in page and "Certificate of Achievement" in page
    assert "<bdi>Ada Lovelace</bdi>" in page and "Academy of Wales" in page
    assert "May 20, 2026" in page and "June 15, 2026" in page
    assert spaced(ada.code) in page
    assert f'href="https://certs.example.org/certify/v/{ada.code}"' in page
    assert f'href="/certify/awards/{ada.id}/certificate.pdf"' in page
    assert ">Valid<" in page


def test_a_learner_reads_of_an_erased_certificate_what_others_are_told(place: Place) -> None:
    """R-129: the public page says that it was erased, so the learner's own does not call it valid."""
    place.issue()
    with place.app.app_context():
        people.erase(place.rt, "ada", Why(Cause.HOLDER_REQUEST), actor="tom")
    page = place.get("/certify/me", "ada").text
    assert ">Erased at your request<" in page and ">Valid<" not in page


def test_nobody_finds_the_certificates_of_others(place: Place) -> None:
    """R-137."""
    place.issue()
    assert "Lovelace" not in place.get("/certify/me", "cy").text
    assert "You have no certificate yet." in place.get("/certify/me", "ben").text
    assert "You do not learn here" in place.get("/certify/me", story.MIA).text


def test_a_learner_without_a_certificate_is_told_why(place: Place) -> None:
    place.issue()
    page = place.get("/certify/me", "ben").text
    assert "Not yet, and why" in page
    assert "70 % of the course is done, 100 % is asked." in page
    assert "Not yet, and why" not in place.get("/certify/me", "ada").text


@pytest.mark.parametrize(("state", "word"), [(AwardState.WITHDRAWN, "Withdrawn"), (AwardState.REVOKED, "Revoked")])
def test_a_certificate_that_is_not_valid_any_more_stays_on_the_page_without_a_download(
    place: Place, state: AwardState, word: str
) -> None:
    place.issue()
    award = place.award_of("ada")
    change_award(place, "ada", state=state)
    page = place.get("/certify/me", "ada").text
    assert f">{word}<" in page and "Download certificate" not in page
    answer = place.get(f"/certify/awards/{award.id}/certificate.pdf", "ada")
    assert answer.status_code == 409
    assert "document.not_live" in answer.text


def test_a_certificate_that_was_replaced_says_so_and_the_new_one_comes_first(place: Place) -> None:
    """R-128, R-129."""
    place.issue()
    old = place.award_of("ada")
    change_award(place, "ada", state=AwardState.REVOKED)
    with place.app.app_context(), place.rt.transaction() as tx:
        row = tx.session.get_one(Award, old.id)
        values = {column.name: getattr(row, column.name) for column in Award.__table__.columns}
        values |= {"id": new_id(), "code": new_code(), "state": AwardState.ISSUED, "replaces_id": old.id}
        tx.session.execute(sa.insert(Award), [values])
    page = place.get("/certify/me", "ada").text
    assert "2 certificates" in page
    assert re.findall(r">(Valid|Revoked|Replaced by a newer certificate)<", page) == [
        "Valid",
        "Replaced by a newer certificate",
    ]


def test_the_document_is_a_pdf_and_every_later_download_equals_the_first(place: Place) -> None:
    """R-128, R-136."""
    place.issue()
    path = f"/certify/awards/{place.award_of('ada').id}/certificate.pdf"
    first = place.get(path, "ada")
    assert first.data.startswith(b"%PDF-")
    assert first.headers["Content-Type"] == "application/pdf"
    assert "lovelace" not in first.headers["Content-Disposition"].lower()

    place.host.change_learner(story.RUN, "ada", display_name="Ada King")
    second = place.get(path, story.MIA)
    assert second.data == first.data
    assert second.headers["ETag"] == first.headers["ETag"]


def test_a_download_of_a_document_that_broke_off_goes_on_where_it_stopped(place: Place) -> None:
    """R-133."""
    place.issue()
    path = f"/certify/awards/{place.award_of('ada').id}/certificate.pdf"
    whole = place.get(path, "ada")
    rest = place.get(path, "ada", headers={"Range": "bytes=1000-", "If-Range": whole.headers["ETag"]})
    assert rest.status_code == 206 and whole.data[:1000] + rest.data == whole.data
    assert place.get(path, "ada", headers={"Range": "bytes=1000-", "If-Range": '"old"'}).data == whole.data
    assert place.get(path, "ada", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_the_certificate_is_there_as_a_picture_large_and_small(place: Place) -> None:
    place.issue()
    path = f"/certify/awards/{place.award_of('ada').id}/certificate.png"
    large, small = place.get(path, "ada"), place.get(f"{path}?small", "ada")
    assert [Image.open(io.BytesIO(each.data)).width for each in (large, small)] == [1400, 480]
    assert place.get(path, "ada", headers={"If-None-Match": large.headers["ETag"]}).status_code == 304
    assert large.headers["ETag"] != small.headers["ETag"]


def test_the_page_of_a_learner_shows_the_certificate_to_whoever_opens_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then nothing is printed; looking at it is no download."""
    noted: list[str] = []
    monkeypatch.setattr(learner_views.telemetry, "note", lambda rt, act, **more: noted.append(act))
    place.issue()
    page = place.get("/certify/me", "ada").text
    [look] = re.findall(r"<details>\s*<summary>Look at the certificate.*?</details>", page, re.DOTALL)
    small = re.search(r'<img [^>]*loading="lazy" src="([^"]+)" alt="([^"]+)"', look)
    assert small is not None and small[2]
    assert Image.open(io.BytesIO(place.get(small[1], "ada").data)).width == 480
    assert "download" not in noted
    place.get(f"/certify/awards/{place.award_of('ada').id}/certificate.pdf", "ada")
    assert noted[-1] == "download"
    change_award(place, "ada", state=AwardState.REVOKED)
    assert "Look at the certificate" not in place.get("/certify/me", "ada").text
    assert place.get(small[1], "ada").status_code == 409


def test_a_picture_that_the_browser_has_is_not_drawn_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.issue()
    path = f"/certify/awards/{place.award_of('ada').id}/certificate.png?small=1"
    mark = place.get(path, "ada").headers["ETag"]
    monkeypatch.setattr(images, "png", lambda pdf, width: pytest.fail("drawn again"))
    known = place.get(path, "ada", headers={"If-None-Match": mark})
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", mark)


def test_a_browser_that_has_the_document_is_told_so_and_asks_each_time(place: Place) -> None:
    place.issue()
    path = f"/certify/awards/{place.award_of('ada').id}/certificate.pdf"
    first = place.get(path, "ada")
    assert "no-cache" in first.headers["Cache-Control"] and "private" in first.headers["Cache-Control"]
    again = place.get(path, "ada", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert place.get(path, "ben", headers={"If-None-Match": first.headers["ETag"]}).status_code == 403


def test_the_codes_of_certificates_are_no_way_to_their_documents(place: Place) -> None:
    """R-137."""
    place.issue()
    code = place.award_of("ada").code
    assert place.get(f"/certify/awards/{code}/certificate.pdf", "ada").status_code == 404
