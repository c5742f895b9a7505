"""A CSV sheet as an officer saves it: what is taken, and what is said about what is not."""

import pytest

from bot.directory.sheets import Problem, Row, armed, cleaned, decoded, disarmed, is_phone, read_csv

COLUMNS = ("key", "name", "day", "opens")


def read(content: bytes | str) -> tuple[list[Row], list[Problem]]:
    """Read ``content`` as a sheet of the pack ``wold``."""
    problems: list[Problem] = []
    given = content if isinstance(content, bytes) else content.encode()
    return list(read_csv("wold/desks.csv", given, COLUMNS, problems)), problems


def a_row(**cells: str) -> Row:
    return Row("wold/desks.csv", 7, cells, [])


def test_a_sheet_with_a_byte_order_mark_is_read_as_one_without() -> None:
    rows, problems = read("\ufeffkey,name,day,opens\ncafe,Café,,\n")
    assert not problems
    assert rows[0].text("name") == "Café"
    assert rows[0].text("key") == "cafe"


def test_a_sheet_saved_by_excel_with_windows_line_ends_is_read() -> None:
    rows, problems = read(b'key,name,day,opens\r\na,"Desk, east",,\r\nb,Desk,,\r\n')
    assert not problems
    assert [row.text("name") for row in rows] == ["Desk, east", "Desk"]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "cp1251"])
def test_another_encoding_is_refused_with_what_to_do(encoding: str) -> None:
    text = "key,name,day,opens\ncafe,Дошка,,\n" if encoding == "cp1251" else "key,name,day,opens\ncafe,Café,,\n"
    rows, problems = read(text.encode(encoding))
    assert rows == []
    assert len(problems) == 1
    assert problems[0].startswith("wold/desks.csv: ")
    assert "CSV UTF-8" in problems[0]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("key,name,day", "column opens is missing"),
        ("key,name,day,opens,colour", "column colour is not known"),
        ("key|name|day|opens", "column key is missing"),
        ("key,name,day,opens,name", "column name stands there twice"),
        ("", "column key is missing"),
    ],
)
def test_a_wrong_header_is_named_and_nothing_is_read(header: str, said: str) -> None:
    rows, problems = read(f"{header}\na,b,c,d\n")
    assert rows == []
    assert problems[0].startswith("wold/desks.csv, row 1: ")
    assert said in problems[0]


def test_a_row_of_another_length_is_named_and_the_rest_is_read() -> None:
    rows, problems = read("key,name,day,opens\na,A,,\nb,B\nc,C,,\n")
    assert [row.text("key") for row in rows] == ["a", "c"]
    assert problems == ["wold/desks.csv, row 3: 2 cells where there are 4 columns."]


def test_an_unclosed_quotation_mark_is_a_problem_and_not_a_crash() -> None:
    _, problems = read('key,name,day,opens\na,"A,,\n')
    assert problems[0].startswith("wold/desks.csv, row ")


def test_an_empty_row_is_passed_over_and_still_counted() -> None:
    rows, _ = read("key,name,day,opens\n,,,\n\na,A,,\n")
    assert [(row.text("key"), row.line) for row in rows] == [("a", 4)]


def test_a_row_after_a_cell_of_several_lines_has_the_number_that_a_spreadsheet_shows() -> None:
    rows, _ = read('key,name,day,opens\na,"Desk\nEast\nUpstairs",,\nb,B,,\n')
    assert [(row.text("key"), row.line) for row in rows] == [("a", 2), ("b", 3)]


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x85"], ids=["line separator", "vertical tab", "next line"])
def test_a_separator_pasted_from_a_web_page_does_not_end_a_row(separator: str) -> None:
    rows, problems = read(f"key,name,day,opens\na,Desk{separator}East,,\n")
    assert not problems
    assert [row.text("key") for row in rows] == ["a"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2026-11-05", "2026-11-05"), ("05/11/2026", "2026-11-05"), ("5/1/2027", "2027-01-05"), (" 29/02/2028 ", "2028-02-29")],
)
def test_a_day_is_taken_as_iso_and_as_the_british_write_it(written: str, meant: str) -> None:
    row = a_row(day=written)
    day = row.day("day")
    assert day is not None
    assert day.isoformat() == meant
    assert row.problems == []


@pytest.mark.parametrize(
    ("kind", "value", "remedy"),
    [
        ("time", "9:30", "09:30"),
        ("time", "24:00", "09:30"),
        ("time", "9am", "09:30"),
        ("day", "31/02/2026", "22/11/2026"),
        ("day", "11/22/2026", "22/11/2026"),
        ("day", "next Monday", "22/11/2026"),
        ("phone", "1354654321", "leading 0"),
        ("phone", "1.35E+09", "leading 0"),
        ("phone", "01354 654321 ask for Sam", "nothing else in the cell"),
        ("phone", "Text HELP to 85258", "nothing else in the cell"),
        ("phone", "01354654321;01354654322", "nothing else in the cell"),
        ("email", "desk at example.org", "e-mail"),
        ("email", "a@example.org;b@example.org", "one e-mail"),
        ("url", "www.example.org", "https://"),
        ("url", "javascript:alert(1)", "https://"),
        ("number", "sixteen", "such as 16"),
        ("number", "nan", "such as 16"),
    ],
)
def test_a_wrong_cell_is_told_by_file_row_column_value_and_remedy(kind: str, value: str, remedy: str) -> None:
    row = a_row(cell=value)
    getattr(row, kind)("cell")
    assert len(row.problems) == 1
    assert row.problems[0].startswith(f"wold/desks.csv, row 7, column cell: {value!r}: ")
    assert remedy in row.problems[0]


@pytest.mark.parametrize(
    ("value", "remedy"), [("1.5", "such as 1"), ("", "such as 1"), ("-1", "such as 1"), ("10", "up to 9"), ("9" * 5000, "up to 9")]
)
def test_what_is_no_whole_number_or_too_large_is_told(value: str, remedy: str) -> None:
    row = a_row(cell=value)
    row.whole("cell", 9)
    assert len(row.problems) == 1
    assert remedy in row.problems[0]


@pytest.mark.parametrize("kind", ["time", "day", "phone", "email", "url", "number", "text"])
def test_an_empty_cell_is_what_nobody_knows_and_no_fault(kind: str) -> None:
    row = a_row(cell="  ")
    assert not getattr(row, kind)("cell")
    assert row.problems == []


def test_a_name_with_a_slip_is_answered_with_the_names_like_it() -> None:
    row = a_row(area="Fenlnad;Ely")
    row.all_of("area", {"Fenland", "Ely", "Huntingdonshire"})
    assert len(row.problems) == 1
    assert "'Fenlnad' is not known" in row.problems[0]
    assert "did you mean Fenland?" in row.problems[0]


def test_where_nothing_is_near_the_officer_is_told_where_to_look() -> None:
    row = a_row(area="Atlantis")
    row.all_of("area", {"Fenland"})
    assert "the other sheets" in row.problems[0]


@pytest.mark.parametrize(
    "number",
    [
        "01223 457000",
        "+44 1223 457000",
        "020 7946 0958",
        "07700 900123",
        "0800 328 5644",
        "0345 345 4 345",
        "116 123",
        "999",
        "101",
        "85258",
    ],
)
def test_a_number_that_can_be_dialled_is_a_telephone_number(number: str) -> None:
    assert is_phone(number)


@pytest.mark.parametrize(
    "number", ["1223 457000", "457000 1223", "7", "12", "none", "0800 SHELTER", "01223 457000 / 01223 457001", "0", "+"]
)
def test_what_cannot_be_dialled_is_no_telephone_number(number: str) -> None:
    assert not is_phone(number)


@pytest.mark.parametrize("mark", [";", "\t"], ids=["semicolons", "tabs"])
def test_a_sheet_with_another_mark_between_its_cells_is_read(mark: str) -> None:
    rows, problems = read(mark.join(COLUMNS) + f'\na{mark}"A; B"{mark}{mark}09:30\n')
    assert not problems
    assert [rows[0].text(name) for name in COLUMNS] == ["a", "A; B", "", "09:30"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_every_encoding_that_says_what_it_is_is_read(encoding: str) -> None:
    rows, problems = read("key,name,day,opens\ncafe,Дошка,,\n".encode(encoding))
    assert not problems
    assert rows[0].text("name") == "Дошка"


def test_an_encoding_that_only_a_guess_could_read_is_not_guessed() -> None:
    assert decoded("Café".encode("cp1252")) is None


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+44 1223 555123", "-lunch", "'=1", "''=1", "\tx", "-0.5", "12", "don't", "'quoted'", ""]
)
def test_a_cell_made_harmless_for_spreadsheets_is_read_as_it_was(cell: str) -> None:
    assert armed(disarmed(cell)) == cell


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+44 1223 555123", "-lunch", "\tx", "\rx", "\nx"])
def test_what_a_spreadsheet_would_take_for_a_formula_is_made_harmless(cell: str) -> None:
    assert disarmed(cell).startswith("'")


def test_a_number_stays_a_number() -> None:
    assert disarmed("-0.1263") == "-0.1263"


def test_a_formula_is_refused_with_its_place() -> None:
    _, problems = read("key,name,day,opens\na,=HYPERLINK(1),,\n")
    assert problems == ["wold/desks.csv, row 2, column name: '=HYPERLINK(1)': this is a formula: paste its value instead."]
    assert (problems[0].file, problems[0].line, problems[0].column) == ("wold/desks.csv", 2, "name")


def test_a_stray_cell_beyond_the_columns_is_told_and_empty_columns_are_not() -> None:
    rows, problems = read("key,name,day,opens,,\na,A,,,,\nb,B,,,,see below\n")
    assert [row.text("key") for row in rows] == ["a", "b"]
    assert problems == ["wold/desks.csv, row 3: 'see below' stands in a column without a name: name the column or empty it."]


@pytest.mark.parametrize("mark", ["\0", "\x0b", "\x1f", "\x7f", "\x85", "\ud800", "\uffff"], ids=ascii)
def test_a_space_stands_for_what_no_workbook_or_database_can_hold(mark: str) -> None:
    assert a_row(name=f"Desk{mark}East{mark}").text("name") == "Desk East"


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "Кав'ярня", "\u2028", "👋"])
def test_lines_tabs_and_every_script_stay(text: str) -> None:
    assert cleaned(text) == text


def test_lines_end_in_one_way() -> None:
    assert cleaned("a\r\nb\rc\n") == "a\nb\nc\n"
