"""Templates on the command line."""

from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from flask_certify.achievements.service import SignatoryView
from flask_certify.core.current import runtime_of
from flask_certify.core.runtime import Runtime
from flask_certify.documents import templates
from tests.support.documents import read, signature
from tests.support.story import MIA, TOM
from tests.support.templates import SIGNED, make
from tests.unit.documents.pages import page, whole


@pytest.fixture
def rt(site: Flask) -> Runtime:
    return runtime_of(site)


def typed(site: Flask, *arguments: object) -> tuple[int, str]:
    done = site.test_cli_runner().invoke(args=["certify", "documents", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_template_is_saved_listed_tried_and_retired_by_command(site: Flask, tmp_path: Path) -> None:
    file = tmp_path / "own.html"
    file.write_text(whole('<div style="left:240mm; top:20mm"><img src="a.png" style="width:20mm; height:7mm"></div>'))
    (tmp_path / "a.png").write_bytes(signature())
    own = ("--tenant", "wales", "own")
    code, told = typed(site, "check", "--tenant", "wales", file)
    assert code == 0 and "bytes for each certificate" in told
    assert typed(site, "save", *own, file, "--name", "Our own", "--note", "First") == (0, "own is saved.\n")
    code, told = typed(site, "save", *own, file)
    assert code == 0 and "template.unchanged" in told
    code, told = typed(site, "list", "--tenant", "wales")
    assert code == 0 and "own                   Our own  (not attached)" in told and "en 1  2026-06-15  First" in told
    names = tmp_path / "names.txt"
    names.write_text("Ada Lovelace\n" + "x" * 300)
    code, told = typed(
        site, "preview", "own", "--tenant", "wales", "--names", names, "--out", tmp_path / "out", "--png"
    )
    assert code == 1 and told.splitlines()[0] == "0001  as designed" and "document.too_long" in told
    text = read((tmp_path / "out" / "0001.pdf").read_bytes())
    assert "Ada Lovelace" in text and "Academy of Wales" in text
    assert typed(site, "retire", *own)[0] == 0 and "(retired)" in typed(site, "list", "--tenant", "wales")[1]
    assert typed(site, "take-up", *own)[0] == 0 and typed(site, "delete", *own)[0] == 0
    assert "own" not in typed(site, "list", "--tenant", "wales")[1]


def test_a_command_says_all_that_stands_in_the_way_at_once(site: Flask, tmp_path: Path) -> None:
    """R-015: an unknown placeholder is refused by name."""
    file = tmp_path / "own.html"
    file.write_text(
        page('<div><img data-slot="recipient.nmae" style="width:20mm; height:7mm"></div><script>x</script>')
    )
    code, told = typed(site, "check", "--tenant", "wales", file)
    assert code == 2 and "recipient.nmae" in told and "<script>" in told and "course.title" in told
    code, told = typed(site, "save", "--tenant", "wales", "own", file)
    assert code == 2 and "saved" not in told


def test_who_signs_is_settled_by_command(site: Flask, rt: Runtime) -> None:
    template_id = make(rt, html=whole(SIGNED))
    code, told = typed(site, "signatories", "add", "--tenant", "wales", "Meera Joshi", "Director")
    meera = told.strip()
    assert code == 0 and "no signature" in typed(site, "signatories", "list", "--tenant", "wales")[1]
    settle = ("settle", "--tenant", "wales", "own")
    assert typed(site, *settle, "--sign", meera, "--sign", "Guest|Visitor", "--language", "en")[0] == 0
    with rt.reading() as session:
        found = templates.get_template(session, template_id)
    assert found.signatories == (UUID(meera), SignatoryView("Guest", "Visitor", None)) and found.language == "en"
    assert typed(site, "signatories", "remove", "--tenant", "wales", meera)[0] == 2
    assert typed(site, *settle, "--sign", "nonsense")[0] == 2
    assert typed(site, *settle, "--sign", "file", "--language", "learner")[0] == 0
    with rt.reading() as session:
        assert templates.get_template(session, template_id).signatories is None
    assert typed(site, "signatories", "remove", "--tenant", "wales", meera)[0] == 0


def test_somebody_else_is_asked_for_their_right_to_change_templates(site: Flask, rt: Runtime) -> None:
    make(rt)
    assert typed(site, "retire", "--tenant", "wales", "own", "--as", MIA)[0] == 2
    assert typed(site, "retire", "--tenant", "wales", "own", "--as", TOM)[0] == 0
