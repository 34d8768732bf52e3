"""`flask certify attach` and `attachments`: what a run or a course has attached, as an operator types it."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from flask_certify.achievements.service import ensure_run
from flask_certify.core.current import runtime_of
from flask_certify.core.i18n import speaking
from flask_certify.host.memory import MemoryHost
from flask_certify.host.records import Actor, Role
from flask_certify.issuing import attaching
from flask_certify.issuing.errors import AlreadyAttached, NothingAttached
from tests.support import story
from tests.support.story import MAX, MIA, RUN, TOM

NEW, SECOND = "optics-1", "optics-2"
WHOLE = {"achievement": "completion", "rule": {"all": [{"progress": "100"}]}}
BELOW = {"achievement": "completion", "rule": {"all": [{"progress": "100"}, {"score_below": "80"}]}}
MERIT = {"achievement": "achievement", "rule": {"all": [{"progress": "100"}, {"score_at_least": "80"}]}}
ABOUT_THE_LEARNER = {"attribute": {"name": "district", "is": "north"}}
EXISTS = "This course already has a certificate attached to it. [attachment.exists]"
NONE = "This course does not have a certificate attached to it. [attachment.none]"


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    """Beside the story: two runs of one course without certificates."""
    for ref in (NEW, SECOND):
        host.add_run(replace(host.runs[RUN], run_ref=ref, course_ref="optics"))
    with story.opened(f"sqlite:///{tmp_path}/site.db", host) as app:
        yield app


@pytest.fixture
def certify(site: Flask) -> Any:
    def run(*words: str, file: Any = None) -> Result:
        more = ["--file", "-"] if file is not None else []
        text = file if isinstance(file, str) else json.dumps(file)
        return site.test_cli_runner().invoke(args=["certify", *words, *more], input=text)

    return run


def described(*attachments: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "attachments": list(attachments)}


def attached(site: Flask, run: str = NEW) -> list[tuple[int, str]]:
    with site.app_context():
        rt = runtime_of(site)
        return [(each.position, each.achievement.key) for each in attaching.in_use(rt, ensure_run(rt, run))]


def test_certificates_that_a_file_describes_are_attached_all_or_none(site: Flask, certify: Any) -> None:
    """R-001, R-007, R-023, R-027."""
    refused = certify("attach", NEW, file=described(BELOW, WHOLE))
    assert (refused.exit_code, "[attachment.overlap]" in refused.stderr, attached(site)) == (2, True, [])
    done = certify("attach", NEW, "--reason", "a new course", file=described(BELOW, {**MERIT, "facts": ["score"]}))
    assert done.exit_code == 0, done.stderr
    assert "2  Certificate of Achievement\n   The whole course is done.\n   The score is 80 % or more.\n" in done.stdout
    assert attached(site) == [(1, "completion"), (2, "achievement")]


@pytest.mark.parametrize("where", [(), ("--course",)])
def test_both_refusals_are_told_in_the_fixed_words_and_alike_for_course_and_run(certify: Any, where: Any) -> None:
    """R-002, R-005, R-006, R-023."""
    for words in (("show",), ("remove",), ("remove", "1"), ("remove", "--all")):
        refused = certify("attachments", *words[:1], NEW, *words[1:], *where)
        assert (refused.exit_code, refused.stderr.strip()) == (2, NONE)
    refused = certify("attachments", "update", NEW, "1", *where, file=described(WHOLE))
    assert (refused.exit_code, refused.stderr.strip()) == (2, NONE)
    assert certify("attach", NEW, *where, file=described(WHOLE)).exit_code == 0
    again = certify("attach", NEW, *where, file=described(WHOLE))
    assert (again.exit_code, again.stderr.strip()) == (2, EXISTS)
    assert certify("attach", NEW, *where, "--pair").stderr.strip() == EXISTS
    other = certify("attachments", "remove", NEW, "2", *where)
    assert (other.exit_code, other.stderr.strip()) == (2, NONE)


def test_both_refusals_are_told_in_the_readers_language_under_the_same_code(site: Flask) -> None:
    """R-006."""
    with site.app_context(), speaking("hi"):
        told = {error.code: error.worded() for error in (AlreadyAttached(), NothingAttached())}
    assert set(told) == {"attachment.exists", "attachment.none"}
    assert not any(re.search("[A-Za-z]", sentence) for sentence in told.values())


def test_one_more_is_added_changed_and_removed_by_its_number(site: Flask, certify: Any) -> None:
    """R-003, R-004, R-008, R-023, R-024, R-026."""
    certify("attach", NEW, file=described(BELOW))
    gap = certify("attachments", "add", NEW, file=described({**MERIT, "rule": {"score_at_least": "90"}}))
    assert "gets no certificate" in gap.stderr and attached(site) == [(1, "completion"), (2, "achievement")]
    overlap = certify("attachments", "update", NEW, "2", file=described({**MERIT, "rule": {"score_at_least": "79"}}))
    assert "[attachment.overlap]" in overlap.stderr
    changed = certify("attachments", "update", NEW, "2", file=described(MERIT))
    assert changed.exit_code == 0 and "later certificates only" in changed.stderr
    shown = json.loads(certify("attachments", "show", NEW, "--json").stdout)["attachments"]
    assert [each["rule"] for each in shown] == [BELOW["rule"], MERIT["rule"]]
    assert "[attachment.which]" in certify("attachments", "remove", NEW).stderr
    assert certify("attachments", "remove", NEW, "1").exit_code == 0
    assert attached(site) == [(2, "achievement")]
    assert certify("attachments", "remove", NEW).stdout == f"Nothing is attached to {NEW} any more.\n"


def test_what_is_shown_can_be_attached_elsewhere(site: Flask, certify: Any) -> None:
    """R-026, R-030, R-035: with template, audience and facts."""
    full = {**MERIT, "template": "modern", "audience": "everyone", "facts": ["score", "location"]}
    certify("attach", NEW, file=described(full))
    written = certify("attachments", "show", NEW, "--json").stdout
    assert json.loads(written) == described(full)
    assert certify("attach", SECOND, file=written).exit_code == 0
    assert certify("attachments", "show", SECOND, "--json").stdout == written


def test_a_course_gives_its_runs_a_default_and_the_list_says_so(site: Flask, certify: Any) -> None:
    """R-009, D-01."""
    certify("attach", NEW, "--course", file=described(WHOLE))
    assert attached(site, SECOND) == [(1, "completion")]
    assert "1  Course completion (of the course)" in certify("attachments", "show", SECOND).stdout
    certify("attach", SECOND, file=described(MERIT))
    assert "of the course" not in certify("attachments", "show", SECOND).stdout
    assert "Course completion" in certify("attachments", "show", SECOND, "--course").stdout


def test_a_preview_shows_samples_and_its_token_is_asked_for_what_was_seen(site: Flask, certify: Any) -> None:
    """R-013, R-014."""
    people = certify("attachments", "preview", NEW)
    assert "Ada Lovelace" in people.stdout and "--confirm" in people.stdout
    seen = json.loads(certify("attachments", "preview", NEW, "--template", "modern", "--json").stdout)
    assert (seen["template"], seen["values"]["issuer.name"], set(seen["versions"])) == (
        "modern",
        "Academy of Wales",
        {"en", "hi"},
    )
    modern = {**WHOLE, "template": "modern"}
    refused = certify("attach", NEW, "--confirm", "seen long ago", file=described(modern))
    assert "[attachment.changed_since]" in refused.stderr and attached(site) == []
    assert certify("attach", NEW, "--confirm", seen["confirmation"], file=described(modern)).exit_code == 0
    wrong = certify("attachments", "preview", NEW, "--template", "wallpaper")
    assert "The issuer has no template wallpaper. There are: " in wrong.stderr and "modern" in wrong.stderr


def test_the_history_says_who_when_why_and_what_was_there_before(certify: Any) -> None:
    """R-028."""
    certify("attach", NEW, "--as", TOM, "--reason", "new course", file=described(WHOLE))
    certify("attachments", "update", NEW, "1", "--reason", "too strict", file=described(BELOW))
    certify("attachments", "remove", NEW, "--as", TOM, "--reason", "wrong course")
    second, first = map(json.loads, certify("attachments", "history", NEW, "--json").stdout.splitlines())
    assert (first["attached_by"], first["reason"], first["rule"]) == (TOM, "new course", WHOLE["rule"])
    assert (first["detached_by"], first["detached_reason"]) == ("command", "too strict")
    assert (second["replaces_id"], second["attached_by"], second["rule"]) == (first["id"], "command", BELOW["rule"])
    assert (second["detached_by"], second["detached_reason"]) == (TOM, "wrong course")
    assert len(first["versions"]) == 2
    people = certify("attachments", "history", NEW).stdout
    assert "attached by tom: new course" in people and "changed by command: too strict" in people


@pytest.mark.parametrize(
    ("words", "file", "code"),
    [
        (("attach", "nowhere-1"), described(WHOLE), "run.unknown"),
        (("attach", NEW), "{", "rules.not_json"),
        (("attach", NEW), described({**WHOLE, "rule": {"wealth": "1"}}), "rule.unknown_operator"),
        (("attach", NEW), described({**WHOLE, "colour": "red"}), "rule.unknown_field"),
        (("attach", NEW), described({**WHOLE, "template": "wallpaper"}), "attachment.template"),
        (("attach", NEW), described({**WHOLE, "facts": ["birthday"]}), "attachment.fact"),
        (("attach", NEW), described({**WHOLE, "achievement": "knighthood"}), "attachment.achievement"),
        (
            ("attach", NEW),
            described({**WHOLE, "rule": {"attribute": {"name": "x", "is": "y"}}}),
            "attachment.not_about",
        ),
        (("attach", NEW, "--as", "ghost"), described(WHOLE), "actor.unknown"),
        (("attach", NEW, "--as", MIA), described(WHOLE), "actor.may_not"),
        (("attach", NEW, "--as", MAX), described(WHOLE), "actor.may_not"),
        (("attachments", "add", NEW, "--as", MAX), described(WHOLE), "actor.may_not"),
        (("attachments", "update", RUN, "1", "--as", MAX), described(BELOW), "actor.may_not"),
        (("attachments", "update", RUN, "1"), described(BELOW, MERIT), "attachment.one_at_a_time"),
    ],
)
def test_what_cannot_be_attached_ends_with_two_a_sentence_and_a_code_and_changes_nothing(
    site: Flask, certify: Any, words: tuple[str, ...], file: Any, code: str
) -> None:
    """R-025, R-029, R-030."""
    before = attached(site), attached(site, RUN)
    result = certify(*words, file=file)
    assert (result.exit_code, f"[{code}" in result.stderr) == (2, True), result.stderr
    assert (attached(site), attached(site, RUN)) == before


def test_permission_is_asked_about_the_template_and_about_every_run_that_is_concerned(
    site: Flask, certify: Any, host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-022, R-029: an author attaches without help from staff; but one of one run does not change the default of its
    course, nor without the template any run."""
    asked: list[tuple[str, str | None]] = []
    refuse: set[tuple[str, str | None]] = set()
    host.add_actor(Actor("amy", "Amy"), "wales", Role.AUTHOR)
    answer = MemoryHost.may

    def may(self: MemoryHost, actor: Actor, act: str, *, run_ref: str | None = None, **more: Any) -> bool:
        asked.append((act, run_ref))
        return (act, run_ref) not in refuse and answer(self, actor, act, run_ref=run_ref, **more)

    monkeypatch.setattr(MemoryHost, "may", may)
    refuse.add(("run.attach", SECOND))
    refused = certify("attach", NEW, "--course", "--as", "amy", file=described(WHOLE))
    assert "[actor.may_not]" in refused.stderr and attached(site) == []
    assert certify("attach", NEW, "--as", "amy", file=described(WHOLE)).exit_code == 0
    assert {("template.use", None), ("run.attach", NEW)} <= set(asked)
    refuse.add(("template.use", None))
    for words in (("remove", NEW), ("add", NEW)):
        file = described(MERIT) if words[0] == "add" else None
        assert "[actor.may_not]" in certify("attachments", *words, "--as", "amy", file=file).stderr
    assert attached(site) == [(1, "completion")]


def test_either_the_pair_or_a_file_is_attached(certify: Any) -> None:
    assert "Give either --pair or --file." in certify("attach", NEW).stderr
    assert "Give either --pair or --file." in certify("attach", NEW, "--pair", file=described(WHOLE)).stderr


def test_the_pair_holds_for_as_long_as_is_said(site: Flask, certify: Any) -> None:
    """R-114."""
    assert "[attachment.validity]" in certify("attach", NEW, "--pair", "--validity", "soon").stderr
    refused = certify("attach", NEW, "--validity", "2 years", file=described(WHOLE))
    assert "--validity is for --pair" in refused.stderr
    assert certify("attach", NEW, "--pair", "--validity", "2 years").exit_code == 0
    shown = json.loads(certify("attachments", "show", NEW, "--json").stdout)["attachments"]
    assert [each["validity"] for each in shown] == ["2 years", "2 years"]
