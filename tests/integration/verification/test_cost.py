"""What a public page costs, known code or not, and what is counted of it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from flask_certify.telemetry.models import Telemetry
from flask_certify.verification import finding, limits
from tests.support.certificates import Issued


@contextmanager
def selects(engine: sa.Engine) -> Iterator[list[str]]:
    """The questions put to the database meanwhile. Counting is written when the answer has been sent."""
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_a_page_asks_the_database_one_question_whether_the_code_is_known_or_not(issued: Issued, known: bool) -> None:
    code = issued.issue("ada") if known else "0123456789AB"

    with selects(issued.rt.engine) as seen:
        issued.client.get(f"/certify/v/{code}")

    assert len(seen) == 1, seen


def test_nothing_but_the_code_differs_from_question_to_question_so_databases_plan_it_once() -> None:
    asked = finding._BY_CODE.compile()

    assert set(asked.params) == {"code", "alias"}


def calls(do: Callable[[], object]) -> int:
    """How many functions are called meanwhile: as good as a clock, and it says the same each time."""
    seen = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal seen
        seen += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(before)
    return seen


@pytest.mark.parametrize("ending", ["", ".json"], ids=["page", "json"])
def test_as_much_is_done_for_a_code_that_nobody_has_as_for_a_known_one(campus: Issued, ending: str) -> None:
    """R-145. `tests.bench.pages` has the clock."""
    limits.plug(campus.app, limits.MovingWindow(most=1000))
    client = campus.client
    known, unknown = (f"/certify/v/{code}{ending}" for code in (campus.issue("ada"), "0" * 12))
    for address in (known, unknown) * 3:
        client.get(address).close()

    of_known = calls(lambda: client.get(known).close())
    of_unknown = calls(lambda: client.get(unknown).close())

    assert abs(of_known - of_unknown) <= 0.05 * of_known, (of_known, of_unknown)


def test_scans_typed_codes_and_answers_are_counted_without_the_code(campus: Issued) -> None:
    code = campus.issue("ada")

    campus.client.get(f"/certify/v/{code}").close()
    campus.client.get(f"/certify/verify?code={code}").close()
    campus.client.get(f"/certify/v/{code}", headers={"Referer": "http://localhost/certify/verify"}).close()
    campus.client.get("/certify/v/0123456789AB.json", headers={"Referer": "http://localhost/"}).close()

    with campus.rt.reading() as session:
        rows = session.execute(sa.select(Telemetry.event, Telemetry.kind, Telemetry.count)).all()
    counted = {(event, kind): count for event, kind, count in rows if event != "issued"}
    assert counted == {
        ("qr_scan", "reader=generic"): 1,
        ("code_entered", "device=web"): 1,
        ("verified", "answer=valid"): 2,
        ("verified", "answer=unknown"): 1,
        ("certificate_shown", "device=web"): 2,
    }
