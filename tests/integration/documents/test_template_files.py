"""A template goes from one tenant to another as one file (R-031)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.documents import archive, saving, templates
from flask_certify.documents.archive import Carried
from flask_certify.documents.errors import (
    NotAllowed,
    PictureRefused,
    TemplateExists,
    TemplateRefused,
    TooManyPages,
)
from flask_certify.documents.templates import Page, TemplateView
from flask_certify.host.memory import MemoryHost
from tests.support import story
from tests.support.documents import signature
from tests.support.story import NIA, TOM
from tests.unit.documents.pages import whole

SEAL = '<div style="left:240mm; top:20mm"><img src="seal.png" style="width:20mm; height:7mm"></div>'


@pytest.fixture
def site(tmp_path: Path, host: MemoryHost) -> Iterator[Flask]:
    with story.opened(f"sqlite:///{tmp_path / 'host.db'}", host) as app, app.app_context():
        yield app


@pytest.fixture
def rt(site: Flask) -> Runtime:
    return runtime_of(site)


def found(rt: Runtime, tenant: str, key: str) -> TemplateView:
    with rt.reading() as session:
        return templates.get_by_key(session, tenant, key)


def pages(rt: Runtime, template: TemplateView) -> dict[str, Page]:
    with rt.reading() as session:
        newest = {each: template.latest(each) for each in template.languages}
        return {each: templates.get_page(session, version.id) for each, version in newest.items() if version}


def own(rt: Runtime) -> TemplateView:
    made = {each: Page(whole(f"<div>{each}</div>" + SEAL), {"seal.png": signature()}) for each in ("en", "hi")}
    saving.make(rt, "wales", "own", "Our own", made, language="hi", note="With a seal", actor=TOM)
    return found(rt, "wales", "own")


def test_a_template_arrives_with_pictures_languages_and_note(rt: Runtime) -> None:
    """R-031."""
    template = own(rt)
    archive.take_in(rt, "devon", archive.export(rt, template.id), actor=NIA)
    there = found(rt, "devon", "own")
    assert (there.name, there.language, there.languages) == ("Our own", "hi", ("en", "hi"))
    assert {each.note for each in there.versions} == {"With a seal"}
    assert pages(rt, there) == pages(rt, template)


def test_every_design_that_comes_with_us_can_be_taken_elsewhere(rt: Runtime) -> None:
    """R-031."""
    for key in ("classic", "modern", "merit"):
        data = archive.export(rt, found(rt, "wales", key).id)
        archive.take_in(rt, "devon", data, key=f"{key}-2", actor=NIA)
        assert pages(rt, found(rt, "devon", f"{key}-2")) == pages(rt, found(rt, "wales", key))


def test_taking_a_file_in_again_needs_a_word_and_then_makes_new_versions(rt: Runtime) -> None:
    template = own(rt)
    data = archive.export(rt, template.id)
    with pytest.raises(TemplateExists):
        archive.take_in(rt, "wales", data, actor=TOM)
    again = archive.take_in(rt, "wales", data, replace=True, actor=TOM)
    assert again.warnings[0].code == "template.unchanged"
    changed = archive.packed(Carried("own", "x", None, {"en": Page(whole())}, {"en": "Plain"}))
    archive.take_in(rt, "wales", changed, replace=True, actor=TOM)
    latest = found(rt, "wales", "own").latest("en")
    assert latest is not None and (latest.number, latest.note) == (2, "Plain")


@pytest.mark.parametrize(
    ("page", "refusal"),
    [
        (Page(whole("<script>x</script>")), NotAllowed),
        (Page(whole(SEAL), {"seal.png": b"no picture"}), PictureRefused),
        (Page(whole(), {"seal.svg": b"<svg/>"}), NotAllowed),
        (Page(whole('<div><img src="file:///etc/passwd" style="width:9mm; height:9mm"></div>')), TemplateRefused),
    ],
)
def test_what_comes_in_is_checked_as_if_it_was_typed(rt: Runtime, page: Page, refusal: type[Exception]) -> None:
    """R-250."""
    with pytest.raises(refusal):
        archive.take_in(rt, "devon", archive.packed(Carried("own", "x", None, {"en": page}, {})), actor=NIA)
    with rt.reading() as session:
        assert templates.find_by_key(session, "devon", "own") is None


def test_a_file_with_more_pages_than_somebody_waits_for_is_refused_and_a_command_takes_it_in(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty languages are laid out for at most as long as a web server waits, and nothing is half saved."""
    languages = ("en", "hi", "ta", "te")
    data = archive.packed(Carried("own", "x", None, {each: Page(whole()) for each in languages}, {}))
    seconds = iter([0.0, 0.1, 7.0, 15.1])
    with monkeypatch.context() as patched:
        patched.setattr(saving, "monotonic", lambda: next(seconds))
        with pytest.raises(TooManyPages, match="4 pages, and 2 of them took 15 seconds"):
            archive.take_in(rt, "devon", data, within=saving.IN_A_REQUEST, actor=NIA)
    with rt.reading() as session:
        assert templates.find_by_key(session, "devon", "own") is None
    assert archive.take_in(rt, "devon", data, actor=NIA).versions.keys() == set(languages)


def test_a_template_is_taken_to_another_tenant_by_command(site: Flask, rt: Runtime, tmp_path: Path) -> None:
    """R-031."""
    own(rt)
    file = tmp_path / "own.zip"
    runner = site.test_cli_runner()
    command = ["certify", "documents"]
    assert runner.invoke(args=[*command, "export-template", "--tenant", "wales", "own", str(file)]).exit_code == 0
    taken = runner.invoke(args=[*command, "import-template", "--tenant", "devon", str(file)])
    assert (taken.exit_code, taken.output) == (0, "own is saved, in en, hi.\n")
    again = runner.invoke(args=[*command, "import-template", "--tenant", "devon", str(file)])
    assert again.exit_code == 2 and "template.exists" in again.output
    file.write_bytes(b"x")
    broken = runner.invoke(args=[*command, "import-template", "--tenant", "devon", str(file), "--key", "other"])
    assert broken.exit_code == 2 and "template.archive_refused" in broken.output
