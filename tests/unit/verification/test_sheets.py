"""Pages that are laid out once and filled in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, before_render_template
from jinja2 import BaseLoader, DictLoader, FileSystemLoader

from flask_certify import verification
from flask_certify.verification.sheets import Sheets

OURS = FileSystemLoader(Path(verification.__file__).parent / "templates")
TEMPLATE = "certify/verification/macros.html"


def site(loader: BaseLoader = OURS) -> Flask:
    """An application that finds its templates there."""
    app = Flask("site")
    app.jinja_loader = loader
    return app


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
    app, sheets, layout = site(), Sheets((TEMPLATE,)), Layout()

    pages = [sheets.page(app, "valid", {"name": name, "code": "1"}, layout) for name in ("Ada", "Cy")]

    assert pages == ["<p>Ada</p><i>Ada, 1</i>", "<p>Cy</p><i>Cy, 1</i>"]
    assert layout.times == 1


def test_a_value_is_escaped_and_never_taken_for_a_gap() -> None:
    app, sheets, layout = site(), Sheets((TEMPLATE,)), Layout()
    sheets.page(app, "valid", {"name": "Ada", "code": "1"}, layout)
    gap = layout.seen[0]["code"]  # what nobody can know, were it not for a test

    page = sheets.page(app, "valid", {"name": f'<b title="{gap}">&', "code": "1"}, layout)

    shown = f"&lt;b title=&#34;{gap}&#34;&gt;&amp;"
    assert page == f"<p>{shown}</p><i>{shown}, 1</i>"


def test_another_kind_or_other_values_make_another_page() -> None:
    app, sheets, values = site(), Sheets((TEMPLATE,)), {"name": "Ada", "code": "1"}
    sheets.page(app, ("valid", "en"), values, Layout())

    other_kind, more = Layout(before="<b>"), Layout(before="<i>")
    sheets.page(app, ("valid", "hi"), values, other_kind)
    sheets.page(app, ("valid", "en"), {**values, "score": "90%"}, more)

    assert (other_kind.times, more.times) == (1, 1)


def test_pages_that_a_host_has_a_hand_in_are_rendered_for_each_reader() -> None:
    hosts = site(DictLoader({TEMPLATE: "who is logged in"}))
    sheets, layout = Sheets((TEMPLATE,)), Layout()

    for name in ("Ada", "Cy"):
        page = sheets.page(hosts, "valid", {"name": name, "code": "1"}, layout)
        assert page == f"<p>{name}</p><i>{name}, 1</i>"

    assert layout.times == 2


def replace_addresses_for_each_reader(app: Flask) -> None:
    app.context_processor(lambda: {"url_for": lambda endpoint, **values: "/tom"})


def replace_words_for_each_reader_of_ours(app: Flask) -> None:
    app.add_template_global(verification_word, "c_")
    app.template_context_processors["certify"].append(lambda: {"c_": str.upper})


def verification_word(text: str) -> str:
    return text


verification_word.__module__ = "flask_certify.core.i18n"  # as our own is


def replace_addresses_for_all(app: Flask) -> None:
    app.add_template_global(lambda endpoint, **values: "/tom", "url_for")


def replace_a_name_of_ours(app: Flask) -> None:
    app.add_template_global(lambda: "/tom", "certify_verify_url")


def add_to_every_address(app: Flask) -> None:
    app.url_defaults(lambda endpoint, values: values.update(reader="tom"))


def choose_templates_for_each_reader(app: Flask) -> None:
    app.jinja_env.cache = None


def edit_templates(app: Flask) -> None:
    app.jinja_env.auto_reload = True


@pytest.mark.parametrize(
    "have_a_hand",
    [
        replace_addresses_for_each_reader,
        replace_words_for_each_reader_of_ours,
        replace_addresses_for_all,
        replace_a_name_of_ours,
        add_to_every_address,
        choose_templates_for_each_reader,
        edit_templates,
    ],
)
def test_what_a_host_gives_to_templates_for_one_reader_is_not_kept_for_another(
    have_a_hand: Callable[[Flask], None],
) -> None:
    app, sheets, layout = site(), Sheets((TEMPLATE,)), Layout()
    have_a_hand(app)

    for _ in range(2):
        sheets.page(app, "valid", {"name": "Ada", "code": "1"}, layout)

    assert layout.times == 2 and not sheets._known


def test_a_host_whose_own_application_makes_addresses_or_adds_names_renders_for_each_reader() -> None:
    class Hosts(Flask):
        def update_template_context(self, context: dict[str, Any]) -> None:
            context["url_for"] = str.upper

    app, sheets, layout = Hosts("site"), Sheets((TEMPLATE,)), Layout()
    app.jinja_loader = OURS

    for _ in range(2):
        sheets.page(app, "valid", {"name": "Ada", "code": "1"}, layout)

    assert layout.times == 2


def test_while_somebody_listens_to_rendering_pages_are_rendered() -> None:
    app, sheets, layout = site(), Sheets((TEMPLATE,)), Layout()
    page = lambda: sheets.page(app, "valid", {"name": "Ada", "code": "1"}, layout)  # noqa: E731

    with before_render_template.connected_to(lambda app, template, context: context.update(name="Una")):
        page()
        page()
    assert (layout.times, len(sheets._known)) == (2, 0)


def test_names_for_the_hosts_own_templates_alone_keep_no_page_of_ours_from_being_kept() -> None:
    app, sheets, layout, asked = site(), Sheets((TEMPLATE,)), Layout(), list[str]()
    app.context_processor(lambda: asked.append("who?") or {"current_user": "tom"})

    for _ in range(2):
        sheets.page(app, "valid", {"name": "Ada", "code": "1"}, layout)

    assert layout.times == 1 and asked == ["who?"] * 2  # asked each time: it may answer otherwise


def test_a_template_that_looks_into_a_gap_is_rendered_for_each_reader() -> None:
    app, sheets = site(), Sheets((TEMPLATE,))

    def first_letter(told: Mapping[str, str]) -> str:
        return told["name"][5:]

    assert sheets.page(app, "valid", {"name": "Ada Lovelace"}, first_letter) == "ovelace"


def test_sheets_are_bounded() -> None:
    app, sheets = site(), Sheets((TEMPLATE,), most=2)

    for number in range(5):
        sheets.page(app, number, {"name": "Ada", "code": "1"}, Layout())

    assert len(sheets._known) == 2
