"""What a preview says of the time that SMS take, by page, API and command."""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from flask_certify.achievements.service import ensure_run
from flask_certify.core.current import runtime_of
from flask_certify.host.memory import MemoryHost
from flask_certify.host.ports import HostAway
from flask_certify.host.records import Contact
from flask_certify.issuing import foretelling, previews
from flask_certify.issuing.kinds import BatchKind
from flask_certify.notifications import rules
from tests.support import story
from tests.support.story import MIA, RUN, TOM

FOR_TWO = "2 SMS will take about 6 s on one sender."  # in the longest of the site's languages: three parts each


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    url, sms = f"sqlite:///{tmp_path}/site.db", f"outbox:{tmp_path}/sms"
    with story.opened(url, host, WTF_CSRF_ENABLED=False, CERTIFY_SMS=sms) as app:
        yield app


def look(app: Flask, kind: BatchKind = BatchKind.ISSUE) -> UUID:
    with app.app_context():
        rt = runtime_of(app)
        return previews.look(rt, ensure_run(rt, RUN).id, kind, MIA)


def test_the_page_the_api_and_the_command_say_how_long_the_sms_of_a_preview_take(site: Flask, host: MemoryHost) -> None:
    """R-125: of the three who get a certificate, ada and cy have mobile phones."""
    batch_id, client = look(site), site.test_client()
    host.acting = host.actors[MIA]

    assert FOR_TWO in client.get(f"/certify/batches/{batch_id}").text
    told = client.get(f"/certify/api/v1/batches/{batch_id}").get_json()
    assert told["preview"]["sms"] == {"texts": 2, "seconds": 6, "sentence": FOR_TWO}
    shown = site.test_cli_runner().invoke(args=["certify", "batch", "show", str(batch_id)])
    assert FOR_TWO in shown.output.splitlines()
    as_json = site.test_cli_runner().invoke(args=["certify", "batch", "show", str(batch_id), "--json"])
    assert json.loads(as_json.stdout)["preview"]["sms"]["texts"] == 2


@pytest.mark.parametrize("why", ["switched off", "it was confirmed"])
def test_no_time_is_told_where_no_sms_would_leave_any_more(site: Flask, why: str) -> None:
    """R-125."""
    batch_id = look(site)
    with site.app_context():
        rt = runtime_of(site)
        assert foretelling.sms_plan(rt, batch_id) is not None
        if why == "switched off":
            rules.turn_off(rt, "wales", "issued", "sms", TOM)
        else:
            previews.confirm(rt, batch_id, MIA, notify=True)
        assert foretelling.sms_plan(rt, batch_id) is None


@pytest.mark.parametrize("why", ["nobody has a phone", "the host is away"])
def test_no_time_is_told_where_no_sms_would_leave_or_nobody_can_say(site: Flask, host: MemoryHost, why: str) -> None:
    """R-125."""
    if why == "nobody has a phone":
        host.people.update({ref: Contact(f"{ref}@example.org") for ref in host.people})
    else:
        host.contacts = away  # type: ignore[method-assign]
    batch_id = look(site)
    with site.app_context():
        assert foretelling.sms_plan(runtime_of(site), batch_id) is None


def away(learner_refs: Collection[str]) -> Mapping[str, Any]:
    raise HostAway()


def test_the_host_is_asked_for_contacts_once_in_pages_however_often_the_preview_is_opened(
    site: Flask, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-125, R-249."""
    monkeypatch.setattr(foretelling, "PAGE", 2)
    asked, ask = list[int](), host.contacts

    def count(learner_refs: Collection[str]) -> Mapping[str, Contact]:
        asked.append(len(learner_refs))
        return ask(learner_refs)

    host.contacts = count  # type: ignore[method-assign]
    batch_id = look(site)
    with site.app_context():
        plans = [foretelling.sms_plan(runtime_of(site), batch_id) for _ in range(3)]
    assert [plan and plan.texts for plan in plans] == [2, 2, 2]
    assert asked == [2, 1]
