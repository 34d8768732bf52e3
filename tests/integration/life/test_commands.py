"""The life of certificates as an operator types it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from flask_certify.core.audit import AuditChain, AuditEntry
from flask_certify.core.current import runtime_of
from flask_certify.core.ids import spaced
from flask_certify.host.memory import MemoryHost
from flask_certify.issuing import reissuing
from tests.support import story
from tests.support.life import Life, meanwhile
from tests.support.story import MAX, MIA, RUN, SUE, TOM


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path}/site.db", host, CERTIFY_AUTOMATIC=True) as app, app.app_context():
        yield app


@pytest.fixture
def life(site: Flask, host: MemoryHost) -> Life:
    return Life(runtime_of(site), host)


def certify(site: Flask, *words: str, **more: Any) -> Result:
    return site.test_cli_runner().invoke(args=["certify", *words], **more)


def test_a_certificate_is_replaced_and_that_is_undone(site: Flask, life: Life, host: MemoryHost) -> None:
    """R-103, R-182, R-183."""
    [old] = life.issue("ada")
    host.change_learner(RUN, "ada", display_name="Ada King")
    seen = certify(site, "reissue", old.code, "--preview")
    assert (seen.exit_code, seen.stdout.splitlines()[0]) == (0, "Name:  Ada Lovelace -> Ada King")
    done = certify(site, "reissue", old.code.lower(), "--reason", "name_corrected", "--note", "4711", "--as", MIA)
    assert done.exit_code == 0, done.stderr
    new = life.awards("ada")[-1]
    assert life.says(old) == "superseded" and life.audited(f"award:{new.id}")[0][2] == MIA
    undone = certify(site, "undo", new.code)
    assert (undone.exit_code, life.says(old), life.says(new)) == (0, "valid", "revoked")


def test_a_refused_reissue_ends_with_one_and_says_which_prerequisite_fails(
    site: Flask, life: Life, host: MemoryHost
) -> None:
    """R-183."""
    [old] = life.issue("ada")
    host.change_learner(RUN, "ada", progress=50.0)
    result = certify(site, "reissue", old.code, "--reason", "name_corrected")
    assert result.exit_code == 1
    assert "50 % of the course is done, 100 % is asked. [progress_below]" in result.stderr
    assert "50 % of the course" in certify(site, "reissue", old.code, "--preview").stdout
    assert life.says(old) == "valid"


def test_who_types_a_reissue_twice_or_second_is_told_what_counts_now(
    site: Flask, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-094, R-100: no third certificate, and nobody is told that one replaced itself."""
    [old] = life.issue("ada")
    meanwhile(monkeypatch, reissuing, lambda: life.reissue("ada"))
    for _ in range(2):
        result = certify(site, "reissue", old.code, "--reason", "name_corrected")
        assert (result.exit_code, result.stdout) == (1, "")
        assert f"{spaced(life.awards('ada')[-1].code)}: name that one. [reissue.replaced_already]" in result.stderr
    assert len(life.awards("ada")) == 2


def test_certificates_are_withdrawn_restored_and_revoked(site: Flask, life: Life) -> None:
    """R-111."""
    ada, cy = life.issue("ada", "cy")
    assert certify(site, "withdraw", ada.code, cy.code, "--preview").stdout.startswith("2 would change")
    assert certify(site, "withdraw", ada.code, cy.code, "--reason", "under_review").exit_code == 0
    assert (life.says(ada), life.says(cy)) == ("revoked", "revoked")
    assert certify(site, "restore", ada.code, "--reason", "review_ended").exit_code == 0
    assert life.says(ada) == "valid"
    assert certify(site, "revoke", cy.code, "--reason", "issued_in_error").exit_code == 0
    refused = certify(site, "restore", cy.code, "--reason", "review_ended")
    assert (refused.exit_code, "[award.illegal_move]" in refused.stderr) == (2, True)
    assert certify(site, "revoke", ada.code, "--reason", "other", "--may-earn-again").exit_code == 0
    assert life.issue("ada")[0].code != ada.code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("revoke", "CODE"), "reason.unknown"),
        (("revoke", "CODE", "--reason", "why not"), "reason.unknown"),
        (("revoke", "0000-0000-0000", "--reason", "other"), "award.unknown"),
        (("withdraw", "nonsense", "--reason", "other"), "award.unknown"),
        (("revoke", "CODE", "--reason", "other", "--as", "ghost"), "actor.unknown"),
        (("revoke", "CODE", "--reason", "other", "--as", MIA), "actor.may_not"),
        (("reissue", "CODE", "--reason", "other", "--as", MAX), "actor.may_not"),
        (("undo", "CODE"), "reissue.nothing_to_undo"),
        (("allow", "nowhere-1", "ada"), "run.unknown"),
        (("allow", RUN, "nobody"), "learner.unknown"),
        (("allow", RUN, "ben", "--as", MIA), "actor.may_not"),
        (("lift", RUN, "ada"), "exception.not_invalid"),
        (("date", "set", RUN, "ada", "2026-02-29", "--reason", "other"), "exception.wrong_day"),
        (("date", "set", RUN, "ada", "0001-01-01", "--reason", "other"), "exception.wrong_day"),
        (("date", "set", RUN, "ada", "20260531", "--reason", "other"), "exception.wrong_day"),
        (("date", "set", RUN, "ada", "2026-05-31"), "reason.unknown"),
        (("date", "set", RUN, "nobody", "2026-05-31", "--reason", "other"), "learner.unknown"),
        (("date", "set", RUN, "ada", "2026-05-31", "--reason", "other", "--as", MIA), "actor.may_not"),
        (("date", "clear", RUN, "ada", "--reason", "other"), "exception.no_date"),
        (("date", "clear", RUN, "ada"), "reason.unknown"),
        (("exceptions", "show", RUN, "ada", "--as", MIA), "actor.may_not"),
        (("person", "export", "nobody"), "person.nothing_known"),
        (("person", "erase", "ada", "--yes", "--as", MIA), "actor.may_not"),
    ],
)
def test_what_cannot_be_done_ends_with_two_a_sentence_and_a_code(
    site: Flask, life: Life, words: tuple[str, ...], code: str
) -> None:
    [ada] = life.issue("ada")
    result = certify(site, *[ada.code if word == "CODE" else word for word in words])
    assert (result.exit_code, f"[{code}]" in result.stderr) == (2, True), result.stderr
    assert life.award(ada.id) == ada


def test_exceptions_are_made_and_taken_back(site: Flask, life: Life) -> None:
    """R-072, R-077, R-078, R-186."""
    assert "issued" in certify(site, "allow", RUN, "ben", "--note", "was ill", "--as", TOM).stdout
    [ben] = life.awards("ben")
    assert "is withdrawn." in certify(site, "disallow", RUN, "ben").stdout
    [ada] = life.issue("ada")
    assert "is withdrawn." in certify(site, "invalidate", RUN, "ada", "--reason", "misconduct").stdout
    assert "restored" in certify(site, "lift", RUN, "ada").stdout
    assert (life.says(ada), life.says(ben)) == ("valid", "revoked")


def test_another_date_needs_a_reason_and_an_author_and_keeps_a_history_of_its_own(site: Flask, life: Life) -> None:
    """R-089: and who may see the certificate, its state and its record stay as they are."""
    [ada] = life.issue("ada")
    before = life.award(ada.id), life.record("ada").status, life.says(ada)
    words = ("--reason", "content_corrected", "--note", "4711", "--as", TOM)
    done = certify(site, "date", "set", RUN, "ada", "2024-02-29", *words)
    assert (done.exit_code, done.stdout) == (0, "2024-02-29 is shown from now on.\n"), done.stderr
    assert certify(site, "date", "set", RUN, "ada", "2026-05-31", "--reason", "other").exit_code == 0
    assert certify(site, "date", "clear", RUN, "ada", "--reason", "review_ended", "--as", TOM).exit_code == 0
    told = certify(site, "exceptions", "show", RUN, "ada", "--json").stdout.splitlines()
    first, second = (json.loads(line) for line in told)
    assert (first["shown_on"], first["reason"], first["note"]) == ("2024-02-29", "content_corrected", "4711")
    assert (first["made_by"], first["ended_by"], first["ended_reason"]) == (TOM, "command", "other")
    assert (second["shown_on"], second["ended_by"], second["ended_reason"]) == ("2026-05-31", TOM, "review_ended")
    assert "date 2024-02-29 by tom [content_corrected] 4711" in certify(site, "exceptions", "show", RUN, "ada").stdout
    assert (life.award(ada.id), life.record("ada").status, life.says(ada)) == before
    assert life.audited(f"exception:{first['id']}") == [
        ("exception.date", "content_corrected", TOM),
        ("exception.date.end", "other", "command"),
    ]


def test_a_file_is_imported_and_the_lines_left_over_are_told_as_json(site: Flask, life: Life, tmp_path: Path) -> None:
    """R-083."""
    file = tmp_path / "list.csv"
    file.write_bytes("\ufeffben@example.org,was ill\nnobody@example.org,x\n".encode())
    result = certify(site, "exceptions", "import", RUN, str(file))
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (1, 1)
    assert json.loads(result.stdout)["errors"]["user_not_exist"] == [2]
    assert "nobody@" not in result.output
    file.write_bytes(b"cy,\n")
    life.host.change_learner(RUN, "cy", user_name="cy")
    assert certify(site, "exceptions", "import", RUN, str(file)).exit_code == 0
    file.write_bytes(b"\xff")
    refused = certify(site, "exceptions", "import", RUN, str(file))
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (2, "import.unreadable")


def test_support_finds_a_person_by_name_or_external_id_with_their_certificates_and_nobody_of_another_tenant(
    site: Flask, life: Life
) -> None:
    """R-186, R-029."""
    [ada] = life.issue("ada")
    for text in ("lovelace", "wa-ada"):
        found = certify(site, "person", "find", "wales", text, "--as", SUE)
        assert (found.exit_code, found.stdout.splitlines()) == (
            0,
            ["ada  WA-ada  Ada Lovelace", f"    {spaced(ada.code)}  issued     {RUN}", "1 found"],
        )
    assert certify(site, "person", "find", "devon", "lovelace").stdout == "0 found\n"
    for words, code in (
        (("wales", "a"), "person.too_short"),
        (("kent", "ada"), "issuer.no_such"),
        (("wales", "ada", "--as", MIA), "actor.may_not"),
        (("wales", "ada", "--as", "nobody"), "actor.unknown"),
    ):
        refused = certify(site, "person", "find", *words)
        assert (refused.exit_code, f"[{code}]" in refused.stderr) == (2, True), (words, refused.stderr)


def test_a_person_is_exported_and_erased_after_a_question(site: Flask, life: Life) -> None:
    """R-254."""
    [ada] = life.issue("ada")
    assert json.loads(certify(site, "person", "export", "ada").stdout)["certificates"][0]["code"] == ada.code
    assert certify(site, "person", "erase", "ada", input="n\n").exit_code == 1
    assert life.says(ada) == "valid"
    assert certify(site, "person", "erase", "ada", "--as", TOM, input="y\n").exit_code == 0
    assert life.says(ada) == "erased"


def test_the_audit_log_is_checked_and_a_changed_entry_is_named(site: Flask, life: Life) -> None:
    """R-253: changed, taken away, or cut off at the end."""
    life.issue("ada", "cy")
    whole = certify(site, "audit", "verify")
    assert whole.exit_code == 0 and "ok   wales:" in whole.stdout and "ok   devon:" in whole.stdout
    with life.rt.transaction() as tx:
        last = tx.session.scalar(sa.select(sa.func.max(AuditEntry.number)).where(AuditEntry.tenant_ref == "wales"))
        wales = AuditEntry.tenant_ref == "wales"
        tx.session.execute(sa.update(AuditEntry).where(wales, AuditEntry.number == last).values(actor_ref="nobody"))
    broken = certify(site, "audit", "verify", "--json")
    assert broken.exit_code == 1
    assert {each["tenant_ref"]: each["broken"] for each in json.loads(broken.stdout)} == {
        "devon": None,
        "wales": last,
    }
    with life.rt.transaction() as tx:
        tx.session.execute(sa.delete(AuditEntry).where(wales, AuditEntry.number == last))
    assert f"does not fit is number {last}" in certify(site, "audit", "verify").stdout
    with life.rt.transaction() as tx:
        tx.session.execute(sa.delete(AuditChain).where(AuditChain.tenant_ref == "wales"))
    assert certify(site, "audit", "verify").exit_code == 1
