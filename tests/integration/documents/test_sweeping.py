"""Bytes that nobody needs are cleared away by the clock, and never those of anybody who does."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from flask_certify.achievements.service import SignatoryView
from flask_certify.awards.causes import Cause, Why
from flask_certify.core.runtime import Runtime
from flask_certify.core.storage import Blob, get_blob, has_blob, put_blob
from flask_certify.documents import saving, signatories, sweeping, templates
from flask_certify.documents.signatories import SignatureGone
from flask_certify.documents.templates import Page
from flask_certify.extension import DUTIES
from flask_certify.issuing import people, printing
from tests.support.documents import read, signature
from tests.support.story import TOM
from tests.support.templates import SIGNED, attach, issued, make, on_file
from tests.unit.documents.pages import whole

IMAGE = '<div style="left:20mm; top:150mm"><img data-slot="signatory.1.image" style="width:60mm; height:10mm"></div>'
SEAL = '<div style="left:240mm; top:20mm"><img src="seal.png" style="width:20mm; height:7mm"></div>'


def stored(rt: Runtime) -> set[str]:
    with rt.reading() as session:
        return set(session.scalars(sa.select(Blob.sha256)))


def grow_old(rt: Runtime, days: int = 3) -> None:
    """Everything was put down so many days ago."""
    with rt.transaction() as tx:
        tx.session.execute(sa.update(Blob).values(stored_at=rt.clock.now() - timedelta(days=days)))


def put(rt: Runtime, data: bytes) -> str:
    with rt.transaction() as tx:
        return put_blob(tx.session, data, "image/png")


def test_a_picture_that_was_tried_and_never_saved_is_cleared_away_after_some_days(rt: Runtime) -> None:
    """R-254: what is of no use is not kept."""
    tried = put(rt, b"tried and never saved")
    assert sweeping.sweep(rt) == 0 and tried in stored(rt)
    grow_old(rt)
    sweeping.sweep(rt)
    assert tried not in stored(rt)


def test_what_a_template_shows_in_any_of_its_versions_stays(rt: Runtime) -> None:
    """R-020."""
    template_id = make(rt, pages={"en": Page(whole(SEAL), {"seal.png": signature()})})
    saving.save(rt, template_id, {"en": Page(whole("<div>Without a seal</div>"))}, actor=TOM)
    before = stored(rt)
    grow_old(rt)
    sweeping.sweep(rt)
    with rt.reading() as session:
        pages = [templates.get_page(session, each.id) for each in templates.get_template(session, template_id).versions]
    assert [list(each.pictures) for each in pages] == [[], ["seal.png"]] and stored(rt) <= before


def test_certificates_are_printed_as_before_whatever_became_of_signatory_and_template(rt: Runtime) -> None:
    """R-020, R-136: one was printed, one is printed for the first time after its signatory was taken off the file."""
    [meera] = on_file(rt, "Meera Joshi")
    template_id = make(rt, html=whole(SIGNED + IMAGE))
    attach(rt, template_id)
    ada, ben = issued(rt, "ada"), issued(rt, "dev")
    first = printing.get_document(rt, ada.id)
    signatories.take_off_file(rt, "wales", meera, actor=TOM)
    saving.save(rt, template_id, {"en": Page(whole("<div>New</div>"))}, actor=TOM)
    grow_old(rt)
    sweeping.sweep(rt)
    assert printing.get_document(rt, ada.id) == first
    assert "Meera Joshi" in read(printing.get_document(rt, ben.id).data)


def test_what_was_just_let_go_of_stays_for_batches_that_are_under_way(rt: Runtime) -> None:
    [meera] = on_file(rt, "Meera Joshi")
    with rt.reading() as session:
        [found] = signatories.on_file(session, templates.get_by_key(session, "wales", "classic").issuer_id)
    grow_old(rt)
    signatories.take_off_file(rt, "wales", meera, actor=TOM)
    with rt.transaction() as tx:  # the clock of tests stands still; what was touched is younger than the rest
        young = tx.session.scalar(sa.select(Blob.stored_at).where(Blob.sha256 == found.image_sha))
        assert young is not None and young > rt.clock.now() - timedelta(days=3)


def test_what_is_put_down_again_is_young_again(rt: Runtime) -> None:
    """A designer who uploads today what was tried last week can save it tomorrow."""
    again = put(rt, b"once more")
    grow_old(rt, days=400)
    assert put(rt, b"once more") == again
    with rt.reading() as session:
        at = session.scalar(sa.select(Blob.stored_at).where(Blob.sha256 == again))
        assert get_blob(session, again) == b"once more"
    assert at is not None and at > rt.clock.now() - timedelta(days=400)


def test_a_signature_that_was_cleared_away_is_not_named_by_a_template(rt: Runtime) -> None:
    """A form that lay open for days, while somebody else chose another."""
    template_id, gone = make(rt, html=whole(SIGNED)), "0" * 64
    guest = SignatoryView("Guest Speaker", "Visitor", gone)
    with pytest.raises(SignatureGone, match="Choose the file again"):
        saving.settle(rt, template_id, name="Own", language=None, places=(guest,), actor=TOM)


def test_of_a_person_who_was_erased_nothing_stays_that_others_do_not_share(rt: Runtime) -> None:
    """R-254."""
    attach(rt, make(rt))
    award = issued(rt, "ada")
    printing.get_document(rt, award.id)
    before = stored(rt)
    people.erase(rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM)
    grow_old(rt)
    assert sweeping.sweep(rt) > 0 and stored(rt) < before


def test_it_is_done_every_day_by_whoever_leads(rt: Runtime) -> None:
    assert sweeping.UNUSED_BYTES in DUTIES
    with rt.reading() as session:
        assert not has_blob(session, "none")
