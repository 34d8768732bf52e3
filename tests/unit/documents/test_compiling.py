"""A template becomes a plate in a child process."""

import contextlib
import io
import resource
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pikepdf
import pytest
from PIL import Image

from flask_certify.documents import compiling
from flask_certify.documents.compiling import AT_ONCE, IN_THE_END, Patience, compiled
from flask_certify.documents.errors import CompilerBroken, NotOnePage, PageSize, TemplateRefused, TooMuchWork
from flask_certify.documents.plate import Plate
from tests.support.documents import plate_of, printed, read_out, seen, signature, values
from tests.support.house import ROOT
from tests.unit.documents.pages import page

MILLIMETRE = 72 / 25.4


@pytest.fixture
def forgetful():
    """Nothing is remembered of templates that were compiled before."""
    compiling._compiled.cache_clear()


def test_a_slot_lies_where_the_template_puts_it():
    plate = compiled(page(), "en", {})
    slot = {each.name: each for each in plate.slots}["recipient.name"]
    assert slot.x == pytest.approx(20 * MILLIMETRE, abs=0.1)
    assert slot.y == pytest.approx((210 - 30 - 40) * MILLIMETRE, abs=0.1)
    assert (slot.style.width, slot.style.height) == pytest.approx((200 * MILLIMETRE, 40 * MILLIMETRE))


def test_text_of_a_template_is_shaped_by_our_engine_and_keeps_its_style():
    html = page('<div style="left:20mm; top:5mm; color:#ff0000; font-size:20pt">प्रमाण <b>पत्र</b> محترمہ 25</div>')
    texts = compiled(html, "hi", {}).texts
    runs = [(run.face.name, run.right_to_left) for text in texts for run in text.line.runs]
    assert ("NotoSansDevanagari-Regular", False) in runs
    assert ("NotoSansDevanagari-Bold", False) in runs
    assert ("NotoNastaliqUrdu-Regular", True) in runs
    assert all(text.size == pytest.approx(20) and text.colour == (1, 0, 0) for text in texts)


def test_the_page_holds_graphics_only():
    plate = plate_of("classic", "en")
    document = pikepdf.open(io.BytesIO(plate.page))
    operators = {str(each.operator) for each in pikepdf.parse_content_stream(document.pages[0])}
    assert not operators & {"BT", "Tj", "TJ", "MP"} and "S" in operators


def test_a_plate_is_kept_as_one_file_and_comes_back_as_it_was():
    plate = plate_of("classic", "hi")
    again = Plate.read(plate.written())
    assert again.slots == plate.slots and again.language == "hi"
    assert again.written() == plate.written()
    assert printed(again, values()) == printed(plate, values())


def test_a_template_compiled_twice_gives_the_same_plate():
    first = compiled(page(), "en", {}).written()
    compiling._compiled.cache_clear()
    assert compiled(page(), "en", {}).written() == first


def test_a_picture_of_the_template_is_drawn_even_if_it_is_three_pixels_high():
    html = page('<div style="left:250mm; top:150mm"><img src="a.png" style="width:20mm; height:20mm"></div>')
    drawn = seen(printed(compiled(html, "en", {"a.png": signature()}), values()), 72)
    corner = drawn.crop((709, 425, 765, 481))
    assert corner.getextrema()[0] < 100


def test_two_pages_are_refused():
    with pytest.raises(NotOnePage, match="2"):
        compiled(page('<p style="page-break-before:always">x</p>', position="static"), "en", {})


def test_a_page_of_absurd_size_is_refused():
    with pytest.raises(PageSize, match="1000 by 100 mm"):
        compiled(page(size="1000mm 100mm"), "en", {})


def test_a_slot_that_is_not_on_the_page_is_refused_by_name():
    with pytest.raises(TemplateRefused, match=r"recipient\.name"):
        compiled(page(css="img { display: none }"), "en", {})


def test_a_child_that_takes_too_long_is_ended(forgetful):
    with pytest.raises(TooMuchWork):
        compiled(page(), "en", {}, Patience(4, 0.05))


def test_a_child_that_reckons_too_long_is_ended_sooner_for_somebody_who_waits(forgetful):
    """What was accepted once is laid out on a slower machine, too."""
    assert AT_ONCE < IN_THE_END and AT_ONCE.processor <= 4
    with pytest.raises(TooMuchWork):
        compiled(
            page("<table>" + ("<tr>" + '<td rowspan="19" colspan="19">x</td>' * 30 + "</tr>") * 25 + "</table>"),
            "en",
            {},
            Patience(1, 60),
        )


def test_a_child_that_takes_too_much_memory_is_ended(monkeypatch, forgetful):
    before = resource.getrlimit(resource.RLIMIT_AS)
    monkeypatch.setattr(compiling, "MEMORY", 50_000_000)
    with pytest.raises(TooMuchWork):
        compiled(page(), "en", {})
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_where_a_process_may_have_less_than_our_limits_templates_are_laid_out_all_the_same():
    """As below `ulimit -v`, or with LimitAS= of systemd."""
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (900 << 20, 900 << 20))\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (60, 60))\n"
        "from flask_certify.documents.compiling import compiled\n"
        "print(len(compiled(sys.stdin.read(), 'en', {}).slots))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], input=page(), capture_output=True, check=True, text=True, cwd=ROOT
    )
    assert told.stdout == "3\n"


@pytest.mark.parametrize("memory", [120, 130])
def test_a_template_is_never_laid_out_with_a_hole_where_there_was_no_memory_for_a_picture(
    monkeypatch, forgetful, memory
):
    """xhtml2pdf only logs it, and goes on."""
    large = io.BytesIO()
    Image.new("RGBA", (2500, 2500), (200, 0, 0, 90)).save(large, "PNG")
    html = page('<div style="left:250mm; top:150mm"><img src="a.png" style="width:20mm; height:20mm"></div>')
    monkeypatch.setattr(compiling, "MEMORY", memory << 20)
    with contextlib.suppress(TooMuchWork):
        plate = compiled(html, "en", {"a.png": large.getvalue()})
        assert [int(each.Width) for each in plate.opened().page.Resources.XObject.values()] == [2500]


@pytest.mark.parametrize(
    "place",
    [
        '<div style="left:%smm; top:20mm">x</div>',
        '<div style="left:20mm; top:20mm; border:%spt solid #000000">x</div>',
        '<div style="left:20mm; top:20mm"><img data-slot="score" style="width:%smm; height:9mm"></div>',
    ],
)
def test_a_length_that_no_page_can_hold_is_the_templates_fault_and_not_ours(forgetful, place):
    with pytest.raises(TemplateRefused):
        compiled(page(place % ("9" * 25)), "en", {})


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python3"])
def test_a_child_that_cannot_run_is_told_apart_from_a_bad_template(monkeypatch, forgetful, program):
    monkeypatch.setattr(compiling, "python", lambda: program)
    with pytest.raises(CompilerBroken, match="Install"):
        compiled(page(), "en", {})


def test_python_is_found_inside_a_server_that_is_a_program_of_its_own(monkeypatch, forgetful):
    monkeypatch.setattr(compiling.sys, "executable", "/usr/bin/uwsgi")
    assert compiled(page(), "en", {}).slots


def test_the_child_is_told_none_of_our_secrets(monkeypatch, forgetful):
    told = {}

    def run(*command, **how):
        told.update(how["env"])
        raise compiling.subprocess.TimeoutExpired("child", 1)

    monkeypatch.setenv("CERTIFY_MASTER_KEY", "5a" * 32)
    monkeypatch.setattr(compiling.subprocess, "run", run)
    with pytest.raises(TooMuchWork):
        compiled(page(), "en", {})
    assert set(told) == {"PYTHONPATH", "PYTHONHASHSEED", "LANG"}


def test_whatever_gets_past_the_check_finds_every_door_shut(monkeypatch, forgetful, tmp_path):
    hits = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *said):
            pass

    (tmp_path / "secret.css").write_text("div { color: #010203 }")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}"
    with contextlib.suppress(HTTPError):
        urlopen(f"{here}/control")
    assert hits == ["/control"]
    css = f"""@import url({here}/a.css); @import url(file://{tmp_path}/secret.css);
        @font-face {{ font-family: Q; src: url({here}/b.ttf) }}
        div {{ background-image: url({here}/c.png) }} p {{ font-family: Q }}"""
    monkeypatch.setattr(compiling.dialect, "check", lambda html, pictures: None)
    with contextlib.suppress(TemplateRefused):
        plate = compiled(page("<div>x</div><p>y</p>", css=css), "en", {})
        assert all(text.colour != (1 / 255, 2 / 255, 3 / 255) for text in plate.texts)
    server.shutdown()
    server.server_close()
    assert hits == ["/control"]


def test_reading_order_follows_the_page():
    lines = read_out(printed(plate_of("classic", "en"), values()))
    parts = ["Academy of Wales", "Certificate of Achievement", "This is to certify that", "Ada Lovelace"]
    assert lines[:4] == parts and lines.index("Physics for Teachers") == 5


def test_lengths_that_are_neither_width_nor_height_of_a_box_are_not_taken_for_them():
    styled = page().replace("height:40mm", "height:40mm; line-height:5mm; border-bottom-width:3mm")
    slot = {each.name: each for each in compiled(styled, "en", {}).slots}["recipient.name"]
    assert (slot.style.width, slot.style.height) == pytest.approx((200 * MILLIMETRE, 40 * MILLIMETRE))


def test_what_lays_a_template_out_loads_nothing_of_the_web():
    """It would be a sixth of the time."""
    program = (
        "import sys\n"
        "from flask_certify.documents import compiling, harvest, layout\n"
        "print({'flask', 'flask_babel', 'sqlalchemy', 'qrcode'} & sys.modules.keys())"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, cwd=ROOT)
    assert told.stdout == "set()\n"
