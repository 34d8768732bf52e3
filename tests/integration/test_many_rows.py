"""Thousands of rows go another way than a few, and say the same."""

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from flask_certify.awards.models import Failure
from flask_certify.core import many_rows
from flask_certify.core.db import insert_many, insert_or_ignore, update_many, upsert
from flask_certify.core.ids import new_id
from flask_certify.core.runtime import Runtime
from tests.support import story

NAMES = ("देव शर्मा", "Ada “Countess” Lovelace", "back\\slash", "😀", "محمد", "tab\tand\nline")
IN_INDIA = timezone(timedelta(hours=5, minutes=30))


def row(number: int, **other: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": story.NOW.astimezone(IN_INDIA) + timedelta(microseconds=number),
        "tenant_ref": "wales",
        "run_id": None,
        "learner_ref": f"x{number:03} {NAMES[number % len(NAMES)]}",
        "step": "decide",
        "code": "name.missing",
        "details": {"has": number, "says": NAMES[number % len(NAMES)], "nothing": None, "half": 0.5, "yes": True},
        "batch_id": new_id() if number % 2 else None,
        "resolved_at": None,
        "attempts": 1 + number % 3,
        "last_at": None,
        **other,
    }


def stored(rt: Runtime) -> dict[UUID, dict[str, Any]]:
    with rt.reading() as session:
        return {each["id"]: dict(each) for each in session.execute(sa.select(Failure.__table__)).mappings()}


@pytest.fixture
def rows() -> list[dict[str, Any]]:
    return [row(number) for number in range(many_rows.MANY + 7)]


def by_id(rows: list[dict[str, Any]]) -> dict[UUID, dict[str, Any]]:
    return {each["id"]: each for each in rows}


def test_many_rows_are_read_back_as_they_were_written(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, rows)
    assert stored(rt) == by_id(rows)


def test_many_rows_say_what_the_same_rows_say_one_by_one(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, rows)
    many = raw(rt)
    with rt.transaction() as tx:
        tx.session.execute(sa.delete(Failure))
        for each in rows:
            insert_many(tx.session, Failure, [each])
    assert raw(rt) == many


def raw(rt: Runtime) -> list[Any]:
    """As the database holds it: SQLite without our types. JSON is compared as what it says."""
    text = "SELECT id, at, learner_ref, details, batch_id, resolved_at FROM certify_failure ORDER BY learner_ref"
    with rt.connected() as connection:
        found = connection.execute(sa.text(text).columns(details=sa.JSON)).all()
    return [tuple(each) for each in found]


def test_many_rows_take_one_statement(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        said.append(statement)

    with rt.transaction() as tx:
        tx.session.connection()
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        try:
            insert_many(tx.session, Failure, rows)
            update_many(tx.session, Failure, [{"id": each["id"], "code": "x"} for each in rows], keys=["id"])
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert [each.split()[0] for each in said] == ["INSERT", "UPDATE"]


def test_rows_that_are_there_stay_as_they_are_and_the_others_are_counted(
    rt: Runtime, rows: list[dict[str, Any]]
) -> None:
    old = [{**each, "code": "old"} for each in rows[:5]]
    with rt.transaction() as tx:
        assert insert_or_ignore(tx.session, Failure, old, keys=["id"]) == 5
        assert insert_or_ignore(tx.session, Failure, rows, keys=["id"]) == len(rows) - 5
    assert stored(rt) == by_id(rows) | by_id(old)


def test_rows_are_written_over_those_with_their_key_and_the_last_one_counts(
    rt: Runtime, rows: list[dict[str, Any]]
) -> None:
    new = [{**each, "code": "new", "details": {}} for each in rows]
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, rows[:5])
        upsert(tx.session, Failure, [*rows, *new], keys=["id"])
    assert stored(rt) == by_id(new)


def test_only_rows_that_are_there_are_changed(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    there, others = rows[:-5], rows[-5:]
    changes = [{"id": each["id"], "code": "new", "details": {"of": each["learner_ref"]}} for each in rows]
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, there)
        update_many(tx.session, Failure, changes, keys=["id"])
    assert stored(rt) == by_id([each | change for each, change in zip(there, changes, strict=False)])
    assert len(others) == 5


@pytest.mark.parametrize("odd", ["zero \0 byte", "half \ud800 a character", "\\u0000 as people write it"])
def test_what_one_json_text_cannot_say_is_stored_all_the_same(
    rt: Runtime, rows: list[dict[str, Any]], odd: str
) -> None:
    rows[3]["details"] = {"says": odd}
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, rows)
    assert stored(rt) == by_id(rows)


def test_a_row_that_breaks_a_rule_of_the_table_stops_all_of_them(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    with pytest.raises(sa.exc.IntegrityError), rt.transaction() as tx:
        insert_many(tx.session, Failure, [*rows, rows[0]])
    assert stored(rt) == {}


def test_columns_that_are_filled_in_python_are_filled(rt: Runtime, rows: list[dict[str, Any]]) -> None:
    without = [{name: value for name, value in each.items() if name != "id"} for each in rows]
    with rt.transaction() as tx:
        insert_many(tx.session, Failure, without)
    assert len(stored(rt)) == len(rows)


def test_rows_go_in_by_their_keys() -> None:
    ids = sorted((new_id() for _ in range(9)), key=str)
    said = [{"tenant": f"t{number % 3}", "id": each, "same": 1} for number, each in enumerate(ids)]
    found = many_rows.in_order(reversed(said), ["tenant", "same", "id"])
    assert found == sorted(said, key=lambda each: (each["tenant"], str(each["id"])))


def test_two_statements_differ_by_what_they_do() -> None:
    one = many_rows.Statement(Failure.__table__, ("id",), ("id",))  # type: ignore[arg-type]
    assert one != replace(one, clash="keep") != replace(one, clash="replace")
