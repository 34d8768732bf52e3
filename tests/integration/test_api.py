"""The API: the same services as everywhere, validated by the document that it serves."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_certify.achievements.service import ensure_run
from flask_certify.core.current import runtime_of
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Pacing
from flask_certify.issuing import bulk
from tests.support import story
from tests.support.story import MAX, MIA, OTHER_RUN, RUN, SUE, TOM

V1 = "/certify/api/v1"
WHOLE = {"all": [{"progress": "100"}]}


class Caller:
    """Somebody at the API, about the run that is told of."""

    def __init__(self, app: Flask, host: MemoryHost) -> None:
        self.app, self.host = app, host
        self.client: FlaskClient = app.test_client()
        with app.app_context():
            self.run = f"/runs/{ensure_run(runtime_of(app), RUN).id}"

    def __call__(self, who: str, method: str, path: str, *, status: int = 200, **json: Any) -> Any:
        self.host.acting = self.host.actors[who]
        answer: TestResponse = self.client.open(V1 + path, method=method, json=json or None)
        assert answer.status_code == status, answer.text
        return answer.get_json()


@pytest.fixture
def site(tmp_path: Any, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path}/site.db", host, WTF_CSRF_ENABLED=False) as app:
        yield app


@pytest.fixture
def call(site: Flask, host: MemoryHost) -> Caller:
    return Caller(site, host)


def by_learner(told: Any) -> dict[str, str]:
    return {each["learner"]: each["result"] for each in told["outcomes"]}


# ---- attaching -------------------------------------------------------------------------------------


def test_a_certificate_is_attached_changed_and_removed(call: Caller, host: MemoryHost) -> None:
    """R-001 to R-007, R-013: with a preview whose confirmation is asked for."""
    host.add_run(replace(host.runs[RUN], run_ref="physics-2", author_ref=TOM))
    run = f"/runs/{call(TOM, 'GET', '/runs?ref=physics-2')['id']}/attachments"
    template_id = call(TOM, "GET", f"{call.run}/attachments")["attachments"][0]["template_id"]
    seen = call(TOM, "POST", f"{run}/preview", template_id=template_id)
    terms = {"template_id": template_id, "rule": WHOLE, "confirmation": seen["confirmation"], "reason": "new"}
    made = call(TOM, "POST", run, status=201, **terms)
    [one] = made["attachments"]
    assert (one["rule"], one["criteria"][0]) == (WHOLE, "The whole course is done.")
    again = call(TOM, "POST", run, status=409, **terms)
    assert again == {"code": "attachment.exists", "sentence": "This course already has a certificate attached to it."}
    overlap = call(TOM, "POST", f"{run}/add", status=422, **terms)
    assert overlap["code"] == "attachment.overlap"
    changed = call(TOM, "PUT", f"{run}/{one['id']}", **{**terms, "rule": {"progress": "90"}})
    assert changed["notices"][0]["code"] == "attachment.later_only"
    now = changed["attachments"][0]["id"]
    call(TOM, "DELETE", f"{run}/{now}")
    steps = call(TOM, "GET", f"{run}/history")
    assert [(each["id"], each["replaces_id"], each["attached_by"]) for each in steps] == [
        (now, one["id"], TOM),
        (one["id"], None, TOM),
    ]
    assert sorted(steps[1]["versions"]) == sorted(seen["versions"].values()) and steps[0]["detached_by"] == TOM
    gone = call(TOM, "DELETE", f"{run}/{now}", status=409)
    assert gone["sentence"] == "This course does not have a certificate attached to it."


def test_a_course_default_needs_permission_in_every_run_of_the_course(call: Caller, host: MemoryHost) -> None:
    """R-029, D-01: a manager of one run cannot alter what belongs to another tenant."""
    [template_id, *_] = [each["template_id"] for each in call(TOM, "GET", f"{call.run}/attachments")["attachments"]]
    seen = call(TOM, "POST", f"{call.run}/attachments/preview", template_id=template_id)
    terms = {"template_id": template_id, "rule": WHOLE, "confirmation": seen["confirmation"]}
    call(TOM, "POST", f"{call.run}/attachments?level=course", status=201, **terms)
    assert len(call(TOM, "GET", f"{call.run}/attachments?level=course")["attachments"]) == 1
    refused = call(MAX, "POST", f"{call.run}/attachments?level=course", status=403, **terms)
    assert refused["code"] == "forbidden"
    with call.app.app_context():
        ships = f"/runs/{ensure_run(runtime_of(call.app), OTHER_RUN).id}"
    assert call("nia", "POST", f"{ships}/attachments/preview", status=404, template_id=template_id)["code"]


def test_a_confirmation_of_something_else_and_a_rule_nobody_knows_are_refused(call: Caller) -> None:
    """R-013, R-025."""
    [one, *_] = call(TOM, "GET", f"{call.run}/attachments")["attachments"]
    terms = {"template_id": one["template_id"], "rule": WHOLE, "confirmation": "seen long ago"}
    path = f"{call.run}/attachments/{one['id']}"
    assert call(TOM, "PUT", path, status=409, **terms)["code"] == "attachment.changed_since"
    wealthy = call(TOM, "PUT", path, status=422, **{**terms, "rule": {"wealth": "1"}})
    assert wealthy["code"] == "rule.unknown_operator"


def test_learners_read_the_criteria_of_a_run(call: Caller) -> None:
    """R-027."""
    assert [each["achievement"] for each in call("ben", "GET", f"{call.run}/criteria")] == [
        "completion",
        "achievement",
    ]


# ---- issuing and after -----------------------------------------------------------------------------


def test_every_listed_learner_is_handled_and_answered(call: Caller) -> None:
    """R-091, R-099."""
    wanted = ["ada", "ben", "nobody", "ada"]
    told = call(MIA, "POST", f"{call.run}/issue", learners=wanted, notify=False)
    assert by_learner(told) == {"ada": "issued", "ben": "declined", "nobody": "declined"}
    assert told["outcomes"][2]["reasons"][0]["code"] == "learner_unknown"
    again = call(MIA, "POST", f"{call.run}/issue", learners=wanted)
    assert by_learner(again)["ada"] == "already"


def test_a_whole_run_is_issued_to_in_the_background(call: Caller) -> None:
    """R-091, R-127."""
    batch_id = call(MIA, "POST", f"{call.run}/issue", notify=False)["batch_id"]
    assert call(MIA, "GET", f"/batches/{batch_id}")["state"] == "planning"
    assert call(MIA, "POST", f"{call.run}/issue", status=409, notify=False)["code"] == "batch.under_way"


def test_a_learner_of_a_self_paced_run_asks_for_their_own_certificate_and_nobody_elses(
    call: Caller, host: MemoryHost
) -> None:
    """R-068, R-073: when the pacing changes, so does this; and it is decided upon as ever."""
    refused = call("ada", "POST", f"{call.run}/own", status=409)
    assert refused["code"] == "own.not_on_request"
    host.add_run(replace(host.runs[RUN], pacing=Pacing.SELF))
    assert by_learner(call("ada", "POST", f"{call.run}/own")) == {"ada": "issued"}
    assert by_learner(call("ada", "POST", f"{call.run}/own")) == {"ada": "already"}
    told = call("ben", "POST", f"{call.run}/own")["outcomes"][0]
    assert (told["result"], told["reasons"][0]["code"]) == ("declined", "progress_below")
    assert call("eve", "POST", f"{call.run}/own", status=403)["code"] == "forbidden"
    host.add_run(replace(host.runs[RUN], pacing=Pacing.INSTRUCTOR))
    call("cy", "POST", f"{call.run}/own", status=409)


def test_a_certificate_is_replaced_taken_back_and_brought_back(call: Caller) -> None:
    """R-098, R-100, R-103, R-111."""
    call(MIA, "POST", f"{call.run}/issue", learners=["ada", "cy"], notify=False)
    told = call(MIA, "POST", f"{call.run}/reissue", learners=["ada"], reason="name_corrected", notify=False)
    new = told["outcomes"][0]
    assert new["result"] == "reissued"
    undone = call(MIA, "POST", f"/awards/{new['award_id']}/undo", reason="mistaken_reissue")
    assert (undone["state"], undone["id"] != new["award_id"]) == ("issued", True)
    award = f"/awards/{undone['id']}"
    assert call(TOM, "POST", f"{award}/withdraw", reason="under_review")["state"] == "withdrawn"
    assert call(TOM, "POST", f"{award}/restore", reason="review_ended", note="all is well")["state"] == "issued"
    assert call(TOM, "POST", f"{award}/revoke", reason="issued_in_error")["state"] == "revoked"
    assert call(TOM, "POST", f"{award}/restore", status=409, reason="other")["code"] == "award.illegal_move"
    assert call(TOM, "POST", f"{award}/revoke", status=422, reason="a whim")["code"] == "http.422"


def test_exceptions_are_made_and_ended(call: Caller) -> None:
    """R-079, R-082, R-186."""
    listed = {"learners": ["ben"], "reason": "exception"}
    assert call(TOM, "POST", f"{call.run}/allowlist", **listed)["done"] == ["ben"]
    again = call(TOM, "POST", f"{call.run}/allowlist", **listed)
    assert again["refused"] == {"ben": "exception.already_listed"}
    assert call(TOM, "POST", f"{call.run}/allowlist/remove", **listed)["done"] == ["ben"]
    call(MIA, "POST", f"{call.run}/issue", learners=["ada"], notify=False)
    invalid = {"learners": ["ada"], "reason": "misconduct"}
    assert call(TOM, "POST", f"{call.run}/invalidations", **invalid)["done"] == ["ada"]
    assert call(TOM, "POST", f"{call.run}/invalidations/lift", **invalid)["done"] == ["ada"]


def test_another_date_is_set_and_taken_back_and_both_are_kept(call: Caller) -> None:
    """R-089."""
    call(MIA, "POST", f"{call.run}/issue", learners=["ada"], notify=False)
    order = {"learner": "ada", "reason": "content_corrected", "note": "the ceremony"}
    made = call(TOM, "POST", f"{call.run}/dates", status=201, shown_on="2024-02-29", **order)
    assert (made["kind"], made["shown_on"], made["made_by"], made["ended_at"]) == ("date", "2024-02-29", TOM, None)
    ended = call(TOM, "POST", f"{call.run}/dates/clear", **order)
    assert (ended["id"], ended["ended_by"], ended["ended_reason"]) == (made["id"], TOM, "content_corrected")
    assert call(TOM, "GET", f"{call.run}/exceptions?learner=ada") == [ended]
    assert call(TOM, "POST", f"{call.run}/dates/clear", status=409, **order)["code"] == "exception.no_date"
    wrong = call(TOM, "POST", f"{call.run}/dates", status=422, shown_on="2026-02-29", **order)
    assert wrong["fields"] == {"json": {"shown_on": ["Not a valid date."]}}
    ancient = call(TOM, "POST", f"{call.run}/dates", status=422, shown_on="0001-01-01", **order)
    assert ancient["code"] == "exception.wrong_day"
    no_reason = call(TOM, "POST", f"{call.run}/dates", status=422, learner="ada", shown_on="2026-05-31")
    assert "reason" in no_reason["fields"]["json"]


def test_questions_are_answered(call: Caller, host: MemoryHost) -> None:
    """R-085, R-149, R-178, R-185, R-187."""
    host.change_learner(RUN, "cy", display_name=None)
    call(MIA, "POST", f"{call.run}/issue", learners=["ada", "ben", "cy"], notify=False)
    why = call(SUE, "GET", f"{call.run}/explanation?learner=ben")
    assert [each["code"] for each in why["reasons"]] == ["progress_below"]
    rules = {"version": 1, "attachments": [{"achievement": "completion", "rule": {"progress": "70"}}]}
    assert call(TOM, "POST", f"{call.run}/simulation", **rules)["lose"] == []
    assert call(SUE, "GET", f"{call.run}/failures")[0]["code"] == "name.missing"
    assert call(SUE, "GET", f"{call.run}/review?queue=issued_not_eligible") == {"learners": [], "count": 0}
    ada = call(SUE, "GET", f"{call.run}/explanation?learner=ada")["certificate"]
    assert call("ben", "GET", f"/verify?code={ada}")["answer"] == "valid"


# ---- the frame -------------------------------------------------------------------------------------


def test_every_error_is_a_code_and_a_sentence_and_the_hosts_error_pages_stay_its_own(call: Caller) -> None:
    wrong = call(MIA, "POST", f"{call.run}/issue", status=422, learners="ada")
    assert (wrong["code"], wrong["fields"]) == ("http.422", {"json": {"learners": ["Not a valid list."]}})
    unheard = call(MIA, "POST", f"{call.run}/issue", status=422, learners=["ada"], colour="red")
    assert unheard["fields"] == {"json": {"colour": ["Unknown field."]}}
    assert call(MIA, "GET", "/nowhere", status=404)["code"] == "api.no_such_operation"
    assert call(MIA, "PATCH", call.run, status=404)["code"] == "api.no_such_operation"
    assert call.client.get("/nowhere").content_type.startswith("text/html")
    page = call.client.post(V1 + call.run + "/issue", data="{", content_type="application/json")
    assert (page.status_code, page.get_json()["code"]) == (400, "http.400")


def test_the_document_is_openapi_and_says_something_about_every_operation(call: Caller) -> None:
    document = call.client.get(f"{V1}/openapi.json").get_json()
    assert document["openapi"] == "3.1.0"
    served = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(V1)))
        for rule in call.app.url_map.iter_rules()
        if rule.endpoint.startswith("certify_api.") and not rule.endpoint.endswith(("get_openapi", "get_nothing"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {
        (method.upper(), path.removeprefix(V1)): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert set(told) == served and len(served) > 20
    assert [key for key, operation in told.items() if not operation.get("summary")] == []
    assert [key for key, operation in told.items() if "default" not in operation["responses"]] == []


def test_whatever_a_program_sends_the_api_answers_and_never_breaks(site: Flask, host: MemoryHost) -> None:
    """The served document, driven by schemathesis over WSGI: no 5xx, on no operation."""
    host.acting = host.actors[TOM]
    with site.app_context():
        rt = runtime_of(site)
        batch = bulk.issue_and_wait(rt, RUN, MIA, notify=False, patience=5)
        with rt.reading() as session:
            from flask_certify.achievements.service import list_attachments
            from flask_certify.awards.service import awards_of_learner

            attached = list_attachments(session, batch.run_id)[0]
            [award] = awards_of_learner(session, "ada")
    known = {"run_id": batch.run_id, "batch_id": batch.id, "award_id": award.id, "attachment_id": attached.id}
    known |= {"template_id": attached.template_id, "signatory_id": attached.id, "slug": "wales"}
    known |= {"event": "issued", "language": "en"}  # others are made up
    schema = schemathesis.openapi.from_wsgi(f"{V1}/openapi.json", site)
    told = {result.ok().label: asked(result.ok(), known) for result in schema.get_all_operations()}
    assert len(told) > 20
    assert [label for label, statuses in told.items() if max(statuses) >= 500] == []


def asked(operation: Any, known: dict[str, Any]) -> set[int]:
    """The statuses of the answers to all sorts of calls, some of them about things that are there."""
    statuses: set[int] = set()

    @hypothesis.settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(), real=hypothesis.strategies.booleans())
    def ask(case: Any, real: bool) -> None:
        if real and case.path_parameters:
            case.path_parameters = {name: str(known.get(name, made)) for name, made in case.path_parameters.items()}
        answer = case.call()
        statuses.add(answer.status_code)
        if answer.status_code >= 400:
            assert {"code", "sentence"} <= set(answer.json())

    ask()
    return statuses
