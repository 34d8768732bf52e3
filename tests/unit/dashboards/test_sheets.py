import csv
import io

import pytest

from flask_certify.dashboards import sheets


@pytest.mark.parametrize(
    "cell", ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@import", "\t=1", "\r=1", "  =1", "=", "＝1+1", "|calc", "-"]
)
def test_what_a_spreadsheet_would_take_for_a_formula_is_quoted(cell: str) -> None:
    assert sheets.safe(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["", "Ada", "-12", "+3.5", "-0,5", "100%", "O'Connor-Prys", "आरती", "2026-05-20", "a=b"]
)
def test_other_text_and_numbers_stay_as_they_are(cell: str) -> None:
    assert sheets.safe(cell) == cell


def test_what_is_written_is_read_back_whole_with_commas_quotes_and_line_breaks() -> None:
    rows = [["Name", "Note"], ['Ada "the first", Lovelace', "two\nlines"], ["देव शर्मा", ""]]
    text = "".join(sheets.lines(rows))
    assert text.startswith("\ufeff")
    assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == rows
