"""An operator rotates keys, and deals with a stolen one, by commands (R-018, R-154)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from flask_certify.awards.models import Award
from flask_certify.core.current import runtime_of
from flask_certify.credentials import forms, service
from flask_certify.credentials.multibase import from_base64url
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from flask_certify.verification import service as verification
from tests.support import story
from tests.support.story import MIA, RUN


@pytest.fixture
def campus(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    app = story.make_app(f"sqlite:///{tmp_path}/site.db", host)
    with app.app_context():
        story.set_up(runtime_of(app))
        bulk.issue_and_wait(runtime_of(app), RUN, MIA, notify=False, patience=5)
    yield app
    story.dispose(app)


def keys(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["certify", "keys", *words])


def listed(app: Flask) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(keys(app, "list", "--tenant", "wales", "--json").stdout)
    return found


def test_an_operator_rotates_and_sees_how_many_certificates_each_key_signed(campus: Flask) -> None:
    said = keys(campus, "rotate", "--tenant", "wales")
    assert "Repeat the command in 10 minutes" in said.output
    assert keys(campus, "rotate", "--tenant", "wales").exit_code == 2
    assert "signs from now on" in keys(campus, "rotate", "--tenant", "wales", "--at-once").output
    assert [(each["state"], each["signed"]) for each in listed(campus)] == [("retired", 3), ("active", 0)]
    assert "retired" in keys(campus, "list", "--tenant", "wales").output


def test_an_operator_gets_the_codes_that_must_be_issued_again(campus: Flask) -> None:
    [key] = listed(campus)
    told = keys(campus, "compromise", "--tenant", "wales", key["key"], "--json")
    again = keys(campus, "compromise", "--tenant", "wales", key["key"])

    affected = json.loads(told.stdout)["affected"]
    assert {(each["run"], each["learner"]) for each in affected} == {(RUN, who) for who in ("ada", "cy", "dev")}
    assert again.stdout.split() == [each["code"] for each in affected]
    assert "3 certificates are no longer verified" in again.stderr
    verified = campus.test_cli_runner().invoke(args=["certify", "verify", affected[0]["code"], "--json"])
    assert json.loads(verified.stdout)["answer"] == "reissue_needed"


def test_what_a_stolen_key_signed_is_issued_again_from_the_list_that_is_told(campus: Flask, tmp_path: Path) -> None:
    """R-018, R-098, R-154: from the theft to valid certificates, by two commands."""
    run = campus.test_cli_runner().invoke
    [key] = listed(campus)
    codes = keys(campus, "compromise", "--tenant", "wales", key["key"]).stdout
    (tmp_path / "codes.txt").write_text(codes)
    answers = [json.loads(run(args=["certify", "verify", code, "--json"]).stdout)["answer"] for code in codes.split()]
    assert answers == ["reissue_needed"] * 3

    done = run(args=["certify", "reissue", "--codes", str(tmp_path / "codes.txt"), "--reason", "key_unsafe"])

    assert done.exit_code == 0, done.output
    pairs = re.findall(r"(\S+) is replaced by (\S+)\.", done.stdout)
    assert [old.replace("-", "") for old, _ in pairs] == codes.split()
    for old, new in pairs:
        told = [json.loads(run(args=["certify", "verify", code, "--json"]).stdout)["answer"] for code in (old, new)]
        assert told == ["superseded", "valid"]
    assert keys(campus, "compromise", "--tenant", "wales", key["key"]).stdout == ""  # nothing is left to be done


def test_a_re_issue_of_many_tells_who_was_refused_and_goes_on(campus: Flask, host: MemoryHost) -> None:
    [key] = listed(campus)
    codes = keys(campus, "compromise", "--tenant", "wales", key["key"]).stdout
    host.change_learner(RUN, "ada", progress=10)

    done = campus.test_cli_runner().invoke(
        args=["certify", "reissue", "--codes", "-", "--reason", "key_unsafe"], input=codes
    )

    assert done.exit_code == 1
    assert done.stdout.count("is replaced by") == 2 and done.stderr.count("stays as it was.") == 1
    assert campus.test_cli_runner().invoke(args=["certify", "reissue"]).exit_code == 2


def form_of(app: Flask, form: str) -> str:
    rt = runtime_of(app)
    with rt.reading() as session:
        award_id = session.scalars(sa.select(Award.id).where(Award.learner_ref == "ada")).one()
    return forms.make_form(rt, award_id, form).data.decode()


def answer_about(app: Flask, presented: str) -> str:
    return verification.check_file(runtime_of(app), presented.encode()).answer.value


def test_jwt_keys_rotate_like_all_others_and_what_the_old_one_signed_stays_good(campus: Flask) -> None:
    """R-018, R-154."""
    with campus.app_context():
        before = form_of(campus, "open-badge.jwt")
    assert "is published" in keys(campus, "rotate", "--tenant", "wales", "--kind", "ES256").output
    assert keys(campus, "rotate", "--tenant", "wales", "--kind", "ES256").exit_code == 2
    assert "signs from now on" in keys(campus, "rotate", "--tenant", "wales", "--kind", "ES256", "--at-once").output
    with campus.app_context():
        after = form_of(campus, "open-badge.jwt")
        kids = [json.loads(from_base64url(token.split(".")[0]))["kid"] for token in (before, after)]

        assert kids[0] != kids[1]
        methods = [each["id"] for each in service.did_document(runtime_of(campus), "wales")["verificationMethod"]]
        assert set(kids) < set(methods)
        assert (answer_about(campus, before), answer_about(campus, after)) == ("valid", "valid")
    assert [each["state"] for each in listed(campus) if each["kind"] == "ES256"] == ["retired", "active"]


def test_what_a_stolen_jwt_key_signed_is_told_and_the_next_download_is_good(campus: Flask) -> None:
    with campus.app_context():
        stolen = form_of(campus, "open-badge.jwt")
    [key] = [each["key"] for each in listed(campus) if each["kind"] == "ES256"]

    told = keys(campus, "compromise", "--tenant", "wales", key)

    assert told.stdout == ""  # certificates are signed by another key, and stay as they are
    with campus.app_context():
        assert key not in str(service.did_document(runtime_of(campus), "wales"))
        assert answer_about(campus, stolen) == "reissue_needed"
        assert answer_about(campus, form_of(campus, "open-badge.jwt")) == "valid"
    assert [each["state"] for each in listed(campus) if each["kind"] == "ES256"] == ["compromised", "active"]


def test_what_was_taken_back_is_told_so_whatever_became_of_the_key_of_its_form(campus: Flask) -> None:
    """R-142."""
    with campus.app_context():
        token = form_of(campus, "open-badge.jwt")
    [key] = [each["key"] for each in listed(campus) if each["kind"] == "ES256"]
    keys(campus, "compromise", "--tenant", "wales", key)
    with campus.app_context():
        with runtime_of(campus).reading() as session:
            code = session.scalars(sa.select(Award.code).where(Award.learner_ref == "ada")).one()
        done = campus.test_cli_runner().invoke(args=["certify", "revoke", code, "--reason", "issued_in_error"])
        assert done.exit_code == 0

        verdict = verification.check_file(runtime_of(campus), token.encode())

    assert (verdict.answer.value, verdict.shown) == ("revoked", None)


@pytest.mark.parametrize("command", ["retire", "compromise"])
def test_a_key_whose_name_begins_with_a_dash_can_be_named(campus: Flask, command: str) -> None:
    """As one in sixty-four of the keys of JWT and Open Badges 2.0."""
    told = keys(campus, command, "--tenant", "wales", "-xeBxOzKNOMroGgGNEjbMkE5afKj1y0ULPt5hSPYfr4")
    assert "no key that begins with -xeBx" in told.output


def test_a_key_service_holds_no_keys_of_jwt(campus: Flask) -> None:
    told = keys(campus, "rotate", "--tenant", "wales", "--kind", "ES256", "--public", "z6Mk" + "a" * 44)
    assert told.exit_code == 2 and "--public" in told.output
    assert [each["state"] for each in listed(campus) if each["kind"] == "ES256"] in ([], ["active"])


def test_a_key_of_older_badges_keeps_its_address_when_the_next_one_signs(campus: Flask) -> None:
    """R-152, R-154."""
    creators = []
    with campus.app_context():
        creators.append(creator(form_of(campus, "open-badge-2.jws")))
    keys(campus, "rotate", "--tenant", "wales", "--kind", "RS256", "--at-once")
    with campus.app_context():
        creators.append(creator(form_of(campus, "open-badge-2.jws")))
    client = campus.test_client()

    assert creators[0] != creators[1]
    for address in creators:
        key = client.get(address.removeprefix("https://certs.example.org")).get_json(force=True)
        assert key["id"] == address and "BEGIN PUBLIC KEY" in key["publicKeyPem"]
        issuer = client.get(key["owner"].removeprefix("https://certs.example.org")).get_json(force=True)
        assert (issuer["id"], issuer["publicKey"]) == (key["owner"], address)

    [stolen, _] = [each["key"] for each in listed(campus) if each["kind"] == "RS256"]
    keys(campus, "compromise", "--tenant", "wales", stolen)
    assert client.get(creators[1].removeprefix("https://certs.example.org")).status_code == 200
    assert client.get(creators[0].removeprefix("https://certs.example.org")).status_code == 404


def creator(jws: str) -> str:
    return str(json.loads(from_base64url(jws.split(".")[1]))["verification"]["creator"])


def test_an_unknown_tenant_is_told_in_a_sentence(campus: Flask) -> None:
    told = keys(campus, "list", "--tenant", "nowhere", "--json")
    assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (2, "credential.unknown_issuer")
    assert keys(campus, "reseal").output == "0 keys were sealed anew.\n"
