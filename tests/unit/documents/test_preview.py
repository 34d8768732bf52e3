"""Trying a template: one certificate for each name, and what became of it."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import AppGroup
from flask_babel import Babel
from PIL import Image

from flask_certify.documents import commands, fonts, images, preview, shipped
from flask_certify.documents.errors import TemplateRefused
from flask_certify.documents.preview import UnknownDesign
from flask_certify.documents.shaping import Run, Typesetter
from tests.support import house, pictures
from tests.support.documents import AWKWARD, LINES, read, signature
from tests.unit.documents.pages import page

DESIGNS = [(design.key, language) for design in shipped.designs() for language in design.pages]


def run(*arguments: object) -> Result:
    app, group = Flask("designer"), AppGroup("certify")
    Babel(app)
    commands.register(group)
    return app.test_cli_runner().invoke(group, ["documents", "preview", *map(str, arguments)])


def test_three_designs_come_with_the_package_in_all_languages() -> None:
    assert {key for key, _ in DESIGNS} == {"classic", "modern", "merit"}
    assert {language for _, language in DESIGNS} == {"en", "hi"}


def test_pictures_of_all_designs_in_all_scripts_stand_in_the_readme() -> None:
    """R-174: `python -m tests.support.pictures` makes them."""
    assert set(pictures.SAMPLES) == {script for family in fonts.families().values() for script in family.scripts}
    for script, sample in pictures.SAMPLES.items():
        for text in (sample.name, sample.course, sample.issuer):
            runs = Typesetter(sample.language).line(text).runs
            assert {run.face.family for run in runs} == {run.face.family for run in runs if script in scripts_of(run)}
    readme = (house.ROOT / "README.md").read_text()
    for key in {key for key, _ in DESIGNS}:
        path = f"examples/pictures/{key}.png"
        assert path in readme and (house.ROOT / path).stat().st_size < 200_000


def scripts_of(run: Run) -> tuple[str, ...]:
    return fonts.families()[run.face.family].scripts


@pytest.mark.parametrize(("key", "language"), DESIGNS)
def test_every_design_sets_every_script_and_every_hard_name(key: str, language: str) -> None:
    """R-174."""
    names = [*preview.HARD_NAMES, *LINES.values(), *AWKWARD]
    found = list(preview.tried(preview.plate_of(key, language), names))
    assert [each.number for each in found] == list(range(1, len(names) + 1))
    assert all(each.refused is None and each.pdf for each in found)
    assert "Foundational Literacy and Numeracy" in read(found[0].pdf or b"")


def test_a_command_prints_a_numbered_file_for_each_name_and_says_how_it_was_set(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(["Ada Lovelace", AWKWARD[0], AWKWARD[1], "Asha 🙂", "", "x" * 300]))
    told = run("classic", "--names", names, "--out", tmp_path / "out", "--png")
    lines = told.output.splitlines()
    assert told.exit_code == 1
    assert lines[0] == "0001  as designed"
    assert "shrunk from 34 to" in lines[1] and "wrapped to 2 lines" in lines[1]
    assert "shrunk" in lines[2] and "wrapped" not in lines[2]
    assert "refused" in lines[3] and "U+1F642" in lines[3] and "Asha" not in lines[3]
    assert "refused" in lines[4] and "document.too_long" in lines[4]
    made = sorted(each.name for each in (tmp_path / "out").iterdir())
    assert made == ["0001.pdf", "0001.png", "0002.pdf", "0002.png", "0003.pdf", "0003.png"]
    assert "Ada Lovelace" in read((tmp_path / "out" / "0001.pdf").read_bytes())


def test_a_file_of_ones_own_is_tried_with_the_pictures_beside_it(tmp_path: Path) -> None:
    (tmp_path / "seal.png").write_bytes(signature())
    (tmp_path / "unused.png").write_bytes(b"no picture")
    template = tmp_path / "own.html"
    template.write_text(
        page('<div style="left:200mm; top:150mm"><img src="seal.png" style="width:20mm; height:20mm"></div>')
    )
    told = run(template, "--out", tmp_path / "out")
    assert told.exit_code == 0 and len(told.output.splitlines()) == len(preview.HARD_NAMES)


def test_a_template_that_is_refused_says_why_and_prints_nothing(tmp_path: Path) -> None:
    template = tmp_path / "own.html"
    template.write_text(page("<script>x</script>"))
    told = run(template, "--out", tmp_path / "out")
    assert told.exit_code == 2 and "<script>" in told.output and not (tmp_path / "out").exists()
    with pytest.raises(TemplateRefused):
        preview.plate_of(str(template), "en")
    with pytest.raises(UnknownDesign, match="classic, merit, modern"):
        preview.plate_of("baroque", "en")


def test_a_certificate_can_be_had_as_a_picture() -> None:
    import io

    (tried,) = preview.tried(preview.plate_of("merit", "en"), ["Ada Lovelace"])
    picture = Image.open(io.BytesIO(images.png(tried.pdf or b"", images.THUMBNAIL)))
    assert picture.size == (480, 371)


def test_files_are_numbered_by_the_lines_of_the_names(tmp_path: Path) -> None:
    """A line ends where an editor ends it, so that a refusal can be found by its number."""
    names = tmp_path / "names"
    names.write_text("Ada\u2028Lovelace\n\nAsha 🙂\r\nO\n")
    found = run("merit", "--names", names, "--out", tmp_path / "out")
    assert [line[:4] for line in found.output.splitlines()] == ["0001", "0003", "0004"]
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["0001.pdf", "0004.pdf"]
