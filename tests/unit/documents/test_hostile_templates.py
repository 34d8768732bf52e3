"""A template is hostile until shown otherwise: what an ill-meaning issuer could send, each twice.

At the door it is refused before anything is laid out. Past the door, as if the check had a hole, it still reaches no
file and no host, and ends within the limits of the child.
"""

import base64
import contextlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from flask_certify.documents import compiling
from flask_certify.documents.compiling import Patience, compiled
from flask_certify.documents.errors import TemplateRefused, TooMuchWork
from flask_certify.documents.plate import Plate
from tests.unit.documents.pages import page

SECRET = "TOPSECRET"

# CVE-2023-33733: an expression that left reportlab's sandbox through a colour.
CODE = (
    "[[[getattr(pow, Word('__globals__'))['os'].system('touch {folder}/pwned') for Word in "
    "[orgTypeFun('Word', (str,), {{'mutated': 1, 'startswith': lambda self, x: 1==0, "
    "'__eq__': lambda self, x: self.mutate() and self.mutated &lt; 0 and str(self) == x, "
    "'mutate': lambda self: {{setattr(self, 'mutated', self.mutated - 1)}}, "
    "'__hash__': lambda self: hash(str(self))}})]] "
    "for orgTypeFun in [type(type(1))] for none in [[].append(1)]]] and 'red'"
)


def svg(inside: str, before: str = "") -> str:
    text = (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{inside}</svg>'
    )
    return f'<img width="99" height="99" src="data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}">'


def huge_png() -> bytes:
    """Fifty thousand by fifty thousand pixels in a few kilobytes."""

    def chunk(tag: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0)
    body = zlib.compress(bytes(6251) * 2000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


GROWING = "<!DOCTYPE svg [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {name} '{f'&{before};' * 100}'>" for before, name in zip("abc", "bcd", strict=True)
)

# What reaches for something: `{folder}` holds secrets, `{host}` counts who asks.
REACHING = {
    "a file by its URL": '<img src="file://{folder}/secret.png">',
    "a file by its path": '<img src="{folder}/secret.png">',
    "a file upwards": '<img src="../secret.png">',
    "a symbolic link": '<img src="{folder}/base/link.png">',
    "a stylesheet from a file": "<style>@import url(file://{folder}/secret.css);</style>x",
    "a link to a stylesheet": '<link rel="stylesheet" href="{folder}/secret.css">x',
    "a background of the page": "<style>@page{{background-image:url({folder}/secret.png)}}</style>x",
    "a PDF to insert": '<pdf:insertpdf src="{folder}/secret.pdf"/>x',
    "loopback": '<img src="http://{host}/a.png">',
    "loopback by name": '<img src="http://localhost:{port}/b.png">',
    "loopback as one number": '<img src="http://2130706433:{port}/c.png">',
    "loopback inside IPv6": '<img src="http://[::ffff:127.0.0.1]:{port}/d.png">',
    "any address": '<img src="http://0.0.0.0:{port}/e.png">',
    "a stylesheet over the network": "<style>@import url(http://{host}/f.css);</style>x",
    "a font over the network": "<style>@font-face{{font-family:Q;src:url(http://{host}/g.ttf)}} p{{font-family:Q}}"
    "</style><p>q</p>",
    "a background over the network": '<div style="background-image:url(http://{host}/h.png)">x</div>',
    "a drawing with a remote picture": svg('<image xlink:href="http://127.0.0.1:9/i.png" width="9" height="9"/>'),
    "a drawing with a local picture": svg('<image xlink:href="file:///etc/hostname" width="9" height="9"/>'),
    "a drawing with an outer entity": svg(
        '<text x="5" y="9">&x;</text>', "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"
    ),
    "a drawing with growing entities": svg("<text>&d;</text>", GROWING + "]>"),
    "a drawing without width and height": svg("").replace('width="99" height="99" src', "src"),
    "code in a colour": f'<p><font color="{CODE}">x</font></p>',
    "code in a style": f'<p style="color:{CODE}">x</p>',
    "a huge picture inside": f'<img src="data:image/png;base64,{base64.b64encode(huge_png()).decode()}">',
}
COSTLY = {
    "5,000 nested boxes": "<div>" * 5000 + "x" + "</div>" * 5000,
    "3 MB of style": "<style>" + ".a{color:red}" * 230_000 + "</style>x",
    "a chain of selectors": "<style>"
    + " ".join(["div:not(:has(p:nth-child(2n+1)))"] * 200)
    + "{color:red}</style>"
    + "<div>" * 60
    + "x"
    + "</div>" * 60,
    "a cell of a million rows": '<table><tr><td rowspan="1000000" colspan="1000">x</td></tr></table>',
    "100,000 paragraphs": "<p>x</p>" * 100_000,
    "a bomb of spans": "aक " * 60_000,  # each letter in a font of its own
}
ABSURD = {
    "letters of 10,000,000 points": '<p style="font-size:10000000pt">x</p>',
    "a page of 350 km": "<style>@page{size:1000000000pt 1000000000pt}</style>x",
}


@dataclass
class Trap:
    """A folder of secrets and a server on loopback that writes down who asks."""

    folder: Path
    port: int
    hits: list[str] = field(default_factory=list)

    def set(self, attack: str) -> str:
        if "base64," in attack:  # nothing to fill in
            return page(attack)
        return page(attack.format(folder=self.folder, host=f"127.0.0.1:{self.port}", port=self.port))


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "base").mkdir()
    Image.new("RGB", (40, 40), "navy").save(folder / "secret.png")
    (folder / "secret.css").write_text(f"div {{ color: #010203 }} /* {SECRET} */")
    document = Canvas(str(folder / "secret.pdf"))
    document.drawString(72, 72, SECRET)
    document.save()
    (folder / "base" / "link.png").symlink_to(folder / "secret.png")
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_error(404)

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    with contextlib.suppress(HTTPError):
        urlopen(f"http://127.0.0.1:{server.server_address[1]}/control")
    assert hits.pop() == "/control"
    yield Trap(folder, server.server_address[1], hits)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("attack", {**REACHING, **COSTLY, **ABSURD}.items(), ids=lambda each: each[0])
def test_at_the_door_it_is_refused_in_a_sentence(attack: tuple[str, str], trap: Trap) -> None:
    """R-250."""
    html = trap.set(attack[1]) if attack[0] in REACHING else page(attack[1])
    with pytest.raises(TemplateRefused) as refused:
        compiled(html, "en", {})
    assert SECRET not in str(refused.value) and trap.hits == []


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the check let everything through."""
    monkeypatch.setattr(compiling.dialect, "check", lambda html, pictures: None)


@pytest.mark.parametrize("attack", REACHING)
def test_past_the_door_it_reaches_nothing(attack: str, trap: Trap, open_door: None) -> None:
    """R-250: in the child that lays templates out, every door is shut."""
    html = trap.set(REACHING[attack])
    with contextlib.suppress(TemplateRefused):
        plate = compiled(html, "en", {})
        assert SECRET not in _said(plate)
        assert not _pictures(plate)
    assert trap.hits == [] and not (trap.folder / "pwned").exists()


def test_past_the_door_a_cell_of_a_million_rows_finds_no_memory(open_door: None) -> None:
    with pytest.raises(TemplateRefused):
        compiled(page(COSTLY["a cell of a million rows"]), "en", {})


@pytest.mark.parametrize("attack", [each for each in COSTLY if "cell" not in each])
def test_past_the_door_it_is_ended_in_time(attack: str, open_door: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """R-250: whoever waits for the answer has it within seconds."""
    monkeypatch.setattr(compiling, "AT_ONCE", Patience(4, 2))
    with pytest.raises(TooMuchWork):
        compiled(page(COSTLY[attack]), "en", {})


def test_past_the_door_a_page_of_absurd_size_is_refused_all_the_same(open_door: None) -> None:
    for attack in ABSURD.values():
        with pytest.raises(TemplateRefused):
            compiled(page(attack), "en", {})


def _said(plate: Plate) -> str:
    return "".join(text.line.text for text in plate.texts)


def _pictures(plate: Plate) -> list[str]:
    """Pictures on the page that are as wide as the secret one."""
    opened = plate.opened()
    found = opened.page.Resources.get("/XObject", {})
    return [name for name, each in found.items() if each.get("/Subtype") == "/Image" and int(each.Width) == 40]
