"""Every route of ours in one table with who may open it (R-251), and a walk through all of it on a real application.

Ada holds a certificate of the run `physics-1` of the tenant Wales; Ben learns beside her. Mia mentors the run, Ian
another run of the same tenant, Max one of the neighbouring tenant. Amy is the author of the course, Tom the tenant's
admin, Nia the neighbour's, Sue is support.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask import Flask

from flask_certify.awards.models import Award
from flask_certify.core.api import METHODS
from flask_certify.core.current import runtime_of
from flask_certify.credentials.models import Credential
from flask_certify.documents import templates
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Actor, Role
from flask_certify.issuing import bulk, bundles, corrections
from tests.support import story

PEOPLE = ("stranger", "ada", "ben", "ian", "max", "mia", "amy", "tom", "nia", "sue")
EVERYBODY = frozenset(PEOPLE)
LOGGED_IN = EVERYBODY - {"stranger"}
STAFF = frozenset({"mia", "tom", "sue"})
AUTHORS, CORRECTORS = frozenset({"tom", "amy"}), frozenset({"tom", "sue"})


@dataclass(frozen=True)
class Door:
    """An address, who may open it, and what they then get. All others get 403, a stranger 401."""

    path: str
    open_to: frozenset[str]
    status: int = 200
    json: Mapping[str, object] | None = None  # what is sent


DOORS: Mapping[tuple[str, str], Door] = {
    # The mentor's screens.
    ("GET", "certify.run_by_ref"): Door("/runs/by-ref?ref=physics-1", STAFF | {"amy"}, 302),
    ("GET", "certify.dashboard"): Door("/runs/{run}", STAFF | {"amy"}),
    ("GET", "certify.report"): Door("/runs/{run}/report.csv", STAFF | {"amy"}),
    ("GET", "certify.issue"): Door("/runs/{run}/issue", STAFF),
    ("POST", "certify.post_batch"): Door("/runs/{run}/batches", STAFF, 422),
    ("POST", "certify.confirm_batch"): Door("/batches/{batch}/confirm", STAFF, 303),
    ("POST", "certify.pause_batch"): Door("/batches/{batch}/pause", STAFF, 409),
    ("POST", "certify.resume_batch"): Door("/batches/{batch}/resume", STAFF, 409),
    ("POST", "certify.stop_batch"): Door("/batches/{batch}/stop", STAFF, 409),
    ("POST", "certify.retry_batch"): Door("/batches/{batch}/retry", STAFF, 409),
    ("GET", "certify.batch_learners"): Door("/batches/{batch}/learners.csv", STAFF | {"amy"}),
    ("GET", "certify.failures"): Door("/runs/{run}/failures", STAFF),
    ("GET", "certify.failures_csv"): Door("/runs/{run}/failures.csv", STAFF),
    ("GET", "certify.batch"): Door("/batches/{batch}", STAFF | {"amy"}),
    ("GET", "certify.batch_json"): Door("/batches/{batch}.json", STAFF | {"amy"}),
    ("GET", "certify.download"): Door("/runs/{run}/download", STAFF),
    ("POST", "certify.post_download"): Door("/runs/{run}/download", STAFF, 303),
    ("GET", "certify.bundle"): Door("/bundles/{bundle}", STAFF),
    ("GET", "certify.bundle_json"): Door("/bundles/{bundle}.json", STAFF),
    ("GET", "certify.bundle_manifest"): Door("/bundles/{bundle}/manifest.json", STAFF),
    ("GET", "certify.bundle_part"): Door("/bundles/{bundle}/1.zip", STAFF),
    # What learners are told.
    ("GET", "certify.messages"): Door("/messages/wales", CORRECTORS),
    ("GET", "certify.message_text"): Door("/messages/wales/texts/issued/en", CORRECTORS),
    ("POST", "certify.post_message_text"): Door("/messages/wales/texts/issued/en", CORRECTORS, 422),
    ("POST", "certify.post_message_rules"): Door("/messages/wales/rules", CORRECTORS, 303),
    ("GET", "certify.message_switch"): Door("/messages/wales/switches/issued/sms", CORRECTORS),
    ("POST", "certify.post_message_switch"): Door("/messages/wales/switches/issued/sms", CORRECTORS, 303),
    ("GET", "certify.run_messages"): Door("/runs/{run}/messages", STAFF),
    ("POST", "certify.post_run_messages"): Door("/runs/{run}/messages", CORRECTORS, 409),
    # Reports of providers carry a signature, links in emails a seal: without one nobody gets in.
    ("POST", "certify.sms_status"): Door("/hooks/sms/status", EVERYBODY, 404),
    ("POST", "certify.sms_reply"): Door("/hooks/sms/reply", EVERYBODY, 404),
    ("POST", "certify.mail_report"): Door("/hooks/mail", EVERYBODY, 404),
    ("GET", "certify.stop"): Door("/stop/nobody", EVERYBODY, 404),
    ("POST", "certify.post_stop"): Door("/stop/nobody", EVERYBODY, 404),
    # The designer's.
    ("GET", "certify.templates"): Door("/templates/wales", AUTHORS),
    ("POST", "certify.post_templates"): Door("/templates/wales", AUTHORS, 303),
    ("GET", "certify.new_template"): Door("/templates/wales/new", AUTHORS),
    ("POST", "certify.post_new_template"): Door("/templates/wales/new", AUTHORS, 422),
    ("GET", "certify.template"): Door("/templates/wales/{template}", AUTHORS),
    ("POST", "certify.post_template"): Door("/templates/wales/{template}", AUTHORS, 422),
    ("POST", "certify.post_template_settings"): Door("/templates/wales/{template}/settings", AUTHORS, 422),
    ("GET", "certify.template_file"): Door("/templates/wales/{template}/template.zip", AUTHORS),
    ("GET", "certify.template_picture"): Door("/templates/wales/{template}/picture.png", AUTHORS),
    # The learner's. What each finds on the first page is their own.
    ("GET", "certify.me"): Door("/me", LOGGED_IN),
    ("GET", "certify.document"): Door("/awards/{award}/certificate.pdf", STAFF | {"ada"}),
    ("GET", "certify.credential"): Door("/awards/{award}/credential/open-badge.json", STAFF | {"ada"}),
    ("GET", "certify.picture"): Door("/awards/{award}/certificate.png", STAFF | {"ada"}),
    ("GET", "certify.correction"): Door("/awards/{award}/correction", frozenset({"ada"})),
    ("POST", "certify.post_correction"): Door("/awards/{award}/correction", frozenset({"ada"}), 422),
    ("POST", "certify.confirm_correction"): Door("/awards/{award}/correction/confirm", frozenset({"ada"}), 409),
    ("POST", "certify.post_own"): Door("/runs/{run}/own", frozenset({"ada", "ben"}), 409),
    ("GET", "certify.sharing"): Door("/awards/{award}/sharing", frozenset({"ada"})),
    ("POST", "certify.post_level"): Door("/awards/{award}/sharing/level", frozenset({"ada"}), 422),
    ("POST", "certify.post_link"): Door("/awards/{award}/sharing/links", frozenset({"ada"}), 422),
    ("POST", "certify.withdraw_link"): Door("/awards/{award}/sharing/links/{share}/withdraw", frozenset({"ada"}), 404),
    # The API: what is open to somebody is asked before what was sent is read.
    ("GET", "certify_api.find_run"): Door("/api/v1/runs?ref=physics-1", STAFF | {"amy"}),
    ("GET", "certify_api.list_criteria"): Door("/api/v1/runs/{run}/criteria", LOGGED_IN),
    ("GET", "certify_api.list_attachments"): Door("/api/v1/runs/{run}/attachments", STAFF | {"amy"}),
    ("GET", "certify_api.list_steps"): Door("/api/v1/runs/{run}/attachments/history", STAFF | {"amy"}),
    ("POST", "certify_api.attach_first"): Door("/api/v1/runs/{run}/attachments", AUTHORS, 422),
    ("POST", "certify_api.attach_more"): Door("/api/v1/runs/{run}/attachments/add", AUTHORS, 422),
    ("POST", "certify_api.preview"): Door("/api/v1/runs/{run}/attachments/preview", AUTHORS, 422),
    ("PUT", "certify_api.update_attachment"): Door("/api/v1/runs/{run}/attachments/{attachment}", AUTHORS, 422),
    ("DELETE", "certify_api.remove_attachment"): Door("/api/v1/runs/{run}/attachments/{attachment}", AUTHORS, 409),
    ("POST", "certify_api.issue_certificates"): Door("/api/v1/runs/{run}/issue", STAFF, 422, {"learners": []}),
    # Whoever learns there is told that this run is not one in which learners ask themselves.
    ("POST", "certify_api.issue_own"): Door("/api/v1/runs/{run}/own", frozenset({"ada", "ben"}), 409),
    ("POST", "certify_api.reissue_certificates"): Door("/api/v1/runs/{run}/reissue", STAFF, 422),
    ("GET", "certify_api.explain"): Door("/api/v1/runs/{run}/explanation?learner=ben", STAFF),
    ("POST", "certify_api.simulate"): Door("/api/v1/runs/{run}/simulation", AUTHORS, 422),
    ("GET", "certify_api.review"): Door("/api/v1/runs/{run}/review?queue=eligible_not_issued", STAFF),
    ("GET", "certify_api.list_failures"): Door("/api/v1/runs/{run}/failures", STAFF),
    ("POST", "certify_api.look_at_batch"): Door("/api/v1/runs/{run}/batches", STAFF, 422, {"kind": "nothing"}),
    ("GET", "certify_api.list_learners"): Door("/api/v1/batches/{batch}/learners", STAFF | {"amy"}),
    ("POST", "certify_api.confirm_batch"): Door("/api/v1/batches/{batch}/confirm", STAFF, 422),
    ("POST", "certify_api.pause_batch"): Door("/api/v1/batches/{batch}/pause", STAFF, 409),
    ("POST", "certify_api.resume_batch"): Door("/api/v1/batches/{batch}/resume", STAFF, 409),
    ("POST", "certify_api.stop_batch"): Door("/api/v1/batches/{batch}/stop", STAFF, 409),
    ("POST", "certify_api.retry_batch"): Door("/api/v1/batches/{batch}/retry", STAFF, 409),
    ("GET", "certify_api.get_batch"): Door("/api/v1/batches/{batch}", STAFF | {"amy"}),
    ("POST", "certify_api.get_forecast"): Door("/api/v1/runs/{run}/bundles/forecast", STAFF, 422, {"learners": []}),
    ("POST", "certify_api.open_bundle"): Door("/api/v1/runs/{run}/bundles", STAFF, 422, {"learners": []}),
    ("GET", "certify_api.get_bundle"): Door("/api/v1/bundles/{bundle}", STAFF),
    ("POST", "certify_api.allow"): Door("/api/v1/runs/{run}/allowlist", CORRECTORS, 422),
    ("POST", "certify_api.disallow"): Door("/api/v1/runs/{run}/allowlist/remove", CORRECTORS, 422),
    ("POST", "certify_api.invalidate"): Door("/api/v1/runs/{run}/invalidations", CORRECTORS, 422),
    ("POST", "certify_api.lift"): Door("/api/v1/runs/{run}/invalidations/lift", CORRECTORS, 422),
    ("POST", "certify_api.set_date"): Door("/api/v1/runs/{run}/dates", CORRECTORS, 422),
    ("POST", "certify_api.clear_date"): Door("/api/v1/runs/{run}/dates/clear", CORRECTORS, 422),
    ("GET", "certify_api.list_exceptions"): Door("/api/v1/runs/{run}/exceptions?learner=ben", CORRECTORS),
    ("POST", "certify_api.ask_for_correction"): Door("/api/v1/awards/{award}/correction", frozenset({"ada"}), 422),
    ("GET", "certify_api.list_corrections"): Door("/api/v1/runs/{run}/corrections", STAFF),
    ("GET", "certify_api.get_correction"): Door("/api/v1/corrections/{correction}", STAFF),
    ("POST", "certify_api.confirm_correction"): Door("/api/v1/corrections/{correction}/confirm", STAFF | {"ada"}, 409),
    ("POST", "certify_api.complete_correction"): Door("/api/v1/corrections/{correction}/reissue", STAFF, 409),
    ("POST", "certify_api.refuse_correction"): Door("/api/v1/corrections/{decided}/refuse", STAFF, 409),
    ("POST", "certify_api.retry_failures"): Door("/api/v1/runs/{run}/failures/retry", STAFF, 422, {"failures": []}),
    ("GET", "certify_api.list_oddities"): Door("/api/v1/runs/{run}/oddities", STAFF),
    ("POST", "certify_api.withdraw"): Door("/api/v1/awards/{award}/withdraw", CORRECTORS, 422),
    ("POST", "certify_api.restore"): Door("/api/v1/awards/{award}/restore", CORRECTORS, 422),
    ("POST", "certify_api.revoke"): Door("/api/v1/awards/{award}/revoke", CORRECTORS, 422),
    ("POST", "certify_api.undo"): Door("/api/v1/awards/{award}/undo", STAFF, 422),
    ("GET", "certify_api.list_texts"): Door("/api/v1/issuers/wales/texts", CORRECTORS),
    ("GET", "certify_api.get_text"): Door("/api/v1/issuers/wales/texts/issued/en", CORRECTORS),
    ("PUT", "certify_api.save_text"): Door("/api/v1/issuers/wales/texts/issued/en", CORRECTORS, 422),
    ("DELETE", "certify_api.put_text_back"): Door("/api/v1/issuers/wales/texts/issued/en", CORRECTORS),
    ("GET", "certify_api.get_rules"): Door("/api/v1/issuers/wales/message-rules", CORRECTORS),
    ("PUT", "certify_api.set_rules"): Door("/api/v1/issuers/wales/message-rules", CORRECTORS, json={}),
    ("GET", "certify_api.get_switch"): Door("/api/v1/issuers/wales/switches/issued/sms", CORRECTORS),
    ("PUT", "certify_api.set_switch"): Door("/api/v1/issuers/wales/switches/issued/sms", CORRECTORS, 422),
    ("GET", "certify_api.list_messages"): Door("/api/v1/runs/{run}/messages", STAFF),
    ("POST", "certify_api.decide"): Door("/api/v1/runs/{run}/messages/decide", CORRECTORS, 422),
    ("POST", "certify_api.preview_text"): Door("/api/v1/issuers/wales/texts/issued/en/preview", CORRECTORS, 422),
    ("GET", "certify_api.get_disclosure"): Door("/api/v1/issuers/wales/disclosure", frozenset({"tom"})),
    ("PUT", "certify_api.set_disclosure"): Door("/api/v1/issuers/wales/disclosure", frozenset({"tom"}), 422),
    ("GET", "certify_api.list_templates"): Door("/api/v1/tenants/wales/templates", AUTHORS),
    ("POST", "certify_api.make_template"): Door("/api/v1/tenants/wales/templates", AUTHORS, 422),
    ("POST", "certify_api.check_template"): Door("/api/v1/tenants/wales/templates/check", AUTHORS, 422),
    ("POST", "certify_api.import_template"): Door("/api/v1/tenants/wales/templates/import", AUTHORS, 422),
    ("GET", "certify_api.get_template"): Door("/api/v1/templates/{template}", AUTHORS),
    ("PUT", "certify_api.settle_template"): Door("/api/v1/templates/{template}", AUTHORS, 422),
    ("DELETE", "certify_api.delete_template"): Door("/api/v1/templates/{template}", AUTHORS, 409),
    ("POST", "certify_api.save_template"): Door("/api/v1/templates/{template}/versions", AUTHORS, 422),
    ("POST", "certify_api.retire_template"): Door("/api/v1/templates/{template}/retire", AUTHORS),
    ("POST", "certify_api.take_up_template"): Door("/api/v1/templates/{template}/take-up", AUTHORS),
    ("GET", "certify_api.export_template"): Door("/api/v1/templates/{template}/file", AUTHORS),
    ("GET", "certify_api.list_signatories"): Door("/api/v1/tenants/wales/signatories", AUTHORS),
    ("POST", "certify_api.add_signatory"): Door("/api/v1/tenants/wales/signatories", AUTHORS, 422),
    ("DELETE", "certify_api.remove_signatory"): Door("/api/v1/tenants/wales/signatories/{attachment}", AUTHORS, 404),
    ("GET", "certify_api.get_verdict"): Door("/api/v1/verify?code={code}", EVERYBODY),
    ("GET", "certify_api.get_openapi"): Door("/api/v1/openapi.json", EVERYBODY),
    **{(method, "certify_api.get_nothing"): Door("/api/v1/nothing", EVERYBODY, 404) for method in METHODS},
    # For programs that watch. Figures are for whoever knows the token, and none is set here.
    ("GET", "certify.healthz"): Door("/healthz", EVERYBODY),
    ("GET", "certify.readyz"): Door("/readyz", EVERYBODY),
    ("GET", "certify.metrics"): Door("/metrics", EVERYBODY, 404),
    # Open to the world.
    ("GET", "certify.verify"): Door("/verify", EVERYBODY),
    ("POST", "certify.post_verify"): Door("/verify", EVERYBODY, 422),  # an empty file holds no certificate
    ("GET", "certify.shared"): Door("/share/{token}", EVERYBODY, 404),  # a link that nobody made
    ("GET", "certify.shared_document"): Door("/share/{token}/certificate.pdf", EVERYBODY, 404),
    ("GET", "certify.older_badge_extension"): Door("/ob2/certificate/context.json", EVERYBODY),
    ("GET", "certify.older_badge_picture"): Door("/wales/ob2/badge.png", EVERYBODY),
    ("GET", "certify.older_badge_issuer"): Door("/wales/ob2/issuer.json", EVERYBODY),
    ("GET", "certify.older_badge_key"): Door("/wales/ob2/keys/{token}/key.json", EVERYBODY, 404),  # nobody has it
    ("GET", "certify.older_badge_by_key"): Door("/wales/ob2/keys/{token}/{badge}/badge.json", EVERYBODY, 404),
    ("GET", "certify.older_badge"): Door("/wales/ob2/{badge}/assertion.json", EVERYBODY),
    ("GET", "certify.certificate"): Door("/v/{code}", EVERYBODY),
    ("GET", "certify.certificate_in_capitals"): Door("/V/{code}", EVERYBODY),
    ("GET", "certify.did_document"): Door("/wales/did.json", EVERYBODY),
    ("GET", "certify.status_list"): Door("/wales/status/1", EVERYBODY),
    ("GET", "certify.static"): Door("/static/certify.css", EVERYBODY),
}


@dataclass
class Place:
    """The application, and what the gaps of the addresses are filled with."""

    app: Flask
    host: MemoryHost
    gaps: Mapping[str, object]

    def status(self, who: str, method: str, path: str, json: Mapping[str, object] | None = None) -> int:
        """What the person gets there."""
        self.host.acting = None if who == "stranger" else self.host.actors[who]
        with self.app.test_client() as client, client.open("/certify" + path, method=method, json=json) as answer:
            return answer.status_code


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("access")
    host = _host()
    app = story.make_app(
        f"sqlite:///{folder / 'host.db'}", host, WTF_CSRF_ENABLED=False, CERTIFY_FILES=str(folder / "files")
    )
    with app.app_context():
        rt = runtime_of(app)
        story.set_up(rt)
        batch = bulk.issue_and_wait(rt, story.RUN, story.MIA, notify=False, patience=20)
        with rt.reading() as session:
            award = session.scalars(sa.select(Award).where(Award.learner_ref == "ada")).one()
            name = session.scalars(sa.select(Credential.credential_id).where(Credential.award_id == award.id)).one()
            template = templates.get_by_key(session, "wales", "modern").id
        bundle = bundles.open_bundle(rt, batch.run_id, story.MIA)
        bundles.pack_and_wait(rt, bundle, patience=20)
        corrected = [corrections.file(rt, award.id, "Ada King", learner_ref="ada", actor="ada")]
        corrections.refuse(rt, corrected[0], actor=story.TOM)
        corrected.append(corrections.file(rt, award.id, "Ada King", learner_ref="ada", actor="ada"))
    gaps = {"decided": corrected[0], "correction": corrected[1]}
    gaps |= {"run": batch.run_id, "batch": batch.id, "award": award.id, "code": award.code, "bundle": bundle}
    gaps |= {"template": template, "attachment": uuid4(), "share": uuid4(), "token": "x" * 43}
    yield Place(app, host, gaps | {"badge": name.removeprefix("urn:uuid:")})
    story.dispose(app)


def _host() -> MemoryHost:
    host = story.make_host()
    host.add_actor(Actor("ian", "Ian"), "wales", Role.MENTOR)
    host.add_actor(Actor("amy", "Amy"), "wales", Role.AUTHOR)
    return host


def test_every_route_of_ours_stands_in_the_table_and_every_line_of_it_is_a_route(place: Place) -> None:
    routes = {
        (method, rule.endpoint)
        for rule in place.app.url_map.iter_rules()
        if rule.endpoint.startswith(("certify.", "certify_api."))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == set(DOORS)


@pytest.mark.parametrize(("method", "endpoint"), DOORS, ids=lambda word: word)
def test_a_door_opens_to_those_in_the_table_and_to_nobody_else(place: Place, method: str, endpoint: str) -> None:
    door = DOORS[method, endpoint]
    path = door.path.format(**place.gaps)
    expected = {who: door.status if who in door.open_to else 403 for who in PEOPLE}
    if "stranger" not in door.open_to:
        expected["stranger"] = 401
    assert {who: place.status(who, method, path, door.json) for who in PEOPLE} == expected


WITH_IDS = [
    each
    for each, door in DOORS.items()
    if any(
        gap in door.path
        for gap in ("{run}", "{batch}", "{award}", "{bundle}", "{template}", "{correction}", "{decided}")
    )
]


@pytest.mark.parametrize(("method", "endpoint"), WITH_IDS, ids=lambda word: word)
def test_an_id_that_nobody_has_leads_nowhere(place: Place, method: str, endpoint: str) -> None:
    """Also for those who may open every door of their tenant; a stranger does not even learn that it is wrong."""
    gaps = {name: uuid4() for name in ("run", "batch", "award", "attachment", "bundle", "template", "share")}
    gaps |= {"correction": uuid4(), "decided": uuid4()}
    path = DOORS[method, endpoint].path.format(**gaps)
    assert place.status(story.TOM, method, path) == 404
    assert place.status("stranger", method, path) == 401


def test_the_author_of_another_tenants_course_is_a_stranger_to_this_one(place: Place) -> None:
    place.host.add_actor(Actor("art", "Art"), "devon", Role.AUTHOR)
    doors = [
        door
        for (method, _), door in DOORS.items()
        if "{run}" in door.path and method == "GET" and door.open_to < LOGGED_IN
    ]
    assert {place.status("art", "GET", door.path.format(**place.gaps)) for door in doors} == {403}
