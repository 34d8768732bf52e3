"""Pages that are laid out once and filled in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import DictLoader, Environment, FileSystemLoader

from flask_certify import verification
from flask_certify.verification.sheets import Sheets

OURS = Environment(loader=FileSystemLoader(Path(verification.__file__).parent / "templates"))
TEMPLATE = "certify/verification/macros.html"


@dataclass
class Layout:
    """Renders a page by hand, and counts how often."""

    times: int = 0
    before: str = "<p>"
    seen: list[Mapping[str, str]] = field(default_factory=list)

    def __call__(self, told: Mapping[str, str]) -> str:
        self.times += 1
        self.seen.append(told)
        return f"{self.before}{told['name']}</p><i>{told['name']}, {told['code']}</i>"


def test_a_page_is_laid_out_once_for_its_kind_and_filled_for_each_reader() -> None:
    sheets, layout = Sheets((TEMPLATE,)), Layout()

    pages = [sheets.page(OURS, "valid", {"name": name, "code": "1"}, layout) for name in ("Ada", "Cy")]

    assert pages == ["<p>Ada</p><i>Ada, 1</i>", "<p>Cy</p><i>Cy, 1</i>"]
    assert layout.times == 1


def test_a_value_is_escaped_and_never_taken_for_a_gap() -> None:
    sheets, layout = Sheets((TEMPLATE,)), Layout()
    sheets.page(OURS, "valid", {"name": "Ada", "code": "1"}, layout)
    gap = layout.seen[0]["code"]  # what nobody can know, were it not for a test

    page = sheets.page(OURS, "valid", {"name": f'<b title="{gap}">&', "code": "1"}, layout)

    shown = f"&lt;b title=&#34;{gap}&#34;&gt;&amp;"
    assert page == f"<p>{shown}</p><i>{shown}, 1</i>"


def test_another_kind_or_other_values_make_another_page() -> None:
    sheets, values = Sheets((TEMPLATE,)), {"name": "Ada", "code": "1"}
    sheets.page(OURS, ("valid", "en"), values, Layout())

    other_kind, more = Layout(before="<b>"), Layout(before="<i>")
    sheets.page(OURS, ("valid", "hi"), values, other_kind)
    sheets.page(OURS, ("valid", "en"), {**values, "score": "90%"}, more)

    assert (other_kind.times, more.times) == (1, 1)


def test_pages_that_a_host_has_a_hand_in_are_rendered_for_each_reader() -> None:
    hosts = Environment(loader=DictLoader({TEMPLATE: "who is logged in"}))
    sheets, layout = Sheets((TEMPLATE,)), Layout()

    for name in ("Ada", "Cy"):
        page = sheets.page(hosts, "valid", {"name": name, "code": "1"}, layout)
        assert page == f"<p>{name}</p><i>{name}, 1</i>"

    assert layout.times == 2


def test_a_template_that_looks_into_a_gap_is_rendered_for_each_reader() -> None:
    sheets = Sheets((TEMPLATE,))

    def first_letter(told: Mapping[str, str]) -> str:
        return told["name"][5:]

    assert sheets.page(OURS, "valid", {"name": "Ada Lovelace"}, first_letter) == "ovelace"


def test_sheets_are_bounded() -> None:
    sheets = Sheets((TEMPLATE,), most=2)

    for number in range(5):
        sheets.page(OURS, number, {"name": "Ada", "code": "1"}, Layout())

    assert len(sheets._known) == 2
