"""What is kept in a process is never older than the database: what another process changes is on the next page."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.achievements.models import Issuer
from flask_certify.awards.causes import Cause, Why
from flask_certify.core.current import EXTENSION, runtime_of
from flask_certify.credentials import rotation
from flask_certify.issuing import lifecycle, people
from flask_certify.verification import sharing
from flask_certify.verification.disclosure import Level
from tests.support.certificates import Issued
from tests.support.story import TOM, dispose, make_app

BY_MISTAKE = Why(Cause.ISSUED_IN_ERROR)


@pytest.fixture
def other(campus: Issued) -> Iterator[Issued]:
    """A second process of the same site, as far as anything is kept: another application over the same database."""
    url = campus.rt.engine.url.render_as_string(hide_password=False)
    app = make_app(url, campus.host, clock=campus.clock)
    with app.app_context():
        engine = runtime_of(app).engine
        app.extensions[EXTENSION] = replace(runtime_of(app), find_engine=lambda: engine)
        yield Issued(app, campus.host, campus.clock)
    dispose(app)


def steal_key(other: Issued) -> None:
    [key] = rotation.list_keys(other.rt, "wales")
    rotation.compromise(other.rt, "wales", key.multikey, actor=TOM)


def rename(other: Issued) -> None:
    with other.rt.transaction() as tx:
        tx.session.execute(sa.update(Issuer).values(name="Academy of the West"))


CHANGES: dict[str, tuple[Callable[[Issued, Any], Any], str, bool]] = {
    # what the other does, the answer from then on, and whether the name is still told
    "withdrawn": (lambda o, a: lifecycle.withdraw(o.rt, [a.id], BY_MISTAKE, actor=TOM), "revoked", True),
    "revoked": (lambda o, a: lifecycle.revoke(o.rt, [a.id], BY_MISTAKE, actor=TOM), "revoked", True),
    "replaced": (lambda o, a: o.replace(a.code), "superseded", True),
    "erased": (lambda o, a: people.erase(o.rt, "ada", Why(Cause.HOLDER_REQUEST), actor=TOM), "erased", False),
    "key stolen": (lambda o, a: steal_key(o), "reissue_needed", False),
    "issuer renamed": (lambda o, a: rename(o), "valid", True),
    "less shown": (lambda o, a: sharing.choose_level(o.rt, a.id, Level.INITIALS, actor="ada"), "valid", False),
    "limit set": (lambda o, a: sharing.set_limit(o.rt, "wales", Level.STATUS, actor=TOM), "valid", False),
    "name changed": (lambda o, a: o.freeze(a.code, recipient_name="Ada King"), "altered", False),
}


@pytest.mark.parametrize(("change", "expected", "is_named"), CHANGES.values(), ids=CHANGES)
def test_what_another_process_changed_is_on_the_next_page(
    campus: Issued, other: Issued, change: Callable[[Issued, Any], Any], expected: str, is_named: bool
) -> None:
    """R-141, R-142, R-148"""
    code = campus.issue("ada")
    link = sharing.make_link(campus.rt, campus.award(code).id, Level.FULL, None, actor="ada")
    addresses = (f"/certify/v/{code}", f"/certify/share/{link.token}")
    for _ in range(2):  # the second is made of what the first left
        for address in addresses:
            assert 'data-cf-answer="valid"' in campus.client.get(address).text

    change(other, other.award(code))

    page, shared = (campus.client.get(address).text for address in addresses)
    assert f'data-cf-answer="{expected}"' in page and f'data-cf-answer="{expected}"' in shared
    assert ("Ada Lovelace" in page) is is_named
    assert "Academy of the West" not in page
    assert campus.client.get(f"/certify/v/{code}.json").get_json()["answer"] == expected


def test_what_another_process_gives_back_counts_again_and_a_link_that_it_withdraws_is_over(
    campus: Issued, other: Issued
) -> None:
    """R-148, R-153"""
    code = campus.issue("ada")
    award_id = campus.award(code).id
    link = sharing.make_link(campus.rt, award_id, Level.FULL, None, actor="ada")
    lifecycle.withdraw(other.rt, [award_id], BY_MISTAKE, actor=TOM)
    assert 'data-cf-answer="revoked"' in campus.client.get(f"/certify/share/{link.token}").text

    lifecycle.restore(other.rt, [award_id], BY_MISTAKE, actor=TOM)
    sharing.withdraw_link(other.rt, award_id, link.id, actor="ada")

    assert 'data-cf-answer="valid"' in campus.client.get(f"/certify/v/{code}").text
    assert campus.client.get(f"/certify/share/{link.token}").status_code == 404
