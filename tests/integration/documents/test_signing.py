"""Who signs a certificate: chosen from the file of the issuer, or the template's own."""

import json

import pytest
from flask import Flask

from flask_certify.achievements.service import SignatoryView, get_issuer
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import service as credentials
from flask_certify.documents import saving, signatories
from flask_certify.documents.signatories import (
    SignatoryInUse,
    TooManySignatories,
    UnknownSignatory,
    WrongSignatory,
)
from flask_certify.issuing import printing
from tests.support.documents import read
from tests.support.story import MIA, TOM
from tests.support.templates import SIGNED, attach, award_of, issued, make, on_file, signing
from tests.unit.documents.pages import whole


@pytest.fixture
def rt(site: Flask) -> Runtime:
    return runtime_of(site)


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
