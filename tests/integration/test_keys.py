"""Keys of issuers over the years: the next one, the old ones, the stolen one (R-154, R-252)."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from flask_certify.awards.models import Award
from flask_certify.core import audit
from flask_certify.core.clock import FixedClock
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.credentials import envelope, errors, forms, rotation, service
from flask_certify.credentials.did_web import KeyState
from flask_certify.credentials.models import IssuerKey, StatusList
from flask_certify.credentials.multibase import from_base64url
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import bulk
from flask_certify.verification import service as verification
from tests.support import story
from tests.support.issuers import MASTER_KEY, add_issuer, issue, running, with_settings
from tests.support.key_service import KeyService
from tests.support.story import MIA, RUN

NEWER = "6b" * 32  # of these tests alone


@pytest.fixture
def rt(database_url: str) -> Iterator[Runtime]:
    with running(database_url) as runtime:
        yield runtime


def states(rt: Runtime) -> list[str]:
    return [each.state.value for each in rotation.list_keys(rt, "ka")]


def forward(rt: Runtime, **by: float) -> None:
    assert isinstance(rt.clock, FixedClock)
    rt.clock.forward(**by)


def test_the_next_key_is_published_first_and_takes_over_when_everybody_can_know_it(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    view, signs = rotation.rotate(rt, "ka", actor="tom")
    assert (view.state, signs) == (KeyState.PENDING, False)
    assert view.multikey in str(service.did_document(rt, "ka"))

    forward(rt, minutes=9)
    with pytest.raises(errors.KeyNotReady, match="10 minutes"):
        rotation.rotate(rt, "ka", actor="tom")

    forward(rt, minutes=1)
    view, signs = rotation.rotate(rt, "ka", actor="tom")
    assert (view.state, signs, states(rt)) == (KeyState.ACTIVE, True, ["retired", "active"])


def test_what_the_old_key_signed_stays_good_and_the_new_one_signs_from_now_on(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    [before] = issue(rt, ka, "Asha Devi")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    [after] = issue(rt, ka, "Ben Okri")

    assert before.key_id != after.key_id
    assert service.check(rt, before.award_id).is_intact
    assert service.check(rt, before.award_id).key_state is KeyState.RETIRED
    assert service.check(rt, after.award_id).is_intact


def test_a_compromised_key_is_published_no_more_and_what_it_signed_is_listed(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    signed = issue(rt, ka, "Asha Devi", "Ben Okri")
    service.status_list_document(rt, "ka", 1)
    stolen = signed[0].key_id.split("#")[1]

    affected = rotation.compromise(rt, "ka", stolen, actor="tom")

    assert {each.award_id for each in affected} == {each.award_id for each in signed}
    assert stolen not in str(service.did_document(rt, "ka"))
    assert states(rt) == ["compromised", "active"]
    assert service.check(rt, signed[0].award_id).key_state is KeyState.COMPROMISED
    assert rotation.compromise(rt, "ka", stolen, actor="tom") == affected  # again: nothing changes


def test_after_a_compromise_the_lists_are_signed_by_the_key_that_took_over(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    issue(rt, ka, "Asha Devi")
    service.status_list_document(rt, "ka", 1)
    [key] = rotation.list_keys(rt, "ka")

    rotation.compromise(rt, "ka", key.multikey, actor="tom")

    with rt.reading() as session:
        published = session.scalars(sa.select(StatusList.published)).one()
    assert published is not None
    [_, active] = rotation.list_keys(rt, "ka")
    assert json.loads(published)["proof"]["verificationMethod"] == f"{ka.did}#{active.multikey}"


def test_a_retired_key_signs_no_more_until_there_is_a_next_one(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    [key] = rotation.list_keys(rt, "ka")
    rotation.retire(rt, "ka", key.multikey[:10], actor="tom")
    with pytest.raises(errors.NoActiveKey):
        issue(rt, ka, "Asha Devi")
    with pytest.raises(errors.KeyIsOver):
        rotation.retire(rt, "ka", key.multikey, actor="tom")

    rotation.rotate(rt, "ka", actor="tom", at_once=True)

    assert issue(rt, ka, "Asha Devi")


@pytest.mark.parametrize("key", ["", "z6Mk", "nonsense"])
def test_a_key_must_be_named_so_that_only_one_is_meant(rt: Runtime, key: str) -> None:
    add_issuer(rt, "ka")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    with pytest.raises(errors.UnknownKey):
        rotation.compromise(rt, "ka", key, actor="tom")


def test_every_step_leaves_an_entry_in_the_log(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    rotation.rotate(rt, "ka", actor="tom", at_once=True)
    [_, active] = rotation.list_keys(rt, "ka")
    rotation.compromise(rt, "ka", active.multikey, actor="tom")

    with rt.reading() as session:
        acts = session.scalars(sa.select(audit.AuditEntry.act).order_by(audit.AuditEntry.number)).all()
        assert audit.first_broken(session, "ka") is None
    assert acts == [
        *("key.publish", "key.retire", "key.activate"),
        *("key.compromise", "key.publish", "key.activate"),
    ]


# ---- the master key ----------------------------------------------------------------------------------------------


def test_after_resealing_the_old_master_key_may_be_thrown_away(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    both = with_settings(rt, master_key=f"1:{MASTER_KEY},2:{NEWER}")

    assert rotation.reseal(both, actor="tom") == 1
    assert rotation.reseal(both, actor="tom") == 0

    assert issue(with_settings(rt, master_key=f"2:{NEWER}"), ka, "Asha Devi")
    assert not service.can_sign(rt, ka.id)


def test_resealing_seals_all_keys_or_none(rt: Runtime) -> None:
    ka, _ = add_issuer(rt, "ka"), add_issuer(rt, "mh")
    with rt.transaction() as tx:
        spoilt = tx.session.scalars(sa.select(IssuerKey).where(IssuerKey.issuer_id != ka.id)).one()
        spoilt.sealed = spoilt.sealed[:-1] + bytes([spoilt.sealed[-1] ^ 1])
    with pytest.raises(errors.KeyDoesNotOpen):
        rotation.reseal(with_settings(rt, master_key=f"1:{MASTER_KEY},2:{NEWER}"), actor="tom")
    assert service.can_sign(rt, ka.id)


# ---- keys that are elsewhere -------------------------------------------------------------------------------------


def test_a_key_service_signs_with_a_key_that_we_never_see(rt: Runtime) -> None:
    """The example in examples/remote_signer.py, asked over HTTP."""
    ka = add_issuer(rt, "ka")
    with KeyService(ka.did, bytes(range(32))) as kms:
        served = replace(rt, find_signer=kms.signers().find)
        rotation.rotate(served, "ka", actor="tom", at_once=True, public=kms.public)

        [signed] = issue(served, ka, "Asha Devi")

    assert signed.key_id == kms.key_id
    assert service.check(rt, signed.award_id).is_intact
    assert {len(data) for data in kms.seen} == {64}  # digests: the service sees no personal data
    assert kms.refused == 0


def test_without_the_signer_of_a_remote_key_nothing_is_signed_and_the_sentence_says_why(rt: Runtime) -> None:
    ka = add_issuer(rt, "ka")
    with KeyService(ka.did, bytes(range(32))) as kms:
        rotation.rotate(rt, "ka", actor="tom", at_once=True, public=kms.public)
    with pytest.raises(errors.NoSigner, match="find_signer"):
        issue(rt, ka, "Ben Okri")
    assert not service.can_sign(rt, ka.id)


def test_what_is_no_public_key_is_refused_in_words(rt: Runtime) -> None:
    add_issuer(rt, "ka")
    with pytest.raises(errors.NotAMultikey):
        rotation.rotate(rt, "ka", actor="tom", public="z6MkNonsense0OIl")


# ---- on the command line -----------------------------------------------------------------------------------------


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


# ---- keys of other forms -----------------------------------------------------------------------------------------


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


# ---- at rest -----------------------------------------------------------------------------------------------------


def test_a_dump_of_the_database_holds_no_private_key_in_any_encoding(rt: Runtime) -> None:
    """R-252."""
    ka = add_issuer(rt, "ka")
    rotation.rotate(rt, "ka", actor="tom")
    with rt.reading() as session:
        rows = session.scalars(sa.select(IssuerKey)).all()
        secrets = [envelope.unseal(row.sealed, str(ka.id), row.multikey, rt.settings.master_keys) for row in rows]
        dump = _dumped(rt)
    assert len(secrets) == 2
    assert rows[0].multikey.encode() in dump  # so that we look at what matters
    for secret in [*secrets, bytes.fromhex(MASTER_KEY)]:
        assert [name for name, text in _encodings(secret).items() if text in dump] == []


def _dumped(rt: Runtime) -> bytes:
    """Every cell of every table, raw and as dumps write bytes."""
    parts = list[bytes]()
    with rt.engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):
                for cell in row:
                    raw = bytes(cell) if isinstance(cell, bytes | memoryview) else str(cell).encode()
                    parts += [raw, raw.hex().encode(), base64.b64encode(raw)]
    return b"\0".join(parts)


def _encodings(secret: bytes) -> dict[str, bytes]:
    found = {f"base64 from byte {at}": base64.b64encode(secret[at:])[:36] for at in range(3)}
    found |= {f"base64url from byte {at}": base64.urlsafe_b64encode(secret[at:])[:36] for at in range(3)}
    return found | {
        "raw": secret,
        "half of it": secret[:16],
        "hexadecimal": secret.hex().encode(),
        "capitals": secret.hex().upper().encode(),
        "decimal": str(int.from_bytes(secret, "big")).encode(),
        "little end first": str(int.from_bytes(secret, "little")).encode(),
        "a list of numbers": ", ".join(map(str, secret)).encode(),
        "base32": base64.b32encode(secret).rstrip(b"="),
        "base85": base64.b85encode(secret),
        "reversed": secret[::-1],
    }
