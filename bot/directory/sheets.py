"""One sheet, read cell by cell, with errors an officer can act on."""

import codecs
import csv
import difflib
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import shortnumberinfo

PROVENANCE = ("source", "source_seen", "confidence", "public", "unsure", "note")
CONFIDENCE = ("seen", "seed", "general_knowledge", "")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}")
BYDAY = re.compile(rf"(?:-?[1-5])?({'|'.join(DAYS)})")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
UNSURE = {"phone", "out_of_hours_phone", "hours", "address", "email", "url", "cost", "languages", "eligibility"}
"""Fields that a row may mark as not certain."""


def is_phone(number: str) -> bool:
    """Tell whether ``number`` can be dialled or texted from a British telephone (short codes included)."""
    if not re.fullmatch(r"\+?[\d ()-]+", number):
        return False
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return False
    digits = re.sub(r"\D", "", number)
    if len(digits) <= 6:
        return len(digits) >= 5 or shortnumberinfo.is_possible_short_number_for_region(parsed, "GB")
    return number.strip()[0] in "0+" and phonenumbers.is_possible_number(parsed)


class Problem(str):
    """A sentence that says what is wrong where and what would be right, and its parts: a whole file has no ``line`` and no ``column``."""

    file: str
    line: int
    column: str
    value: str
    want: str

    def __new__(cls, file: str, line: int, column: str, value: str, want: str) -> "Problem":
        where = file + (f", row {line}" if line else "") + (f", column {column}: {value!r}" if column else "")
        made = super().__new__(cls, f"{where}: {want}")
        made.file, made.line, made.column, made.value, made.want = file, line, column, value, want
        return made


@dataclass
class Row:
    """One row: where it stands, its cells, and the list that its problems are added to."""

    file: str
    line: int
    cells: dict[str, str]
    problems: list[Problem]

    def wrong(self, column: str, want: str) -> None:
        """Record that ``column`` is wrong and what to type instead."""
        self.problems.append(Problem(self.file, self.line, column, self.cells.get(column, ""), want))

    def text(self, column: str, required: bool = False, longest: int = 0) -> str:
        """Give a cell ``cleaned`` and without spaces round it; with ``longest``, no longer than that many characters."""
        value = cleaned(self.cells.get(column, "")).strip()
        if longest and len(value) > longest:
            self.wrong(column, f"use at most {longest} characters.")
        if required and not value:
            self.wrong(column, "this must be filled in.")
        return value

    def several(self, column: str) -> list[str]:
        """Give the parts of a list; the same one twice is a fault."""
        parts = [part.strip() for part in self.text(column).split(";") if part.strip()]
        if len(parts) != len(set(parts)):
            self.wrong(column, "the same thing stands here twice.")
        return parts

    def one_of(self, column: str, allowed: tuple[str, ...] | set[str]) -> str:
        value = self.text(column)
        if value not in allowed:
            self.wrong(column, f"give one of {', '.join(a or '(empty)' for a in sorted(allowed))}.")
        return value

    def all_of(self, column: str, allowed: set[str]) -> list[str]:
        values = self.several(column)
        for value in values:
            if value not in allowed:
                near = difflib.get_close_matches(value, allowed, n=3)
                hint = f"did you mean {' or '.join(near)}?" if near else "use a name or key that the other sheets have."
                self.wrong(column, f"{value!r} is not known: {hint}")
        return values

    def number(self, column: str, within: tuple[float, float] | None = None) -> float | None:
        value = self.text(column)
        if not value:
            return None
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            self.wrong(column, "give a number, such as 16.")
            return None
        if within and not within[0] <= float(value) <= within[1]:
            self.wrong(column, f"give a number from {within[0]:g} to {within[1]:g}.")
        return float(value)

    def whole(self, column: str, largest: int) -> int:
        """Give a whole number from 0 to ``largest``."""
        value = self.text(column)
        if not value.isdecimal():
            self.wrong(column, "give a whole number, such as 1.")
            return 0
        # Python refuses to read thousands of digits.
        if len(value) > len(str(largest)) or int(value) > largest:
            self.wrong(column, f"give a whole number up to {largest}.")
            return 0
        return int(value)

    def day(self, column: str) -> date | None:
        value = self.text(column)
        if not value:
            return None
        british = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", value)
        try:
            if british:
                return date(int(british[3]), int(british[2]), int(british[1]))
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(column, "give a date as 2026-11-22 or 22/11/2026.")
            return None

    def time(self, column: str) -> str:
        value = self.text(column)
        if value and not TIME.fullmatch(value):
            self.wrong(column, "give a time as 09:30, or leave it empty.")
        return value

    def phone(self, column: str, longest: int = 0) -> str:
        value = self.text(column, longest=longest)
        if value and not is_phone(value):
            self.wrong(column, "give a telephone number with its leading 0 or +44, and nothing else in the cell.")
        return value

    def email(self, column: str) -> str:
        value = self.text(column)
        if value:
            try:
                validate_email(value, check_deliverability=False)
            except EmailNotValidError:
                self.wrong(column, "give one e-mail address.")
        return value

    def url(self, column: str) -> str:
        value = self.text(column)
        if value and not re.fullmatch(r"https?://[^\s\"'<>]+", value):
            self.wrong(column, "give a web address that starts with https://.")
        return value

    def provenance(self) -> dict[str, object]:
        """Read the columns that every sheet ends with; ``source`` must be filled."""
        return {
            "source": self.text("source", required=True),
            "source_seen": self.text("source_seen"),
            "confidence": self.one_of("confidence", CONFIDENCE),
            "public": self.one_of("public", ("yes", "no")) == "yes",
            "unsure": self.all_of("unsure", UNSURE),
            "note": self.text("note"),
        }


DELIMITERS = ",;\t"
"""What may stand between cells: Excel writes semicolons where commas are decimal, and tabs as "Unicode text"."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_ARMED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""What a spreadsheet would take for a formula (OWASP, "CSV Injection"; the wide ones in Excel set to Japanese or Chinese), and what is such
a text made harmless."""


_BREAK = re.compile(r"\r\n?")
_UNHELD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def cleaned(text: str) -> str:
    """Give a text that workbooks and databases can hold: lines end in one way, and spaces stand for control characters but tabs.

    XML 1.0 ("Characters") has none of these, PostgreSQL no NUL, and UTF-8 no half of a surrogate pair; Word writes its line breaks as one.
    """
    return _UNHELD.sub(" ", _BREAK.sub("\n", text))


def disarmed(cell: str) -> str:
    """Give a cell that no spreadsheet takes for a formula: ``'`` is put before one that it would. A plain number is none."""
    return f"'{cell}" if _ARMED.match(cell) and not _NUMBER.fullmatch(cell) else cell


def armed(cell: str) -> str:
    """Give a cell as it was before ``disarmed``."""
    return cell[1:] if cell.startswith("'") and _ARMED.match(cell[1:]) else cell


def decoded(content: bytes) -> str | None:
    """Give the text of a file: UTF-8, or UTF-16 where a byte-order mark says so; None for what only a guess could read."""
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        return None


def delimiter_of(text: str, columns: Collection[str]) -> str:
    """Give what stands between the cells of the first row: what makes most of them names of ``columns``."""
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    return max(DELIMITERS, key=lambda mark: sum(name.strip('" ') in columns for name in first.split(mark)))


def read_csv(name: str, content: bytes, columns: Sequence[str], problems: list[Problem]) -> Iterator[Row]:
    """Give each row of a CSV file that is not empty; a wrong encoding, header or length is recorded as a problem."""
    text = decoded(content)
    if text is None or "\0" in text:
        problems.append(Problem(name, 0, "", "", "save it as “CSV UTF-8” and try again."))
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter_of(text, columns))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not check_header(name, header, columns, problems):
            return
        for number, cells in enumerate(reader, 2):
            yield from row_of(name, number, header, cells, problems)
    except csv.Error as error:
        problems.append(Problem(name, reader.line_num, "", "", f"{error}."))


def check_header(name: str, header: Sequence[str], columns: Sequence[str], problems: list[Problem]) -> bool:
    """Tell whether ``header`` has each of ``columns`` once and no other, and record a problem where not. Empty ones are let pass."""
    named = [column for column in header if column]
    said = [f"column {column} is missing" for column in columns if column not in named]
    said += [f"column {column} is not known" for column in named if column not in columns]
    said += [f"column {column} stands there twice" for column in dict.fromkeys(named) if named.count(column) > 1]
    if said:
        problems.append(Problem(name, 1, "", "", f"{'; '.join(said)}."))
    return not said


def row_of(name: str, line: int, header: Sequence[str], cells: Sequence[str], problems: list[Problem]) -> Iterator[Row]:
    """Give the row of ``cells`` under ``header``; none where all are empty, or where it is not as long as the header."""
    if not any(cell.strip() for cell in cells):
        return
    if len(cells) != len(header):
        problems.append(Problem(name, line, "", "", f"{len(cells)} cells where there are {len(header)} columns."))
        return
    row = Row(name, line, {column: armed(cell) for column, cell in zip(header, cells, strict=True) if column}, problems)
    formulas = [column for column, cell in zip(header, cells, strict=True) if cell.lstrip().startswith("=")]
    for column in formulas:
        row.wrong(column, "this is a formula: paste its value instead.")
    for column, cell in zip(header, cells, strict=True):
        if not column and cell.strip():
            problems.append(Problem(name, line, "", "", f"{cell!r} stands in a column without a name: name the column or empty it."))
    yield row
