"""Tables as files: a spreadsheet takes every cell for text, and reads every script."""

import csv
from io import StringIO

import pytest

from bot.web.officer.download import csv_file


def cell_of(value: object) -> str:
    """Give a cell as a spreadsheet finds it in the file."""
    [[found]] = csv.reader(StringIO(bytes(csv_file("gaps", [[value]]).body).decode("utf-8-sig"), newline=""))
    return found


@pytest.mark.parametrize("cell", ["=1+1", "+44 1223", "-lunch", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_text(cell: str) -> None:
    assert cell_of(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["17", 17, -5, "fewer than 5", "a=b", "Фенленд"])
def test_everything_else_stays_as_it_is(cell: object) -> None:
    assert cell_of(cell) == str(cell)


def test_a_file_reads_back_as_its_rows() -> None:
    answer = csv_file("gaps", [["Topic", "Count"], ['Food, "free"', 17], ["=cmd", "中文"]])
    assert answer.headers["content-disposition"] == 'attachment; filename="gaps.csv"'
    text = bytes(answer.body).decode("utf-8-sig")
    assert bytes(answer.body).startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(StringIO(text))) == [["Topic", "Count"], ['Food, "free"', "17"], ["'=cmd", "中文"]]
