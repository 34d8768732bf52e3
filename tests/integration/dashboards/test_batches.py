"""Batches by page, by program and typed: the same services."""

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Contact
from flask_certify.issuing import bulk
from tests.support import story
from tests.support.story import MIA, TOM

from .conftest import Place, make_place

V1 = "/certify/api/v1"


def send(place: Place, who: str = MIA, **fields: object) -> TestResponse:
    place.host.acting = place.host.actors[who]
    return place.app.test_client().post(place.dashboard + "/batches", data=fields, follow_redirects=False)


def finish(place: Place, batch_id: UUID | str) -> None:
    with place.app.app_context():
        bulk.work_off(place.rt, UUID(str(batch_id)), 20)


def confirm(place: Place, asked: TestResponse, who: str = MIA, **fields: str) -> TestResponse:
    return place.post(asked.headers["Location"] + "/confirm", who, **fields)


def rows(answer: TestResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))


# ---- pages -----------------------------------------------------------------------------------------


def test_those_who_are_ticked_are_issued_to_again_with_a_reason(place: Place) -> None:
    place.issue()
    dashboard = place.get(place.dashboard).text
    assert 'name="learner" value="ada"' in dashboard
    asked = send(place, kind="reissue", which="ticked", learner=["ada", "cy"])
    page = place.get(asked.headers["Location"]).text
    assert "Certificates will be issued to 2 learners shortly." in page
    assert "The name was corrected." in page
    refused = confirm(place, asked)
    assert refused.status_code == 422
    assert "A reason is needed" in refused.text
    done = confirm(place, asked, reason="name_corrected", note="she has married")
    assert done.status_code == 303
    finish(place, done.headers["Location"].rpartition("/")[2])
    page = place.get(done.headers["Location"]).text
    assert "Certificates were issued again" in page
    assert re.search(r"<dt>Issued again</dt><dd>2</dd>", page)
    assert "she has married" not in page


def test_all_who_match_the_filter_are_taken_and_nobody_else(place: Place) -> None:
    """R-122, R-123."""
    place.issue()
    asked = send(place, TOM, kind="revoke", which="matching", q="WA-a")
    page = place.get(asked.headers["Location"], TOM).text
    assert "The certificates of 1 learners will be revoked shortly." in page
    assert not re.search(r'name="notify" value="1" checked', page)


@pytest.fixture
def narrow(tmp_path: Path, host: MemoryHost) -> Iterator[Place]:
    """A place that lists three learners at most; Eli, Fay and Gus completed a week after the others."""
    for ref in ("eli", "fay", "gus"):
        late = story.learner(ref, ref.title(), completed_on=story.COMPLETED + timedelta(days=7))
        host.add_learner(story.RUN, late, Contact())
    yield from make_place(tmp_path, host, CERTIFY_LIST_LIMIT=3)


def test_who_is_not_listed_is_issued_to_and_brought_into_view_by_date_to_be_issued_to_again(narrow: Place) -> None:
    """R-121, R-122, R-123: the notice says how many, bulk issue reaches all, a filter is a selection, and nobody is
    counted twice."""
    assert sum(narrow.issue().issued.values()) == 6
    page = narrow.get(narrow.dashboard).text
    assert "4 learners are not listed" in page and 'value="gus"' not in page
    assert re.search(r"<dt>Issued</dt><dd>6</dd>", page)

    late = {"from": "2026-05-27", "to": "2026-05-27"}
    page = narrow.get(f"{narrow.dashboard}?{urlencode(late)}").text
    assert "are not listed" not in page and "All 3 that match" in page
    assert [ref for ref in ("eli", "fay", "gus", "ada") if f'value="{ref}"' in page] == ["eli", "fay", "gus"]
    assert all(f'type="hidden" name="{name}" value="{day}"' in page for name, day in late.items())

    asked = send(narrow, kind="reissue", which="matching", **late)
    assert "Certificates will be issued to 3 learners shortly." in narrow.get(asked.headers["Location"]).text
    done = confirm(narrow, asked, reason="name_corrected")
    while_it_runs = narrow.get(narrow.dashboard).text
    assert "again" in while_it_runs
    finish(narrow, done.headers["Location"].rpartition("/")[2])
    codes = {line[0]: line[4] for line in rows(narrow.get(done.headers["Location"] + "/learners.csv"))[1:]}
    assert sorted(codes) == ["WA-eli", "WA-fay", "WA-gus"] and len(set(codes.values())) == 3
    assert re.search(r"<dt>Issued</dt><dd>6</dd>", narrow.get(narrow.dashboard).text)
    download = narrow.get(f"{narrow.dashboard}/download?{urlencode(late)}")
    assert "3 certificates" in download.text


def test_a_file_that_is_handed_in_chooses_them_and_says_which_lines_it_could_not_use(place: Place) -> None:
    place.issue()
    file = (io.BytesIO(b"WA-ada\nnobody\n"), "list.csv")
    asked = send(place, kind="reissue", which="file", file=file)
    page = place.get(asked.headers["Location"]).text
    assert "1 line of the file names nobody in this course run: 2" in page
    assert "Certificates will be issued to 1 learners shortly." in page


@pytest.mark.parametrize("fields", [{}, {"which": "ticked"}, {"which": "file"}])
def test_choosing_nobody_is_answered_in_words(place: Place, fields: dict[str, str]) -> None:
    answer = send(place, kind="issue", **fields)
    assert answer.status_code == 422
    assert "Nobody is chosen." in answer.text


def test_a_mentor_may_not_revoke_and_is_not_offered_to(place: Place) -> None:
    place.issue()
    assert 'value="revoke"' not in place.get(place.dashboard).text
    assert 'value="revoke"' in place.get(place.dashboard, TOM).text
    assert send(place, kind="revoke", which="all").status_code == 403
    toms = send(place, TOM, kind="revoke", which="all")
    assert confirm(place, toms, reason="other").status_code == 403
    assert confirm(place, toms, TOM, reason="other").status_code == 303


def test_while_some_are_issued_to_again_or_revoked_the_button_for_all_can_be_pressed(place: Place) -> None:
    """One batch of a run and kind at a time (R-117): the dashboard says which is under way, and stops no other."""
    place.issue()
    ticked = {"which": "ticked", "learner": ["ada"]}
    again = send(place, TOM, kind="reissue", **ticked).headers["Location"]
    assert place.post(f"{again}/confirm", TOM, reason="other").status_code == 303
    dashboard = place.get(place.dashboard, TOM).text
    assert f'href="{place.dashboard}/issue"' in dashboard
    assert "Certificates are being issued. " not in dashboard
    assert "Certificates are being issued again. " in dashboard
    assert f'href="{again}"' in dashboard
    finish(place, again.rpartition("/")[2])
    away = send(place, TOM, kind="revoke", **ticked).headers["Location"]
    assert place.post(f"{away}/confirm", TOM, reason="other").status_code == 303
    dashboard = place.get(place.dashboard, TOM).text
    assert "Certificates are being issued again. " not in dashboard
    assert "Certificates are being revoked. " in dashboard
    assert f'href="{place.dashboard}/issue"' in dashboard
    everybody = send(place, TOM, kind="issue", which="all").headers["Location"]
    assert place.post(f"{everybody}/confirm", TOM).status_code == 303
    dashboard = place.get(place.dashboard, TOM).text
    assert "Certificates are being issued. " in dashboard
    assert f'href="{place.dashboard}/issue"' not in dashboard


def test_preview_and_results_are_files_that_are_safe_in_a_spreadsheet(place: Place) -> None:
    """R-125, R-126."""
    place.host.change_learner(story.RUN, "cy", display_name="=Cy", external_id="@cy")
    asked = send(place, kind="issue", which="all")
    shown = {row[1]: row[2:] for row in rows(place.get(asked.headers["Location"] + "/learners.csv"))}
    assert shown["Ada Lovelace"] == ["Gets a certificate", "Certificate of Achievement", "", ""]
    assert shown["'=Cy"][0] == "Gets a certificate"
    assert shown["Ben Okri"] == ["Gets none", "", "", "70 % of the course is done, 100 % is asked."]
    confirm(place, asked)
    finish(place, asked.headers["Location"].rpartition("/")[2])
    succeeded = rows(place.get(asked.headers["Location"] + "/learners.csv?which=succeeded"))
    declined = rows(place.get(asked.headers["Location"] + "/learners.csv?which=declined"))
    assert sorted(row[0] for row in succeeded[1:]) == ["'@cy", "WA-ada", "WA-dev"]
    assert [row[0] for row in declined[1:]] == ["WA-ben"]
    assert all(re.fullmatch(r"\w{4}-\w{4}-\w{4}", row[4]) for row in succeeded[1:])


def test_the_page_of_a_batch_pauses_goes_on_and_stops(place: Place, batch_id: UUID) -> None:
    page = f"/certify/batches/{batch_id}"
    assert "Pause" in place.get(page).text
    assert place.post(page + "/pause").status_code == 303
    assert "Go on" in place.get(page).text
    assert place.post(page + "/pause").status_code == 409
    place.post(page + "/resume")
    place.post(page + "/stop")
    assert place.get(page + ".json").json["is_over"] is True  # type: ignore[index]


# ---- by program ------------------------------------------------------------------------------------


def test_a_program_looks_confirms_and_reads_the_learners_page_by_page(place: Place) -> None:
    place.host.acting = place.host.actors[MIA]
    client = place.app.test_client()

    def call(path: str, **body: object) -> dict:  # type: ignore[type-arg]
        answer = client.post(V1 + path, json=body)
        assert answer.status_code in (200, 201), answer.text
        told: dict = answer.json  # type: ignore[type-arg, assignment]
        return told

    seen = call(f"/runs/{place.run.id}/batches", learners=["ada", "ben"])
    assert (seen["state"], seen["preview"]["by_key"]) == ("preview", {"achievement": 1})
    assert seen["preview"]["declined"] == {"progress_below": 1}
    one = f"/batches/{seen['id']}"
    assert call(f"{one}/confirm", notify=False)["state"] == "running"
    assert call(f"{one}/pause")["state"] == "paused"
    assert call(f"{one}/resume")["state"] == "running"
    finish(place, seen["id"])
    done = client.get(V1 + one).json
    assert done is not None and (done["state"], done["issued"]) == ("finished", {"achievement": 1})
    page = client.get(V1 + one + "/learners?limit=1").json
    assert page is not None and [each["result"] for each in page] == ["issued"]
    rest = client.get(V1 + f"{one}/learners?after={page[0]['position']}").json
    assert rest is not None
    assert [(each["learner"], each["reason"]) for each in rest] == [("ben", "progress_below")]
    assert client.post(V1 + one + "/retry").json["code"] == "batch.nobody_to_take_up"  # type: ignore[index]


# ---- typed -----------------------------------------------------------------------------------------


def typed(app: Flask, *words: str) -> str:
    answer = app.test_cli_runner().invoke(args=["certify", "batch", *words])
    assert answer.exit_code == 0, answer.output
    return str(answer.output)


def test_a_batch_is_looked_at_confirmed_and_shown_on_the_command_line(place: Place) -> None:
    said = typed(place.app, "preview", story.RUN, "--learner", "ada", "--learner", "ben")
    assert "Certificates will be issued to 1 learners shortly." in said
    batch_id = said.split()[1].rstrip(":")
    typed(place.app, "confirm", batch_id, "--no-tell")
    typed(place.app, "pause", batch_id)
    typed(place.app, "resume", batch_id)
    finish(place, batch_id)
    assert json.loads(typed(place.app, "show", batch_id, "--json"))["issued"] == {"achievement": 1}
    assert "WA-ada,Ada Lovelace,Issued" in typed(place.app, "show", batch_id, "--csv", "succeeded")

    again = typed(place.app, "preview", story.RUN, "--kind", "reissue", "--status", "issued").split()[1].rstrip(":")
    said = typed(place.app, "confirm", again, "--reason", "name_corrected", "--wait")
    assert "1  issued again Certificate of Achievement" in said
